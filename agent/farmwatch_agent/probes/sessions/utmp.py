"""utmp and wtmp records, hostile bytes included: other programs write them."""

import struct

import msgspec

USER_PROCESS = 7
DEAD_PROCESS = 8

#: type, pid, line, id, user, host, exit, session, seconds, microseconds, address, unused: bits/utmp.h.
_SHORT = struct.Struct("<hxxi32s4s32s256shhiii16s20s")
_LONG = struct.Struct("<hxxi32s4s32s256shhqqq16s20s4x")


class Login(msgspec.Struct, frozen=True, gc=False):
    """A record: kind of utmp(5), line, user, host as written, seconds since 1970."""

    kind: int
    line: str
    user: str
    host: str
    at: int


def parse_utmp(data: bytes) -> list[Login]:
    """Returns the records that make sense, in order; a torn last record is left out."""
    layout = _LONG if len(data) % _SHORT.size and len(data) % _LONG.size == 0 else _SHORT
    found: list[Login] = []
    for fields in layout.iter_unpack(data[: len(data) // layout.size * layout.size]):
        kind, _, line, _, user, host, _, _, _, seconds = fields[:10]
        if kind in (USER_PROCESS, DEAD_PROCESS):
            found.append(Login(kind, _word(line), _word(user), _word(host), max(seconds, 0)))
    return found


def _word(data: bytes) -> str:
    """Returns a padded field up to its first NUL, unprintable characters replaced."""
    text = data.split(b"\0", 1)[0].decode("utf-8", "replace")
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
