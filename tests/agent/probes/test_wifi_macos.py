"""Wi-Fi on macOS: told up to 15.5, withheld after; outputs as public issue threads show them."""

import plistlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, NotSupported
from farmwatch_agent.probes.wifi import macos
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.wifi import WifiConnection

from ..mac_host import ReplayedMac

PORTS = b"Hardware Port: Wi-Fi\nDevice: en0\nEthernet Address: 02:00:00:00:00:00\n"
SUMMARY = """<dictionary> {{
  BSSID : {bssid}
  IPv4 : <array> {{
    0 : <dictionary> {{
      SSID : not this one
    }}
  }}
  InterfaceType : {kind}
  LinkStatusActive : {active}
  SSID : {ssid}
  Security : WPA2_PSK
}}
"""


def summary(ssid: str, bssid: str, kind: str = "WiFi", active: str = "TRUE") -> bytes:
    return SUMMARY.format(ssid=ssid, bssid=bssid, kind=kind, active=active).encode()


def driver(ssid: str, bssid: str, band: str = "5 GHz", name: str = "en0") -> bytes:
    entry = {"IOInterfaceName": name, "IO80211SSID": ssid, "IO80211BSSID": bytes.fromhex(bssid), "IO80211Band": band}
    return plistlib.dumps([entry])


def looked(said: Any, driven: Any = b"", ports: Any = PORTS) -> list[Any]:
    host = ReplayedMac(commands={"hardware_ports": ports, "wifi_summary en0": said, "wifi_driver": driven})
    return list(macos.collect(cast("Host", host)))


def test_a_name_and_an_address_that_are_told_travel_keyed() -> None:
    assert looked(summary("Harbour Cottage", "0:b8:c2:39:55:a"), driver("", "00b8c239550a")) == [
        WifiConnection(
            interface="en0",
            ssid=unkeyed("ssid", "Harbour Cottage"),
            bssid=unkeyed("bssid", "00:b8:c2:39:55:0a"),
            band="5",
        )
    ]


@pytest.mark.parametrize("ssid", ["<redacted>", "< redacted >", "", "<SSID Redacted>"])
def test_a_name_that_is_withheld_is_a_gap_and_never_a_name(ssid: str) -> None:
    # dracula/tmux issue 358; vborodulin/wifi-loc-control issue 10; sebhildebrandt/systeminformation issues 895 and 945
    assert looked(summary(ssid, "<redacted>"), driver("<SSID Redacted>", "1ced6f000000")) == [
        WifiConnection(interface="en0", band="5"),
        Gap(what="name and address of the Wi-Fi network", outcome="not_permitted"),
    ]


def test_an_address_with_an_empty_half_is_withheld() -> None:
    [_, gap] = looked(summary("Harbour Cottage", ""), driver("", "1ced6f000000"))
    assert gap == Gap(what="address of the Wi-Fi access point", outcome="not_permitted")


def test_the_driver_tells_what_the_client_does_not() -> None:
    [connection] = looked(summary("", ""), driver("Harbour Cottage", "107c614301f9", "2.4 GHz"))
    assert connection.ssid == unkeyed("ssid", "Harbour Cottage")
    assert (connection.bssid, connection.band) == (unkeyed("bssid", "10:7c:61:43:01:f9"), "2.4")


def test_an_adapter_without_a_network_says_nothing() -> None:
    assert looked(summary("x", "y", active="FALSE")) == []
    assert looked(summary("x", "y", kind="Ethernet")) == []


@pytest.mark.parametrize("port", ["WLAN", "AirPort", "a name in another language"])
def test_an_adapter_of_another_name_is_found_all_the_same(port: str) -> None:
    told = looked(summary("Harbour Cottage", "0:b8:c2:39:55:a"), ports=f"Hardware Port: {port}\nDevice: en0\n".encode())
    assert [it.ssid for it in told] == [unkeyed("ssid", "Harbour Cottage")]


def test_without_an_adapter_it_is_not_supported() -> None:
    for said in (b"", summary("", "", kind="Ethernet")):
        with pytest.raises(NotSupported):
            looked(said, ports=b"Hardware Port: Ethernet\nDevice: en0\n")


def test_a_refused_summary_is_a_gap() -> None:
    assert looked(NotPermitted("wifi_summary")) == [Gap(what=macos.WITHHELD, outcome="not_permitted")]


def test_an_entry_of_another_interface_or_nonsense_is_not_taken() -> None:
    for driven in (
        driver("Other", "107c614301f9", name="en1"),
        b"<plist><array>",
        b"\xff\x00",
        plistlib.dumps({"a": 1}),
    ):
        [connection, _] = looked(summary("<redacted>", "<redacted>"), driven)
        assert (connection.ssid, connection.bssid) == (None, None)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_is_printed_makes_no_error(said: bytes, driven: bytes) -> None:
    looked(said, driven)
    looked(b"  LinkStatusActive : TRUE\n" + said, driven)
