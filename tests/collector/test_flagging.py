"""One open flag per device: what is a new case and what is not."""

from datetime import UTC, datetime, timedelta

from farmwatch_collector.assessment import AttentionLevel
from farmwatch_collector.flagging import LOWERED_BELOW, REVIEW_POINTS, Flag

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


def cases(*steps: tuple[float, float, AttentionLevel]) -> list[bool]:
    """Returns which of some assessments, each hours after the first, is a new case."""
    flag = Flag()
    return [flag.see(NOW + timedelta(hours=hours), points, level) for hours, points, level in steps]


def test_review_is_at_51_points_as_the_page_about_scores_says() -> None:
    assert round(REVIEW_POINTS) == 51
    assert round(LOWERED_BELOW) == 41


def test_a_device_that_stays_at_review_is_one_case() -> None:
    assert cases((0, 20, "none"), (1, 55, "review"), (2, 70, "urgent"), (90, 55, "review")) == [
        False, True, False, False,
    ]  # fmt: skip


def test_a_dip_of_less_than_ten_points_or_less_than_a_day_lowers_no_flag() -> None:
    assert cases((0, 55, "review"), (1, 42, "watch"), (80, 55, "review")) == [True, False, False]
    assert cases((0, 55, "review"), (1, 10, "none"), (24, 55, "review")) == [True, False, False]


def test_after_a_day_ten_points_under_review_the_next_rise_is_a_new_case() -> None:
    assert cases((0, 55, "review"), (1, 10, "none"), (26, 55, "review")) == [True, False, True]


def test_the_day_under_review_is_one_without_a_rise_in_between() -> None:
    assert cases((0, 55, "review"), (1, 10, "none"), (13, 45, "watch"), (14, 10, "none"), (27, 55, "review")) == [
        True, False, False, False, False,
    ]  # fmt: skip


def test_a_copy_goes_its_own_way() -> None:
    flag = Flag()
    other = flag.copy()
    assert flag.see(NOW, 60, "review")
    assert other.see(NOW, 60, "review")
