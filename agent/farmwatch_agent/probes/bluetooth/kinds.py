"""What a Bluetooth device is by its numbers, the same everywhere. Source: Bluetooth Assigned Numbers, 2.6 and 2.8."""

from ...names import without_owner

#: 16-bit UUIDs of the HID service and of HID over GATT.
HID_SERVICES = ("1124", "1812")
_BASE = "-0000-1000-8000-00805f9b34fb"
_MAJOR = {1: "computer", 2: "phone", 4: "audio"}
_PERIPHERAL = 5
#: Bits 7 and 6 of a peripheral's minor class.
_INPUT = {1: "keyboard", 2: "mouse", 3: "keyboard_mouse"}
#: Bits 5 to 2: joystick, gamepad.
_GAMEPADS = frozenset({1, 2})
#: Appearance: categories (bits 15 to 6), and within 15 (human interface device) the lower six bits.
_CATEGORIES = {1: "phone", 2: "computer", 33: "audio", 34: "audio", 37: "audio", 41: "audio"}
_HID_CATEGORY = 15
_HID_APPEARANCES = {1: "keyboard", 2: "mouse", 3: "gamepad", 4: "gamepad", 9: "mouse"}
INPUT_KINDS = frozenset({"keyboard", "mouse", "keyboard_mouse", "gamepad"})


def kind_of_class(number: int) -> str:
    """Returns a device's kind by its class of device; "" for 0, which says nothing."""
    major, minor = number >> 8 & 0x1F, number >> 2 & 0x3F
    if major == _PERIPHERAL:
        return _INPUT.get(minor >> 4) or ("gamepad" if minor & 0xF in _GAMEPADS else "other")
    return _MAJOR.get(major, "other" if number else "")


def kind_of_appearance(number: int) -> str:
    """Returns a device's kind by its appearance; "" for 0, which says nothing."""
    category = number >> 6
    if category == _HID_CATEGORY:
        return _HID_APPEARANCES.get(number & 0x3F, "other")
    return _CATEGORIES.get(category, "other" if number else "")


def offers_hid(services: list[str]) -> bool:
    """Whether a list of service UUIDs (of 16 bits, or 128 in text) has HID or HID over GATT."""
    short = {text.lower().removesuffix(_BASE).removeprefix("0000").removeprefix("0x") for text in services}
    return not short.isdisjoint(HID_SERVICES)


def input_name(name: str) -> str:
    """Returns the name of a device that gives input, without whose it is: "Anna's Keyboard" is "Keyboard"."""
    return without_owner(name)[:64]
