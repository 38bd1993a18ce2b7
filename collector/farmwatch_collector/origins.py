"""Which address a request came from, keyed and with the class of its network; the address itself goes no further.

The peer's address counts. Where the peer is a proxy that the company names as trusted, the address that it forwards
counts, read from the right: each hop was written by the one after it, so the first that is no trusted proxy is the
last that somebody trustworthy saw. What stands to the left of it anybody can have written. One header only is read,
the one that the company's proxy sets: a proxy passes on the other one as the client sent it.
"""

from collections.abc import Iterable, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from .place.networks import Address, Network, Networks, plain
from .store.protocol_network import Origin

ProxyHeader = Literal["x-forwarded-for", "forwarded"]

MAX_HOPS = 32
"""Most forwarded hops that are read, from the right."""

_REMEMBERED = 16_384


class ProxyError(FarmwatchError):
    """A trusted proxy that is named wrongly; str() says how to name it."""


class TrustedProxies:
    """The proxies whose word on the client's address is believed.

    networks  addresses and ranges: "127.0.0.1", "192.0.2.0/28"
    header    in which they forward it
    """

    def __init__(self, networks: Sequence[str] = (), header: ProxyHeader = "x-forwarded-for") -> None:
        self._networks = tuple(_network(text) for text in networks)
        self._header = header.encode()
        self._forwarded = header == "forwarded"
        self._trusted_peer = lru_cache(maxsize=_REMEMBERED)(self._is_trusted)

    def trusted(self, address: Address) -> bool:
        """Whether an address is one of the proxies'."""
        return any(address in network for network in self._networks if network.version == address.version)

    def told(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Returns what a request's headers say of its way; "" when its peer is none of the proxies."""
        if not self._networks or not self._trusted_peer(peer):
            return ""
        return b",".join(value for name, value in headers if name == self._header).decode("latin-1")

    def client(self, peer: str, told: str) -> Address | None:
        """Returns the address that a request came from; None when nobody trustworthy told it.

        told  from `told`
        """
        address = parsed(peer)
        hops = forwarded_hops(told) if self._forwarded else told.split(",")
        for hop in reversed(hops[-MAX_HOPS:] if told else ()):
            address = parsed(hop)
            if address is None or not self.trusted(address):
                break
        return address

    def _is_trusted(self, peer: str) -> bool:
        address = parsed(peer)
        return address is not None and self.trusted(address)


class Origins:
    """Keys and classes the addresses that requests come from; thread-safe."""

    def __init__(self, proxies: TrustedProxies, networks: Networks, keyer: Keyer) -> None:
        self._proxies = proxies
        self._networks = networks
        self._keyer = keyer
        # In memory only, and bounded: most reports come from where the device's last one came from.
        self._of = lru_cache(maxsize=_REMEMBERED)(self._made)

    def of(self, scope: MutableMapping[str, Any]) -> Origin | None:
        """Returns where an ASGI request came from; None when its address is not known."""
        peer = scope.get("client")
        return self._of(peer[0], self._proxies.told(peer[0], scope["headers"])) if peer else None

    def _made(self, peer: str, told: str) -> Origin | None:
        address = self._proxies.client(peer, told)
        return None if address is None else origin_of(address, self._networks, self._keyer)


def origin_of(address: Address, networks: Networks, keyer: Keyer) -> Origin:
    """Returns an address keyed, with its class and the block around it. IPv6 is keyed as its /64: one line has all of
    it."""
    facts = networks.of(str(address))
    block = None if facts.kind == "private" else keyer.key("address", block_of(address))
    return Origin(keyer.key("address", canonical(address)), facts.kind, facts.asn, facts.network, facts.country, block)


def block_of(address: Address) -> str:
    """Returns the text that is keyed for the block: "192.0.2.0/24", or the IPv6 /48 that one site is given (RFC 6177).

    The prefix length keeps it from ever being equal to an address.
    """
    address = plain(address)
    return str(ip_network((address, 48 if isinstance(address, IPv6Address) else 24), strict=False))


def canonical(address: Address) -> str:
    """Returns the text that is keyed: an IPv4 address, or the first one of an IPv6 /64."""
    address = plain(address)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)).network_address)
    return str(address)


def parsed(text: str) -> Address | None:
    """Returns the address in a hop: "192.0.2.1", "192.0.2.1:443", "[2001:db8::1]:443"; None when there is none."""
    text = text.strip().strip('"')[:64]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return plain(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def forwarded_hops(lines: str) -> list[str]:
    """Returns the `for` of each element of a Forwarded header (RFC 7239), "unknown" where it has none."""
    hops = []
    for element in lines.split(","):
        pairs = (pair.partition("=") for pair in element.split(";"))
        named = [value for name, _, value in pairs if name.strip().lower() == "for"]
        hops.append(named[0] if named else "unknown")
    return hops


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise ProxyError(
            f"--trusted-proxy {text[:60]}: is no address and no range. Name one like 127.0.0.1 or 192.0.2.0/28."
        ) from None


def company_addresses(places: Iterable[Any]) -> list[str]:
    """Returns the public addresses that a policy's places name, households left out: those are people's own lines."""
    return [address for place in places if place.kind != "household" for address in place.egress]
