"""Expected values: what the cases state (tests/cases/machines.py names the sources) and the kernel's sysfs papers."""

import os
from pathlib import Path

import msgspec
import pytest

from farmwatch_agent.host import Missing, NotSupported
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probe import collect_function
from farmwatch_agent.probes import load
from farmwatch_agent.probes.usb.linux import BUS, collect, parse_speed, parse_string
from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.identifiers import Unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbOverIp

from ...cases import machines
from ...cases.builders import Device, Endpoint, Interface, root_hub, usb_device

HID_INTERFACES = ("03/01/01", "03/00/00", "03/01/02")


def devices(root: Path) -> dict[str, UsbDevice]:
    """Returns what the probe yields for a tree, by port."""
    seen = list(collect(RootHost(str(root))))
    assert all(isinstance(item, UsbDevice) for item in seen)
    return {item.port_path: item for item in seen if isinstance(item, UsbDevice)}


def test_the_declaration_finds_the_file_of_each_platform() -> None:
    probe = load("usb")
    assert collect_function(probe, "linux") is collect
    for platform in ("macos", "windows"):
        assert collect_function(probe, platform) not in (None, collect)


def test_modules_of_usb_over_the_network_are_told_by_what_they_do(tmp_path: Path) -> None:
    # Names from drivers/usb/usbip; a folder of /sys/module for each (Documentation/ABI/stable/sysfs-module).
    (tmp_path / "sys/bus/usb/devices").mkdir(parents=True)
    for name in ("vhci_hcd", "usbip_core", "usbip_host_like"):
        (tmp_path / "sys/module" / name).mkdir(parents=True)
    assert list(collect(RootHost(str(tmp_path)))) == [UsbOverIp(name="vhci_hcd", role="client")]


def test_modules_that_may_not_be_listed_are_a_gap(tmp_path: Path) -> None:
    (tmp_path / "sys/bus/usb/devices").mkdir(parents=True)
    (tmp_path / "sys/module").mkdir(mode=0o700)
    seen = list(collect(RootHost(str(tmp_path), euid=1000)))
    assert seen == [Gap(what="drivers of USB over the network", outcome="not_permitted")]


def test_a_pikvm_is_told_down_to_its_descriptors(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    kvm = devices(tmp_path)["1-3"]
    assert (kvm.ids, kvm.manufacturer, kvm.product) == ("1d6b:0104", "PiKVM", "PiKVM Composite Device")
    assert kvm.serial == Unkeyed("serial", "CAFEBABE")
    assert (kvm.speed_mbps, kvm.max_packet_size0, kvm.bcd_usb, kvm.bcd_device) == (480.0, 64, "0200", "0100")
    assert kvm.removable == "removable"
    hid = [item for item in kvm.interfaces if item.class_triple.startswith("03")]
    assert tuple(item.class_triple for item in hid) == HID_INTERFACES
    assert {item.name for item in hid} == {"HID Interface"}
    assert [item.name_index for item in hid] == [4, 6, 8]
    assert {item.bcd_hid for item in hid} == {"0101"}
    assert [item.endpoints[0].max_packet_size for item in hid] == [8, 7, 5]
    assert hid[1].report_descriptor == machines.PIKVM_ABSOLUTE.hex()
    assert {item.driver for item in hid} == {"usbhid"}
    assert kvm.scsi == (ScsiInquiry(vendor="PiKVM", product="Optical Drive", removable=True),)
    assert kvm.fault == ""


def test_renaming_a_jetkvm_leaves_its_shape(tmp_path: Path) -> None:
    machines.jetkvm_as_logitech(str(tmp_path))
    kvm = devices(tmp_path)["1-3"]
    assert (kvm.ids, kvm.manufacturer) == ("046d:c52b", "Logitech (x64)")
    assert (kvm.serial, kvm.has_serial) == (None, True)
    assert kvm.configuration_index == 4
    assert [item.name_index for item in kvm.interfaces] == [5, 7, 9, 11]
    assert [item.name for item in kvm.interfaces] == ["HID Interface"] * 3 + ["Mass Storage"]
    assert kvm.interfaces[1].endpoints[1].address == 0x02
    assert kvm.scsi[0].product == "Virtual Media"


def test_a_genuine_receiver_differs_where_it_should(tmp_path: Path) -> None:
    machines.office(str(tmp_path))
    receiver = devices(tmp_path)["1-2.1"]
    assert (receiver.ids, receiver.manufacturer, receiver.speed_mbps) == ("046d:c52b", "Logitech", 12.0)
    assert (receiver.serial, receiver.has_serial) == (None, False)
    assert [item.name for item in receiver.interfaces] == ["", "", ""]
    assert receiver.scsi == ()


def test_a_desk_shows_each_device_and_no_root_hub(tmp_path: Path) -> None:
    machines.office(str(tmp_path))
    found = devices(tmp_path)
    assert sorted(found) == ["1-10", "1-2", "1-2.1", "1-2.2", "1-2.3", "1-2.4", "1-4", "1-5", "1-6"]
    assert found["1-2"].device_class == "09/00/02"
    assert found["1-4"].speed_mbps == 1.5
    assert found["1-6"].removable == "fixed"
    assert found["1-2.3"].scsi == (ScsiInquiry(vendor="Generic", product="STORAGE DEVICE", removable=True),)


@pytest.mark.parametrize("name", list(machines.MACHINES))
def test_every_machine_of_the_cases_is_sound(name: str, tmp_path: Path) -> None:
    machines.MACHINES[name](str(tmp_path))
    assert {device.fault for device in devices(tmp_path).values()} == {""}


def test_a_controller_made_by_software_is_told(tmp_path: Path) -> None:
    root_hub(str(tmp_path), 1)
    root_hub(str(tmp_path), 5, product="USB/IP Virtual Host Controller", at="sys/devices/platform/vhci_hcd.0")
    found = devices(tmp_path)
    assert list(found) == ["usb5"]
    # A root hub's serial is its place on the PCI bus: equal on every laptop, and no tie.
    assert found["usb5"].serial is None


def test_no_usb_in_the_kernel_is_not_supported_and_an_empty_bus_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="no USB"):
        list(collect(RootHost(str(tmp_path))))
    root_hub(str(tmp_path))
    assert list(collect(RootHost(str(tmp_path)))) == []


