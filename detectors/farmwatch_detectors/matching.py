"""Matching of programs, services and packages against the catalogues. Pure; a catalogue is indexed once.

Rules: exact base names only, never a substring (knowledge of what harmless software is called stands in
catalog/name_collisions.yaml, and wins). Case counts on Linux alone; ".exe" is cut off on Windows alone. A
signer confirms and never starts a match. Several independent facts make a match sure, see `confidence_of`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Generic, Literal, TypeVar

import msgspec

from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.software import Package

from .catalog.deception import DeceptionTool, tools
from .products import Collision, Product, RemoteTool, Tunnel, collisions, remote_tools, tunnels
from .view import DeviceView

AnyProduct = TypeVar("AnyProduct", bound=Product)

Confidence = Literal["none", "low", "medium", "high", "confirmed"]
CONFIDENCES: tuple[Confidence, ...] = ("none", "low", "medium", "high", "confirmed")

FactKind = Literal[
    "name", "script", "weak_name", "original_name", "digest", "kernel_name", "path", "package", "service",
    "weak_service", "bundle_id", "signer", "port", "distinctive_port", "unowned_port", "flag", "input_device", "hint",
]  # fmt: skip
"""What agreed. `script`: the name of a script that an interpreter runs; `hint`: a fact no source confirmed."""

#: The kernel keeps 15 characters of a process's name (TASK_COMM_LEN, include/linux/sched.h).
KERNEL_NAME = 15

#: Programs that run others: their own file name says nothing, the kernel's name of the process does.
_INTERPRETER = re.compile(
    r"(python|perl|ruby|lua|node|nodejs|java|php|mono|dotnet|tclsh|wish|electron|bash|dash|sh|zsh|ksh|busybox"
    r"|env|ld-linux\S*|ld-musl\S*|wine\S*|qemu-\S*|bwrap|docker|podman|snap|flatpak|start-stop-daemon|sudo|su"
    r"|runuser|xvfb-run|dbus-run-session|supervisord|systemd\S*|tmux|screen)(-?\d[\d.]*\w?)?\Z"
)

_SCRIPTS = re.compile(r"(python|perl|ruby|node|nodejs|java|javaw|dotnet|mono|php)w?(-?\d[\d.]*)?(\.exe)?\Z")

#: What Windows's list of programs appends to a product's name: version, word size, and what tells builds apart.
_APPENDED = re.compile(
    r"(?:[\s,_-]+(?:v(?:er(?:sion)?)?\.?\s*)?\d[\w.+-]*|\s*\([^()]*\)|\s+(?:64|32)-bit|\s+msi)+\Z", re.I
)
_LONGEST = 200
#: Kinds of product whose name in that list is enough to say that it is installed; those of others are common words.
_LISTED_BY_NAME = frozenset({"remote-desktop", "remote-assist", "vnc"})

#: Laptops of a fleet run much the same programs, so what was matched is kept for that many.
_REMEMBERED = 50_000

#: Keys that are independent of the file's name.
_KEYS = frozenset({"path", "package", "service", "bundle_id", "signer"})
_NAMES = frozenset({"name", "script", "original_name", "digest", "kernel_name"})
_WEAK = frozenset({"weak_name", "weak_service"})
_CIRCUMSTANCE = frozenset({"flag", "port", "distinctive_port", "unowned_port", "input_device", "kernel_name"})
_LIVE = frozenset({"port", "distinctive_port"})
#: All that a product's viewer shares with its host.
_VIEWER: frozenset[FactKind] = frozenset({"weak_name", "name", "path", "package", "signer", "bundle_id", "hint"})


class Fact(msgspec.Struct, frozen=True, order=True):
    """One fact that agrees with the catalogue."""

    kind: FactKind
    value: str


class Match(msgspec.Struct, Generic[AnyProduct], frozen=True):
    """What something was recognised as.

    product     the catalogue's entry
    facts       what agreed, sorted
    confidence  of these facts together
    disguised   the file bears a name that is not the product's, although two or more facts say it is
    """

    product: AnyProduct
    facts: tuple[Fact, ...]
    confidence: Confidence
    disguised: bool = False


def confidence_of(facts: Iterable[Fact]) -> Confidence:
    """Returns how sure facts make together that something is what the catalogue says.

    confirmed  two independent keys among path, package, service, bundle id and signer, or one and a port
    high       a strong name with one of these keys, or an exact service
    medium     a strong name, or the package that owns the file
    low        a weak name with a key, a path, a port of its own or of an unowned file, a lone flag, or a hint
    none       a weak name, a signer or an ordinary port alone
    """
    kinds = {fact.kind for fact in facts}
    keys = kinds & _KEYS
    named = kinds & _NAMES
    if kinds & _WEAK and not named and len(keys) == 1:
        return "low"
    if len(keys) >= 2 or (keys and kinds & _LIVE):
        return "confirmed"
    if (named and keys) or "service" in keys:
        return "high"
    if named or "package" in keys or len(kinds & {"flag", "distinctive_port"}) == 2:
        return "medium"
    if keys - {"signer"} or kinds & {"distinctive_port", "unowned_port", "flag", "hint"}:
        return "low"
    return "none"


def at_least(confidence: Confidence, bar: Confidence) -> bool:
    """Returns whether a confidence reaches a bar."""
    return CONFIDENCES.index(confidence) >= CONFIDENCES.index(bar)


def is_interpreter(name: str) -> bool:
    """Returns whether a program runs scripts or other programs, so that its own file name says nothing."""
    return _INTERPRETER.match(name) is not None


def base_name(path: str) -> str:
    """Returns the last part of a path of any system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def folded(name: str, platform: str) -> str:
    """Returns a base name as it is compared on a system."""
    if platform == "windows":
        return name.casefold().removesuffix(".exe")
    return name.casefold() if platform == "macos" else name


