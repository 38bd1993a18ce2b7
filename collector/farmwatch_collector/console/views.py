"""What the pages show, made from the store's rows: no HTTP here, no HTML beyond escaped words."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from markupsafe import Markup

from farmwatch_detectors.detector import Level, LevelTableError, level_table
from farmwatch_detectors.groups import silence_table
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import Span
from farmwatch_schema.finding import GROUPS, Finding, Group

from ..assessment import LEVEL_WORDS, Assessment
from ..reasons import Reason, finding_behind, reasons
from ..score_words import level_words, strength_words
from ..store.protocol import DeviceRow
from .facts import subject
from .words import LONG, visible

#: Below this share of the groups that have detectors a device counts as blind: its score says little.
BLIND_BELOW = 0.6
#: A device page's time line: this many changes at most.
MOST_EVENTS = 150
#: Other devices whose names a page looks up.
MOST_NAMED = 32
_ID = re.compile(r"(?<![\w-])[0-9a-f]{16}(?![\w-])")

#: What a store tells of a device's reports, in words.
EVENT_WORDS = {
    "gap": "reports that never came",
    "new_epoch": "numbering began anew",
    "forked": "two reports under one number",
    "late": "reports that came after later ones",
    "two_boots": "two boots that run side by side",
    "too_much": "more changes than are kept",
}
NO_DETECTOR = "no detector reports on it"


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One group in the device list: `tint` is `grey`, or 0 to 4 by level; `text` is its title."""

    group: Group
    level: int | None
    tint: str
    text: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a device stands: key of mark and colour, and the word.

    A device below every level whose hardware or software stayed unseen is `dim`: unknown is never clear.
    """

    key: str
    word: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the device list."""

    row: DeviceRow
    standing: Standing
    name: Markup
    person: str
    cohort: str
    reasons: tuple[Reason, ...]
    boxes: tuple[Box, ...]
    measured: int
    blind: bool


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the row of its level table; `bits` is what its group adds when this finding gave the level."""

    finding: Finding
    group: str
    counted: bool
    bits: float
    strength: str
    meaning: str
    basis: str
    m: float
    u: float
    innocent: tuple[str, ...]
    clears: tuple[str, ...]
    sources: tuple[str, ...]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A change: something of a kind appeared or went away."""

    at: datetime
    kind: str
    appeared: bool
    subject: Markup


def line(row: DeviceRow, person: RosterEntry | None) -> Line:
    """Returns a device's row of the list."""
    boxes = tuple(box(row.assessment, group) for group in GROUPS)
    blind = row.assessment is not None and _is_blind(boxes)
    return Line(
        row=row,
        standing=standing(row.assessment),
        name=visible(row.device.name or row.device.device, 60),
        person=person.person if person else "",
        cohort=row.cohort or (person.cohort if person else ""),
        reasons=reasons(row.assessment) if row.assessment else (),
        boxes=boxes,
        measured=sum(1 for entry in boxes if entry.level is not None),
        blind=blind,
    )


def standing(assessment: Assessment | None) -> Standing:
    """Returns level and word of a device."""
    if assessment is None:
        return Standing(key="unjudged", word="not judged yet")
    word = level_words(assessment.attention, assessment.groups)
    return Standing(key=assessment.attention if word == LEVEL_WORDS[assessment.attention] else "dim", word=word)


def _is_blind(boxes: tuple[Box, ...]) -> bool:
    built = [entry.level is not None for entry in boxes if silence_table()[entry.group].built]
    return sum(built) < BLIND_BELOW * len(built)


def box(assessment: Assessment | None, group: Group) -> Box:
    """Returns a group's box; a group of which nothing is known is grey, never empty."""
    name = f"{group} {GROUPS[group]}"
    if assessment is None:
        return Box(group=group, level=None, tint="grey", text=f"{name}: not judged yet")
    found = [entry for entry in assessment.groups if entry.group == group]
    measured = [entry for entry in found if entry.level is not None]
    if not measured:
        cause = next((entry.grey for entry in found if entry.grey), NO_DETECTOR)
        return Box(group=group, level=None, tint="grey", text=f"{name}: not measured ({cause})")
    entry = max(measured, key=lambda entry: (entry.level or 0, entry.bits))
    level = entry.level or 0
    if level == 0:
        return Box(group=group, level=0, tint="0", text=f"{name}: looked, nothing found")
    text = f"{name}: level {level}" + (f", {entry.meaning}" if entry.meaning else "")
    return Box(group=group, level=level, tint=str(min(level, 4)), text=text)


def explained(assessment: Assessment) -> list[Explained]:
    """Returns every finding with meaning, weights, innocent readings and what would clear it, counted ones first.

    The bar that the score was made from comes first; for a finding that gave no level the level table does.
    """
    result: list[Explained] = []
    behind = {id(finding): bar for bar in assessment.bars if (finding := finding_behind(assessment, bar)) is not None}
    for finding in assessment.findings:
        bar = behind.get(id(finding))
        counted = bar is not None
        table = _table(finding.detector).get(finding.level)
        source = bar or table
        result.append(
            Explained(
                finding=finding,
                group=GROUPS[finding.group],
                counted=counted,
                bits=bar.bits if bar is not None else 0.0,
                strength=strength_words(bar.bits) if bar is not None else "",
                meaning=table.meaning if table else "",
                basis=source.basis if source else "",
                m=source.m if source else 0.0,
                u=source.u if source else 0.0,
                innocent=source.innocent if source else (),
                clears=source.clears if source else (),
                sources=source.sources if source else (),
            )
        )
    return sorted(result, key=lambda each: not each.counted)


@lru_cache(maxsize=256)
def _table(detector: str) -> dict[int, Level]:
    """Returns the level table of a detector that this version ships; of a retired one, nothing."""
    try:
        return level_table(detector)
    except (LevelTableError, OSError):
        return {}


def events(spans: list[Span]) -> tuple[list[Event], int]:
    """Returns the newest changes, newest first, and how many more there were.

    What was there in a device's first report did not appear: it is left out until it goes away.
    """
    found: list[tuple[datetime, bool, Span]] = []
    for span in spans:
        if not span.from_start:
            found.append((span.seen_from, True, span))
        if span.seen_until is not None:
            found.append((span.seen_until, False, span))
    found.sort(key=lambda change: change[0], reverse=True)
    newest = [
        Event(at=at, kind=span.kind, appeared=appeared, subject=visible(subject(span.item)))
        for at, appeared, span in found[:MOST_EVENTS]
    ]
    return newest, max(0, len(found) - MOST_EVENTS)


def named(assessment: Assessment) -> list[str]:
    """Returns words of fleet evidence that could be ids of other devices, at most `MOST_NAMED`, in order."""
    found: dict[str, None] = {}
    for finding in assessment.findings:
        for proof in finding.evidence:
            if proof.kind == "fleet":
                found.update(dict.fromkeys(_ID.findall(proof.fact)))
    return list(found)[:MOST_NAMED]


def linked(text: str, names: Mapping[str, str]) -> Markup:
    """Returns text in which every known device id is a link that bears the device's name."""
    parts: list[Markup] = []
    place = 0
    for match in _ID.finditer(text):
        name = names.get(match[0])
        if name is not None:
            parts.append(visible(text[place : match.start()], LONG))
            parts.append(Markup('<a href="/devices/{}">{}</a>').format(match[0], visible(name or match[0], 60)))
            place = match.end()
    parts.append(visible(text[place:], LONG))
    return Markup("").join(parts)
