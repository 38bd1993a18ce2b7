"""USB devices for tests, each built from the facts of the source that its comment names."""

from typing import Any

from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbEndpoint, UsbInterface

from .views import serial

# pikvm/kvmd:kvmd/apps/otg/hid/keyboard.py and mouse.py @f14596e8
PIKVM_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150026ff00"
    "050719002aff008100c0"
)
PIKVM_ABSOLUTE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f7508950181"
    "06050c0a38021581257f750895018106c0c0"
)
PIKVM_RELATIVE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f7508"
    "95018106c0c0"
)
# jetkvm/kvm:internal/usbgadget/hid_*.go @bde0a086
JETKVM_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025650507"
    "190029658100c0"
)
JETKVM_ABSOLUTE = (
    "05010902a10185010901a1000509190129031500250175019503810295017505810305010930093116000026ff7f36000046ff7f751095"
    "028102c0850209381581257f35004500750895018106c0"
)
JETKVM_RELATIVE = "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106c0c0"


def endpoint(size: int, *, out: bool = False, transfer: str = "interrupt", interval: int = 4) -> UsbEndpoint:
    return UsbEndpoint(address=0x01 if out else 0x81, transfer=transfer, max_packet_size=size, interval=interval)


def hid(number: int, protocol: str, size: int, descriptor: str | None, **changes: Any) -> UsbInterface:
    """An interface as f_hid.c writes it (torvalds/linux@8b87f67b)."""
    fields: dict[str, Any] = {
        "number": number,
        "class_triple": f"03/{protocol}",
        "name": "HID Interface",
        "name_index": 5 + 2 * number,
        "bcd_hid": "0101",
        "endpoints": (endpoint(size),),
        "report_descriptor": descriptor,
        "driver": "usbhid",
    }
    return UsbInterface(**(fields | changes))


def storage(number: int, name: str | None = "Mass Storage") -> UsbInterface:
    bulk = (endpoint(512, transfer="bulk"), endpoint(512, out=True, transfer="bulk"))
    return UsbInterface(number=number, class_triple="08/06/50", name=name, name_index=15, endpoints=bulk)


def gadget(**changes: Any) -> UsbDevice:
    """A Linux gadget's device descriptor, as in rasteri/HIDman issue 79; names set by user space."""
    fields: dict[str, Any] = {
        "vendor_id": "1d6b",
        "product_id": "0104",
        "bcd_device": "0100",
        "bcd_usb": "0200",
        "device_class": "00/00/00",
        "speed_mbps": 480.0,
        "max_packet_size0": 64,
        "port_path": "1-4",
        "configuration_index": 4,
        "has_serial": False,
    }
    return UsbDevice(**(fields | changes))


def pikvm(**changes: Any) -> UsbDevice:
    """PiKVM as shipped: pikvm/kvmd:kvmd/apps/_scheme.py @f14596e8."""
    fields: dict[str, Any] = {
        "manufacturer": "PiKVM",
        "product": "PiKVM Composite Device",
        "serial": serial("CAFEBABE"),
        "has_serial": True,
        "interfaces": (
            hid(0, "01/01", 8, PIKVM_KEYBOARD),
            hid(1, "00/00", 7, PIKVM_ABSOLUTE),
            hid(2, "01/02", 5, PIKVM_RELATIVE),
            storage(3),
        ),
        "scsi": (ScsiInquiry(vendor="PiKVM", product="Optical Drive", removable=True),),
    }
    return gadget(**(fields | changes))


def jetkvm(**changes: Any) -> UsbDevice:
    """JetKVM as shipped: jetkvm/kvm:internal/usbgadget/config.go @bde0a086; each HID has an OUT endpoint."""

    def both(size: int) -> tuple[UsbEndpoint, ...]:
        return (endpoint(size), endpoint(size, out=True))

    fields: dict[str, Any] = {
        "manufacturer": "JetKVM",
        "product": "USB Emulation Device",
        "serial": serial("8f3c21d07a5e4b19"),
        "has_serial": True,
        "interfaces": (
            hid(0, "01/01", 8, JETKVM_KEYBOARD, endpoints=both(8)),
            hid(1, "00/02", 6, JETKVM_ABSOLUTE, endpoints=both(6)),
            hid(2, "01/02", 4, JETKVM_RELATIVE, endpoints=both(4)),
            storage(3),
        ),
        "scsi": (ScsiInquiry(vendor="JetKVM", product="Virtual Media", removable=True),),
    }
    return gadget(**(fields | changes))


def jetkvm_renamed(**changes: Any) -> UsbDevice:
    """JetKVM's own preset "Logitech Universal Adapter", virtual media off (UsbInfoSetting.tsx @bde0a086)."""
    fields: dict[str, Any] = {
        "vendor_id": "046d",
        "product_id": "c52b",
        "manufacturer": "Logitech (x64)",
        "product": "Logitech USB Input Device",
        "interfaces": jetkvm().interfaces[:3],
        "scsi": (),
    }
    return jetkvm(**(fields | changes))


def huntsman(**changes: Any) -> UsbDevice:
    """Razer Huntsman V3 Pro 8KHz, a genuine high-speed boot keyboard: openrazer/openrazer issue 2633."""
    fields: dict[str, Any] = {
        "vendor_id": "1532",
        "product_id": "02cf",
        "manufacturer": "Razer",
        "product": "Razer Huntsman V3 Pro 8KHz",
        "bcd_device": "0101",
        "configuration_index": 0,
        "interfaces": (
            hid(0, "01/01", 8, None, name="", name_index=0, bcd_hid="0111", endpoints=(endpoint(8, interval=1),)),
            hid(1, "00/01", 22, None, name="", name_index=0, bcd_hid="0111", endpoints=(endpoint(22, interval=1),)),
            hid(2, "01/02", 8, None, name="", name_index=0, bcd_hid="0111", endpoints=(endpoint(8, interval=1),)),
        ),
    }
    return gadget(**(fields | changes))


def k120(**changes: Any) -> UsbDevice:
    """Logitech K120, low speed: sipeed/NanoKVM issue 544."""
    fields: dict[str, Any] = {
        "vendor_id": "046d",
        "product_id": "c31c",
        "manufacturer": "Logitech",
        "product": "USB Keyboard",
        "bcd_usb": "0110",
        "speed_mbps": 1.5,
        "max_packet_size0": 8,
        "configuration_index": 3,
        "interfaces": (
            hid(0, "01/01", 8, None, name="USB Keyboard", name_index=2, bcd_hid="0110"),
            hid(1, "00/00", 4, None, name="USB Keyboard", name_index=2, bcd_hid="0110"),
        ),
    }
    return gadget(**(fields | changes))
