"""Detection by distance as one SVG file: made here, no script, readable in light and dark."""

from collections.abc import Sequence
from html import escape

from .place_results import Point

WIDTH, HEIGHT = 760.0, 380.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 56.0, 18.0, 250.0, 46.0
_COLOURS = ("#0b6e99", "#b3541e", "#5b7f2b", "#8a3ea0", "#c02942", "#6b6b6b", "#1b998b", "#946b00")
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#444}.grid{stroke:#999;stroke-opacity:.35}"
    ".curve{fill:none;stroke-width:2.2}.bar{fill:none;stroke:#444;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.bar{stroke:#ccc}}"
)


def distance_plot(points: Sequence[Point], bars: dict[int, float], settings: Sequence[str]) -> str:
    """Returns the picture: a curve a setting, and a small cross where a bar stands."""
    distances = sorted({point.km for point in points})
    if not distances:
        return ""

    def x(km: int) -> float:
        return _LEFT + distances.index(km) * (WIDTH - _LEFT - _RIGHT) / max(1, len(distances) - 1)

    def y(share: float) -> float:
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    parts = [f"<style>{_STYLE}</style>"]
    for km in distances:
        parts.append(f'<line x1="{x(km):.1f}" y1="{y(0):.1f}" x2="{x(km):.1f}" y2="{y(1):.1f}" class="grid"/>')
        parts.append(f'<text x="{x(km):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{km:,}</text>')
    for step in range(0, 101, 20):
        level = y(step / 100)
        parts.append(f'<line x1="{x(distances[0]):.1f}" y1="{level:.1f}" x2="{x(distances[-1]):.1f}" y2="{level:.1f}" class="grid"/>')  # fmt: skip  # noqa: E501
        parts.append(f'<text x="{_LEFT - 8:.1f}" y="{level + 4:.1f}" text-anchor="end">{step} %</text>')
    middle = (x(distances[0]) + x(distances[-1])) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8:.1f}" text-anchor="middle">km between claim and truth</text>')
    ends: list[float] = []
    for number, setting in enumerate(settings):
        mine = {point.km: point for point in points if point.setting == setting and point.n}
        if not mine:
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        where = " ".join(f"{x(km):.1f},{y(mine[km].hits / mine[km].n):.1f}" for km in distances if km in mine)
        parts.append(f'<polyline points="{where}" class="curve" stroke="{colour}"/>')
        last = mine[max(mine)]
        label = y(last.hits / last.n)
        while any(abs(label - other) < 16 for other in ends):
            label += 16
        ends.append(label)
        words = escape(setting)
        parts.append(f'<text x="{x(distances[-1]) + 10:.1f}" y="{label + 4:.1f}" style="fill:{colour}">{words}</text>')
    for km, bar in bars.items():
        if km in distances:
            parts.append(f'<path d="M{x(km) - 7:.1f} {y(bar):.1f}h14m-7 -7v14" class="bar"/>')
    title = "Share of false claims found, by distance; a cross is a bar of the wired mesh"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{title}"><title>{title}</title>{"".join(parts)}</svg>\n'
    )
