"""nl80211: the Wi-Fi network in use. No scan is started, and no other network's name is asked for.

Sources: include/uapi/linux/nl80211.h, genetlink.h; net/wireless/nl80211.c (nl80211_send_iface, nl80211_send_station:
no rights are needed for these dumps). The kernel's list of networks in reach (GET_SCAN) is asked only where the
interface itself does not tell name or access point, and of it only the network in use is kept.
"""

import struct
from collections.abc import Iterable
from typing import ClassVar

from ..protocol import HostError, Missing, NotPermitted, NotSupported
from ..row import Row
from .netlink import Line, attribute, attributes, nested, number, word

NETLINK_GENERIC = 16
#: struct genlmsghdr: command, version, reserved.
_GENL = struct.Struct("=BBH")
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, _CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
GET_INTERFACE, GET_STATION, GET_SCAN = 5, 17, 32
ATTR_IFINDEX, ATTR_IFNAME, ATTR_IFTYPE, ATTR_MAC, ATTR_STA_INFO, ATTR_WIPHY_FREQ, ATTR_BSS, ATTR_SSID = (
    3, 4, 5, 6, 21, 38, 47, 52)  # fmt: skip
ATTR_MLO_LINKS = 312
#: Kinds of interface that belong to a network rather than make one.
_STATION, _P2P_CLIENT, _ADHOC = 2, 8, 1
_STA_SIGNAL, _STA_TX_BITRATE, _STA_SIGNAL_AVERAGE, _STA_RX_BITRATE = 7, 8, 13, 14
_BSS_BSSID, _BSS_FREQUENCY, _BSS_ELEMENTS, _BSS_SIGNAL_MBM, _BSS_STATUS = 1, 2, 6, 7, 9
_ASSOCIATED, _IBSS_JOINED = 1, 2
#: NL80211_RATE_INFO_*: which way of counting the rate a standard brought, newest first.
_STANDARDS = ((19, "802.11be"), (13, "802.11ax"), (6, "802.11ac"), (2, "802.11n"))
_MAX_INTERFACES = 16


