"""The time zone's name and its offset from UTC, from the system's own files.

Layout: RFC 8536 (TZif); the rule after the last transition is POSIX TZ (IEEE 1003.1, 8.3). Parsed here because
the C library's answer follows the agent's environment and cannot be replayed.
"""

import struct
import time

_HEADER = struct.Struct(">4sc15x6l")
_ZONES = "zoneinfo/"


def name_of(link: str, timezone: str) -> str:
    """Returns the IANA name from /etc/localtime's target, else from /etc/timezone; "" when neither tells."""
    _, mark, name = link.partition(_ZONES)
    if mark:
        return name.removeprefix("posix/").removeprefix("right/")
    return timezone.split("\n", 1)[0].strip()


def offset_minutes(data: bytes, now: float) -> int | None:
    """Returns minutes east of UTC at `now`; None when the bytes are no time zone."""
    try:
        return _offset(data, int(now)) // 60
    except (struct.error, ValueError, IndexError, OverflowError):
        return None


def _offset(data: bytes, now: int) -> int:
    start, width = 0, 4
    magic, version, utc, std, leap, times, types, chars = _HEADER.unpack_from(data, 0)
    if magic != b"TZif":
        raise ValueError("no TZif")
    if version >= b"2":
        start = _HEADER.size + times * 5 + types * 6 + chars + leap * 8 + std + utc
        magic, version, utc, std, leap, times, types, chars = _HEADER.unpack_from(data, start)
        width = 8
    if magic != b"TZif" or min(utc, std, leap, times, chars) < 0 or types < 1 or times > len(data):
        raise ValueError("no TZif")
    start += _HEADER.size
    moments = struct.unpack_from(f">{times}{'q' if width == 8 else 'l'}", data, start)
    indexes = data[start + times * width : start + times * (width + 1)]
    kinds = start + times * (width + 1)
    footer_at = kinds + types * 6 + chars + leap * (width + 4) + std + utc
    footer = data[footer_at + 1 : footer_at + 200].partition(b"\n")[0].decode("ascii", "replace") if width == 8 else ""
    if footer and (not moments or now >= moments[-1]):
        return _by_rule(footer, now)
    index = next((indexes[i] for i in range(times - 1, -1, -1) if moments[i] <= now), 0)
    if index >= types:
        raise ValueError("index out of range")
    return int(struct.unpack_from(">l", data, kinds + index * 6)[0])


def _by_rule(rule: str, now: int) -> int:
    """Returns seconds east of UTC by a POSIX rule such as CET-1CEST,M3.5.0,M10.5.0/3."""
    names, *changes = rule.split(",")
    standard, rest = _name_and_offset(names)
    if not rest:
        return standard
    summer, _ = _name_and_offset(rest, standard + 3600)
    if len(changes) != 2:
        raise ValueError("a rule has two changes")
    year = time.gmtime(now + standard).tm_year
    begin = _change(changes[0], year) - standard
    end = _change(changes[1], year) - summer
    inside = begin <= now < end if begin < end else not end <= now < begin
    return summer if inside else standard


def _name_and_offset(text: str, default: int = 0) -> tuple[int, str]:
    """Returns seconds east of UTC and what follows, of a name with an optional offset west of it."""
    if text.startswith("<"):
        text = text.partition(">")[2]
    else:
        text = text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    end = next((i for i, char in enumerate(text) if char not in "+-:0123456789"), len(text))
    return (-_seconds(text[:end]) if end else default), text[end:]


def _seconds(text: str) -> int:
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(value * unit for value, unit in zip(parts, (3600, 60, 1), strict=False))
    return -total if text.startswith("-") else total


def _change(text: str, year: int) -> int:
    """Returns seconds since 1970, by local clock, of Mm.w.d[/time], Jn or n in a year."""
    day, _, clock = text.partition("/")
    seconds = _seconds(clock) if clock else 7200
    if day.startswith("M"):
        month, week, weekday = (int(part) for part in day[1:].split("."))
        if not (1 <= month <= 12 and 1 <= week <= 5 and 0 <= weekday <= 6):
            raise ValueError("no such day")
        first = _days(year, month)
        # 1 January 1970 was a Thursday, day 4 of a week that begins on Sunday.
        date = first + (weekday - (first + 4)) % 7 + 7 * (week - 1)
        while date >= (_days(year, month + 1) if month < 12 else _days(year + 1, 1)):
            date -= 7
    elif day.startswith("J"):
        number = int(day[1:])
        date = _days(year, 1) + number - 1 + (_is_leap(year) and number >= 60)
    else:
        date = _days(year, 1) + int(day)
    return date * 86400 + seconds


def _days(year: int, month: int) -> int:
    """Returns days from 1970 to the first of a month."""
    lengths = (31, 29 if _is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    past = year - 1
    return year * 365 - 719_527 + past // 4 - past // 100 + past // 400 + sum(lengths[: month - 1])


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
