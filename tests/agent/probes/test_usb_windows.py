"""USB on Windows: the same devices as Linux sees, what refuses, what is gone, and what detectors make of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch_agent.host import NotPermitted, NotSupported
from farmwatch_agent.host.capture import Answer
from farmwatch_agent.host.pseudonyms import pseudonymised
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.host.windows.hid import HidCollection, HidField
from farmwatch_agent.host.windows.registry import RegistryKey
from farmwatch_agent.host.windows.usb_hubs import UsbPort
from farmwatch_agent.probes.usb import linux, windows
from farmwatch_agent.probes.usb.windows_history import inquiry_of, serial_of
from farmwatch_agent.probes.windows_devices import day, place
from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.usb import RememberedUsb, ScsiInquiry, UsbDevice, UsbInterface, UsbOverIp

from ...cases import machines
from ...cases.builders import Device, usb_device
from ...cases.windows_rows import NOW, ROOT_HUB, SERVICES, Laptop

DEVICES = {name: value for name, value in vars(machines).items() if isinstance(value, Device)}
NO = Answer(error="not_permitted", message="may not be asked")


def seen(laptop: Laptop, **refused: Answer) -> list[Observable]:
    capture = laptop.capture()
    rows = {key: next((no for start, no in refused.items() if key.startswith(start.replace("__", " "))), answer)
            for key, answer in capture.rows.items()}  # fmt: skip
    return list(windows.collect(ReplayingHost(replace(capture, rows=rows))))


def only_device(laptop: Laptop, **refused: Answer) -> UsbDevice:
    (found,) = (item for item in seen(laptop, **refused) if isinstance(item, UsbDevice))
    return found


def plugged(device: Device) -> Laptop:
    laptop = Laptop()
    laptop.usb(3, device)
    return laptop


def as_windows_tells(interface: UsbInterface) -> UsbInterface:
    """What Linux tells, without what Windows hides: bytes of the report descriptor, its own drivers' names."""
    report = interface.report_descriptor
    features = features_of(bytes.fromhex(report)) if report else None
    return replace(interface, report_descriptor=None, features=features, driver="")


@pytest.mark.parametrize("name", DEVICES)
def test_windows_sees_of_a_device_what_linux_sees(name: str, tmp_path: Path) -> None:
    usb_device(str(tmp_path), "1-3", DEVICES[name])
    (on_linux,) = (it for it in linux.collect(RootHost(str(tmp_path))) if isinstance(it, UsbDevice))
    on_windows = only_device(plugged(DEVICES[name]))
    assert on_windows.port_path == "1400-3"
    assert replace(
        on_windows,
        port_path="",
        interfaces=tuple(replace(it, driver="") for it in on_windows.interfaces),
        scsi=tuple(replace(it, removable=None) for it in on_windows.scsi),
    ) == replace(
        on_linux,
        port_path="",
        interfaces=tuple(map(as_windows_tells, on_linux.interfaces)),
        scsi=tuple(replace(it, removable=None) for it in on_linux.scsi),
    )


def test_a_device_behind_a_dock_keeps_its_place() -> None:
    laptop = Laptop()
    hub = laptop.usb(2, machines.DOCK_HUB)
    laptop.usb(1, machines.UNIFYING, hub=hub, path="PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)")
    assert {it.port_path: it.ids for it in seen(laptop) if isinstance(it, UsbDevice)} == {
        "1400-2": "2109:2822",
        "1400-2.1": "046d:c52b",
    }


