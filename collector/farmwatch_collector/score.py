"""Findings to levels, levels to a score. Pure: the same input gives the same figures at any time.

`group_levels` turns findings into one level per group; `score_levels` turns stored levels into an
assessment, so that new weights or a past moment need no detector. The model: log-odds in bits,
L = log2(pi / (1 - pi)) + sum of log2(m / u), in the form of Fellegi and Sunter; see docs/scoring.md.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations

import msgspec

from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import SilenceRow
from farmwatch_schema.finding import GROUPS, Finding, Group

from .assessment import THRESHOLDS, Assessment, AttentionLevel, Bar, GroupLevel
from .score_words import head_sentence


def log_odds(probability: float) -> float:
    """Returns a probability's log-odds in bits."""
    return math.log2(probability / (1 - probability))


def probability_of(bits: float) -> float:
    """Returns the probability of log-odds in bits."""
    return 1 / (1 + 2**-bits)


BASE = 0.0001
L0 = log_odds(BASE)
TOP = 6.63  # log-odds of P = 0.99: 100 points
POINTS_PER_BIT = 100 / (TOP - L0)
REVIEW_BITS = log_odds(0.10)

LOWEST_GROUP = -3.0
HIGHEST_GROUP = 9.0
HIGHEST_KVM = 12.0
HIGHEST_JUDGED = 4.0
HIGHEST: dict[Group, float] = {"HR": 2.0, "A": 6.0}
LOWEST_TOGETHER = -6.0
FADED = 0.25  # a gone finding that weighs less than this counts no more
#: By this time of a day, UTC, it has begun everywhere: an evening before the hand-over is still the user's before.
DAY_BEGUN = time(12)
BEFORE_ENROLMENT_LEVEL = 2  # evidence from before enrolment counts at most as this level

Tables = Mapping[str, Mapping[int, Level]]
"""Level tables by detector id."""


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """The base rate assumed for one device at one moment.

    fleet   share of farm laptops assumed in the whole fleet
    cohort  name of the device's cohort; "" when none holds now
    share   of farm laptops assumed in that cohort
    until   when the cohort's share stops to hold by itself
    """

    fleet: float = BASE
    cohort: str = ""
    share: float = BASE
    until: datetime | None = None


class Weighed(msgspec.Struct, frozen=True):
    """A counted finding with its row, its bits after caps and decay, and when its bits change by themselves."""

    finding: Finding
    row: Level
    bits: float
    raw: float
    floor: bool
    changes_at: datetime | None


def cap_of(group: Group, row: Level) -> float:
    """Returns the most bits that a level of this group may give."""
    if row.basis == "judgement":
        return min(HIGHEST_JUDGED, HIGHEST.get(group, HIGHEST_GROUP))
    return HIGHEST_KVM if row.published_kvm else HIGHEST.get(group, HIGHEST_GROUP)


def weigh(
    finding: Finding, table: Mapping[int, Level], at: datetime, enrolled_at: datetime, handed_over: date | None
) -> Weighed | None:
    """Returns what a finding counts now; None when it is sanctioned, harmless, faded, or from before the hand-over.

    handed_over  first day of this user's time; None when the roster does not say
    """
    level = 0 if finding.sanctioned else finding.level
    gone = datetime.fromisoformat(finding.seen_until) if finding.seen_until else None
    floor = finding.floor
    if gone is not None and gone < enrolled_at:
        level, floor = min(level, BEFORE_ENROLMENT_LEVEL), False
    if gone is not None and handed_over is not None and gone < datetime.combine(handed_over, DAY_BEGUN, UTC):
        return None
    if level < 1:
        return None
    # The heaviest row up to this level: in a table that is not monotone, worse evidence never counts less.
    rows = [_weigh_row(finding, table[number], at, gone, floor) for number in sorted(table) if number <= level]
    best = max(rows, key=lambda each: (each.bits, each.row.level), default=None)
    return None if best is None or (gone is not None and best.bits < FADED) else best


def _weigh_row(finding: Finding, row: Level, at: datetime, gone: datetime | None, floor: bool) -> Weighed:
    raw = math.log2(row.m / row.u)
    full = max(0.0, min(raw, cap_of(finding.group, row)))
    if gone is None:
        return Weighed(finding, row, full, raw, floor, None)
    half_life = timedelta(days=row.half_life_days)
    bits = full * 2 ** -(max(at - gone, timedelta(0)) / half_life)
    # A point is about 0.2 bits: the next moment at which the figure can differ.
    wait = half_life * math.log2(bits / max(bits - 0.2, FADED * 0.999)) if bits > FADED else timedelta(0)
    changes = at + max(wait, timedelta(minutes=15))
    floor = floor and at - gone < half_life
    return Weighed(finding, row, bits, raw, floor, min(changes, gone + half_life) if floor else changes)


