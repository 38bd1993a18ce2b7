"""The Wi-Fi network that the laptop is connected to. No other network's name is ever read."""

from ..identifiers import Identifier
from .base import Kind, Observable


class WifiConnection(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="wifi_connection"):
    """A connected Wi-Fi interface.

    interface  its name
    bssid      of the access point, keyed; null when the system withholds it (a Gap says why)
    ssid       keyed; null when the system withholds it
    band       "2.4", "5" or "6" GHz; "" when not known
    signal     `strong` (-60 dBm or more), `fair` (-75 or more), `weak`; "" when not known
    standard   "802.11n", "802.11ax" ...; "" when not known
    """

    interface: str
    bssid: Identifier | None = None
    ssid: Identifier | None = None
    band: str = ""
    signal: str = ""
    standard: str = ""


KIND = Kind("wifi", "state", (WifiConnection,))
