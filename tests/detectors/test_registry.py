"""Every registered detector keeps the form that CONTRIBUTING.md, "add a detector", asks for."""

import importlib
import inspect
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from farmwatch_collector.lab import fleet
from farmwatch_collector.policy_file import parse_policy
from farmwatch_collector.ties.kinds import KINDS as KINDS_OF_TIES
from farmwatch_detectors.catalog import Entry, load
from farmwatch_detectors.detector import Detector, level_table
from farmwatch_detectors.groups import SilenceRow, silence_table
from farmwatch_detectors.placing import DayVerdict, Placing
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.codec import decode_items
from farmwatch_schema.finding import GROUPS, Finding
from farmwatch_schema.observables import KINDS, Observable

from ..cases import recorded
from .exits import seen_from, signed_in
from .input_days import remembering, share, workdays
from .views import KEYER, NOW, recorded_view, view

HEADINGS = ("Detects", "Why", "Innocent explanations", "Blind spots", "Triage", "References")
TESTS = Path(__file__).parent
each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)


def doc_of(detector: Detector) -> str:
    module = inspect.getmodule(detector.detect)
    assert module is not None
    assert module.__name__ == f"farmwatch_detectors.{detector.id}", "the id is the file's name"
    return inspect.getdoc(module) or ""


def source_of(detector: Detector) -> list[str]:
    return inspect.getsource(importlib.import_module(detector.detect.__module__)).splitlines()


def test_every_file_with_a_detector_is_registered() -> None:
    folder = Path(inspect.getfile(Detector)).parent
    files = {file.stem for file in folder.glob("*.py") if "\nDETECTOR = " in file.read_text(encoding="utf-8")}
    assert files == {detector.id for detector in DETECTORS}, "registry.py: one line for each"


def test_a_group_is_called_built_once_it_has_a_detector() -> None:
    groups = {detector.group for detector in DETECTORS}
    assert {row.group for row in silence_table().values() if row.built} == groups, (
        "groups.toml: take `built = false` away and say what the group's silence weighs (m0, u0, needs, sources)"
    )


def test_ids_are_unique() -> None:
    ids = [detector.id for detector in DETECTORS]
    assert len(ids) == len(set(ids))


@each
def test_a_detector_s_docstring_has_the_headings_in_order_and_says_something_under_each(detector: Detector) -> None:
    found = re.findall(r"^(\w[\w ]*)\n    \S", doc_of(detector), re.MULTILINE)
    assert tuple(found) == HEADINGS


@each
def test_a_detector_declares_known_kinds_a_group_and_attack_techniques(detector: Detector) -> None:
    assert set(detector.consumes) <= set(KINDS)
    assert len(detector.consumes) == len(set(detector.consumes))
    assert detector.group in GROUPS
    assert detector.title
    assert detector.attack
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in detector.attack)


@each
def test_a_detector_s_file_is_read_in_one_sitting(detector: Detector) -> None:
    assert len(source_of(detector)) <= 150, f"{detector.id}.py: what others could use goes into a module of its own"


def test_detectors_are_short() -> None:
    """Whole files, head and all: what reads and compares facts is shared, a detector decides and speaks."""
    lines = sorted(len(source_of(detector)) for detector in DETECTORS)
    assert statistics.median(lines) <= 70, lines


@each
def test_a_level_table_is_valid_and_heavier_with_each_level(detector: Detector) -> None:
    table = level_table(detector.id)
    assert sorted(table) == list(range(1, len(table) + 1))
    bits = [math.log2(table[level].m / table[level].u) for level in sorted(table)]
    assert all(before < after for before, after in pairwise(bits)), bits
    assert bits[0] > 0


@each
def test_each_level_says_what_m_and_what_u_rest_on(detector: Detector) -> None:
    for row in level_table(detector.id).values():
        where = f"{detector.id}.toml level {row.level}"
        for figure in ("m", "u"):
            assert any(source.startswith(f"{figure}: ") for source in row.sources), f'{where}: a source "{figure}: ..."'
        judged = all("judge" in source for source in row.sources if source.startswith("u: "))
        assert judged == (row.basis == "judgement"), f"{where}: its basis is {row.basis}, by its sources it is not"


