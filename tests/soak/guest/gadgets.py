"""Runs in the guest: builds USB gadgets through configfs, on the kernel's pretended controller: gadgets.py NAME | none.

What is built, and what the laptop's side then has to see of it (docs: Documentation/usb/gadget_configfs.rst,
Documentation/ABI/testing/configfs-usb-gadget*):

pikvm    pikvm/kvmd:kvmd/apps/otg/__init__.py and kvmd/usb.py@05912fef7ce9533b319de3028be5c6882436be59
jetkvm   jetkvm/kvm:internal/usbgadget/config.go@011b48477798db8ef2b74b96ad7f0ee92c1a782e, named as a Logitech receiver
nanokvm  sipeed/NanoKVM:kvmapp/system/init.d/S03usbdev@0b0ea2d094859d783e05df402e9863eb1a60731a, with /boot/usb.ncm
keyboard, ethernet  nothing but a keyboard, and nothing but a network adapter: gadgets that are no KVM
"""

import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, "/opt/farmwatch")
from tests.cases import machines

HOME = Path("/sys/kernel/config/usb_gadget/laptop")


class Hid(NamedTuple):
    """A HID function; `report` is its report descriptor."""

    protocol: int
    subclass: int
    length: int
    report: bytes
    out: bool = True


class Gadget(NamedTuple):
    """One device; `drive` is an inquiry string: vendor in 8, product in 16, release in 4 characters."""

    vendor: str
    product: str
    strings: tuple[str, str, str]
    hid: tuple[Hid, ...] = ()
    drive: str = ""
    optical: bool = False
    network: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    max_power: int = 250
    wakes: bool = True
    configuration: str = "Config 1: HID"


#: Report descriptors are those of tests/cases/machines.py, which names where each is published.
PIKVM = Gadget(
    vendor="0x1d6b", product="0x0104", strings=("PiKVM", "PiKVM Composite Device", "CAFEBABE"),
    drive=f"{'PiKVM':<8}{'Optical Drive':<16}1.00", optical=True, configuration="",
    attributes=(("bcdUSB", "0x0200"), ("bcdDevice", "0x0100")),
    hid=(
        Hid(1, 1, 8, machines.PIKVM_KEYBOARD, out=False),
        Hid(0, 0, 7, machines.PIKVM_ABSOLUTE, out=False),
        Hid(2, 1, 5, machines.PIKVM_RELATIVE, out=False),
    ),
)  # fmt: skip
JETKVM = Gadget(
    vendor="0x046d", product="0xc52b", strings=("Logitech (x64)", "Logitech USB Input Device", ""),
    drive=f"{'JetKVM':<8}{'Virtual Media':<16}0001", attributes=(("bcdUSB", "0x0200"), ("bcdDevice", "0x0100")),
    hid=(
        Hid(1, 1, 8, machines.JETKVM_KEYBOARD),
        Hid(2, 0, 6, machines.JETKVM_ABSOLUTE),
        Hid(2, 1, 4, machines.JETKVM_RELATIVE),
    ),
)  # fmt: skip
NANOKVM = Gadget(
    vendor="0x3346", product="0x1009", strings=("sipeed", "NanoKVM", "0123456789ABCDEF"), network="ncm",
    attributes=(("bDeviceClass", "0xEF"), ("bDeviceSubClass", "0x02"), ("bDeviceProtocol", "0x01")),
    max_power=120, configuration="NanoKVM",
    hid=(
        Hid(1, 0, 8, machines.NANOKVM_KEYBOARD),
        Hid(2, 0, 4, machines.NANOKVM_RELATIVE),
        Hid(2, 0, 6, machines.NANOKVM_ABSOLUTE),
    ),
)  # fmt: skip
GADGETS = {
    "pikvm": PIKVM,
    "jetkvm": JETKVM,
    "nanokvm": NANOKVM,
    "keyboard": Gadget(
        vendor="0x04d9", product="0x0141", strings=("Holtek", "Pocket Keyboard", ""),
        hid=(Hid(1, 1, 8, machines.BOOT_KEYBOARD, out=False),), max_power=100, configuration="",
    ),
    "ethernet": Gadget(
        vendor="0x0525", product="0xa4a1", strings=("Netchip", "Ethernet Adapter", "00000001"), network="ecm",
        max_power=100, wakes=False, configuration="",
    ),
}  # fmt: skip


