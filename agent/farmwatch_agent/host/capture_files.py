"""What of files that hold more than probes tell may stand in a capture, be it raw or not.

Sources: BlueZ doc/settings-storage.txt (a device's info file holds its link keys beside its name and class); Firefox's
XPIDatabase.sys.mjs (extensions.json holds addresses and settings beside ids); Chromium's policy files.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ..names import without_owner
from .command_lines import holds_command_lines, without_arguments

BLUEZ = "/var/lib/bluetooth/"
HID_BUS = "/sys/bus/hid/"
_KEPT = (b"[General]", b"[DeviceID]")
#: HID and HID over GATT among the services, or a peripheral by its class of device.
_INPUT = re.compile(r"^Services=.*0000(?:1124|1812)-|^Class=0x[0-9a-fA-F]{3}[5dD][0-9a-fA-F]{2}", re.MULTILINE)
_NAME = re.compile(r"^((?:HID_)?Name=|Alias=)(.*)$", re.MULTILINE | re.IGNORECASE)
_DATABASES = ("/extensions.json", "\\extensions.json")
_ADDON = ("id", "type", "location", "active")
_POLICIES = ("ExtensionInstallForcelist", "ExtensionSettings")
#: `pmset -g assertions` (pmset(1)): how many of each kind, then a line for each with its process, kind and name.
_ASSERTION = re.compile(
    rb" *pid \d+\([^\n]{1,128}?\): \[0x\w+\] (?:[\d:]+ )?\w+ named:"
    rb"|^Assertion status [\w-]+:|^Listed by owning process:|^ +\w+ +\d+(?= *$)",
    re.MULTILINE,
)


def told_of(path: str, data: bytes) -> bytes:
    """Returns what may be kept of a file's content: without keys of BlueZ, settings and addresses of browsers, and
    arguments of jobs, units, desktop entries and crontabs.
    """
    if path.startswith(BLUEZ):
        return _without_keys(data)
    if path.endswith(_DATABASES):
        return _json(data, _of_extensions)
    if "/policies/managed/" in path and path.endswith(".json"):
        return _json(data, _of_policies)
    if path.endswith(".plist"):
        from .macos.launchd_plists import of_capture  # noqa: PLC0415 (captures of Macs only)

        return of_capture(path, data)
    if holds_command_lines(path):
        return without_arguments(path, data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return data


def printed(command: str, data: bytes) -> bytes:
    """Returns what may be kept of what a command printed: of assertions their process and kind.

    Their names are titles of films and pages, their details what caffeinate(8) was asked to run, with its arguments.
    """
    return b"".join(match[0] + b"\n" for match in _ASSERTION.finditer(data)) if command == "assertions" else data


def _without_keys(data: bytes) -> bytes:
    kept: list[bytes] = []
    keep = False
    for line in data.split(b"\n"):
        if line.strip().startswith(b"["):
            keep = line.strip() in _KEPT
        if keep:
            kept.append(line)
    return b"\n".join(kept)


def without_names(path: str, text: str, invented: Callable[[str], str]) -> str:
    """Returns a text in which a device's name tells nobody: of one that gives input, only whose it is is left out."""
    if not path.startswith((BLUEZ, HID_BUS)):
        return text
    gives_input = path.startswith(HID_BUS) or _INPUT.search(text) is not None
    return _NAME.sub(lambda match: match[1] + _replaced(match[2], invented, whole=not gives_input), text)


def _replaced(name: str, invented: Callable[[str], str], *, whole: bool) -> str:
    return invented(name) if whole else without_owner(name)


def _json(data: bytes, reduced: Callable[[dict[str, Any]], Any]) -> bytes:
    """Returns a JSON object with only what `reduced` keeps; what is none keeps its length and nothing else."""
    try:
        content = msgspec.json.decode(data)
        if isinstance(content, dict):
            return msgspec.json.encode(reduced(content))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    return b"?" * len(data)


def _of_extensions(content: dict[str, Any]) -> dict[str, Any]:
    addons = content.get("addons")
    if not isinstance(addons, list):
        return {}
    return {"addons": [_of_addon(addon) for addon in addons if isinstance(addon, dict)]}


def _of_addon(addon: dict[str, Any]) -> dict[str, Any]:
    kept = {key: addon[key] for key in _ADDON if key in addon}
    told = addon.get("installTelemetryInfo")
    if isinstance(told, dict) and "source" in told:
        kept["installTelemetryInfo"] = {"source": told["source"]}
    return kept


def _of_policies(content: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    listed, settings = (content.get(key) for key in _POLICIES)
    if isinstance(listed, list):
        kept[_POLICIES[0]] = [str(entry).partition(";")[0] for entry in listed]
    if isinstance(settings, dict):
        kept[_POLICIES[1]] = {
            key: {"installation_mode": value.get("installation_mode")}
            for key, value in settings.items()
            if isinstance(value, dict)
        }
    return kept
