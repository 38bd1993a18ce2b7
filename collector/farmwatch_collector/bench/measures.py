"""From outcomes to figures. Pure: the same outcomes give the same figures, in any order of samples."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from ..score import L0, REVIEW_BITS, probability_of
from .bars import (
    ALONE,
    CALIBRATION,
    ENOUGH_DAYS,
    FALSE_FLAGS,
    FALSE_FLAGS_GOAL,
    PRECISION_AT_20,
    RECALL,
    REPORTED,
    Bar,
)
from .outcomes import Outcome
from .results import (
    Bin,
    Calibration,
    Delay,
    FacetRate,
    FalseFlags,
    Missed,
    Precision,
    Rate,
    Trap,
)
from .stats import poisson_interval, quantile, wilson

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

#: Innocent by intent and an IP-KVM by every fact: review as a question is right, so it is counted by itself.
OWN_KVM = "pikvm_unregistered"

#: Hours at which the curve of what was found is told.
CURVE = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 36.0, 48.0, 72.0, 96.0, 120.0, 168.0, 240.0, 336.0)

#: Hours that a device must be watched: a day is enough where a bar gives more, because it is found sooner or is missed;
#: what takes its time and is held to no bar needs all of that time.
_LEAST_WATCHED = {bar.kind: min(bar.hours, 24.0) for bar in (*RECALL, *ALONE)} | {
    bar.kind: bar.hours for bar in REPORTED
}

DRAWS = 500
EDGES = (0.0, 0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 1.0)


def rate(name: str, words: str, n: int, hits: int, bar: Bar | None = None) -> Rate:
    """Returns a share with its interval, held against a bar where there is one and any device."""
    low, high = wilson(hits, n)
    share = hits / n if n else 0.0
    return Rate(
        name=name,
        words=words,
        n=n,
        hits=hits,
        share=share,
        low=low,
        high=high,
        hours=bar.hours if bar else None,
        bar=bar.bar if bar else None,
        goal=bar.goal if bar else None,
        met=share >= bar.bar - 1e-9 if bar and bar.bar is not None and n else None,
    )


def found(outcome: Outcome, bar: Bar) -> bool:
    """Returns whether a device was found as its class must be, in time."""
    if bar.how == "review":
        return in_time(outcome, outcome.review_at, bar.hours)
    group = {"network": "N", "integrity": "A"}.get(bar.how, "R")
    name = outcome.label.facets.get("software", "") if bar.how == "named tool" else ""
    return any(
        stated.group == group
        and stated.level >= (1 if bar.how == "integrity" else 2)
        # Ids of the catalogue have hyphens, facets are words of a scenario.
        and (not name or stated.subject.replace("-", "_") == name)
        and in_time(outcome, stated.at, bar.hours)
        for stated in outcome.stated
    )


def in_time(outcome: Outcome, at: datetime | None, hours: float) -> bool:
    """Returns whether a moment lies within so many hours of the first report with the scenario active."""
    return at is not None and outcome.active_at is not None and at - outcome.active_at <= hours * HOUR


def of_kind(outcomes: Iterable[Outcome], kind: str, *, hindered: bool = False) -> list[Outcome]:
    """Returns the devices of one class whose scenario became active while they were watched, and for long enough.

    hindered  those whose agent lacks a permission; the others when not. What may not be looked at cannot be found,
              so they are told by themselves.
    """
    return [
        each for each in outcomes if each.label.kind == kind and was_watched(each) and is_hindered(each) == hindered
    ]


def was_watched(outcome: Outcome) -> bool:
    """Returns whether a device was looked at for long enough to be called missed: a sample that ends hours after the
    onset says nothing of it, whether it was found by then or not."""
    if outcome.active_at is None:
        return False
    end = outcome.first_at + outcome.days * DAY
    return end - outcome.active_at >= _LEAST_WATCHED.get(outcome.label.kind, 0.0) * HOUR


def is_hindered(outcome: Outcome) -> bool:
    """Returns whether a device's agent lacks a permission."""
    return outcome.label.facets.get("missing", "none") not in ("", "none")


def recalls(outcomes: Sequence[Outcome], bars: Sequence[Bar]) -> tuple[Rate, ...]:
    """Returns how many of each class were found in time."""
    return tuple(
        rate(bar.kind, bar.words, len(mine), sum(found(each, bar) for each in mine), bar)
        for bar in bars
        for mine in [of_kind(outcomes, bar.kind)]
    )


