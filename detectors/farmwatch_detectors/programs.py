"""What the software detectors share: everything on a device that points to one product, brought together."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Generic

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener
from farmwatch_schema.observables.software import Package

from .matching import (
    AnyProduct,
    Confidence,
    Fact,
    Index,
    Match,
    Program,
    at_least,
    base_name,
    confidence_of,
    is_interpreter,
    platform_of,
    tool_index,
)
from .products import Product
from .view import DeviceView, once

_WORDS: dict[str, str] = {
    "name": "file name {}",
    "script": "script {}",
    "weak_name": "file name {}, which other software bears too",
    "original_name": "version resource {}",
    "digest": "contents of a shipped file, SHA-256 begins {}",
    "kernel_name": "process name {}",
    "path": "path {}",
    "package": "package {}",
    "service": "service {}",
    "weak_service": "service {}, which clean systems have too",
    "bundle_id": "bundle id {}",
    "signer": "signer {}",
    "unowned_port": "listens on {}, and no package brought it",
    "port": "listens on {}",
    "distinctive_port": "listens on {}, used by nothing else known",
    "flag": "argument flag {}",
    "input_device": "holds {}, a virtual input device",
    "hint": "unconfirmed mark {}",
}


#: Flags of programs that let somebody outside reach a port of the laptop's loopback.
FORWARDS = frozenset({"ssh_remote_forward", "tunnel_mode"})


class Recognised(msgspec.Struct, Generic[AnyProduct], frozen=True, kw_only=True):
    """A product as found on a device.

    programs    running executables with what they matched as
    services    its services, running or started with the system
    packages    its installed packages
    listeners   ports of these programs
    confidence  of all facts together
    """

    product: AnyProduct
    programs: tuple[tuple[Process, Match[AnyProduct]], ...]
    services: tuple[tuple[Service, Match[AnyProduct]], ...]
    packages: tuple[Package, ...]
    listeners: tuple[Listener, ...]
    confidence: Confidence

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts that agree, each once."""
        found = [fact for _, match in self.programs for fact in match.facts]
        found += [fact for _, match in self.services for fact in match.facts]
        found += [Fact("package", package.name) for package in self.packages]
        return tuple(sorted(set(found)))

    @property
    def disguised(self) -> tuple[Process, ...]:
        """Programs whose file bears another name than the product's."""
        return tuple(process for process, match in self.programs if match.disguised)

    @property
    def active(self) -> bool:
        """It runs, or starts by itself."""
        return bool(self.programs) or any(service.running or service.enabled for service, _ in self.services)

    @property
    def flags(self) -> frozenset[str]:
        """Argument flags of its programs."""
        return frozenset(flag for process, _ in self.programs for flag in process.flags)

    @property
    def inner_ports(self) -> tuple[str, ...]:
        """TCP ports that only the laptop itself can reach."""
        ports = {item.port for item in self.listeners if item.scope == "loopback" and item.protocol == "tcp"}
        return tuple(f"tcp/{port}" for port in sorted(ports))

    @property
    def open_ports(self) -> tuple[str, ...]:
        """TCP ports that others than the laptop itself can reach."""
        open_to = {item.port for item in self.listeners if item.scope == "network" and item.protocol == "tcp"}
        return tuple(f"tcp/{port}" for port in sorted(open_to))


@once
def recognised(device: DeviceView, index: Index[AnyProduct]) -> list[Recognised[AnyProduct]]:
    """Returns every product of a catalogue that runs, starts or is installed on the device, by id."""
    platform = platform_of(device)
    programs: dict[str, list[tuple[Process, Match[AnyProduct]]]] = defaultdict(list)
    services: dict[str, list[tuple[Service, Match[AnyProduct]]]] = defaultdict(list)
    packages: dict[str, list[Package]] = defaultdict(list)
    listeners: dict[str, list[Listener]] = defaultdict(list)
    facts: dict[str, set[Fact]] = defaultdict(set)
    products: dict[str, AnyProduct] = {}
    for process, mine, program in _running(device):
        for match in index.matches(program):
            programs[match.product.id].append((process, match))
            listeners[match.product.id] += mine
            facts[match.product.id].update(match.facts)
            products[match.product.id] = match.product
    for service in device.of("services", Service):
        for match in index.service(service, platform):
            # A service that clean systems have too is kept: a listener or a session may yet make it count.
            if match.confidence != "none" or any(fact.kind == "weak_service" for fact in match.facts):
                services[match.product.id].append((service, match))
                facts[match.product.id].update(match.facts)
                products[match.product.id] = match.product
    for package in device.of("software", Package):
        for match in index.package(package):
            packages[match.product.id].append(package)
            facts[match.product.id].update(match.facts)
            products[match.product.id] = match.product
    return [
        Recognised(
            product=product,
            programs=tuple(programs[key]),
            services=tuple(services[key]),
            packages=tuple(packages[key]),
            listeners=tuple(listeners[key]),
            confidence=confidence_of(facts[key]),
        )
        for key, product in sorted(products.items())
    ]


