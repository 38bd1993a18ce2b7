"""What is left of an EDID when everything is taken out that settings offer to change."""

import hashlib

_BLOCK = 128
_DESCRIPTORS = (54, 72, 90, 108)
#: Manufacturer, product, serial number, week and year (VESA E-EDID 1.4, section 3.4).
_IDENTITY = slice(8, 18)
#: Display descriptors that hold text: serial, unspecified text, name.
_TEXTS = (0xFF, 0xFE, 0xFC)


def body_digest(edid: str) -> str:
    """Returns the SHA-256 of an EDID's base block without identity, texts and checksum.

    Timings, colours, size and features stay: editors of names leave them as they are. `edid` is hex as
    `Display.edid` holds it; "" is returned for what has no base block.
    """
    try:
        block = bytearray(bytes.fromhex(edid)[:_BLOCK])
    except ValueError:
        return ""
    if len(block) < _BLOCK:
        return ""
    block[_IDENTITY] = bytes(10)
    for at in _DESCRIPTORS:
        if block.startswith(b"\0\0\0", at) and block[at + 3] in _TEXTS:
            block[at : at + 18] = bytes(18)
    block[-1] = 0
    return hashlib.sha256(block).hexdigest()