@pytest.mark.parametrize("row", silence_table().values(), ids=lambda row: row.group)
def test_each_silence_says_what_m_and_what_u_rest_on(row: SilenceRow) -> None:
    for figure in ("m", "u"):
        assert any(source.startswith(f"{figure}: ") for source in row.sources), f"groups.toml group {row.group}"


@each
def test_a_detector_is_in_the_table_of_the_docs_with_what_it_looks_at(detector: Detector) -> None:
    text = (TESTS.parents[1] / "docs" / "detectors.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith(f"| [`{detector.id}`]")]
    assert len(rows) == 1, f"docs/detectors.md: one row for {detector.id}"
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[1:3] == [detector.group, detector.title]
    assert set(re.findall(r"`(\w+)`", cells[3])) == set(detector.consumes)


@each
@pytest.mark.parametrize("case", ["hit", "miss", "honest_twin", "could_not_look"])
def test_a_detector_has_a_test_of_each_case(detector: Detector, case: str) -> None:
    path = TESTS / f"test_{detector.id}.py"
    names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert any(name.startswith(f"test_{case}_") for name in names), f"{path.name}: no test_{case}_..."


#: The kinds of section that each kind of tie is made from; an exit is what the collector saw itself.
TIED_BY: dict[str, tuple[str, ...]] = {
    "gateway_mac": ("network",), "bssid": ("wifi",), "router_block": ("network", "wifi"),
    "first_network": ("network",), "usb_serial": ("usb",),
    "edid_serial": ("displays",), "remote_peer": ("sockets", "sessions"), "egress": (), "egress_block": (),
}  # fmt: skip
CLAIMED = RosterEntry(person="p", claim=Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, country="US"))
_DAY = DayVerdict(day=NOW.date(), verdict="impossible", rules=("light",), sentence="Light is not that fast.")
DISPROVED = Placing(verdict="impossible", sentence=_DAY.sentence, days=(_DAY,), judged=_DAY)


class Watched:
    """A device as a detector sees it, which notes the kinds of section that are asked for, and other fields."""

    def __init__(self, device: DeviceView) -> None:
        self.read: set[str] = set()
        self.fields: set[str] = set()
        self._device = msgspec.structs.replace(
            device, sections=_Noting(device.sections, self.read), history=_Noting(device.history, self.read)
        )

    def __getattr__(self, name: str) -> object:
        self.fields.add(name)
        return getattr(self._device, name)


class _Noting(Mapping[str, Any]):
    def __init__(self, inner: Mapping[str, Any], read: set[str]) -> None:
        self._inner, self._read = inner, read

    def __getitem__(self, kind: str) -> Any:
        self._read.add(kind)
        return self._inner[kind]

    def __iter__(self) -> Iterator[str]:
        self._read |= set(self._inner)
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


def _keyed(kind: str, items: list[Observable]) -> list[Observable]:
    """Returns observables as a report holds them, with identifiers keyed."""
    return decode_items(kind, b"[" + b",".join(msgspec.json.encode(each, enc_hook=KEYER.hook) for each in items) + b"]")


def _of(looks: Mapping[str, Iterable[Observable]]) -> DeviceView:
    return view(**dict[str, Any](looks))


