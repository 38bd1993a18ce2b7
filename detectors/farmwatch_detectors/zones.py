"""Offsets of time zones by name, from the system's own time-zone data: a table, and no clock."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from farmwatch_schema.observables.host import HostFacts

from .view import DeviceView


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
