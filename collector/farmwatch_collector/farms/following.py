"""What a farm's judgement does to its case: when one opens, changes and comes back, by the rules of a device's.

Pure: a store applies what `follow_farm` returns, in the transaction that keeps the farm. A case opens at review, where
no member alone may be anything. While one is open there is no second one; a member more escalates it, its level rises
at once and drops only after a day 10 points below. A closed one comes back by a member whom nobody looked at, by 10
points more, by a fall and rise, or when the word that its close left on the shared value ends.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from ..assessment import LEVEL_WORDS, AttentionLevel, level_rank
from ..cases import CLOSE_WORDS, RISE, Case, Followed, points_of
from ..flagging import FLAGGED, LOWERED_AFTER, LOWERED_BELOW
from .types import Farm, Shared

MOST_NAMED = 3
"""Devices that a line of the history names."""


def members_now(farm: Farm) -> tuple[str, ...]:
    """Returns the devices that belong to a farm now, by the day on which they joined."""
    return tuple(each.member.device for each in farm.members if each.left_at is None)


def values_of_place(farm: Farm) -> list[Shared]:
    """Returns what a place is known by: its heaviest value, and access points and exits that its members alone have."""
    members = set(members_now(farm))
    beside = [
        each
        for each in farm.facts.shared[1:]
        if each.node.nature in ("place", "exit")
        and 2 * len(each.members) >= len(members)
        and each.node.holders
        and members.issuperset(each.node.holders)
    ]
    return [*farm.facts.shared[:1], *beside]


def standing_of(farm: Farm) -> tuple[int, AttentionLevel]:
    """Returns points and level that count: one that is explained or has ended speaks against nobody."""
    return (farm.odds.points, farm.odds.attention) if farm.state == "open" else (0, "none")


def follow_farm(farm: Farm, last: Case | None, at: datetime) -> Followed | None:
    """Returns what a farm as it stands at a moment does to its open or last closed case; None when nothing."""
    _, attention = standing_of(farm)
    if last is None:
        return _opened(farm, at, None) if attention in FLAGGED else None
    if last.state != "closed":
        return _open(farm, last, at)
    if last.closed_at is not None and at <= last.closed_at:
        return None
    return _closed(farm, last, at)


def _named(devices: Iterable[str]) -> str:
    every = list(devices)
    rest = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return ", ".join(every[:MOST_NAMED]) + rest


def _evidence(farm: Farm) -> str:
    return hashlib.sha256("\n".join(sorted(members_now(farm))).encode()).hexdigest()[:16]


def _opened(farm: Farm, at: datetime, previous: Case | None, why: str = "") -> Followed:
    points, attention = standing_of(farm)
    members = members_now(farm)
    words = f"{LEVEL_WORDS[attention]}, {points} points: {len(members)} laptops"
    case = Case(
        id=0,
        kind="farm",
        farm=farm.id,
        device="",
        state="open",
        standing="returned" if previous else "new",
        level=attention,
        points=points,
        groups=(),
        evidence=_evidence(farm),
        sentence=farm.odds.sentence,
        opened_at=at,
        changed_at=at,
        previous=previous.id if previous else None,
        members=members,
    )
    if previous is None:
        return Followed(case=case, opens=True, action="opened", words=words)
    return Followed(case=case, opens=True, action="returned", words=f"{why}; {words}")


def _open(farm: Farm, case: Case, at: datetime) -> Followed | None:
    points, attention = standing_of(farm)
    joined = [each for each in members_now(farm) if each not in case.members]
    low_since = (case.low_since or at) if points <= points_of(case.level) - RISE else None
    rose = level_rank(attention) > level_rank(case.level)
    grew = attention in FLAGGED and (bool(joined) or points >= case.points + RISE)
    after = msgspec.structs.replace(
        case,
        low_since=low_since,
        level=attention if rose else case.level,
        evidence=_evidence(farm),
        members=(*case.members, *joined),
    )
    action, words = "", ""
    if low_since is not None and at - low_since >= LOWERED_AFTER:
        after = msgspec.structs.replace(after, level=attention, points=points, low_since=None)
        action, words = "dropped", f"to {LEVEL_WORDS[attention]}, {points} points, for a day"
    elif grew:
        after = msgspec.structs.replace(after, standing="escalating", points=max(points, case.points))
        why = f"{_named(joined)} joined" if joined else f"{points - case.points} points more"
        action, words = "escalated", f"{why}; {LEVEL_WORDS[attention]}, {points} points"
    elif rose:
        action, words = "rose", f"to {LEVEL_WORDS[attention]}, {points} points"
    seen = (after.level, after.points, after.standing, after.evidence, after.members)
    if seen != (case.level, case.points, case.standing, case.evidence, case.members):
        after = msgspec.structs.replace(
            after, version=case.version + 1, sentence=farm.odds.sentence or case.sentence, changed_at=at
        )
    if after == case:
        return None
    wake_at = after.low_since + LOWERED_AFTER if after.low_since else None
    return Followed(case=after, action=action, words=words, wake_at=wake_at)


def _closed(farm: Farm, case: Case, at: datetime) -> Followed | None:
    points, attention = standing_of(farm)
    rest = points if case.rest is None else case.rest
    if attention in FLAGGED:
        joined = [each for each in members_now(farm) if each not in case.members]
        why = ""
        if joined:
            why = f"{_named(joined)} joined"
        elif case.until is not None and at >= case.until:  # before the points, which rise because of it
            why = f"what case {case.id} expected has ended"
        elif points >= rest + RISE:
            why = f"{points - rest} points more than after its close"
        elif case.fell:
            why = "below review for a day, and up again"
        if why:
            return _opened(farm, at, case, f"closed as {CLOSE_WORDS[case.closed_as or 'confirmed']}, and back: {why}")
    low_since = None if case.fell or points > LOWERED_BELOW else case.low_since or at
    fell = case.fell or (low_since is not None and at - low_since >= LOWERED_AFTER)
    after = msgspec.structs.replace(case, rest=rest, fell=fell, low_since=None if fell else low_since)
    if after == case:
        return None
    return Followed(case=after, wake_at=after.low_since + LOWERED_AFTER if after.low_since else None)
