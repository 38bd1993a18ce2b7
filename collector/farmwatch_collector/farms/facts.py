"""All that a group of devices is judged by: what they share, who stays and who comes and goes, what they are alike in.

Costs follow the number of members and of their values. What the source has to look up, hours of input above all, is
asked for a group only where it can matter.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from farmwatch_detectors.policy import Policy

from ..fleet import Fleet
from ..ties.kinds import KINDS
from ..ties.types import Held, Node
from .activity import rhythms
from .gathering import CROWD, Group
from .odds_table import shipped_table
from .sentence import name_of
from .source import Activity, MemberScore, Source
from .types import FarmFacts, Member, Shared, Trait

_DAY = 86_400
#: Days of a device's memory that a mask holds.
_MASK = 32
#: Kinds whose values speak of where a device is.
PHYSICAL = ("place", "hardware", "exit")
#: A device that was watched on fewer days, and not used, may only be new.
LEAST_WATCHED = 3
USED_DAYS = 14
#: Quarters of an hour with input that make a day one of use.
USED_SLOTS = 4
#: Of a larger group so many members' hours are compared.
RHYTHM_MEMBERS = 64
STRANGERS = 200
#: What went through more hands is a bench's.
HANDED_BETWEEN = 16
RHYTHM_DAYS = 31
#: Traits that a device can lack: all members count as known. Of others, those that show any value of the kind.
LACKED = frozenset({"kvm_model", "remote_peer"})


class Fellows:
    """What candidates are compared with in the fleet beside its values: strangers' hours, and cohorts.

    Kept as devices come; made anew by `fill`. The sample is of the smallest hashes of ids: the same devices in any
    order of coming.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._sample: list[tuple[int, str]] = []  # a heap by the negative hash
        self._sampled: set[str] = set()
        self._cohorts: Counter[str] = Counter()

    def fill(self) -> None:
        """Looks at the whole fleet."""
        self._sample, self._sampled, self._cohorts = [], set(), Counter()
        for device in self._fleet.known():
            self.add(device)
            entry = self._fleet.entry(device)
            if entry is not None and entry.cohort:
                self._cohorts[entry.cohort] += 1

    def add(self, device: str) -> None:
        """Takes one device into the sample if its hash is small enough."""
        if device in self._sampled:
            return
        mine = (-int.from_bytes(hashlib.blake2b(device.encode(), digest_size=8).digest()), device)
        if len(self._sample) < STRANGERS:
            heapq.heappush(self._sample, mine)
        elif mine > self._sample[0]:
            self._sampled.discard(heapq.heapreplace(self._sample, mine)[1])
        else:
            return
        self._sampled.add(device)

    def strangers(self) -> tuple[str, ...]:
        """Returns the sample, smallest hash first."""
        return tuple(device for _, device in sorted(self._sample, reverse=True))

    def cohort(self, name: str) -> float:
        """Returns the share of devices of a cohort among those whose cohort the roster has."""
        total = self._cohorts.total()
        return self._cohorts[name] / total if total else 1.0


class Inquiry:
    """One search's answers from the source, each asked once."""

    def __init__(self, source: Source, at: datetime) -> None:
        self._source = source
        self.at = at
        self._scores: dict[str, MemberScore] = {}
        self._asked: set[str] = set()
        self._activity: dict[str, Activity] = {}
        self._watched: set[str] = set()

    def scores(self, devices: Iterable[str]) -> Mapping[str, MemberScore]:
        """Returns the latest judgements of at least these devices."""
        new = [each for each in devices if each not in self._asked]
        if new:
            self._asked.update(new)
            self._scores.update(self._source.scores(new))
        return self._scores

    def activity(self, devices: Iterable[str]) -> Mapping[str, Activity]:
        """Returns the hours of at least these devices, of the days that rhythms look at."""
        new = [each for each in devices if each not in self._watched]
        if new:
            self._watched.update(new)
            since = (self.at - timedelta(days=RHYTHM_DAYS)).date()
            self._activity.update(self._source.activity(new, since))
        return self._activity


