"""Whether an ordinary user may replace a file, from access lists of it and of its folder.

Sources: learn.microsoft.com, GetNamedSecurityInfoW, ACL, ACE_HEADER, ACCESS_ALLOWED_ACE, "File Access Rights
Constants", "Well-known SIDs". Entries that deny are passed over: what Windows ships has none for writing, and an
answer that is "yes" too often is checked by a person, while "no" is not.
"""

import ctypes
import struct

from ..protocol import SourceBroken
from .library import error_of, library

_FILE_OBJECT, _OWNER, _DACL = 1, 0x1, 0x4
_ALLOWED, _ALLOWED_CALLBACK, _INHERIT_ONLY = 0, 9, 0x08
#: FILE_WRITE_DATA (on a folder: add a file), FILE_DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, _WRITE
_FILE_RIGHTS = 0x2 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
#: In a folder somebody who may only add files cannot touch the program: what counts is deleting what is there.
_FOLDER_RIGHTS = 0x40 | 0x40000 | 0x80000 | 0x10000000
_ENTRIES = 512
_PEOPLE = ("S-1-5-21-", "S-1-12-1-")
#: Everyone, Authenticated Users, Interactive, Users, Guests, Local account, all application packages
_CROWDS = frozenset({"S-1-1-0", "S-1-5-11", "S-1-5-4", "S-1-5-32-545", "S-1-5-32-546", "S-1-5-113", "S-1-15-2-1"})
#: Domain Admins, Enterprise Admins and the built-in Administrator, by the last number.
_TRUSTED_ENDS = ("-500", "-512", "-518", "-519")


def may_users_write(path: str, *, folder: bool) -> bool:
    """Returns whether somebody who is no administrator may replace it; raises HostError."""
    owner, entries = _descriptor(path)
    if _is_ordinary(owner):
        return True
    wanted = _FOLDER_RIGHTS if folder else _FILE_RIGHTS
    return entries is None or any(mask & wanted and _is_ordinary(sid) for sid, mask in entries)


def _is_ordinary(sid: str) -> bool:
    return sid in _CROWDS or (sid.startswith(_PEOPLE) and not sid.endswith(_TRUSTED_ENDS))


def parse_entries(acl: bytes) -> list[tuple[str, int]]:
    """Returns account and rights of each entry of an access list that allows something here."""
    found: list[tuple[str, int]] = []
    if len(acl) < 8:
        raise SourceBroken("an access list has a head of 8 bytes")
    count = min(struct.unpack_from("<H", acl, 4)[0], _ENTRIES)
    start = 8
    for _ in range(count):
        if start + 16 > len(acl):
            break
        kind, flags, size = struct.unpack_from("<BBH", acl, start)
        if size < 8:
            break
        if kind in (_ALLOWED, _ALLOWED_CALLBACK) and not flags & _INHERIT_ONLY:
            found.append((sid_of(acl[start + 8 : start + size]), struct.unpack_from("<I", acl, start + 4)[0]))
        start += size
    return found


def sid_of(data: bytes) -> str:
    """Returns a security identifier's text, "" when the bytes are none (learn.microsoft.com, SID)."""
    if len(data) < 8 or data[0] != 1 or data[1] > 15 or len(data) < 8 + 4 * data[1]:
        return ""
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(("S-1", str(int.from_bytes(data[2:8], "big")), *map(str, parts)))


def _descriptor(path: str) -> tuple[str, list[tuple[str, int]] | None]:
    """Returns owner and entries of a file's access list; entries are None when it has none: all may do anything."""
    advapi = library("advapi32")
    ask = advapi.GetNamedSecurityInfoW
    ask.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, *([ctypes.c_void_p] * 5))
    ask.restype = ctypes.c_uint32
    length_of = advapi.GetLengthSid
    length_of.argtypes = (ctypes.c_void_p,)
    length_of.restype = ctypes.c_uint32
    free = library("kernel32").LocalFree
    free.argtypes = (ctypes.c_void_p,)
    free.restype = ctypes.c_void_p
    text = ctypes.create_unicode_buffer(path)
    owner, acl, whole = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    code = ask(
        ctypes.addressof(text), _FILE_OBJECT, _OWNER | _DACL,
        *(ctypes.addressof(owner), None, ctypes.addressof(acl), None, ctypes.addressof(whole)),
    )  # fmt: skip
    if code:
        raise error_of(code, f"{path}: access list")
    try:
        sid = sid_of(ctypes.string_at(owner.value, min(length_of(owner), 68))) if owner.value else ""
        if not acl.value:
            return sid, None
        size = struct.unpack_from("<H", ctypes.string_at(acl.value, 8), 2)[0]
        return sid, parse_entries(ctypes.string_at(acl.value, size))
    finally:
        free(whole)
