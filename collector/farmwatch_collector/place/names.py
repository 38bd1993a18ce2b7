"""Names of places as people write them, made comparable: "München", "MUNCHEN" and "munchen" are one."""

import re
import unicodedata

#: Letters that Unicode does not take apart, as their languages write them without.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "ð": "d", "þ": "th"})
_SHORT = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
_MARKS = re.compile("['\u2019`\u02bb]")
_WORDS = re.compile(r"[^\w]+|_")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


def fold(text: str) -> str:
    """Returns a name without case, accents, hyphens and dots; "St." is "saint", "Ft." "fort", "Mt." "mount"."""
    plain = text.casefold()
    if not plain.isascii():
        plain = plain.translate(_LETTERS)
        plain = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return " ".join(_SHORT.get(word, word) for word in _WORDS.split(_MARKS.sub("", plain)) if word)


def spelt_out(text: str) -> str:
    """Returns the folded name with umlauts as two letters, as "Wuerzburg" for "Würzburg"; equal to `fold` without."""
    if text.isascii():
        return fold(text)
    return fold(unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS))