class FactsMaker:
    """Makes the facts of groups at one moment."""

    def __init__(self, fleet: Fleet, policy: Policy, fellows: Fellows, inquiry: Inquiry) -> None:
        self._fleet = fleet
        self._policy = policy
        self._fellows = fellows
        self._inquiry = inquiry
        self._at = inquiry.at
        self._today: date = inquiry.at.astimezone(UTC).date()

    def facts(self, group: Group) -> FarmFacts:
        """Returns a group's facts without its members' hours."""
        held = {device: self._fleet.held(device) for device in group.devices}
        shared = self._shared(held)
        scores = self._inquiry.scores(group.devices)
        alone = _alone(held)
        members = tuple(
            self._member(device, held[device], shared, scores.get(device), alone) for device in group.devices
        )
        anchor = shared[0].node if shared else None
        visitors = (len(anchor.holders) - len(anchor.residents) + anchor.gone) if anchor else 0
        return FarmFacts(
            at=self._at,
            fleet=self._fleet.devices,
            members=members,
            shared=shared,
            visitors=visitors,
            egress=_exits(held.values()),
            traits=self._traits(held, members),
        )

    def with_hours(self, facts: FarmFacts) -> FarmFacts:
        """Returns facts with what members' hours tell: who is used, and whose hours fit another's."""
        devices = [each.device for each in facts.members]
        known = self._inquiry.activity(devices)
        members = tuple(
            msgspec.structs.replace(each, used_days=_used_days(known.get(each.device), self._today))
            for each in facts.members
        )
        chosen = {device: known[device] for device in devices if device in known}
        if len(chosen) > RHYTHM_MEMBERS:
            first = sorted(chosen, key=lambda each: (hashlib.blake2b(each.encode()).digest(), each))[:RHYTHM_MEMBERS]
            chosen = {device: chosen[device] for device in sorted(first)}
        found = facts.rhythms
        if len(chosen) > 1:
            inside = set(devices)
            strangers = [each for each in self._fellows.strangers() if each not in inside]
            hours = self._inquiry.activity(strangers)
            found = rhythms(chosen, [hours[each] for each in strangers if each in hours], self._at)
        return msgspec.structs.replace(facts, members=members, rhythms=found)

    def _shared(self, held: Mapping[str, Sequence[Held]]) -> tuple[Shared, ...]:
        """What two members or more have now, or handed over, the heaviest first by what so many may count."""
        having: dict[tuple[str, bytes], list[tuple[str, Held]]] = {}
        for device, values in sorted(held.items()):
            for each in values:
                nature = KINDS[each.seen.kind].nature if each.seen.kind in KINDS else "trait"
                if nature in PHYSICAL and (each.now or nature == "hardware"):
                    having.setdefault(_key(each), []).append((device, each))
        found: list[Shared] = []
        for (kind, value), holding in having.items():
            node = self._fleet.node(kind, value, self._today) if len(holding) > 1 else None
            if node is None or node.place or node.scattered or node.count > CROWD:
                continue
            now = tuple(device for device, each in holding if each.now)
            few = len(now) < 2 and len(holding) <= HANDED_BETWEEN
            over = node.nature == "hardware" and few and _handed_over([_days(each) for _, each in holding])
            members = tuple(device for device, _ in holding) if over else now
            if len(members) > 1:
                unrelated = self._fleet.unrelated(members, self._today)
                worth = self._fleet.worth(node, today=self._today)
                found.append(Shared(node=node, members=members, unrelated=unrelated, worth=worth, hand_over=over))
        order = {kind: place for place, kind in enumerate(KINDS)}
        table = shipped_table()

        def weight(each: Shared) -> tuple[bool, float, int, int, bytes]:
            kind = each.node.seen.kind
            beside = kind == "first_network" or each.hand_over or each.node.seen.soft
            bits = min(each.worth.bits, table.most_for(each.unrelated))
            return (beside, -round(bits, 6), -len(each.members), order[kind], each.node.seen.value)

        return tuple(sorted(found, key=weight))

    def _member(
        self,
        device: str,
        held: Sequence[Held],
        shared: Sequence[Shared],
        score: MemberScore | None,
        alone: Collection[bytes],
    ) -> Member:
        mine = [each for each in shared if device in each.members]
        belongs = mine[0] if mine else None
        joined, stay, days = _staying(held, belongs, shared)
        entry = self._fleet.entry(device)
        why = ""
        if belongs is not None:
            others = len(belongs.members) - 1
            since = f" since {joined.date().isoformat()}" if joined else ""
            why = f"Has one {name_of(belongs)} with {others} other{'s' if others > 1 else ''}{since}."
        first = min((each.first_at for each in held), default=None)
        return Member(
            device=device,
            name=score.name if score else "",
            joined_at=joined,
            stay=stay,
            days=days,
            own_days=_own_days(held, joined, alone),
            bits=score.bits if score else None,
            probability=score.probability if score else None,
            points=score.points if score else None,
            attention=score.attention if score else "none",
            prior=self._prior(device, first),
            person=entry.person if entry else "",
            cohort=entry.cohort if entry else "",
            household=entry.household if entry else "",
            site=entry.site if entry else "",
            start_on=entry.start_on if entry else None,
            claim=entry.claim if entry else None,
            known=bool(entry and entry.person),
            ties=tuple(sorted({each.node.seen.kind for each in mine})),
            why=why,
        )

    def _prior(self, device: str, first: int | None) -> float:
        """The cohort's in a device's first days, else the fleet's: as its own judgement has it."""
        entry = self._fleet.entry(device)
        if entry is not None and entry.cohort:
            for cohort in self._policy.cohorts:
                if cohort.name == entry.cohort:
                    start = entry.start_on or (datetime.fromtimestamp(first, UTC).date() if first else self._today)
                    return cohort.prior if self._today < start + timedelta(days=cohort.days) else self._policy.prior
        return self._policy.prior

    def _traits(self, held: Mapping[str, Sequence[Held]], members: Sequence[Member]) -> tuple[Trait, ...]:
        """Per kind the value that most members have: what they are alike in."""
        found: list[Trait] = []
        for kind in KINDS.values():
            if kind.nature != "trait":
                continue
            having: dict[bytes, set[str]] = {}
            words: dict[bytes, str] = {}
            for device, values in held.items():
                for each in values:
                    if each.seen.kind == kind.kind and each.now:
                        having.setdefault(each.seen.value, set()).add(device)
                        words[each.seen.value] = min(words.get(each.seen.value, each.seen.words), each.seen.words)
            if not having:
                continue
            value = min(having, key=lambda one: (-len(having[one]), one))
            if len(having[value]) < 2:
                continue
            share, known = self._fleet.share(kind.kind, value)
            everybody = kind.kind in LACKED
            found.append(
                Trait(
                    kind=kind.kind,
                    words=words[value] or kind.words,
                    having=len(having[value]),
                    known=len(members) if everybody else len(set[str]().union(*having.values())),
                    share=share * known / max(1, self._fleet.devices) if everybody else share,
                )
            )
        cohorts = Counter(each.cohort for each in members if each.cohort)
        if cohorts:
            name, count = min(cohorts.items(), key=lambda pair: (-pair[1], pair[0]))
            share = self._fellows.cohort(name)
            found.append(Trait(kind="cohort", words=name, having=count, known=cohorts.total(), share=share))
        return tuple(found)


