"""What the detectors of agent integrity share: recent events, and gaps in a device's usual hours."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

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
