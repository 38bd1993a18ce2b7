"""Bluetooth: what is paired and connected, and where the screen is cast to."""

from ..identifiers import Identifier
from .base import Kind, Observable


class BluetoothAdapter(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="bluetooth_adapter"):
    """A Bluetooth radio of the laptop.

    address  keyed
    powered  switched on; null when not known
    bus      `usb`, `pci`, `uart`, `virtual` or ""
    """

    address: Identifier | None = None
    powered: bool | None = None
    bus: str = ""


class BluetoothDevice(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="bluetooth_device"):
    """A paired device.

    kind         `keyboard`, `mouse`, `keyboard_mouse`, `gamepad`, `audio`, `phone`, `computer`, `other` or "",
                 from the class of device (Bluetooth Assigned Numbers, 2.8) or the appearance
    name         of a device that gives input only, because other names are people's ("Anna's phone"); what stands
                 before "'s " is left out; "" otherwise
    vendor_id, product_id  from its Device ID record, four lower hex digits; "" when not known
    vendor_source  who gave out the vendor id: `usb`, `bluetooth` or ""
    address      keyed
    hid          offers the HID service (0x1124) or HID over GATT (0x1812); null when not known
    connected    now; null when not known
    report_descriptor  of its HID service as hex; null when the system hides it
    last_seen    day, "2026-11-22"; "" when not known
    """

    kind: str = ""
    name: str = ""
    vendor_id: str = ""
    product_id: str = ""
    vendor_source: str = ""
    address: Identifier | None = None
    hid: bool | None = None
    connected: bool | None = None
    report_descriptor: str | None = None
    last_seen: str = ""


class Casting(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="casting"):
    """The screen can be, or is, shown elsewhere.

    protocol  `airplay`, `miracast`, `chromecast` or `sidecar`
    role      `receiver` (this laptop shows another's screen) or `sender`
    active    in use now; null when not known
    """

    protocol: str
    role: str
    active: bool | None = None


KIND = Kind("bluetooth", "state", (BluetoothAdapter, BluetoothDevice, Casting))
