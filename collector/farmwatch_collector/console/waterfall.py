"""The waterfall: from the base rate to the final points, one strip per bar, as numbers ready to draw.

Strips are drawn in percent of the track's width, so the chart needs no script to fit a page, and each
stands in the row of a table that states the same figures: chart and table cannot disagree.
"""

from typing import Literal

import msgspec

from ..assessment import LEVEL_WORDS, THRESHOLDS, Assessment, Bar
from ..score import L0, POINTS_PER_BIT, log_odds

#: Points from which each level holds, lowest first. Not rounded: watch begins at 33.4.
MARKS: tuple[tuple[float, str], ...] = tuple(
    ((log_odds(least) - L0) * POINTS_PER_BIT, LEVEL_WORDS[level]) for level, least in reversed(THRESHOLDS) if least
)

Shape = Literal["start", "more", "less", "none", "grey"]

#: Width of a "could not see" bar, in percent of the track: it has no points, only a place.
GREY_WIDTH = 9.0


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the bar, where it starts and ends in points, and what is drawn, in percent of the track.

    shape   `start` (the prior), `more` and `less` (adds or takes points), `none` (0 points), `grey`
    before, after  running total in points
    x, width       of the bar; x of `after` is `end`
    """

    bar: Bar
    shape: Shape
    before: float
    after: float
    x: float
    width: float
    begin: float
    end: float


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    """The chart: its strips, the threshold marks (x, points, word), the zero line, and the final bar."""

    strips: tuple[Strip, ...]
    marks: tuple[tuple[float, float, str], ...]
    zero: float
    final: float
    points: float


def waterfall(assessment: Assessment) -> Waterfall:
    """Returns an assessment's chart; its track reaches from the lowest to the highest running total."""
    totals = [0.0]
    for bar in assessment.bars:
        totals.append(totals[-1] + bar.points)
    low, high = min(0.0, *totals), max(100.0, *totals)
    # A margin keeps a bar that ends at the rim, and the label of a mark there, inside the track.
    margin = (high - low) * 0.03
    low, width = low - margin, (high - low) + 2 * margin

    def x(points: float) -> float:
        return round(100 * (points - low) / width, 3)

    strips: list[Strip] = []
    for bar, before, after in zip(assessment.bars, totals, totals[1:], strict=False):
        left, right = x(min(before, after)), x(max(before, after))
        shape = _shape(bar)
        if shape == "grey":
            left = max(0.0, min(x(after) - GREY_WIDTH / 2, 100 - GREY_WIDTH))
            right = left + GREY_WIDTH
        strips.append(
            Strip(
                bar=bar,
                shape=shape,
                before=before,
                after=after,
                x=left,
                width=round(right - left, 3),
                begin=x(before),
                end=x(after),
            )
        )
    return Waterfall(
        strips=tuple(strips),
        marks=tuple((x(points), points, word) for points, word in MARKS),
        zero=x(0),
        final=x(assessment.points),
        points=totals[-1],
    )


def _shape(bar: Bar) -> Shape:
    if bar.grey:
        return "grey"
    if bar.kind == "prior":
        return "start"
    if abs(bar.points) < 0.05:
        return "none"
    return "more" if bar.points > 0 else "less"
