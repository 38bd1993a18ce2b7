"""What an analyst works on: when a device's case opens, changes and comes back, and how one may be closed.

Pure: a store applies what `follow` returns, in the transaction that saves the assessment. A case opens at review.
While one is open there is no second one; its level rises at once and drops only after a day 10 points below. A
closed one comes back as a new case by a new group, 10 points more, a fall and rise, or when what was expected ends.
"""

import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.finding import GROUPS, Group

from .assessment import LEVEL_WORDS, THRESHOLDS, Assessment, AttentionLevel, level_rank
from .expectations import counting, evidence_of
from .flagging import FLAGGED, LOWERED_AFTER, LOWERED_BELOW
from .score import L0, POINTS_PER_BIT, log_odds

CaseState = Literal["open", "waiting", "closed"]
CaseKind = Literal["device", "farm"]
Standing = Literal["new", "ongoing", "returned", "escalating"]
CloseClass = Literal["confirmed", "sanctioned", "benign", "false_reading"]

CLOSE_WORDS: dict[CloseClass, str] = {
    "confirmed": "confirmed",
    "sanctioned": "sanctioned",
    "benign": "benign, explained",
    "false_reading": "false reading",
}
#: Closes that say what may be there until a day.
EXPECTING: tuple[CloseClass, ...] = ("sanctioned", "benign")

RISE = 10
"""Points above those at the last look that make a case escalate, or come back."""

DEFAULT_DAYS = 90
MOST_DAYS = 180
LONGEST_NAME = 64
LONGEST_TEXT = 2_000
EVALUATION = "evaluation"
"""The actor where nobody acted: a device was judged."""


class CaseError(FarmwatchError):
    """An act on a case that cannot be done; str() says why and what to do."""


