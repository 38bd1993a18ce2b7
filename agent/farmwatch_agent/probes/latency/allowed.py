"""Which addresses may be measured: a collector that was taken over must not make laptops look at a home network.

Without a list of this laptop's own, only addresses that are one machine's on the public internet. Sources: IANA
IPv4 and IPv6 Special-Purpose Address Registries (2025-10); RFC 6890; RFC 9637 (3fff::/20); RFC 6052 (64:ff9b::/96).
"""

import ipaddress
import re
from collections.abc import Sequence

from farmwatch_schema.plan import Target

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORT = 443
#: A landmark of the company's own answers on any port that needs no rights.
_FIRST_FREE_PORT = 1024
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)

_NOT_GLOBAL_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL_6 = tuple(
    ipaddress.IPv6Network(text)
    # Teredo and ORCHID are in 2001::/23; 2002::/16 carries an IPv4 address that may be anybody's.
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
#: A network without IPv4 maps public IPv4 addresses here.
_MAPPED = ipaddress.IPv6Network("64:ff9b::/96")


class AllowList:
    """What this laptop's setting `landmarks` says; empty without one.

    patterns  of names, `*.example.com` for all below it
    networks  in which an address is allowed although it may not be global
    """

    def __init__(self, entries: Sequence[str] = ()) -> None:
        self.patterns: list[str] = []
        self.networks: list[Network] = []
        for entry in entries:
            network = network_of(entry)
            if network is not None:
                self.networks.append(network)
            else:
                self.patterns.append(entry.lower())

    def allows_target(self, target: Target) -> bool:
        """Whether a target may be resolved at all: its name's form, its port, and its name on the list."""
        if not _NAME.fullmatch(target.host) and address_of(target.host) is None:
            return False
        if target.port != PORT and not (target.method == "signed" and target.port > _FIRST_FREE_PORT):
            return False
        return not self.patterns or bool(self.networks) or self._named(target.host)

    def allows_address(self, host: str, text: str) -> bool:
        """Whether an address that `host` led to may be connected to."""
        address = address_of(text)
        if address is None:
            return False
        if any(address in network for network in self.networks if network.version == address.version):
            return True
        if (self.patterns or self.networks) and not self._named(host):
            return False
        return is_global(address)

    def _named(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        return any(
            name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern for pattern in self.patterns
        )


def network_of(entry: str) -> Network | None:
    """Returns the network, or the single address, of an entry; None for a name."""
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def is_entry(entry: str) -> bool:
    """Whether a text can stand in the list."""
    if network_of(entry) is not None:
        return True
    # What looks like a network and is none would else be taken for a name that nothing bears.
    last = entry.rpartition(".")[2]
    return bool(_PATTERN.fullmatch(entry)) and not last.isdecimal()


def address_of(text: str) -> Address | None:
    """Returns an address without a zone; None for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, ipaddress.IPv6Address) and address.scope_id else address


def is_global(address: Address) -> bool:
    """Whether an address is one machine's on the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_GLOBAL_4)
    if address in _MAPPED:
        return is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_GLOBAL_6)