def group_levels(
    findings: Sequence[Finding],
    grey: Mapping[Group, str],
    tables: Tables,
    silence: Mapping[Group, SilenceRow],
    at: datetime,
    enrolled_at: datetime,
    handed_over: date | None = None,
) -> tuple[tuple[GroupLevel, ...], datetime | None]:
    """Returns one level per group in drawing order, and when the first of them changes by itself.

    grey  why a group's silence cannot count; "" or absent when it can
    A finding counts its bits; the group takes the heaviest. The order of findings makes no difference. What a
    counting finding absorbs weighs nothing beside it; where both apart weigh more, the absorbing one stands back, so
    that one more finding never lowers a score.
    """
    counted = [
        weighed
        for each in findings
        if (weighed := weigh(each, tables.get(each.detector, {}), at, enrolled_at, handed_over)) is not None
    ]
    change = min((each.changes_at for each in counted if each.changes_at is not None), default=None)
    absorbing = sorted({each.finding.detector for each in counted if each.finding.absorbs})
    # What stands back still asks for its floor: it is there.
    floored = {each.finding.group for each in counted if each.floor}
    best: tuple[GroupLevel, ...] = ()
    for size in range(len(absorbing) + 1):
        for back in combinations(absorbing, size):
            # What the same detector states without absorbing anything never stands back.
            free = [each for each in counted if not (each.finding.absorbs and each.finding.detector in back)]
            levels = tuple(
                msgspec.structs.replace(level, floor=True) if level.level and level.group in floored else level
                for level in _joined(free, findings, grey, silence, _taken_in(free))
            )
            if not best or _worth(levels) > _worth(best):
                best = levels
    return best, change


def _taken_in(counted: Sequence[Weighed]) -> dict[str, Group]:
    """Returns the detectors whose evidence counting findings contain, each with the group in which it counts.

    What is taken in by a heavier finding takes in nothing itself.
    """
    taken: dict[str, Group] = {}
    for each in sorted(counted, key=lambda one: (-one.bits, one.finding.detector, one.finding.subject)):
        if each.finding.absorbs and each.finding.detector not in taken:
            taken |= {detector: each.finding.group for detector in each.finding.absorbs if detector not in taken}
    return taken


def _worth(levels: Sequence[GroupLevel]) -> float:
    """How strongly levels speak together: their bits with the rules between groups, and the floor at the base rate."""
    bits = sum(level.bits for level in levels) + sum(bar.bits for bar in rules(levels))
    return round(max(bits, REVIEW_BITS - L0) if any(level.floor for level in levels) else bits, 9)


def without(group: Group, levels: Sequence[GroupLevel], bars: Sequence[Bar]) -> tuple[float, float]:
    """Returns what all other groups weigh together, in bits, and the probability that they give with the base rate.

    bars  of the same assessment, for its base rate
    """
    others = [_by_itself(level, group) for level in levels if level.group != group]
    base = sum(bar.bits for bar in bars if bar.kind in ("prior", "cohort"))
    bits = base + sum(level.bits for level in others) + sum(bar.bits for bar in rules(others))
    if any(level.floor for level in others):
        bits = max(bits, REVIEW_BITS)
    return _worth(others), probability_of(bits)


def _by_itself(level: GroupLevel, left_out: Group) -> GroupLevel:
    """Returns a level as it would be if nothing of it was counted in a group that is left out."""
    if level.counted_in != left_out or level.alone <= 0:
        return level
    return msgspec.structs.replace(level, level=1, bits=level.alone, counted_in="", alone=0.0)


def _joined(
    counted: Sequence[Weighed],
    findings: Sequence[Finding],
    grey: Mapping[Group, str],
    silence: Mapping[Group, SilenceRow],
    taken_in: Mapping[str, Group],
) -> tuple[GroupLevel, ...]:
    """Returns one level per group; `taken_in` names the detectors that weigh nothing, and where they count."""
    levels: list[GroupLevel] = []
    for group in GROUPS:
        mine = [each for each in counted if each.finding.group == group]
        free = [each for each in mine if taken_in.get(each.finding.detector, group) == group]
        if free:
            levels.append(_positive(group, free))
        elif mine:
            levels.append(_counted_elsewhere(group, mine, taken_in))
        elif grey.get(group):
            levels.append(GroupLevel(group=group, level=None, bits=0.0, grey=grey[group]))
        else:
            allowed = any(each.group == group and not each.seen_until for each in findings)
            levels.append(_silent(silence[group], allowed))
    return tuple(levels)


