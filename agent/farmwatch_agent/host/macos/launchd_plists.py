"""Property lists of launchd's jobs: the program without its arguments, and what of a list a capture may hold.

Source: launchd.plist(5).
"""

import re
from typing import Any

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "env"})
#: A plain path: nothing for a shell to expand. In a shell's line a blank ends it, a file's name may have some.
_PLAIN = re.compile(r"/[\w./+@: -]+")
#: Keys that make a job start by itself.
STARTS = ("RunAtLoad", "KeepAlive", "StartInterval", "StartCalendarInterval", "Sockets", "MachServices", "WatchPaths",
          "QueueDirectories", "StartOnMount", "LaunchEvents")  # fmt: skip
_KEPT = ("Label", "Disabled", "LimitLoadToSessionType", "BundleProgram")


def program_of(content: dict[str, Any]) -> str:
    """Returns the program that a job starts, never an argument; of a shell what it starts, when that is plain."""
    program = content.get("Program")
    given = content.get("ProgramArguments")
    words = [word for word in given if isinstance(word, str)] if isinstance(given, list) else []
    first = program if isinstance(program, str) and program else words[0] if words else ""
    if first.rpartition("/")[2] in _SHELLS:
        options = [word for word in words[1:] if word.startswith("-")]
        rest = next((word for word in words[1:] if not word.startswith("-")), "")
        if any("c" in option for option in options):
            rest = rest.partition(" ")[0]
        if _PLAIN.fullmatch(rest):
            return rest
    bundled = content.get("BundleProgram")
    return first or (bundled if isinstance(bundled, str) else "")


def without_arguments(data: bytes) -> bytes:
    """Returns a job's list with what probes tell and nothing else: no argument, no environment, no path of a log."""
    import plistlib  # noqa: PLC0415 (captures of Macs only)
    from xml.parsers.expat import ExpatError  # noqa: PLC0415

    try:
        content = plistlib.loads(data)
    except (ExpatError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return b"not a property list"
    if not isinstance(content, dict):
        return b"not a dictionary"
    kept = {key: content[key] for key in _KEPT if isinstance(content.get(key), (str, bool))}
    sessions = content.get("LimitLoadToSessionType")
    if isinstance(sessions, list):
        kept["LimitLoadToSessionType"] = [word for word in sessions if isinstance(word, str)]
    kept.update({key: True for key in STARTS if content.get(key)})
    if program := program_of(content):
        kept["Program"] = program
    return plistlib.dumps(kept)