def hindered_recalls(outcomes: Sequence[Outcome]) -> tuple[Rate, ...]:
    """Returns the recall of devices whose agent lacks one permission, by class and permission; held to no bar."""
    made: list[Rate] = []
    for bar in (*RECALL, *ALONE, *REPORTED):
        mine = of_kind(outcomes, bar.kind, hindered=True)
        for missing in sorted({each.label.facets["missing"] for each in mine}):
            some = [each for each in mine if each.label.facets["missing"] == missing]
            hits = sum(found(each, bar) for each in some)
            made.append(rate(f"{bar.kind} without {missing}", bar.words, len(some), hits))
    return tuple(made)


def facet_rates(outcomes: Sequence[Outcome]) -> tuple[FacetRate, ...]:
    """Returns the recall of each class by each facet's values, lowest share first within a facet."""
    made: list[FacetRate] = []
    for bar in (*RECALL, *ALONE, *REPORTED):
        mine = of_kind(outcomes, bar.kind)
        for facet in sorted({name for each in mine for name in each.label.facets} - {"missing"}):
            rows: list[FacetRate] = []
            for value in sorted({each.label.facets.get(facet, "") for each in mine}):
                some = [each for each in mine if each.label.facets.get(facet, "") == value]
                one = rate(value, bar.words, len(some), sum(found(each, bar) for each in some), bar)
                rows.append(FacetRate(kind=bar.kind, facet=facet, value=value, rate=one))
            made += sorted(rows, key=lambda row: (row.rate.share, row.value))
    return tuple(made)


def missed(outcomes: Sequence[Outcome]) -> tuple[Missed, ...]:
    """Returns what was not found in time, by composition, most devices first."""
    made: list[Missed] = []
    for bar in (*RECALL, *ALONE, *REPORTED):
        groups: dict[tuple[tuple[str, str], ...], list[Outcome]] = {}
        for each in of_kind(outcomes, bar.kind):
            if not found(each, bar):
                groups.setdefault(tuple(sorted(each.label.facets.items())), []).append(each)
        rows = [
            Missed(kind=bar.kind, facets=dict(facets), devices=len(some), best_points=max(each.points for each in some))
            for facets, some in groups.items()
        ]
        made += sorted(rows, key=lambda row: (-row.devices, sorted(row.facets.items())))
    return tuple(made)


