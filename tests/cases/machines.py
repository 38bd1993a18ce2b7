# ruff: noqa: INP001 (data for tests, not a package of them)
"""Whole laptops as file trees for `--root`, each from stated facts. `MACHINES` names them all.

To look at one: `python -m tests.cases.machines NAME DIR`. Serials are invented unless firmware publishes them.
Sources, read 2025:
  f_hid        torvalds/linux:drivers/usb/gadget/function/f_hid.c@8b87f67b4c87452e21721887fa8dec1f4c6b2b7c
  pikvm        pikvm/kvmd:kvmd/apps/otg/ and kvmd/apps/_scheme.py@f14596e823fce502811bc2f7e2bdbefaf1c0430a;
               descriptors seen in rasteri/HIDman issue 79
  jetkvm       jetkvm/kvm:internal/usbgadget/@bde0a086ab6c33e4b3d05614da8ff0476e1887da; string indexes issue 419
  nanokvm      sipeed/NanoKVM:kvmapp/system/init.d/S03usbdev@71ab9127ddb16466e47e1182ac4a00dbcab91ec3
  ch9329       mofeng-git/One-KVM:src/config/schema/hid.rs@6ec4361f43c14dc5184fe89607b77bd7a68d9aa5
  unifying     `lsusb -v` in fwupd issue 6430 and libusb/hidapi pull request 303
  k120         `lsusb -v` in sipeed/NanoKVM issue 544
  huntsman     `lsusb -v` in openrazer/openrazer issue 2633
  hid          Device Class Definition for HID 1.11, appendices B.1 and B.2 (boot keyboard and mouse)
  usb.ids      linux-usb.org, for names that go with ids
"""

import os
import sys
from collections.abc import Callable

if __package__ is None:
    raise SystemExit("run it as a module: python -m tests.cases.machines NAME DIR")

from . import builders
from .builders import Association, Device, Endpoint, Interface, Unit, display, system, usb_device

_EDIDS = os.path.join(os.path.dirname(__file__), "edid")


def stored_edid(name: str) -> bytes:
    """Returns an EDID of the folder edid/, whose README names the sources."""
    with open(os.path.join(_EDIDS, f"{name}.hex"), encoding="ascii") as file:
        return bytes.fromhex(file.read())


#: hid, appendix B.1 and B.2.
BOOT_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150025650507"
    "190029658100c0"
)
BOOT_MOUSE = bytes.fromhex(
    "05010902a1010901a100050919012903150025019503750181029501750581010501093009311581257f750895028106c0c0"
)
#: pikvm: keyboard.py, mouse.py with horizontal wheel, absolute and relative.
PIKVM_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150026ff0005"
    "0719002aff008100c0"
)
PIKVM_ABSOLUTE = bytes.fromhex(
    "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f750895018106"
    "050c0a38021581257f750895018106c0c0"
)
PIKVM_RELATIVE = bytes.fromhex(
    "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f750895"
    "018106c0c0"
)
#: jetkvm: hid_keyboard.go, hid_mouse_absolute.go, hid_mouse_relative.go.
JETKVM_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025650507"
    "190029658100c0"
)
JETKVM_ABSOLUTE = bytes.fromhex(
    "05010902a10185010901a1000509190129031500250175019503810295017505810305010930093116000026ff7f36000046ff7f75109502"
    "8102c0850209381581257f35004500750895018106c0"
)
JETKVM_RELATIVE = bytes.fromhex(
    "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106c0c0"
)
#: nanokvm: S03usbdev.
NANOKVM_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025e70507"
    "190029e78100c0"
)
NANOKVM_RELATIVE = bytes.fromhex(
    "05010902a1010901a1000509190129031500250175019503810295017505810305010930093109381581257f750895038106c0c0"
)
NANOKVM_ABSOLUTE = bytes.fromhex(
    "05010902a1010901a10005091901290515002501950575018102950175038101050109300931150026ff7f350046ff7f7510950281020501"
    "09381581257f35004500750895018106c0c0"
)
#: HID++ short reports as drivers/hid/hid-logitech-hidpp.c expects them: vendor page 0xFF00, report id 0x10, 6 bytes.
HIDPP = bytes.fromhex("0600ff0901a1018510750895061500" + "26ff0009018100" + "09019100c0")
#: A pen on the digitizer page (hid-input.c maps it to a tablet), absolute, beside a plain absolute mouse.
PEN = bytes.fromhex("050d0902a10185070920a1000942150025017501950181029507810305010930" + "093126ff7f751095028102c0c0")
ABSOLUTE_MOUSE = bytes.fromhex(
    "05010902a1010901a1000509190129031500250195037501810295057501810105010930093126ff7f751095028102c0c0"
)


