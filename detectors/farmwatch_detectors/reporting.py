"""How an agent reports, as agent integrity asks: odd events, usual hours, its clock, what it may see."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.agent import AgentHealth, SpoolReset, StoppedProbe
from farmwatch_schema.observables.host import HostFacts

from .view import DeviceView, ReportEvent, Reporting

#: How long what was odd about reports is evidence that is there, and not evidence that is gone.
RECENT = timedelta(days=30)

#: How far back hours in which reports were made are looked at: as far as they are kept.
HEARD = timedelta(days=14)

#: How long after an update of the system a sensor that lost its permission lost it by that, as far as anyone knows.
UPDATED = timedelta(days=45)

#: Reports in a row with an uptime that stands still, from which that is told: three can be no accident of one second
#: (two passes within it are), twelve are three hours of the agent's rhythm.
STUCK = (3, 12)

#: An hour of the day is usual when reports were made in it on this share of the days with any.
USUAL = 0.6
#: Fewer days than this say nothing of what is usual.
LEAST_DAYS = 6
#: Hours without a report that a meeting, a meal or a drive does not explain, and those after which it is a day off.
SHORTEST, LONGEST = 3, 10

#: Sections that tell who drives a laptop and with what; others lose their permission without anybody's gain.
WATCHED = ("usb", "displays", "input_source", "processes", "sockets", "sessions", "network")

#: Seconds from which a jump is none of a clock that runs badly, and those that time zones differ by.
JUMP, ZONE = 600, 900
#: The agent tells offsets rounded to 10 s, twice: both ends of a jump.
ROUNDED = 20
#: A clock further off than a day was not set by hand: its battery is flat.
FLAT = 86_400


def recent_events(device: DeviceView, *kinds: str) -> list[ReportEvent]:
    """Returns the events of these kinds that are recent, newest first."""
    events = device.reporting.events if device.reporting else ()
    return [each for each in events if each.kind in kinds and device.now - each.last_at < RECENT]


def quiet_gaps(reporting: Reporting) -> list[tuple[datetime, datetime]]:
    """Returns when no report was made within usual hours although one was before and after: from, until.

    All hours of a gap are usual ones, so that nights, weekends and holidays are none. Looked at from the latest
    report, not from now: a laptop that is put away gets no new gaps by that.
    """
    latest = int(reporting.last_at.timestamp()) // 3600
    heard = {hour for hour in reporting.heard if latest - hour < HEARD.days * 24}
    days = {hour // 24 for hour in heard}
    if len(days) < LEAST_DAYS:
        return []
    usual = {at for at in range(24) if sum(hour % 24 == at for hour in heard) >= USUAL * len(days)}
    gaps: list[tuple[datetime, datetime]] = []
    for before, after in pairwise(sorted(heard)):
        silent = range(before + 1, after)
        if SHORTEST <= len(silent) <= LONGEST and all(hour % 24 in usual for hour in silent):
            gaps.append((_hour(before + 1), _hour(after)))
    return gaps


def quiet_days(device: DeviceView) -> int:
    """Returns on how many of the last 14 days there was such a gap."""
    gaps = quiet_gaps(device.reporting) if device.reporting else []
    return len({begun.date() for begun, until in gaps if device.now - until < HEARD})


def no_more_permitted(device: DeviceView) -> list[str]:
    """Returns the watched kinds that were looked at before and may not be now.

    None near an update of the system, which takes permissions by itself, or while that is not known.
    """
    known = {_system(item) for item in device.of("host", HostFacts)}
    updated = any(
        span.seen_until is not None and device.now - span.seen_until < UPDATED and _system(span.item) not in known
        for span in device.spans("host")
        if isinstance(span.item, HostFacts)
    )
    return [] if updated or not known else [kind for kind in WATCHED if _refused(device, kind)]


def stopped_probes(device: DeviceView) -> list[str]:
    """Returns the watched kinds whose probe was stopped after repeated failure."""
    return sorted({each.kind for each in device.of("agent", StoppedProbe)} & set(WATCHED))


def lost_reports(device: DeviceView) -> ReportEvent | None:
    """Returns the latest numbers that never came; an agent that says itself that its spool was reset explains them."""
    section = device.section("agent")
    if section is None or not section.looked or device.of("agent", SpoolReset):
        return None
    return next(iter(recent_events(device, "gap")), None)


def clock_jumps(device: DeviceView) -> list[tuple[datetime, int]]:
    """Returns when the clock's offset (collector minus laptop, seconds) changed by more than drift, and by how much.

    Of the last 14 days, and only what somebody may have set: no whole time zones, no flat battery.
    """
    told = sorted(
        (span.seen_from, span.item.clock_offset)
        for span in device.spans("agent")
        if isinstance(span.item, AgentHealth) and span.item.clock_offset is not None
    )
    return [
        (at, now - before)
        for (_, before), (at, now) in pairwise(told)
        if device.now - at < HEARD and abs(now - before) >= JUMP and not _explained(now - before)
    ]


def reporting_ends(device: DeviceView) -> Iterator[datetime]:
    """Yields when what is odd about a device's reports grows old by itself."""
    if device.reporting is None:
        return
    for event in device.reporting.events:
        yield event.last_at + RECENT
    for _, until in quiet_gaps(device.reporting):
        yield until + HEARD
    for span in device.spans("agent"):
        yield span.seen_from + HEARD  # a clock that was set
    for span in device.spans("host"):
        if span.seen_until is not None:
            yield span.seen_until + UPDATED  # what the system was before an update


def _hour(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def _system(host: Observable) -> tuple[str, str, str]:
    return (host.os, host.os_version, host.kernel) if isinstance(host, HostFacts) else ("", "", "")


def _refused(device: DeviceView, kind: str) -> bool:
    section = device.section(kind)
    return section is not None and section.outcome == "not_permitted" and any(device.spans(kind))


def _explained(seconds: int) -> bool:
    off = abs(seconds) % ZONE
    return abs(seconds) > FLAT or min(off, ZONE - off) <= ROUNDED
