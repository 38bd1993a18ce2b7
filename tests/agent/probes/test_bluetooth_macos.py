"""Bluetooth and casting on macOS, on what system_profiler prints."""

import plistlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.bluetooth import macos
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

from ..mac_host import MacFake, profile

# raycast/extensions issue 17391, address invented
MOUSE = {"device_address": "DC:A9:04:11:22:33", "device_minorType": "Mouse", "device_productID": "0x0269",
         "device_services": "0x800020 < HID ACL >", "device_vendorID": "0x004C"}  # fmt: skip
HOME = "/Users/anna/Library/Preferences/ByHost"
SETTING = "com.apple.controlcenter.AB4C3883-BF0F-523C-A29C-6FF6D1A482E8.plist"


def seen(item: dict[str, Any] | None = None, **more: Any) -> list[Any]:
    commands = {"profile_bluetooth": profile("SPBluetoothDataType", *([item] if item else [])),
                "profile_displays": profile("SPDisplaysDataType")}  # fmt: skip
    mac = MacFake(commands | more.pop("commands", {}), **({"folders": {"/Users": []}} | more))
    return [found for found in macos.collect(cast("Host", mac)) if getattr(found, "what", "") != UNSET]


UNSET = "AirPlay receiver: nobody set it, so the system's own default holds"


def test_a_mouse_is_told_with_its_ids_and_without_its_owner() -> None:
    (device,) = seen({"device_connected": [{"Anna Muster\u2019s Magic Mouse": MOUSE}]})
    assert device == BluetoothDevice(
        kind="mouse", name="Magic Mouse", vendor_id="004c", product_id="0269", vendor_source="bluetooth",
        address=unkeyed("mac", "DC:A9:04:11:22:33"), hid=True, connected=True,
    )  # fmt: skip


def test_the_name_of_what_gives_no_input_stays_on_the_laptop() -> None:
    (device,) = seen({"device_not_connected": [{"Annas Handy": {"device_minorType": "Smartphone"}}]})
    assert device == BluetoothDevice(kind="phone", connected=False)


@pytest.mark.parametrize(
    ("key", "facts", "connected"),
    [
        ("device_connected", {}, True),
        ("device_not_connected", {}, False),
        ("device_paired", {}, None),
        ("devices_list", {"device_connected": "attrib_Yes"}, True),
        ("device_title", {"device_isconnected": "attrib_No"}, False),
    ],
)
def test_each_releases_list_is_read(key: str, facts: dict[str, str], connected: bool | None) -> None:
    (device,) = seen({key: [{"Keyboard": {**facts, "device_minorType": "Keyboard"}}]})
    assert (device.kind, device.connected, device.hid) == ("keyboard", connected, True)


def test_an_adapter_is_told_switched_on_or_off() -> None:
    own = {"controller_address": "3C:06:30:51:0E:92", "controller_state": "attrib_off", "controller_transport": "PCIe"}
    (adapter,) = seen({"controller_properties": own})
    assert adapter == BluetoothAdapter(address=unkeyed("mac", "3C:06:30:51:0E:92"), powered=False, bus="pci")


def test_a_vendor_that_both_registries_gave_out_has_no_source() -> None:
    assert macos._vendor("0x046D") == ("046d", "")
    assert macos._vendor("0x05AC (Apple)") == ("05ac", "usb")
    assert macos._vendor("nonsense") == ("", "")


def test_a_screen_that_goes_elsewhere_is_told() -> None:
    items = [{"spdisplays_connection_type": "spdisplays_airplay", "_name": name} for name in ("Sidecar Display", "TV")]
    found = macos.parse_casting([{"spdisplays_ndrvs": [*items, {"_name": "Color LCD"}]}])
    assert found == [Casting(protocol=protocol, role="sender", active=True) for protocol in ("airplay", "sidecar")]


@pytest.mark.parametrize(("value", "expected"), [(True, [Casting(protocol="airplay", role="receiver")]), (False, [])])
def test_the_receiver_is_told_where_somebody_set_it(value: bool, expected: list[Any]) -> None:
    found = seen(
        folders={"/Users": ["anna"], HOME: [SETTING, "com.apple.screensaver.x.plist"]},
        files={f"{HOME}/{SETTING}": plistlib.dumps({macos.RECEIVER: value})},
    )
    assert found == expected


def test_a_receiver_that_nobody_set_is_a_gap_and_so_is_a_closed_home() -> None:
    found = list(macos.collect(cast("Host", MacFake({"profile_bluetooth": profile("SPBluetoothDataType"),
        "profile_displays": profile("SPDisplaysDataType")}))))  # fmt: skip
    assert found == [Gap(what=UNSET, outcome="not_supported")]
    found = seen(folders={"/Users": ["anna"], HOME: NotPermitted("no")})
    assert found == [Gap(what="AirPlay receiver of other users", outcome="not_permitted", count="1")]


def test_what_cannot_be_asked_is_a_gap_each() -> None:
    hangs = SourceBroken("hangs")
    found = seen(commands={"profile_bluetooth": hangs, "profile_displays": hangs})
    assert [gap.what for gap in found] == ["Bluetooth adapter and devices", "AirPlay and Sidecar in use"]


_VALUES = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)
_FACTS = st.dictionaries(st.sampled_from([*MOUSE, "controller_state", "device_isconnected"]), _VALUES, max_size=5)


@given(st.sampled_from(list(macos._LISTS)), st.dictionaries(st.text(max_size=9), _FACTS | _VALUES, max_size=3), _FACTS)
def test_no_profile_makes_it_fail(key: str, devices: dict[str, Any], own: dict[str, Any]) -> None:
    macos.parse_bluetooth([{key: [devices], "controller_properties": own}, own])