def innocent(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Returns the devices that nobody drives from afar, unregistered KVMs of one's own left out."""
    return [each for each in outcomes if not each.label.farm and OWN_KVM not in traps_of(each)]


def false_flags(outcomes: Sequence[Outcome]) -> FalseFlags:
    """Returns new cases of innocent devices per 1,000 devices and day."""
    mine = innocent(outcomes)
    days = sum(each.days for each in mine)
    cases = sum(len(each.cases) for each in mine)
    low, high = (bound / days * 1000 if days else 0.0 for bound in poisson_interval(cases))
    # With few days the interval is wide by itself: then only a miss that is beyond doubt is told.
    met = high <= FALSE_FLAGS if days >= ENOUGH_DAYS else (False if low > FALSE_FLAGS else None)
    own = [each for each in outcomes if not each.label.farm and OWN_KVM in traps_of(each)]
    names = sorted({name for each in mine for name in traps_of(each)})
    traps = [_trap(name, [each for each in mine if name in traps_of(each)]) for name in names]
    return FalseFlags(
        devices=len(mine),
        device_days=days,
        cases=cases,
        first_day=sum(1 for each in mine for case in each.cases if case.at - each.first_at <= DAY),
        per_1000=cases / days * 1000 if days else 0.0,
        low=low,
        high=high,
        bar=FALSE_FLAGS,
        goal=FALSE_FLAGS_GOAL,
        met=met,
        traps=tuple(sorted(traps, key=lambda trap: (-trap.cases, -trap.watch, trap.name))),
        own_kvm=_trap(OWN_KVM, own) if own else None,
    )


def traps_of(outcome: Outcome) -> list[str]:
    """Returns what is odd about an innocent device, each by itself: people have more than one habit."""
    return (outcome.label.facets.get("trap") or "ordinary").split("+")


def _trap(name: str, mine: Sequence[Outcome]) -> Trap:
    days = sum(each.days for each in mine)
    cases = sum(len(each.cases) for each in mine)
    low, high = (bound / days * 1000 if days else 0.0 for bound in poisson_interval(cases))
    said = Counter(f"{stated.detector} {stated.level}" for each in mine if each.cases for stated in each.stated)
    return Trap(
        name=name,
        devices=len(mine),
        device_days=days,
        cases=cases,
        flagged=sum(1 for each in mine if each.cases),
        watch=sum(1 for each in mine if each.attention == "watch"),
        per_1000=cases / days * 1000 if days else 0.0,
        low=low,
        high=high,
        detectors=tuple(f"{text} ({count})" for text, count in sorted(said.items(), key=lambda it: (-it[1], it[0]))),
    )


def driven(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Returns the farm devices of the classes that must reach review, whose agents may look at everything."""
    outcomes = list(outcomes)
    return [each for bar in RECALL for each in of_kind(outcomes, bar.kind) if each.label.farm]


def precision(outcomes: Sequence[Outcome], k: int = 20, farms: int = 20, seed: int = 20) -> Precision | None:
    """Returns how many of the `k` highest at the end are farms, when `farms` of them hide among all innocent ones.

    Drawn again and again with fixed dice; None with too few devices.
    """
    mine, others = driven(outcomes), [each for each in outcomes if not each.label.farm]
    if len(mine) < farms or len(others) < k:
        return None
    dice = random.Random(seed)  # noqa: S311 - draws that can be made again, nothing secret
    ordered = sorted(mine, key=_identity)
    best = sorted((_bits(each) for each in others), reverse=True)[:k]
    shares: list[float] = []
    for _ in range(DRAWS):
        drawn = [_bits(each) for each in dice.sample(ordered, farms)]
        # Of equal figures the innocent one comes first: no farm is found by a tie.
        top = sorted([(bits, 0) for bits in drawn] + [(bits, 1) for bits in best], reverse=True)[:k]
        shares.append(sum(1 for _, other in top if not other) / k)
    shares.sort()
    mean = sum(shares) / DRAWS
    return Precision(
        k=k,
        farms=farms,
        fleet=len(others),
        draws=DRAWS,
        mean=mean,
        low=shares[int(0.025 * DRAWS)],
        high=shares[int(0.975 * DRAWS) - 1],
        bar=PRECISION_AT_20,
        met=mean >= PRECISION_AT_20,
    )


def _identity(outcome: Outcome) -> tuple[str, str]:
    return outcome.sample, outcome.label.device


def _bits(outcome: Outcome) -> float:
    """A device's log-odds at its end as if its prior were the base rate: figures of all cohorts can be compared."""
    bits = L0 + outcome.evidence_bits
    return max(bits, REVIEW_BITS) if outcome.floor else bits


def delays(outcomes: Sequence[Outcome]) -> tuple[Delay, ...]:
    """Returns how long each class took to reach review."""
    made: list[Delay] = []
    for bar in RECALL:
        mine = of_kind(outcomes, bar.kind)
        hours = [
            (each.review_at - each.active_at) / HOUR if each.review_at and each.active_at else math.inf for each in mine
        ]
        if mine:
            made.append(
                Delay(
                    kind=bar.kind,
                    n=len(mine),
                    found=sum(1 for hour in hours if not math.isinf(hour)),
                    median=quantile(hours, 0.5),
                    p90=quantile(hours, 0.9),
                    curve=tuple((at, sum(1 for hour in hours if hour <= at) / len(mine)) for at in CURVE),
                )
            )
    return tuple(made)


def calibration(outcomes: Sequence[Outcome]) -> Calibration | None:
    """Returns whether probabilities mean what they say, at a base rate of 1 in 10,000; None without both sorts."""
    farms, others = driven(outcomes), innocent(outcomes)
    if not farms or not others:
        return None
    base = probability_of(L0)
    weighted = [(probability_of(_bits(each)), base / len(farms), True) for each in farms]
    weighted += [(probability_of(_bits(each)), (1 - base) / len(others), False) for each in others]
    expected = math.fsum(p * weight for p, weight, _ in weighted)
    loss = -math.fsum(weight * math.log2(p if farm else 1 - p) for p, weight, farm in weighted)
    low, high = CALIBRATION
    return Calibration(
        expected=expected * 10_000,
        observed=base * 10_000,
        ratio=expected / base,
        met=low <= expected / base <= high,
        log_loss=loss,
        base_log_loss=-(base * math.log2(base) + (1 - base) * math.log2(1 - base)),
        bins=tuple(_bins(weighted)),
    )


def _bins(weighted: Sequence[tuple[float, float, bool]]) -> Iterable[Bin]:
    for low, high in pairwise(EDGES):
        mine = [each for each in weighted if low <= each[0] < high or (high == EDGES[-1] and each[0] >= high)]
        total = math.fsum(weight for _, weight, _ in mine)
        if total:
            yield Bin(
                low=low,
                high=high,
                farms=sum(1 for *_, farm in mine if farm),
                others=sum(1 for *_, farm in mine if not farm),
                stated=math.fsum(p * weight for p, weight, _ in mine) / total,
                observed=math.fsum(weight for _, weight, farm in mine if farm) / total,
            )
