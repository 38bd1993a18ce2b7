"""The wifi probe on Windows: the connection in use, or why it is not told."""

from typing import Any

import pytest

from farmwatch_agent.host import NotPermitted, NotSupported
from farmwatch_agent.host.windows.network import NetworkAdapter
from farmwatch_agent.host.windows.wlan import WlanInterface
from farmwatch_agent.probes.wifi import windows as wifi
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.wifi import WifiConnection

from ..windows_host import WindowsFake

GUID = "{2380BB39-C1E5-42BC-8D03-5E4E562BA42D}"


def look(interfaces: Any, adapters: Any = ()) -> list[Any]:
    rows = {"windows_wlan_interface": interfaces, "windows_network_adapter": adapters}
    return list(wifi.collect(WindowsFake(rows=rows)))  # type: ignore[arg-type]


def test_a_connection_is_told_under_the_name_that_network_uses() -> None:
    interface = WlanInterface(guid=GUID, description="Example Wi-Fi", connected=True, ssid="HomeNet",
                              bssid="00:00:5e:00:53:fe", phy=7, quality=85, channel=44)  # fmt: skip
    assert look([interface], [NetworkAdapter(guid=GUID.lower(), name="WLAN")]) == [
        WifiConnection(interface="WLAN", bssid=unkeyed("bssid", "00:00:5e:00:53:fe"), ssid=unkeyed("ssid", "HomeNet"),
                       band="5", signal="strong", standard="802.11n")
    ]  # fmt: skip
    assert look([interface], NotPermitted("no"))[0].interface == "Example Wi-Fi"


def test_a_refusal_for_want_of_location_is_a_gap_that_says_so() -> None:
    (gap,) = look([WlanInterface(guid=GUID, description="Example Wi-Fi", connected=True, refused=True)])
    assert isinstance(gap, Gap)
    assert (gap.outcome, "location is off" in gap.what) == ("not_permitted", True)


def test_blanks_in_place_of_an_error_are_not_permitted() -> None:
    (gap,) = look([WlanInterface(guid=GUID, connected=True)])
    assert isinstance(gap, Gap)
    assert gap.outcome == "not_permitted"


def test_an_interface_without_a_connection_says_nothing() -> None:
    assert look([WlanInterface(guid=GUID, description="Example Wi-Fi")]) == []
    assert look([]) == []


def test_no_wifi_service_is_not_supported() -> None:
    with pytest.raises(NotSupported):
        look(NotSupported("Wi-Fi service: Windows error 1062"))


@pytest.mark.parametrize(
    ("channel", "phy", "band"),
    [(1, 7, "2.4"), (6, 10, "2.4"), (11, 10, "2.4"), (5, 10, ""), (14, 5, "2.4"), (36, 8, "5"), (36, 10, "5"),
     (149, 8, "5"), (149, 10, ""), (37, 10, ""), (181, 10, "6"), (233, 11, "6"), (0, 10, ""), (2, 9, ""), (300, 8, "")],
)  # fmt: skip
def test_the_band_follows_from_the_channel_where_its_number_is_used_once(channel: int, phy: int, band: str) -> None:
    assert wifi.band_of(channel, phy) == band


@pytest.mark.parametrize(
    ("quality", "signal"), [(100, "strong"), (80, "strong"), (79, "fair"), (50, "fair"), (49, "weak")]
)
def test_the_signal_is_strong_from_minus_60_and_fair_from_minus_75(quality: int, signal: str) -> None:
    # WLAN_ASSOCIATION_ATTRIBUTES: 0 is -100 dBm, 100 is -50 dBm.
    interface = WlanInterface(connected=True, ssid="x", quality=quality)
    assert look([interface])[0].signal == signal
