"""What is plugged in over USB. Origin on Linux: /sys/bus/usb/devices; see docs/root-tree.md."""

import msgspec

from ..identifiers import Identifier
from .base import Kind, Observable


class UsbEndpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One endpoint of an interface, from its endpoint descriptor.

    address          bEndpointAddress; bit 7 set means towards the laptop
    transfer         `control`, `isochronous`, `bulk` or `interrupt`
    max_packet_size  wMaxPacketSize, bytes (low 11 bits)
    interval         bInterval as written; its unit depends on the speed
    """

    address: int
    transfer: str
    max_packet_size: int
    interval: int


class HidFeatures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a HID report descriptor says, for systems that hide its bytes.

    applications  usages of the application collections in order, "page:usage" in hex: "1:2" is a mouse
    absolute_xy   X and Y are absolute values
    x_logical     logical minimum and maximum of X
    x_bits        report size of X, bits
    report_ids    report ids in order of appearance
    digitizer     a collection or usage of the digitizer page (0x0D) is present
    vendor        a collection of a vendor page (0xFF00 and up) is present
    """

    applications: tuple[str, ...] = ()
    absolute_xy: bool = False
    x_logical: tuple[int, int] | None = None
    x_bits: int = 0
    report_ids: tuple[int, ...] = ()
    digitizer: bool = False
    vendor: bool = False


class ScsiInquiry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """SCSI inquiry strings of a storage unit, with their inner spaces and without trailing ones."""

    vendor: str
    product: str
    removable: bool | None = None


class UsbInterface(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One interface of the active configuration (alternate setting 0, or the first one where a device has none).

    number             bInterfaceNumber
    class_triple       class/subclass/protocol, two lower hex digits each: "03/01/01" is a boot keyboard
    name               the interface's string; "" when it has none, null when it was not read
    name_index         iInterface, the index of that string; null when not read
    bcd_hid            version in the HID descriptor, four hex digits: "0101"
    report_descriptor  bytes of the HID report descriptor as hex; null when the system hides them
    features           what the report descriptor says, where the bytes are hidden
    driver             kernel driver bound to it
    """

    number: int
    class_triple: str
    name: str | None = None
    name_index: int | None = None
    endpoints: tuple[UsbEndpoint, ...] = ()
    bcd_hid: str = ""
    report_descriptor: str | None = None
    features: HidFeatures | None = None
    driver: str = ""


class UsbDevice(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="usb_device"):
    """A USB device as it describes itself.

    vendor_id, product_id  four lower hex digits
    manufacturer, product  strings as reported; "" when absent, null when not read
    serial                 keyed; null when the device has none or it was not read, see `has_serial`
    bcd_device, bcd_usb    four hex digits: "0510" is 5.10
    device_class           class/subclass/protocol of the device descriptor
    speed_mbps             1.5, 12, 480, 5000 ...; null when not read
    max_packet_size0       bMaxPacketSize0, bytes
    port_path              bus and ports from the root, "1-4.2"; equal places stay equal
    configuration_index    iConfiguration
    removable              `fixed`, `removable` or "" where firmware does not say
    scsi                   inquiry strings of the storage behind it
    fault                  what is wrong with its descriptors, one sentence; "" when they are sound
    """

    vendor_id: str
    product_id: str
    manufacturer: str | None = None
    product: str | None = None
    serial: Identifier | None = None
    has_serial: bool | None = None
    bcd_device: str = ""
    bcd_usb: str = ""
    device_class: str = ""
    speed_mbps: float | None = None
    max_packet_size0: int | None = None
    port_path: str = ""
    configuration_index: int | None = None
    removable: str = ""
    interfaces: tuple[UsbInterface, ...] = ()
    scsi: tuple[ScsiInquiry, ...] = ()
    fault: str = ""

    @property
    def ids(self) -> str:
        """Vendor and product id as usually written: "1d6b:0104"."""
        return f"{self.vendor_id}:{self.product_id}"


class RememberedUsb(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="remembered_usb"):
    """A USB device that was plugged in before and is gone: what the system remembers of it.

    vendor_id, product_id, product, bcd_device, serial, scsi  as in UsbDevice; "" or null when not remembered
    class_triples  of its interfaces, sorted and distinct
    installed_on, last_arrival, last_removal  days, "2026-11-22"; "" when not remembered
    """

    vendor_id: str
    product_id: str
    product: str | None = None
    bcd_device: str = ""
    serial: Identifier | None = None
    has_serial: bool | None = None
    class_triples: tuple[str, ...] = ()
    scsi: tuple[ScsiInquiry, ...] = ()
    installed_on: str = ""
    last_arrival: str = ""
    last_removal: str = ""


class UsbOverIp(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="usb_over_ip"):
    """A driver that takes USB devices over the network, or gives them away.

    name  driver or service: "vhci_hcd", "usbip2_ude"
    role  `client` (devices of others appear here) or `server`
    """

    name: str
    role: str = "client"


KIND = Kind("usb", "state", (UsbDevice, RememberedUsb, UsbOverIp))
