"""What the kernel's input devices are: bus, functions, absolute or not, from sysfs.

Sources: Documentation/input/event-codes.rst and include/uapi/linux/input-event-codes.h for codes, input.h for buses;
drivers/input/input.c for the form of the bitmaps (hex words of a machine word's bits, highest first); which
capabilities make which device: systemd's udev builtin `input_id`. `uniq` and `phys`, where addresses stand, are
not read.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from farmwatch_schema.observables.input_source import InputDevice

from ..input_counts import InputSource, plain_name
from ..protocol import Host, HostError, Missing

CLASS = "/sys/class/input"
BLUETOOTH = "/sys/class/bluetooth"
MAX_DEVICES = 256
#: The lowest word of every keyboard's bitmap where a machine word has 32 bits; all keys but 0 up to bit 31.
_KEYS_OF_32 = "fffffffe"
_EV_KEY, _EV_REL, _EV_ABS = 1, 2, 3
_ABS_X, _ABS_Y = 0, 1
_BTN_MISC, _BTN_MOUSE, _BTN_JOYSTICK, _BTN_GAMEPAD = 0x100, 0x110, 0x120, 0x130
_BTN_TOOL_PEN, _BTN_TOOL_FINGER, _BTN_TOUCH, _BTN_STYLUS = 0x140, 0x145, 0x14A, 0x14B
_PROP_POINTER, _PROP_DIRECT, _PROP_ACCELEROMETER = 0, 1, 6
#: ESC, the digits, and letters up to D: who has them all is a keyboard, who has some is a row of buttons.
_KEYBOARD = 0xFFFFFFFE
_BUSES = {0x05: "bluetooth", 0x03: "usb", 0x06: "virtual"}
#: BUS_I8042, BUS_HOST, BUS_I2C, BUS_SPI, BUS_RMI, BUS_CEC apart: soldered in.
_BUILT_IN = frozenset({0x11, 0x18, 0x19, 0x1C, 0x1D})
#: Controllers made by software: USB over IP, and the kernel's pretended one.
_SOFTWARE = ("/vhci_hcd.", "/dummy_hcd.")
_USB_INTERFACE = re.compile(r"/(\d+-[\d.]+)/\d+-[\d.]+:\d+\.\d+/")
_RADIO = "/bluetooth/hci"
_I2C = re.compile(r"/i2c-([^/]+:\w+)/")
_I8042 = re.compile(r"/i8042/serio\d+/")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One input device.

    device  as it is told
    node    of its events: "event3"; "" when it has none
    place   its folder below /sys/devices
    """

    device: InputDevice
    node: str
    place: str

    @property
    def source(self) -> InputSource:
        """Where its input is counted."""
        functions = self.device.functions
        keyboard, other = "keyboard" in functions, bool(set(functions) - {"keyboard", "gamepad"})
        return InputSource(
            bus=self.device.bus,
            function="keyboard" if keyboard and not other else "pointer" if other and not keyboard else "",
            absolute=self.device.absolute,
            vendor_id=self.device.vendor_id,
            product_id=self.device.product_id,
        )

    @property
    def usb(self) -> str:
        """Its USB device's name below /sys/bus/usb/devices; "" when it is none."""
        return _usb(self.place)

    @property
    def line(self) -> str:
        """The name of its own interrupt in /proc/interrupts; "" when it has none of its own."""
        match = _I2C.search(self.place)
        if match is not None:
            return match[1]
        return "i8042" if _I8042.search(self.place) else ""


def bits(text: str, word: int = 64) -> int:
    """Returns a bitmap file's bits as one number; raises ValueError for what is no bitmap."""
    found = 0
    for part in text.split():
        if len(part) > word // 4:
            raise ValueError(part)
        found = found << word | int(part, 16)
    return found


def functions_of(ev: int, key: int, rel: int, abs_: int, properties: int) -> tuple[tuple[str, ...], bool]:
    """Returns sorted functions, and whether it is an absolute pointer: a mouse that is told where to be."""

    def has(number: int) -> bool:
        return bool(key >> number & 1)

    found: set[str] = set()
    absolute = False
    if properties >> _PROP_ACCELEROMETER & 1:
        return (), False
    direct = bool(properties >> _PROP_DIRECT & 1)
    if ev >> _EV_KEY & 1 and key & _KEYBOARD == _KEYBOARD:
        found.add("keyboard")
    if ev >> _EV_ABS & 1 and abs_ >> _ABS_X & 1 and abs_ >> _ABS_Y & 1:
        if has(_BTN_STYLUS) or has(_BTN_TOOL_PEN):
            found.add("tablet")
        elif has(_BTN_TOOL_FINGER) and not direct:
            found.add("pointer")  # a touchpad
        elif has(_BTN_MOUSE) and not direct:
            found.add("pointer")
            absolute = not properties >> _PROP_POINTER & 1
        elif has(_BTN_TOUCH) or direct:
            found.add("touch")
        elif any(map(has, range(_BTN_JOYSTICK, _BTN_TOOL_PEN))):
            found.add("gamepad")
    if ev >> _EV_REL & 1 and rel & 3 == 3 and has(_BTN_MOUSE):
        found.add("pointer")
    return tuple(sorted(found)), absolute


