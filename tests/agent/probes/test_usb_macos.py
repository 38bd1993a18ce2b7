"""USB on macOS, on registry entries as the sources named in probes/usb/macos.py show them."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.probes.usb import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import UsbDevice, UsbOverIp

from ...detectors.kvm_cases import JETKVM_ABSOLUTE
from ..mac_host import MacFake, registry


def device(unit: int = 1, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "IOObjectClass": "IOUSBHostDevice", "IORegistryEntryID": unit, "idVendor": 0x046D, "idProduct": 0xC31C,
        "bDeviceClass": 0, "bDeviceSubClass": 0, "bDeviceProtocol": 0, "locationID": 0x14100000, "USBSpeed": 2,
    }  # fmt: skip
    return facts | changes


def interface(number: int = 0, *below: dict[str, Any], **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "IOObjectClass": "IOUSBHostInterface", "bInterfaceNumber": number, "bInterfaceClass": 3,
        "bInterfaceSubClass": 1, "bInterfaceProtocol": 1, "idVendor": 0x046D, "idProduct": 0xC31C,
        "IORegistryEntryChildren": list(below),
    }  # fmt: skip
    return facts | changes


def holding(entry: dict[str, Any], *below: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "IORegistryEntryChildren": list(below)}


def seen(*entries: dict[str, Any], controllers: bytes = b"") -> list[Any]:
    mac = MacFake({"registry_usb": registry(*entries), "registry_usb_controllers": controllers})
    return list(macos.collect(cast("Host", mac)))


@pytest.mark.parametrize(
    ("keys", "speed"),
    [
        ({"USBSpeed": 1}, 12.0),  # tIOUSBHostConnectionSpeed: full before low
        ({"USBSpeed": 2}, 1.5),
        ({"USBSpeed": 3, "Device Speed": 2}, 480.0),  # both keys of one device, nusb pull 37
        ({"Device Speed": 0}, 1.5),
        ({"Device Speed": 1}, 12.0),
        ({"Device Speed": 3}, 5000.0),  # libusb issue 958
        ({"USBSpeed": 0}, None),
        ({"Device Speed": 77}, None),
        ({}, None),
    ],
)
def test_both_keys_of_the_speed_are_told_apart(keys: dict[str, int], speed: float | None) -> None:
    assert macos.speed_of(keys) == speed


@pytest.mark.parametrize(
    ("location", "place"),
    [(0x14100000, "20-1"), (0x00100000, "0-1"), (0x02511000, "2-5.1.1"), (0x81123456, "129-1.2.3.4.5.6"),
     (0x14000000, "usb20")],
)  # fmt: skip
def test_a_location_is_controller_and_ports(location: int, place: str) -> None:
    assert macos.port_path(location) == place


def test_a_hub_and_what_hangs_on_it_are_told_once_each_with_their_own_interfaces() -> None:
    keyboard = holding(device(2, locationID=0x14110000), interface(0))
    hub = holding(device(1, idProduct=1, bDeviceClass=9), interface(0, bInterfaceClass=9), keyboard)
    found = cast("list[UsbDevice]", seen(hub, keyboard))
    assert [(item.port_path, len(item.interfaces)) for item in found] == [("20-1", 1), ("20-1.1", 1)]


def test_classes_of_older_systems_are_known() -> None:
    entry = holding(device(IOObjectClass="AppleUSBDevice"), interface(0, IOObjectClass="AppleUSBInterface"))
    (found,) = seen(entry)
    assert len(found.interfaces) == 1


def test_a_drivers_entry_with_the_ids_it_was_matched_by_is_no_device() -> None:
    driver = {"IOObjectClass": "SomeDriver", "idVendor": 0x046D, "idProduct": 0xC31C, "bDeviceClass": 0}
    assert len(seen(holding(device(), driver, interface()))) == 1


def test_entries_of_a_form_that_is_not_known_are_never_no_devices() -> None:
    (gap,) = seen({"IOObjectClass": "IOUSBNewDevice", "vendor": 3})
    assert (gap.what.partition(":")[0], gap.outcome) == ("USB devices", "broken")


def test_a_root_hub_is_the_macs_own() -> None:
    assert seen(device(IOObjectClass="AppleUSBRootHubDevice")) == []


def test_a_report_descriptor_comes_byte_by_byte_from_below_the_interface() -> None:
    hid = {"IOObjectClass": "AppleUserHIDDevice", "IOUserClass": "AppleUserUSBHostHIDDevice",
           "ReportDescriptor": bytes.fromhex(JETKVM_ABSOLUTE)}  # fmt: skip
    (found,) = seen(holding(device(), interface(1, hid, kUSBString="HID Interface", iInterface=7)))
    (told,) = found.interfaces
    assert (told.report_descriptor, told.name, told.name_index) == (JETKVM_ABSOLUTE, "HID Interface", 7)
    assert (told.driver, told.endpoints, told.bcd_hid) == ("AppleUserUSBHostHIDDevice", (), "")


def test_beyond_the_room_for_descriptors_their_features_stand_for_them() -> None:
    long = bytes.fromhex(JETKVM_ABSOLUTE).ljust(4000, b"\0")
    entries = [holding(device(n, locationID=n << 20), interface(0, {"ReportDescriptor": long})) for n in range(1, 12)]
    told = [item.interfaces[0] for item in seen(*entries)]
    assert [one.report_descriptor is None for one in told] == [False] * 8 + [True] * 3
    assert all(one.features is not None for one in told[8:])


def test_inquiry_strings_come_from_the_nub_and_removable_from_the_medium() -> None:
    medium = {"IOObjectClass": "IOMedia", "Removable": True}
    names = {"Vendor Identification": "SONY    ", "Product Identification": "SDX-420C"}
    nub = {"IOObjectClass": "IOSCSIPeripheralDeviceNub", **names, "IORegistryEntryChildren": [medium]}
    (found,) = seen(holding(device(), interface(0, nub, bInterfaceClass=8)))
    assert [(unit.vendor, unit.product, unit.removable) for unit in found.scsi] == [("SONY", "SDX-420C", True)]


def test_an_index_of_zero_is_no_string_and_no_index_is_not_read() -> None:
    (found,) = seen(device(iManufacturer=0, iProduct=2, iSerialNumber=0))
    assert (found.manufacturer, found.product, found.has_serial) == ("", None, False)
    (found,) = seen({**device(), "USB Serial Number": "A1"})
    assert (found.manufacturer, found.has_serial) == (None, True)


def test_a_controller_that_a_program_made_is_named_and_an_ordinary_one_not() -> None:
    root = {"IORegistryEntryChildren": [{"IOObjectClass": "AppleUSBUserHCI"}]}
    assert seen(controllers=registry(root)) == [UsbOverIp(name="AppleUSBUserHCI", role="client")]
    assert seen(controllers=registry({"IORegistryEntryChildren": [{"IOObjectClass": "AppleUSBXHCI"}]})) == []


def test_controllers_that_cannot_be_asked_are_a_gap_and_devices_go_out() -> None:
    mac = MacFake({"registry_usb": registry(device()), "registry_usb_controllers": NotSupported("no ioreg")})
    found = list(macos.collect(cast("Host", mac)))
    assert [type(item) for item in found] == [UsbDevice, Gap]


def test_more_devices_than_a_section_holds_are_a_gap() -> None:
    found = seen(*(device(n, locationID=n) for n in range(200)))
    assert len(found) == macos.MAX_DEVICES + 1
    assert found[-1].what == f"more than {macos.MAX_DEVICES} USB devices"


_VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5) | st.binary(max_size=5)
_KEYS = st.sampled_from([*device(), *interface(), "iProduct", "kUSBString", "ReportDescriptor", "IOObjectClass"])
_ENTRY = st.recursive(
    st.dictionaries(_KEYS, _VALUES, max_size=8),
    lambda inner: st.builds(
        lambda facts, below: {**facts, "IORegistryEntryChildren": below},
        st.dictionaries(_KEYS, _VALUES, max_size=8), st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(_ENTRY, max_size=4))
def test_no_registry_makes_it_fail(entries: list[dict[str, Any]]) -> None:
    for found in macos.parse_devices(entries):
        assert len(found.vendor_id) in (0, 4)


#: What an interface repeats of its device, as ioreg shows it of a Logitech keyboard on a Mac of 2026.
REPEATED = {
    "USBSpeed": 1, "iInterface": 0, "bAlternateSetting": 0, "bcdDevice": 256, "USB Product Name": "USB Keyboard",
    "locationID": 0x02100000, "USB Vendor Name": "Logitech", "bNumEndpoints": 1,
}  # fmt: skip
GIVEN_UP = SourceBroken("registry_usb: /usr/sbin/ioreg ended with 1")


class Woken(MacFake):
    """A Mac on which ioreg gives up the first so many times, because an entry goes while it walks."""

    def __init__(self, times: int, **answers: Any) -> None:
        super().__init__(answers)
        self.times = times

    def command(self, name: str, of: str = "") -> bytes:
        answer = super().command(name, of)
        if name == "registry_usb" and self.times:
            self.times -= 1
            raise GIVEN_UP
        return answer


def test_a_device_that_goes_while_the_registry_is_walked_costs_one_more_look() -> None:
    mac = Woken(1, registry_usb=registry(device()))
    [found] = list(macos.collect(cast("Host", mac)))
    assert isinstance(found, UsbDevice)
    assert mac.asked.count("registry_usb") == 2


def test_a_name_that_ends_the_list_of_devices_hides_neither_itself_nor_the_others() -> None:
    report = {"IOObjectClass": "AppleUserHIDDevice", "ReportDescriptor": bytes.fromhex(JETKVM_ABSOLUTE)}
    tops = [
        interface(0, **REPEATED), interface(1, report, **REPEATED, kUSBString="HID Interface"),
        interface(0, **REPEATED | {"locationID": 0x02200000, "idVendor": 0x1D6B}),
    ]  # fmt: skip
    tops[1].update({"USBSpeed": 3})
    mac = Woken(9, registry_usb=registry(device()), registry_usb_interfaces=registry(*tops))
    gap, first, second = list(macos.collect(cast("Host", mac)))
    assert isinstance(gap, Gap)
    assert gap.outcome == "broken"
    assert isinstance(first, UsbDevice)
    assert isinstance(second, UsbDevice)
    assert (first.vendor_id, first.product, first.port_path, first.bcd_device) == (
        "046d",
        "USB Keyboard",
        "2-1",
        "0100",
    )
    assert [each.report_descriptor for each in first.interfaces] == [None, JETKVM_ABSOLUTE]
    assert (second.vendor_id, second.port_path) == ("1d6b", "2-2")


def test_what_is_refused_is_not_asked_another_way() -> None:
    mac = MacFake({"registry_usb": NotPermitted("registry_usb")})
    with pytest.raises(NotPermitted):
        list(macos.collect(cast("Host", mac)))
    assert mac.asked == ["registry_usb"]


def test_where_neither_can_be_printed_the_section_is_broken() -> None:
    mac = MacFake({"registry_usb": GIVEN_UP, "registry_usb_interfaces": SourceBroken("registry_usb_interfaces")})
    with pytest.raises(SourceBroken):
        list(macos.collect(cast("Host", mac)))
