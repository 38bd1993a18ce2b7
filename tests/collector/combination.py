"""A synthetic fleet in which detectors of one group share their innocent causes, and six ways of adding them up.

The model, for the question which combination to trust (the choice of one level per group rests on it):

- 13 detectors in 5 groups. On a clean laptop each group has an innocent cause (a dock, a help desk, a VPN) with a
  rate between 0.3 and 5 per cent; while it is there, each detector of the group fires with `COUPLED`. Without it a
  detector fires by itself with a rate of its own, between 1 in 5,000 and 1 in 300.
- On a farm's laptop each group has the guilty cause with a rate of its own, and its detectors fire with `SEEN`.
  The innocent causes are there too. Groups are independent of each other, given the kind of laptop.
- 1 laptop in 10,000 is a farm's.

Every figure below is exact: all 8,192 patterns are weighed by their probability, none is drawn. Only what a company
must learn is drawn, with a fixed seed: level tables from so many scenario farms and a fleet of clean laptops, and the
recalibration from so many labelled farms. All other ways are given the true rates.
"""

import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

import msgspec

from farmwatch_collector.score import BASE, group_levels, log_odds, probability_of, score_levels
from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import SilenceRow
from farmwatch_schema.finding import GROUPS, Finding, Group

from .scoring import ENROLLED, NOW, finding

SEED = 20261122
COUPLED, SEEN = 0.6, 0.85
CLEAN = 30_000  # laptops from which a company learns how often a level is seen on others

Pattern = tuple[tuple[bool, ...], ...]
Score = Callable[[Pattern], float]


class Kind(msgspec.Struct, frozen=True):
    """One group of the model: rates of its innocent and guilty causes, and what each detector fires by itself."""

    group: Group
    innocent: float
    guilty: float
    alone: tuple[float, ...]


MODEL = (
    Kind("H", 0.003, 0.65, (0.0002, 0.0005, 0.001)),
    Kind("R", 0.03, 0.70, (0.0005, 0.001, 0.003)),
    Kind("I", 0.01, 0.60, (0.001, 0.002)),
    Kind("N", 0.05, 0.75, (0.001, 0.003, 0.002)),
    Kind("F", 0.02, 0.70, (0.0005, 0.001)),
)


def _likelihood(kind: Kind, fired: Sequence[bool], farm: bool) -> float:
    """Returns the probability that this group shows exactly these detectors."""
    total = 0.0
    for guilty, innocent in product((True, False), repeat=2):
        if guilty and not farm:
            continue
        weight = (kind.guilty if guilty else 1 - kind.guilty) if farm else 1.0
        weight *= kind.innocent if innocent else 1 - kind.innocent
        for alone, is_fired in zip(kind.alone, fired, strict=True):
            silent = (1 - alone) * (1 - COUPLED if innocent else 1) * (1 - SEEN if guilty else 1)
            weight *= 1 - silent if is_fired else silent
        total += weight
    return total


@cache
def patterns() -> tuple[tuple[Pattern, float, float], ...]:
    """Returns every pattern with its probability on a clean laptop and on a farm's."""
    parts = [
        [
            (fired, _likelihood(kind, fired, False), _likelihood(kind, fired, True))
            for fired in product((False, True), repeat=len(kind.alone))
        ]
        for kind in MODEL
    ]
    return tuple(
        (
            tuple(part[0] for part in chosen),
            math.prod(part[1] for part in chosen),
            math.prod(part[2] for part in chosen),
        )
        for chosen in product(*parts)
    )


@cache
def _item_bits() -> tuple[tuple[tuple[float, float], ...], ...]:
    """Returns each detector's true weights, (fired, absent), as if it stood alone."""
    bits: list[tuple[tuple[float, float], ...]] = []
    for kind in MODEL:
        mine: list[tuple[float, float]] = []
        for place in range(len(kind.alone)):
            rates = [
                sum(
                    _likelihood(kind, fired, farm)
                    for fired in product((False, True), repeat=len(kind.alone))
                    if fired[place]
                )
                for farm in (True, False)
            ]
            mine.append((math.log2(rates[0] / rates[1]), math.log2((1 - rates[0]) / (1 - rates[1]))))
        bits.append(tuple(mine))
    return tuple(bits)


def fired_only(pattern: Pattern) -> float:
    """Row 1: the weights of what fired, added."""
    fired = (
        bits[0]
        for group, each in zip(_item_bits(), pattern, strict=True)
        for bits, on in zip(group, each, strict=True)
        if on
    )
    return log_odds(BASE) + sum(fired)


def naive_bayes(pattern: Pattern) -> float:
    """Row 2: the weights of all detectors, fired and absent, added."""
    pairs = (
        (bits, on)
        for group, each in zip(_item_bits(), pattern, strict=True)
        for bits, on in zip(group, each, strict=True)
    )
    return log_odds(BASE) + sum(bits[0] if on else bits[1] for bits, on in pairs)


def hand_caps(pattern: Pattern) -> float:
    """Row 3: the best of a group and 0.3 of its others, at most 9 bits a group."""
    total = log_odds(BASE)
    for group, each in zip(_item_bits(), pattern, strict=True):
        fired = sorted((bits[0] for bits, on in zip(group, each, strict=True) if on), reverse=True)
        total += min(9.0, fired[0] + 0.3 * sum(fired[1:])) if fired else 0.0
    return total