def _counted_elsewhere(group: Group, mine: Sequence[Weighed], taken_in: Mapping[str, Group]) -> GroupLevel:
    """Level 0 without weight: all that this group shows counts in another one already, and is no silence."""
    best = max(mine, key=lambda each: (each.bits, each.row.level, each.finding.detector, each.finding.subject))
    elsewhere = taken_in[best.finding.detector]
    return GroupLevel(
        group=group,
        level=0,
        bits=0.0,
        meaning=f"counted in {GROUPS[elsewhere]}",
        counted_in=elsewhere,
        alone=_positive(group, mine).bits,
    )


def _positive(group: Group, counted: Sequence[Weighed]) -> GroupLevel:
    best = max(counted, key=lambda each: (each.bits, each.row.level, each.finding.detector, each.finding.subject))
    row = best.row
    return GroupLevel(
        group=group,
        level=row.level,
        bits=best.bits,
        raw_bits=best.raw,
        m=row.m,
        u=row.u,
        basis=row.basis,
        meaning=row.meaning + (f" (gone since {best.finding.seen_until[:10]})" if best.finding.seen_until else ""),
        detector=best.finding.detector,
        floor=any(each.floor for each in counted),
        reached=max(each.row.level for each in counted),
        innocent=row.innocent,
        clears=row.clears,
        sources=row.sources,
    )


def _silent(row: SilenceRow, allowed: bool) -> GroupLevel:
    """Level 0: nothing there, or only what is sanctioned or harmless, which never counts either way."""
    if allowed:
        return GroupLevel(group=row.group, level=0, bits=0.0, meaning="only what is sanctioned or harmless")
    return GroupLevel(
        group=row.group,
        level=0,
        bits=max(LOWEST_GROUP, row.bits),
        raw_bits=row.bits,
        m=row.m0,
        u=row.u0,
        basis=row.basis,
        meaning=row.meaning,
        sources=row.sources,
    )


def score_levels(
    device: str,
    at: datetime,
    levels: Sequence[GroupLevel],
    prior: Prior | None = None,
    findings: Sequence[Finding] = (),
    next_change: datetime | None = None,
) -> Assessment:
    """Returns the assessment of stored levels: every bar, every rule, nothing remembered from before."""
    prior = prior or Prior()
    ordered = sorted(levels, key=lambda each: _ORDER[each.group])
    bars = _prior_bars(prior)
    for level in ordered:
        bars.append(_group_bar(level))
    bars += rules(ordered)
    bits = sum(bar.bits for bar in bars)
    if bits < REVIEW_BITS and any(level.floor for level in ordered):
        label = "an unregistered IP-KVM is never put below review"
        bars.append(Bar(kind="floor", key="floor", label=label, bits=REVIEW_BITS - bits, points=0.0))
        bits = REVIEW_BITS
    points, drawn = _with_points(bars, bits)
    probability = probability_of(bits)
    attention = attention_of(probability)
    measured = sum(1 for level in ordered if level.level is not None)
    ends = [moment for moment in (prior.until, next_change) if moment is not None and moment > at]
    return Assessment(
        device=device,
        at=at,
        bits=bits,
        probability=probability,
        points=points,
        attention=attention,
        bars=drawn,
        groups=tuple(ordered),
        findings=tuple(sorted(findings, key=_strongest_first)),
        coverage=measured / len(GROUPS),
        sentence=head_sentence(attention, probability, ordered, findings),
        next_change=min(ends, default=None),
    )


_ORDER: dict[Group, int] = {group: place for place, group in enumerate(GROUPS)}


def _strongest_first(finding: Finding) -> tuple[bool, bool, int, int, str, str]:
    counts = finding.level > 0 and not finding.sanctioned
    return (
        not counts,
        bool(finding.seen_until),
        -finding.level,
        _ORDER[finding.group],
        finding.detector,
        finding.subject,
    )


def attention_of(probability: float) -> AttentionLevel:
    """Returns the level of attention; the small allowance lets the floor at review reach review exactly."""
    for level, least in THRESHOLDS:
        if probability >= least - 1e-9:
            return level
    return "none"