def _in(number: int, size: int, interval: int) -> Endpoint:
    return Endpoint(0x80 | number, "interrupt", size, interval)


def _both(number: int, size: int, interval: int) -> tuple[Endpoint, ...]:
    return (_in(number, size, interval), Endpoint(number, "interrupt", size, interval))


def _bulk(number: int, size: int = 512) -> tuple[Endpoint, ...]:
    return (Endpoint(0x80 | number, "bulk", size, 0), Endpoint(number, "bulk", size, 0))


def _gadget_hid(triple: str, index: int, report: bytes, *endpoints: Endpoint) -> Interface:
    """Returns a HID function of the Linux gadget stack: f_hid fixes its string and bcdHID."""
    return Interface(
        triple=triple, endpoints=endpoints, name="HID Interface", name_index=index, report=report, bcd_hid="0101",
        driver="usbhid",
    )  # fmt: skip


def _gadget_storage(index: int, number: int, unit: Unit) -> Interface:
    return Interface(
        triple="08/06/50", endpoints=_bulk(number), name="Mass Storage", name_index=index, driver="usb-storage",
        units=(unit,),
    )  # fmt: skip


PIKVM = Device(
    ids="1d6b:0104", speed="480", manufacturer="PiKVM", product="PiKVM Composite Device", serial="CAFEBABE",
    interfaces=(
        _gadget_hid("03/01/01", 4, PIKVM_KEYBOARD, _in(1, 8, 10)),
        _gadget_hid("03/00/00", 6, PIKVM_ABSOLUTE, _in(2, 7, 10)),
        _gadget_hid("03/01/02", 8, PIKVM_RELATIVE, _in(3, 5, 10)),
        _gadget_storage(10, 4, Unit("PiKVM", "Optical Drive", block="sr0")),
    ),
)  # fmt: skip

#: JetKVM under its own preset "Logitech Universal Adapter": ids and strings change, the gadget stays.
JETKVM_AS_LOGITECH = Device(
    ids="046d:c52b", speed="480", manufacturer="Logitech (x64)", product="Logitech USB Input Device",
    silent_serial=3, configuration_index=4,
    interfaces=(
        _gadget_hid("03/01/01", 5, JETKVM_KEYBOARD, *_both(1, 8, 4)),
        _gadget_hid("03/00/02", 7, JETKVM_ABSOLUTE, *_both(2, 6, 4)),
        _gadget_hid("03/01/02", 9, JETKVM_RELATIVE, *_both(3, 4, 4)),
        _gadget_storage(11, 4, Unit("JetKVM", "Virtual Media", block="sr0")),
    ),
)  # fmt: skip

