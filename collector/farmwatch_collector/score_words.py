"""Figures as words: probability, strength, the head sentence, the read-out of an assessment. Made by rule."""

import math
import re
from collections.abc import Iterable, Sequence

from farmwatch_detectors.groups import NOT_BUILT
from farmwatch_schema.finding import GROUPS, Finding

from .assessment import LEVEL_WORDS, Assessment, AttentionLevel, Bar, GroupLevel

#: Where the first clause of a finding's sentence ends.
_CLAUSE = re.compile(r"[:;.](?=\s|$)")
#: Words that begin a sentence with a capital and stand small inside one.
_COMMON = frozenset({"A", "An", "Its", "One", "Somebody", "The", "This"})
#: A clause longer than this gives way to the level's meaning.
LONGEST_CLAUSE = 200


def probability_words(probability: float) -> str:
    """Returns a probability as people say it: "about 1 in 3", "about 9 in 10"."""
    if probability >= 0.995:
        return "more than 99 in 100"
    if probability >= 0.95:
        return f"about {round(probability * 100)} in 100"
    if probability > 0.55:
        return f"about {round(probability * 10)} in 10"
    one_in = 1 / probability
    if one_in < 10:
        return f"about 1 in {round(one_in)}"
    if one_in > 100_000:
        return "less than 1 in 100,000"
    digits = len(str(int(one_in))) - 2
    return f"about 1 in {round(one_in / 10**digits) * 10**digits:,}"


def level_words(attention: AttentionLevel, levels: Sequence[GroupLevel]) -> str:
    """Returns the level in words; "not enough seen" instead of "clear" where hardware or software stayed unseen.

    Unknown is never clean: a farm uses one of the two.
    """
    unseen = any(level.level is None for level in levels if level.group in ("H", "R"))
    return "not enough seen" if attention == "none" and unseen else LEVEL_WORDS[attention]


def strength_words(bits: float) -> str:
    """Returns the fixed word for a weight: slight, moderate, strong, very strong; "nothing" at 0."""
    size = abs(bits)
    if size < 0.05:
        return "nothing"
    for least, word in ((7, "very strong"), (4, "strong"), (2, "moderate")):
        if size >= least:
            return word
    return "slight"


def first_clause(sentence: str) -> str:
    """Returns a sentence up to its first colon, semicolon or full stop, and without a bracket left open by that."""
    words = _CLAUSE.split(sentence, maxsplit=1)[0]
    opened = words.rfind("(")
    return words[:opened].rstrip() if opened > words.rfind(")") else words


def stated_by(level: GroupLevel, findings: Iterable[Finding]) -> Finding | None:
    """Returns the finding that gave a group its level; None when it is not among these."""
    key = (level.group, level.detector, level.level)
    counting = (each for each in findings if not each.sanctioned)
    return next((each for each in counting if (each.group, each.detector, each.level) == key), None)


def _said(level: GroupLevel, findings: Iterable[Finding]) -> str:
    """Returns what was found, as its finding begins to say it; else the level's meaning."""
    finding = stated_by(level, findings)
    words = first_clause(finding.sentence) if finding is not None else ""
    if finding is None or not words or len(words) > LONGEST_CLAUSE:
        return level.meaning
    first, _, rest = words.partition(" ")
    words = f"{first.lower()} {rest}" if first in _COMMON and rest else words
    return words + (f", gone since {finding.seen_until[:10]}" if finding.seen_until else "")


