"""What can be plugged into a simulated laptop. Facts are the firmware's or the product's, serials are invented.

Sources of the two IP-KVMs: pikvm/kvmd@f14596e823fce502811bc2f7e2bdbefaf1c0430a (kvmd/apps/otg) and
jetkvm/kvm@bde0a086ab6c33e4b3d05614da8ff0476e1887da (internal/usbgadget). What the kernel's gadget stack
adds by itself (interface strings, bcdHID 0101, high speed) is torvalds/linux f_hid.c and f_mass_storage.c.
"""

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbEndpoint, UsbInterface

#: The 65-byte keyboard descriptor that PiKVM's firmware writes (kvmd/apps/otg/hid/keyboard.py).
PIKVM_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508"
    "150026ff00050719002aff008100c0"
)
PIKVM_MOUSE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f"
    "750895018106050c0a38021581257f750895018106c0c0"
)
#: Boot mouse with relative axes; PiKVM and JetKVM both ship the same widely copied 46 bytes.
RELATIVE_MOUSE = "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106c0c0"
JETKVM_KEYBOARD = (
    "05010906a101050719e029e7150025017501950881029501750881039505750105081901290591029501750391039506750815"
    "0025650507190029658100c0"
)
JETKVM_MOUSE = (
    "05010902a10185010901a1000509190129031500250175019503810295017505810305010930093116000026ff7f36000046ff"
    "7f751095028102c0850209381581257f35004500750895018106c0"
)

#: A pen on the digitizer page (HID usage tables, page 0x0D): in range, tip, invert; X and Y absolute.
PEN = "050d0901a10185020920a10009320942093c150025017501950381029505810105010930093126ff7f751095028102c0c0"


def _interrupt(size: int, interval: int, out: bool = False, number: int = 1) -> tuple[UsbEndpoint, ...]:
    incoming = UsbEndpoint(address=0x80 | number, transfer="interrupt", max_packet_size=size, interval=interval)
    if not out:
        return (incoming,)
    return (incoming, UsbEndpoint(address=number, transfer="interrupt", max_packet_size=size, interval=interval))


def _hid(
    number: int,
    triple: str,
    descriptor: str | None,
    endpoints: tuple[UsbEndpoint, ...],
    name: str = "",
    index: int = 0,
    bcd_hid: str = "0111",
) -> UsbInterface:
    return UsbInterface(
        number=number,
        class_triple=triple,
        name=name,
        name_index=index,
        endpoints=endpoints,
        bcd_hid=bcd_hid,
        report_descriptor=descriptor,
        driver="usbhid",
    )


def _storage(number: int) -> UsbInterface:
    bulk = tuple(UsbEndpoint(address=a, transfer="bulk", max_packet_size=512, interval=0) for a in (0x84, 0x04))
    return UsbInterface(
        number=number,
        class_triple="08/06/50",
        name="Mass Storage",
        name_index=11,
        endpoints=bulk,
        driver="usb-storage",
    )


def _gadget(
    port: str,
    ids: str,
    manufacturer: str,
    product: str,
    serial: str,
    keyboard: str,
    mouse: str,
    mouse_triple: str,
    out: bool,
    inquiry: tuple[str, str],
) -> UsbDevice:
    """Returns a Linux HID gadget as an IP-KVM builds it: names are chosen, the rest is the kernel's."""
    vendor, _, model = ids.partition(":")
    absolute_size = 6 if out else 7
    return UsbDevice(
        vendor_id=vendor,
        product_id=model,
        manufacturer=manufacturer,
        product=product,
        serial=unkeyed("serial", serial) if serial else None,
        has_serial=bool(serial),
        bcd_device="0100",
        bcd_usb="0200",
        device_class="00/00/00",
        speed_mbps=480,
        max_packet_size0=64,
        port_path=port,
        configuration_index=4,
        removable="removable",
        interfaces=(
            _hid(0, "03/01/01", keyboard, _interrupt(8, 4, out, 1), "HID Interface", 5, "0101"),
            _hid(1, mouse_triple, mouse, _interrupt(absolute_size, 4, out, 2), "HID Interface", 7, "0101"),
            _hid(2, "03/01/02", RELATIVE_MOUSE, _interrupt(4, 4, out, 3), "HID Interface", 9, "0101"),
            _storage(3),
        ),
        scsi=(ScsiInquiry(vendor=inquiry[0], product=inquiry[1], removable=True),),
    )


def pikvm(port: str, serial: str = "CAFEBABE") -> UsbDevice:
    """Returns a PiKVM V4 Plus as it comes out of the box, or with the serial its owner gave it."""
    return _gadget(
        port,
        "1d6b:0104",
        "PiKVM",
        "PiKVM Composite Device",
        serial,
        PIKVM_KEYBOARD,
        PIKVM_MOUSE,
        "03/00/00",
        False,
        ("PiKVM", "Optical Drive"),
    )


def renamed_jetkvm(port: str) -> UsbDevice:
    """Returns a JetKVM whose owner chose its "Logitech Universal Adapter" identity."""
    return _gadget(
        port,
        "046d:c52b",
        "Logitech (x64)",
        "Logitech USB Input Device",
        "",
        JETKVM_KEYBOARD,
        JETKVM_MOUSE,
        "03/00/02",
        True,
        ("JetKVM", "Virtual Media"),
    )