def test_a_hub_that_refuses_leaves_ids_classes_and_features_and_a_gap() -> None:
    laptop = plugged(machines.PIKVM)
    found = seen(laptop, windows_usb_port=NO)
    assert Gap(what="speed and descriptors behind the laptop's own hub", outcome="not_permitted") in found
    device = only_device(laptop, windows_usb_port=NO)
    assert (device.ids, device.bcd_device, device.product) == ("1d6b:0104", "0100", "PiKVM Composite Device")
    assert (device.speed_mbps, device.max_packet_size0, device.manufacturer) == (None, None, None)
    assert device.serial == unkeyed("serial", "CAFEBABE")
    assert [it.class_triple for it in device.interfaces] == ["03/01/01", "03/00/00", "03/01/02", "08/06/50"]
    assert device.interfaces[1].features is not None
    assert device.interfaces[1].features.absolute_xy
    assert device.fault == windows.NO_DESCRIPTORS
    assert device.scsi == (ScsiInquiry(vendor="PiKVM", product="Optical Drive", removable=True),)


def test_a_configuration_that_is_refused_leaves_the_rest_and_a_gap() -> None:
    laptop = plugged(machines.PIKVM)
    key = f"windows_usb_port {ROOT_HUB}"
    (port,) = laptop.rows[key]
    assert isinstance(port, UsbPort)
    laptop.rows[key] = [replace(port, configuration=b"", refused="broken")]
    device = only_device(laptop)
    assert (device.speed_mbps, device.manufacturer, device.fault) == (480.0, "PiKVM", windows.NO_DESCRIPTORS)
    assert [it.class_triple for it in device.interfaces] == ["03/01/01", "03/00/00", "03/01/02", "08/06/50"]
    assert Gap(what="descriptors on port 3 of the laptop's own hub", outcome="broken") in seen(laptop)


def test_features_that_may_not_be_read_are_null_and_a_gap() -> None:
    laptop = plugged(machines.PIKVM)
    assert all(it.features is None for it in only_device(laptop, windows_hid_collection=NO).interfaces)
    assert Gap(what="HID features of the device on 1400-3", outcome="not_permitted") in seen(
        laptop, windows_hid_collection=NO
    )


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("windows_device__USBSTOR", "USB storage"),
        ("windows_device__HID", "HID devices"),
        ("windows_device__ROOT", "devices made by software"),
        ("windows_registry_key", "drivers of USB over the network"),
    ],
)
def test_each_source_that_refuses_is_a_gap_of_its_own(question: str, what: str) -> None:
    found = seen(plugged(machines.PIKVM), **{question: NO})
    assert [it for it in found if isinstance(it, Gap)] == [Gap(what=what, outcome="not_permitted")]
    assert any(isinstance(it, UsbDevice) for it in found)


def test_the_device_list_itself_decides_the_outcome() -> None:
    with pytest.raises(NotPermitted):
        seen(Laptop(), windows_device__USB=NO)
    with pytest.raises(NotSupported):
        seen(Laptop(), windows_device__USB=Answer(error="missing", message=""))


def test_what_a_hub_has_and_the_device_list_lacks_is_told() -> None:
    laptop = plugged(machines.K120)
    laptop.rows["windows_device USB"] = laptop.rows["windows_device USB"][:1]
    device = only_device(laptop)
    assert (device.ids, device.port_path, device.fault) == ("046d:c31c", "1400-3", "Windows has no node for it.")


def test_a_device_that_windows_cannot_use_says_so() -> None:
    laptop = plugged(machines.K120)
    key = f"windows_usb_port {ROOT_HUB}"
    (port,) = laptop.rows[key]
    assert isinstance(port, UsbPort)
    laptop.rows[key] = [replace(port, status=2, configuration=b"", configuration_value=0)]
    assert only_device(laptop).fault == "Windows cannot use it (connection status 2)."


def gone(laptop: Laptop, unit: str = "CAFEBABE", **changes: Any) -> str:
    instance = f"USB\\VID_1D6B&PID_0104\\{unit}"
    fields: dict[str, Any] = {
        "revision": "0100",
        "installed": NOW - 9 * 86400,
        "arrived": NOW - 86400,
        "removed": NOW - 80000,
    }
    laptop.gone(instance, **(fields | changes), reported="PiKVM Composite Device")
    return instance


def history(laptop: Laptop) -> list[RememberedUsb]:
    return [it for it in seen(laptop) if isinstance(it, RememberedUsb)]