@once
def _running(device: DeviceView) -> list[tuple[Process, list[Listener], Program]]:
    """Returns each program with what it listens on, and all that catalogues know programs by."""
    platform = platform_of(device)
    owned = _listeners_by_owner(device)
    started = _services_by_program(device, platform)
    running: list[tuple[Process, list[Listener], Program]] = []
    nothing: list[Listener] = []
    for process in device.of("processes", Process):
        mine = owned.get(process.path or "") or owned.get(process.name, nothing)
        ports = [f"{item.protocol}/{item.port}" for item in mine] if mine else ()
        starts = started.get(_same_file(process.path or "", platform), ())
        if starts and is_interpreter(process.name):
            starts = ()
        running.append((process, mine, Program(process, platform, ports, starts)))
    return running


def evidence_of(found: Recognised[AnyProduct]) -> tuple[Evidence, ...]:
    """Returns what a finding about this product quotes: programs, services, open ports, packages."""
    source = source_of(found.product)
    quotes = [
        Evidence(
            kind="processes",
            subject=f"program {process.name}",
            fact=f"Runs{_from(process)}: {words_of_facts(match.facts)}.",
            source=source,
        )
        for process, match in found.programs
    ]
    quotes += [
        Evidence(kind="services", subject=f"service {service.name}", fact=_state_of(service), source=source)
        for service, _ in found.services
    ]
    if found.open_ports:
        fact = f"Others can reach it on {', '.join(found.open_ports)}."
        quotes.append(Evidence(kind="sockets", subject=found.product.name, fact=fact))
    quotes += [
        Evidence(kind="software", subject=f"package {package.name}", fact="Is installed.", source=source)
        for package in found.packages
    ]
    return tuple(quotes)


#: The letters of `source` in the two catalogues of products, in words; licences and commits stand at their heads.
SOURCES = {
    "L": "LOLRMM",
    "S": "splunk/security_content",
    "R": "LivingInSyn/RMML",
    "J": "jischell-msft/RemoteManagementMonitoringTools",
    "I": "Installomator labels",
    "B": "Homebrew cask files",
    "V": "its own public repository",
    "P": "its Debian 12 package",
    "C": "strings in public repositories",
    "T": "threat reporting",
    "K": "analyst knowledge",
}


def forwarder_of(device: DeviceView) -> str:
    """Returns the name of a program that lets somebody outside reach ports of this laptop; "" when none is seen."""
    return next((p.name for p in device.of("processes", Process) if FORWARDS.intersection(p.flags)), "")


def source_of(product: Product) -> str:
    """Returns where the catalogue's facts on a product come from."""
    names = ", ".join(dict.fromkeys(SOURCES.get(letter, letter) for letter in product.source))
    return f"catalogue entry {product.id} of {product.date.isoformat()}, from {names}"


def words_of_facts(facts: tuple[Fact, ...], limit: int = 4) -> str:
    """Returns what agreed, in words, strongest kinds first as they stand in `Fact`'s kinds."""
    order = list(_WORDS)
    told = {fact.value for fact in facts if fact.kind == "unowned_port"}
    facts = tuple(fact for fact in facts if fact.kind != "port" or fact.value not in told)
    words = [_WORDS[fact.kind].format(fact.value) for fact in sorted(facts, key=lambda fact: order.index(fact.kind))]
    return "; ".join(words[:limit])


def first_seen(device: DeviceView, found: Recognised[AnyProduct]) -> str:
    """Returns since when the earliest of its evidence is there, "" when from the start or not known."""
    kinds: list[tuple[str, Observable]] = [("processes", process) for process, _ in found.programs]
    kinds += [("services", service) for service, _ in found.services]
    kinds += [("software", package) for package in found.packages]
    times = [device.seen_from(kind, item) for kind, item in kinds]
    known = [time for time in times if time is not None]
    return min(known).isoformat() if known and len(known) == len(times) else ""


def surely(found: Recognised[AnyProduct]) -> bool:
    """Whether it is recognised well enough to be named: medium or better."""
    return at_least(found.confidence, "medium")


def allowed_tool(device: DeviceView) -> str:
    """Returns the name of a remote tool that runs here and that the policy allows; "" when there is none."""
    for found in recognised(device, tool_index()):
        if found.active and device.allowed(tool=found.product.id) is not None:
            return found.product.name
    return ""


def _from(process: Process) -> str:
    return f" from {process.path}" if process.path else ""


def _state_of(service: Service) -> str:
    states = [word for word, holds in (("runs", service.running), ("starts by itself", service.enabled)) if holds]
    program = f"; its program is {base_name(service.path)}" if service.path else ""
    state = " and ".join(states) or "is there and does not run"
    return f"{state[0].upper()}{state[1:]}{program}."


def _listeners_by_owner(device: DeviceView) -> Mapping[str, list[Listener]]:
    """Listeners by their owner's path, and by its name where the path may not be read."""
    owned: dict[str, list[Listener]] = defaultdict(list)
    for item in device.of("sockets", Listener):
        if item.path or item.owner:
            owned[item.path or item.owner].append(item)
    return owned


def _services_by_program(device: DeviceView, platform: str) -> Mapping[str, list[str]]:
    """Names of services by the path of the program they start."""
    started: dict[str, list[str]] = defaultdict(list)
    for service in device.of("services", Service):
        if service.path:
            started[_same_file(service.path, platform)].append(service.name)
    return started


def _same_file(path: str, platform: str) -> str:
    """Returns a path as it is compared: Windows and Macs open a file however its letters are written."""
    return path if platform == "linux" else path.strip('"').casefold()
