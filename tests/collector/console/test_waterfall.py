"""The chart and its table state one and the same sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.console.waterfall import GREY_WIDTH, waterfall
from farmwatch_schema.finding import GROUPS

from .memory import judged, level, worked_example


@pytest.mark.parametrize("device", ["d-farm-1", "d-farm-2", "d-review", "d-watch", "d-clean-1", "d-blind"])
def test_bars_end_at_the_points_shown(device: str) -> None:
    row = worked_example().device(device)
    assert row is not None
    assert row.assessment is not None
    chart = waterfall(row.assessment)
    assert chart.points == row.assessment.points
    assert chart.strips[-1].after == row.assessment.points
    assert chart.strips[-1].end == chart.final
    assert [strip.before for strip in chart.strips[1:]] == [strip.after for strip in chart.strips[:-1]]


@given(st.lists(st.one_of(st.none(), st.floats(-3, 12)), min_size=8, max_size=8))
def test_any_levels_give_a_chart_inside_its_track(weights: list[float | None]) -> None:
    levels = [
        level(group, None, grey="no rights") if bits is None else level(group, 2 if bits > 0 else 0, bits, "seen")
        for group, bits in zip(GROUPS, weights, strict=True)
    ]
    assessment = judged("d-1", levels)
    chart = waterfall(assessment)
    assert chart.points == assessment.points
    for strip in chart.strips:
        assert 0 <= strip.x <= strip.x + strip.width <= 100.001
        if strip.shape == "more":
            assert strip.end > strip.begin
        if strip.shape == "less":
            assert strip.end < strip.begin
    positions = [x for x, _, _ in chart.marks]
    assert positions == sorted(positions)


def test_what_could_not_be_seen_has_a_bar_without_points() -> None:
    chart = waterfall(judged("d-1", [level("H", 0, -0.9, "nothing")]))
    grey = [strip for strip in chart.strips if strip.shape == "grey"]
    assert [strip.bar.key for strip in grey] == ["R", "I", "N", "P", "F", "HR", "A"]
    for strip in grey:
        assert strip.before == strip.after
        assert strip.width == GREY_WIDTH
        assert strip.bar.grey


def test_groups_keep_their_order_whatever_they_weigh() -> None:
    chart = waterfall(judged("d-1", [level("F", 3, 4.0, "tie"), level("H", 0, -0.9, "nothing")]))
    assert [strip.bar.key for strip in chart.strips if strip.bar.kind == "group"] == list(GROUPS)


def test_marks_stand_at_the_points_of_the_design() -> None:
    chart = waterfall(judged("d-1", []))
    assert [(round(points), word) for _, points, word in chart.marks] == [
        (33, "watch"), (51, "review"), (67, "urgent"), (83, "near certain"),
    ]  # fmt: skip
