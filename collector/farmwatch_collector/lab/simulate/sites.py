"""Networks that laptops hang on: homes, offices, hotels and the like, and how a laptop's sections tell of them.

Makers' prefixes are the IEEE registry's; addresses are invented.
"""

import random
from functools import lru_cache

import msgspec

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Radio
from farmwatch_schema.observables.wifi import WifiConnection

from .. import systems
from ..cities import City
from ..fleet import HOME_ROUTERS
from ..scenarios.ordinary import mac
from .ground import Line
from .stock import Items, Stock

#: Things that stand in homes: makers of telephones, televisions, speakers, printers, lamps.
HOME_THINGS = ("f01898", "fc65de", "8c79f5", "f4f5d8", "000e58", "240ac4", "b827eb", "b0a737", "001788", "008077",
               "001e8f", "98b6e9", "00d9d1", "10683f", "3cd92b", "18b430", "640980", "001132")  # fmt: skip
OFFICE_THINGS = ("3cd92b", "001e8f", "008077", "000b86", "00180a", "001422", "001b21", "00a289")
#: Makers of offices' gateways: Palo Alto Networks, Fortinet, Cisco Meraki.
OFFICE_GATEWAYS = ("00:1b:17", "00:09:0f", "00:18:0a")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One network.

    name      of the place; city: where it is
    gateway   its MAC as text, which a policy may name
    mac       the same, keyed
    points    access points, keyed
    ssid      keyed
    near      makers in its neighbour table, and how many of each as a bucket
    line      its way out; None where nobody is known to leave by it
    wired     laptops hang on a cable
    """

    name: str
    city: City
    gateway: str
    mac: Identifier
    points: tuple[Identifier, ...]
    ssid: Identifier
    near: tuple[tuple[str, str], ...]
    line: Line
    wired: bool = False


def site(
    stock: Stock, chance: random.Random, name: str, city: City, line: Line, *, gateway: str = "", points: int = 1,
    things: tuple[str, ...] = HOME_THINGS, near: int = 6, wired: bool = False, radio: bool = True,
) -> Site:  # fmt: skip
    """Returns a network; its gateway and access points are one maker's unless `gateway` is given.

    radio  the gateway is the first access point too, and makes that address from its own by the last byte
    """
    gateway = gateway or mac(chance, chance.choice(HOME_ROUTERS))
    found = chance.sample(things, min(len(things), max(0, near)))
    others = [mac(chance, gateway[:8]) for _ in range(points)]
    if radio:
        others[0] = f"{gateway[:15]}{int(gateway[15:], 16) + 1 & 255:02x}"
    return Site(
        name=name, city=city, gateway=gateway, mac=stock.key("mac", gateway),
        points=tuple(stock.key("bssid", each) for each in others),
        ssid=stock.key("ssid", f"{name} {chance.getrandbits(32):08x}"),
        near=tuple((oui, "2-4" if chance.random() < 0.25 else "1") for oui in sorted(found)),
        line=line, wired=wired,
    )  # fmt: skip


class Views:
    """What laptops' sections tell of a site; laptops of one platform share the objects."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._usual = {each: stock.keyed("network", systems.network(each, "00:00:5e:00:53:01"))
                       for each in ("linux", "windows", "macos")}  # fmt: skip
        self._router = stock.key("address", "192.168.1.1")
        self._tunnel = {each: systems.tunnel(each, "globalprotect") for each in ("linux", "windows", "macos")}
        self._family = {each: systems.tunnel(each, "protonvpn") for each in ("linux", "windows", "macos")}
        self.network = lru_cache(maxsize=4096)(self._network)
        self.wifi = lru_cache(maxsize=4096)(self._wifi)

    def _network(self, site: Site, platform: str, tunnel: str = "") -> Items:
        """Returns interfaces, gateway, name server and neighbours.

        tunnel  `company` or `family` where one is up
        """
        found: list[Observable] = []
        name = ""
        for item in self._usual[platform]:
            if isinstance(item, NetworkInterface) and item.kind == "wifi":
                name = item.name
                found.append(item)
                if site.wired:
                    name = {"linux": "enp2s0", "windows": "Ethernet 2", "macos": "en7"}[platform]
                    found.append(NetworkInterface(name=name, kind="ethernet", mtu=1500, bus="usb", up=True))
            elif isinstance(item, Gateway):
                metric = 100 if site.wired else item.metric
                found.append(msgspec.structs.replace(item, interface=name, mac=site.mac, metric=metric))
            elif isinstance(item, NetworkInterface | NameServer | Radio):
                found.append(item)
        found += [Neighbours(interface=name, oui=oui, count=count) for oui, count in site.near]
        if tunnel:
            found.append((self._tunnel if tunnel == "company" else self._family)[platform])
        return tuple(found)

    def _wifi(self, site: Site, platform: str, told: bool, point: int = 0) -> Items:
        """Returns the access point, or that the system withholds it; nothing where a cable is plugged in."""
        if site.wired:
            return ()
        name = systems._WIFI[platform][0]  # noqa: SLF001 - the lab's own words
        here = WifiConnection(interface=name, band="5", signal="strong", standard="802.11ax")
        if not told or platform == "macos":
            # macOS and Windows show it to programs that may know the place only.
            return here, Gap(what="name and address of the Wi-Fi network", outcome="not_permitted")
        return (msgspec.structs.replace(here, bssid=site.points[point % len(site.points)], ssid=site.ssid),)
