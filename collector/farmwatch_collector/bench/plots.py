"""The page's plots as SVG text: made here, with no script, coloured by the page's own tokens.

Each shows figures that a table beside it states too. Widths are in user units; the page scales them.
"""

import math
from collections.abc import Sequence
from html import escape

from ..assessment import LEVEL_WORDS, THRESHOLDS
from .farms_results import Early
from .results import Calibration, Delay, Rate, Trap
from .text import hours_words

WIDTH = 720
LEFT = 190
RIGHT = 70
ROW = 26


def _svg(height: float, title: str, parts: Sequence[str], width: int = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, classes: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>'


def _grid(ticks: Sequence[tuple[float, str]], top: float, bottom: float) -> list[str]:
    parts: list[str] = []
    for x, words in ticks:
        parts += [_line(x, top, x, bottom, "grid"), _text(x, bottom + 14, words, "tick", "middle")]
    return parts


def _shortened(words: str, limit: int = 27) -> str:
    return words if len(words) <= limit else words[: limit - 1] + "…"


def recall_plot(rates: Sequence[Rate]) -> str:
    """Draws each class's recall with its interval, beside its bar."""
    shown = [each for each in rates if each.n]

    def at(share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    bottom = 10 + ROW * len(shown)
    parts = _grid([(at(part / 10), f"{part * 10} %") for part in range(0, 11, 2)], 4, bottom)
    for place, each in enumerate(shown):
        y = 10 + ROW * place + ROW / 2
        tone = {True: "good", False: "bad", None: "plain"}[each.met]
        parts.append(_text(LEFT - 10, y + 4, each.name, "label", "end"))
        parts.append(_line(at(each.low), y, at(each.high), y, f"whisker {tone}"))
        parts.append(f'<circle cx="{at(each.share):.1f}" cy="{y:.1f}" r="4.5" class="dot {tone}"/>')
        if each.bar is not None:
            parts.append(_line(at(each.bar), y - 9, at(each.bar), y + 9, "bar"))
        parts.append(_text(WIDTH - RIGHT + 10, y + 4, f"{each.share:.1%}", "value"))
    return _svg(bottom + 20, "Recall by class with 95 % intervals; the upright stroke is the bar", parts)


def flags_plot(traps: Sequence[Trap], bar: float) -> str:
    """Draws new cases per 1,000 devices and day by trap, on a logarithmic scale, with exact intervals."""
    low, high = 0.01, 1000.0

    def at(value: float) -> float:
        share = math.log(min(high, max(low, value)) / low) / math.log(high / low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    bottom = 10 + ROW * len(traps)
    ticks = [(at(10.0**power), f"{10.0**power:g}") for power in range(-2, 4)]
    parts = _grid(ticks, 4, bottom)
    parts.append(_line(at(bar), 4, at(bar), bottom, "bar"))
    for place, each in enumerate(traps):
        y = 10 + ROW * place + ROW / 2
        tone = "bad" if each.cases else "plain"
        parts.append(_text(LEFT - 10, y + 4, _shortened(each.name.replace("_", " ")), "label", "end"))
        parts.append(_line(at(each.low), y, at(each.high), y, f"whisker {tone}"))
        if each.cases:
            parts.append(f'<circle cx="{at(each.per_1000):.1f}" cy="{y:.1f}" r="4.5" class="dot bad"/>')
        parts.append(
            _text(WIDTH - RIGHT + 10, y + 4, f"{each.cases} {'case' if each.cases == 1 else 'cases'}", "value")
        )
    title = "New cases per 1,000 devices and day by trap, with exact 95 % intervals; the upright line is the bar"
    return _svg(bottom + 20, title, parts)


def delay_plot(delays: Sequence[Delay]) -> str:
    """Draws how many of each class were found by when; steps between the times of the table."""
    if not delays:
        return ""
    times = [hours for hours, _ in delays[0].curve]
    top, bottom, left, right = 10.0, 230.0, 50.0, WIDTH - 150.0

    def x(place: float) -> float:
        return left + place * (right - left) / (len(times) - 1)

    def y(share: float) -> float:
        return bottom - share * (bottom - top)

    marks = [(x(place), hours_words(hours) if hours else "0") for place, hours in enumerate(times)]
    parts = _grid(marks[::2], top, bottom)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [
            _line(left, y(share), right, y(share), "grid"),
            _text(left - 8, y(share) + 4, f"{share:.0%}", "tick", "end"),
        ]
    ends: list[float] = []
    for number, each in enumerate(delays):
        points = [f"M{x(0):.1f} {y(each.curve[0][1]):.1f}"]
        points += [f"H{x(place):.1f}V{y(share):.1f}" for place, (_, share) in enumerate(each.curve) if place]
        parts.append(f'<path d="{"".join(points)}" class="curve c{number % 5}"/>')
        label = y(each.curve[-1][1])
        while any(abs(label - other) < 14 for other in ends):
            label += 14
        ends.append(label)
        parts.append(_text(right + 10, label + 4, each.kind, f"name c{number % 5}"))
    return _svg(max(bottom, *ends) + 24, "Share of devices found by class and hours", parts)


def reliability_plot(one: Calibration) -> str:
    """Draws the observed against the stated share of farms, on logarithmic scales; on the line they agree."""
    side, left, top = 300.0, 70.0, 12.0
    low = -6.0

    def scale(value: float) -> float:
        return (max(low, math.log10(value)) - low) / -low if value > 0 else 0.0

    def x(value: float) -> float:
        return left + scale(value) * side

    def y(value: float) -> float:
        return top + side - scale(value) * side

    parts: list[str] = []
    for power in range(int(low), 1):
        value = 10.0**power
        parts += [
            _line(x(value), top, x(value), top + side, "grid"),
            _line(left, y(value), left + side, y(value), "grid"),
        ]
        words = f"{value:g}" if power > -5 else f"1e{power}"
        parts += [
            _text(x(value), top + side + 15, words, "tick", "middle"),
            _text(left - 8, y(value) + 4, words, "tick", "end"),
        ]
    parts.append(_line(x(10**low), y(10**low), x(1), y(1), "bar"))
    for each in one.bins:
        kind = "dot plain" if each.observed else "dot hollow"
        parts.append(f'<circle cx="{x(each.stated):.1f}" cy="{y(each.observed):.1f}" r="5" class="{kind}"/>')
    parts.append(_text(left + side / 2, top + side + 34, "stated probability", "label", "middle"))
    parts.append(_text(left + side + 16, top + 14, "observed share above,", "label"))
    parts.append(_text(left + side + 16, top + 30, "stated probability across;", "label"))
    parts.append(_text(left + side + 16, top + 46, "a hollow dot: no farm at all", "label"))
    return _svg(top + side + 44, "Observed share of farms against stated probability", parts, width=560)


def early_plot(early: Early) -> str:
    """Draws the log-odds of the laptops on one gateway at the end of each day, beside the levels of attention."""
    top, bottom, left, right = 10.0, 230.0, 50.0, WIDTH - 150.0
    if not early.days:
        return ""
    levels = [(math.log2(share / (1 - share)), LEVEL_WORDS[name]) for name, share in THRESHOLDS if share]
    values = [each.bits for each in early.days] + [bits for bits, _ in levels]
    low, high = min(values) - 1, max(values) + 1

    def x(day: int) -> float:
        return left + (day - early.days[0].day) * (right - left) / max(1, len(early.days) - 1)

    def y(bits: float) -> float:
        return bottom - (bits - low) / (high - low) * (bottom - top)

    parts = _grid([(x(each.day), f"day {each.day}") for each in early.days], top, bottom)
    for bits, words in levels:
        parts += [_line(left, y(bits), right, y(bits), "grid"), _text(right + 10, y(bits) + 4, words, "tick")]
    parts.append(_line(x(early.bar), top, x(early.bar), bottom, "bar"))
    points = " ".join(f"{x(each.day):.1f},{y(each.bits):.1f}" for each in early.days)
    parts.append(f'<polyline points="{points}" class="curve c0"/>')
    parts += [
        f'<circle cx="{x(each.day):.1f}" cy="{y(each.bits):.1f}" r="4" class="dot plain"/>' for each in early.days
    ]
    return _svg(bottom + 24, "Log-odds of the farm at the end of each day; the upright line is the bar", parts)