def platform_of(device: DeviceView) -> str:
    """Returns `windows`, `macos` or `linux`, from the host section or else from the shape of paths."""
    for facts in device.of("host", HostFacts):
        system = facts.os.casefold()
        if system:
            return "windows" if "windows" in system else "macos" if system.startswith(("mac", "os x")) else "linux"
    for process in device.of("processes", Process):
        path = process.path or ""
        if "\\" in path:
            return "windows"
        if path.startswith("/System/Library/"):
            return "macos"
    return "linux"


class Program:
    """A program as indexes know it: all facts on which matches rest, in a form that is quick to look up.

    ports     what its executable listens on, "tcp/5900"
    services  names of the services that start its executable
    """

    def __init__(
        self, process: Process, platform: str, ports: Iterable[str] = (), services: Iterable[str] = ()
    ) -> None:
        self.process = process
        self.key = (
            process.name, process.path, process.package, process.signer, process.original_name, process.sha256,
            process.kernel_names, process.flags, process.holds, platform, tuple(ports), tuple(services),
        )  # fmt: skip


class Index(Generic[AnyProduct]):
    """A catalogue, indexed for looking up names."""

    def __init__(self, products: Iterable[AnyProduct], collided: Iterable[Collision] = ()) -> None:
        self.products = tuple(products)
        generic = {
            name.casefold().removesuffix(".exe")
            for entry in collided
            if entry.kind == "name" and entry.alone in ("none", "low", "info")
            for name in entry.names
        }
        self._names: dict[str, dict[str, list[tuple[AnyProduct, FactKind]]]] = {}
        for platform in ("windows", "macos", "linux"):
            self._names[platform] = defaultdict(list)
            for product in self.products:
                for name in product.names.on(platform):
                    kind: FactKind = "weak_name" if name.casefold().removesuffix(".exe") in generic else "name"
                    self._names[platform][folded(name, platform)].append((product, kind))
                for name in product.weak:
                    self._names[platform][folded(name, platform)].append((product, "weak_name"))
                for name in product.hints.names.on(platform):
                    self._names[platform][folded(name, platform)].append((product, "hint"))
        self._kernel: dict[str, list[tuple[AnyProduct, FactKind]]] = defaultdict(list)
        for name, known in self._names["linux"].items():
            self._kernel[name[:KERNEL_NAME]].extend(known)
        self._patterns: list[tuple[str, str, AnyProduct]] = []
        for product in self.products:
            for pattern in product.patterns:
                start, _, end = pattern.casefold().partition("*")
                self._patterns.append((start, end, product))
        self._viewers: dict[str, set[str]] = defaultdict(set)
        for product in self.products:
            for name in product.viewers:
                self._viewers[folded(name, "windows")].add(product.id)
        self._services: dict[str, list[tuple[AnyProduct, FactKind]]] = defaultdict(list)
        self._service_prefixes: list[tuple[str, AnyProduct, FactKind]] = []
        self._packages: dict[str, list[tuple[AnyProduct, FactKind]]] = defaultdict(list)
        self._displayed: dict[str, list[tuple[AnyProduct, FactKind]]] = defaultdict(list)
        self._paths: dict[str, list[tuple[str, AnyProduct, FactKind]]] = defaultdict(list)
        for product in self.products:
            known_as: tuple[tuple[FactKind, tuple[str, ...]], ...] = (
                ("service", product.services),
                ("weak_service", product.weak_services),
                ("hint", product.hints.services),
            )
            for kind, names in known_as:
                for name in names:
                    if name.endswith("*"):
                        self._service_prefixes.append((name[:-1].casefold(), product, kind))
                    else:
                        self._services[name.casefold()].append((product, kind))
            for name in product.packages:
                self._packages[name.casefold()].append((product, "package"))
            for name in product.bundle_ids:
                self._packages[name.casefold()].append((product, "bundle_id"))
            name = product.name.casefold()
            if product.category in _LISTED_BY_NAME and len(name) >= 5 and name not in generic:
                self._displayed[name].append((product, "package"))
            for name in product.hints.packages:
                self._packages[name.casefold()].append((product, "hint"))
            for fragment in product.paths:
                self._paths[_whole_part(fragment)].append((fragment.casefold(), product, "path"))
            for fragment in product.hints.paths:
                self._paths[_whole_part(fragment)].append((fragment.casefold(), product, "hint"))
        self._known: dict[object, list[Match[AnyProduct]]] = {}
        self._signers: dict[str, list[AnyProduct]] = defaultdict(list)
        self._digests: dict[str, list[AnyProduct]] = defaultdict(list)
        self._originals: dict[str, list[AnyProduct]] = defaultdict(list)
        self._ports: dict[str, list[AnyProduct]] = defaultdict(list)
        self._unowned: dict[str, list[AnyProduct]] = defaultdict(list)
        self._flags: dict[str, list[AnyProduct]] = defaultdict(list)
        self._flag_sets: dict[str, list[AnyProduct]] = defaultdict(list)
        for product in self.products:
            for signer in product.signers:
                self._signers[signer.casefold()].append(product)
            for name in product.names.windows:
                if folded(name, "windows") not in generic:
                    self._originals[folded(name, "windows")].append(product)
            for digest in product.sha256:
                self._digests[digest].append(product)
            for port in {*product.ports, *product.distinctive}:
                self._ports[port].append(product)
            for port in product.unowned:
                self._unowned[port].append(product)
            for flag in product.flags:
                (self._flag_sets if "+" in flag else self._flags)[flag].append(product)

    def program(
        self, process: Process, platform: str, ports: Iterable[str] = (), services: Iterable[str] = ()
    ) -> list[Match[AnyProduct]]:
        """Returns what a program may be, surest first; arguments are `Program`'s."""
        return self.matches(Program(process, platform, ports, services))

    def matches(self, program: Program) -> list[Match[AnyProduct]]:
        """Returns the same of a program whose facts were brought together before, for several indexes."""
        known = self._known.get(program.key)
        return (
            known if known is not None else self._keep(program.key, self._program(program.process, *program.key[-3:]))
        )

    def _keep(self, key: object, matches: list[Match[AnyProduct]]) -> list[Match[AnyProduct]]:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(key, matches)

    def _program(
        self, process: Process, platform: str, ports: tuple[str, ...], services: tuple[str, ...]
    ) -> list[Match[AnyProduct]]:
        found: dict[str, set[Fact]] = defaultdict(set)
        entries: dict[str, AnyProduct] = {}

        def note(product: AnyProduct, kind: FactKind, value: str) -> None:
            entries[product.id] = product
            found[product.id].add(Fact(kind, value))

        for product, kind in self._named(process.name, platform, hidden=process.path is None):
            note(product, kind, process.name)
        interpreter = platform == "linux" and is_interpreter(process.name)
        if platform == "linux":
            for name in process.kernel_names:
                for product, kind in self._kernel.get(name[:KERNEL_NAME], ()):
                    if kind == "name":
                        note(product, "script" if interpreter else "kernel_name", name)
        original = process.original_name or ""
        if original:
            for product in self._originals.get(folded(original, "windows"), ()):
                note(product, "original_name", original)
        for product in self._digests.get(process.sha256 or "", ()):
            note(product, "digest", (process.sha256 or "")[:12])
        if process.path:
            for product, kind, fragment in self._under(process.path):
                note(product, kind, fragment)
        for product, kind in self._packages.get((process.package or "").casefold(), ()):
            note(product, kind, process.package or "")
        for product in self._signers.get((process.signer or "").casefold(), ()):
            note(product, "signer", process.signer or "")
        for name in services:
            for product, kind in self._serving(name):
                note(product, kind, name)
        for flag in process.flags:
            for product in self._flags.get(flag, ()):
                # Told of interpreters only, whatever case and ending their names have there.
                script = flag.startswith("script_")
                note(product, "script" if script else "flag", flag)
                # Its own option may have moved it to any port.
                for port in () if script else ports:
                    if port.startswith("tcp/"):
                        note(product, "port", port)
        for joined, products in self._flag_sets.items() if len(process.flags) > 1 else ():
            if set(joined.split("+")) <= set(process.flags):
                for product in products:
                    note(product, "flag", joined)
        for port in ports:
            for product in self._ports.get(port, ()):
                if port in product.distinctive:
                    found[product.id].discard(Fact("port", port))
                note(product, "distinctive_port" if port in product.distinctive else "port", port)
            for product in self._unowned.get(port, ()) if process.package == "" or _runs_scripts(process) else ():
                note(product, "unowned_port", port)
        for viewer in self._viewers.get(folded(process.name, "windows"), ()):
            # It drives others from here, wherever it lies and whoever signed it; a host that took a viewer's name
            # still listens, is a service, or says in its file what it is.
            if {fact.kind for fact in found.get(viewer, ())} <= _VIEWER:
                found.pop(viewer, None)
        for device in process.holds or ():
            if device in ("uinput", "uhid"):
                for identity in tuple(found):
                    note(entries[identity], "input_device", device)
        matches = [self._judged(entries[key], facts, process, interpreter) for key, facts in found.items()]
        if any(match.product.role == "host" and _named_openly(match) for match in matches):
            # A program that says openly which host it is must not pass for another one by a port or an option.
            matches = [m for m in matches if not m.disguised and not {f.kind for f in m.facts} <= _CIRCUMSTANCE]
        if any(_proved(match) for match in matches):
            matches = [match for match in matches if _proved(match) or not match.disguised]
        return _surest_first(match for match in matches if match.confidence != "none")

    def service(self, service: Service, platform: str) -> list[Match[AnyProduct]]:
        """Returns whose service this may be: by its name, and by the program it starts."""
        key = (service.name, service.path, platform)
        matches = self._known.get(key)
        return matches if matches is not None else self._keep(key, self._service(service, platform))

    def _service(self, service: Service, platform: str) -> list[Match[AnyProduct]]:
        found: dict[str, set[Fact]] = defaultdict(set)
        entries: dict[str, AnyProduct] = {}
        for product, kind in self._serving(service.name):
            entries[product.id] = product
            found[product.id].add(Fact(kind, service.name))
        if service.path:
            for product, kind in self._named(base_name(service.path), platform, hidden=False):
                entries[product.id] = product
                found[product.id].add(Fact(kind, base_name(service.path)))
            for product, kind, fragment in self._under(service.path):
                entries[product.id] = product
                found[product.id].add(Fact(kind, fragment))
        return _surest_first(_match(entries[key], facts) for key, facts in found.items())

    def package(self, package: Package) -> list[Match[AnyProduct]]:
        """Returns what an installed package or application brings: by its name, or by a Mac application's bundle id."""
        key = (package.name, package.bundle, package.source, "")
        matches = self._known.get(key)
        return matches if matches is not None else self._keep(key, self._package(package))

    def _package(self, package: Package) -> list[Match[AnyProduct]]:
        known = list(self._packages.get(package.name.casefold(), ()))
        if package.source == "uninstall":
            shown = _APPENDED.sub("", package.name.strip()[:_LONGEST]).casefold()
            known += self._packages.get(shown, ()) or self._displayed.get(shown, ())
        found: dict[str, set[Fact]] = defaultdict(set)
        entries: dict[str, AnyProduct] = {}
        for product, kind in known:
            entries[product.id] = product
            found[product.id].add(Fact(kind, package.name))
        for product, kind in self._packages.get(package.bundle.casefold(), ()) if package.bundle else ():
            entries[product.id] = product
            found[product.id].add(Fact(kind, package.bundle))
        return _surest_first(_match(entries[key], facts) for key, facts in found.items())

    def _named(self, name: str, platform: str, *, hidden: bool) -> Iterator[tuple[AnyProduct, FactKind]]:
        key = folded(name, platform)
        yield from self._names.get(platform, self._names["linux"]).get(key, ())
        if hidden and platform == "linux" and len(name) == KERNEL_NAME:
            yield from self._kernel.get(name, ())
        if platform == "windows":
            lower = name.casefold()
            for start, end, product in self._patterns:
                if lower.startswith(start) and lower.endswith(end):
                    yield product, "weak_name"

    def _serving(self, name: str) -> Iterator[tuple[AnyProduct, FactKind]]:
        lower = name.casefold()
        yield from self._services.get(lower, ())
        for prefix, product, kind in self._service_prefixes:
            if lower.startswith(prefix):
                yield product, kind
        template, at, instance = lower.partition("@")
        if at and instance != ".service" and instance.endswith(".service"):
            yield from self._services.get(f"{template}@.service", ())

    def _under(self, path: str) -> Iterator[tuple[AnyProduct, FactKind, str]]:
        lower = path.casefold()
        for part in {*re.split(r"[\\/]", lower), ""}:
            for fragment, product, kind in self._paths.get(part, ()):
                if fragment in lower:
                    yield product, kind, fragment

    def _judged(self, product: AnyProduct, facts: set[Fact], process: Process, interpreter: bool) -> Match[AnyProduct]:
        kinds = {fact.kind for fact in facts}
        own = kinds & {"name", "weak_name", "hint", "script"} or interpreter or _looks_like(process.name, product)
        if own:
            return _match(product, {fact for fact in facts if fact.kind != "kernel_name"})
        if {"bundle_id", "signer"} <= kinds and "path" not in kinds and product.names.macos:
            return Match(product, tuple(sorted(facts)), "confirmed", disguised=True)
        return Match(product, tuple(sorted(facts)), *_behind_another_name(facts))


