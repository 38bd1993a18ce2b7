"""EDID: what a monitor, or whatever claims to be one, says of itself.

Layout: VESA Enhanced EDID Standard release A revision 2 (EDID 1.4), section 3; CTA extension: CTA-861-H,
section 7.5; DisplayID extension: DisplayID 1.3 section 3, 2.0 section 4.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..errors import FormatError

BLOCK = 128
HEADER = bytes.fromhex("00ffffffffffff00")
#: More than any known monitor sends (the extension count is one byte; four blocks are rare).
MAX_BYTES = 256 * BLOCK

_DESCRIPTORS = (54, 72, 90, 108)
_SERIAL, _NAME = 0xFF, 0xFC
_CTA, _DISPLAY_ID = 0x02, 0x70
#: DisplayID data blocks that hold something unique: the product identification of both versions (serial in
#: bytes 5 to 8 of the payload), and whole payloads: serial string and container id.
_DISPLAY_ID_PRODUCT = (0x00, 0x20)
_DISPLAY_ID_UNIQUE = (0x0A, 0x29)


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """The preferred timing: active pixels and lines, refresh rate in Hz rounded to 0.1."""

    width: int
    height: int
    refresh: float


class EdidFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an EDID says.

    manufacturer   three letters; product: code as four lower hex digits
    serial_number  32-bit number; 0 when none is given
    serial, name   display descriptors 0xFF and 0xFC without padding; "" when absent
    week, year     of manufacture; week 0 when not given or when `year` is the model year
    size_cm        width and height; (0, 0) when not given (EDID 1.4 may give an aspect ratio instead)
    preferred      the first detailed timing; null when there is none
    digest         SHA-256 of all bytes; base_digest: of the first 128
    checksums      one per block that is there, whether its bytes add up to 0 modulo 256
    fault          the first thing found wrong, one sentence; "" when it is sound
    """

    manufacturer: str
    product: str
    serial_number: int
    serial: str
    name: str
    week: int
    year: int
    size_cm: tuple[int, int]
    preferred: Timing | None
    digest: str
    base_digest: str
    checksums: tuple[bool, ...]
    fault: str = ""


def parse(data: bytes) -> EdidFacts:
    """Returns what the bytes say; raises FormatError without a base block that begins with EDID's header."""
    if len(data) < BLOCK:
        raise FormatError(f"The EDID has {len(data)} bytes, its base block alone has {BLOCK}.")
    if len(data) > MAX_BYTES:
        raise FormatError(f"The EDID has {len(data)} bytes, more than {MAX_BYTES}.")
    if data[:8] != HEADER:
        raise FormatError("The EDID does not begin with its fixed header.")
    checksums = tuple(not sum(data[at : at + BLOCK]) & 0xFF for at in range(0, len(data) - BLOCK + 1, BLOCK))
    code = data[8] << 8 | data[9]
    letters = [code >> shift & 31 for shift in (10, 5, 0)]
    width, height = data[21], data[22]
    return EdidFacts(
        manufacturer="".join(chr(64 + letter) if 1 <= letter <= 26 else "?" for letter in letters),
        product=f"{data[11]:02x}{data[10]:02x}",
        serial_number=int.from_bytes(data[12:16], "little"),
        serial=_text(data, _SERIAL),
        name=_text(data, _NAME),
        week=data[16] if data[16] != 0xFF else 0,
        year=1990 + data[17],
        size_cm=(width, height) if width and height else (0, 0),
        preferred=_timing(data, _DESCRIPTORS[0]),
        digest=hashlib.sha256(data).hexdigest(),
        base_digest=hashlib.sha256(data[:BLOCK]).hexdigest(),
        checksums=checksums,
        fault=_fault(data, checksums, letters),
    )


def zeroed(data: bytes) -> bytes:
    """Returns the bytes with everything unique in them zeroed: serial number, serial strings, container id.

    Each changed block's checksum is made anew, because the old one would tell the sum of what was taken
    out; a block whose checksum was wrong stays wrong by the same amount. Whole blocks only: a cut one at the end
    is left out.
    """
    return rewritten(data, lambda unique: bytes(len(unique)))


def rewritten(data: bytes, replace: Callable[[bytes], bytes]) -> bytes:
    """Returns the bytes with each unique part replaced, checksums as `zeroed` leaves them.

    `replace` is given the four bytes of a serial number, the 13 of a serial descriptor, or a DisplayID field,
    and returns as many.
    """
    blocks = [bytearray(data[at : at + BLOCK]) for at in range(0, len(data) - BLOCK + 1, BLOCK)]
    for index, block in enumerate(blocks):
        error = sum(block) & 0xFF
        for start, end in _unique_parts(block, index):
            block[start:end] = replace(bytes(block[start:end]))
        block[-1] = (error - sum(block[:-1])) & 0xFF
    return b"".join(blocks)


def _unique_parts(block: bytearray, index: int) -> Iterator[tuple[int, int]]:
    """Yields where a block holds something unique, as start and end."""
    places: Iterable[int] = ()
    if index == 0:
        yield 12, 16
        places = _DESCRIPTORS
    elif block[0] == _CTA and block[2] >= 4:
        places = range(block[2], BLOCK - 18, 18)
    elif block[0] == _DISPLAY_ID:
        yield from _unique_in_display_id(block)
    for at in places:
        if block.startswith(b"\0\0\0\xff", at):
            yield at + 5, at + 18


def _unique_in_display_id(block: bytearray) -> Iterator[tuple[int, int]]:
    at = 5
    while at + 3 <= BLOCK - 1:
        tag, start = block[at], at + 3
        end = min(start + block[at + 2], BLOCK - 1)
        # A run of zeros is padding after the last data block and would look like empty product identifications.
        if tag in _DISPLAY_ID_PRODUCT and end - start >= 9:
            yield start + 5, start + 9
        elif tag in _DISPLAY_ID_UNIQUE:
            yield start, end
        at = start + block[at + 2]


def _text(data: bytes, tag: int) -> str:
    for at in _DESCRIPTORS:
        if data[at : at + 4] == bytes((0, 0, 0, tag)):
            raw = data[at + 5 : at + 18].split(b"\n", 1)[0].rstrip(b"\0 ")
            return "".join(chr(byte) if 0x20 <= byte < 0x7F else "\N{REPLACEMENT CHARACTER}" for byte in raw).strip()
    return ""


def _timing(data: bytes, at: int) -> Timing | None:
    clock = (data[at] | data[at + 1] << 8) * 10_000
    width = data[at + 2] | (data[at + 4] & 0xF0) << 4
    height = data[at + 5] | (data[at + 7] & 0xF0) << 4
    total = (width + (data[at + 3] | (data[at + 4] & 0x0F) << 8)) * (
        height + (data[at + 6] | (data[at + 7] & 0x0F) << 8)
    )
    if not clock or not total:
        return None
    return Timing(width=width, height=height, refresh=round(clock / total, 1))


def _fault(data: bytes, checksums: tuple[bool, ...], letters: list[int]) -> str:
    if not checksums[0]:
        return "The checksum of the EDID's base block is wrong."
    if not all(1 <= letter <= 26 for letter in letters):
        return "The EDID's manufacturer is not three letters."
    if len(data) % BLOCK:
        return f"The EDID has {len(data)} bytes, which is no number of whole blocks."
    if len(checksums) - 1 != data[126]:
        return f"The EDID says it has {data[126]} extension blocks, {len(checksums) - 1} are there."
    for index, sound in enumerate(checksums[1:], 1):
        if not sound:
            return f"The checksum of the EDID's extension block {index} is wrong."
    return ""
