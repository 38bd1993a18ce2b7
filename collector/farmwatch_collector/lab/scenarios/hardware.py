"""IP-KVMs and boards that play keyboard, as their firmware makes them.

What user space chooses stands in the tables (ids, names, descriptors, functions); what the kernel adds by itself is
added by `device_of`: interface names, HID 1.01, packets as long as reports, indexes of strings, speed. Sources of
the kernel's part: torvalds/linux drivers/usb/gadget/{configfs.c,composite.c,function/f_hid.c,function/f_mass_storage.c}
@8b87f67b4c87452e21721887fa8dec1f4c6b2b7c, and the gadgets that the project's tests recorded live.
"""

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbEndpoint, UsbInterface

from .. import equipment

#: A keyboard with lights and 8-bit usages: PiKVM, Comet and One-KVM (kvmd/apps/otg/hid/keyboard.py).
KVMD_KEYBOARD = equipment.PIKVM_KEYBOARD
KVMD_ABSOLUTE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f7508950181"
    "06050c0a38021581257f750895018106c0c0"
)
KVMD_RELATIVE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f7508"
    "95018106c0c0"
)
PICO_ABSOLUTE = (
    "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f7508950181"
    "06c0c0"
)
NANO_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025e705"
    "07190029e78100c0"
)
NANO_RELATIVE = (
    "05010902a1010901a1000509190129031500250195037501810295017505810305010930093109381581257f750895038106c0c0"
)
NANO_ABSOLUTE = (
    "05010902a1010901a10005091901290515002501950575018102950175038101050109300931150026ff7f350046ff7f75109502810205"
    "0109381581257f35004500750895018106c0c0"
)
NANO_HID_ABSOLUTE = (
    "05010902a1010901a10005091901290315002501950375018102950175058101050109300931150026ff7f350046ff7f75109502810205"
    "0109381581257f35004500750895018106c0c0"
)
TINY_KEYBOARD = (
    "05010906a10105081901290315002501750195039102094b9501910295049101050719e029e79508810275089501810119002991"
    "26ff0095068100c0"
)
TINY_ABSOLUTE = (
    "05010902a1010509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f750895018106050c0a"
    "38021581257f750895018106c0"
)
ONE_KEYBOARD = KVMD_KEYBOARD
ONE_RELATIVE = (
    "05010902a1010901a100050919012905150025019505750181029501750381010501093009311581257f75089502810609381581257f75"
    "08950181" + "06c0c0"
)
ONE_ABSOLUTE = (
    "05010902a1010901a100050919012905150025019505750181029501750381010501093016000026ff7f7510950181020931160000"
    "26ff7f75109501810209381581257f750895018106c0c0"
)
ONE_CONSUMER = "050c0901a101150026ff0319002aff03751095018100c0"
TEENSY_KEYBOARD = (
    "05010906a10175019508050719e029e7150025018102950175088103950575010508190129059102950175039103950675081500257f05"
    "071900297f810095787501190029e70507150025018102c0"
)
TEENSY_MOUSE = (
    "05010902a10185010509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f75089501"
    "8106c005010902a1018502050109300931150026ff7f751095028102c0"
)
BOOT_MOUSE = equipment.RELATIVE_MOUSE


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A function that user space asks for.

    role     `keyboard`, `absolute`, `relative`, `both` (one interface, two reports), `other`, `storage` or `net`
    triple   class, subclass, protocol
    report   HID report descriptor as hex
    size     report length, which f_hid makes the packet size
    out      has a packet endpoint towards the device
    inquiry  SCSI strings of storage
    """

    role: str
    triple: str = "08/06/50"
    report: str = ""
    size: int = 8
    out: bool = False
    inquiry: tuple[str, str] = ("", "")


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it comes.

    kernel         the Linux gadget stack makes its descriptors; else its own firmware does
    configuration  it writes a name for its configuration
    serial         "" when none is written
    speed          Mbit/s
    presets        identities that its settings offer: ids, manufacturer, product
    identity       what its settings can change: `all` (ids, names, serial), `ids`, `script` (all, by editing a script)
                   or "" (only by making other firmware)
    can            other disguises that it can do, see disguises.py
    source         where these facts were read
    """

    ids: str
    manufacturer: str
    product: str
    serial: str = ""
    bcd_device: str = "0100"
    bcd_usb: str = "0200"
    device_class: str = "00/00/00"
    parts: tuple[Part, ...]
    kernel: bool = True
    configuration: bool = True
    speed: float = 480
    max_packet_size0: int = 64
    interval: int = 4
    presets: tuple[tuple[str, str, str], ...] = ()
    identity: str = ""
    can: tuple[str, ...] = ()
    source: str


