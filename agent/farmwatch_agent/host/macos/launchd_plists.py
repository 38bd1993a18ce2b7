"""Property lists of a Mac: the program of a launchd job without its arguments, and what of a list a capture may hold.

Source: launchd.plist(5).
"""

import re
from datetime import datetime
from typing import Any

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "env"})
#: A plain path: nothing for a shell to expand. In a shell's line a blank ends it, a file's name may have some.
_PLAIN = re.compile(r"/[\w./+@: -]+")
#: Keys that make a job start by itself.
STARTS = ("RunAtLoad", "KeepAlive", "StartInterval", "StartCalendarInterval", "Sockets", "MachServices", "WatchPaths",
          "QueueDirectories", "StartOnMount", "LaunchEvents")  # fmt: skip
_KEPT = ("Label", "Disabled", "LimitLoadToSessionType", "BundleProgram")
_MAX_PART, _MAX_TEXT = 256, 1024
_JOBS = ("/LaunchDaemons/", "/LaunchAgents/")
#: Lists with one switch that is read, and names of devices or places beside it.
_SWITCHES = (
    ("/com.apple.Bluetooth.plist", "ControllerPowerState"),
    ("/com.apple.locationd.", "LocationServicesEnabled"),
)
#: Lists that hold more than is read: what probes read of them, at whatever depth. Web applications keep addresses and
#: the browser profile's name in Info.plist (Chromium's web_app_shortcut_mac), the language settings the nearest city.
_PARTS = (
    (
        "/Info.plist",
        frozenset({"CFBundleDisplayName", "CFBundleName", "CFBundleShortVersionString", "CFBundleVersion"})
        | {"CFBundleIdentifier", "NSExtension", "NSExtensionPointIdentifier"},
    ),
    ("/var/db/receipts/", frozenset({"PackageIdentifier", "PackageVersion", "InstallDate"})),
    (
        "/com.apple.HIToolbox.plist",
        frozenset({"AppleEnabledInputSources", "KeyboardLayout Name", "Input Mode", "Bundle ID", "InputSourceKind"}),
    ),
    ("/.GlobalPreferences.plist", frozenset({"AppleLanguages"})),
    ("/com.apple.controlcenter.", frozenset({"AirplayRecieverEnabled"})),
)


def program_of(content: dict[str, Any]) -> str:
    """Returns the program that a job starts, never an argument; of a shell what it starts, when that is plain."""
    program = content.get("Program")
    given = content.get("ProgramArguments")
    words = [word for word in given if isinstance(word, str)] if isinstance(given, list) else []
    first = program if isinstance(program, str) and program else words[0] if words else ""
    if first.rpartition("/")[2] in _SHELLS:
        options = [word for word in words[1:] if word.startswith("-")]
        rest = next((word for word in words[1:] if not word.startswith("-")), "")
        if any("c" in option or "S" in option for option in options):
            rest = rest.partition(" ")[0]
        if _PLAIN.fullmatch(rest):
            return rest
    bundled = content.get("BundleProgram")
    return first or (bundled if isinstance(bundled, str) else "")


def of_capture(path: str, data: bytes) -> bytes:
    """Returns what may be kept of a property list: of jobs and of lists with a switch only what probes read."""
    if any(folder in path for folder in _JOBS):
        return without_arguments(data)
    for name, key in _SWITCHES:
        if name in path:
            content = _dictionary(data)
            return _dumped({key: content[key]} if isinstance(content.get(key), (bool, int)) else {})
    for name, keys in _PARTS:
        if name in path:
            return _dumped(_part(_dictionary(data), keys, 4)) if _dictionary(data) else b"no property list"
    return data


def _part(value: Any, keys: frozenset[str], depth: int) -> Any:
    """Returns what of a list stands below these keys; what lies deeper than any that is read is left out."""
    if isinstance(value, dict):
        found = {key: _part(value[key], keys, depth - 1) for key in sorted(keys & value.keys())} if depth else {}
        return {key: item for key, item in found.items() if item is not None}
    if isinstance(value, list):
        # A list in a list is nowhere read; a few of them that hold each other would unfold without end.
        plain = [item for item in value[:_MAX_PART] if isinstance(item, (dict, str))] if depth else []
        return [_part(item, keys, depth - 1) for item in plain]
    return value[:_MAX_TEXT] if isinstance(value, str) else value if isinstance(value, (bool, datetime)) else None


def without_arguments(data: bytes) -> bytes:
    """Returns a job's list with what probes tell and nothing else: no argument, no environment, no path of a log.

    What is no such list keeps nothing.
    """
    content = _dictionary(data)
    kept: dict[str, Any] = {key: content[key] for key in _KEPT if isinstance(content.get(key), (str, bool))}
    sessions = content.get("LimitLoadToSessionType")
    if isinstance(sessions, list):
        kept["LimitLoadToSessionType"] = [word for word in sessions if isinstance(word, str)]
    kept.update({key: True for key in STARTS if content.get(key)})
    if program := program_of(content):
        kept["Program"] = program
    return _dumped(kept) if kept else b"no property list of a job"


def _dictionary(data: bytes) -> dict[str, Any]:
    import plistlib  # noqa: PLC0415 (captures of Macs only)
    from xml.parsers.expat import ExpatError  # noqa: PLC0415

    try:
        content = plistlib.loads(data)
    except (ExpatError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _dumped(content: dict[str, Any]) -> bytes:
    import plistlib  # noqa: PLC0415 (captures of Macs only)

    try:
        return plistlib.dumps(content)
    except (TypeError, ValueError, ArithmeticError):
        # A binary list holds numbers that one in XML cannot.
        return b"no property list"