NANOKVM = Device(
    ids="3346:1009", speed="480", manufacturer="sipeed", product="NanoKVM", serial="0123456789ABCDEF",
    bcd_device="0510", triple="ef/02/01", attributes=0xE0, max_power=60, configuration_index=4,
    associations=(Association(0, 2, "e0/01/03", 7),),
    interfaces=(
        Interface(triple="e0/01/03", endpoints=(_in(1, 8, 9),), name="RNDIS Communications Control", name_index=5,
                  driver="rndis_host"),
        Interface(triple="0a/00/00", endpoints=_bulk(2), name="RNDIS Ethernet Data", name_index=6, driver="rndis_host"),
        _gadget_hid("03/00/01", 8, NANOKVM_KEYBOARD, *_both(3, 8, 4)),
        _gadget_hid("03/00/02", 10, NANOKVM_RELATIVE, *_both(4, 4, 4)),
        _gadget_hid("03/00/02", 12, NANOKVM_ABSOLUTE, *_both(5, 6, 4)),
    ),
)  # fmt: skip

#: ch9329 states ids, strings and the chip's speed; its interfaces in keyboard mode are nowhere shown:
#: these two are a guess.
CH9329 = Device(
    ids="1a86:e129", speed="12", manufacturer="WWW.WCH.CN", product="WCH UART TO KB-MS_V1.7", bcd_usb="0110",
    max_packet_size0=8,
    interfaces=(
        Interface(triple="03/01/01", endpoints=(_in(1, 8, 10),), report=BOOT_KEYBOARD, driver="usbhid"),
        Interface(triple="03/00/00", endpoints=(_in(2, 8, 10),), report=ABSOLUTE_MOUSE, driver="usbhid"),
    ),
)  # fmt: skip

UNIFYING = Device(
    ids="046d:c52b", speed="12", manufacturer="Logitech", product="USB Receiver", bcd_device="1210",
    max_packet_size0=8, configuration_index=4, max_power=49,
    interfaces=(
        Interface(triple="03/01/01", endpoints=(_in(1, 8, 8),), report=BOOT_KEYBOARD, driver="usbhid"),
        Interface(triple="03/01/02", endpoints=(_in(2, 8, 2),), report=BOOT_MOUSE, driver="usbhid"),
        Interface(triple="03/00/00", endpoints=(_in(3, 32, 2),), report=HIDPP, driver="usbhid"),
    ),
)  # fmt: skip

K120 = Device(
    ids="046d:c31c", speed="1.5", manufacturer="Logitech", product="USB Keyboard", bcd_device="6400", bcd_usb="0110",
    max_packet_size0=8, configuration_index=3, max_power=45,
    interfaces=(
        Interface(triple="03/01/01", endpoints=(_in(1, 8, 10),), name="USB Keyboard", name_index=2,
                  report=BOOT_KEYBOARD, bcd_hid="0110", driver="usbhid"),
        Interface(triple="03/00/00", endpoints=(_in(2, 4, 255),), bcd_hid="0110", name="USB Keyboard", name_index=2,
                  report=bytes.fromhex("050c0901a1011500" + "26ff0319002aff037510" + "95018100c0"), driver="usbhid"),
    ),
)  # fmt: skip

#: huntsman states six interfaces and the first of them; the other five are plain HID here.
HUNTSMAN_8KHZ = Device(
    ids="1532:02cf", speed="480", manufacturer="Razer", product="Razer Huntsman V3 Pro 8KHz", bcd_device="0101",
    max_power=250,
    interfaces=(
        Interface(triple="03/01/01", endpoints=(_in(1, 8, 1),), report=BOOT_KEYBOARD, driver="usbhid"),
        Interface(triple="03/01/02", endpoints=(_in(2, 8, 1),), report=BOOT_MOUSE, driver="usbhid"),
        *(Interface(triple="03/00/00", endpoints=(_in(number, 16, 1),), report=HIDPP, driver="usbhid")
          for number in (3, 4, 5, 6)),
    ),
)  # fmt: skip

MOUSE = Device(
    ids="046d:c077", speed="1.5", manufacturer="Logitech", product="USB Optical Mouse", bcd_device="7200",
    max_packet_size0=8,
    interfaces=(
        Interface(triple="03/01/02", endpoints=(_in(1, 4, 10),), report=BOOT_MOUSE, driver="usbhid"),
    ),
)  # fmt: skip