def head_sentence(
    attention: AttentionLevel, probability: float, levels: Sequence[GroupLevel], findings: Sequence[Finding] = ()
) -> str:
    """Returns the sentence at the head of a device's page: what was found, what speaks against, what was not seen.

    An unregistered IP-KVM is put as a question; nothing is said of a person. Silence that counts nothing beside
    what was found in hardware or software is no argument, and is not named as one.
    """
    counting = sorted((level for level in levels if level.bits > 0), key=lambda level: -level.bits)
    decided = any(level.group in ("H", "R") and max(level.reached, level.level or 0) >= 2 for level in levels)
    against = [level for level in levels if level.bits < 0 and not (decided and level.group in ("H", "R"))]
    unbuilt = [GROUPS[level.group] for level in levels if level.level is None and level.grey == NOT_BUILT]
    grey = [GROUPS[level.group] for level in levels if level.level is None and level.grey != NOT_BUILT]
    looked = sum(1 for level in levels if level.level is not None)
    parts: list[str] = []
    if not counting and not looked:
        parts.append("Nothing could be looked at, so nothing is known.")
    elif not counting:
        parts.append(f"Nothing stands out in the {looked} of {len(levels)} groups that could be looked at.")
        allowed = dict.fromkeys(GROUPS[each.group] for each in findings if each.sanctioned and not each.seen_until)
        if allowed:
            parts.append(f"There, but sanctioned or explained: {', '.join(allowed)}.")
    else:
        reasons = "; ".join(f"{_said(level, findings)} ({GROUPS[level.group]})" for level in counting)
        word = level_words(attention, levels).capitalize()
        word = "Below watch" if word == "Clear" else word
        parts.append(f"{word}, {probability_words(probability)}: {reasons}.")
        if any(level.floor for level in levels):
            parts.append("Does this IP-KVM belong to the company, and who uses it? Check the asset register.")
    if counting and against:
        parts.append(f"Against it: {', '.join(f'{level.meaning} ({GROUPS[level.group]})' for level in against)}.")
    if grey:
        parts.append(f"Could not look: {', '.join(grey)}.")
    if unbuilt:
        parts.append(f"No detector yet: {', '.join(unbuilt)}.")
    return " ".join(parts)


def signed(value: float) -> str:
    """Returns whole points with their sign: "+25", "-5", "0"."""
    return f"{value:+.0f}" if round(value) else "0"


def bar_sentence(bar: Bar) -> str:
    """Returns one bar read out: weight, what it says, innocent readings, what would clear it."""
    if bar.grey:
        return f"Not measured: {GROUPS[bar.key]}: {bar.grey}. It counts nothing."  # type: ignore[index]
    if bar.kind == "prior":
        return f"Start at 0 points: {bar.label}."
    words = f"{signed(bar.points)} points, {strength_words(bar.bits)}: {bar.label}."
    if bar.kind != "group":
        return words
    if bar.basis:
        basis = {"judgement": "judged"}.get(bar.basis, bar.basis)
        words += f" Weight {basis}: seen on {_share(bar.m)} of farm laptops and {_share(bar.u)} of others."
        full = math.log2(bar.m / bar.u)
        if full > bar.bits + 0.05 > 0.05:
            words += f" Counted {bar.bits:.1f} of {full:.1f} bits, by the group's cap or because it is gone."
    if bar.innocent:
        words += f" Innocent readings: {'; '.join(text.rstrip('.') for text in bar.innocent)}."
    if bar.sources:
        words += f" Sources: {'; '.join(text.rstrip('.') for text in bar.sources)}."
    if bar.clears:
        words += f" What would clear it: {'; '.join(text.rstrip('.') for text in bar.clears)}."
    return words


def _share(value: float) -> str:
    return f"{value * 100:.3g} %"


def explain(assessment: Assessment) -> tuple[str, ...]:
    """Returns the whole score read out as sentences: head, every bar in order, every finding with its evidence."""
    words = f"{probability_words(assessment.probability)}, {level_words(assessment.attention, assessment.groups)}"
    lines = [assessment.sentence, f"{assessment.points} points, {words}."]
    lines += [bar_sentence(bar) for bar in assessment.bars]
    for finding in assessment.findings:
        state = f" Gone since {finding.seen_until}." if finding.seen_until else ""
        allowed = f" Sanctioned: {finding.sanctioned}; not counted." if finding.sanctioned else ""
        lines.append(f"{finding.sentence}{state}{allowed}")
        lines += [f"{each.subject}: {each.fact}" for each in finding.evidence]
    return tuple(lines)