def test_a_device_that_is_gone_is_remembered_with_days_and_inquiry() -> None:
    laptop = Laptop()
    instance = gone(laptop)
    for number, triple in enumerate(("03/01/01", "03/00/00", "08/06/50")):
        laptop.gone(f"USB\\VID_1D6B&PID_0104&MI_0{number}\\6&1", revision="0100", arrived=0, removed=0, installed=0,
                    triple=triple, parent=instance)  # fmt: skip
    storage = r"USBSTOR\CdRom&Ven_PiKVM&Prod_Optical_Drive&Rev_0510\7&2A&0"
    laptop.rows["windows_device USBSTOR"] = [
        WindowsDevice(instance=storage, parent="usb\\vid_1d6b&pid_0104&mi_02\\6&1"),
        WindowsDevice(instance=storage, parent=instance.lower()),
    ]
    assert history(laptop) == [
        RememberedUsb(
            vendor_id="1d6b",
            product_id="0104",
            product="PiKVM Composite Device",
            bcd_device="0100",
            serial=unkeyed("serial", "CAFEBABE"),
            has_serial=True,
            class_triples=("03/00/00", "03/01/01", "08/06/50"),
            scsi=(ScsiInquiry(vendor="PiKVM", product="Optical Drive", removable=True),),
            installed_on="2026-09-12",
            last_arrival="2026-09-20",
            last_removal="2026-09-20",
        )
    ]


def test_one_device_without_serial_in_several_ports_is_remembered_once() -> None:
    laptop = Laptop()
    for port in (1, 2):
        gone(laptop, f"5&2A&0&{port}", installed=NOW - port * 86400)
    (found,) = history(laptop)
    assert (found.serial, found.has_serial, found.installed_on) == (None, None, "2026-09-19")


def test_what_is_there_is_not_remembered_as_gone() -> None:
    laptop = plugged(machines.PIKVM)
    gone(laptop)
    assert history(laptop) == []
    gone(laptop, "0123456789")
    assert len(history(laptop)) == 1


def test_more_memories_than_a_report_holds_are_counted() -> None:
    laptop = Laptop()
    for number in range(250):
        gone(laptop, f"SERIAL{number:04}", arrived=NOW - number * 86400)
    found = seen(laptop)
    assert len([it for it in found if isinstance(it, RememberedUsb)]) == 200
    assert Gap(what="further remembered USB devices", outcome="not_supported", count=bucket(50)) in found
    assert history(laptop)[0].last_arrival == day(NOW)


def test_usb_over_the_network_is_seen_installed_and_at_work() -> None:
    laptop = Laptop()
    root = WindowsDevice(instance=r"ROOT\USB\0000", present=True, hardware_ids=(r"ROOT\USBIP_WIN2\UDE",),
                         service="usbip2_ude")  # fmt: skip
    laptop.rows["windows_device ROOT"] = [root]
    laptop.rows[SERVICES] = [RegistryKey(keys=("USBIP2_UDE", "usbipd", "VBoxUSBMon"))]
    assert [it for it in seen(laptop) if isinstance(it, UsbOverIp)] == [
        UsbOverIp(name="usbip2_ude", role="client"),
        UsbOverIp(name="usbipd", role="server"),
    ]


@pytest.mark.parametrize(
    ("instance", "told"),
    [
        # Capitals are Windows's own; the constant is published in small letters (catalog/ip_kvm.yaml).
        (r"USB\VID_1D6B&PID_0104\6B65796D696D6570690", "6b65796d696d6570690"),
        (r"USB\VID_046D&PID_C31C\5&2C5E0D7A&0&3", ""),
        (r"USB\VID_19F5&PID_6120\13BC609A0594", "13BC609A0594"),
    ],
)
def test_a_serial_is_told_from_what_windows_counts(instance: str, told: str) -> None:
    assert serial_of(WindowsDevice(instance=instance)) == told


