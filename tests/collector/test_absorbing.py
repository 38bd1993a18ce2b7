"""Evidence that another finding counts already weighs nothing beside it, and no finding ever lowers a score by that."""

from datetime import datetime, timedelta

import pytest

from farmwatch_collector.assessment import Assessment, GroupLevel
from farmwatch_collector.score import group_levels, score_levels
from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import silence_table
from farmwatch_schema.finding import GROUPS, Finding, Group

from .scoring import ENROLLED, NOW, finding, row

TABLES: dict[str, dict[int, Level]] = {
    "phantom_display": {1: row(1, 2), 2: row(2, 8, half_life_days=14)},
    "built_in_unused": {1: row(1, 3)},
    "injected_input": {1: row(1, 2.5)},
    "ip_kvm_identity": {1: row(1, 12, published_kvm=True)},
}
UNUSED = finding("built_in_unused", "I", 1)


def together(seen_until: datetime | None = None, sanctioned: str = "") -> Finding:
    """A phantom display and an unused built-in keyboard, told as one."""
    return finding(
        "phantom_display", "H", 2, absorbs=("built_in_unused",), seen_until=seen_until, sanctioned=sanctioned
    )


def assess(*findings: Finding, looked: bool = False) -> Assessment:
    grey: dict[Group, str] = {} if looked else dict.fromkeys(GROUPS, "no probe reports this yet")
    levels, change = group_levels(findings, grey, TABLES, silence_table(), NOW, ENROLLED)
    return score_levels("d", NOW, levels, None, findings, change)


def of(assessment: Assessment, group: Group) -> GroupLevel:
    return next(level for level in assessment.groups if level.group == group)


def test_what_is_absorbed_weighs_nothing_and_its_group_says_where_it_counts() -> None:
    result = assess(together(), UNUSED)
    assert of(result, "H").bits == 8
    assert (of(result, "I").level, of(result, "I").bits) == (0, 0.0)
    assert of(result, "I").meaning == "counted in hardware control"
    assert result.bits == assess(together()).bits


@pytest.mark.parametrize("looked", [True, False])
def test_it_is_neither_silence_nor_grey(looked: bool) -> None:
    level = of(assess(together(), UNUSED, looked=looked), "I")
    assert (level.grey, level.raw_bits) == ("", 0.0)
    assert level.counted_in == "H"


def test_the_absorbed_finding_is_still_shown() -> None:
    assert UNUSED in assess(together(), UNUSED).findings


def test_other_evidence_of_the_same_group_counts() -> None:
    result = assess(together(), UNUSED, finding("injected_input", "I", 1))
    assert (of(result, "I").level, of(result, "I").bits) == (1, 2.5)


def test_a_sanctioned_absorber_absorbs_nothing() -> None:
    assert of(assess(together(sanctioned="lab"), UNUSED), "I").bits == 3


def test_an_absorber_that_has_faded_away_absorbs_nothing() -> None:
    # 8 bits are under 0.25 after five half-lives of 14 days.
    result = assess(together(NOW - timedelta(days=71)), UNUSED)
    assert (of(result, "H").level, of(result, "I").bits) == (None, 3)


def test_an_absorber_that_weighs_less_than_what_it_absorbs_stands_back() -> None:
    # After two half-lives 8 bits are 2, less than the 3 of an unused keyboard that is there now.
    result = assess(together(NOW - timedelta(days=28)), UNUSED)
    assert result.bits >= assess(UNUSED).bits
    assert of(result, "I").bits == 3


def test_beside_a_named_kvm_the_unused_keyboard_counts_by_itself() -> None:
    # The group takes 12 bits from the name, so what the pair says is in nobody's weight but its own group's.
    named = finding("ip_kvm_identity", "H", 1)
    result = assess(named, together(), UNUSED)
    assert (of(result, "H").bits, of(result, "I").bits) == (12, 3)


def test_two_that_absorb_each_other_leave_the_heavier_one() -> None:
    one = finding("phantom_display", "H", 2, absorbs=("built_in_unused",))
    other = finding("built_in_unused", "I", 1, absorbs=("phantom_display",))
    result = assess(one, other)
    assert (of(result, "H").bits, of(result, "I").bits) == (8, 0)
