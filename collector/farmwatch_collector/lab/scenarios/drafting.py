"""Puts a sample together: which devices, what the company's records and policy say of them, in which order."""

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import yaml

from .. import cities, lines
from ..fleet import HOME_ROUTERS
from ..sample import Order, Sample
from . import farms, hours, ordinary, permissions, stream, whereabouts
from .device import Device
from .scenario import Group, Scenario, compositions

#: Classes that are what they are called from the moment on at which the house is full.
_SHARED_KINDS = ("software", "software_pair")
#: What every made company's policy says: the shorter memory for new hires, and its own tools.
_COHORTS = [{"name": "remote_new_hire", "prior": 0.001, "days": 30}]
ROSTER_COLUMNS = ("person", "device", "place", "cohort", "start_on", "household", "site", "time_zone")
#: Further columns, which only some people's records fill.
MORE_COLUMNS = ("shipped_to", "shipped_on", "phone", "previous_addresses", "bank_account")


class Draft:
    """A sample on its way.

    devices    in the order of making; reports and labels do not keep it
    sanctions  rows of the policy
    places     rows of the policy
    """

    def __init__(self, scenario: Scenario, chance: random.Random, corpus: str = "") -> None:
        self.scenario = scenario
        self.chance = chance
        self.corpus = corpus
        self.first = date.fromisoformat(scenario.first_day)
        self.devices: list[Device] = []
        self.sanctions: list[dict[str, object]] = []
        self.places: list[dict[str, object]] = []

    def new(self, platform: str, late: int | None = None, zone: str = "") -> Device:
        """Returns one more laptop, with dice of its own; `late` days after the first one, or on any enrolment day."""
        late = self.late() if late is None else late
        dice = random.Random(self.chance.getrandbits(64))  # noqa: S311 - a fleet that can be made again
        device = ordinary.laptop(dice, platform, self.first + timedelta(days=late), self.scenario.days - late, zone)
        device.corpus = self.corpus
        whereabouts.settle(device, cities.in_zone(device.time_zone, whereabouts.dice(device, "home")))
        return device

    def late(self) -> int:
        """Returns one of the scenario's enrolment days."""
        return self.chance.randrange(self.scenario.enrol_days)

    def sanction(self, field: str, value: str, reason: str, until: date = date(2099, 12, 31), **more: object) -> None:
        """Adds a row to the policy, once."""
        # A date of its own: one object in two rows would be an anchor in YAML, which policies do not take.
        row: dict[str, object] = {field: value, **more, "owner": "service-desk@example.com", "reason": reason,
                                  "until": until.replace()}  # fmt: skip
        if row not in self.sanctions:
            self.sanctions.append(row)

    def place(self, name: str, kind: str, mac: str) -> None:
        """Adds a place with its gateway to the policy."""
        self.places.append({"name": f"{name} {len(self.places) + 1}", "kind": kind, "owner": "facilities@example.com",
                            "gateway_macs": [mac], "until": date(2099, 12, 31)})  # fmt: skip

    def policy(self) -> str:
        """Returns the policy file."""
        return yaml.safe_dump(
            {"version": 1, "cohorts": _COHORTS, "sanctions": self.sanctions, "places": self.places}, sort_keys=False
        )

    def roster(self, devices: Sequence[Device]) -> str:
        """Returns the roster file."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*ROSTER_COLUMNS, *MORE_COLUMNS))
        for each in devices:
            more = (each.records.get(column, "") for column in MORE_COLUMNS)
            writer.writerow((each.person, each.id, each.claim, each.cohort, each.start_on or "", each.household,
                             each.site, each.records.get("time_zone", each.time_zone), *more))  # fmt: skip
        return text.getvalue()

    def sample(self, name: str) -> Sample:
        """Returns the sample, its devices in an order that tells nothing."""
        devices = sorted(self.devices, key=lambda device: device.id)
        key = self.chance.randbytes(32)
        every, rounds = self.scenario.every_minutes * 60, self.scenario.rounds

        def reports() -> Iterator[bytes]:
            return stream.fleet_reports(devices, key, every, rounds)

        return Sample(
            name=name,
            labels=tuple(device.label() for device in devices),
            roster=self.roster(devices),
            policy=self.policy(),
            key=key,
            days=self.scenario.days,
            reports=reports,
            origins=whereabouts.origins(devices),
            sign_ins=whereabouts.sign_ins(devices),
        )


def parts_of(scenario: Scenario, device_days: int = 0, seeds: int = 1) -> int:
    """Returns how many samples one seed has; with `device_days`, as many as all seeds need for them together."""
    made = sum(len(compositions(group)) for group in scenario.groups)
    if made:
        return -(-made // scenario.per_part)
    if device_days:
        ordinary_devices = sum(group.ordinary for group in scenario.groups)
        return max(1, -(-device_days // (ordinary_devices * scenario.days * seeds)))
    return scenario.parts


People = Callable[[Draft, Group], None]


def draft(scenario: Scenario, order: Order, people: People) -> Sample:
    """Returns one sample of a scenario; `people` adds a group's ordinary ones."""
    chance = random.Random(f"{scenario.name} {order.seed} {order.part}")  # noqa: S311
    work = Draft(scenario, chance, order.corpus)
    houses: dict[int, tuple[Group, list[Device]]] = {}
    for group, made in _share(scenario, order):
        before = houses.get(id(group))
        device = _farm(work, group, made, before[1][0].time_zone if before else "")  # of one house, of one zone
        if group.shared > 1:
            houses.setdefault(id(group), (group, []))[1].append(device)
    for group, members in houses.values():
        _move_in(work, group, members)
    for group in scenario.groups:
        if group.ordinary:
            people(work, group)
    return work.sample(f"{scenario.name}, seed {order.seed}, part {order.part}")


