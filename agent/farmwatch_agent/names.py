"""Names of devices without whose they are: people name what they pair, and systems name it after them.

"Anna's Keyboard", "Magic Keyboard von Anna", "Teclado de Anna": the languages of Apple's and Microsoft's largest
markets. A genitive without a mark of its own ("Annas Tastatur") cannot be told from a word.
"""

import re

#: Of a name no more is looked at; what people call their devices is shorter.
_MAX_READ = 400
#: What ends an owner who stands first: English, Japanese, Chinese.
_FIRST = re.compile(r"^.*(?:['\u2019]s |s['\u2019] |\u306e ?|\u7684 ?)", re.DOTALL)
#: What begins one who stands last: German, Dutch, Danish and Swedish; French, Spanish, Portuguese and Italian.
_LAST = re.compile(r" (?:(?:von|van|af|av|de|di|da|do|del|della|du) |d['\u2019])(?=\w).*$", re.DOTALL)


def without_owner(name: str) -> str:
    """Returns a device's name without its owner's: "Anna's Mouse" is "Mouse"."""
    plain = " ".join(name[:_MAX_READ].split()) + " "
    return _LAST.sub("", _FIRST.sub("", plain)).strip()
