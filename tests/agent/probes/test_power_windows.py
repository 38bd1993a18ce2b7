"""The power probe on Windows: SYSTEM_POWER_STATUS, BATTERY_INFORMATION, Kernel-Power events."""

from typing import Any

import pytest

from farmwatch_agent.host import Missing, NotPermitted
from farmwatch_agent.host.windows.events import EventRecord
from farmwatch_agent.host.windows.power import Battery, PowerStatus
from farmwatch_agent.probes.power import windows as power
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.power import PowerFacts

from ..windows_host import WindowsFake

NOW = 1_795_348_800.0
HOUR = 3600.0
WAKE_LOCKS = Gap(what="wake locks", outcome="not_supported")


def look(status: Any, batteries: Any = (), events: Any = ()) -> list[Any]:
    rows = {"windows_power": status, "windows_battery": batteries, "windows_event suspends": events}
    return list(power.collect(WindowsFake(rows=rows)))  # type: ignore[arg-type]


def test_a_laptop_with_a_closed_lid_on_mains_is_told() -> None:
    found = look(
        [PowerStatus(ac=1, flag=1, percent=97, has_lid=True, lid="closed")],
        [Battery(capabilities=0x80000000, cycles=143), Battery(capabilities=0xA0000000, cycles=900)],
        [EventRecord(number=number, at=NOW - ago) for number, ago in ((42, 600), (506, 60), (42, 2 * HOUR))],
    )
    assert found == [
        PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=140, suspends="2-4"),
        WAKE_LOCKS,
    ]


def test_a_desktop_has_no_battery_and_no_lid() -> None:
    found = look([PowerStatus(ac=1, flag=128, percent=255, has_lid=False)])
    assert found == [PowerFacts(on_ac=True, battery=False, suspends="0"), WAKE_LOCKS]


def test_a_lid_that_is_there_and_not_told_is_a_gap() -> None:
    found = look([PowerStatus(ac=0, flag=0, percent=44, has_lid=True)])
    assert found[0] == PowerFacts(on_ac=False, battery=True, charge=40, suspends="0")
    assert Gap(what="lid", outcome="not_supported") in found


def test_what_is_not_known_stays_unknown() -> None:
    assert look([PowerStatus()])[0] == PowerFacts(suspends="0")


def test_refusals_are_gaps_and_the_rest_goes_out() -> None:
    found = look(NotPermitted("no"), (), NotPermitted("no"))
    assert found[0] == PowerFacts()
    assert [(it.what, it.outcome) for it in found[1:]] == [
        ("mains and battery", "not_permitted"),
        ("suspends", "not_permitted"),
        ("wake locks", "not_supported"),
    ]


@pytest.mark.parametrize("problem", ["not_permitted", "broken"])
def test_a_battery_that_cannot_be_asked_is_a_gap(problem: Any) -> None:
    found = look([PowerStatus(ac=1, flag=1, percent=50)], [Battery(problem=problem)])
    assert found[0].cycles is None
    assert Gap(what="battery cycles", outcome=problem) in found


def test_a_system_without_the_log_has_unknown_suspends() -> None:
    assert look([PowerStatus(ac=1, flag=128)], (), Missing("no log"))[0].suspends is None


def test_a_log_that_was_not_searched_to_its_end_leaves_suspends_unknown() -> None:
    found = look([PowerStatus(ac=1, flag=128)], (), [EventRecord(number=42, at=NOW), EventRecord(cut=True)])
    assert found[0].suspends is None
    assert [it.outcome for it in found if "suspends" in getattr(it, "what", "")] == ["broken"]


@pytest.mark.parametrize(("percent", "charge"), [(0, 0), (4, 0), (5, 10), (94, 90), (95, 100), (100, 100), (255, None)])
def test_charge_is_rounded_to_ten(percent: int, charge: int | None) -> None:
    assert power.charge_of(PowerStatus(percent=percent)) == charge
