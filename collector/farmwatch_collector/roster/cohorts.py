"""Questions by the week in which people joined: a farm's people are often hired in a row, by one recruiter.

One question is chance; many in one week are worth a look at what those people have in common. Counted are people, not
laptops, and never `phone_country`: a week in which a new country's office opens is no spike.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from farmwatch_detectors.policy import RosterEntry

UNCOUNTED = frozenset({"phone_country"})
#: Fewer people of a week say nothing, nor do fewer of them with a question, nor too few others to compare with.
LEAST_JOINED = 5
LEAST_ASKED = 3
LEAST_OTHERS = 20
#: Chance of any false spike in the whole table: each week's limit is this, over the number of weeks looked at.
FALSE_SPIKES = 0.05


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """People who joined in one week.

    begins    Monday
    joined    people; `asked` of them have a question
    expected  people with a question, at the rate of all other weeks
    chance    probability of so many or more at that rate; None where numbers are too small
    spike     that is less than chance explains
    kinds     of question, with how many people
    """

    begins: date
    joined: int
    asked: int
    expected: float
    chance: float | None
    spike: bool
    kinds: dict[str, int]


def weeks_of(entries: Iterable[RosterEntry]) -> tuple[list[Week], int]:
    """Returns the weeks in which anybody joined, oldest first, and how many people's first day is not known."""
    people: dict[str, tuple[date | None, frozenset[str]]] = {}
    for entry in entries:
        start, kinds = people.get(entry.person, (None, frozenset[str]()))
        asked = kinds | {each.kind for each in entry.questions if each.kind not in UNCOUNTED}
        days = [day for day in (start, entry.start_on) if day is not None]
        people[entry.person] = (min(days, default=None), asked)
    by_week: dict[date, list[frozenset[str]]] = defaultdict(list)
    unknown = 0
    for start, kinds in people.values():
        if start is None:
            unknown += 1
        else:
            by_week[start - timedelta(days=start.weekday())].append(kinds)
    joined = sum(len(members) for members in by_week.values())
    with_question = sum(bool(kinds) for members in by_week.values() for kinds in members)
    judged = sum(_enough(len(members), joined) for members in by_week.values())
    return [_week(begins, by_week[begins], joined, with_question, judged) for begins in sorted(by_week)], unknown


def _enough(mine: int, joined: int) -> bool:
    return mine >= LEAST_JOINED and joined - mine >= LEAST_OTHERS


def _week(begins: date, members: list[frozenset[str]], joined: int, asked: int, judged: int) -> Week:
    mine, with_question = len(members), sum(bool(kinds) for kinds in members)
    # The rate of the others, so that a spike does not explain itself; half a person keeps it from 0 and 1.
    rate = (asked - with_question + 0.5) / (joined - mine + 1)
    chance = tail(mine, with_question, rate) if _enough(mine, joined) else None
    kinds: dict[str, int] = defaultdict(int)
    for each in members:
        for kind in each:
            kinds[kind] += 1
    return Week(
        begins=begins,
        joined=mine,
        asked=with_question,
        expected=round(mine * rate, 2),
        chance=chance,
        spike=chance is not None and with_question >= LEAST_ASKED and chance < FALSE_SPIKES / judged,
        kinds=dict(sorted(kinds.items())),
    )


def tail(trials: int, least: int, rate: float) -> float:
    """Returns the binomial probability of `least` or more of `trials`."""
    if least <= 0:
        return 1.0
    logs = [
        math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
        + hits * math.log(rate) + (trials - hits) * math.log1p(-rate)
        for hits in range(least, trials + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(math.exp(each) for each in logs))