#: usb.ids: XP-Pen's vendor id; the shape is that of the six tablets whose mouse collection has no digitizer beside it.
PEN_TABLET = Device(
    ids="28bd:0932", speed="12", manufacturer="UGTABLET", product="6 inch PenTablet", max_packet_size0=64,
    interfaces=(
        Interface(triple="03/01/01", endpoints=(_in(1, 8, 10),), report=BOOT_KEYBOARD, driver="usbhid"),
        Interface(triple="03/01/02", endpoints=(_in(2, 16, 2),), report=ABSOLUTE_MOUSE, driver="usbhid"),
        Interface(triple="03/00/00", endpoints=(_in(3, 16, 2),), report=PEN, driver="usbhid"),
    ),
)  # fmt: skip

#: The phone is itself a Linux gadget: same network strings as a KVM's, no HID.
PHONE = Device(
    ids="18d1:4ee3", speed="480", manufacturer="Google", product="Pixel 7", serial="29101FDH2000AB", bcd_device="0440",
    associations=(Association(0, 2, "e0/01/03", 7),),
    interfaces=(
        Interface(triple="e0/01/03", endpoints=(_in(1, 8, 9),), name="RNDIS Communications Control", name_index=5,
                  driver="rndis_host"),
        Interface(triple="0a/00/00", endpoints=_bulk(2), name="RNDIS Ethernet Data", name_index=6, driver="rndis_host"),
    ),
)  # fmt: skip

WEBCAM = Device(
    ids="046d:0825", speed="480", serial="0A1B2C30", bcd_device="0012", triple="ef/02/01", attributes=0x80,
    max_power=250,
    associations=(Association(0, 2, "0e/03/00"), Association(2, 2, "01/02/00")),
    interfaces=(
        Interface(triple="0e/01/00", endpoints=(_in(7, 16, 8),), driver="uvcvideo"),
        Interface(triple="0e/02/00", driver="uvcvideo"),
        Interface(triple="01/01/00", driver="snd-usb-audio"),
        Interface(triple="01/02/00", driver="snd-usb-audio"),
    ),
)  # fmt: skip

BUILT_IN_CAMERA = Device(
    ids="04f2:b6d0", speed="480", manufacturer="Chicony Electronics Co.,Ltd.", product="Integrated Camera",
    serial="0001", bcd_device="2722", triple="ef/02/01", removable="fixed", configuration_index=4,
    associations=(Association(0, 2, "0e/03/00", 5),),
    interfaces=(
        Interface(triple="0e/01/00", endpoints=(_in(3, 16, 6),), name="Integrated Camera", name_index=5,
                  driver="uvcvideo"),
        Interface(triple="0e/02/00", driver="uvcvideo"),
    ),
)  # fmt: skip

BLUETOOTH = Device(
    ids="8087:0026", speed="12", bcd_device="0002", bcd_usb="0201", triple="e0/01/01", removable="fixed",
    interfaces=(
        Interface(triple="e0/01/01", endpoints=(_in(1, 64, 1), *_bulk(2, 64)), driver="btusb"),
        Interface(triple="e0/01/01", driver="btusb"),
    ),
)  # fmt: skip

DOCK_HUB = Device(
    ids="2109:2822", speed="480", manufacturer="VIA Labs, Inc.", product="USB2.0 Hub", bcd_device="0624",
    bcd_usb="0210", triple="09/00/02", attributes=0xE0, max_power=0,
    interfaces=(Interface(triple="09/00/01", endpoints=(_in(1, 1, 12),), driver="hub"),),
)  # fmt: skip
DOCK_ETHERNET = Device(
    ids="0bda:8153", speed="480", manufacturer="Realtek", product="USB 10/100/1000 LAN", serial="001000001",
    bcd_device="3100", bcd_usb="0210", max_power=90,
    interfaces=(Interface(triple="ff/ff/00", endpoints=(*_bulk(1), _in(3, 2, 8)), driver="r8152"),),
)  # fmt: skip
DOCK_STORAGE = Device(
    ids="05e3:0749", speed="480", manufacturer="Generic", product="USB3.0 Card Reader", serial="000000001536",
    bcd_device="1536", bcd_usb="0210",
    interfaces=(
        Interface(triple="08/06/50", endpoints=_bulk(1), driver="usb-storage",
                  units=(Unit("Generic", "STORAGE DEVICE", block="sdb"),)),
    ),
)  # fmt: skip