class WifiLink(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A Wi-Fi interface that can belong to a network. `of` is "".

    ssid, bssid  of the network in use; "" when there is none or it is not told
    connected    belongs to a network
    frequency    MHz; 0 when not told
    signal       dBm, below 0; 0 when not told
    standard     "802.11n" ... by how the last frame's rate was counted; "" when not told
    """

    table: ClassVar[str] = "linux_wifi_link"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    interface: str
    connected: bool = False
    ssid: str = ""
    bssid: str = ""
    frequency: int = 0
    signal: int = 0
    standard: str = ""

    @classmethod
    def live(cls, of: str) -> "list[WifiLink]":
        with Line(NETLINK_GENERIC, "nl80211") as line:
            family = _family(line)
            links = []
            for _, body in line.ask(family, _GENL.pack(GET_INTERFACE, 0, 0))[:_MAX_INTERFACES]:
                found = parse_interface(body)
                if found is not None:
                    links.append(_completed(line, family, *found))
        return links

    def identifying(self) -> Iterable[str]:
        yield from (word for word in (self.ssid,) if word)


def _family(line: Line) -> int:
    """Returns the number that the kernel gave nl80211; NotSupported without Wi-Fi in the kernel (ENOENT)."""
    question = _GENL.pack(_CTRL_CMD_GETFAMILY, 1, 0) + attribute(_CTRL_ATTR_FAMILY_NAME, b"nl80211\0")
    for _, body in line.ask(_GENL_ID_CTRL, question, dump=False):
        found = number(attributes(body, _GENL.size).get(_CTRL_ATTR_FAMILY_ID))
        if found:
            return found
    raise NotSupported("nl80211: the kernel does not know it")


def _completed(line: Line, family: int, index: int, link: WifiLink) -> WifiLink:
    """Returns a link with what its access point's entry says, and the list of networks where that is not enough."""
    about = attribute(ATTR_IFINDEX, struct.pack("=I", index))
    try:
        stations = line.ask(family, _GENL.pack(GET_STATION, 0, 0) + about)
    except (Missing, NotPermitted):
        stations = []
    for _, body in stations[:1]:
        link = with_station(link, body)
    if not link.connected or (link.bssid and link.ssid and link.frequency):
        return link
    try:
        networks = line.ask(family, _GENL.pack(GET_SCAN, 0, 0) + about)
    except HostError:
        return link
    for _, body in networks:
        link = with_network(link, body)
    return link


def parse_interface(body: bytes) -> tuple[int, WifiLink] | None:
    """Returns number and link of an interface that can belong to a network; None for any other and for nonsense."""
    told = attributes(body, _GENL.size)
    index, name = number(told.get(ATTR_IFINDEX)), word(told.get(ATTR_IFNAME))
    if not index or not name or number(told.get(ATTR_IFTYPE)) not in (_STATION, _P2P_CLIENT, _ADHOC):
        return None
    ssid = ssid_text(told.get(ATTR_SSID, b""))
    frequency = number(told.get(ATTR_WIPHY_FREQ)) or _of_links(told.get(ATTR_MLO_LINKS, b""))
    return index, WifiLink(interface=name, ssid=ssid, connected=bool(ssid), frequency=frequency)


def with_station(link: WifiLink, body: bytes) -> WifiLink:
    """Returns a link with the address, signal and standard of its access point."""
    told = attributes(body, _GENL.size)
    mac = told.get(ATTR_MAC, b"")
    if len(mac) != 6:
        return link
    info = attributes(told.get(ATTR_STA_INFO, b""))
    rates = [attributes(info.get(rate, b"")) for rate in (_STA_TX_BITRATE, _STA_RX_BITRATE)]
    standards = [standard for kind, standard in _STANDARDS if any(kind in rate for rate in rates)]
    return WifiLink(
        interface=link.interface,
        connected=True,
        ssid=link.ssid,
        bssid=mac.hex(":"),
        frequency=link.frequency,
        signal=_signed(info.get(_STA_SIGNAL_AVERAGE) or info.get(_STA_SIGNAL)),
        standard=standards[0] if standards else "",
    )


def with_network(link: WifiLink, body: bytes) -> WifiLink:
    """Returns a link with what the list says of the network in use; any other network is passed over unread."""
    bss = attributes(attributes(body, _GENL.size).get(ATTR_BSS, b""))
    if number(bss.get(_BSS_STATUS)) not in (_ASSOCIATED, _IBSS_JOINED):
        return link
    elements = bss.get(_BSS_ELEMENTS, b"")
    # IEEE 802.11, 9.4.2: each element has an id and a length of one byte; the name has id 0 and comes first.
    name = elements[2 : 2 + elements[1]] if len(elements) > 2 and elements[0] == 0 else b""
    mac, strength = bss.get(_BSS_BSSID, b""), bss.get(_BSS_SIGNAL_MBM, b"")
    return WifiLink(
        interface=link.interface,
        connected=True,
        ssid=link.ssid or ssid_text(name),
        bssid=link.bssid or (mac.hex(":") if len(mac) == 6 else ""),
        frequency=link.frequency or number(bss.get(_BSS_FREQUENCY)) or 0,
        signal=link.signal or (struct.unpack("=i", strength)[0] // 100 if len(strength) == 4 else 0),
        standard=link.standard,
    )


def ssid_text(data: bytes) -> str:
    """Returns a network's name, at most 32 bytes of any kind (IEEE 802.11, 9.4.2.2); "" for a hidden one."""
    return data[:32].decode("utf-8", "backslashreplace") if data.strip(b"\0") else ""


def _of_links(data: bytes) -> int:
    """Returns the frequency of the first link of a connection over several (802.11be)."""
    for _, link in nested(data):
        found = number(attributes(link).get(ATTR_WIPHY_FREQ))
        if found:
            return found
    return 0


def _signed(data: bytes | None) -> int:
    """Returns a signal strength: one signed byte, dBm."""
    return struct.unpack("=b", data)[0] if data is not None and len(data) == 1 else 0
