"""Sections as tables and cards, whatever they hold."""

from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.console.facts import MOST_ROWS, facts_of, identifier, never_reported, subject, written
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Gap, UnknownObservable
from farmwatch_schema.observables.host import HostFacts
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