def test_what_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    folder = usb_device(str(tmp_path), "1-9", machines.MOUSE)
    (tmp_path / folder / "descriptors").chmod(0o400)
    seen = list(collect(RootHost(str(tmp_path), euid=1000)))
    assert Gap(what="USB device on port 1-9", outcome="not_permitted") in seen
    found = {item.port_path: item for item in seen if isinstance(item, UsbDevice)}
    assert found["1-3"].fault == ""
    # Its ids may be read all the same, and are told with the fault.
    assert (found["1-9"].ids, found["1-9"].interfaces, found["1-9"].has_serial) == ("046d:c077", (), None)
    assert "not readable" in found["1-9"].fault
    (tmp_path / folder / "idVendor").chmod(0o400)
    assert not any(
        isinstance(item, UsbDevice) and item.port_path == "1-9" for item in collect(RootHost(str(tmp_path), euid=7))
    )


def test_a_string_that_the_kernel_could_not_read_is_null_and_not_empty(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "1-3:1.0" / "interface").unlink()
    (folder / "product").unlink()
    (folder / "1-3:1.2" / "interface").write_bytes(b"")
    kvm = devices(tmp_path)["1-3"]
    assert kvm.product is None
    assert kvm.interfaces[0].name is None
    assert kvm.interfaces[1].name == "HID Interface"
    assert kvm.interfaces[2].name is None


def test_white_space_in_a_string_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "1-3:1.0" / "interface").write_bytes(b"HID Interface \n")
    assert devices(tmp_path)["1-3"].interfaces[0].name == "HID Interface "
    assert parse_string(b" a\n\n") == " a\n"
    assert parse_string(b"caf\xe9\n") == "caf\N{REPLACEMENT CHARACTER}"


def test_descriptors_that_lie_are_told_as_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    raw = bytearray(machines.PIKVM.descriptors())
    raw[20] = 0xFF  # wTotalLength
    (folder / "descriptors").write_bytes(bytes(raw))
    kvm = devices(tmp_path)["1-3"]
    assert "bytes" in kvm.fault
    assert tuple(item.class_triple for item in kvm.interfaces)[:3] == HID_INTERFACES