def _prior_bars(prior: Prior) -> list[Bar]:
    bars = [Bar(kind="prior", key="base", label="base rate: 1 in 10,000 laptops is a farm's", bits=L0, points=0.0)]
    fleet = log_odds(prior.fleet) - L0
    if abs(fleet) > 1e-9:
        label = f"this company's base rate: 1 in {round(1 / prior.fleet):,}"
        bars.append(Bar(kind="cohort", key="fleet", label=label, bits=fleet, points=0.0))
    cohort = log_odds(prior.share) - log_odds(prior.fleet) if prior.cohort else 0.0
    if abs(cohort) > 1e-9:
        until = f", until {prior.until:%Y-%m-%d}" if prior.until else ""
        label = f"cohort {prior.cohort}: 1 in {round(1 / prior.share):,}{until}"
        bars.append(Bar(kind="cohort", key="cohort", label=label, bits=cohort, points=0.0))
    return bars


def _group_bar(level: GroupLevel) -> Bar:
    name = GROUPS[level.group]
    return Bar(
        kind="group",
        key=level.group,
        label=f"{name}: {level.meaning}" if level.meaning else f"{name}: {level.grey or 'nothing'}",
        bits=level.bits,
        points=0.0,
        level=level.level,
        grey=level.grey,
        basis=level.basis,
        m=level.m,
        u=level.u,
        detector=level.detector,
        innocent=level.innocent,
        clears=level.clears,
        sources=level.sources,
    )


def rules(levels: Sequence[GroupLevel]) -> list[Bar]:
    """Returns the rules between groups that change something, each a bar of its own: no figure hides in another."""
    bars: list[Bar] = []
    by_group = {level.group: level for level in levels}
    for strong, other in (("H", "R"), ("R", "H")):
        mine, theirs = by_group.get(strong), by_group.get(other)  # type: ignore[call-overload]
        if mine and theirs and max(mine.reached, mine.level or 0) >= 2 and theirs.bits < 0:
            label = f"a farm uses hardware or software: nothing in {GROUPS[theirs.group]} is no argument then"
            bars.append(Bar(kind="rule", key="hardware_or_software", label=label, bits=-theirs.bits, points=0.0))
    negatives = sum(level.bits for level in levels if level.bits < 0) + sum(bar.bits for bar in bars)
    if negatives < LOWEST_TOGETHER - 1e-9:
        label = "silence of all groups together counts at most 6 bits"
        bars.append(Bar(kind="rule", key="negatives", label=label, bits=LOWEST_TOGETHER - negatives, points=0.0))
    records = by_group.get("HR")
    if records and records.bits > 0 and not any(level.bits > 0 for level in levels if level.group != "HR"):
        label = "records alone never count"
        bars.append(Bar(kind="rule", key="records_alone", label=label, bits=-records.bits, points=0.0))
    return bars


def _with_points(bars: list[Bar], bits: float) -> tuple[int, tuple[Bar, ...]]:
    """Returns the points, and the bars with whole points that add up to them exactly.

    What is cut at 0 and at 100 is a bar; the rest is rounded by largest remainder.
    """
    total = (bits - L0) * POINTS_PER_BIT
    clipped = min(100.0, max(0.0, total))
    exact = [0.0 if bar.kind == "prior" else bar.bits * POINTS_PER_BIT for bar in bars]
    if abs(clipped - total) > 1e-9:
        bars = [*bars, Bar(kind="clip", key="clip", label="points run from 0 to 100", bits=0.0, points=0.0)]
        exact.append(clipped - total)
    points = _whole_points(clipped, bits)
    whole = [math.floor(value + 1e-9) for value in exact]
    rests = [value - floor for value, floor in zip(exact, whole, strict=True)]
    order = sorted(range(len(exact)), key=lambda place: (-rests[place], place))
    for place in order[: max(0, points - sum(whole))]:
        whole[place] += 1
    if sum(whole) > points:  # a figure held below the next level, made of bars that are whole already
        whole[exact.index(max(exact))] -= 1
    return points, tuple(
        msgspec.structs.replace(bar, points=float(value)) for bar, value in zip(bars, whole, strict=True)
    )


def _whole_points(clipped: float, bits: float) -> int:
    """Returns rounded points, kept below the figure of every level that was not reached: 33 is watch, never clear."""
    points = round(clipped)
    probability = probability_of(bits)
    for _, least in THRESHOLDS:
        if least and probability < least - 1e-9:
            points = min(points, round((log_odds(least) - L0) * POINTS_PER_BIT) - 1)
    return points