def _key(held: Held) -> tuple[str, bytes]:
    return held.seen.kind, held.seen.value


def _days(held: Held) -> set[int]:
    last = held.last_at // _DAY
    return {last - back for back in range(_MASK) if held.days >> back & 1}


def _handed_over(spans: Sequence[set[int]]) -> bool:
    """Whether days of holders never coincide, but for the day on which it changed hands."""
    for place, one in enumerate(spans):
        for other in spans[place + 1 :]:
            both = one & other
            if len(both) > 1 or (both and not (max(one) == min(other) or max(other) == min(one))):
                return False
            if both and len(one | other) == 1:
                return False
    return True


def _staying(
    held: Sequence[Held], belongs: Shared | None, shared: Sequence[Shared]
) -> tuple[datetime | None, float | None, int]:
    """Returns since when a device has what ties it, the share of its days since then with it, and those days.

    Another value of the same kind that members share is the same house: two routers of one home.
    """
    mine = next((each for each in held if belongs and _key(each) == _key_of(belongs.node)), None)
    if mine is None or belongs is None:
        return None, None, 0
    kind = KINDS[mine.seen.kind]
    there = {_key_of(each.node) for each in shared if each.node.seen.kind == kind.kind}
    start = mine.first_at // _DAY
    known: set[int] = set()
    present: set[int] = set()
    for each in held:
        if each.seen.kind in KINDS and KINDS[each.seen.kind].source == kind.source:
            days = {day for day in _days(each) if day >= start}
            known |= days
            if _key(each) in there:
                present |= days
    stay = len(present) / len(known) if known else None
    return datetime.fromtimestamp(mine.first_at, UTC), stay, len(known)


def _alone(held: Mapping[str, Sequence[Held]]) -> frozenset[bytes]:
    """Returns the gateways that one of some devices had and no other."""
    counts = Counter(each.seen.value for values in held.values() for each in values if each.seen.kind == "gateway_mac")
    return frozenset(value for value, count in counts.items() if count == 1)


def _own_days(held: Sequence[Held], joined: datetime | None, alone: Collection[bytes]) -> int:
    if joined is None:
        return 0
    start = int(joined.timestamp()) // _DAY
    mine = [_days(each) for each in held if each.seen.kind == "gateway_mac" and each.seen.value in alone]
    return sum(start - _MASK <= day < start for day in set[int]().union(*mine))


def _key_of(node: Node) -> tuple[str, bytes]:
    return node.seen.kind, node.seen.value


def _exits(held: Collection[Sequence[Held]]) -> dict[str, int]:
    """Members by the class of their latest exit: the stratum of the network that it is of."""
    found: Counter[str] = Counter()
    for values in held:
        exits = [each for each in values if each.seen.kind == "egress_network"]
        if exits:
            latest = max(exits, key=lambda each: (each.last_at, each.first_at, each.seen.value))
            found[latest.seen.stratum] += 1
    return dict(sorted(found.items()))


def _used_days(activity: Activity | None, today: date) -> int | None:
    """Days of the last fourteen with an hour of input; None where too few were watched to say that nobody used it."""
    if activity is None:
        return None
    days = [today - timedelta(days=back) for back in range(USED_DAYS)]
    used = sum(activity.slots.get(day, 0).bit_count() >= USED_SLOTS for day in days)
    watched = sum(day in activity.watched for day in days)
    return used if used or watched >= LEAST_WATCHED else None
