"""What a system remembers of devices that are gone: matched like those that are there, and worth less."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.score import group_levels
from farmwatch_detectors import ip_kvm_display, ip_kvm_identity
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.groups import silence_table
from farmwatch_detectors.hardware import GONE_DAYS
from farmwatch_detectors.remembered import display_sightings, usb_sightings
from farmwatch_detectors.view import Span
from farmwatch_schema.observables.displays import RememberedDisplay
from farmwatch_schema.observables.usb import RememberedUsb, ScsiInquiry

from .kvm_cases import pikvm
from .views import ENROLLED, NOW, serial, view


def memory(**changes: object) -> RememberedUsb:
    """A Comet before its owner renamed it: the inquiry string stays in USBSTOR (gl-inet/glkvm issue 66)."""
    fields = {
        "vendor_id": "38eb", "product_id": "0002", "product": "Glinet Composite Device",
        "class_triples": ("03/00/00", "03/01/01", "08/06/50"),
        "scsi": (ScsiInquiry(vendor="Glinet", product="Flash Drive"),),
        "installed_on": "2026-11-12", "last_removal": "2026-11-14",
    }  # fmt: skip
    return msgspec.convert(fields | changes, RememberedUsb)


def test_a_kvm_under_its_first_name_is_known_at_level_2_and_holds_no_floor() -> None:
    (finding,) = ip_kvm_identity.detect(view(usb=[memory()]))
    assert (finding.level, finding.floor) == (2, False)
    assert (finding.seen_from[:10], finding.seen_until[:10]) == ("2026-11-12", "2026-11-14")
    assert "the system remembers" in finding.sentence


def test_a_monitor_that_was_a_kvm_s_picture_is_known_too() -> None:
    picture = RememberedDisplay(manufacturer="LNX", product="7771", name="PiKVM V3", last_arrival="2026-11-14")
    (finding,) = ip_kvm_display.detect(view(displays=[picture]))
    assert (finding.level, finding.floor) == (2, False)


def test_nothing_from_before_the_hand_over_counts() -> None:
    """A memory knows a day and no hour: on the day of the hand-over itself nobody can say whose it was."""
    (finding,) = ip_kvm_identity.detect(view(usb=[memory()]))
    tables = {"ip_kvm_identity": level_table("ip_kvm_identity")}
    removed = datetime.fromisoformat(finding.seen_until).date()
    for first_day, counts in (
        (removed - timedelta(days=1), True),
        (removed, False),
        (removed + timedelta(days=1), False),
    ):
        levels, _ = group_levels([finding], {}, tables, silence_table(), NOW, ENROLLED, first_day)
        assert (next(each.bits for each in levels if each.group == "H") > 0) is counts


def test_without_a_day_nobody_can_say_whose_time_it_was() -> None:
    assert list(usb_sightings(view(usb=[memory(installed_on="", last_removal="", last_arrival="")]))) == []
    (installed,) = usb_sightings(view(usb=[memory(last_removal="", last_arrival="")]))
    assert installed.seen_until.startswith("2026-11-12")


def test_what_is_there_or_was_seen_leaving_is_told_once() -> None:
    there = pikvm(serial=serial("A1"))
    same = memory(vendor_id="1d6b", product_id="0104", serial=serial("A1"))
    assert len(list(usb_sightings(view(usb=[there, same])))) == 1
    left = Span(kind="usb", item=there, seen_from=ENROLLED, seen_until=NOW - timedelta(days=2))
    assert len(list(usb_sightings(view(usb=[same], history={"usb": (left,)})))) == 1
    assert len(list(usb_sightings(view(usb=[there, memory()])))) == 2


def test_could_not_look_keeps_what_was_remembered_last() -> None:
    last = Span(kind="usb", item=memory(), seen_from=ENROLLED)
    blind = view(usb=[], outcome="not_permitted", history={"usb": (last,)})
    assert len(list(usb_sightings(blind))) == 1
    assert list(usb_sightings(view(usb=[memory()], outcome="not_permitted"))) == []


@given(st.text(max_size=12), st.text(max_size=12))
def test_hostile_days_are_no_days(first: str, last: str) -> None:
    shown = view(usb=[memory(installed_on=first, last_removal=last)], displays=[RememberedDisplay(last_arrival=last)])
    ends = [each.seen_until for each in usb_sightings(shown)] + [each.seen_until for each in display_sightings(shown)]
    for until in map(datetime.fromisoformat, ends):
        assert NOW - timedelta(days=GONE_DAYS + 1) <= until <= NOW
        assert until.tzinfo == UTC
