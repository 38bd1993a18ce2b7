"""What ties people and explains places: the roster, the policy, and analysts' words on shared values."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from farmwatch_detectors.policy import Place, Policy, RosterEntry
from farmwatch_schema.identifiers import Keyer

from ..farms.types import Label
from .kinds import value_of

#: The roster's words for "no common site": people at home are not tied by them.
NO_SITE = frozenset({"", "home", "remote", "none", "-"})

#: The kinds that a place of the policy is known by, and that an analyst's word on a gateway explains with it.
GATEWAYS = ("gateway_mac", "first_network")

#: Words in a site's name that make it none: "Remote - US" is where everybody is who is at no office.
NO_SITE_WORDS = frozenset(
    {"remote", "home", "homeoffice", "telework", "teleworker", "virtual", "wfh", "unknown", "n/a"}
)

#: A household of more laptops than this is a column filled in wrongly, and ties nobody.
HOUSEHOLD_MOST = 16

NodeKey = tuple[str, bytes]


class Explained(msgspec.Struct, frozen=True):
    """What a value is known to be, until a day. place: None where it is nobody's in this company."""

    name: str
    until: date | None
    place: Place | None = None

    def holds(self, today: date | None) -> bool:
        """Whether it holds on a day; None asks whether it ever did."""
        return today is None or self.until is None or self.until >= today


