"""Offsets of time zones by name, from the system's own time-zone data: a table, and no clock."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from farmwatch_schema.observables.host import HostFacts

from .view import DeviceView

#: Zones follow borders, not meridians: China's is three hours off in its west, Spain's two in summer.
_SLACK, _MINUTES_PER_DEGREE = 180, 4
#: Servers' habit, and engineers': it names no place.
_UNIVERSAL = ("utc", "gmt", "uct", "zulu", "universal", "greenwich")


def offset_minutes(zone: str, day: date) -> int | None:
    """Returns how far a zone's clocks are ahead of UTC at noon of a day, minutes; None for a zone nobody knows."""
    if not zone:
        return None
    try:
        offset = datetime.combine(day, time(12), tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    return None if offset is None else int(offset.total_seconds()) // 60


def told_offset(device: DeviceView) -> int | None:
    """Returns what the laptop itself says of its clock's offset now, minutes; None when it does not."""
    offsets = (facts.utc_offset_minutes for facts in device.of("host", HostFacts))
    return next((offset for offset in offsets if offset is not None), None)


def clock_apart(device: DeviceView, facts: HostFacts, day: date) -> int:
    """Returns how far a clock is off the claimed place's on a day, minutes; 0 where either is not told, or is UTC."""
    own, entry = facts.utc_offset_minutes, device.roster
    if own is None or entry is None or facts.time_zone.rpartition("/")[2].casefold() in _UNIVERSAL:
        return 0
    claimed = offset_minutes(entry.time_zone, day)
    if claimed is not None:
        return abs(own - claimed)
    if entry.claim is None:
        return 0
    return max(0, abs(own - round(entry.claim.longitude * _MINUTES_PER_DEGREE)) - _SLACK)


def apart_since(device: DeviceView, least: int) -> datetime:
    """Returns from when on the clocks have been `least` minutes apart without a break; now where nobody kept count."""
    since: datetime | None = None
    for span in sorted(device.spans("host"), key=lambda span: span.seen_from):
        if isinstance(span.item, HostFacts):
            agrees = clock_apart(device, span.item, span.seen_from.date()) < least
            since = None if agrees else since or span.seen_from
    return since or device.now