def test_an_interface_whose_only_setting_is_not_the_first_is_told_as_the_kernel_takes_it(tmp_path: Path) -> None:
    # drivers/usb/core/message.c, usb_set_configuration: "No altsetting 0?  We'll assume the first altsetting."
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    raw = bytearray(machines.PIKVM.descriptors())
    at = 18 + 9
    while at < len(raw):
        if raw[at + 1] == 4 and raw[at + 5] == 3:
            raw[at + 3] = 1
        at += raw[at]
    (folder / "descriptors").write_bytes(bytes(raw))
    kvm = devices(tmp_path)["1-3"]
    assert [interface.class_triple for interface in kvm.interfaces] == PIKVM_CLASSES
    assert kvm.interfaces[0].bcd_hid == "0101"


def test_a_configuration_hidden_by_the_length_of_the_one_before_is_told_from_the_kernels_folders(
    tmp_path: Path,
) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    raw = bytearray(machines.PIKVM.descriptors())
    raw[17], raw[18 + 5] = 2, 2
    decoy = bytes((9, 2, 0, 2, 0, 1, 0, 0x80, 50))  # says that it has 512 bytes
    (folder / "descriptors").write_bytes(bytes(raw[:18]) + decoy + bytes(raw[18:]))
    (folder / "bConfigurationValue").write_bytes(b"2\n")
    for place in folder.glob("1-3:1.*"):
        place.rename(folder / place.name.replace(":1.", ":2."))
    kvm = devices(tmp_path)["1-3"]
    assert [interface.class_triple for interface in kvm.interfaces] == PIKVM_CLASSES
    assert kvm.interfaces[1].report_descriptor == machines.PIKVM_ABSOLUTE.hex()
    assert "512 bytes" in kvm.fault


def test_interfaces_that_cut_descriptors_leave_out_are_told_from_the_kernels_folders(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "descriptors").write_bytes(machines.PIKVM.descriptors()[:40])
    kvm = devices(tmp_path)["1-3"]
    assert [interface.class_triple for interface in kvm.interfaces] == PIKVM_CLASSES
    assert {interface.name for interface in kvm.interfaces[:3]} == {"HID Interface"}


def test_without_readable_descriptors_the_attribute_files_tell(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "descriptors").write_bytes(b"\xff" * 7)
    kvm = devices(tmp_path)["1-3"]
    assert (kvm.ids, kvm.manufacturer, kvm.speed_mbps) == ("1d6b:0104", "PiKVM", 480.0)
    assert kvm.fault.startswith("The descriptors do not begin")
    assert [interface.class_triple for interface in kvm.interfaces] == PIKVM_CLASSES


def test_a_device_without_active_configuration_has_no_interfaces(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "bConfigurationValue").write_bytes(b"\n")
    kvm = devices(tmp_path)["1-3"]
    assert (kvm.interfaces, kvm.configuration_index, kvm.fault) == ((), None, "")
    (folder / "bConfigurationValue").write_bytes(b"7\n")
    assert "configuration 7" in devices(tmp_path)["1-3"].fault


def test_a_device_that_leaves_between_two_looks_is_left_out(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))

    class Leaving(RootHost):
        def read(self, path: str, limit: int = 1 << 20) -> bytes:
            if path.startswith(f"{BUS}/1-3/"):
                raise Missing(path)
            return super().read(path, limit)

        def text(self, path: str, limit: int = 1 << 20) -> str:
            if path.startswith(f"{BUS}/1-3/"):
                raise Missing(path)
            return super().text(path, limit)

    seen = list(collect(Leaving(str(tmp_path))))
    assert not any(isinstance(item, UsbDevice) and item.port_path == "1-3" for item in seen)


def test_a_hid_interface_without_a_driver_shows_no_report_descriptor(tmp_path: Path) -> None:
    bare = Device(ids="1234:5678", speed="12", interfaces=(Interface(triple="03/01/01"),))
    usb_device(str(tmp_path), "1-3", bare)
    (interface,) = devices(tmp_path)["1-3"].interfaces
    assert (interface.report_descriptor, interface.driver) == (None, "")


def test_a_thousand_interfaces_are_cut_to_what_a_kernel_keeps(tmp_path: Path) -> None:
    many = tuple(Interface(triple="ff/00/00") for _ in range(200))
    folder = usb_device(str(tmp_path), "1-3", Device(ids="1234:5678", speed="12", interfaces=many))
    assert os.path.isdir(tmp_path / folder)
    assert len(devices(tmp_path)["1-3"].interfaces) == 32


