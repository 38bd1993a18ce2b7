"""What of BlueZ's files and of HID names may stand in a capture.

Source: BlueZ doc/settings-storage.txt: a device's info file holds its link keys beside its name and class.
"""

import re
from collections.abc import Callable

BLUEZ = "/var/lib/bluetooth/"
HID_BUS = "/sys/bus/hid/"
_KEPT = (b"[General]", b"[DeviceID]")
#: HID and HID over GATT among the services, or a peripheral by its class of device.
_INPUT = re.compile(r"^Services=.*0000(?:1124|1812)-|^Class=0x[0-9a-fA-F]{3}[5dD][0-9a-fA-F]{2}", re.MULTILINE)
_NAME = re.compile(r"^((?:HID_)?Name=|Alias=)(.*)$", re.MULTILINE | re.IGNORECASE)
_OWNER = re.compile(r"^(.*)(?=['\u2019]s )")


def without_keys(path: str, data: bytes) -> bytes:
    """Returns a file's content; of BlueZ's own only the groups that hold no keys."""
    if not path.startswith(BLUEZ):
        return data
    kept: list[bytes] = []
    keep = False
    for line in data.split(b"\n"):
        if line.strip().startswith(b"["):
            keep = line.strip() in _KEPT
        if keep:
            kept.append(line)
    return b"\n".join(kept)


def without_names(path: str, text: str, invented: Callable[[str], str]) -> str:
    """Returns a text in which a device's name tells nobody: of one that gives input, only whose it is is replaced."""
    if not path.startswith((BLUEZ, HID_BUS)):
        return text
    gives_input = path.startswith(HID_BUS) or _INPUT.search(text) is not None
    return _NAME.sub(lambda match: match[1] + _replaced(match[2], invented, whole=not gives_input), text)


def _replaced(name: str, invented: Callable[[str], str], *, whole: bool) -> str:
    return invented(name) if whole else _OWNER.sub(lambda match: invented(match[1]), name)
