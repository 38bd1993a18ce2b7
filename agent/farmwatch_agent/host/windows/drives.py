r"""Which device each drive letter means: parts of Windows name files by device, \Device\HarddiskVolume3\...

Source: learn.microsoft.com, QueryDosDeviceW.
"""

import ctypes
from string import ascii_uppercase
from typing import ClassVar

from ..row import Row
from .library import library

_LENGTH = 1024


class DriveLetter(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""A letter such as "C:" and the device behind it, "\Device\HarddiskVolume3"."""

    table: ClassVar[str] = "windows_drive"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    letter: str
    device: str = ""

    @classmethod
    def live(cls, of: str) -> "list[DriveLetter]":
        ask = library("kernel32").QueryDosDeviceW
        ask.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        ask.restype = ctypes.c_uint32
        found = []
        buffer = ctypes.create_unicode_buffer(_LENGTH)
        for letter in ascii_uppercase:
            name = ctypes.create_unicode_buffer(f"{letter}:")
            if ask(ctypes.addressof(name), ctypes.addressof(buffer), _LENGTH):
                found.append(cls(letter=f"{letter}:", device=buffer.value))
        return found


def with_letter(path: str, drives: list[DriveLetter]) -> str:
    r"""Returns a path of a device by its drive letter; as it is when no letter leads there."""
    folded = path.casefold()
    for drive in drives:
        if drive.device and folded.startswith(f"{drive.device.casefold()}\\"):
            return drive.letter + path[len(drive.device) :]
    return path