def _share(scenario: Scenario, order: Order) -> list[tuple[Group, dict[str, str]]]:
    """Returns the compositions of one part: all of the scenario, shuffled by the seed, cut into parts.

    Those who live together are never cut apart.
    """
    dice = random.Random(f"{scenario.name} {order.seed}")  # noqa: S311
    units: list[list[tuple[Group, dict[str, str]]]] = []
    for group in scenario.groups:
        made = [(group, each) for each in compositions(group)]
        dice.shuffle(made)
        houses = max(1, len(made) // group.shared)
        units += [made[number::houses] for number in range(houses)] if made else []
    dice.shuffle(units)
    found: list[tuple[Group, dict[str, str]]] = []
    begun = 0
    for unit in units:
        if begun // scenario.per_part == order.part:
            found += unit
        begun += len(unit)
    return found


def _farm(work: Draft, group: Group, made: dict[str, str], zone: str) -> Device:
    device = work.new(made["platform"], zone=zone)
    words = {word: value for word, value in made.items() if word != "missing"}
    farms.put_on_shelf(device, farms.Composition(**words), work.chance.random() < group.later, group.lid,
                        timing=group.timing)  # fmt: skip
    if group.settled:
        device.since = device.use.first_awake(device.since + group.settled * hours.DAY)
        device.facets["settled"] = str(group.settled)
    device.facets["missing"] = made["missing"]
    permissions.take_away(device, made["missing"])
    if group.kind:
        device.kind = group.kind
    work.devices.append(device)
    return device


def _move_in(work: Draft, group: Group, members: list[Device]) -> None:
    """Puts farm laptops into houses of `shared` or a few more; each moves in at its own onset."""
    houses = max(1, len(members) // group.shared)
    macs = [ordinary.mac(work.chance, work.chance.choice(HOME_ROUTERS)) for _ in range(houses)]
    for number, mac in enumerate(macs):
        inside = members[number::houses]
        city = inside[0].home
        line = lines.home(city.country, whereabouts.dice(inside[0], "house"))
        shared_from = sorted(device.since for device in inside)[min(group.shared, len(inside)) - 1]
        for device in inside:
            device.later(device.since, farms.behind(mac))
            # Claimed is the house itself: what such farms show of their place is told by the scenario `place` alone.
            whereabouts.settle(device, city)
            device.lines.append((device.since, line))
            device.facets["house"] = str(number + 1)
            device.facets["members"] = str(len(inside))
            if device.kind in _SHARED_KINDS:
                device.since = device.use.first_awake(shared_from)