@pytest.mark.parametrize(
    ("instance", "name", "told"),
    [
        (r"USBSTOR\CdRom&Ven_PiKVM&Prod_Optical_Drive&Rev_0510\7&1&0", "PiKVM Optical Drive USB Device",
         ScsiInquiry(vendor="PiKVM", product="Optical Drive", removable=True)),
        (r"USBSTOR\CDROM&VEN_LINUX&PROD_FILE-CD_GADGET&REV_0510\7&1&0", "Linux File-CD Gadget USB Device",
         ScsiInquiry(vendor="Linux", product="File-CD Gadget", removable=True)),
        (r"USBSTOR\Disk&Ven_A_B&Prod_C_D&Rev_1\7&1&0", "A_B C D USB Device", ScsiInquiry(vendor="A_B", product="C D")),
        (r"USBSTOR\Disk&Ven_A_B&Prod_C_D&Rev_1\7&1&0", "", ScsiInquiry(vendor="A B", product="C D")),
        (r"USBSTOR\Disk&Ven_Example&Prod_&Rev_1\7&1", "Example USB Device", ScsiInquiry(vendor="Example", product="")),
        (r"SCSI\Disk&Ven_X&Prod_Y\1", "", None),
    ],
)  # fmt: skip
def test_inquiry_strings_are_read_from_instance_and_name(instance: str, name: str, told: ScsiInquiry | None) -> None:
    assert inquiry_of(WindowsDevice(instance=instance, name=name)) == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        # espressif/esp-idf issue 15526, "Location IDs".
        ("PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)#USB(2)", "1400-4.2"),
        ("PCIROOT(80)#PCI(1400)#USBROOT(0)#USB(9)", "80.1400-9"),
        ("ACPI(_SB_)#ACPI(PC00)#ACPI(XHCI)#ACPI(RHUB)#ACPI(HS04)#USB(2)", ""),
        ("PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)#USBMI(1)", "1400-4"),
        ("", ""),
    ],
)
def test_a_location_path_becomes_controller_and_ports(path: str, told: str) -> None:
    assert place([path]) == told


def test_a_pen_beside_an_absolute_mouse_is_not_lost() -> None:
    mouse = HidCollection(page=1, usage=2, nodes=((1, 2),), fields=(
        HidField(page=1, first=0x30, last=0x31, bits=16, absolute=True, maximum=32767),))  # fmt: skip
    pen = HidCollection(page=13, usage=2, nodes=((13, 2), (13, 0x20)))
    assert windows.features_of([mouse]).applications == ("1:2",)
    both = windows.features_of([mouse, pen])
    assert (both.applications, both.digitizer, both.absolute_xy) == (("1:2", "d:2"), True, True)


TEXT = st.text(max_size=40)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    instance=TEXT.map(lambda text: f"USB\\VID_1D6B&PID_0104{text}"), ids=st.lists(TEXT, max_size=3), text=TEXT,
    device=st.binary(max_size=24) | st.binary(min_size=18, max_size=18) | st.binary(min_size=16, max_size=16).map(
        lambda rest: b"\x12\x01" + rest), configuration=st.binary(max_size=80), address=st.integers(0, 3),
    times=st.floats(-1e12, 1e12), present=st.booleans(),
)  # fmt: skip
def test_no_answer_of_windows_breaks_the_probe(
    instance: str, ids: list[str], text: str, device: bytes, configuration: bytes, address: int, times: float,
    present: bool
) -> None:  # fmt: skip
    laptop = Laptop()
    node = WindowsDevice(
        instance=instance, present=present, hardware_ids=tuple(ids), compatible_ids=tuple(ids), reported=text,
        parent=ROOT_HUB, address=address, location_paths=tuple(ids), container=text, last_arrival=times,
    )  # fmt: skip
    laptop.rows["windows_device USB"].append(node)
    laptop.rows["windows_device USBSTOR"] = [WindowsDevice(instance=f"USBSTOR\\{text}", parent=instance)]
    laptop.rows[f"windows_usb_port {ROOT_HUB}"] = [UsbPort(port=1, device=device, configuration=configuration)]
    found: Iterator[Observable] = iter(seen(laptop))
    assert all(isinstance(it, Observable) for it in found)
    inquiry_of(node)


