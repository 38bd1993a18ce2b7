"""The order in which members joined a farm: a curve over time, and the same as a table."""

from datetime import UTC, date, datetime

import msgspec

from ..farms.types import Farm, FarmMember
from .farm_view import names_of

#: Days in the table; older ones are counted.
MOST_DAYS = 60
#: Names in a row.
MOST_NAMES = 8


class JoinDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which members joined: devices with their names, how many more, the total then, their cohorts."""

    day: date
    devices: tuple[tuple[str, str], ...]
    more: int
    came: int
    total: int
    cohorts: str
    starts: str


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """The curve as path data on a square of 100, its ends in words, the newest days, and how many older ones.

    unknown  members of whom it is not known when they joined
    """

    path: str
    first: date | None
    last: date | None
    most: int
    days: tuple[JoinDay, ...]
    more_days: int
    unknown: int


def joining(farm: Farm, now: datetime) -> Joining:
    """Returns when members joined, those among them who left."""
    known = [(each.member.joined_at.astimezone(UTC), each) for each in farm.members if each.member.joined_at]
    known.sort(key=lambda pair: (pair[0], pair[1].member.device))
    names = names_of(farm)
    days: dict[date, list[FarmMember]] = {}
    for at, each in known:
        days.setdefault(at.date(), []).append(each)
    rows: list[JoinDay] = []
    total = 0
    for day, group in days.items():
        total += len(group)
        cohorts = sorted({each.member.cohort for each in group if each.member.cohort})
        starts = sorted({each.member.start_on for each in group if each.member.start_on})
        rows.append(
            JoinDay(
                day=day,
                devices=tuple((each.member.device, names[each.member.device]) for each in group[:MOST_NAMES]),
                more=max(0, len(group) - MOST_NAMES),
                came=len(group),
                total=total,
                cohorts=", ".join(cohorts[:4]),
                starts=_spread(starts),
            )
        )
    return Joining(
        path=_curve(rows, now.astimezone(UTC).date()),
        first=rows[0].day if rows else None,
        last=rows[-1].day if rows else None,
        most=total,
        days=tuple(reversed(rows[-MOST_DAYS:])),
        more_days=max(0, len(rows) - MOST_DAYS),
        unknown=len(farm.members) - len(known),
    )


def _spread(starts: list[date]) -> str:
    if not starts:
        return ""
    return str(starts[0]) if starts[0] == starts[-1] else f"{starts[0]} to {starts[-1]}"


def _curve(rows: list[JoinDay], today: date) -> str:
    """Returns a staircase from the first day to today, from the lower left corner."""
    if not rows:
        return ""
    begin, most = rows[0].day, rows[-1].total
    length = max(1, (max(today, rows[-1].day) - begin).days)
    steps = (
        f"H{round(100 * (row.day - begin).days / length, 2):g}V{round(100 - 100 * row.total / most, 2):g}"
        for row in rows
    )
    return "".join(["M0 100", *steps, "H100"])
