"""Small worlds of laptops at homes, and of people among them whom one place holds for a good reason, or a bad one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from farmwatch_collector.farms.source import Activity, MemberScore
from farmwatch_collector.farms.watch import Candidate, find
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Claim, Policy, RosterEntry

from .fleets import value

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
MONTH = range(28)
CLAIMS = tuple(
    Claim(place=place, latitude=latitude, longitude=longitude, country="US")
    for place, latitude, longitude in (
        ("Seattle", 47.61, -122.33),
        ("Austin", 30.27, -97.74),
        ("New York", 40.71, -74.01),
        ("Chicago", 41.88, -87.63),
    )
)


def ago(days: int) -> date:
    return (AT - timedelta(days=days)).date()


def network(
    name: str, *, mac: str = "", point: str = "", exit_class: str = "residential"
) -> dict[str, tuple[Seen, ...]]:
    """What a laptop shows at a place: gateway, and line or nothing where a security client hides it."""
    found: dict[str, tuple[Seen, ...]] = {
        "network": (Seen("gateway_mac", value(mac or name), f"{sum(name.encode()) % 40:06x}"),)
    }
    if exit_class == "residential":
        line = (Seen("egress", value(name), "64500"), Seen("egress_block", value(f"b {name}"), "64500"))
        found["egress"] = (*line, Seen("egress_network", value("64500"), exit_class))
    if point:
        found["wifi"] = (Seen("bssid", value(point), "0050f1"),)
    return found


class World:
    """A source, too: nobody's own evidence speaks but what `own` says, and hours are those given."""

    def __init__(self, homes: int = 600) -> None:
        self.fleet = Fleet()
        self.roster: dict[str, RosterEntry] = {}
        self.own: dict[str, float] = {}
        self.hours: dict[str, Activity] = {}
        self.policy = Policy()
        for number in range(homes):
            self.stay(f"other-{number:03}", network(f"home {number}"))

    def stay(self, device: str, there: Mapping[str, Iterable[Seen]], days: Collection[int] = MONTH) -> None:
        """Lets a device be somewhere on days, so many before today."""
        told = sorted(days, reverse=True)
        first, last = AT - timedelta(days=told[0], hours=4), AT - timedelta(days=told[-1])
        self.fleet.take(device, {key: tuple(each) for key, each in there.items()}, first, last, [ago(n) for n in told])

    def people(self, devices: Sequence[str], **fields: object) -> None:
        """Enters people into the records; of a list or tuple each gets one."""
        for number, device in enumerate(devices):
            entry = RosterEntry(person=f"person of {device}")
            for key, each in fields.items():
                one: object = each[number] if isinstance(each, (list, tuple)) else each  # pyright: ignore[reportUnknownVariableType]
                entry = msgspec.structs.replace(entry, **{key: one})
            self.roster[device] = entry

    def scores(self, devices: Collection[str]) -> dict[str, MemberScore]:
        return {
            each: MemberScore(device=each, bits=bits, probability=0.001, points=20, attention="none")
            for each, bits in self.own.items()
            if each in devices
        }

    def activity(self, devices: Collection[str], since: date) -> dict[str, Activity]:
        return {each: self.hours[each] for each in devices if each in self.hours}

    def found(self) -> list[Candidate]:
        self.fleet.set_roster(self.roster)
        self.fleet.set_policy(self.policy)
        return find(self.fleet, self, self.policy, AT)

    def only(self) -> Candidate:
        (candidate,) = self.found()
        return candidate
