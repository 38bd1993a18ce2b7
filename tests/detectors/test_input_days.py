"""A day is what it was told last; a built-in keyboard is unused only where that can be told."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_detectors.input_days import input_days, tells_devices, unused_built_in
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import SectionView, Span
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.report import Outcome

from .input_days import BUILT_IN, EXTERNAL, KEYBOARD, OWN, TOUCHPAD, day, remembering, share, workdays
from .views import NOW, view


def test_of_a_day_that_was_told_many_times_the_last_telling_counts() -> None:
    morning, evening = day(3, EXTERNAL, active=60, watched=75), day(3, BUILT_IN, active=480, watched=600)
    for order in ([morning, evening], [evening, morning]):
        assert input_days(remembering(order)) == [evening]


def test_a_method_that_tells_devices_apart_goes_before_one_that_was_watched_longer() -> None:
    helper = day(2, EXTERNAL, method="raw_input", watched=300)
    reader = day(2, (), method="idle_time", watched=900)
    assert input_days(remembering([reader, helper])) == [helper]


def test_days_older_than_asked_for_and_days_to_come_are_left_out() -> None:
    assert input_days(remembering([day(14), day(13), day(-1)])) == [day(13)]


@pytest.mark.parametrize(("begun", "counted"), [(4, 5), (30, 12), (-3, 12), (None, 12)])
def test_days_of_an_earlier_person_are_nobody_s(begun: int | None, counted: int) -> None:
    """A laptop that was handed on four days ago; a start that is to come begins nothing yet."""
    start = (NOW - timedelta(days=begun)).date() if begun is not None else None
    handed = msgspec.structs.replace(
        remembering(workdays(12, EXTERNAL)), roster=RosterEntry(person="p-1", start_on=start)
    )
    assert len(input_days(handed, 28)) == counted
    assert unused_built_in(handed, 28) == counted


def test_working_days_since_the_built_in_keyboard_was_touched_are_counted() -> None:
    days = [*workdays(6, EXTERNAL), *workdays(4, BUILT_IN, first=6)]
    assert unused_built_in(remembering(days)) == 6


def test_it_is_nought_when_it_was_used_today() -> None:
    assert unused_built_in(remembering([day(0, BUILT_IN), *workdays(9, EXTERNAL, first=1)])) == 0


def test_a_day_of_less_than_an_hour_is_no_working_day() -> None:
    assert unused_built_in(remembering([*workdays(3), *workdays(4, active=45, first=3)])) == 3


def test_a_single_key_is_use_unless_a_little_is_let_pass() -> None:
    little = (*EXTERNAL, share("builtin", "keyboard", 0))
    device = remembering(workdays(8, little))
    assert unused_built_in(device) == 0
    assert unused_built_in(device, touched=5) == 8


def test_it_cannot_be_told_of_a_mac_whose_idle_clock_knows_no_devices() -> None:
    days = workdays(10, (share("other", "keyboard"), share("injected", "pointer", 5)), method="idle_time")
    assert not tells_devices(days[0])
    assert unused_built_in(remembering(days)) is None


def test_it_cannot_be_told_where_a_pointer_without_a_device_may_be_the_touchpads() -> None:
    windows = workdays(10, (share("usb", "keyboard"), share("other", "pointer", 40)), method="raw_input")
    assert unused_built_in(remembering(windows)) is None


@pytest.mark.parametrize("devices", [(), (KEYBOARD,), (TOUCHPAD,)])
def test_it_cannot_be_told_where_keyboard_or_touchpad_is_not_known_as_built_in(devices: tuple[()]) -> None:
    assert unused_built_in(remembering(workdays(10), devices)) is None


@pytest.mark.parametrize(
    "host", [HostFacts(chassis="desktop"), HostFacts(chassis="laptop", hypervisor="kvm"), HostFacts(chassis="server")]
)
def test_it_cannot_be_told_where_there_is_nothing_built_in(host: HostFacts) -> None:
    assert unused_built_in(remembering(workdays(10), host=host)) is None


def test_it_cannot_be_told_where_a_remapper_holds_the_keyboard() -> None:
    assert unused_built_in(remembering(workdays(10), processes=[Process(name="keyd", path="/usr/bin/keyd")])) is None


@pytest.mark.parametrize("outcome", ["not_permitted", "not_supported", "broken", "none"])
def test_it_cannot_be_told_when_nobody_looked(outcome: Outcome) -> None:
    blind = SectionView(kind="input_source", outcome=outcome, observed_at=NOW, reason="Run as root.")
    device = msgspec.structs.replace(view(), sections={"input_source": blind})
    assert unused_built_in(device) is None
    assert unused_built_in(view()) is None


@given(text=st.text(max_size=12), slots=st.text(max_size=30), active=st.integers(), watched=st.integers())
def test_what_a_hostile_report_says_of_days_breaks_nothing(text: str, slots: str, active: int, watched: int) -> None:
    odd = InputDay(day=text, method="", active=active, slots=slots, watched=watched, shares=EXTERNAL)
    span = Span(kind="input_source", item=odd, seen_from=NOW - timedelta(days=1))
    device = msgspec.structs.replace(view(input_source=OWN), history={"input_source": (span,)})
    assert unused_built_in(device) in (None, 0, 1)
