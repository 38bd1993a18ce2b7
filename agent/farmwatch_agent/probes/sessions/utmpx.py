"""Records of /var/run/utmpx, the same on every Mac, hostile bytes included.

Layout: struct utmpx32 of Apple's Libc (gen/utmpx-darwin.h), 628 bytes: user 256, id 4, line 32, pid 4, type 2 and 2
unused, seconds 4, microseconds 4, host 256, unused 64. The first record is a signature, "utmpx-1.00" of type 10.
"""

import struct

from .utmp import DEAD_PROCESS, USER_PROCESS, Login

RECORD = struct.Struct("<256s4s32sih2xii256s64s")
SIGNATURE = b"utmpx-1.00"
#: More than any Mac has; what comes after is left out.
MAX_RECORDS = 4_096


def parse_utmpx(data: bytes) -> list[Login]:
    """Returns logins and ends of logins after the signature; raises ValueError for what is no such file."""
    if len(data) < RECORD.size or data[:256].split(b"\0", 1)[0] != SIGNATURE:
        raise ValueError("not a utmpx file of macOS")
    found: list[Login] = []
    for start in range(RECORD.size, min(len(data), RECORD.size * MAX_RECORDS) - RECORD.size + 1, RECORD.size):
        user, _, line, _, kind, seconds, _, host, _ = RECORD.unpack_from(data, start)
        if kind in (USER_PROCESS, DEAD_PROCESS):
            found.append(Login(kind=kind, user=_text(user), line=_text(line), host=_text(host), at=max(0, seconds)))
    return found


def _text(raw: bytes) -> str:
    text = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)