def test_a_device_that_failed_to_answer_is_told_by_its_node() -> None:
    laptop = plugged(machines.K120)
    key = f"windows_usb_port {ROOT_HUB}"
    laptop.rows[key] = [UsbPort(port=3, status=2, device=bytes(18), speed=1)]
    device = only_device(laptop)
    assert (device.ids, device.speed_mbps, device.fault) == ("046d:c31c", None, windows.NO_DESCRIPTORS)


def test_a_pseudonymised_capture_replays_with_other_serials_and_nothing_else_changed() -> None:
    laptop = plugged(machines.PHONE)
    empty = replace(laptop.capture(), rows={})
    rows: dict[str, list[Any]] = dict(laptop.rows)
    hidden = pseudonymised(empty, b"a key for tests only", rows)
    assert b"29101FDH2000AB" not in msgspec.json.encode(hidden)
    (before,) = (it for it in seen(laptop) if isinstance(it, UsbDevice))
    (after,) = (it for it in windows.collect(ReplayingHost(hidden)) if isinstance(it, UsbDevice))
    assert before.serial == unkeyed("serial", "29101FDH2000AB")
    assert after.serial != before.serial
    assert after.serial is not None
    assert replace(after, serial=None) == replace(before, serial=None)


def test_the_report_of_a_laptop_full_of_devices_stays_small() -> None:
    laptop = Laptop()
    for port in range(1, 160):
        laptop.usb(port, machines.PIKVM)
    found = seen(laptop)
    assert len([it for it in found if isinstance(it, UsbDevice)]) == windows.MAX_DEVICES
    assert Gap(what="more than 128 USB devices", outcome="not_supported", count=bucket(159 - 128)) in found
    assert len(msgspec.json.encode(found, enc_hook=lambda value: value.text)) < 1 << 19


def test_a_device_whose_driver_keeps_the_address_to_itself_is_told_once() -> None:
    """libusb issue 389: SPDRP_ADDRESS cannot be read for a CH341A with its maker's driver; the place can."""
    laptop = plugged(machines.PIKVM)
    laptop.rows["windows_device USB"] = [replace(it, address=None) for it in laptop.rows["windows_device USB"]]
    device = only_device(laptop)
    assert device.speed_mbps == 480.0
    assert device.fault == ""


def test_a_device_that_sleeps_keeps_the_names_that_windows_kept() -> None:
    """libusb issue 390: in D3 a device answers no request for a descriptor; the device list has what it said before."""
    laptop = plugged(machines.PIKVM)
    key = f"windows_usb_port {ROOT_HUB}"
    (port,) = laptop.rows[key]
    assert isinstance(port, UsbPort)
    laptop.rows[key] = [replace(port, strings=dict.fromkeys(port.strings))]
    device = only_device(laptop)
    assert (device.product, device.manufacturer) == ("PiKVM Composite Device", None)
    assert [it.name for it in device.interfaces][:3] == ["HID Interface"] * 3
    assert device.serial == unkeyed("serial", "CAFEBABE")


def test_one_device_that_cannot_be_asked_is_a_gap_and_hides_no_other() -> None:
    laptop = plugged(machines.PIKVM)
    laptop.rows["windows_device USB"].append(WindowsDevice(instance=r"USB\VID_1234&PID_5678\1", problem="broken"))
    laptop.rows["windows_device HID"].append(
        WindowsDevice(instance=r"HID\VID_1234&PID_5678\1", problem="not_permitted")
    )
    found = seen(laptop)
    assert Gap(what="USB devices of the device list", outcome="broken", count="1") in found
    assert Gap(what="HID devices", outcome="not_permitted", count="1") in found
    assert [it.ids for it in found if isinstance(it, UsbDevice)] == ["1d6b:0104"]
    assert not [it for it in found if isinstance(it, RememberedUsb)]