class Relations:
    """Who is related to whom, and which values are known places."""

    def __init__(self, keyer: Keyer | None = None) -> None:
        self._keyer = keyer
        self._roster: dict[str, RosterEntry] = {}
        self._homed: Counter[str] = Counter()
        self._households: dict[str, tuple[tuple[str, date | None], ...]] = {}
        self._from_policy: dict[NodeKey, tuple[Explained, ...]] = {}
        self._from_labels: dict[NodeKey, tuple[Explained, ...]] = {}
        self._homes: tuple[tuple[tuple[str, ...], tuple[str, date | None]], ...] = ()
        self._labelled_homes: tuple[tuple[tuple[str, ...], tuple[str, date | None]], ...] = ()

    def entry(self, device: str) -> RosterEntry | None:
        """Returns what the records say of a device's person."""
        return self._roster.get(device)

    def set_roster(self, roster: Mapping[str, RosterEntry]) -> set[str]:
        """Takes the records by device id, and returns the devices whose relations changed."""
        before, self._roster = self._roster, dict(roster)
        crowds = {home for home in self._homed if self._crowd(home)}
        self._homed = Counter(each.household for each in roster.values() if each.household)
        flipped = crowds ^ {home for home in self._homed if self._crowd(home)}
        return {
            device
            for device in before.keys() | roster.keys()
            if (old := before.get(device)) is not (new := roster.get(device)) and _ties_of(old) != _ties_of(new)
        } | self._having(flipped)

    def set_entry(self, device: str, entry: RosterEntry) -> set[str]:
        """Takes the record of one device; returns the devices whose relations changed."""
        before = self._roster.get(device)
        self._roster[device] = entry
        if _ties_of(before) == _ties_of(entry):
            return set()
        homes = {each.household for each in (before, entry) if each is not None and each.household}
        crowds = {home for home in homes if self._crowd(home)}
        if before is not None and before.household:
            self._homed[before.household] -= 1
        if entry.household:
            self._homed[entry.household] += 1
        return {device} | self._having(crowds ^ {home for home in homes if self._crowd(home)})

    def _crowd(self, household: str) -> bool:
        return self._homed[household] > HOUSEHOLD_MOST

    def _having(self, households: set[str]) -> set[str]:
        if not households:
            return set()
        return {device for device, each in self._roster.items() if each.household in households}

    def set_policy(self, policy: Policy) -> tuple[set[str], set[NodeKey]]:
        """Takes the company's places; returns devices and values that are tied or explained otherwise than before."""
        values: dict[NodeKey, list[Explained]] = {}
        for place in policy.places:
            known = Explained(place.name, place.until, place)
            for key in self._keys_of(place):
                values.setdefault(key, []).append(known)
        before = self._from_policy
        self._from_policy = {key: tuple(found) for key, found in values.items()}
        self._homes, old = tuple((each.devices, (each.name, each.until)) for each in policy.places), self._homes
        return self._regroup(old, self._homes), _differing(before, self._from_policy)

    def set_labels(self, labels: Sequence[Label]) -> tuple[set[str], set[NodeKey]]:
        """Takes analysts' words on shared values; returns what `set_policy` returns.

        A household's word that names devices relates these, and explains nothing to anybody else.
        """
        values: dict[NodeKey, list[Explained]] = {}
        homes: list[tuple[tuple[str, ...], tuple[str, date | None]]] = []
        for label in labels:
            if label.devices:
                homes.append((label.devices, (f"label {label.id} {label.name}", label.until)))
                continue
            known = Explained(label.name, label.until, _place_of(label))
            for kind in GATEWAYS if label.kind in GATEWAYS else (label.kind,):
                values.setdefault((kind, bytes.fromhex(label.value)), []).append(known)
        before = self._from_labels
        self._from_labels = {key: tuple(found) for key, found in values.items()}
        self._labelled_homes, old = tuple(homes), self._labelled_homes
        return self._regroup(old, self._labelled_homes), _differing(before, self._from_labels)

    def _keys_of(self, place: Place) -> Iterator[NodeKey]:
        if self._keyer is None:
            return
        for mac in place.gateway_macs:
            value = bytes.fromhex(self._keyer.key("mac", mac).digest)
            yield from ((kind, value) for kind in GATEWAYS)
            yield "bssid", bytes.fromhex(self._keyer.key("bssid", mac).digest)
            yield "router_block", value_of("router_block", self._keyer.key("mac", mac).near)
        for address in place.egress:
            yield "egress", bytes.fromhex(self._keyer.key("address", address).digest)

    def _regroup(
        self,
        old: Iterable[tuple[tuple[str, ...], tuple[str, date | None]]],
        new: Iterable[tuple[tuple[str, ...], tuple[str, date | None]]],
    ) -> set[str]:
        homes: dict[str, list[tuple[str, date | None]]] = {}
        for devices, home in (*self._homes, *self._labelled_homes):
            for device in devices:
                homes.setdefault(device, []).append(home)
        self._households = {device: tuple(found) for device, found in homes.items()}
        return {device for devices, _ in set(old) ^ set(new) for device in devices}

    @property
    def places_known(self) -> bool:
        """Whether anything explains any value."""
        return bool(self._from_policy or self._from_labels)

    def place(self, kind: str, value: bytes, today: date | None) -> Explained | None:
        """Returns what a value is known to be on a day; `None` for a day asks for whatever it was said to be."""
        key = (kind, value)
        for known in (*self._from_policy.get(key, ()), *self._from_labels.get(key, ())):
            if known.holds(today):
                return known
        return None

    def related(self, one: str, other: str, today: date | None) -> bool:
        """Whether records tie two devices by person, household or site, or policy or label by a household."""
        return not set(self._keys(one, today)).isdisjoint(self._keys(other, today))

    def strangers(self, device: str, others: Iterable[str], today: date | None) -> tuple[str, ...]:
        """Returns those of others whom nothing ties to a device, itself left out."""
        mine = set(self._keys(device, today))
        if not mine:
            return tuple(each for each in others if each != device)
        return tuple(each for each in others if each != device and mine.isdisjoint(self._keys(each, today)))

    def _keys(self, device: str, today: date | None) -> Iterator[str]:
        entry = self._roster.get(device)
        crowd = f"household {entry.household}" if entry is not None and self._crowd(entry.household) else ""
        yield from (key for key in _ties_of(entry) if key != crowd)
        for name, until in self._households.get(device, ()):
            if today is None or until is None or until >= today:
                yield f"place {name}"

    def groups(self, devices: Iterable[str], today: date | None) -> int:
        """Returns how many groups devices fall into when whoever is related goes together: the unrelated ones."""
        if not self._roster and not self._households:
            return len(set(devices))
        parent: dict[str, str] = {}

        def root(key: str) -> str:
            while (above := parent[key]) != key:
                parent[key] = key = parent[above]
            return key

        alone = 0
        for device in set(devices):
            keys = list(self._keys(device, today))
            if not keys:
                alone += 1
                continue
            for key in keys:
                parent.setdefault(key, key)
            first = root(keys[0])
            for key in keys[1:]:
                parent[root(key)] = first
        return alone + sum(above == key for key, above in parent.items())


def _place_of(label: Label) -> Place | None:
    if label.place == "co_working":
        return None
    return Place(name=label.name, kind=label.place, owner=label.owner, until=label.until)


def _ties_of(entry: RosterEntry | None) -> tuple[str, ...]:
    """What ties a record to others, each marked with what it is."""
    if entry is None:
        return ()
    found: list[str] = []
    if entry.person:
        found.append(f"person {entry.person}")
    if entry.household:
        found.append(f"household {entry.household}")
    site = entry.site.strip().lower()
    if site not in NO_SITE and NO_SITE_WORDS.isdisjoint(re.split(r"[\s,;:()_-]+", site)):
        found.append(f"site {entry.site}")
    return tuple(found)


def _differing(before: Mapping[NodeKey, object], after: Mapping[NodeKey, object]) -> set[NodeKey]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