class CaseConflict(CaseError):
    """Somebody, or a new judgement, changed the case since it was looked at."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case about one device, or about a farm.

    kind       `device` or `farm`; a device in a farm's case keeps its own
    device     its id; "" of a farm's case
    farm       number of the farm; None of a device's case
    standing   `new` and `returned` until somebody acts on it, `escalating` after it grew, else `ongoing`
    level      that it reached, with hysteresis
    points     of the device or farm when the case was opened or last grew
    groups     that have counted since then, in drawing order; () of a farm's case
    evidence   digest over what counts, or of a farm's members
    sentence   the assessment's, of the latest change
    owner      who works on it; "" for nobody
    previous   the closed case that this one returned from
    version    rises with every change that a person could have seen
    low_since  since when the points have been 10 below its level; None while they are not
    until      when what its close expects ends
    rest       points after the close: 10 more bring it back; None until the first judgement after it
    fell       a closed one's device has been below review for a day since
    members    ids of the devices that it is about
    name, points_now, level_now  of the device or farm, for pages
    """

    id: int
    device: str
    state: CaseState
    standing: Standing
    level: AttentionLevel
    points: int
    groups: tuple[Group, ...]
    evidence: str
    sentence: str
    opened_at: datetime
    changed_at: datetime
    version: int = 1
    owner: str = ""
    waiting_on: str = ""
    previous: int | None = None
    low_since: datetime | None = None
    closed_at: datetime | None = None
    closed_as: CloseClass | Literal[""] = ""
    reason: str = ""
    until: datetime | None = None
    rest: int | None = None
    fell: bool = False
    members: tuple[str, ...] = ()
    name: str = ""
    points_now: int | None = None
    level_now: AttentionLevel | None = None
    kind: CaseKind = "device"
    farm: int | None = None


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a case's history: `action` is one word, `words` what was said or why."""

    at: datetime
    actor: str
    action: str
    words: str


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what, and what that changed; `id` rises with time."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: str
    after: str


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What a judgement does to a device's latest case.

    case     as it is afterwards; its id means nothing when it `opens`
    action   word for the history; "" for what is not told
    wake_at  when the device must be judged again although nothing else is due
    """

    case: Case
    opens: bool = False
    action: str = ""
    words: str = ""
    wake_at: datetime | None = None


def follow(now: Assessment, last: Case | None, *, stale: bool = False) -> Followed | None:
    """Returns what an assessment does to the open or last closed case; None when nothing.

    stale  it was made without what the close of that case explains
    """
    if last is None:
        return _opened(now, None) if now.attention in FLAGGED else None
    if last.state != "closed":
        return _open(now, last)
    if stale or (last.closed_at is not None and now.at <= last.closed_at):
        return None
    return _closed(now, last)


def _groups(now: Assessment) -> tuple[Group, ...]:
    found = counting(now.groups)
    return tuple(group for group in GROUPS if group in found)


def _named(groups: tuple[Group, ...]) -> str:
    return ", ".join(GROUPS[group] for group in groups)


def points_of(level: AttentionLevel) -> float:
    """Returns the points from which a level holds."""
    least = dict(THRESHOLDS)[level]
    return (log_odds(least) - L0) * POINTS_PER_BIT if least else 0.0


def _opened(now: Assessment, previous: Case | None, why: str = "") -> Followed:
    groups = _groups(now)
    words = f"{LEVEL_WORDS[now.attention]}, {now.points} points: {_named(groups) or 'base rate'}"
    case = Case(
        id=0,
        device=now.device,
        state="open",
        standing="returned" if previous else "new",
        level=now.attention,
        points=now.points,
        groups=groups,
        evidence=evidence_of(now.findings),
        sentence=now.sentence,
        opened_at=now.at,
        changed_at=now.at,
        previous=previous.id if previous else None,
    )
    if previous is None:
        return Followed(case=case, opens=True, action="opened", words=words)
    return Followed(case=case, opens=True, action="returned", words=f"{why}; {words}")


def _open(now: Assessment, case: Case) -> Followed | None:
    groups = _groups(now)
    new = tuple(group for group in groups if group not in case.groups)
    low_since = (case.low_since or now.at) if now.points <= points_of(case.level) - RISE else None
    rose = level_rank(now.attention) > level_rank(case.level)
    grew = now.attention in FLAGGED and (bool(new) or now.points >= case.points + RISE)
    after = msgspec.structs.replace(
        case, low_since=low_since, level=now.attention if rose else case.level, evidence=evidence_of(now.findings)
    )
    action, words = "", ""
    if low_since is not None and now.at - low_since >= LOWERED_AFTER:
        after = msgspec.structs.replace(after, level=now.attention, points=now.points, groups=groups, low_since=None)
        action, words = "dropped", f"to {LEVEL_WORDS[now.attention]}, {now.points} points, for a day"
    elif grew:
        union = tuple(group for group in GROUPS if group in {*groups, *case.groups})
        points = max(now.points, case.points)
        after = msgspec.structs.replace(after, standing="escalating", points=points, groups=union)
        why = f"a new group ({_named(new)})" if new else f"{now.points - case.points} points more"
        action, words = "escalated", f"{why}; {LEVEL_WORDS[now.attention]}, {now.points} points"
    elif rose:
        action, words = "rose", f"to {LEVEL_WORDS[now.attention]}, {now.points} points"
    seen = (after.level, after.points, after.groups, after.standing, after.evidence)
    if seen != (case.level, case.points, case.groups, case.standing, case.evidence):
        after = msgspec.structs.replace(after, version=case.version + 1, sentence=now.sentence, changed_at=now.at)
    if after == case:
        return None
    wake_at = after.low_since + LOWERED_AFTER if after.low_since else None
    return Followed(case=after, action=action, words=words, wake_at=wake_at)


def _closed(now: Assessment, case: Case) -> Followed | None:
    new = tuple(group for group in _groups(now) if group not in case.groups)
    rest = now.points if case.rest is None else case.rest
    if now.attention in FLAGGED:
        why = ""
        if new:
            why = f"a new group ({_named(new)})"
        elif case.until is not None and now.at >= case.until:  # before the points, which rise because of it
            why = f"what case {case.id} expected has ended"
        elif now.points >= rest + RISE:
            why = f"{now.points - rest} points more than after its close"
        elif case.fell:
            why = "below review for a day, and up again"
        if why:
            return _opened(now, case, f"closed as {CLOSE_WORDS[case.closed_as or 'confirmed']}, and back: {why}")
    low_since = None if case.fell or now.points > LOWERED_BELOW else case.low_since or now.at
    fell = case.fell or (low_since is not None and now.at - low_since >= LOWERED_AFTER)
    after = msgspec.structs.replace(case, rest=rest, fell=fell, low_since=None if fell else low_since)
    if after == case:
        return None
    return Followed(case=after, wake_at=after.low_since + LOWERED_AFTER if after.low_since else None)


class Closing(msgspec.Struct, frozen=True):
    """How a case is closed; `until` is the end of the last day on which it explains what was found, or None."""

    closed_as: CloseClass
    reason: str
    until: datetime | None


def closing(closed_as: str, reason: str, until: str, now: datetime) -> Closing:
    """Returns a checked close; raises CaseError.

    until  last day it holds, ISO 8601; "" for 90 days where the class asks for one
    """
    found = next((each for each in get_args(CloseClass) if each == closed_as), None)
    if found is None:
        raise CaseError(f"A case is closed as one of {', '.join(get_args(CloseClass))}, not {closed_as[:40]!r}.")
    reason = written(reason, "A reason", LONGEST_TEXT)
    if not reason:
        raise CaseError("A reason is needed to close a case: whoever reads it later must understand the decision.")
    if found not in EXPECTING:
        if until.strip():
            raise CaseError(f"An end date goes with {' and '.join(EXPECTING)} only: {found} explains nothing away.")
        return Closing(found, reason, None)
    today = now.astimezone(UTC).date()
    last = today + timedelta(days=DEFAULT_DAYS)
    if until.strip():
        try:
            last = date.fromisoformat(until.strip())
        except ValueError:
            raise CaseError(f"{until[:40]!r} is no day. Write it as {last.isoformat()}.") from None
    if not today <= last <= today + timedelta(days=MOST_DAYS):
        latest = today + timedelta(days=MOST_DAYS)
        raise CaseError(f"The end date lies from {today} to {latest}: nothing is expected for longer unseen.")
    return Closing(found, reason, datetime.combine(last + timedelta(days=1), time(), tzinfo=UTC))


def written(text: str, what: str, limit: int, *, line: bool = False) -> str:
    """Returns a person's text without surrounding space; raises CaseError when it is too long or has odd characters.

    what  is written, as the error begins: "A note"
    line  takes no line breaks
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise CaseError(f"{what} has at most {limit} characters; this one has {len(text)}.")
    # The joiners are letters' business in several scripts.
    kept = "\u200c\u200d" + ("" if line else "\n\t")
    odd = [each for each in text if each not in kept and unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    if odd:
        raise CaseError(f"{what} holds a character that draws nothing (U+{ord(odd[0]):04X}). Write it without.")
    return text