PANEL = builders.edid("BOE", 0x0A2D, name="NV140FHM-N48", year=2022)
OFFICE_MONITOR = builders.edid("DEL", 0xD0A1, name="DELL P2419H", serial="7XQ1W13ABCDE", serial_number=0x42304C53,
                               size_cm=(53, 30), year=2021)  # fmt: skip


def laptop(root: str) -> None:
    """Writes what every laptop here has: a clock, a panel, a camera and Bluetooth inside."""
    system(root)
    display(root, "eDP-1", PANEL)
    usb_device(root, "1-6", BUILT_IN_CAMERA)
    usb_device(root, "1-10", BLUETOOTH)


def plain(root: str) -> None:
    """Writes a laptop on its own."""
    laptop(root)


def pikvm(root: str) -> None:
    """Writes a laptop on a PiKVM V4 Plus as it comes."""
    laptop(root)
    usb_device(root, "1-3", PIKVM)
    display(root, "HDMI-A-1", stored_edid("pikvm_v4plus"))


def jetkvm_as_logitech(root: str) -> None:
    """Writes a laptop on a JetKVM renamed by its own presets: a Logitech receiver and a Dell monitor."""
    laptop(root)
    usb_device(root, "1-3", JETKVM_AS_LOGITECH)
    display(root, "HDMI-A-1", stored_edid("jetkvm_preset_dell_d2721h"))


def nanokvm(root: str) -> None:
    """Writes a laptop on a NanoKVM as it comes."""
    laptop(root)
    usb_device(root, "1-3", NANOKVM)
    display(root, "HDMI-A-1", stored_edid("nanokvm_e21"))


def ch9329(root: str) -> None:
    """Writes a laptop on a CH9329 cable, its capture side showing somebody's office monitor."""
    laptop(root)
    usb_device(root, "1-3", CH9329)
    display(root, "HDMI-A-1", OFFICE_MONITOR)


def office(root: str) -> None:
    """Writes a laptop at a desk: dock with network, card reader, receiver and camera; monitor, keyboard, mouse."""
    laptop(root)
    usb_device(root, "1-2", DOCK_HUB)
    usb_device(root, "1-2.1", UNIFYING)
    usb_device(root, "1-2.2", DOCK_ETHERNET)
    usb_device(root, "1-2.3", DOCK_STORAGE)
    usb_device(root, "1-2.4", WEBCAM)
    usb_device(root, "1-4", K120)
    usb_device(root, "1-5", MOUSE)
    display(root, "DP-1", OFFICE_MONITOR)
    display(root, "DP-2", b"", status="disconnected")


def gamer(root: str) -> None:
    """Writes a laptop with a keyboard that is rightly a high-speed boot keyboard."""
    laptop(root)
    usb_device(root, "1-4", HUNTSMAN_8KHZ)


def artist(root: str) -> None:
    """Writes a laptop with a pen tablet, which also is a keyboard and an absolute mouse."""
    laptop(root)
    usb_device(root, "1-4", PEN_TABLET)


def tethered(root: str) -> None:
    """Writes a laptop that goes online through a phone."""
    laptop(root)
    usb_device(root, "1-4", PHONE)


MACHINES: dict[str, Callable[[str], None]] = {
    function.__name__: function
    for function in (plain, pikvm, jetkvm_as_logitech, nanokvm, ch9329, office, gamer, artist, tethered)
}

if __name__ == "__main__":
    name, folder = sys.argv[1:]
    MACHINES[name](folder)
