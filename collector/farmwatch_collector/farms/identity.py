"""Which candidate is which farm: ids that stay when members come and go, merges and splits told in words. Pure.

A farm goes on in the candidate that has most of its members. Where several farms come to one candidate, the oldest
goes on and the others go into it. Where a farm comes apart, the part with most of its members keeps the id, and
another part that is worth listing becomes a farm of its own that names where it comes from.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from ..assessment import LEVEL_WORDS
from .judging import Candidate
from .sentence import name_of
from .source import FarmChange
from .types import Farm, FarmEvent, FarmFacts, FarmMember, FarmState, Member

#: A candidate is kept as a farm from such a probability on, and listed until it falls below the other.
KEPT_FROM = 0.01
LISTED_UNTIL = 0.005
#: Devices that a line of the history names.
NAMED = 6
#: Who leaves and comes back within this keeps one line, and is told of once.
QUIET = timedelta(days=1)

Untied = Callable[[Farm], tuple[FarmState, str]]
"""Says of a farm that no candidate continues why: `explained` or `ended`, and one sentence."""


def present(farm: Farm) -> tuple[str, ...]:
    """Returns the devices that belong to a farm now; of one that ended, those that did last. Sorted."""
    return tuple(sorted(each.member.device for each in farm.members if each.left_at is None))


def matched(
    farms: Collection[Farm],
    candidates: Sequence[Candidate],
    at: datetime,
    untied: Untied,
    number: Callable[[], int],
) -> list[FarmChange]:
    """Returns what becomes of farms, and the farms that are new, in an order that input does not change.

    farms       those that any device of the candidates, or none, belongs to; merged ones left out
    candidates  no device in two of them
    untied      asked of farms that no candidate continues
    number      gives a new farm its temporary id
    """
    ordered = sorted(candidates, key=lambda each: each.devices)
    members = {farm.id: set(present(farm)) for farm in farms}
    oldest = sorted(farms, key=_age)
    claims = _claims(oldest, ordered, members)
    goes_on: dict[int, int] = {}  # place of the candidate -> farm
    into: dict[int, int] = {}
    for place, claimants in claims.items():
        first = _heir(claimants, ordered[place], members)
        goes_on[place] = first.id
        into.update({farm.id: first.id for farm in claimants if farm.id != first.id and farm.state == "open"})
    by_id = {farm.id: farm for farm in oldest}
    parts = _parts_of(oldest, ordered, members, goes_on)
    changes: list[FarmChange] = []
    for place, candidate in enumerate(ordered):
        if place in goes_on:
            farm = by_id[goes_on[place]]
            merged = [each for each, target in into.items() if target == farm.id]
            gone = {other for other, start in parts.items() if farm.id in start and other not in goes_on}
            split = [ordered[other] for other in sorted(gone) if candidate_kept(ordered[other])]
            change = _continued(farm, candidate, at, [by_id[each] for each in sorted(merged)], split)
        elif candidate_kept(candidate):
            change = _found(number(), candidate, at, parts.get(place, ()))
        else:
            change = None
        if change is not None:
            changes.append(change)
    for farm in oldest:
        if farm.id in goes_on.values():
            continue
        if farm.id in into:
            changes.append(_merged(farm, by_id[into[farm.id]], at))
        elif farm.state != "ended":
            state, words = untied(farm)
            if state != farm.state:
                changes.append(_closed(farm, state, words, at))
    return changes


def candidate_kept(candidate: Candidate) -> bool:
    """Whether a candidate is worth keeping as a farm."""
    return candidate.odds.probability >= KEPT_FROM


def _age(farm: Farm) -> tuple[datetime, bool, int]:
    return farm.found_at, farm.id < 0, abs(farm.id)


def _claims(
    farms: Sequence[Farm], candidates: Sequence[Candidate], members: Mapping[int, set[str]]
) -> dict[int, list[Farm]]:
    """Farms by the place of the candidate that has most of their members: two at least, or more than half."""
    of_device = {device: place for place, each in enumerate(candidates) for device in each.devices}
    claims: dict[int, list[Farm]] = {}
    for farm in farms:
        counts: dict[int, int] = {}
        for device in members[farm.id]:
            if device in of_device:
                counts[of_device[device]] = counts.get(of_device[device], 0) + 1
        best = min(counts, key=lambda place: (-counts[place], place), default=None)
        if best is None or (counts[best] < 2 and 2 * counts[best] <= len(members[farm.id])):
            continue
        low = candidates[best].odds.probability < (LISTED_UNTIL if farm.state == "open" else KEPT_FROM)
        if not low:
            claims.setdefault(best, []).append(farm)
    return claims


def _heir(claimants: Sequence[Farm], candidate: Candidate, members: Mapping[int, set[str]]) -> Farm:
    """The oldest of those that stand and have half of their members there; else the one with most there."""
    devices = set(candidate.devices)
    whole = [farm for farm in claimants if 2 * len(members[farm.id] & devices) >= len(members[farm.id])]
    standing = [farm for farm in whole if farm.state == "open"] or whole
    if standing:
        return standing[0]
    return max(claimants, key=lambda farm: len(members[farm.id] & devices))


def _parts_of(
    farms: Sequence[Farm],
    candidates: Sequence[Candidate],
    members: Mapping[int, set[str]],
    goes_on: Mapping[int, int],
) -> dict[int, tuple[int, ...]]:
    """By the place of a candidate that continues no farm: the farms that two or more of its devices belonged to."""
    of_device: dict[str, list[int]] = {}
    for farm in farms:
        if farm.state == "open":
            for device in members[farm.id]:
                of_device.setdefault(device, []).append(farm.id)
    found: dict[int, tuple[int, ...]] = {}
    for place, candidate in enumerate(candidates):
        if place not in goes_on:
            counts: dict[int, int] = {}
            for device in candidate.devices:
                for number in of_device.get(device, ()):
                    counts[number] = counts.get(number, 0) + 1
            found[place] = tuple(sorted(number for number, count in counts.items() if count > 1))
    return found


def _continued(
    farm: Farm, candidate: Candidate, at: datetime, merged: Sequence[Farm], split: Sequence[Candidate]
) -> FarmChange:
    """The same farm as it is now, with what happened to it; `events` is empty where only figures moved."""
    before, now = set(present(farm)), set(candidate.devices)
    by_device = {each.device: each for each in candidate.facts.members}
    events: list[FarmEvent] = []
    if farm.state != "open":
        words = f"It is back: {_level(candidate)}. {_tie_words(candidate.facts)}"
        events.append(FarmEvent(at=at, action="returned", words=words))
    for other in merged:
        words = f"{_farm(other)} went into this one: {named(present(other))}. {_tie_words(candidate.facts)}"
        events.append(FarmEvent(at=at, action="merged", words=words))
    taken = {device for other in merged for device in present(other)}
    quiet = {each.member.device for each in farm.members if each.away_at is not None and at - each.away_at < QUIET}
    joined = sorted(now - before - taken - quiet)
    if joined:
        words = f"{named(joined)} joined. {_why(by_device[joined[0]], candidate.facts)}"
        events.append(FarmEvent(at=at, action="joined", words=words))
    parted = {device for part in split for device in part.devices}
    for part in split:
        words = f"{named(sorted(before & set(part.devices)))} are a farm apart now: nothing ties them to the others."
        events.append(FarmEvent(at=at, action="split", words=words))
    left = sorted(before - now - parted - quiet)
    if left:
        words = f"{named(left)} left: nothing ties {'it' if len(left) == 1 else 'them'} to the others any more."
        events.append(FarmEvent(at=at, action="left", words=words))
    moved = before != now or farm.state != "open" or farm.odds.attention != candidate.odds.attention
    changed = msgspec.structs.replace(
        farm,
        state="open",
        members=_members(farm.members, candidate.facts.members, at),
        facts=candidate.facts,
        odds=candidate.odds,
        changed_at=at if moved else farm.changed_at,
        previous=tuple(sorted({*farm.previous, *(each.id for each in merged)})),
        peak=max(farm.peak, candidate.odds.points),
    )
    touched = tuple(sorted({*(before ^ now), *_rhythms_changed(farm.facts, candidate.facts)}))
    return FarmChange(farm=changed, events=tuple(events), before=farm.odds.points, touched=touched)


def _found(number: int, candidate: Candidate, at: datetime, previous: Sequence[int]) -> FarmChange:
    facts = candidate.facts
    words = f"{len(facts.members)} laptops, {_level(candidate)}: {named(candidate.devices)}. {_tie_words(facts)}"
    events = [FarmEvent(at=at, action="found", words=words)]
    if previous:
        come = " and ".join(f"farm {each}" if each > 0 else "a farm found just before" for each in previous)
        words = f"Split from {come}: nothing ties these to the others any more."
        events.append(FarmEvent(at=at, action="split", words=words))
    farm = Farm(
        id=number,
        state="open",
        members=_members((), facts.members, at),
        facts=facts,
        odds=candidate.odds,
        found_at=at,
        changed_at=at,
        previous=tuple(previous),
        peak=candidate.odds.points,
    )
    return FarmChange(farm=farm, events=tuple(events), before=None, touched=candidate.devices)


def _merged(farm: Farm, target: Farm, at: datetime) -> FarmChange:
    event = FarmEvent(at=at, action="merged", words=f"Went into {_farm(target).lower()}, which is older.")
    members = tuple(
        each if each.left_at is not None else msgspec.structs.replace(each, left_at=at) for each in farm.members
    )
    changed = msgspec.structs.replace(farm, state="ended", members=members, into=target.id, changed_at=at)
    return FarmChange(farm=changed, events=(event,), before=farm.odds.points, touched=present(farm))


def _closed(farm: Farm, state: FarmState, words: str, at: datetime) -> FarmChange:
    """Its last members stay written down as such: who comes back is known again by them."""
    changed = msgspec.structs.replace(farm, state=state, changed_at=at)
    event = FarmEvent(at=at, action=state, words=words)
    return FarmChange(farm=changed, events=(event,), before=farm.odds.points, touched=present(farm))


def _members(before: Sequence[FarmMember], now: Sequence[Member], at: datetime) -> tuple[FarmMember, ...]:
    """Members with when they came and went; who comes back has a line of its own beside the old one, unless it left
    only just now: one laptop that flips would fill a farm with lines."""
    by_device = {each.device: each for each in now}
    found: list[FarmMember] = []
    for each in sorted(before, key=lambda one: (one.left_at is not None, one.added_at)):
        device = each.member.device
        if each.left_at is not None:
            back = at - each.left_at < QUIET and device in by_device
            found.append(_again(each, by_device.pop(device)) if back else each)
        elif device in by_device:
            found.append(msgspec.structs.replace(each, member=by_device.pop(device)))
        else:
            told = each.away_at if each.away_at is not None and at - each.away_at < QUIET else at
            found.append(msgspec.structs.replace(each, left_at=at, away_at=told))
    found += [FarmMember(member=each, added_at=at) for each in by_device.values()]
    return tuple(sorted(found, key=lambda each: (each.added_at, each.member.device, each.left_at is None)))


def _again(line: FarmMember, member: Member) -> FarmMember:
    return msgspec.structs.replace(line, member=member, left_at=None)


def _rhythms_changed(before: FarmFacts, now: FarmFacts) -> set[str]:
    old, new = set(before.rhythms), set(now.rhythms)
    return {device for each in old ^ new for device in (each.device, each.other)}


def named(devices: Iterable[str]) -> str:
    """Returns the first six of some devices and how many more."""
    every = list(devices)
    rest = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _farm(farm: Farm) -> str:
    return f"Farm {farm.id}" if farm.id > 0 else "A farm found just before"


def _level(candidate: Candidate) -> str:
    return f"{LEVEL_WORDS[candidate.odds.attention]}, {candidate.odds.points} points"


def _tie_words(facts: FarmFacts) -> str:
    if not facts.shared:
        return "Nothing is shared."
    anchor = facts.shared[0]
    return f"{len(anchor.members)} of them share one {name_of(anchor)}."


def _why(member: Member, facts: FarmFacts) -> str:
    return member.why or _tie_words(facts)
