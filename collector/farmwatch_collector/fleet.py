"""What devices hold in common: `ties/` put together, kept in memory, with the answers that detectors and farms need.

The answer depends on what was observed, never on the order in which it came.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Place, Policy, RosterEntry
from farmwatch_detectors.view import SectionView, Tie
from farmwatch_schema.identifiers import Keyer

from .farms.types import Label
from .ties import memory
from .ties.counting import Counting
from .ties.holdings import REMEMBERED, Flips, Holdings
from .ties.index import CODES, CROWD, NAMES
from .ties.kinds import KINDS, SECTIONS, exit_values, gateway_values, remembered_in, sources_in, value_of
from .ties.memory import DAY, NOW
from .ties.relations import NO_SITE, NodeKey, Relations
from .ties.telling import Telling
from .ties.types import Held, Node, Seen, Worth

__all__ = ["CROWD", "NO_SITE", "QUIET_ABOVE", "REMEMBERED", "TIE_KINDS", "Fleet"]

#: Above so many holders, one more touches the others only when the number doubles: their level is the same.
QUIET_ABOVE = 32

#: While a fleet is young, each doubling touches all of it: what it says of rarity has changed for everybody.
GROWING_UNTIL = 1024

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

_EPOCH = date(1970, 1, 1).toordinal()
_GROWING = CODES["gateway_mac"]
_HARDWARE = frozenset({CODES["usb_serial"], CODES["edid_serial"]})
_SHOWN = tuple(kind.shown for kind in KINDS.values())


class Fleet:
    """Who shares what.

    keyer  the company's key; without it, addresses in the policy and those of `SHARED_MACS` are not recognised
    """

    def __init__(self, keyer: Keyer | None = None) -> None:
        self._keyer = keyer
        shared = [keyer.key(kind, text) for kind in ("mac", "bssid") for text in SHARED_MACS] if keyer else []
        self._relations = Relations(keyer)
        self._holdings = Holdings()
        alike = {bytes.fromhex(each.digest) for each in shared} | {
            value_of("router_block", each.near) for each in shared
        }
        self._holdings.unread = frozenset(alike)
        self._index = self._holdings.index
        self._counting = Counting(self._holdings, self._relations)
        self._telling = Telling(self._holdings, self._relations, self._counting, keyer.key_id if keyer else "")

    @property
    def sizes(self) -> dict[str, int]:
        """How many devices have any value of each kind of tie."""
        return dict(zip(NAMES, self._holdings.sizes, strict=True))

    @property
    def devices(self) -> int:
        """How many devices anything is remembered of."""
        return len(self._index.numbers)

    def known(self) -> Iterator[str]:
        """Yields the devices that anything is remembered of."""
        yield from list(self._index.numbers)

    @property
    def counts(self) -> dict[tuple[str, str, bool], tuple[int, ...]]:
        """Devices by kind, stratum and softness of what they hold, per bucket of `ties.rarity`: what worth rests on."""
        return self._counting.counts()

    def entry(self, device: str) -> RosterEntry | None:
        """Returns what the records say of a device's person."""
        return self._relations.entry(device)

    def set_roster(self, roster: Mapping[str, RosterEntry]) -> set[str]:
        """Takes the records by device id, and returns the devices whose ties they change."""
        return self._around(self._relations.set_roster(roster))

    def set_entry(self, device: str, entry: RosterEntry) -> set[str]:
        """Takes the record of one device, which was found by the serial that it reports; returns as `set_roster`."""
        return self._around(self._relations.set_entry(device, entry))

    def set_policy(self, policy: Policy) -> set[str]:
        """Takes the company's places, and returns the devices whose ties they change."""
        return self._explained(*self._relations.set_policy(policy))

    def set_labels(self, labels: Sequence[Label]) -> set[str]:
        """Takes analysts' words on shared values, and returns the devices whose ties they change."""
        return self._explained(*self._relations.set_labels(labels))

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
        return self._take(device, seen, first, int(until.timestamp()) if until is not None else first, days)

    def _take(
        self, device: str, seen: Mapping[str, Sequence[Seen]], first: int, last: int, days: Sequence[date]
    ) -> set[str]:
        first = memory.second(first)
        last = max(memory.second(last), first)
        bits = 1
        if days or first // DAY != last // DAY:
            bits = memory.days_of([*(each.toordinal() - _EPOCH for each in days), first // DAY], last) | 1
        number = self._holdings.open(device)
        sizes = self._holdings.sizes[_GROWING]
        flips = self._holdings.take(number, seen, first, last, bits)
        self._counting.eased()
        return self._touched(device, flips, sizes) if flips else set()

    def _touched(self, device: str, flips: Flips, before: int) -> set[str]:
        touched: set[int] = set()
        size = self._holdings.sizes[_GROWING]
        if before < size <= GROWING_UNTIL and size & (size - 1) == 0:
            touched |= {
                number
                for number in self._index.numbers.values()
                if any(mark & NOW and self._index.code(node) == _GROWING for node, mark in self._marks(number))
            }
        for node, came in flips:
            touched |= self._others(node, self._index.count(node) + (-1 if came else 1))
        return {device} | {self._index.names[number] for number in touched}

    def _marks(self, number: int) -> Iterator[tuple[int, int]]:
        record = self._holdings.record(number)
        return ((record[at], record[at + 1]) for at in memory.places(record))

    def _others(self, node: int, before: int) -> set[int]:
        """Holders whose level can differ by one more or less: in an office of thousands, nobody's.

        before  how many had it until now
        """
        code, count = self._index.code(node), self._index.count(node)
        if not _SHOWN[code] or min(before, count) > CROWD:
            return set()
        if before > QUIET_ABOVE and max(before, count) <= CROWD:
            explained = self._relations.place(*self._index.key(node), None) is not None
            if explained or before & (before - 1):
                return set()
        holders = set(self._index.now(node))
        if code in _HARDWARE and self._index.gone_count(node) <= QUIET_ABOVE:
            holders |= set(self._index.gone(node))
        return holders

    def _around(self, devices: set[str]) -> set[str]:
        """Takes note that devices are related otherwise than before; returns them and those that they share with."""
        touched: set[int] = set()
        for device in devices:
            number = self._index.numbers.get(device)
            if number is None:
                continue
            touched.add(number)
            for node, mark in self._marks(number):
                if mark & NOW and 1 < self._index.count(node) <= CROWD:
                    self._index.dirty.add(node)
                    touched |= set(self._index.now(node)) if _SHOWN[self._index.code(node)] else set()
            self._counting.eased()
        return {self._index.names[number] for number in touched}

    def _explained(self, devices: set[str], keys: set[NodeKey]) -> set[str]:
        touched = self._around(devices)
        for key in keys:
            node = self._index.find(*key)
            if node >= 0:
                self._index.dirty.add(node)
                touched |= {self._index.names[number] for number in self._index.now(node)}
        return touched

    def forget(self, device: str) -> set[str]:
        """Drops a device, and returns those that shared something with it."""
        number = self._index.numbers.get(device)
        if number is None:
            return set()
        touched: set[int] = set()
        for node, mark in self._marks(number):
            touched |= self._others(node, self._index.count(node)) if mark & NOW else set()
        names = {self._index.names[each] for each in touched if each != number}
        self._holdings.forget(number)
        return names

    def expire(self, before: datetime) -> set[str]:
        """Lets go of what was last seen before a moment, and of all that devices silent since hold; returns those whose
        ties that changes."""
        moment = memory.second(int(before.timestamp()))
        self._holdings.silent = max(self._holdings.silent, moment)
        touched: set[str] = set()
        for device, number in self._index.numbers.items():
            flips = self._holdings.settle(number)
            if flips:
                touched |= self._touched(device, flips, self._holdings.sizes[_GROWING])
            self._counting.eased()
        for number in self._index.numbers.values():
            self._holdings.expire(number, moment)
        self._counting.count()
        return touched

    def memory(self, device: str) -> bytes:
        """Returns what is remembered of a device, for `recall`."""
        number = self._holdings.open(device)
        self._holdings.changed.discard(number)
        return memory.encoded(self._holdings.kept(number))

    def changed(self, device: str) -> bool:
        """Whether what is remembered of a device changed since `memory` was last asked for it, the hour within a day
        left aside."""
        return self._index.numbers.get(device, -1) in self._holdings.changed

    def recall(self, device: str, body: bytes) -> None:
        """Takes in what `memory` once gave, beside what is known. Raises msgspec.DecodeError for anything else."""
        kept = memory.decoded(body)
        self._holdings.recall(self._holdings.open(device), kept)
        self._counting.eased()

    def held(self, device: str) -> tuple[Held, ...]:
        """Returns what a device holds and held, by kind and value."""
        number = self._index.numbers.get(device)
        return () if number is None else self._holdings.held(number)

    def looked(self, device: str, section: str) -> int:
        """Returns the second since 1970 at which a section of `ties.kinds.SECTIONS` was last looked at; 0 for never."""
        number = self._index.numbers.get(device)
        return 0 if number is None else self._holdings.looked(number, section)

    def places(self, device: str, today: date) -> list[Place]:
        """Returns the places of the policy at which a device is, by a value that it has now, shared or not."""
        found: dict[str, Place] = {}
        for each in self.held(device):
            known = self._relations.place(each.seen.kind, each.seen.value, today) if each.now else None
            if known and known.place and each.seen.kind != "first_network":
                found[known.place.name] = known.place
        return list(found.values())

    def node(self, kind: str, value: bytes, today: date) -> Node | None:
        """Returns a value with who has it; None when nobody is known to have had it."""
        number = self._index.find(kind, value)
        return self._telling.node(number, today) if number >= 0 else None

    def nodes(self, device: str, today: date) -> tuple[Node, ...]:
        """Returns the values a device has now or had in the last 30 days that others have or had, too."""
        number = self._index.numbers.get(device)
        if number is None:
            return ()
        return tuple(self._told(self._shared_by(number), today))

    def _shared_by(self, number: int) -> Iterator[int]:
        for node, _ in self._holdings.values(number):
            if self._index.count(node) + self._index.gone_count(node) > 1:
                yield node

    def shared_nodes(self, today: date) -> Iterator[Node]:
        """Yields all values that two or more devices have now or had in the last 30 days, in no order."""
        yield from self._told(self._index.shared(), today)

    def _told(self, numbers: Iterable[int], today: date) -> Iterator[Node]:
        for number in numbers:
            node = self._telling.node(number, today)
            if node.count + node.gone > 1:
                yield node

    def worth(self, node: Node, size: int | None = None, today: date | None = None) -> Worth:
        """Returns what it is worth that unrelated devices share a value, in bits, at most what its sort may weigh.

        size   how many of them; without it, as many as its holders are
        today  decides which households of the policy still hold; without it, all do
        """
        return self._telling.worth(node, size, today)

    def unrelated(self, devices: Collection[str], today: date) -> int:
        """Returns how many groups devices fall into when whoever is tied by records, policy or labels goes together."""
        return self._relations.groups(devices, today)

    def related(self, one: str, other: str, today: date) -> bool:
        """Whether records, policy or labels tie two devices."""
        return self._relations.related(one, other, today)

    def share(self, kind: str, value: bytes) -> tuple[float, int]:
        """Returns which share of devices hold a value now, and of how many it is known what they hold of that kind."""
        known, node = self._holdings.sizes[CODES[kind]], self._index.find(kind, value)
        return (self._index.count(node) / known if known and node >= 0 else 0.0), known

    def ties(self, device: str, today: date) -> tuple[Tie, ...]:
        """Returns what a device shares with at least one other, by kind and value; traits are none.

        A thing that went on to this device from others is one too: those are its holders then. A first network is told
        where the tie of its gateway does not say the same.

        today  decides which places of the policy still hold
        """
        return self._telling.ties(device, today)
