"""An agent that is kept from seeing or telling, against sleep, holidays, updates and full disks."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_detectors import silenced
from farmwatch_detectors.reporting import quiet_gaps
from farmwatch_detectors.view import DeviceView, ReportEvent, Reporting, SectionView, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.agent import AgentHealth, SpoolReset, StoppedProbe
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import Outcome

from .views import NOW, view

MAC = HostFacts(os="macOS", os_version="15.1", kernel="24.1.0")
BEFORE = HostFacts(os="macOS", os_version="14.7", kernel="23.6.0")
MOUSE = UsbDevice(vendor_id="046d", product_id="c077", port_path="1-1")
HEALTH = AgentHealth(rights="root")
WORK = range(8, 18)


def heard(days: Iterable[Iterable[int]]) -> tuple[int, ...]:
    """Hours in which reports were made: per day back from yesterday, hours of that day in UTC."""
    found: list[int] = []
    for back, hours in enumerate(days, start=1):
        midnight = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) - timedelta(days=back)
        found += [int(midnight.timestamp()) // 3600 + hour for hour in hours]
    return tuple(sorted(found))


def device(
    *,
    usb: Outcome = "found",
    hosts: Sequence[HostFacts] = (MAC,),
    updated: float = 3,
    agent: tuple[AgentHealth | StoppedProbe | SpoolReset, ...] = (HEALTH,),
    events: tuple[ReportEvent, ...] = (),
    hours: tuple[int, ...] = (),
) -> DeviceView:
    """A laptop whose mouse was seen before; `updated` days ago its system became the last of `hosts`."""
    begun, then = NOW - timedelta(days=200), NOW - timedelta(days=updated)
    host_spans = [
        Span(kind="host", item=item, seen_from=begun if item is hosts[0] else then,
             seen_until=None if item is hosts[-1] else then, from_start=item is hosts[0])
        for item in hosts
    ]  # fmt: skip
    made = view(
        host=hosts[-1:],
        agent=agent,
        history={
            "host": tuple(host_spans),
            "usb": (Span(kind="usb", item=MOUSE, seen_from=begun, from_start=True),),
        },
    )
    sections = dict(made.sections)
    sections["usb"] = SectionView(kind="usb", outcome=usb, observed_at=NOW, items=(MOUSE,) if usb == "found" else ())
    last = datetime.fromtimestamp(max(hours) * 3600, UTC) if hours else NOW
    reporting = Reporting(last_at=last, heard=hours, events=events)
    return msgspec.structs.replace(made, sections=sections, reporting=reporting)


def gap(days_ago: float = 2) -> ReportEvent:
    at = NOW - timedelta(days=days_ago)
    return ReportEvent(kind="gap", count=1, detail="40 to 61 never came", first_at=at, last_at=at)


def found(device: DeviceView) -> list[Finding]:
    return list(silenced.detect(device))


QUIET = [*WORK][:2] + [*WORK][6:]  # reports from 8 to 10 and from 14 to 18, none between
IRREGULAR = heard([WORK, QUIET, WORK, QUIET, WORK, WORK, QUIET, WORK, WORK, WORK])


def test_hit_a_permission_that_was_taken() -> None:
    (finding,) = found(device(usb="not_permitted"))
    assert finding.level == 1
    assert finding.evidence[0].fact == "No permission any more to look at usb."


def test_hit_a_probe_that_was_stopped() -> None:
    stopped = StoppedProbe(kind="sessions", reason="took too long", until="2026-11-21T12:00:00Z")
    (finding,) = found(device(agent=(HEALTH, stopped)))
    assert "sessions" in finding.evidence[0].fact


def test_hit_reports_that_were_numbered_and_never_came() -> None:
    (finding,) = found(device(events=(gap(),)))
    assert "40 to 61 never came" in finding.evidence[0].fact


def test_hit_quiet_amid_usual_hours_on_three_days() -> None:
    (finding,) = found(device(hours=IRREGULAR))
    assert (finding.level, "on 3 of 14 days" in finding.evidence[0].fact) == (1, True)


def test_hit_two_ways_together_are_level_two() -> None:
    (finding,) = found(device(hours=IRREGULAR, events=(gap(),)))
    assert (finding.level, len(finding.evidence)) == (2, 2)


def test_miss_quiet_hours_on_two_days_only() -> None:
    assert found(device(hours=heard([WORK, QUIET, WORK, QUIET, WORK, WORK, WORK]))) == []


def test_miss_an_agent_that_never_had_the_permission() -> None:
    never = device(usb="not_permitted")
    history = {"host": never.history["host"]}
    assert found(msgspec.structs.replace(never, history=history)) == []


def test_honest_twin_a_permission_lost_by_a_system_update_is_unknown_and_not_guilty() -> None:
    # Trap 15 of the catalogue of signals: macOS 14 and later, Windows 24H2.
    assert found(device(usb="not_permitted", hosts=(BEFORE, MAC), updated=3)) == []
    assert len(found(device(usb="not_permitted", hosts=(BEFORE, MAC), updated=60))) == 1


@pytest.mark.parametrize(
    "days",
    [
        [WORK] * 10,
        [[], [], *[WORK] * 5, [], [], *[WORK] * 3],
        [*[[]] * 6, *[WORK] * 7],
        [[*range(8, 11), *range(16, 18)]] * 10,
        [range(24)] * 10,
        [range(8, 18), range(10), range(10), *[WORK] * 7],
        [[8, 9, 10, 13, 14, 15, 16, 17]] * 2 + [WORK] * 8,
    ],
    ids=["office hours", "weekends", "holiday", "closed each afternoon", "always on", "travel", "long lunches"],
)
def test_honest_twin_sleep_weekends_holidays_and_travel(days: list[Iterable[int]]) -> None:
    assert found(device(hours=heard(days))) == []


def test_honest_twin_a_damaged_spool_explains_what_never_came() -> None:
    reset = SpoolReset(reset_at="2026-11-18T12:00:00Z", first_lost=40, last_lost=61)
    assert found(device(agent=(HEALTH, reset), events=(gap(),))) == []


def test_honest_twin_a_laptop_put_away_after_irregular_days_is_forgotten_in_time() -> None:
    later = msgspec.structs.replace(device(hours=IRREGULAR), now=NOW + timedelta(days=13))
    assert found(later) == []


@pytest.mark.parametrize("outcome", ["not_supported", "broken"])
def test_honest_twin_a_source_that_failed_or_was_turned_off_is_no_permission_taken(outcome: Outcome) -> None:
    assert found(device(usb=outcome)) == []


def test_could_not_look_at_the_system_leaves_open_whether_it_was_updated() -> None:
    blind = device(usb="not_permitted")
    sections = dict(blind.sections)
    sections["host"] = SectionView(kind="host", outcome="not_permitted", observed_at=NOW)
    assert found(msgspec.structs.replace(blind, sections=sections)) == []


def test_could_not_look_at_the_agent_leaves_open_whether_its_spool_was_reset() -> None:
    blind = device(events=(gap(),))
    sections = dict(blind.sections)
    sections["agent"] = SectionView(kind="agent", outcome="broken", observed_at=NOW)
    assert found(msgspec.structs.replace(blind, sections=sections)) == []


def test_a_gap_has_its_begin_and_end() -> None:
    gaps = quiet_gaps(Reporting(last_at=NOW, heard=IRREGULAR))
    assert [(begun.hour, until.hour) for begun, until in gaps] == [(10, 14)] * 3
