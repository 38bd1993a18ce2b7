"""Reports become sections and spans, and what was never received is never taken for clean."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.history import MISSING, History, advance, moment, section_view
from farmwatch_detectors.view import SectionView, Span
from farmwatch_schema.errors import CodecError
from farmwatch_schema.observables import Observable, UnknownObservable
from farmwatch_schema.observables.latency import RoundTrips
from farmwatch_schema.observables.software import Package
from farmwatch_schema.observables.usb import UsbDevice

from .reports import NOW, report, section

MOUSE = UsbDevice(vendor_id="046d", product_id="c077", port_path="1-1")
STICK = UsbDevice(vendor_id="0781", product_id="5567", port_path="1-2")
HOUR = timedelta(hours=1)


def fed(*looks: list[UsbDevice] | None) -> History:
    """A history of one report an hour; None is a report whose probe could not look."""
    history = History()
    for hour, look in enumerate(looks):
        at = NOW + hour * HOUR
        history.add(report("d", {"usb": look or []}, at, without=["usb"] if look is None else []))
    return history


def test_what_was_there_in_the_first_report_is_marked_and_later_things_have_their_time() -> None:
    mouse, stick = sorted(fed([MOUSE], [MOUSE, STICK]).spans["usb"], key=lambda span: span.seen_from)
    assert (mouse.item, mouse.from_start, mouse.seen_until) == (MOUSE, True, None)
    assert (stick.item, stick.from_start, stick.seen_from) == (STICK, False, NOW + HOUR)


def test_what_is_gone_was_there_until_the_last_report_that_held_it() -> None:
    spans = fed([MOUSE], [MOUSE], [])
    (span,) = spans.spans["usb"]
    assert span.seen_until == NOW + HOUR


def test_what_comes_back_is_a_span_of_its_own() -> None:
    spans = fed([MOUSE], [], [MOUSE]).spans["usb"]
    assert [(span.from_start, span.seen_until is None) for span in spans] == [(True, False), (False, True)]


def test_a_section_that_could_not_look_leaves_what_was_there_standing() -> None:
    history = fed([MOUSE], None)
    assert history.spans["usb"][0].seen_until is None
    assert history.sections["usb"].outcome == "not_permitted"


def test_content_left_out_is_taken_from_the_report_before() -> None:
    history = History()
    history.add(report("d", {"usb": [MOUSE]}))
    later = report("d", {}, NOW + HOUR, sequence=2)
    short = msgspec.structs.replace(later, sections=[section("usb", [MOUSE], NOW + HOUR, left_out=True)])
    assert not history.add(short)
    assert history.sections["usb"].of(UsbDevice) == [MOUSE]
    assert history.sections["usb"].observed_at == NOW + HOUR


def test_content_that_was_never_received_counts_as_not_looked() -> None:
    history = History()
    short = msgspec.structs.replace(report("d", {}), sections=[section("usb", [MOUSE], left_out=True)])
    history.add(short)
    assert not history.sections["usb"].looked
    assert history.sections["usb"].reason == MISSING


def test_items_that_do_not_fit_their_digest_are_refused_and_nothing_is_taken_in() -> None:
    history = History()
    good = section("usb", [MOUSE])
    bad = msgspec.structs.replace(good, digest="0" * 64)
    with pytest.raises(CodecError, match=r"sections\[0\]\.digest"):
        history.add(msgspec.structs.replace(report("d", {}), sections=[bad]))
    assert history.sections == {}


def test_an_observable_of_the_wrong_type_is_named_with_its_place() -> None:
    raw = b'[{"type":"usb_device","vendor_id":7,"product_id":"c077"}]'
    with pytest.raises(CodecError, match=r"section usb items\[0\].*vendor_id"):
        section_view("usb", "found", NOW, raw)


def test_an_observable_of_an_unknown_type_is_kept() -> None:
    view = section_view("usb", "found", NOW, b'[{"type":"usb_hologram","depth":3}]')
    assert isinstance(view.items[0], UnknownObservable)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "9" * 400])
def test_a_time_that_is_none_is_named(text: str) -> None:
    with pytest.raises(CodecError, match="created_at: is no time"):
        moment(text, "report $.created_at")


ITEMS = st.lists(st.sampled_from([Package(name=name) for name in "abcd"]), max_size=4, unique=True)


@given(st.lists(st.one_of(st.none(), ITEMS), max_size=8))
def test_open_spans_are_exactly_what_the_last_look_saw(looks: list[list[Observable] | None]) -> None:
    spans: tuple[Span, ...] = ()
    previous = None
    last: list[Observable] = []
    for hour, look in enumerate(looks):
        at = NOW + hour * HOUR
        items = tuple(look or ())
        view = SectionView(kind="software", outcome="broken" if look is None else "found", observed_at=at, items=items)
        spans = advance(spans, view, previous)
        if look is not None:
            previous, last = at, look
    assert {span.item for span in spans if span.seen_until is None} == set(last)
    assert all(span.seen_until is None or span.seen_until >= span.seen_from for span in spans)


def test_every_measurement_is_news_and_none_is_something_that_comes_and_goes() -> None:
    history = History()
    trips = RoundTrips(landmark="own:dub", method="tcp", family="ipv4", count=5, min_ms=9.0)
    for hour in range(2):
        at = NOW + hour * HOUR
        made = report("d", {}, at)
        sample = section("latency", [trips], at)
        sections = [*made.sections, msgspec.structs.replace(sample, digest="")]
        assert history.add(msgspec.structs.replace(made, sections=sections))
    assert history.spans.get("latency", ()) == ()
    assert len(history.samples["latency"]) == 2