def _behind_another_name(facts: set[Fact]) -> tuple[Confidence, bool]:
    """Returns confidence and whether it is disguised, for a file whose name is not the product's.

    A file inside the product's package or folder is one of its helpers and no disguise; outside of it, on a Mac,
    the signed bundle id with its maker's team id is proof (see `_judged`). A version resource or
    the contents of a shipped file are proof by themselves. Otherwise two facts that survive renaming are
    needed, and a usual port or a virtual input device counts only beside a fact that is the product's own.
    """
    kinds = {fact.kind for fact in facts}
    if "original_name" in kinds or ("digest" in kinds and "package" not in kinds):
        return ("confirmed" if kinds & _KEYS else "high"), True
    own = [fact for fact in facts if fact.kind in ("kernel_name", "flag", "distinctive_port", "service")]
    usual = [fact for fact in facts if fact.kind in ("port", "input_device")]
    shipped = kinds & {"package", "path"} and "kernel_name" not in kinds
    if not shipped and own and len(own) + len(usual) >= 2:
        return "high", True
    return confidence_of(facts), False


def _runs_scripts(process: Process) -> bool:
    """Whether a program runs scripts, on any system: whoever brought it did not bring what listens."""
    return _SCRIPTS.match(process.name.casefold()) is not None


def _looks_like(name: str, product: Product) -> bool:
    """Returns whether a file's name says openly what it is: "AnyDesk (1).exe", "rustdesk-1.3.2.AppImage"."""
    lower = name.casefold()
    for known in (*product.names.windows, *product.names.macos, *product.names.linux):
        stem = known.casefold().removesuffix(".exe")
        if len(stem) >= 5 and stem in lower:
            return True
    return False


