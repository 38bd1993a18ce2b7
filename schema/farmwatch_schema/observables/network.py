"""How the laptop is connected: interfaces, routes, gateways, name servers, who is near by maker."""

from ..identifiers import Identifier
from .base import Kind, Observable


class NetworkInterface(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="network_interface"):
    """A network interface.

    kind     `ethernet`, `wifi`, `mobile`, `loopback`, `tunnel`, `bridge`, `virtual` or `other`
    driver   kernel driver or driver description
    mtu      bytes
    bus      `usb`, `pci`, `virtual` or ""
    up       administratively up and with carrier; null when not known
    address  its MAC, keyed
    """

    name: str
    kind: str
    driver: str = ""
    mtu: int = 0
    bus: str = ""
    up: bool | None = None
    address: Identifier | None = None


class Gateway(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="gateway"):
    """A default route's next hop.

    family     `ipv4` or `ipv6`
    interface  through which it is reached
    address    the hop's address, keyed; null for a route straight into a tunnel
    mac        its MAC from the neighbour table, keyed; null when not there
    metric     route metric; the lowest wins; 4294967295 where `netifaces` alone told, which knows none
    sources    who told of it, sorted: `netifaces`, `routes`; () before agents told. One alone, where both were
               asked, means that they disagree: `netifaces` alone may know a route table beside the main one, or
               the 0.0.0.0/1 of a VPN. A route without a next hop is told by `routes` only
    """

    family: str
    interface: str
    address: Identifier | None = None
    mac: Identifier | None = None
    metric: int = 0
    sources: tuple[str, ...] = ()


class Route(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="route"):
    """A route that takes (nearly) all traffic into a tunnel: 0.0.0.0/1, 128.0.0.0/1, 2000::/3, ::/1, 8000::/1.

    "default" is the default route of another table than the main one, to which a rule sends all unmarked packets.
    """

    destination: str
    interface: str


class NameServer(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="name_server"):
    """A DNS server in use, keyed, with the scope of its address."""

    address: Identifier


class Neighbours(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="neighbours"):
    """Makers of the devices in the neighbour table of one interface: OUI and how many, as a bucket."""

    interface: str
    oui: str
    count: str = "1"


class Radio(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="radio"):
    """A radio and whether it is switched on.

    kind   `wifi`, `bluetooth`, `mobile`, `location` (the switch of the location service) or `airplane_mode`
    state  `on`, `off` (by software or a person), `blocked` (by a switch or policy); "" when not known
    """

    kind: str
    state: str = ""


KIND = Kind("network", "state", (NetworkInterface, Gateway, Route, NameServer, Neighbours, Radio))
