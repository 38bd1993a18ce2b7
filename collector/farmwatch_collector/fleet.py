"""Values that devices share, kept in memory: one node per value, and who holds it.

The answer depends on what was observed, never on the order in which it came. A kind of tie is one line
in `TIE_KINDS`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from farmwatch_detectors.policy import Place, Policy, RosterEntry
from farmwatch_detectors.view import SectionView, Tie
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables.network import Gateway, NetworkInterface

#: The roster's words for "no common site": people at home are not tied by them.
NO_SITE = frozenset({"", "home", "remote", "none", "-"})

#: Above so many holders, one more touches the others only when the number doubles: their level is the same.
QUIET_ABOVE = 32

#: Of so many values one device is remembered to have been seen with them: more places than a traveller sees in the
#: half year that is looked back on. Of a device that makes them up, those it came to last are forgotten.
REMEMBERED = 1024

#: While a fleet is young, each doubling touches all of it: what it says of rarity has changed for everybody.
GROWING_UNTIL = 1024

#: Makers' prefixes of addresses that routers of unrelated networks share: IANA's virtual router (RFC 9568).
SHARED_OUI = frozenset({"00005e"})

#: Whole addresses that software gives to a gateway on every machine alike.
SHARED_MACS: tuple[str, ...] = (
    "52:55:0a:00:02:02",  # QEMU user networking: libslirp's special_ethaddr, 52:55 and the address 10.0.2.2
    "52:54:00:12:35:02",  # VirtualBox NAT, the gateway 10.0.2.2
    "02:42:ac:11:00:01",  # Docker's default bridge: 02:42 and the address 172.17.0.1
    "00:00:00:00:00:00",
    "ff:ff:ff:ff:ff:ff",
    *(f"00:00:0c:07:ac:{group:02x}" for group in range(256)),  # HSRP version 1, RFC 2281
)

Values = dict[str, Identifier | None]


def gateway_values(section: SectionView) -> Values:
    """Returns the MAC of the default gateway with the lowest metric, by its keyed digest; tunnels left aside."""
    tunnels = {each.name for each in section.of(NetworkInterface) if each.kind == "tunnel"}
    hops = [each for each in section.of(Gateway) if each.mac is not None and each.interface not in tunnels]
    best = min(hops, key=lambda each: (each.metric, each.family, each.interface), default=None)
    if best is None or best.mac is None or best.mac.oui in SHARED_OUI:
        return {}
    return {best.mac.digest: best.mac}


#: Each kind of tie: the section it comes from, and the values that the section gives.
TIE_KINDS: dict[str, tuple[str, Callable[[SectionView], Values]]] = {"gateway_mac": ("network", gateway_values)}

Node = tuple[str, str]


class Fleet:
    """Who shares what.

    keyer  the company's key; without it, addresses in the policy and those of `SHARED_MACS` are not recognised
    """

    def __init__(self, keyer: Keyer | None = None) -> None:
        self._keyer = keyer
        self._shared = {keyer.key("mac", text).digest for text in SHARED_MACS} if keyer else set[str]()
        self._holders: dict[Node, set[str]] = {}
        self._values: dict[tuple[str, str], Values] = {}  # (device, kind of tie)
        self._at: dict[tuple[str, str], datetime] = {}
        self._since: dict[tuple[str, str], dict[str, datetime]] = {}
        self._sizes: dict[str, int] = dict.fromkeys(TIE_KINDS, 0)
        self._roster: dict[str, RosterEntry] = {}
        self._places: dict[str, Place] = {}
        self._households: tuple[Place, ...] = ()

    @property
    def sizes(self) -> dict[str, int]:
        """How many devices have any value of each kind of tie."""
        return dict(self._sizes)

    def set_roster(self, roster: Mapping[str, RosterEntry]) -> set[str]:
        """Takes the records by device id, and returns the devices that share anything."""
        self._roster = dict(roster)
        return self._sharing()

    def set_entry(self, device: str, entry: RosterEntry) -> None:
        """Takes the record of one device, which was found by the serial that it reports."""
        self._roster[device] = entry

    def set_policy(self, policy: Policy) -> set[str]:
        """Takes the company's places, and returns the devices that share anything."""
        self._households = tuple(place for place in policy.places if place.devices)
        if self._keyer is not None:
            keyer = self._keyer
            self._places = {
                keyer.key("mac", mac).digest: place for place in policy.places for mac in place.gateway_macs
            }
        return self._sharing()

    def observe(self, device: str, sections: Mapping[str, SectionView]) -> set[str]:
        """Takes in a device's latest sections, and returns the devices whose ties changed by it.

        A section older than the one known only helps to say since when. One that could not look changes nothing.
        """
        touched: set[str] = set()
        for kind, (source, values_of) in TIE_KINDS.items():
            section = sections.get(source)
            if section is None or not section.looked:
                continue
            values = {value: seen for value, seen in values_of(section).items() if value not in self._shared}
            key = (device, kind)
            since = self._since.setdefault(key, {})
            for value in values:
                since[value] = min(section.observed_at, since.get(value, section.observed_at))
            if len(since) > REMEMBERED:
                self._since[key] = _remembered(since, {*values, *self._values.get(key, {})})
            known_at = self._at.get(key)
            if known_at is not None and known_at > section.observed_at:
                continue
            self._at[key] = section.observed_at
            touched |= self._replace(device, kind, values)
        return touched

    def forget(self, device: str) -> set[str]:
        """Drops a device, and returns those that shared something with it."""
        touched: set[str] = set()
        for kind in TIE_KINDS:
            touched |= self._replace(device, kind, {})
            self._values.pop((device, kind), None)
            self._at.pop((device, kind), None)
            self._since.pop((device, kind), None)
        return touched - {device}

    def places(self, device: str, today: date) -> list[Place]:
        """Returns the places of the policy at which a device is, by a value that it has now, shared or not."""
        values = [value for kind in TIE_KINDS for value in self._values.get((device, kind), {})]
        found = [self._places[value] for value in values if value in self._places]
        return [place for place in found if _holds(place, today)]

    def ties(self, device: str, today: date) -> tuple[Tie, ...]:
        """Returns what a device shares with at least one other, by kind and value.

        today  decides which places of the policy still hold
        """
        found: list[Tie] = []
        for kind in TIE_KINDS:
            for value, identifier in sorted(self._values.get((device, kind), {}).items()):
                holders = self._holders[kind, value]
                if len(holders) < 2:
                    continue
                place = self._places.get(value)
                explained = place is not None and _holds(place, today)
                others = sorted(holders)
                strangers = [] if explained else [each for each in others if not self._related(device, each, today)]
                found.append(
                    Tie(
                        kind=kind,
                        value=value,
                        holders=tuple(others),
                        fleet=self._sizes[kind],
                        unrelated=tuple(each for each in strangers if each != device),
                        identifier=identifier,
                        place=place.name if explained and place is not None else "",
                        since=self._since.get((device, kind), {}).get(value),
                    )
                )
        return tuple(found)

    def _replace(self, device: str, kind: str, values: Values) -> set[str]:
        before = self._values.get((device, kind), {})
        if before.keys() == values.keys():
            return set()
        self._values[device, kind] = values
        self._sizes[kind] += bool(values) - bool(before)
        touched = {device}
        size = self._sizes[kind]
        if bool(values) > bool(before) and size <= GROWING_UNTIL and size & (size - 1) == 0:
            touched |= {other for other, of in self._values if of == kind}
        for value in before.keys() ^ values.keys():
            holders = self._holders.setdefault((kind, value), set())
            touched |= self._others(holders, value)
            if value in values:
                holders.add(device)
            else:
                holders.discard(device)
            if not holders:
                del self._holders[kind, value]
        return touched

    def _others(self, holders: set[str], value: str) -> set[str]:
        """Holders whose level can differ by one more or less: in an office of thousands, nobody's."""
        count = len(holders)
        if count > QUIET_ABOVE and (value in self._places or count & (count - 1)):
            return set()
        return holders

    def _related(self, one: str, other: str, today: date) -> bool:
        if any(one in place.devices and other in place.devices and _holds(place, today) for place in self._households):
            return True
        mine, theirs = self._roster.get(one), self._roster.get(other)
        if mine is None or theirs is None:
            return False
        same_person = bool(mine.person) and mine.person == theirs.person
        same_household = bool(mine.household) and mine.household == theirs.household
        same_site = mine.site.strip().lower() not in NO_SITE and mine.site == theirs.site
        return same_person or same_household or same_site

    def _sharing(self) -> set[str]:
        return {device for holders in self._holders.values() if len(holders) > 1 for device in holders}


def _holds(place: Place, today: date) -> bool:
    return place.until is None or place.until >= today


def _remembered(since: dict[str, datetime], held: set[str]) -> dict[str, datetime]:
    """Returns half as many: those held now, and of the others the ones seen first."""
    others = sorted((at, value) for value, at in since.items() if value not in held)
    kept = {value: at for at, value in others[: REMEMBERED // 2]}
    return {**kept, **{value: at for value, at in since.items() if value in held}}
