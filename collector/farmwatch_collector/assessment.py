"""The result of scoring one device: what the console draws, the terminal prints and the export writes.

One record gives the bar, the sentence and the field, so they cannot disagree.
"""

from datetime import datetime
from typing import Literal

import msgspec

from farmwatch_schema.finding import Finding, Group

AttentionLevel = Literal["none", "watch", "review", "urgent", "near_certain"]

#: Probability from which each level holds, highest first (docs/scoring.md).
THRESHOLDS: tuple[tuple[AttentionLevel, float], ...] = (
    ("near_certain", 0.90),
    ("urgent", 0.50),
    ("review", 0.10),
    ("watch", 0.01),
    ("none", 0.0),
)

#: Words for each level, as pages and the terminal write them.
LEVEL_WORDS: dict[AttentionLevel, str] = {
    "none": "clear",
    "watch": "watch",
    "review": "review",
    "urgent": "urgent",
    "near_certain": "near certain",
}


def level_rank(attention: AttentionLevel) -> int:
    """Returns a level's place, 0 for the lowest."""
    return [level for level, _ in reversed(THRESHOLDS)].index(attention)


class Bar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One bar of the waterfall.

    kind     `prior` (base rate), `cohort` (stricter or laxer prior), `group`, `rule` (cap on negatives,
             "farm uses hardware or software", ...), `floor`, `clip` (cut at 0 or 100 points)
    key      group letter for `group`, else a stable name of the rule
    label    in words: "remote software: unsanctioned tool present"
    bits     log2 of the likelihood ratio it adds; 0 for a grey bar
    points   the same in points; all bars of an assessment add up to its points exactly
    level    of the group; None when not measured or not a group
    grey     reason why the group could not be measured; "" when it was
    basis    `measured`, `published`, `judgement` or ""
    m, u     of the level, 0 when there is none
    detector whose finding gave the level
    innocent, clears  from the level table
    """

    kind: Literal["prior", "cohort", "group", "rule", "floor", "clip"]
    key: str
    label: str
    bits: float
    points: float
    level: int | None = None
    grey: str = ""
    basis: str = ""
    m: float = 0.0
    u: float = 0.0
    detector: str = ""
    innocent: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class GroupLevel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A group's level as stored: scores are recomputed from these, never incremented.

    level      0 = looked and nothing; None = could not look
    bits       after caps and decay
    raw_bits   log2(m/u) before caps and decay
    grey       why it could not be measured
    detector   whose level it is
    reached    highest level of any finding that counts; `level` is that of the heaviest one
    floor      asks for the floor at review
    counted_in group whose finding counts all that this one shows; "" when none does
    alone      bits that it would have by itself then
    """

    group: Group
    level: int | None
    bits: float
    raw_bits: float = 0.0
    m: float = 0.0
    u: float = 0.0
    basis: str = ""
    meaning: str = ""
    detector: str = ""
    grey: str = ""
    floor: bool = False
    reached: int = 0
    counted_in: Group | Literal[""] = ""
    alone: float = 0.0
    innocent: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A device's score at one moment.

    bits         log-odds L, floor included
    probability  1 / (1 + 2**-bits)
    points       0 to 100
    attention    level of attention
    bars         in drawing order; their points add up to `points`
    groups       levels that the score was computed from
    findings     all, counted or not, strongest first
    coverage     share of groups that could be measured, 0 to 1
    sentence     one sentence for the head of the page
    next_change  when the score could change by itself; None when it cannot
    """

    device: str
    at: datetime
    bits: float
    probability: float
    points: int
    attention: AttentionLevel
    bars: tuple[Bar, ...]
    groups: tuple[GroupLevel, ...]
    findings: tuple[Finding, ...]
    coverage: float
    sentence: str
    next_change: datetime | None = None