def bus_of(place: str, bustype: int, *, fixed: bool, adapter: bool) -> str:
    """Returns the bus of a device.

    place    its folder
    bustype  BUS_... of linux/input.h, which a device made by software may choose
    fixed    its USB device cannot be unplugged (the port's own word, not the device's)
    adapter  the laptop has a Bluetooth radio
    """
    if any(controller in place for controller in _SOFTWARE) or "/devices/virtual/input/" in place:
        return "virtual"
    if "/devices/virtual/" in place:
        # BlueZ hands its devices to the kernel through uhid, as anybody with the right may; ids are claims there.
        return "bluetooth" if bustype == 0x05 and adapter else "virtual"
    if _RADIO in place:
        return "bluetooth"
    if _usb(place):
        return "builtin" if fixed else "usb"
    if _I2C.search(place) or "/i8042/" in place or bustype in _BUILT_IN:
        return "builtin"
    return _BUSES.get(bustype, "other")


def devices(host: Host) -> Iterator[Found | tuple[str, HostError]]:
    """Yields every device that can give input, and the name of each that could not be looked at, with its error.

    Raises HostError when none could: Missing where the kernel has no input devices at all.
    """
    names = [name for name in host.names(CLASS) if name.startswith("input") and name[5:].isdigit()]
    adapter = _has_adapter(host)
    keys: dict[str, str] = {}
    for name in sorted(names, key=lambda name: int(name[5:]))[:MAX_DEVICES]:
        try:
            keys[name] = host.text(f"{CLASS}/{name}/capabilities/key", 4096)
        except Missing:
            continue  # unplugged between two looks
        except HostError as error:
            yield name, error
    word = _word(keys.values())
    for name, key in keys.items():
        try:
            found = _device(host, name, key, word, adapter=adapter)
        except Missing:
            continue
        except HostError as error:
            yield name, error
            continue
        if found is not None:
            yield found


def _word(keys: Iterable[str]) -> int:
    """Returns how many bits a word of the bitmaps has: 64, but on a 32-bit system, whose words are shorter."""
    words = [words for words in map(str.split, keys) if words]
    short = all(len(word) <= 8 for each in words for word in each)
    return 32 if short and any(each[-1] == _KEYS_OF_32 for each in words) else 64


def _device(host: Host, name: str, key: str, word: int, *, adapter: bool) -> Found | None:
    path = f"{CLASS}/{name}"
    ev = _bits(host.text(f"{path}/capabilities/ev", 64), word)
    if not ev & (1 << _EV_KEY | 1 << _EV_REL | 1 << _EV_ABS):
        return None
    rel = _bits(host.text(f"{path}/capabilities/rel", 4096), word) if ev >> _EV_REL & 1 else 0
    abs_ = _bits(host.text(f"{path}/capabilities/abs", 4096), word) if ev >> _EV_ABS & 1 else 0
    properties = _bits(host.text(f"{path}/properties", 4096), word) if abs_ else 0
    functions, absolute = functions_of(ev, _bits(key, word), rel, abs_, properties)
    if not functions:
        return None
    place = _place(host, path)
    ids = {part: _id(host, f"{path}/id/{part}") for part in ("bustype", "vendor", "product")}
    bus = bus_of(place, int(ids["bustype"] or "0", 16), fixed=_is_fixed(host, place), adapter=adapter)
    known = ids["vendor"] != "0000" or ids["product"] != "0000"
    device = InputDevice(
        name=plain_name(host.text(f"{path}/name", 512)),
        bus=bus,
        functions=functions,
        absolute=absolute if "pointer" in functions else False,
        vendor_id=ids["vendor"] if known else "",
        product_id=ids["product"] if known else "",
        driver=_driver(host, place),
    )
    return Found(device=device, node=_node(host, path), place=place)


def _bits(text: str, word: int) -> int:
    try:
        return bits(text, word)
    except ValueError:
        return 0


def _place(host: Host, path: str) -> str:
    try:
        target = host.link(path)
    except HostError:
        return path
    return "/sys/" + target.removeprefix("../../") if target.startswith("../../devices/") else target


def _id(host: Host, path: str) -> str:
    try:
        text = host.text(path, 16).lower()
    except HostError:
        return ""
    return text if re.fullmatch(r"[0-9a-f]{4}", text) else ""


def _usb(place: str) -> str:
    # The radio is a USB device in most laptops, and what comes through it is none.
    match = _USB_INTERFACE.search(place) if _RADIO not in place else None
    return match[1] if match else ""


def _is_fixed(host: Host, place: str) -> bool:
    name = _usb(place)
    if not name:
        return False
    try:
        return host.text(f"/sys/bus/usb/devices/{name}/removable", 32) == "fixed"
    except HostError:
        return False


def _driver(host: Host, place: str) -> str:
    parent, inside, _ = place.rpartition("/input/")
    if not inside or parent.endswith("/devices/virtual"):
        return ""
    try:
        return host.link(f"{parent}/driver").rpartition("/")[2]
    except HostError:
        return ""


def _node(host: Host, path: str) -> str:
    try:
        return next((name for name in host.names(path) if name.startswith("event") and name[5:].isdigit()), "")
    except HostError:
        return ""


def _has_adapter(host: Host) -> bool:
    try:
        return bool(host.names(BLUETOOTH))
    except HostError:
        return False
