"""The Wi-Fi connection on Windows, from wlanapi.

Sources: learn.microsoft.com, WLAN_ASSOCIATION_ATTRIBUTES (quality 0 is -100 dBm, 100 is -50 dBm, linear between them),
DOT11_PHY_TYPE, "Changes to API behavior for Wi-Fi access and location". Channel numbers: IEEE 802.11; those of 6 GHz
are 1, 5, 9 ... 233 and so share some with 2.4 and 5 GHz.
"""

from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.wifi import WifiConnection

from ...host import Host, HostError
from ...host.windows.network import NetworkAdapter
from ...host.windows.wlan import WlanInterface

_STANDARDS = {4: "802.11a", 5: "802.11b", 6: "802.11g", 7: "802.11n", 8: "802.11ac", 9: "802.11ad", 10: "802.11ax",
              11: "802.11be"}  # fmt: skip
#: From 802.11ax on there is 6 GHz.
_WITH_SIX = (10, 11)
_STRONG, _FAIR = 80, 50


def collect(host: Host) -> Iterator[Observable]:
    """Yields each connection; one that may not be told leaves a gap that says why."""
    interfaces = host.rows(WlanInterface)
    names = _names(host)
    refused = 0
    for interface in interfaces:
        if interface.refused:
            refused += 1
        elif interface.connected and (interface.ssid or interface.bssid):
            yield connection(interface, names.get(interface.guid.upper(), interface.description[:64]))
        elif interface.connected:
            yield Gap(what="Wi-Fi connection: neither name nor address was told", outcome="not_permitted")
    if refused:
        yield Gap(
            what="Wi-Fi connection: location is off for the system or for desktop programs (Windows 11 24H2)",
            outcome="not_permitted",
            count=bucket(refused),
        )


def connection(interface: WlanInterface, name: str) -> WifiConnection:
    """Returns what is told of a connection."""
    return WifiConnection(
        interface=name,
        bssid=unkeyed("bssid", interface.bssid) if interface.bssid else None,
        ssid=unkeyed("ssid", interface.ssid) if interface.ssid else None,
        band=band_of(interface.channel, interface.phy),
        signal="strong" if interface.quality >= _STRONG else "fair" if interface.quality >= _FAIR else "weak",
        standard=_STANDARDS.get(interface.phy, ""),
    )


def band_of(channel: int, phy: int) -> str:
    """Returns the band of a channel; "" where the number is used in two bands and the standard knows both."""
    six = phy in _WITH_SIX and 1 <= channel <= 233 and channel % 4 == 1
    if six or phy == 9:
        return "6" if channel > 177 else ""
    if 1 <= channel <= 14:
        return "2.4"
    return "5" if 32 <= channel <= 177 else ""


def _names(host: Host) -> dict[str, str]:
    """Returns the interfaces' names, as `network` tells them, by GUID in capitals."""
    try:
        return {it.guid.upper(): it.name[:64] for it in host.rows(NetworkAdapter)}
    except HostError:
        return {}
