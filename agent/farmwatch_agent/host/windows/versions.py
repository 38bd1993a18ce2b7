"""The version resource of a program: what its maker says it is.

Source: learn.microsoft.com, VS_VERSIONINFO, StringFileInfo, StringTable, String; GetFileVersionInfoW. A file can say
of itself what it likes: a name here is a claim, and worth more the less it fits the file's own name.
"""

import ctypes
import struct
from collections.abc import Iterator

from .library import error_of, last_error, library

_HEADER = struct.Struct("<3H")
_LIMIT = 1 << 20
_NODES = 500
_TEXT = 200
_WANTED = frozenset({"originalfilename", "internalname", "companyname", "productname"})


def read(path: str) -> bytes:
    """Returns a file's version resource, b"" when it has none; raises HostError."""
    version = library("version")
    size_of = version.GetFileVersionInfoSizeW
    size_of.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    size_of.restype = ctypes.c_uint32
    get = version.GetFileVersionInfoW
    get.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
    get.restype = ctypes.c_int32
    text = ctypes.create_unicode_buffer(path)
    ignored = ctypes.c_uint32()
    size = size_of(ctypes.addressof(text), ctypes.addressof(ignored))
    if not size:
        # ERROR_RESOURCE_DATA_NOT_FOUND, _TYPE_NOT_FOUND, _NAME_NOT_FOUND, ERROR_BAD_EXE_FORMAT: there is none.
        if last_error() in (0, 1812, 1813, 1814, 193):
            return b""
        raise error_of(last_error(), f"{path}: version resource")
    size = min(size, _LIMIT)
    buffer = (ctypes.c_uint8 * size)()
    if not get(ctypes.addressof(text), 0, size, ctypes.addressof(buffer)):
        raise error_of(last_error(), f"{path}: version resource")
    return bytes(buffer)


def parse(data: bytes) -> dict[str, str]:
    """Returns the wanted strings of a version resource by their folded names; none when it is no such resource."""
    found: dict[str, str] = {}
    budget = [_NODES]
    for key, start, end in _children(data, 0, len(data), budget):
        if key != "VS_VERSION_INFO":
            break
        for part, inner, stop in _children(data, start, end, budget):
            if part != "StringFileInfo":
                continue
            for _, first, last in _children(data, inner, stop, budget):
                for name, value_at, value_end in _children(data, first, last, budget):
                    folded = name.casefold()
                    if folded in _WANTED and folded not in found:
                        text = data[value_at:value_end].decode("utf-16-le", "replace").split("\0", 1)[0].strip()
                        if text:
                            found[folded] = text[:_TEXT]
        break
    return found


def _children(data: bytes, start: int, end: int, budget: list[int]) -> Iterator[tuple[str, int, int]]:
    """Yields key, start of what follows the key (after a binary value) and end of each node in a range."""
    while start + _HEADER.size <= end and budget[0] > 0:
        budget[0] -= 1
        length, value_length, kind = _HEADER.unpack_from(data, start)
        stop = min(start + length, end)
        if length < _HEADER.size + 2:
            return
        key_end = start + _HEADER.size
        while key_end + 2 <= stop and data[key_end : key_end + 2] != b"\0\0":
            key_end += 2
        key = data[start + _HEADER.size : key_end].decode("utf-16-le", "replace")
        inner = (key_end + 2 + 3) & ~3
        # A binary value (VS_FIXEDFILEINFO) stands before the children; a text is the value itself.
        yield key, inner + (((value_length + 3) & ~3) if kind == 0 else 0), stop
        start = (start + length + 3) & ~3
