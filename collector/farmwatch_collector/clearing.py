"""What would clear a device: the smallest set of groups whose facts, once explained, bring it under review.

Found by trying every set, with the same rules between groups as the score has: there are eight groups at most.
"""

from collections.abc import Collection, Sequence
from itertools import combinations

import msgspec

from farmwatch_schema.finding import GROUPS, Finding, Group

from .assessment import Assessment, AttentionLevel, GroupLevel
from .score import REVIEW_BITS, attention_of, probability_of, rules
from .score_words import first_clause, probability_words, stated_by


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """A group of the set.

    facts   what was found in it, in the findings' first words, heaviest level first
    clears  what would explain it, from the level table
    """

    group: Group
    meaning: str
    facts: tuple[str, ...]
    clears: tuple[str, ...]


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """The set, and where the device would stand without its facts.

    enough       it comes under review by that; false where the base rate alone keeps it there
    bits, probability, level  without them
    words   all this in one sentence
    """

    words: str
    groups: tuple[Cleared, ...]
    enough: bool
    bits: float
    probability: float
    level: AttentionLevel


def clearing_of(assessment: Assessment) -> Clearing | None:
    """Returns the smallest set; None for a device under review.

    Of sets equally small the one that takes away most comes first. A cleared group counts nothing, as sanctioned
    things do, and what it had absorbed counts in its own group again. Where nothing suffices, every group that
    counts is named.
    """
    if assessment.bits < REVIEW_BITS - 1e-9:
        return None
    counting = [level.group for level in assessment.groups if level.bits > 0 or level.floor or level.alone > 0]
    for size in range(1, len(counting) + 1):
        enough = [each for each in combinations(counting, size) if _under(assessment, each)]
        if enough:
            return _told(assessment, min(enough, key=lambda each: (bits_without(assessment, each), each)), True)
    return _told(assessment, counting, False)


def bits_without(assessment: Assessment, cleared: Collection[Group]) -> float:
    """Returns the log-odds without these groups' facts, before any floor."""
    left = levels_without(assessment.groups, cleared)
    prior = sum(bar.bits for bar in assessment.bars if bar.kind in ("prior", "cohort"))
    return prior + sum(level.bits for level in left) + sum(bar.bits for bar in rules(left))


def levels_without(levels: Sequence[GroupLevel], cleared: Collection[Group]) -> list[GroupLevel]:
    """Returns the levels without these groups' facts."""
    left: list[GroupLevel] = []
    for level in levels:
        if level.group in cleared and (level.bits > 0 or level.floor or level.alone > 0):
            left.append(GroupLevel(group=level.group, level=0, bits=0.0, meaning="cleared"))
        elif level.counted_in and level.counted_in in cleared:
            left.append(msgspec.structs.replace(level, level=1, bits=level.alone, counted_in="", alone=0.0))
        else:
            left.append(level)
    return left


def _under(assessment: Assessment, cleared: Collection[Group]) -> bool:
    floor = any(level.floor for level in assessment.groups if level.group not in cleared)
    return not floor and bits_without(assessment, cleared) < REVIEW_BITS - 1e-9


def _told(assessment: Assessment, cleared: Collection[Group], enough: bool) -> Clearing:
    bits = bits_without(assessment, cleared)
    chosen = [level for level in assessment.groups if level.group in cleared]
    names = " and ".join(GROUPS[level.group] for level in chosen)
    share = probability_words(probability_of(bits))
    alone = "This alone brings" if len(chosen) == 1 else "These together bring"
    words = f"{alone} it under review, to {share}: an explanation of {names}."
    if not enough:
        words = f"Explained or not, its base rate keeps it at review: {share} without what was found."
    return Clearing(
        words=words,
        groups=tuple(
            Cleared(
                group=level.group,
                meaning=level.meaning,
                facts=_facts(level, assessment.findings),
                clears=level.clears,
            )
            for level in chosen
        ),
        enough=enough,
        bits=bits,
        probability=probability_of(bits),
        level=attention_of(probability_of(bits)),
    )


def _facts(level: GroupLevel, findings: Sequence[Finding]) -> tuple[str, ...]:
    mine = [each for each in findings if each.group == level.group and each.level > 0 and not each.sanctioned]
    behind = stated_by(level, findings)
    order = sorted(mine, key=lambda each: (each is not behind, -each.level, each.detector, each.subject))
    return tuple(dict.fromkeys(first_clause(each.sentence) for each in order))
