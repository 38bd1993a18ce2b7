"""Checks every catalogue: form, sources and dates, ids, the gate, colliding names, viewers, and what refers to what."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any, cast

import msgspec
import yaml

from farmwatch_detectors.catalog import AnyEntry, Catalogue, CatalogueError, Entry, gate, parse
from farmwatch_detectors.catalog.control_helpers import ControlHelper
from farmwatch_detectors.catalog.deception import DeceptionTool
from farmwatch_detectors.catalog.edid import EdidEntry
from farmwatch_detectors.catalog.extensions import Assistive, Extension
from farmwatch_detectors.catalog.gate import GateList
from farmwatch_detectors.catalog.hid_emulators import EmulatorEntry
from farmwatch_detectors.catalog.input_helpers import InputHelper
from farmwatch_detectors.catalog.ip_kvm import KvmEntry
from farmwatch_detectors.catalog.lolrmm import Correction
from farmwatch_detectors.catalog.travel_routers import RouterEntry
from farmwatch_detectors.catalog.usb_explained import ExplainedEntry
from farmwatch_detectors.catalog.usb_gadget import GadgetEntry
from farmwatch_detectors.catalog.usb_truth import TruthEntry
from farmwatch_detectors.products import Collision, Names, Product, RemoteTool, Tunnel

#: Every catalogue, and what its entries are.
CATALOGUES: dict[str, type[Entry]] = {
    "accessibility": Assistive,
    "control_helpers": ControlHelper,
    "deception": DeceptionTool,
    "edid": EdidEntry,
    "extensions": Extension,
    "gate": GateList,
    "hid_emulators": EmulatorEntry,
    "input_helpers": InputHelper,
    "ip_kvm": KvmEntry,
    "lolrmm": Correction,
    "name_collisions": Collision,
    "remote_access": RemoteTool,
    "remote_access_lolrmm": RemoteTool,
    "travel_routers": RouterEntry,
    "usb_explained": ExplainedEntry,
    "usb_gadget": GadgetEntry,
    "usb_truth": TruthEntry,
    "vpn_tunnel": Tunnel,
}
#: May be empty: it holds what LOLRMM says beyond our own catalogue.
OVERLAY = "remote_access_lolrmm"
EARLIEST = date(2019, 1, 1)

_FORMS: dict[str, re.Pattern[str]] = {
    "ids": re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}|[a-p]{32}|[^\s]+@[^\s]+|\{[0-9a-f-]{36}\}"),
    "unnamed_ids": re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}"),
    "vendors": re.compile(r"[0-9a-f]{4}"),
    "pairs": re.compile(r"[A-Z]{3}:[0-9a-f]{4}"),
    "monitors": re.compile(r"[A-Z]{3}:[0-9a-f]{4}"),
    "base_digests": re.compile(r"[0-9a-f]{64}"),
    "bodies": re.compile(r"[0-9a-f]{64}"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
    "ports": re.compile(r"(tcp|udp)/[1-9]\d{1,4}"),
    "distinctive": re.compile(r"(tcp|udp)/[1-9]\d{1,4}"),
    "unowned": re.compile(r"(tcp|udp)/[1-9]\d{1,4}"),
    "ouis": re.compile(r"[0-9a-f]{6}"),
    "hosts": re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+"),
}


class Fault(msgspec.Struct, frozen=True, order=True):
    """A broken rule: the file, the entry's id ("" for the whole file), the field ("" likewise), and what is wrong."""

    file: str
    entry: str
    field: str
    problem: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.file, self.entry and f"entry {self.entry}", self.field) if part) + (
            f": {self.problem}."
        )


class Summary(msgspec.Struct, frozen=True):
    """A sound catalogue: its name, the version it states, how many entries, and how many that nobody confirmed."""

    name: str
    version: str
    entries: int
    unverified: int


