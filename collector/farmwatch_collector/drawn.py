"""Text of laptops and people for terminals and log lines, where no markup protects the reader."""

import unicodedata

_UNDRAWN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def drawn(text: str, kept: str = "") -> str:
    """Returns text in which what draws nothing, or changes the direction of the rest, is told by its code point.

    kept  characters that stay although they draw nothing
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(each):04X}]" if each not in kept and unicodedata.category(each) in _UNDRAWN else each for each in text
    )
