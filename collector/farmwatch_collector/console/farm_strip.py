"""The simultaneity strip: a row per member, the quarters of an hour (UTC) in which its laptop had input.

Server-made: each row's path is drawn in its own units, one a quarter of an hour, and stretched to the track's width.
Members whose activity fits another's stand together.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from farmwatch_detectors.view import Rhythm

from ..farms.source import Activity
from ..farms.types import Farm
from .farm_view import current, names_of

#: Days that are asked for, and drawn side by side.
DAYS = 10
#: Members drawn; the others are counted.
MOST_ROWS = 60
MOST_RHYTHMS = 60
#: Quarters of an hour in a day.
QUARTERS = 96
_HOURS = 4
RHYTHM_WORDS = {"alternates": "one stops where the other starts", "together": "start and stop together"}
SOURCE_WORDS = {"input_source": "input", "sessions": "sessions and locks"}


class StripRow(msgspec.Struct, frozen=True, kw_only=True):
    """A member's row: what is drawn, and the same in figures.

    path     quarters with input, as SVG path data on a track of one unit's height
    unknown  the same of days that nobody watched
    hours    with input on the days shown; days watched
    """

    device: str
    name: str
    path: str
    unknown: str
    hours: float
    watched: int
    source: str


class RhythmRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of members, with the names of both."""

    rhythm: Rhythm
    name: str
    other: str
    words: str
    source: str


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """The strip of one day, or of the days side by side.

    days   drawn, oldest first
    ticks  hours or days below the track: place in percent, word
    width  of a row's path
    """

    days: tuple[date, ...]
    ticks: tuple[tuple[float, str], ...]
    width: int
    rows: tuple[StripRow, ...]
    more: int
    rhythms: tuple[RhythmRow, ...]
    more_rhythms: int


def wanted(farm: Farm) -> list[str]:
    """Returns the members to be drawn: those with a rhythm first, pair by pair, then by points."""
    held = {each.member.device: each.member for each in current(farm)}
    paired = [device for each in _by_p(farm) for device in (each.device, each.other) if device in held]
    rest = sorted(held.values(), key=lambda member: (-(member.points or 0), member.device))
    return list(dict.fromkeys([*paired, *(member.device for member in rest)]))[:MOST_ROWS]


def strip(farm: Farm, activity: Mapping[str, Activity], today: date, day: date | None) -> Strip:
    """Returns the strip.

    day  the one to draw alone; None for the last `DAYS`
    """
    days = (day,) if day is not None else tuple(today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1))
    names, devices = names_of(farm), wanted(farm)
    rows = tuple(_row(device, names[device], activity.get(device), days) for device in devices)
    rhythms = _by_p(farm)
    return Strip(
        days=days,
        ticks=_ticks(days),
        width=QUARTERS * len(days),
        rows=rows,
        more=len(current(farm)) - len(devices),
        rhythms=tuple(
            RhythmRow(
                rhythm=each,
                name=names.get(each.device) or each.device,
                other=names.get(each.other) or each.other,
                words=RHYTHM_WORDS.get(each.kind) or each.kind.replace("_", " "),
                source=SOURCE_WORDS.get(each.source) or each.source.replace("_", " "),
            )
            for each in rhythms[:MOST_RHYTHMS]
        ),
        more_rhythms=max(0, len(rhythms) - MOST_RHYTHMS),
    )


def _by_p(farm: Farm) -> list[Rhythm]:
    """Returns the pairs, the least likely by chance first, each once."""
    found: dict[tuple[str, ...], Rhythm] = {}
    for each in sorted(farm.facts.rhythms, key=lambda each: (each.p, each.device, each.other)):
        found.setdefault((*sorted((each.device, each.other)), each.kind), each)
    return list(found.values())


def _row(device: str, name: str, activity: Activity | None, days: Sequence[date]) -> StripRow:
    parts: list[str] = []
    unknown: list[str] = []
    quarters = watched = 0
    for place, day in enumerate(days):
        known = activity is not None and bool(activity.watched.get(day))
        watched += known
        if activity is None or not known:
            unknown.append(f"M{place * QUARTERS} 0h{QUARTERS}v1h-{QUARTERS}z")
            continue
        slots = activity.slots.get(day, 0)
        for start, length in runs(slots):
            parts.append(f"M{place * QUARTERS + start} 0h{length}v1h-{length}z")
            quarters += length
    return StripRow(
        device=device,
        name=name,
        path="".join(parts),
        unknown="".join(unknown),
        hours=quarters / _HOURS,
        watched=watched,
        source=SOURCE_WORDS.get(activity.source, activity.source) if activity is not None else "",
    )


def runs(slots: int) -> list[tuple[int, int]]:
    """Returns the first quarter and the length of each run of set bits of a day."""
    found: list[tuple[int, int]] = []
    for quarter in range(QUARTERS):
        if not slots >> quarter & 1:
            continue
        if found and sum(found[-1]) == quarter:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((quarter, 1))
    return found


def _ticks(days: Sequence[date]) -> tuple[tuple[float, str], ...]:
    if len(days) == 1:
        return tuple((round(100 * hour / 24, 3), f"{hour:02}") for hour in range(0, 24, 3))
    return tuple((round(100 * place / len(days), 3), day.strftime("%d %b")) for place, day in enumerate(days))
