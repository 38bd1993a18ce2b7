"""Farms kept up as reports arrive: what was touched is judged anew with all that it is tied to, and nothing else.

`find` is the whole build, for reports on the command line, the bench, and as the measure of `FarmWatch`: after a
`refresh` it holds the same candidates, and after an `update` those around what was touched.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from farmwatch_detectors.policy import Policy
from farmwatch_detectors.view import Rhythm

from ..fleet import Fleet
from .facts import Fellows
from .gathering import Group
from .identity import QUIET, matched, present
from .judging import Candidate, Judging
from .sentence import name_of
from .source import FarmChange, Source
from .types import Farm, FarmEvent, FarmState, Shared

__all__ = ["Candidate", "FarmWatch", "find"]


def find(fleet: Fleet, source: Source, policy: Policy, at: datetime) -> list[Candidate]:
    """Returns every candidate of a fleet, by its devices, whatever its odds."""
    fellows = Fellows(fleet)
    fellows.fill()
    judging = Judging(fleet, source, policy, fellows, at)
    return judging.candidates(judging.links.groups())


class FarmWatch:
    """The farms of a fleet.

    fleet   says who shares what; `touch` is told what changed in it
    source  says what each member's own judgement is, and when it was used
    """

    def __init__(self, fleet: Fleet, source: Source, policy: Policy) -> None:
        self._fleet = fleet
        self._source = source
        self._policy = policy
        self._fellows = Fellows(fleet)
        self._touched: set[str] = set()
        self._farms: dict[int, Farm] = {}
        self._of: dict[str, set[int]] = {}
        self._last = 0
        self._filled = False
        self._before: dict[int, Farm] = {}
        self._told: dict[tuple[int, str], datetime] = {}

    @property
    def farms(self) -> Mapping[int, Farm]:
        """Farms that stand, are explained or ended by themselves, by id; those that went into another left out."""
        return self._farms

    def load(self, farms: Iterable[Farm]) -> None:
        """Takes farms as a store has them, in place of all it had."""
        self._farms, self._of = {}, {}
        for farm in farms:
            self._keep(farm)

    def set_policy(self, policy: Policy) -> None:
        """Takes another policy, whose base rates hold from the next `refresh` on."""
        self._policy = policy

    def touch(self, devices: Collection[str]) -> None:
        """Notes devices whose ties, records or own judgement changed."""
        self._touched.update(devices)
        for device in devices:
            self._fellows.add(device)

    def farm_of(self, device: str) -> Farm | None:
        """Returns the farm that a device belongs to now, the one with most points; None where it belongs to none."""
        mine = [self._farms[number] for number in self._of.get(device, ()) if self._farms[number].state == "open"]
        return max(mine, key=lambda each: (each.odds.points, -abs(each.id)), default=None)

    def rhythms(self, device: str) -> tuple[Rhythm, ...]:
        """Returns members of its farm whose hours fit a device's own."""
        farm = self.farm_of(device)
        return tuple(each for each in farm.facts.rhythms if each.device == device) if farm else ()

    def update(self, at: datetime) -> list[FarmChange]:
        """Judges what was touched since, with all that it is tied to; returns the farms that changed."""
        if not self._filled:
            return self.refresh(at)
        touched, self._touched = self._touched, set[str]()
        if not touched:
            return []
        judging = Judging(self._fleet, self._source, self._policy, self._fellows, at)
        groups, farms = self._closure(judging, touched)
        changes = self._match(judging, farms, judging.candidates(groups), at)
        return [each for each in changes if each.events or _visibly(self._before.get(each.farm.id), each.farm)]

    def refresh(self, at: datetime) -> list[FarmChange]:
        """Judges the whole fleet anew: what ended by itself, and what others' changes did to rarity."""
        self._touched = set()
        self._told = {key: told for key, told in self._told.items() if at - told < QUIET}
        self._fellows.fill()
        self._filled = True
        judging = Judging(self._fleet, self._source, self._policy, self._fellows, at)
        candidates = judging.candidates(judging.links.groups())
        changes = self._match(judging, self._farms.values(), candidates, at)
        return [each for each in changes if each.events or _differs(self._before.get(each.farm.id), each.farm)]

    def named(self, numbers: Mapping[int, int]) -> None:
        """Gives farms the ids that a store gave them, by the temporary ones that they were told with."""
        renamed = list(self._farms.values())
        self._farms, self._of = {}, {}
        for farm in renamed:
            previous = tuple(sorted(numbers.get(each, each) for each in farm.previous))
            self._keep(msgspec.structs.replace(farm, id=numbers.get(farm.id, farm.id), previous=previous))

    def _closure(self, judging: Judging, touched: Collection[str]) -> tuple[list[Group], list[Farm]]:
        """All groups that touched devices are in, and those of members of farms that such a device belongs to."""
        waiting, seen = sorted(touched), set[str]()
        groups: list[Group] = []
        farms: set[int] = set()
        while waiting:
            device = waiting.pop()
            if device in seen:
                continue
            seen.add(device)
            group = judging.links.group_of(device)
            devices: tuple[str, ...] = (device,)
            if group is not None:
                groups.append(group)
                devices = group.devices
                seen.update(devices)
            new = {number for each in devices for number in self._of.get(each, ())} - farms
            farms |= new
            waiting += [each for number in sorted(new) for each in present(self._farms[number])]
        return groups, [self._farms[number] for number in sorted(farms)]

    def _match(
        self, judging: Judging, farms: Iterable[Farm], candidates: list[Candidate], at: datetime
    ) -> list[FarmChange]:
        known = list(farms)
        self._before = {farm.id: farm for farm in known}
        changes = matched(known, candidates, at, lambda farm: self._untied(judging, farm), self._number)
        changes = [self._once_a_day(each, at) for each in changes]
        for change in changes:
            self._keep(change.farm)
        return changes

    def _once_a_day(self, change: FarmChange, at: datetime) -> FarmChange:
        """Leaves out that a farm ended, or is back, where that was told less than a day ago: one laptop can flip it."""
        kept: list[FarmEvent] = []
        for event in change.events:
            key = (change.farm.id, event.action)
            if event.action in ("ended", "returned"):
                if key in self._told and at - self._told[key] < QUIET:
                    continue
                self._told[key] = at
            kept.append(event)
        return change if len(kept) == len(change.events) else msgspec.structs.replace(change, events=tuple(kept))

    def _number(self) -> int:
        self._last -= 1
        return self._last

    def _keep(self, farm: Farm) -> None:
        before = self._farms.pop(farm.id, None)
        for device in present(before) if before else ():
            self._of[device].discard(farm.id)
            if not self._of[device]:
                del self._of[device]
        if farm.into is not None:
            return
        self._last = min(self._last, farm.id)
        self._farms[farm.id] = farm
        for device in present(farm):
            self._of.setdefault(device, set()).add(farm.id)

    def _untied(self, judging: Judging, farm: Farm) -> tuple[FarmState, str]:
        """Says why no candidate continues a farm: something explains its ties, or they are gone, or say nothing."""
        today = judging.links.today
        for shared in farm.facts.shared[:8]:
            seen = shared.node.seen
            node = self._fleet.node(seen.kind, seen.value, today)
            if node is not None and node.place:
                return "explained", f"Its {name_of(shared)} is known: {node.place}."
            still = [each for each in shared.members if node is not None and each in node.holders]
            if len(still) > 1 and shared.unrelated > 1 and self._fleet.unrelated(still, today) < 2:
                return "explained", f"Records, the policy or a label tie all who share its {name_of(shared)}."
        if farm.facts.shared and self._shares(farm.facts.shared[0], judging):
            return "ended", f"What its members share speaks for no farm any more: {_still(farm)}."
        return "ended", "Nothing ties its members any more."

    def _shares(self, shared: Shared, judging: Judging) -> bool:
        node = self._fleet.node(shared.node.seen.kind, shared.node.seen.value, judging.links.today)
        return node is not None and len(set(node.holders) & set(shared.members)) > 1


def _still(farm: Farm) -> str:
    return f"too many others share such a {name_of(farm.facts.shared[0])}, or those there come and go"


def _visibly(before: Farm | None, now: Farm) -> bool:
    """Whether what a list shows of a farm differs."""
    if before is None:
        return True
    shown = [(each.odds.points, each.odds.attention, each.state, present(each), _keys(each)) for each in (before, now)]
    return shown[0] != shown[1]


def _keys(farm: Farm) -> list[tuple[str, bytes]]:
    return sorted((each.node.seen.kind, each.node.seen.value) for each in farm.facts.shared)


def _differs(before: Farm | None, now: Farm) -> bool:
    """Whether anything of a farm differs but the moment of its judgement."""
    if before is None or _visibly(before, now):
        return True
    return before.odds != now.odds or msgspec.structs.replace(before.facts, at=now.facts.at) != now.facts