def unifying_receiver(port: str) -> UsbDevice:
    """Returns a genuine Logitech Unifying receiver: full speed, three HID interfaces, no serial, no storage."""
    return UsbDevice(
        vendor_id="046d",
        product_id="c52b",
        manufacturer="Logitech",
        product="USB Receiver",
        has_serial=False,
        bcd_device="1211",
        bcd_usb="0200",
        device_class="00/00/00",
        speed_mbps=12,
        max_packet_size0=8,
        port_path=port,
        configuration_index=4,
        interfaces=(
            _hid(0, "03/01/01", None, _interrupt(8, 8)),
            _hid(1, "03/01/02", None, _interrupt(8, 2, number=2)),
            _hid(2, "03/00/00", None, _interrupt(32, 2, number=3)),
        ),
    )


def office_keyboard(port: str) -> UsbDevice:
    """Returns a wired Logitech K120: low speed, two interfaces."""
    return UsbDevice(
        vendor_id="046d",
        product_id="c31c",
        manufacturer="Logitech",
        product="USB Keyboard",
        has_serial=False,
        bcd_device="6402",
        bcd_usb="0110",
        device_class="00/00/00",
        speed_mbps=1.5,
        max_packet_size0=8,
        port_path=port,
        configuration_index=3,
        interfaces=(
            _hid(0, "03/01/01", None, _interrupt(8, 10), "USB Keyboard", 2),
            _hid(1, "03/00/00", None, _interrupt(4, 255, number=2), "USB Keyboard", 2),
        ),
    )


def fast_gaming_keyboard(port: str, serial: str) -> UsbDevice:
    """Returns an 8 kHz gaming keyboard: genuinely high speed, boot keyboard and mouse in one device."""
    return UsbDevice(
        vendor_id="1b1c",
        product_id="1bb3",
        manufacturer="Corsair",
        product="Gaming Keyboard 8K",
        serial=unkeyed("serial", serial),
        has_serial=True,
        bcd_device="0510",
        bcd_usb="0200",
        device_class="00/00/00",
        speed_mbps=480,
        max_packet_size0=64,
        port_path=port,
        interfaces=(
            _hid(0, "03/01/01", None, _interrupt(64, 1)),
            _hid(1, "03/01/02", RELATIVE_MOUSE, _interrupt(64, 1, number=2)),
            _hid(2, "03/00/00", None, _interrupt(64, 1, number=3)),
        ),
    )


def webcam(port: str) -> UsbDevice:
    """Returns a laptop's built-in camera."""
    return UsbDevice(
        vendor_id="04f2",
        product_id="b6d0",
        manufacturer="Chicony Electronics Co.,Ltd.",
        product="Integrated Camera",
        serial=unkeyed("serial", "0001"),
        has_serial=True,
        bcd_device="2701",
        bcd_usb="0201",
        device_class="ef/02/01",
        speed_mbps=480,
        max_packet_size0=64,
        port_path=port,
        removable="fixed",
        interfaces=(
            UsbInterface(number=0, class_triple="0e/01/00", name="Integrated Camera", driver="uvcvideo"),
            UsbInterface(number=1, class_triple="0e/02/00", name="Video Streaming", driver="uvcvideo"),
        ),
    )


def dock(port: str, serial: str) -> tuple[UsbDevice, ...]:
    """Returns a dock: a hub and a network adapter behind it."""
    hub = UsbDevice(
        vendor_id="17ef",
        product_id="30ac",
        manufacturer="Lenovo",
        product="USB3.1 Hub",
        has_serial=False,
        bcd_device="5117",
        bcd_usb="0320",
        device_class="09/00/03",
        speed_mbps=5000,
        max_packet_size0=9,
        port_path=port,
        interfaces=(UsbInterface(number=0, class_triple="09/00/00", name="", driver="hub"),),
    )
    network = UsbDevice(
        vendor_id="17ef",
        product_id="30b4",
        manufacturer="Realtek",
        product="USB LAN",
        serial=unkeyed("serial", serial),
        has_serial=True,
        bcd_device="3100",
        bcd_usb="0300",
        device_class="00/00/00",
        speed_mbps=5000,
        max_packet_size0=9,
        port_path=f"{port}.1",
        interfaces=(UsbInterface(number=0, class_triple="ff/ff/00", name="", driver="r8152"),),
    )
    return (hub, network)


def pen_tablet(port: str) -> UsbDevice:
    """Returns a drawing tablet: absolute coordinates on the digitizer page, as artists have it."""
    return UsbDevice(
        vendor_id="056a",
        product_id="0374",
        manufacturer="Wacom Co.,Ltd.",
        product="Intuos S",
        serial=unkeyed("serial", "0AA0001000001"),
        has_serial=True,
        bcd_device="0110",
        bcd_usb="0200",
        device_class="00/00/00",
        speed_mbps=12,
        max_packet_size0=64,
        port_path=port,
        interfaces=(_hid(0, "03/00/00", PEN, _interrupt(16, 4)),),
    )


def memory_stick(port: str, serial: str) -> UsbDevice:
    """Returns a memory stick: storage and nothing else."""
    return UsbDevice(
        vendor_id="0781",
        product_id="5581",
        manufacturer="SanDisk",
        product="Ultra",
        serial=unkeyed("serial", serial),
        has_serial=True,
        bcd_device="0100",
        bcd_usb="0210",
        device_class="00/00/00",
        speed_mbps=480,
        max_packet_size0=64,
        port_path=port,
        removable="removable",
        interfaces=(UsbInterface(number=0, class_triple="08/06/50", name="", driver="usb-storage"),),
        scsi=(ScsiInquiry(vendor="SanDisk", product="Ultra", removable=True),),
    )