def _keyboard(report: str, out: bool = False, triple: str = "03/01/01") -> Part:
    return Part(role="keyboard", triple=triple, report=report, size=8, out=out)


def _absolute(report: str, size: int, triple: str, out: bool = False) -> Part:
    return Part(role="absolute", triple=triple, report=report, size=size, out=out)


def _relative(report: str, size: int, out: bool = False, triple: str = "03/01/02") -> Part:
    return Part(role="relative", triple=triple, report=report, size=size, out=out)


def _storage(vendor: str, product: str) -> Part:
    return Part(role="storage", inquiry=(vendor, product))


_KVMD = (
    _keyboard(KVMD_KEYBOARD),
    _absolute(KVMD_ABSOLUTE, 7, "03/00/00"),
    _relative(KVMD_RELATIVE, 5),
)
_GADGET = ("relative", "full_speed", "user_space")

#: What JetKVM's settings offer (ui/src/components/UsbInfoSetting.tsx).
JETKVM_PRESETS = (
    ("046d:c52b", "Logitech (x64)", "Logitech USB Input Device"),
    ("045e:005f", "Microsoft", "Wireless MultiMedia Keyboard"),
    ("413c:2011", "Dell Inc.", "Multimedia Pro Keyboard"),
)

PRODUCTS: dict[str, Product] = {
    "pikvm": Product(
        ids="1d6b:0104", manufacturer="PiKVM", product="PiKVM Composite Device", serial="CAFEBABE",
        parts=(*_KVMD, _storage("PiKVM", "Optical Drive")), configuration=False, identity="all",
        can=(*_GADGET, "storage_off", "edid"),
        source="pikvm/kvmd:kvmd/apps/otg/__init__.py, kvmd/apps/otg/hid@f14596e823fce502811bc2f7e2bdbefaf1c0430a",
    ),
    "comet": Product(
        ids="38eb:0002", manufacturer="Glinet", product="Glinet Composite Device", serial="CAFEBABE",
        parts=(*_KVMD, _storage("Glinet", "Flash Drive"), _storage("Glinet", "Flash Drive")), identity="all",
        can=(*_GADGET, "storage_off", "edid"),
        source="gl-inet/glkvm:kvmd/apps/otg/__init__.py@9bd8ad11ba03d220401b0b6a4208bbfd84ed6107, issue 66",
    ),
    "jetkvm": Product(
        ids="1d6b:0104", manufacturer="JetKVM", product="USB Emulation Device",
        parts=(
            _keyboard(equipment.JETKVM_KEYBOARD, out=True),
            _absolute(equipment.JETKVM_MOUSE, 6, "03/00/02", out=True),
            _relative(BOOT_MOUSE, 4, out=True),
            _storage("JetKVM", "Virtual Media"),
        ),
        presets=JETKVM_PRESETS, identity="all", can=(*_GADGET, "storage_off", "edid"),
        source="jetkvm/kvm:internal/usbgadget@bde0a086ab6c33e4b3d05614da8ff0476e1887da",
    ),
    "nanokvm": Product(
        ids="3346:1009", manufacturer="sipeed", product="NanoKVM", serial="0123456789ABCDEF", bcd_device="0510",
        device_class="ef/02/01",
        parts=(
            _keyboard(NANO_KEYBOARD, out=True, triple="03/00/01"),
            _relative(NANO_RELATIVE, 4, out=True, triple="03/00/02"),
            _absolute(NANO_ABSOLUTE, 6, "03/00/02", out=True),
            Part(role="net", triple="e0/01/03"),
        ),
        identity="ids", can=(*_GADGET, "storage_off", "edid"),
        source="sipeed/NanoKVM:kvmapp/system/init.d/S03usbdev@71ab9127ddb16466e47e1182ac4a00dbcab91ec3",
    ),
    "tinypilot": Product(
        ids="1d6b:0104", manufacturer="tinypilot", product="Multifunction USB Device", serial="6b65796d696d6570690",
        parts=(_keyboard(TINY_KEYBOARD), _absolute(TINY_ABSOLUTE, 7, "03/00/00", out=True)),
        identity="script", can=("full_speed", "user_space", "edid"),
        source="tiny-pilot/tinypilot:debian-pkg/opt/tinypilot-privileged/init-usb-gadget"
        "@79974fb87485204635b9dfa2a7758bcce32e2b0b",
    ),
    "blikvm": Product(
        ids="1d6b:0106", manufacturer="smart-kvm", product="Multifunction USB Device", serial="6b65796d696d6570690",
        parts=(
            _keyboard(TINY_KEYBOARD),
            _absolute(TINY_ABSOLUTE, 7, "03/00/00"),
            _storage("Linux", "File-CD Gadget"),
        ),
        identity="script", can=("storage_off", "full_speed", "user_space", "edid"),
        source="ThomasVon2021/blikvm:package/kvmd-hid/enable-gadget.sh@b95730cd290d61c3aebdea5a47716018ec863438",
    ),
    "one_kvm": Product(
        ids="1d6b:0104", manufacturer="One-KVM", product="One-KVM USB Device", serial="0123456789",
        parts=(
            _keyboard(ONE_KEYBOARD, out=True),
            _relative(ONE_RELATIVE, 4),
            _absolute(ONE_ABSOLUTE, 6, "03/00/02"),
            Part(role="other", triple="03/00/00", report=ONE_CONSUMER, size=2),
            _storage("Linux", "File-CD Gadget"),
        ),
        identity="all", can=(*_GADGET, "storage_off", "edid"),
        source="mofeng-git/One-KVM:src/otg@6ec4361f43c14dc5184fe89607b77bd7a68d9aa5",
    ),
    # Its report descriptors were never seen whole; those of a keyboard and of a mouse with both reports stand for
    # them, and whoever quotes figures for it says so.
    "ch9329": Product(
        ids="1a86:e129", manufacturer="WWW.WCH.CN", product="WCH UART TO KB-MS_V1.7", bcd_usb="0110", kernel=False,
        parts=(_keyboard(NANO_KEYBOARD), Part(role="both", triple="03/01/02", report=TEENSY_MOUSE, size=8)),
        speed=12, max_packet_size0=8, interval=1, identity="all", can=("relative", "edid"),
        source="mofeng-git/One-KVM:src/config/schema/hid.rs@6ec4361f43c14dc5184fe89607b77bd7a68d9aa5; "
        "TechxArtisanStudio/Openterface_QT:serial/ch9329.h@4df2e5fe16de2fb7de03f10167bff6bb51b2ea9f",
    ),
    "pico_hid": Product(
        ids="1209:eda2", manufacturer="PiKVM", product="PiKVM HID", serial="E6614103E7", kernel=False,
        parts=(
            Part(role="keyboard", triple="03/01/01", report=KVMD_KEYBOARD, size=16),
            Part(role="absolute", triple="03/00/00", report=PICO_ABSOLUTE, size=16),
        ),
        speed=12, interval=1, can=("relative", "edid"),
        source="pikvm/kvmd:hid/pico/src@f14596e823fce502811bc2f7e2bdbefaf1c0430a",
    ),
    "teensy": Product(
        ids="16c0:0482", manufacturer="Teensyduino", product="Keyboard/Mouse/Joystick", serial="10341210",
        bcd_device="0280", kernel=False,
        parts=(
            Part(role="keyboard", triple="03/01/01", report=TEENSY_KEYBOARD, size=8),
            Part(role="both", triple="03/00/00", report=TEENSY_MOUSE, size=8),
        ),
        speed=480, interval=1, identity="script", can=("relative", "edid"),
        source="PaulStoffregen/cores:teensy4/usb_desc.h, usb_desc.c@7f107ee0a309f3813ed13f0d8f615497eca2ee49",
    ),
}  # fmt: skip


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A product as somebody set it up.

    user_space  its HID functions are served through FunctionFS: names and HID version are the program's then
    """

    product: Product
    ids: str
    manufacturer: str
    name: str
    serial: str
    bcd_device: str
    parts: tuple[Part, ...]
    configuration: bool
    speed: float
    user_space: bool = False


def as_it_comes(product: Product, serial: str = "") -> Built:
    """Returns a product with nothing changed."""
    return Built(
        product=product, ids=product.ids, manufacturer=product.manufacturer, name=product.product,
        serial=serial or product.serial, bcd_device=product.bcd_device, parts=product.parts,
        configuration=product.configuration, speed=product.speed,
    )  # fmt: skip


def device_of(built: Built, port: str) -> UsbDevice:
    """Returns the USB device that a laptop sees, as Linux tells it."""
    kernel = built.product.kernel
    vendor, _, product = built.ids.partition(":")
    # configfs gives indexes 1 to 3 to manufacturer, product and serial, whether or not a serial was written.
    index = 4
    configuration = 0
    if kernel and built.configuration:
        configuration, index = index, index + 1
    interfaces: list[UsbInterface] = []
    inquiries: list[ScsiInquiry] = []
    for part in built.parts:
        number = len(interfaces)
        if part.role == "net":
            interfaces += _net(number, index)
            index += 4
        elif part.role == "storage":
            interfaces.append(_storage_interface(number, index, built.speed))
            inquiries.append(ScsiInquiry(vendor=part.inquiry[0][:8], product=part.inquiry[1][:16], removable=True))
            index += 2
        else:
            interfaces.append(_hid(built, part, number, index))
            index += 2 if kernel and not built.user_space else 0
    return UsbDevice(
        vendor_id=vendor,
        product_id=product,
        manufacturer=built.manufacturer,
        product=built.name,
        serial=unkeyed("serial", built.serial) if built.serial else None,
        has_serial=bool(built.serial) or kernel,
        bcd_device=built.bcd_device,
        bcd_usb=built.product.bcd_usb,
        device_class=built.product.device_class,
        speed_mbps=built.speed,
        max_packet_size0=built.product.max_packet_size0,
        port_path=port,
        configuration_index=configuration,
        removable="removable",
        interfaces=tuple(interfaces),
        scsi=tuple(inquiries),
    )


def _hid(built: Built, part: Part, number: int, index: int) -> UsbInterface:
    named = built.product.kernel and not built.user_space
    # f_hid: 4 at high speed and 10 at full speed; firmware and programs of their own choose theirs.
    interval = (4 if built.speed > 12 else 10) if built.product.kernel else built.product.interval
    points = [UsbEndpoint(address=0x81 + number, transfer="interrupt", max_packet_size=part.size, interval=interval)]
    if part.out:
        point = UsbEndpoint(address=1 + number, transfer="interrupt", max_packet_size=part.size, interval=interval)
        points.append(point)
    return UsbInterface(
        number=number,
        class_triple=part.triple,
        name="HID Interface" if named else "",
        name_index=index if named else 0,
        endpoints=tuple(points),
        bcd_hid="0101" if named else "0111",
        report_descriptor=part.report,
        driver="usbhid",
    )


def _storage_interface(number: int, index: int, speed: float) -> UsbInterface:
    size = 512 if speed > 12 else 64
    bulk = tuple(
        UsbEndpoint(address=address + number, transfer="bulk", max_packet_size=size, interval=0)
        for address in (0x81, 0x01)
    )
    return UsbInterface(
        number=number, class_triple="08/06/50", name="Mass Storage", name_index=index, endpoints=bulk,
        driver="usb-storage",
    )  # fmt: skip


def _net(number: int, index: int) -> list[UsbInterface]:
    """Returns the two interfaces of f_rndis."""
    return [
        UsbInterface(number=number, class_triple="e0/01/03", name="RNDIS Communications Control", name_index=index,
                     driver="rndis_host"),
        UsbInterface(number=number + 1, class_triple="0a/00/00", name="RNDIS Ethernet Data", name_index=index + 1,
                     driver="rndis_host"),
    ]  # fmt: skip