def check(files: dict[str, bytes], today: date) -> tuple[list[Summary], list[Fault]]:
    """Returns what is in these catalogues, by name, and every broken rule."""
    faults: list[Fault] = []
    read: dict[str, Catalogue[Entry]] = {}
    unknown = "is no catalogue that is known; name it in catalogues/checking.py"
    faults += [Fault(f"{name}.yaml", "", "", unknown) for name in set(files) - set(CATALOGUES)]
    for name, kind in CATALOGUES.items():
        if name not in files:
            faults.append(Fault(f"{name}.yaml", "", "", "is missing"))
            continue
        try:
            read[name] = parsed(files[name], name, kind)
        except CatalogueError as error:
            faults.append(_form_fault(f"{name}.yaml", str(error)))
    for name, catalogue in read.items():
        faults += _general(catalogue, _about(files[name]), today)
        faults += [Fault(f"{name}.yaml", entry, field, "is there twice") for entry, field in _twice(files[name])]
    programs = {name: [entry for entry in c.entries if isinstance(entry, Product)] for name, c in read.items()}
    for name, products in programs.items():
        faults += [fault for product in products for fault in _product(f"{name}.yaml", product)]
        faults += _shared(f"{name}.yaml", products)
    faults += _references(read)
    return [_summary(catalogue) for catalogue in read.values()], sorted(set(faults))


def read_folder(path: str) -> dict[str, bytes]:
    """Returns the catalogues of a folder by name."""
    found: dict[str, bytes] = {}
    for name in sorted(os.listdir(path)):
        if name.endswith(".yaml"):
            with open(os.path.join(path, name), "rb") as file:
                found[name.removesuffix(".yaml")] = file.read()
    return found


def _summary(catalogue: Catalogue[Entry]) -> Summary:
    unverified = Counter(entry.confidence for entry in catalogue.entries)["unverified"]
    return Summary(catalogue.name, catalogue.version, len(catalogue.entries), unverified)


def _form_fault(file: str, said: str) -> Fault:
    """The loader's sentence, taken apart: "tools.yaml entry one $.ids[0]: Expected `str`, got `int`. See ..."."""
    match = re.match(r"(?P<file>\S+)( entry (?P<entry>\S+) (?P<field>\$\S*))?: (?P<problem>.*)\Z", said, re.S)
    if match is None:
        return Fault(file, "", "", said)
    problem = match["problem"].removesuffix(" See docs/catalogues.md.").rstrip(".")
    return Fault(file, match["entry"] or "", (match["field"] or "").removeprefix("$").removeprefix("."), problem)


@lru_cache(maxsize=64)
def _parsed(data: bytes, name: str, kind: type[Entry]) -> Catalogue[Entry]:
    return parse(data, name, kind)


def parsed(data: bytes, name: str, kind: type[AnyEntry]) -> Catalogue[AnyEntry]:
    """Returns a catalogue, read once: an import checks all of them without and with its result."""
    return cast("Catalogue[AnyEntry]", _parsed(data, name, kind))


@lru_cache(maxsize=64)
def _about(data: bytes) -> str:
    document: Any = yaml.safe_load(data.partition(b"entries:")[0])
    return str(document.get("about", ""))


@lru_cache(maxsize=64)
def _twice(data: bytes) -> tuple[tuple[str, str], ...]:
    """Returns entry and field of fields that one entry has twice: YAML takes the last and says nothing."""
    found: list[tuple[str, str]] = []
    entry, fields = "", set[str]()
    for line in data.decode().splitlines():
        match = re.match(r"(- |  )([a-z_0-9]+):(?: (.*))?", line)
        if match is None:
            continue
        if match[1] == "- ":
            entry, fields = (match[3] or "").strip(), set[str]()
        if match[2] in fields:
            found.append((entry, match[2]))
        fields.add(match[2])
    return tuple(found)


def _general(catalogue: Catalogue[Entry], about: str, today: date) -> Iterator[Fault]:
    file = f"{catalogue.name}.yaml"
    if not catalogue.entries and catalogue.name != OVERLAY:
        yield Fault(file, "", "entries", "is empty")
    for entry in catalogue.entries:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", entry.id):
            yield Fault(file, entry.id, "id", "is not made of small letters, digits, - and _")
        if not EARLIEST <= entry.date <= today:
            yield Fault(file, entry.id, "date", f"{entry.date} is not between {EARLIEST} and today")
        for source in entry.source:
            if len(source) == 1 and not re.search(rf"\b{re.escape(source)}\b", about):
                yield Fault(file, entry.id, "source", f"{source} is a letter that `about` does not explain")
        for field, form in _FORMS.items():
            held: str | tuple[str, ...] = getattr(entry, field, ())
            for value in (held,) if isinstance(held, str) else held:
                if not form.fullmatch(value):
                    yield Fault(file, entry.id, field, f"{value} is not of the form that this field has")
    seen: dict[tuple[str, str], str] = {}
    for entry in catalogue.entries:
        for field in ("base_digests", "bodies", "hosts", "records"):
            for value in getattr(entry, field, ()):
                other = seen.setdefault((field, value.casefold()), entry.id)
                if other != entry.id:
                    yield Fault(file, entry.id, field, f"{value} is {other}'s already")


