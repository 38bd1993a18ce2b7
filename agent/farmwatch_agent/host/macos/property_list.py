"""Property lists, XML or binary, as commands and files of macOS hold them.

`ioreg -a` puts a device's name into its XML as it came, control characters and all, which XML 1.0 forbids: without
taking them out, one device with such a name would hide all others.
"""

from typing import Any

from ..protocol import SourceBroken

_FORBIDDEN = bytes(byte for byte in range(32) if byte not in b"\t\n\r")


def parse(data: bytes, what: str) -> Any:
    """Returns what a property list holds; raises SourceBroken, with `what` in its message, for anything else."""
    import plistlib  # noqa: PLC0415 (no other platform needs it)
    from xml.parsers.expat import ExpatError  # noqa: PLC0415

    try:
        try:
            return plistlib.loads(data)
        except ExpatError:
            cleaned = data.decode("utf-8", "replace").encode().translate(None, _FORBIDDEN)
            return plistlib.loads(cleaned)
    except (ExpatError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError,
            MemoryError, OSError) as error:  # fmt: skip
        raise SourceBroken(f"{what}: is no property list: {type(error).__name__}") from None
