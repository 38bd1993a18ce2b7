# ruff: noqa: INP001 (data for tests, not a package of them)
"""Builds small file trees that `--root` reads as a laptop: USB devices, monitors, the least of /proc.

Each function writes into `root` what the Linux kernel shows of the facts it is given, in the layout that
docs/root-tree.md describes. machines.py has whole laptops with the sources of their facts. To look at one:
`python -m tests.cases.machines jetkvm_as_logitech DIR`, then `farmwatch-agent collect --root DIR`.
"""

import os
from collections.abc import Sequence

import msgspec

CONTROLLER = "sys/devices/pci0000:00/0000:00:14.0"
GRAPHICS = "sys/devices/pci0000:00/0000:00:02.0"

_TRANSFERS = {"control": 0, "isochronous": 1, "bulk": 2, "interrupt": 3}


def put(root: str, path: str, content: bytes | str) -> str:
    """Writes a file below `root`, making its folders; text gets the line end that sysfs gives it. Returns `path`."""
    place = os.path.join(root, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(content if isinstance(content, bytes) else f"{content}\n".encode())
    return path


def link(root: str, path: str, target: str) -> None:
    """Makes `path` a relative link to `target`, both below `root`, as sysfs does."""
    place = os.path.join(root, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.symlink(os.path.relpath(os.path.join(root, target), os.path.dirname(place)), place)


class Endpoint(msgspec.Struct, frozen=True):
    """bEndpointAddress (bit 7: towards the laptop), kind of transfer, wMaxPacketSize, bInterval."""

    address: int
    transfer: str
    size: int
    interval: int


class Unit(msgspec.Struct, frozen=True):
    """A SCSI unit behind a storage interface: inquiry strings, and what the block layer calls it."""

    vendor: str
    product: str
    removable: bool = True
    block: str = "sda"


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """An interface: class triple "03/01/01"; `name` needs a `name_index`; `report` is its HID report descriptor."""

    triple: str
    endpoints: tuple[Endpoint, ...] = ()
    name: str | None = None
    name_index: int = 0
    report: bytes = b""
    bcd_hid: str = "0111"
    driver: str = ""
    units: tuple[Unit, ...] = ()

    def bytes_of(self, number: int) -> bytes:
        """Returns the interface descriptor with its HID and endpoint descriptors."""
        parts = [bytes((9, 4, number, 0, len(self.endpoints), *_triple(self.triple), self.name_index))]
        if self.triple.startswith("03"):
            size = len(self.report).to_bytes(2, "little")
            parts.append(bytes((9, 0x21)) + _bcd(self.bcd_hid) + bytes((0, 1, 0x22)) + size)
        parts += [
            bytes((7, 5, point.address, _TRANSFERS[point.transfer]))
            + point.size.to_bytes(2, "little")
            + bytes((point.interval,))
            for point in self.endpoints
        ]
        return b"".join(parts)


class Association(msgspec.Struct, frozen=True):
    """An interface association descriptor: first interface, how many, class triple, string index."""

    first: int
    count: int
    triple: str
    name_index: int = 0


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A USB device as its descriptors tell it; strings that are None have no index and no file.

    `silent_serial` is the index of a serial string that the device does not answer.
    """

    ids: str
    speed: str
    interfaces: tuple[Interface, ...]
    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None
    silent_serial: int = 0
    bcd_device: str = "0100"
    bcd_usb: str = "0200"
    triple: str = "00/00/00"
    max_packet_size0: int = 64
    configuration_index: int = 0
    attributes: int = 0xA0
    max_power: int = 50
    removable: str = "removable"
    associations: tuple[Association, ...] = ()

    def indexes(self) -> tuple[int, int, int]:
        """Returns iManufacturer, iProduct, iSerial, numbered from 1 as most firmware does."""
        indexes = []
        following = 1
        for text in (self.manufacturer, self.product, self.serial):
            indexes.append(following if text is not None else 0)
            following += text is not None
        return indexes[0], indexes[1], indexes[2] or self.silent_serial

    def descriptors(self) -> bytes:
        """Returns the content of the `descriptors` file: the device descriptor and one configuration."""
        vendor, _, product = self.ids.partition(":")
        device = (
            bytes((18, 1))
            + _bcd(self.bcd_usb)
            + _triple(self.triple)
            + bytes((self.max_packet_size0,))
            + _bcd(vendor)
            + _bcd(product)
            + _bcd(self.bcd_device)
            + bytes((*self.indexes(), 1))
        )
        body = b""
        for number, interface in enumerate(self.interfaces):
            for group in self.associations:
                if group.first == number:
                    body += (
                        bytes((8, 11, group.first, group.count)) + _triple(group.triple) + bytes((group.name_index,))
                    )
            body += interface.bytes_of(number)
        total = (9 + len(body)).to_bytes(2, "little")
        head = bytes((len(self.interfaces), 1, self.configuration_index, self.attributes, self.max_power))
        return device + bytes((9, 2)) + total + head + body


def root_hub(root: str, bus: int = 1, *, product: str = "xHCI Host Controller", at: str = CONTROLLER) -> str:
    """Writes a controller's root hub `usb1`; returns its folder. Facts: drivers/usb/core/hcd.c."""
    folder = f"{at}/usb{bus}"
    hub = Device(
        ids="1d6b:0002",
        speed="480",
        manufacturer="Linux 6.1.0 xhci-hcd",
        product=product,
        serial="0000:00:14.0",
        bcd_device="0601",
        triple="09/00/01",
        attributes=0xE0,
        max_power=0,
        interfaces=(Interface(triple="09/00/00", endpoints=(Endpoint(0x81, "interrupt", 4, 12),), driver="hub"),),
    )
    _write_device(root, folder, f"usb{bus}", f"{bus}-0", hub)
    return folder


def usb_device(root: str, port: str, device: Device, *, at: str = CONTROLLER) -> str:
    """Writes a device on a port ("1-4", behind a hub "1-4.2") and returns its folder; makes its root hub if needed."""
    bus, _, ports = port.partition("-")
    folder = f"{at}/usb{bus}"
    if not os.path.isdir(os.path.join(root, folder)):
        root_hub(root, int(bus), at=at)
    steps = ports.split(".")
    for depth in range(len(steps)):
        folder += f"/{bus}-{'.'.join(steps[: depth + 1])}"
    _write_device(root, folder, port, port, device)
    return folder


def _write_device(root: str, folder: str, name: str, prefix: str, device: Device) -> None:
    vendor, _, product = device.ids.partition(":")
    put(root, f"{folder}/descriptors", device.descriptors())
    for file, content in (
        ("idVendor", vendor),
        ("idProduct", product),
        ("bcdDevice", device.bcd_device),
        ("speed", device.speed),
        ("version", f"{device.bcd_usb[:2].lstrip('0') or '0':>2}.{device.bcd_usb[2:]}"),
        ("bMaxPacketSize0", str(device.max_packet_size0)),
        ("bConfigurationValue", "1"),
        ("bNumInterfaces", f"{len(device.interfaces):2}"),
        ("removable", device.removable),
    ):
        put(root, f"{folder}/{file}", content)
    for file, text in (("manufacturer", device.manufacturer), ("product", device.product), ("serial", device.serial)):
        if text is not None:
            put(root, f"{folder}/{file}", text)
    link(root, f"sys/bus/usb/devices/{name}", folder)
    for number, interface in enumerate(device.interfaces):
        _write_interface(root, f"{folder}/{prefix}:1.{number}", device.ids, interface)
        link(root, f"sys/bus/usb/devices/{prefix}:1.{number}", f"{folder}/{prefix}:1.{number}")


def _write_interface(root: str, folder: str, ids: str, interface: Interface) -> None:
    for file, value in zip(("Class", "SubClass", "Protocol"), interface.triple.split("/"), strict=True):
        put(root, f"{folder}/bInterface{file}", value)
    put(root, f"{folder}/bInterfaceNumber", folder.rpartition(".")[2].zfill(2))
    if interface.name is not None:
        put(root, f"{folder}/interface", interface.name)
    if interface.driver:
        os.makedirs(os.path.join(root, f"sys/bus/usb/drivers/{interface.driver}"), exist_ok=True)
        link(root, f"{folder}/driver", f"sys/bus/usb/drivers/{interface.driver}")
    if interface.report:
        hid = f"0003:{ids.upper()}.{_next(root, 'sys/bus/hid/devices') + 1:04X}"
        put(root, f"{folder}/{hid}/report_descriptor", interface.report)
        link(root, f"sys/bus/hid/devices/{hid}", f"{folder}/{hid}")
    for lun, unit in enumerate(interface.units):
        address = f"{_next(root, 'sys/class/scsi_host')}:0:0:{lun}"
        host = address.partition(":")[0]
        place = f"{folder}/host{host}/target{host}:0:0/{address}"
        put(root, f"{place}/vendor", f"{unit.vendor:<8.8}")
        put(root, f"{place}/model", f"{unit.product:<16.16}")
        put(root, f"{place}/block/{unit.block}/removable", str(int(unit.removable)))
        link(root, f"sys/class/scsi_host/host{host}", f"{folder}/host{host}")


def display(root: str, connector: str, edid: bytes, *, card: int = 0, driver: str = "i915", status: str = "connected",
            modes: Sequence[str] = ("1920x1080",)) -> None:  # fmt: skip
    """Writes a connector of a graphics card: "HDMI-A-1", "eDP-1"; one that is not connected has no EDID."""
    device = f"{GRAPHICS}/drm/card{card}"
    folder = f"{device}/card{card}-{connector}"
    connected = status == "connected"
    put(root, f"{folder}/status", status)
    put(root, f"{folder}/enabled", "enabled" if connected else "disabled")
    put(root, f"{folder}/edid", edid if connected else b"")
    put(root, f"{folder}/modes", "".join(f"{mode}\n" for mode in modes).encode() if connected else b"")
    if not os.path.lexists(os.path.join(root, f"{device}/device")):
        link(root, f"{device}/device", GRAPHICS)
        os.makedirs(os.path.join(root, f"sys/bus/pci/drivers/{driver}"), exist_ok=True)
        link(root, f"{GRAPHICS}/driver", f"sys/bus/pci/drivers/{driver}")
        link(root, f"sys/class/drm/card{card}", device)
    link(root, f"sys/class/drm/card{card}-{connector}", folder)


def edid(manufacturer: str, product: int, *, name: str = "", serial: str = "", serial_number: int = 0, week: int = 10,
         year: int = 2023, size_cm: tuple[int, int] = (31, 17)) -> bytes:  # fmt: skip
    """Returns a sound 128-byte EDID 1.4 of a 1920x1080 monitor at 60 Hz (CEA-861 timing 16)."""
    letters = 0
    for letter in manufacturer:
        letters = letters << 5 | ord(letter) - 64
    width, height = size_cm[0] * 10, size_cm[1] * 10
    timing = bytes.fromhex("023a801871382d40582c4500") + bytes(
        (width & 255, height & 255, width >> 8 << 4 | height >> 8, 0, 0, 0x1E)
    )
    descriptors = timing
    for tag, text in ((0xFF, serial), (0xFC, name)):
        body = (text.encode()[:13] + b"\n").ljust(13)[:13] if text else bytes(13)
        descriptors += bytes((0, 0, 0, tag if text else 0x10, 0)) + body
    descriptors += bytes((0, 0, 0, 0x10, 0)) + bytes(13)
    block = bytes.fromhex("00ffffffffffff00") + letters.to_bytes(2, "big") + product.to_bytes(2, "little")
    block += serial_number.to_bytes(4, "little") + bytes((week, year - 1990, 1, 4, 0xA5, *size_cm, 0x78, 0x3A))
    block += bytes.fromhex("ee95a3544c99260f5054000000") + b"\x01" * 16 + descriptors[:72] + b"\0"
    return block + bytes((-sum(block) & 255,))


def system(root: str, *, booted: int = 1_760_000_000, up: float = 3600.0) -> None:
    """Writes the least of a running system: clock and boot id. Formats: proc(5), proc_uptime(5)."""
    put(root, "proc/uptime", f"{up:.2f} {up:.2f}")
    put(root, "proc/stat", f"cpu  0 0 0 0 0 0 0 0 0 0\nbtime {booted}")
    put(root, "proc/sys/kernel/random/boot_id", "6e1f3b9a-0d52-4c5e-9a51-3f0e6f1c2b7d")


def _next(root: str, folder: str) -> int:
    place = os.path.join(root, folder)
    return len(os.listdir(place)) if os.path.isdir(place) else 0


def _bcd(digits: str) -> bytes:
    return bytes.fromhex(digits)[::-1]


def _triple(text: str) -> bytes:
    return bytes.fromhex(text.replace("/", ""))
