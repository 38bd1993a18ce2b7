"""What kind of network an address belongs to: its number, name, country and class.

Numbers, names and countries come from packed data that `make assets` or `farmwatch networks build` makes; classes from
our own list, data/network_classes.csv. Without data nothing is known of public addresses: the class is "", which every
reader takes as "could not look". A country is where the address is registered, which is not always where it is used:
carriers, satellite operators and security clients serve many countries from addresses of one.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import msgspec

from ..input_error import InputError
from .network_file import FILE_BYTES, NetworkTable, Ranges, unpack

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NetworkKind = Literal["", "hosting", "vpn", "residential", "mobile", "shared", "sase", "company", "private"]

#: No public addresses; documentation's own are left as public, since nobody has them and examples use them.
_NOT_PUBLIC = tuple(
    (int(network.network_address), int(network.broadcast_address))
    for network in (
        IPv4Network("0.0.0.0/8"),
        IPv4Network("10.0.0.0/8"),
        IPv4Network("100.64.0.0/10"),
        IPv4Network("127.0.0.0/8"),
        IPv4Network("169.254.0.0/16"),
        IPv4Network("172.16.0.0/12"),
        IPv4Network("192.168.0.0/16"),
        IPv4Network("224.0.0.0/3"),
    )
)
#: All of IPv6 that is given out (RFC 4291, section 2.4; IANA gives out nothing else).
_PUBLIC_SIX = (0x2000 << 112, (0x4000 << 112) - 1)

#: 64:ff9b::/96, through which networks with IPv6 only reach IPv4 (RFC 6052): the IPv4 address is inside.
_TRANSLATED = IPv6Network("64:ff9b::/96")


class NetworkFacts(msgspec.Struct, frozen=True):
    """What is known of an address; kinds as in `Egress`."""

    kind: NetworkKind = ""
    asn: int = 0
    network: str = ""
    country: str = ""


UNKNOWN = NetworkFacts()
PRIVATE = NetworkFacts("private")


class NetworkClass(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list: what a network is used for, says who, and how sure that is.

    confidence  `reported` (a public list says so), `name` (the name in the data does), `judgement` (ours)
    """

    asn: int
    kind: NetworkKind
    name: str
    source: str
    date: str
    confidence: str


class Networks:
    """Looks addresses up. Thread-safe; nothing changes after it is made.

    table    the packed data; None when there is none
    company  the company's own addresses and ranges, as its policy names them
    """

    def __init__(self, table: NetworkTable | None = None, company: Iterable[str] = ()) -> None:
        self.table = table
        self._own = tuple(parsed for text in company if (parsed := _network(text)) is not None)
        self._classes = classes()

    @classmethod
    def load(cls, path: str | None = None, company: Iterable[str] = ()) -> "Networks":
        """Returns the networks of a packed file, the shipped one without `path`; raises InputError on a bad one.

        Where none was shipped, what it returns knows the company's and private addresses only.
        """
        if path is None:
            return cls(_shipped(), company)
        try:
            with open(path, "rb") as opened:
                data = opened.read(FILE_BYTES + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError(path, 0, "", f"cannot be read: {reason}.", "Check the path and your rights.") from error
        if len(data) > FILE_BYTES:
            raise InputError(path, 0, "", f"is larger than {FILE_BYTES} bytes.", "Give one of farmwatch's own making.")
        return cls(unpack(data, path), company)

    def of(self, address: str) -> NetworkFacts:
        """Returns what is known of an address; text that is none gives the unknown."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return UNKNOWN
        parsed = plain(parsed)
        if any(parsed in network for network in self._own if network.version == parsed.version):
            return self._public(parsed, "company")
        return self._public(parsed, "") if public(parsed) else PRIVATE

    def _public(self, address: Address, kind: NetworkKind) -> NetworkFacts:
        table = self.table
        if table is None:
            return NetworkFacts(kind)
        if address.version == 4:
            number, place = int(address), _at(table.country4, int(address))
            asn = _at(table.asn4, number)
        else:
            number = int(address) >> 64
            asn, place = _at(table.asn6, number), _at(table.country6, number)
        found = self._classes.get(asn)
        return NetworkFacts(
            kind or (found.kind if found else ""), asn, _name(table, asn), table.countries[place - 1] if place else ""
        )


@cache
def _shipped() -> NetworkTable | None:
    file = resources.files(__package__) / "data" / "networks.bin"
    return unpack(file.read_bytes(), "networks.bin") if file.is_file() else None


def plain(address: Address) -> Address:
    """Returns the IPv4 address that an IPv6 one only wraps, else the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def public(address: Address) -> bool:
    """Whether an address is one that the internet at large could know."""
    number = int(address)
    if address.version == 4:
        return not any(first <= number <= last for first, last in _NOT_PUBLIC)
    return _PUBLIC_SIX[0] <= number <= _PUBLIC_SIX[1]


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None  # `farmwatch policy check` tells of it


def _at(ranges: Ranges, number: int) -> int:
    place = bisect_right(ranges.starts, number)
    return ranges.values[place - 1] if place else 0


def _name(table: NetworkTable, asn: int) -> str:
    place = bisect_right(table.numbers, asn)
    return table.names[place - 1] if place and table.numbers[place - 1] == asn else ""


@cache
def classes() -> Mapping[int, NetworkClass]:
    """Returns the shipped list by number of the network; raises InputError when it is broken."""
    return read_classes((resources.files(__package__) / "data" / "network_classes.csv").read_text(encoding="utf-8"))


def read_classes(text: str, file: str = "network_classes.csv") -> Mapping[int, NetworkClass]:
    """Returns a list's rows by number; raises InputError at the first that is not as the others."""
    found: dict[int, NetworkClass] = {}
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            try:
                one = msgspec.convert(row, NetworkClass, strict=False)
            except msgspec.ValidationError as error:
                raise InputError(file, reader.line_num, "", f"{error}.", "Mend the row.") from error
            if one.asn in found:
                raise InputError(file, reader.line_num, "asn", f"{one.asn} has two rows.", "Keep one.")
            found[one.asn] = one
    except csv.Error as error:
        raise InputError(file, reader.line_num, "", f"is not CSV: {error}.", "Mend the row.") from error
    return found