def _strong(product: Product) -> Iterator[str]:
    for platform in ("windows", "macos", "linux"):
        yield from product.names.on(platform)


def _product(file: str, product: Product) -> Iterator[Fault]:
    """The rules for one program; docs/catalogues.md gives their reasons."""
    strong = set(_strong(product))
    built_in = getattr(product, "category", "") == "os-builtin"
    for name in strong:
        fault = "" if built_in else gate.name_fault(name)
        fault = fault or ("collides: see name_collisions.yaml; put it under `weak`" if gate.collides(name) else "")
        if fault:
            yield Fault(file, product.id, "names", f"{name} {fault}")
    for field, values, why_not in (
        ("paths", (*product.paths, *product.hints.paths), gate.path_fault),
        ("services", () if built_in else product.services, gate.service_fault),
        ("domains", product.domains, gate.domain_fault),
    ):
        for value in values:
            fault = why_not(value)
            if fault:
                yield Fault(file, product.id, field, f"{value} {fault}")
    for pattern in product.patterns:
        if pattern.count("*") != 1 or len(pattern.partition("*")[0]) < 6:
            yield Fault(file, product.id, "patterns", f"{pattern} has not one star behind six or more letters")
    folded = {gate.stem(name) for name in strong}
    for field, values in (("weak", product.weak), ("viewers", product.viewers)):
        for name in values:
            if gate.stem(name) in folded:
                yield Fault(file, product.id, field, f"{name} is among its strong names too")
    if product.confidence == "unverified":
        kept = (product.paths, product.packages, product.services, product.bundle_ids, product.signers)
        if product.names != Names() or any(kept):
            yield Fault(file, product.id, "confidence", "unverified facts stand under `hints`")
    if product.role == "viewer" and product.alarm not in ("allow", "info"):
        yield Fault(file, product.id, "alarm", f"{product.alarm}: a viewer drives others, and never alarms")
    if product.role == "viewer" and (product.ports or product.distinctive or product.unowned):
        yield Fault(file, product.id, "ports", "what listens lets others in, and is no viewer")


def _shared(file: str, products: Iterable[Product]) -> Iterator[Fault]:
    owners: dict[tuple[str, str], str] = {}
    for product in products:
        facts = [(f"names.{p}", gate.stem(n)) for p in ("windows", "macos", "linux") for n in product.names.on(p)]
        for field in ("services", "packages", "bundle_ids", "distinctive"):
            facts += [(field, value.casefold()) for value in getattr(product, field)]
        for field, value in facts:
            other = owners.setdefault((field, value), product.id)
            if other != product.id:
                yield Fault(file, product.id, field, f"{value} is {other}'s already")


def _references(read: dict[str, Catalogue[Entry]]) -> Iterator[Fault]:
    ids: dict[str, set[str]] = defaultdict(set)
    for name, catalogue in read.items():
        ids[name] = {entry.id for entry in catalogue.entries}
    tools = {"remote_access", OVERLAY}
    programs = {*tools, "vpn_tunnel", "deception"}
    for name, field, among in (
        ("extensions", "product", programs),
        ("lolrmm", "tool", tools),
        ("edid", "product", {"ip_kvm"}),
        ("name_collisions", "tools", programs),
    ):
        # What a catalogue that cannot be read holds is not known to be missing.
        known = {each for other in among for each in ids[other]}
        for entry in read[name].entries if {name, *among} <= set(read) else ():
            value: str | tuple[str, ...] = getattr(entry, field)
            for each in (value,) if isinstance(value, str) else value:
                if each and each not in known:
                    yield Fault(f"{name}.yaml", entry.id, field, f"{each} is no id in its catalogue")
