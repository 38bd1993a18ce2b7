"""Sections as tables and cards, whatever they hold."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.console import facts as console_facts
from farmwatch_collector.console.facts import MOST_ROWS, Block, facts_of, identifier, never_reported, subject, written
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Gap, Observable, UnknownObservable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.input_timing import InputTiming
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.observables.processes import Process

from .memory import KEYER, KVM, SCRIPT, section


def test_columns_in_which_nothing_is_said_are_left_out() -> None:
    facts = facts_of(section("processes", [Process(name="sshd", path="/usr/sbin/sshd"), Process(name="bash")]))
    (block,) = facts.blocks
    assert block.style == "table"
    assert block.columns == ("name", "path")
    assert "not seen" in block.rows[1][1]
    assert facts.count == 2


def test_nested_parts_are_shown_inside_their_device() -> None:
    facts = facts_of(section("usb", [KVM]))
    (block,) = facts.blocks
    assert block.style == "cards"
    cell = block.rows[0][block.columns.index("interfaces")]
    assert "03/01/01" in cell
    assert "05010906a1010507…" in cell.replace("<bdi>", "").replace("</bdi>", "")


def test_a_field_that_was_not_seen_is_not_a_no() -> None:
    facts = facts_of(section("power", [PowerFacts(on_ac=False)]))
    (block,) = facts.blocks
    assert block.columns == ("on mains",)
    assert block.rows == (("no",),)


def test_gaps_are_told_apart_from_facts() -> None:
    gap = Gap(what="executables of other users", outcome="not_permitted", count="10-49")
    facts = facts_of(section("processes", [Process(name="bash"), gap]))
    assert facts.gaps == (gap,)
    assert facts.count == 1


def test_an_unknown_observable_is_kept_and_named() -> None:
    facts = facts_of(section("usb", raw=b'[{"type":"hologram","x":1},{"type":"hologram"}]'))
    assert facts.unknown == (("hologram", 2),)
    assert facts.count == 2
    assert facts.known


def test_an_unknown_kind_is_shown_as_such() -> None:
    facts = facts_of(section("gait", raw=b'[{"type":"usb_device","vendor_id":"1d6b","product_id":"0104"}]'))
    assert not facts.known
    assert facts.unknown == (("usb_device", 1),)


def test_content_that_never_came_is_said() -> None:
    facts = facts_of(section("usb", raw=b"", missing=True))
    assert facts.count is None
    assert "has not arrived" in facts.fault
    assert facts.opened


def test_content_that_cannot_be_read_is_said_with_its_place() -> None:
    facts = facts_of(section("usb", raw=b'[{"type":"usb_device","vendor_id":7}]'))
    assert "items[0]" in facts.fault
    assert facts.count is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_page(raw: bytes) -> None:
    facts_of(section("usb", raw=raw))


def test_a_long_list_is_cut_and_keeps_its_count() -> None:
    facts = facts_of(section("processes", [Process(name=f"p{number}") for number in range(MOST_ROWS + 7)]))
    (block,) = facts.blocks
    assert len(block.rows) == MOST_ROWS
    assert block.count == MOST_ROWS + 7


def test_identifiers_are_short_and_carry_what_may_be_told() -> None:
    page = identifier(KEYER.key("serial", "CAFEBABE"))
    assert "published constant" in page
    assert "CAFEBABE" in page
    assert "shape" in page
    made_up = identifier(KEYER.key("mac", "02:00:5e:10:00:01"))
    assert "made-up address" in made_up
    assert "02005e" not in made_up.split("</span>")[-2]


def test_hostile_identifiers_stay_text() -> None:
    page = identifier(
        Identifier(kind=SCRIPT, key_id=SCRIPT, digest=SCRIPT, shape=SCRIPT, constant=SCRIPT, scope=SCRIPT)
    )
    assert "<script" not in page


def test_every_observable_type_can_be_shown_with_hostile_text() -> None:
    """A new observable needs no change to the console; its text fields are hostile like all others."""
    import msgspec

    for kind in KINDS.values():
        for observable in kind.observables:
            texts = {
                field.name: SCRIPT
                for field in msgspec.structs.fields(observable)
                if field.type is str or field.type == (str | None)
            }
            needed = {
                field.name: 1 if field.type is int else KEYER.key("address", "192.0.2.7")
                for field in msgspec.structs.fields(observable)
                if field.required and field.name not in texts
            }
            item = observable(**texts, **needed)
            facts = facts_of(section(kind.kind, [item]))
            assert not facts.fault, (observable, facts.fault)
            cells = "".join(cell for block in facts.blocks for row in block.rows for cell in row)
            assert "<script" not in cells
            assert isinstance(subject(item), str)


def test_changes_are_named_so_that_a_person_knows_which_one_is_meant() -> None:
    assert subject(KVM) == "usb device 1d6b:0104 Composite KVM Device"
    assert subject(Process(name="rustdesk", path="~/rustdesk")) == "process rustdesk at ~/rustdesk"
    assert "collector too old" in subject(UnknownObservable(name="hologram", raw=b"{}"))


def test_kinds_that_never_came_are_listed() -> None:
    absent = never_reported([section("host", [HostFacts(os="Debian GNU/Linux")])])
    assert absent == [kind for kind in KINDS if kind != "host"]


def test_values_are_written_by_their_type() -> None:
    assert written(True) == "yes"
    assert "not seen" in written(None)
    assert "1.5" in written(1.5)
    assert written((30, 19), "size_cm").striptags() == "30 by 19"


def _only_block(kind: str, *items: Observable) -> Block:
    (block,) = facts_of(section(kind, list(items))).blocks
    return block


def test_none_is_told_apart_from_not_known() -> None:
    shown = _only_block(
        "processes",
        Process(name="a", signer="", package=None, holds=()),
        Process(name="b", signer=None, package="", holds=None),
    )
    first, second = (dict(zip(shown.columns, row, strict=True)) for row in shown.rows)
    assert (first["signer"], second["package"], first["holds"]) == (console_facts._NONE,) * 3
    assert (second["signer"], first["package"], second["holds"]) == (console_facts._NOT_SEEN,) * 3


def test_a_bare_machine_is_no_unknown_one() -> None:
    shown = _only_block("host", HostFacts(os="macOS", hypervisor=""))
    assert dict(zip(shown.columns, shown.rows[0], strict=True))["hypervisor"] == console_facts._NONE


def test_the_day_of_a_laptop_is_told_by_the_clock() -> None:
    day = InputDay(day="2026-11-22", method="raw_input", slots="000000003fff000000000001")
    shown = _only_block("input_source", day)
    assert dict(zip(shown.columns, shown.rows[0], strict=True))["active, in UTC"] == "08:30 to 12:00, 23:45 to 24:00"


def test_rhythm_is_told_with_the_bounds_of_its_buckets() -> None:
    timing = InputTiming(day="2026-11-22", bus="usb", function="pointer", gaps=(0, 0, 95, *[0] * 8, 5), events="50-499")
    shown = _only_block("input_timing", timing)
    cells = dict(zip(shown.columns, shown.rows[0], strict=True))
    assert cells["gaps between events"] == "under 6 ms: 95 %, longer: 5 %"


@pytest.mark.parametrize("slots", ["zz", "ffff", "-1", "0" * 4000])
def test_slots_that_are_none_are_shown_as_they_came(slots: str) -> None:
    shown = _only_block("input_source", InputDay(day="2026-11-22", method="evdev", slots=slots))
    assert slots[:16] in dict(zip(shown.columns, shown.rows[0], strict=True))["active, in UTC"]


@pytest.mark.parametrize("kind", [observable for kind in KINDS.values() for observable in kind.observables])
def test_a_change_of_every_type_says_more_than_its_type(kind: type[Observable]) -> None:
    given = {field.name: _GIVEN[field.name] for field in msgspec.structs.fields(kind) if field.name in _GIVEN}
    said = subject(kind(**given))
    if {"name", "interface", "app", "port", "owner"} & given.keys():
        assert any(str(value) in said for value in given.values()), said


#: A value for each required field, and for some others by which a person knows which one is meant.
_GIVEN: dict[str, object] = {
    "kind": "keyboard", "reason": "r", "until": "2026-11-22", "reset_at": "2026-11-22", "rights": "root",
    "interface": "en0", "seconds": 20, "protocol": "tcp", "role": "sender", "browser": "chrome", "id": "abcd",
    "name": "Name", "connector": "DP-1", "bus": "usb", "day": "2026-11-22", "method": "evdev", "function": "pointer",
    "what": "camera", "app": "app.exe", "family": "ipv4", "destination": "::/1", "oui": "00005e", "owner": "owner.exe",
    "landmark": "own:dub", "plan": "p1", "began_at": "2026-11-22T12:00:00Z",
    "path": "/bin/x", "port": 22, "scope": "network", "origin": "console", "vendor_id": "046d", "product_id": "c52b",
    "address": Identifier(kind="mac", key_id="k", digest="d"),
    "peer": Identifier(kind="address", key_id="k", digest="d"),
}  # fmt: skip
