"""Wi-Fi on Linux: nl80211, and /proc/net/wireless where that is not to be had.

Sources: include/uapi/linux/nl80211.h through host/linux/nl80211.py; net/wireless/wext-proc.c for /proc/net/wireless.
What the kernel knows of the network in use is enough, so no file of NetworkManager or wpa_supplicant, which hold
other networks and passwords, is read.
"""

from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.wifi import WifiConnection

from ...host import Host, HostError, Missing, NotSupported
from ...host.linux.nl80211 import WifiLink
from ..asking import names_in, outcome_of
from ..network.linux import told_name

NET = "/sys/class/net"
WIRELESS = "/proc/net/wireless"
NETWORK = "name and address of the Wi-Fi network"
SIGNAL = "signal of the Wi-Fi network"
MAX_INTERFACES = 8


def collect(host: Host) -> Iterator[Observable]:
    """Yields a WifiConnection per connected interface; NotSupported without a Wi-Fi interface."""
    names = wifi_interfaces(host)
    if not names:
        raise NotSupported("this laptop has no Wi-Fi interface")
    try:
        links = host.rows(WifiLink)
    except HostError as error:
        yield from _by_wireless(host, names, error)
        return
    for link in links[:MAX_INTERFACES]:
        if not link.connected:
            continue
        yield WifiConnection(
            interface=told_name(link.interface),
            bssid=unkeyed("bssid", link.bssid) if link.bssid else None,
            ssid=unkeyed("ssid", link.ssid) if link.ssid else None,
            band=band_of(link.frequency),
            signal=signal_of(link.signal),
            standard=link.standard,
        )
        if not link.bssid or not link.ssid:
            yield Gap(what=NETWORK, outcome="not_supported")


def wifi_interfaces(host: Host) -> list[str]:
    """Returns the names of Wi-Fi interfaces. Raises NotSupported when no interface can be listed."""
    try:
        names = host.names(NET)
    except Missing as error:
        raise NotSupported(f"{error}; network interfaces cannot be listed") from None
    return [name for name in names if _is_wifi(host, name)]


def parse_wireless(text: str) -> dict[str, int | None]:
    """Returns the signal of each interface of /proc/net/wireless that has one, dBm; None for relative values.

    The kernel marks a value as dBm by counting it below 0 (IW_QUAL_DBM); drivers of old have 0 to 100 there.
    """
    found: dict[str, int | None] = {}
    for line in text.split("\n")[2:]:
        name, mark, rest = line.partition(":")
        words = rest.split()
        if not mark or len(words) < 4:
            continue
        try:
            link, level = int(words[1].rstrip(".")), int(words[2].rstrip("."))
        except ValueError:
            continue
        if link > 0:  # 0 and -256 stand for an interface that belongs to no network
            found[name.strip()] = level if -128 <= level < 0 else None
    return found


def band_of(frequency: int) -> str:
    """Returns the band of a frequency in MHz (IEEE 802.11, annex E); "" when not known."""
    for first, last, band in ((2400, 2500, "2.4"), (4900, 5925, "5"), (5926, 7125, "6")):
        if first <= frequency <= last:
            return band
    return ""


def signal_of(dbm: int | None) -> str:
    """Returns a strength in dBm as a word; "" when not known."""
    if dbm is None or not -128 <= dbm < 0:
        return ""
    return "strong" if dbm >= -60 else "fair" if dbm >= -75 else "weak"


def _by_wireless(host: Host, names: list[str], problem: HostError) -> Iterator[Observable]:
    """Yields which interfaces are connected, as far as the table tells, and gaps for the rest."""
    try:
        signals = parse_wireless(host.text(WIRELESS, 1 << 14))
    except HostError:
        yield Gap(what="the Wi-Fi network", outcome=outcome_of(problem))
        return
    connected = [name for name in names if name in signals]
    yield from (
        WifiConnection(interface=told_name(name), signal=signal_of(signals[name]))
        for name in connected[:MAX_INTERFACES]
    )
    # Without an entry nothing is connected; with one, only its owner can say to what.
    if connected:
        yield Gap(what=NETWORK, outcome=outcome_of(problem))


def _is_wifi(host: Host, name: str) -> bool:
    """Whether an interface says so in its uevent, or has a folder that the kernel gives Wi-Fi interfaces."""
    try:
        if "DEVTYPE=wlan" in host.text(f"{NET}/{name}/uevent", 4096).split("\n"):
            return True
    except HostError:
        return False
    return not {"wireless", "phy80211"}.isdisjoint(names_in(host, f"{NET}/{name}"))