def recalibrated(farms: int, seed: int = SEED) -> Score:
    """Row 4: row 2 through a logistic curve of two parameters, learnt from so many labelled farms."""
    scores = [(naive_bayes(pattern), clean, farm) for pattern, clean, farm in patterns()]
    drawn = random.Random(seed).choices(range(len(scores)), [farm for _, _, farm in scores], k=farms)
    seen: dict[int, float] = {}
    for place in drawn:
        seen[place] = seen.get(place, 0.0) + BASE / farms
    # Newton's steps on the log loss, drawn towards L' = L as long as little is known.
    slope, shift = 1.0, 0.0
    for _ in range(60):
        gradient = [1e-6 * (slope - 1), 1e-6 * shift]
        curve = [1e-6, 0.0, 1e-6]
        for place, (bits, clean, _) in enumerate(scores):
            own = seen.get(place, 0.0)
            weight = clean * (1 - BASE) + own
            probability = probability_of(slope * bits + shift)
            error = weight * probability - own
            spread = weight * probability * (1 - probability)
            gradient[0] += error * bits
            gradient[1] += error
            curve[0] += spread * bits * bits
            curve[1] += spread * bits
            curve[2] += spread
        determinant = curve[0] * curve[2] - curve[1] ** 2
        step = (
            (curve[2] * gradient[0] - curve[1] * gradient[1]) / determinant / math.log(2),
            (curve[0] * gradient[1] - curve[1] * gradient[0]) / determinant / math.log(2),
        )
        held = min(1.0, 0.1 / (abs(step[0]) + 1e-12), 1.0 / (abs(step[1]) + 1e-12))  # far from the end it overshoots
        slope, shift = slope - held * step[0], shift - held * step[1]
        if abs(step[0]) + abs(step[1]) < 1e-6:
            break
    return lambda pattern: slope * naive_bayes(pattern) + shift


def level_tables(farms: int, seed: int = SEED) -> Score:
    """Rows 5 and 6: one level per group, the count of what fired, scored by farmwatch's own functions.

    The tables are learnt from so many scenario farms and `CLEAN` laptops, each share as (x + 0.5) / (n + levels).
    """
    dice = random.Random(seed)
    tables: dict[str, dict[int, Level]] = {}
    silence: dict[Group, SilenceRow] = {}
    for kind in MODEL:
        sizes = range(len(kind.alone) + 1)
        shares = [_shares(kind, farm, count, dice) for farm, count in ((True, farms), (False, CLEAN))]
        tables[kind.group] = {
            level: Level(
                level=level,
                meaning=f"{level} fired",
                m=shares[0][level],
                u=shares[1][level],
                basis="measured",
                sources=("m: drawn", "u: drawn"),
                innocent=("a shared cause", "chance"),
                clears=("the cause is named",),
                half_life_days=30,
            )
            for level in sizes[1:]
        }
        silence[kind.group] = SilenceRow(
            group=kind.group,
            meaning="none fired",
            m0=shares[0][0],
            u0=shares[1][0],
            basis="measured",
            needs=(),
            sources=("m: drawn", "u: drawn"),
        )
    grey: dict[Group, str] = {group: "not in the model" for group in GROUPS if group not in silence}

    @cache
    def bits(counts: tuple[int, ...]) -> float:
        stated: list[Finding] = [
            finding(kind.group, kind.group, count) for kind, count in zip(MODEL, counts, strict=True) if count
        ]
        levels, _ = group_levels(stated, grey, tables, silence, NOW, ENROLLED)
        return score_levels("d", NOW, levels).bits

    return lambda pattern: bits(tuple(sum(each) for each in pattern))


def _shares(kind: Kind, farm: bool, count: int, dice: random.Random) -> list[float]:
    fired = list(product((False, True), repeat=len(kind.alone)))
    drawn = dice.choices(fired, [_likelihood(kind, each, farm) for each in fired], k=count)
    levels = len(kind.alone) + 1
    return [(sum(sum(each) == level for each in drawn) + 0.5) / (count + levels) for level in range(levels)]


class Row(msgspec.Struct, frozen=True):
    """What a way of adding up is worth.

    over           expected farms (the sum of all probabilities) divided by true ones
    false_flags    clean laptops at P >= 0.5 per 1,000
    recall         farms at P >= 0.5
    recall_at      farms above the threshold that lets 0.1 clean laptops in 1,000 through
    """

    over: float
    false_flags: float
    recall: float
    recall_at: float


def row(score: Score) -> Row:
    """Returns a way's figures, over all patterns."""
    expected = false = recall = 0.0
    by_bits: dict[float, list[float]] = {}
    for pattern, clean, farm in patterns():
        bits = score(pattern)
        probability = probability_of(bits)
        expected += probability * (clean * (1 - BASE) + farm * BASE)
        if probability >= 0.5:
            false += clean
            recall += farm
        masses = by_bits.setdefault(round(bits, 9), [0.0, 0.0])
        masses[0] += clean
        masses[1] += farm
    left, reached = 0.1 / 1000, 0.0
    for bits in sorted(by_bits, reverse=True):
        clean, farm = by_bits[bits]
        share = min(1.0, left / clean) if clean else 1.0  # of laptops that score the same, as many as there is room for
        reached += farm * share
        left -= clean * share
        if share < 1:
            break
    return Row(expected / BASE, false * 1000, recall, reached)
