"""Figures, times and device-supplied text as people read them.

Everything a laptop sent is hostile text. `visible` and `shown` are the only ways in which such text
reaches a page: characters that draw nothing, or that change the direction of what follows, are
written as their code points, and long text is cut with the rest behind a summary.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from markupsafe import Markup, escape

#: Device-supplied text up to this many characters is shown at once.
SHORT = 120
#: The same inside an attribute, which has no summary to unfold.
LINE = 200
#: And at most this many behind the summary; the raw section holds all of it.
LONG = 4_000
#: The minus sign, not the hyphen.
MINUS = "\N{MINUS SIGN}"

#: Marks above or below a letter that are drawn in a row; more of them would cover the neighbours.
MARKS = 2

#: How a head sentence begins: "Near certain, about 98 in 100: ".
_HEAD = re.compile(r"\A[A-Z][a-z ]+, (?:about|more than|less than) [\d,]+ in [\d,]+: ")

_UNDRAWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, limit: int = SHORT) -> Markup:
    """Returns one line of escaped, direction-isolated text, cut at `limit` characters and saying so."""
    cut = len(text) - limit
    tail = Markup(' <span class="cut">… {} more characters</span>').format(f"{cut:,}") if cut > 0 else Markup("")
    return Markup("<bdi>{}</bdi>{}").format(_drawn(text[:limit]), tail)


def plain(text: str, limit: int = LINE) -> str:
    """Returns text for an attribute or a title: one line, undrawn characters as code points, cut, not yet escaped."""
    drawn = "".join(f"[U+{ord(char):04X}]" if _undrawn(char) else char for char in text[:limit])
    return drawn + ("…" if len(text) > limit else "")


def shown(text: str, limit: int = SHORT) -> Markup:
    """Returns text like `visible`, with what was cut off behind a summary; block content, not for headings."""
    if len(text) <= limit:
        return Markup("<bdi>{}</bdi>").format(_drawn(text))
    more = len(text) - limit
    beyond = f" (first {LONG:,} of {len(text):,}; the raw section has all)" if len(text) > LONG else ""
    return Markup(
        '<bdi>{}</bdi><details class="rest"><summary>… {} more characters{}</summary><bdi>{}</bdi></details>'
    ).format(_drawn(text[:limit]), f"{more:,}", beyond, _drawn(text[limit:LONG]))


def _undrawn(char: str) -> bool:
    category = unicodedata.category(char)
    return category in _UNDRAWN or (category == "Zs" and char != " ")


def _drawn(text: str) -> Markup:
    if text.isascii() and text.isprintable():
        return escape(text)
    parts: list[Markup] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks > MARKS or _undrawn(char):
            name = unicodedata.name(char, "control character").lower()
            parts.append(Markup('<span class="odd" title="{}">{}</span>').format(name, f"U+{ord(char):04X}"))
        else:
            parts.append(escape(char))
    return Markup("").join(parts)


def number(value: float) -> str:
    """Returns a signed figure without needless decimals: "+12", "0"; the minus is U+2212, as wide as the plus."""
    size = f"{abs(value):.1f}".removesuffix(".0")
    if size == "0":
        return "0"
    return f"{'+' if value > 0 else MINUS}{size}"


def share(value: float) -> str:
    """Returns a probability of a level table: "0.2", "0.00003"; never in exponent form."""
    return f"{value:.12f}".rstrip("0").rstrip(".") if value else "0"


def share_short(value: float) -> str:
    """Returns a measured share with two figures that mean something: "0.000032"; never in exponent form."""
    return format(Decimal(f"{value:.2g}"), "f") if value else "0"


def ratio(m: float, u: float) -> str:
    """Returns how many times likelier a level is on a farm laptop: "250 times", or "4 times less"."""
    if not m or not u:
        return ""
    times = m / u
    return f"{_figure(times)} times likelier" if times >= 1 else f"{_figure(1 / times)} times less likely"


def _figure(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{round(value):,}"


def age(moment: datetime, now: datetime) -> str:
    """Returns how long ago a moment was, in its largest unit: "3 min ago"; a later one is "in 3 min"."""
    past = now >= moment
    words = span(abs(now - moment))
    if words == "under 1 min":
        return "just now"
    return f"{words} ago" if past else f"in {words}"


def span(length: timedelta) -> str:
    """Returns a length of time in its largest unit: "45 s" is "under 1 min", then min, h and days."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def moment(at: datetime) -> str:
    """Returns a time in UTC to the minute: "2026-11-22 08:17"."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def because(sentence: str) -> str:
    """Returns a head sentence without level and chance at its beginning, which a row tells in other columns."""
    rest = _HEAD.sub("", sentence, count=1)
    return rest[:1].upper() + rest[1:]


def skew(seconds: int) -> str:
    """Returns how the laptop's clock differs from the collector's, in words."""
    if abs(seconds) < 60:
        return "within a minute"
    return f"{span(timedelta(seconds=abs(seconds)))} {'ahead' if seconds > 0 else 'behind'}"


def title(name: str) -> str:
    """Returns a field's or type's name in words: `max_packet_size0` is "max packet size0"."""
    return name.replace("_", " ")