def main(name: str) -> None:
    """Takes away the gadget that there is, and builds the one of this name."""
    remove()
    if name != "none":
        build(GADGETS[name])
        bind()


def build(gadget: Gadget) -> None:
    """Lays the gadget out, without a controller yet."""
    HOME.mkdir()
    write("idVendor", gadget.vendor)
    write("idProduct", gadget.product)
    for attribute, value in gadget.attributes:
        write(attribute, value)
    (HOME / "strings/0x409").mkdir()
    for file, text in zip(("manufacturer", "product", "serialnumber"), gadget.strings, strict=True):
        write(f"strings/0x409/{file}", text + "\n")
    (HOME / "configs/c.1").mkdir()
    write("configs/c.1/MaxPower", str(gadget.max_power))
    write("configs/c.1/bmAttributes", "0xa0" if gadget.wakes else "0x80")
    if gadget.configuration:
        (HOME / "configs/c.1/strings/0x409").mkdir()
        write("configs/c.1/strings/0x409/configuration", gadget.configuration)
    if gadget.network:
        function(f"{gadget.network}.usb0")
        write(f"functions/{gadget.network}.usb0/dev_addr", "48:da:35:6e:01:02")
        write(f"functions/{gadget.network}.usb0/host_addr", "48:da:35:6d:01:02")
        link(f"{gadget.network}.usb0")
    for number, hid in enumerate(gadget.hid):
        function(f"hid.usb{number}")
        if not hid.out:
            write(f"functions/hid.usb{number}/no_out_endpoint", "1")
        write(f"functions/hid.usb{number}/protocol", str(hid.protocol))
        write(f"functions/hid.usb{number}/subclass", str(hid.subclass))
        write(f"functions/hid.usb{number}/report_length", str(hid.length))
        (HOME / f"functions/hid.usb{number}/report_desc").write_bytes(hid.report)
        link(f"hid.usb{number}")
    if gadget.drive:
        drive(gadget.drive, optical=gadget.optical)


def drive(inquiry: str, *, optical: bool) -> None:
    """Adds a drive that is as such boxes have it: removable, and with nothing in it."""
    function("mass_storage.usb0")
    unit = "functions/mass_storage.usb0/lun.0"
    write("functions/mass_storage.usb0/stall", "0")
    write(f"{unit}/cdrom", str(int(optical)))
    write(f"{unit}/ro", str(int(optical)))
    write(f"{unit}/removable", "1")
    write(f"{unit}/nofua", "0")
    write(f"{unit}/inquiry_string", inquiry)
    link("mass_storage.usb0")


def bind() -> None:
    """Plugs the gadget in."""
    (controller,) = (path.name for path in Path("/sys/class/udc").iterdir())
    write("UDC", controller)
    time.sleep(3)


def remove() -> None:
    """Unplugs the gadget and takes it apart, in the order that configfs wants."""
    if not HOME.exists():
        return
    if (HOME / "UDC").read_text().strip():
        write("UDC", "\n")
        time.sleep(1)
    for path in (HOME / "configs/c.1").iterdir():
        if path.is_symlink():
            path.unlink()
    for folder in ("configs/c.1/strings/0x409", "configs/c.1", "functions/*", "strings/0x409", "."):
        for path in HOME.glob(folder) if "*" in folder else (HOME / folder,):
            if path.exists():
                path.rmdir()


def write(path: str, text: str) -> None:
    """Writes one attribute."""
    (HOME / path).write_text(text)


def function(name: str) -> None:
    """Makes one function."""
    (HOME / "functions" / name).mkdir()


def link(name: str) -> None:
    """Takes a function into the configuration."""
    (HOME / "configs/c.1" / name).symlink_to(HOME / "functions" / name)


if __name__ == "__main__":
    main(sys.argv[1])
