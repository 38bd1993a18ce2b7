"""What devices hold in common: `ties/` put together, kept in memory, with the answers that detectors and farms need.

The answer depends on what was observed, never on the order in which it came.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Place, Policy, RosterEntry
from farmwatch_detectors.view import SectionView, Tie
from farmwatch_schema.identifiers import Identifier, Keyer

from .farms.types import Label
from .ties.kinds import KINDS, REMEMBERED_SOURCES, SECTIONS, exit_values, gateway_values, remembered_in, sources_in
from .ties.relations import NO_SITE, NodeKey, Relations
from .ties.types import Held, Node, Seen, Worth

__all__ = ["CROWD", "NO_SITE", "QUIET_ABOVE", "REMEMBERED", "TIE_KINDS", "Fleet"]

#: Above so many holders nobody is named and nothing is gathered.
CROWD = 256

#: Above so many holders, one more touches the others only when the number doubles: their level is the same.
QUIET_ABOVE = 32

#: Of so many values of one kind one device is remembered to have been seen with them. Of a device that makes them up,
#: those it came to last are forgotten.
REMEMBERED = 1024

#: While a fleet is young, each doubling touches all of it: what it says of rarity has changed for everybody.
GROWING_UNTIL = 1024

#: A value that was held in so many days counts as a former one's.
FORMER = timedelta(days=30)

#: Whole addresses that software gives to a gateway on every machine alike.
SHARED_MACS: tuple[str, ...] = (
    "52:55:0a:00:02:02",  # QEMU user networking: libslirp's special_ethaddr, 52:55 and the address 10.0.2.2
    "52:54:00:12:35:02",  # VirtualBox NAT, the gateway 10.0.2.2
    "02:42:ac:11:00:01",  # Docker's default bridge: 02:42 and the address 172.17.0.1
    "00:00:00:00:00:00",
    "ff:ff:ff:ff:ff:ff",
    *(f"00:00:0c:07:ac:{group:02x}" for group in range(256)),  # HSRP version 1, RFC 2281
)

#: The tie that a history of network sections tells: its section, and the values that one gives.
TIE_KINDS = {"gateway_mac": ("network", gateway_values)}

_DAY = 86_400


class _Entry:
    __slots__ = ("days", "first", "last", "seen")

    def __init__(self, seen: Seen, first: int, last: int, days: set[int]) -> None:
        self.seen, self.first, self.last, self.days = seen, first, last, days


class _Body(msgspec.Struct, array_like=True):
    at: dict[str, int]
    held: list[tuple[Seen, int, int, list[int]]]


class Fleet:
    """Who shares what.

    keyer  the company's key; without it, addresses in the policy and those of `SHARED_MACS` are not recognised
    """

    def __init__(self, keyer: Keyer | None = None) -> None:
        self._keyer = keyer
        shared = [keyer.key(kind, text) for kind in ("mac", "bssid") for text in SHARED_MACS] if keyer else []
        self._shared = {bytes.fromhex(each.digest) for each in shared}
        self._relations = Relations(keyer)
        self._at: dict[str, dict[str, int]] = {}
        self._held: dict[str, dict[NodeKey, _Entry]] = {}
        self._known: dict[NodeKey, set[str]] = {}
        self._changed: set[str] = set()

    @property
    def sizes(self) -> dict[str, int]:
        """How many devices have any value of each kind of tie."""
        sizes = dict.fromkeys(KINDS, 0)
        for device, entries in self._held.items():
            for kind in {kind for (kind, _), entry in entries.items() if self._now(device, entry)}:
                sizes[kind] += 1
        return {kind: count for kind, count in sizes.items() if count or kind == "gateway_mac"}

    @property
    def devices(self) -> int:
        """How many devices hold anything."""
        return len(self._held)

    def known(self) -> Iterator[str]:
        """Yields the devices that anything is remembered of."""
        yield from list(self._held)

    def entry(self, device: str) -> RosterEntry | None:
        """Returns what the records say of a device's person."""
        return self._relations.entry(device)

    def set_roster(self, roster: Mapping[str, RosterEntry]) -> set[str]:
        """Takes the records by device id, and returns the devices whose ties they change."""
        return self._around(self._relations.set_roster(roster))

    def set_entry(self, device: str, entry: RosterEntry) -> set[str]:
        """Takes the record of one device, which was found by the serial that it reports; returns as `set_roster`."""
        return self._around({device}) if self._relations.set_entry(device, entry) else set()

    def set_policy(self, policy: Policy) -> set[str]:
        """Takes the company's places, and returns the devices whose ties they change."""
        devices, keys = self._relations.set_policy(policy)
        return self._around(devices) | {device for key in keys for device in self._known.get(key, ())}

    def set_labels(self, labels: Sequence[Label]) -> set[str]:
        """Takes analysts' words on shared values, and returns the devices whose ties they change."""
        devices, keys = self._relations.set_labels(labels)
        return self._around(devices) | {device for key in keys for device in self._known.get(key, ())}

    def observe(self, device: str, sections: Mapping[str, SectionView], egress: Sequence[Egress] = ()) -> set[str]:
        """Takes in a device's latest sections and exits, and returns the devices whose ties changed by it.

        A section older than the one known only helps to say since when. One that could not look changes nothing.
        """
        touched: set[str] = set()
        for kind in SECTIONS:
            section = sections.get(kind)
            if section is not None and section.looked:
                touched |= self.take(device, sources_in(section), section.observed_at)
                for source, seen, first, until in remembered_in(section):
                    touched |= self._take(device, {source: (seen,)}, first, until, ())
        for each in egress:
            touched |= self.take(device, {"egress": exit_values(each)}, each.seen_from, each.seen_until, each.days)
        return touched

    def take(
        self,
        device: str,
        seen: Mapping[str, Sequence[Seen]],
        at: datetime,
        until: datetime | None = None,
        days: Sequence[date] = (),
    ) -> set[str]:
        """Takes in values by source, as `ties.kinds.seen_in` gives them; returns as `observe`.

        at, until  first and last report that showed just these
        days       UTC days of those reports; () for those of the two
        """
        first = int(at.timestamp())
        return self._take(device, seen, first, int(until.timestamp()) if until else first, days)

    def _take(
        self, device: str, seen: Mapping[str, Sequence[Seen]], at: int, until: int, days: Sequence[date]
    ) -> set[str]:
        numbers = {day.toordinal() - 719_163 for day in days} | {at // _DAY, until // _DAY}
        entries, ats = self._held.setdefault(device, {}), self._at.setdefault(device, {})
        before = {key for key, entry in entries.items() if self._now(device, entry)}
        for source, values in seen.items():
            if source not in REMEMBERED_SOURCES:
                ats[source] = max(until, ats.get(source, until))
            for value in values:
                if value.value not in self._shared:
                    self._hold(device, value, at, until, numbers)
                    if value.kind == "gateway_mac":
                        self._first(device, value, at)
        self._changed.add(device)
        after = {key for key, entry in entries.items() if self._now(device, entry)}
        return self._touched(device, before, after)

    def _hold(self, device: str, seen: Seen, first: int, last: int, days: set[int]) -> None:
        entries = self._held[device]
        key = (seen.kind, seen.value)
        known = entries.get(key)
        if known is None:
            entries[key] = _Entry(seen, first, last, set(days))
            self._known.setdefault(key, set()).add(device)
            self._bound(device, seen.kind)
            return
        known.first, known.last = min(known.first, first), max(known.last, last)
        known.days |= days

    def _first(self, device: str, gateway: Seen, at: int) -> None:
        seen = msgspec.structs.replace(gateway, kind="first_network")
        entries = self._held[device]
        for key, entry in list(entries.items()):
            if key[0] == "first_network":
                if (entry.first, key[1]) <= (at, seen.value):
                    return
                self._drop(device, key)
        self._hold(device, seen, at, at, {at // _DAY})

    def _bound(self, device: str, kind: str) -> None:
        of_kind = [(entry.first, key) for key, entry in self._held[device].items() if key[0] == kind]
        if len(of_kind) > REMEMBERED:
            gone = [(at, key) for at, key in sorted(of_kind) if not self._now(device, self._held[device][key])]
            for _, key in gone[REMEMBERED // 2 :]:
                self._drop(device, key)

    def _drop(self, device: str, key: NodeKey) -> None:
        del self._held[device][key]
        self._known[key].discard(device)
        if not self._known[key]:
            del self._known[key]

    def _now(self, device: str, entry: _Entry) -> bool:
        kind = KINDS[entry.seen.kind]
        latest = self._at[device].get(kind.source)
        return not kind.source or (latest is not None and entry.last >= latest - kind.slack)

    def _touched(self, device: str, before: set[NodeKey], after: set[NodeKey]) -> set[str]:
        if before == after:
            return set()
        touched = {device}
        sized = "gateway_mac"
        gained = any(kind == sized for kind, _ in after) > any(kind == sized for kind, _ in before)
        size = self.sizes.get(sized, 0) if gained else 0
        if gained and size <= GROWING_UNTIL and size & (size - 1) == 0:
            touched |= {
                other
                for other, entries in self._held.items()
                if any(key[0] == sized and self._now(other, entry) for key, entry in entries.items())
            }
        for key in before ^ after:
            if KINDS[key[0]].shown:
                holders = self._holders(key)
                count = len(holders)
                quiet = self._relations.place(*key, None) is not None or count & (count - 1)
                if count <= QUIET_ABOVE or not quiet:
                    touched |= holders
        return touched

    def _holders(self, key: NodeKey) -> set[str]:
        return {device for device in self._known.get(key, ()) if self._now(device, self._held[device][key])}

    def _around(self, devices: set[str]) -> set[str]:
        touched = {device for device in devices if device in self._held}
        for device in list(touched):
            for key in self._held[device]:
                holders = self._holders(key)
                if 1 < len(holders) <= CROWD and device in holders and KINDS[key[0]].shown:
                    touched |= holders
        return touched

    def forget(self, device: str) -> set[str]:
        """Drops a device, and returns those that shared something with it."""
        touched: set[str] = set()
        for key in list(self._held.get(device, ())):
            if KINDS[key[0]].shown:
                touched |= self._holders(key)
            self._drop(device, key)
        self._held.pop(device, None)
        self._at.pop(device, None)
        self._changed.discard(device)
        return touched - {device}

    def expire(self, before: datetime) -> set[str]:
        """Lets go of what was last seen before a moment, and of devices silent since; returns those it changes."""
        touched: set[str] = set()
        moment = int(before.timestamp())
        for device in list(self._held):
            if max(self._at[device].values(), default=0) < moment:
                touched |= self.forget(device) | {device}
                continue
            for key, entry in list(self._held[device].items()):
                if entry.last < moment and key[0] != "first_network" and not self._now(device, entry):
                    self._drop(device, key)
                    self._changed.add(device)
        return touched

    def memory(self, device: str) -> bytes:
        """Returns what is remembered of a device, for `recall`."""
        self._changed.discard(device)
        held = [(e.seen, e.first, e.last, sorted(e.days)) for _, e in sorted(self._held.get(device, {}).items())]
        return msgspec.msgpack.encode(_Body(self._at.get(device, {}), held))

    def changed(self, device: str) -> bool:
        """Whether what is remembered of a device changed since `memory` was last asked for it."""
        return device in self._changed

    def recall(self, device: str, body: bytes) -> None:
        """Takes in what `memory` once gave. Raises msgspec.DecodeError for anything else."""
        known = msgspec.msgpack.decode(body, type=_Body)
        self._held.setdefault(device, {})
        ats = self._at.setdefault(device, {})
        for source, at in known.at.items():
            ats[source] = max(at, ats.get(source, at))
        for seen, first, last, days in known.held:
            if seen.kind == "first_network":
                self._first(device, seen, first)
            elif seen.kind in KINDS:
                self._hold(device, seen, first, last, set(days))

    def held(self, device: str) -> tuple[Held, ...]:
        """Returns what a device holds and held, by kind and value."""
        found: list[Held] = []
        for _, entry in sorted(self._held.get(device, {}).items()):
            day = entry.last // _DAY
            bits = sum(1 << (day - each) for each in entry.days if 0 <= day - each < 32)
            found.append(Held(entry.seen, entry.first, entry.last, bits, self._now(device, entry)))
        return tuple(found)

    def places(self, device: str, today: date) -> list[Place]:
        """Returns the places of the policy at which a device is, by a value that it has now, shared or not."""
        found: list[Place] = []
        for key, entry in sorted(self._held.get(device, {}).items()):
            known = self._relations.place(*key, today)
            if key[0] != "first_network" and known and known.place and self._now(device, entry):
                found.append(known.place)
        return list({place.name: place for place in found}.values())

    def node(self, kind: str, value: bytes, today: date) -> Node | None:
        """Returns a value with who has it; None when nobody ever had."""
        key = (kind, value)
        known = self._known.get(key)
        if not known:
            return None
        since = (today - timedelta(days=FORMER.days)).toordinal() - 719_163
        holders = sorted(self._holders(key))
        former = sorted(device for device in known.difference(holders) if self._held[device][key].last // _DAY >= since)
        first = (holders or former or sorted(known))[0]
        place = self._relations.place(kind, value, today)
        crowd = len(holders) > CROWD
        return Node(
            seen=self._held[first][key].seen,
            nature=KINDS[kind].nature,
            holders=() if crowd else tuple(holders),
            count=len(holders),
            former=() if len(former) > CROWD or crowd else tuple(former),
            gone=len(former),
            residents=() if crowd else tuple(device for device in holders if self._resident(device, key)),
            place=place.name if place else "",
        )

    def _resident(self, device: str, key: NodeKey) -> bool:
        days = self._held[device][key].days
        source = [entry.days for (kind, _), entry in self._held[device].items() if kind == key[0]]
        looked = {day for each in source for day in each if day >= min(days)}
        return len(days) * 5 >= len(looked) * 4

    def nodes(self, device: str, today: date) -> tuple[Node, ...]:
        """Returns the values a device has now or had in the last 30 days that others have or had, too."""
        found = (self.node(*key, today) for key in sorted(self._held.get(device, {})))
        return tuple(node for node in found if node is not None and node.count + node.gone > 1)

    def shared_nodes(self, today: date) -> Iterator[Node]:
        """Yields all values that two or more devices have now or had in the last 30 days."""
        for key in sorted(self._known):
            node = self.node(*key, today) if len(self._known[key]) > 1 else None
            if node is not None and node.count + node.gone > 1:
                yield node

    def worth(self, node: Node, size: int | None = None) -> Worth:
        """Returns what it is worth that so many unrelated devices share a value; all of its holders without a size."""
        size = size if size is not None else self._relations.groups(node.holders, None) or node.count
        m, u = 0.3, 0.002 if node.nature != "trait" else 0.3
        bits = 7.0 if node.nature != "trait" else 0.0
        return Worth(bits=min(bits, 1.0) if node.seen.soft else bits, m=m, u=u, size=size, stratum=node.seen.stratum)

    def unrelated(self, devices: Sequence[str], today: date) -> int:
        """Returns the most of some devices of whom no two are tied by records, policy or labels."""
        return self._relations.groups(devices, today)

    def related(self, one: str, other: str, today: date) -> bool:
        """Whether records, policy or labels tie two devices."""
        return self._relations.related(one, other, today)

    def share(self, kind: str, value: bytes) -> tuple[float, int]:
        """Returns which share of devices hold a value, and among how many that is known."""
        known = self.sizes.get(kind, 0)
        return (len(self._holders((kind, value))) / known if known else 0.0), known

    def ties(self, device: str, today: date) -> tuple[Tie, ...]:
        """Returns what a device shares with at least one other, by kind and value.

        today  decides which places of the policy still hold
        """
        found: list[Tie] = []
        held = self._held.get(device, {})
        for kind in KINDS.values():
            for key in sorted(key for key in held if key[0] == kind.kind):
                if kind.shown and self._now(device, held[key]):
                    tie = self._tie(device, key, held[key], today)
                    if tie is not None:
                        found.append(tie)
        return tuple(found)

    def _tie(self, device: str, key: NodeKey, entry: _Entry, today: date) -> Tie | None:
        kind, value = key
        node = self.node(kind, value, today)
        if node is None or node.count < 2:
            return None
        gateway = self._holders(("gateway_mac", value)) if kind == "first_network" else set[str]()
        if kind == "first_network" and device in gateway and set(node.holders) <= gateway:
            return None  # the tie of the gateway says as much
        strangers = () if node.place else tuple(each for each in node.holders if not self.related(device, each, today))
        worth = self.worth(node)
        return Tie(
            kind=kind,
            value=value.hex(),
            holders=node.holders,
            fleet=self.sizes.get(kind, 0),
            unrelated=tuple(each for each in strangers if each != device),
            identifier=self._identifier(entry.seen),
            place=node.place,
            since=datetime.fromtimestamp(entry.first, tz=UTC),
            count=node.count,
            strangers=len([each for each in strangers if each != device]),
            bits=worth.bits,
            share=worth.u,
            words=node.seen.words,
            soft=node.seen.soft,
            scattered=node.scattered,
            first=("first_network", value) in self._held[device],
        )

    def _identifier(self, seen: Seen) -> Identifier | None:
        sort = {"gateway_mac": "mac", "first_network": "mac", "bssid": "bssid", "usb_serial": "serial"}.get(seen.kind)
        if sort is None:
            return None
        key_id = self._keyer.key_id if self._keyer else ""
        oui = seen.stratum if sort != "serial" else ""
        local = sort != "serial" and seen.soft and not oui
        return Identifier(kind=sort, key_id=key_id, digest=seen.value.hex(), oui=oui, local=local)