@cache
def devices() -> tuple[DeviceView, ...]:
    """Returns laptops among which each detector finds something to look closer at.

    Every third recorded one, the demo's fleet with its farm, some whose input comes from elsewhere, and one that has
    all of the others' at once. The company allows what the demo's allows.
    """
    seen = [recorded_view(folder.parent.name, folder.name) for folder in sorted(recorded.HOSTS.glob("*/*"))[::3]]
    seen += [
        _of({kind: _keyed(kind, items) for kind, items in person.looks.items()}) for person in fleet.people(NOW.date())
    ]
    merged: dict[str, dict[Observable, None]] = {}
    for device in seen:
        for kind, section in device.sections.items():
            merged.setdefault(kind, {}).update(dict.fromkeys(section.items))
    injected = (share("injected", "keyboard", 40), share("injected", "pointer", 95))
    virtual = (share("virtual", "keyboard", 30), share("virtual", "pointer", 70, absolute=True))
    placed = (share("usb", "keyboard", 30), share("usb", "pointer", 85, absolute=True))
    seen += [_of(merged), *(remembering(workdays(10, shares), usb=[]) for shares in (injected, placed, virtual))]
    seen.append(msgspec.structs.replace(_of(merged), egress=seen_from(), sign_ins=signed_in()))
    seen.append(msgspec.structs.replace(_of(merged), placing=DISPROVED, roster=CLAIMED))
    policy, _ = parse_policy(fleet.POLICY, "policy.yaml", NOW.date())
    return tuple(msgspec.structs.replace(each, policy=policy) for each in seen)


@each
def test_a_detector_reads_what_it_declares_and_nothing_else(detector: Detector) -> None:
    read: set[str] = set()
    fields: set[str] = set()
    for device in devices():
        watched = Watched(device)
        list(detector.detect(cast("DeviceView", watched)))
        read |= watched.read
        fields |= watched.fields
    if not read:  # what the collector made of sections, or kept of the reports themselves
        ties: tuple[str, ...] = getattr(importlib.import_module(detector.detect.__module__), "TIES", ())
        read = {source for kind in ties for source in TIED_BY[kind]}
        assert bool(ties) == (detector.group == "F" and "rhythms" not in fields)
        assert ties or fields & {"placing", "reporting", "egress", "sign_ins", "roster", "rhythms"}
    read |= {"latency"} if "placing" in fields else set()
    read |= {"input_source", "sessions"} if "rhythms" in fields else set()
    assert read == set(detector.consumes), f"{detector.id}.py: consumes"


def test_each_kind_of_tie_that_detectors_get_is_spoken_of_by_one_of_them() -> None:
    spoken = [kind for it in DETECTORS for kind in getattr(importlib.import_module(it.detect.__module__), "TIES", ())]
    shown = [kind.kind for kind in KINDS_OF_TIES.values() if kind.shown]
    assert sorted(spoken) == sorted(shown) == sorted(TIED_BY)


def test_what_is_kept_with_one_look_at_a_device_changes_no_other() -> None:
    def found(device: DeviceView) -> list[Finding]:
        return [finding for detector in DETECTORS for finding in detector.detect(device)]

    looks = [msgspec.structs.replace(device) for device in devices()]
    first = [found(look) for look in looks]
    assert [found(look) for look in reversed(looks)] == first[::-1]
    assert [found(msgspec.structs.replace(look)) for look in looks] == first


@each
def test_what_may_not_be_looked_at_is_no_finding(detector: Detector) -> None:
    for device in devices():
        blind = {
            kind: msgspec.structs.replace(section, outcome="not_permitted", items=(), reason="Run as root.")
            for kind, section in device.sections.items()
        }
        blinded = msgspec.structs.replace(device, sections=blind, history={}, egress=(), sign_ins=(), placing=None)
        assert list(detector.detect(blinded)) == []


@each
def test_an_empty_device_is_no_finding_and_no_error(detector: Detector) -> None:
    assert list(detector.detect(view())) == []
    for kind in detector.consumes:
        assert list(detector.detect(view(**{kind: ()}))) == []  # type: ignore[arg-type]


class AnyKeys(Entry, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An entry of whatever catalogue: only what all have in common is checked."""


def test_every_entry_of_every_catalogue_names_source_date_and_confidence() -> None:
    folder = resources.files("farmwatch_detectors.catalog")
    names = sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))
    assert {"ip_kvm", "edid", "usb_gadget"} <= set(names)
    for name in names:
        catalogue = load(name, AnyKeys)
        assert catalogue.version
        assert catalogue.entries or name == "remote_access_lolrmm", "only what an import would bring may be empty"
        for entry in catalogue.entries:
            assert re.fullmatch(r"[a-z0-9_.-]+", entry.id), f"{name}: {entry.id}"
            assert date(2015, 1, 1) <= entry.date, f"{name}: {entry.id}"