def test_a_hub_full_of_large_devices_cannot_make_the_report_too_large(tmp_path: Path) -> None:
    # The collector takes 2 MiB unpacked; a laptop that sends more would fall silent.
    report = machines.PIKVM_ABSOLUTE + bytes(4096 - len(machines.PIKVM_ABSOLUTE))
    points = tuple(Endpoint(0x80 | number, "interrupt", 8, 1) for number in range(128))
    large = Device(
        ids="1234:5678", speed="480", manufacturer="m" * 126, product="p" * 126,
        interfaces=(Interface(triple="03/00/00", report=report, endpoints=points),),
    )  # fmt: skip
    for port in range(1, 139):
        usb_device(str(tmp_path), f"1-{port}", large)
    seen = list(collect(RootHost(str(tmp_path))))
    assert seen[-1] == Gap(what="more than 128 USB devices", outcome="not_supported", count="10-49")
    assert sum(len(msgspec.json.encode(item)) for item in seen) < 3 << 19
    last = seen[-2]
    assert isinstance(last, UsbDevice)
    assert last.interfaces[0].report_descriptor is None
    # What no longer fits in bytes is still told by its features.
    assert last.interfaces[0].features == features_of(report)
    assert features_of(report).absolute_xy


@pytest.mark.parametrize(
    ("text", "speed"), [("1.5", 1.5), ("480", 480.0), ("20000", 20000.0), ("unknown", None), ("", None), ("nan", None)]
)
def test_speed_is_a_figure_or_not_read(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


#: Keyboard, absolute mouse, relative mouse, storage: pikvm/kvmd@f14596e8, kvmd/apps/otg.
PIKVM_CLASSES = ["03/01/01", "03/00/00", "03/01/02", "08/06/50"]


def test_without_raw_descriptors_the_attribute_files_tell_the_same(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    whole = devices(tmp_path)["1-3"]
    (folder / "descriptors").unlink()
    kvm = devices(tmp_path)["1-3"]
    assert [interface.class_triple for interface in kvm.interfaces] == PIKVM_CLASSES
    for name in ("ids", "manufacturer", "product", "speed_mbps", "max_packet_size0", "bcd_device", "bcd_usb", "scsi"):
        assert getattr(kvm, name) == getattr(whole, name)
    for told, known in zip(kvm.interfaces, whole.interfaces, strict=True):
        assert (told.name, told.report_descriptor) == (known.name, known.report_descriptor)
        assert (told.name_index, told.bcd_hid) == (None, "")
    assert kvm.configuration_index is None
    assert "no raw descriptors" in kvm.fault


def test_a_tree_that_kept_no_links_has_interfaces_beside_their_device(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    whole = devices(tmp_path)["1-3"]
    bus = tmp_path / BUS.lstrip("/")
    for child in list(folder.iterdir()):
        if child.name.startswith("1-3:"):
            beside = bus / child.name
            if beside.is_symlink():
                beside.unlink()
            child.rename(beside)
    assert devices(tmp_path)["1-3"] == whole
    (folder / "descriptors").unlink()
    assert [interface.class_triple for interface in devices(tmp_path)["1-3"].interfaces] == PIKVM_CLASSES


def test_without_a_file_for_the_configuration_the_first_one_counts(tmp_path: Path) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "bConfigurationValue").unlink()
    assert [interface.class_triple for interface in devices(tmp_path)["1-3"].interfaces] == PIKVM_CLASSES


@pytest.mark.parametrize("wrong", ["", "zz", "-1", "9" * 400, "\x00", "0x"])
def test_attribute_files_that_make_no_sense_cost_their_own_fact_only(tmp_path: Path, wrong: str) -> None:
    folder = tmp_path / usb_device(str(tmp_path), "1-3", machines.PIKVM)
    (folder / "descriptors").unlink()
    for file in ("bMaxPacketSize0", "version", "bDeviceClass", "1-3:1.0/bInterfaceClass", "bcdDevice"):
        (folder / file).write_text(wrong)
    kvm = devices(tmp_path)["1-3"]
    assert (kvm.ids, len(kvm.interfaces)) == ("1d6b:0104", 4)