def _proved(match: Match[AnyProduct]) -> bool:
    return any(fact.kind in ("digest", "original_name") for fact in match.facts) or (
        match.disguised and any(fact.kind == "bundle_id" for fact in match.facts)
    )


def _named_openly(match: Match[AnyProduct]) -> bool:
    return any(fact.kind in ("name", "script") for fact in match.facts)


def _match(product: AnyProduct, facts: set[Fact]) -> Match[AnyProduct]:
    return Match(product, tuple(sorted(facts)), confidence_of(facts))


def _surest_first(matches: Iterable[Match[AnyProduct]]) -> list[Match[AnyProduct]]:
    return sorted(matches, key=lambda match: (-CONFIDENCES.index(match.confidence), match.product.id))


def _whole_part(fragment: str) -> str:
    """Returns a folder name that every path with this fragment holds as a whole; "" when it has none."""
    parts = re.split(r"[\\/]", fragment.casefold())
    whole = [part for part in parts[:-1] if part]
    return max(whole, key=len) if whole else ""


@cache
def tool_index() -> Index[RemoteTool]:
    """Returns the index of remote tools."""
    return Index(remote_tools(), collisions())


@cache
def tunnel_index() -> Index[Tunnel]:
    """Returns the index of VPNs and tunnels."""
    return Index(tunnels(), collisions())


@cache
def deception_index() -> Index[DeceptionTool]:
    """Returns the index of programs that feign presence, a face, a monitor or input."""
    return Index(tools(), collisions())
