"""The rules of DESIGN section 9, each with figures worked out by hand from its formula."""

import math
import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.assessment import LEVEL_WORDS, THRESHOLDS, Assessment, Bar, GroupLevel
from farmwatch_collector.score import (
    FADED,
    HIGHEST_GROUP,
    L0,
    LOWEST_GROUP,
    POINTS_PER_BIT,
    Prior,
    group_levels,
    log_odds,
    score_levels,
    without,
)
from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import silence_table
from farmwatch_schema.finding import GROUPS, Finding, Group

from .scoring import ENROLLED, NOW, finding, row

TABLES: dict[str, dict[int, Level]] = {
    "hard": {1: row(1, 2), 2: row(2, 5), 3: row(3, 20)},
    "kvm": {1: row(1, 20, published_kvm=True, half_life_days=90)},
    "kvm_judged": {1: row(1, 20, "judgement", published_kvm=True)},
    "soft": {1: row(1, 1), 2: row(2, 5), 3: row(3, 3)},
    "judged": {1: row(1, 8, "judgement")},
    "net": {1: row(1, 3)},
    "records": {1: row(1, 6)},
    "agent": {1: row(1, 9)},
}
ALL_GREY: dict[Group, str] = dict.fromkeys(GROUPS, "no probe reports this yet")


def assess(
    *findings: Finding,
    grey: dict[Group, str] | None = None,
    prior: Prior | None = None,
    handed_over: date | None = None,
) -> Assessment:
    causes = ALL_GREY if grey is None else grey
    levels, change = group_levels(findings, causes, TABLES, silence_table(), NOW, ENROLLED, handed_over)
    return score_levels("dev-1", NOW, levels, prior, findings, change)


def of(assessment: Assessment, group: Group) -> GroupLevel:
    return next(level for level in assessment.groups if level.group == group)


def bits_of(assessment: Assessment, key: str) -> float:
    return sum(bar.bits for bar in assessment.bars if bar.key == key)


def test_with_nothing_measured_a_device_stands_at_the_base_rate_and_all_groups_are_grey() -> None:
    result = assess()
    assert result.probability == pytest.approx(0.0001)
    assert (result.points, result.attention, result.coverage) == (0, "none", 0.0)
    assert all(level.level is None and level.grey and level.bits == 0 for level in result.groups)
    assert "Could not look: hardware control" in result.sentence


def test_the_published_thresholds_in_points_follow_from_the_probabilities() -> None:
    # DESIGN section 9: watch 33, review 51, urgent 67, near certain 83, one bit about 5 points.
    for probability, points in ((0.01, 33), (0.10, 51), (0.50, 67), (0.90, 83)):
        level = GroupLevel(group="H", level=1, bits=log_odds(probability) - log_odds(0.0001))
        assert score_levels("d", NOW, [level]).points == points


@pytest.mark.parametrize(
    ("detector", "group", "level", "bits"),
    [
        ("hard", "H", 3, 9.0),
        ("kvm", "H", 1, 12.0),
        ("kvm_judged", "H", 1, 4.0),
        ("judged", "R", 1, 4.0),
        ("records", "HR", 1, 2.0),
        ("agent", "A", 1, 6.0),
    ],
)
def test_caps_hold(detector: str, group: Group, level: int, bits: float) -> None:
    assert of(assess(finding(detector, group, level)), group).bits == bits


def test_a_group_takes_its_heaviest_finding_and_never_the_sum() -> None:
    result = assess(finding("soft", "R", 1), finding("soft", "R", 2, subject="other"), finding("judged", "R", 1))
    assert of(result, "R").bits == pytest.approx(5)


def test_a_table_that_is_not_monotone_never_makes_worse_evidence_count_less() -> None:
    assert of(assess(finding("soft", "R", 3)), "R").bits == pytest.approx(5)


def test_what_is_sanctioned_counts_neither_way() -> None:
    result = assess(finding("soft", "R", 3, sanctioned="help desk"), grey={})
    assert (of(result, "R").level, of(result, "R").bits) == (0, 0.0)


def test_silence_counts_against_where_everything_was_looked_at() -> None:
    result = assess(grey={})
    expected = sum(math.log2(row.m0 / row.u0) for row in silence_table().values())
    assert result.bits == pytest.approx(log_odds(0.0001) + expected)
    assert result.points == 0
    assert next(bar for bar in result.bars if bar.kind == "clip").points > 0


def test_the_silence_of_one_group_takes_three_bits_at_most() -> None:
    # log2(0.1 / 0.9) is -3.2.
    loud = {**silence_table(), "H": msgspec.structs.replace(silence_table()["H"], m0=0.1, u0=0.9)}
    levels, _ = group_levels((), {}, TABLES, loud, NOW, ENROLLED)
    assert levels[0].bits == -3.0


def test_could_not_look_is_nothing_for_and_nothing_against() -> None:
    grey: dict[Group, str] = {"H": "usb: the agent had no permission to look"}
    level = of(assess(grey=grey), "H")
    assert (level.level, level.bits, level.grey) == (None, 0.0, grey["H"])


def test_all_negatives_together_are_cut_at_six_bits_by_a_bar_of_their_own() -> None:
    levels = [GroupLevel(group=group, level=0, bits=-3.0) for group in GROUPS]
    result = score_levels("d", NOW, levels)
    assert bits_of(result, "negatives") == pytest.approx(18)
    assert result.bits == pytest.approx(log_odds(0.0001) - 6)


def test_once_software_is_found_the_silence_of_hardware_is_no_argument_and_that_is_drawn() -> None:
    strong = assess(finding("soft", "R", 2), grey={})
    assert bits_of(strong, "hardware_or_software") == pytest.approx(-of(strong, "H").bits) != 0
    slight = assess(finding("soft", "R", 1), grey={})
    assert bits_of(slight, "hardware_or_software") == 0


def test_records_never_count_alone() -> None:
    alone = assess(finding("records", "HR", 1))
    assert alone.points == 0
    assert bits_of(alone, "records_alone") == -2.0
    assert bits_of(assess(finding("records", "HR", 1), finding("net", "N", 1)), "records_alone") == 0


def test_the_floor_lifts_to_review_exactly_and_is_a_bar() -> None:
    result = assess(finding("judged", "H", 1, floor=True), grey={})
    assert (result.attention, result.points) == ("review", 51)
    assert [bar.key for bar in result.bars if bar.kind == "floor"] == ["floor"]
    assert "?" in result.sentence


def test_a_registered_asset_clears_the_floor() -> None:
    result = assess(finding("kvm", "H", 1, floor=True, sanctioned="lab bench 3"), grey={})
    assert result.attention == "none"
    assert not [bar for bar in result.bars if bar.kind == "floor"]


def test_evidence_gone_before_enrolment_gives_no_floor_and_counts_at_most_level_two() -> None:
    before = finding("hard", "H", 3, floor=True, seen_until=ENROLLED - timedelta(hours=1))
    result = assess(before)
    assert not of(result, "H").floor
    assert of(result, "H").level == 2


def test_a_kvm_that_was_gone_before_this_user_s_first_day_sets_no_floor() -> None:
    left = NOW - timedelta(days=3)
    for first_day, floor in ((NOW - timedelta(days=1), False), (NOW - timedelta(days=3), True)):
        found = assess(finding("kvm", "H", 1, floor=True, seen_until=left), handed_over=first_day.date())
        assert of(found, "H").floor is floor


def test_evidence_from_before_the_hand_over_counts_nothing() -> None:
    old = finding("hard", "H", 3, seen_until=NOW - timedelta(days=3))
    assert of(assess(old, handed_over=(NOW - timedelta(days=1)).date()), "H").level is None
    assert of(assess(old, handed_over=(NOW - timedelta(days=9)).date()), "H").level == 3


@pytest.mark.parametrize(("hour", "level"), [(1, None), (18, 3)])
def test_an_evening_before_the_hand_over_is_the_earlier_user_s_though_utc_has_the_next_day(
    hour: int, level: int | None
) -> None:
    # 01:00 UTC is 20:00 of the day before in Chicago; by 12:00 UTC the first day has begun everywhere.
    first_day = (NOW - timedelta(days=2)).date()
    left = datetime.combine(first_day, time(hour), UTC)
    assert of(assess(finding("hard", "H", 3, seen_until=left), handed_over=first_day), "H").level == level


def test_gone_evidence_halves_with_each_half_life_and_fades() -> None:
    gone = assess(finding("soft", "R", 2, seen_until=NOW - timedelta(days=14)))
    assert of(gone, "R").bits == pytest.approx(2.5)
    assert gone.next_change is not None
    assert gone.next_change > NOW
    faded = assess(finding("soft", "R", 2, seen_until=NOW - timedelta(days=14 * 5)))
    assert of(faded, "R").level is None


def test_the_floor_outlasts_unplugging_by_one_half_life() -> None:
    def floor(days: float) -> bool:
        return of(assess(finding("kvm", "H", 1, floor=True, seen_until=NOW - timedelta(days=days))), "H").floor

    assert floor(50)
    levels, _ = group_levels(
        [finding("kvm", "H", 1, floor=True, seen_until=NOW - timedelta(days=91))],
        ALL_GREY,
        TABLES,
        silence_table(),
        NOW,
        NOW - timedelta(days=400),
    )
    assert not levels[0].floor


def test_a_cohort_has_a_bar_of_its_own_and_says_when_it_ends() -> None:
    until = NOW + timedelta(days=3)
    result = assess(prior=Prior(cohort="remote_new_hire", share=0.001, until=until))
    assert bits_of(result, "cohort") == pytest.approx(log_odds(0.001) - log_odds(0.0001))
    assert result.next_change == until


def test_points_start_at_one_in_ten_thousand_whatever_the_company_assumes() -> None:
    strict = assess(prior=Prior(fleet=0.001, share=0.001))
    assert strict.points == round((log_odds(0.001) - log_odds(0.0001)) * 100 / (6.63 - log_odds(0.0001)))
    assert bits_of(strict, "fleet") > 0


GROUP_BITS = st.one_of(st.none(), st.floats(-3, 12, allow_nan=False))


@st.composite
def group_rows(draw: st.DrawFn) -> list[GroupLevel]:
    rows: list[GroupLevel] = []
    for group in GROUPS:
        bits = draw(GROUP_BITS)
        if bits is None:
            rows.append(GroupLevel(group=group, level=None, bits=0.0, grey="no permission"))
        elif bits <= 0:
            rows.append(GroupLevel(group=group, level=0, bits=bits))
        else:
            level = draw(st.integers(1, 4))
            rows.append(GroupLevel(group=group, level=level, reached=level, bits=bits, floor=draw(st.booleans())))
    return rows


@given(group_rows(), st.floats(1e-5, 0.05))
@settings(max_examples=200, deadline=None)
def test_bars_add_up_exactly_and_bits_too(rows: list[GroupLevel], share: float) -> None:
    result = score_levels("d", NOW, rows, Prior(cohort="c", share=share))
    assert sum(bar.points for bar in result.bars) == result.points
    assert 0 <= result.points <= 100
    assert sum(bar.bits for bar in result.bars) == pytest.approx(result.bits)
    assert all(bar.points == 0 for bar in result.bars if bar.grey)


FINDINGS = st.builds(
    lambda which, level, days, sanctioned, floor, absorbs: finding(
        which[0],
        which[1],
        level,
        seen_until=NOW - timedelta(days=days) if days else None,
        sanctioned="yes" if sanctioned else "",
        floor=floor,
        absorbs=absorbs if which[0] in ("hard", "net") else (),
    ),
    st.sampled_from(
        [("hard", "H"), ("kvm", "H"), ("soft", "R"), ("judged", "R"), ("net", "N"), ("records", "HR"), ("agent", "A")]
    ),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 30, 70]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), (), ("soft",), ("soft", "net"), ("hard",)]),
)


@given(st.lists(FINDINGS, max_size=8), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_order_of_findings_makes_no_difference(given: list[Finding], rng: random.Random, looked: bool) -> None:
    grey = {} if looked else ALL_GREY
    shuffled = given[:]
    rng.shuffle(shuffled)
    assert assess(*given, grey=grey).bars == assess(*shuffled, grey=grey).bars


@given(st.lists(FINDINGS, min_size=1, max_size=6), st.data(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_higher_level_or_one_more_finding_never_lowers_the_score(
    given: list[Finding], data: st.DataObject, looked: bool
) -> None:
    grey = {} if looked else ALL_GREY
    chosen = data.draw(st.integers(0, len(given) - 1))
    old = given[chosen]
    higher = finding(
        old.detector,
        old.group,
        old.level + 1,
        sanctioned=old.sanctioned,
        floor=old.floor,
        subject=old.subject,
        absorbs=old.absorbs,
    )
    raised = [*given[:chosen], higher, *given[chosen + 1 :]]
    before = assess(*given, grey=grey)
    assert assess(*raised, grey=grey).bits >= before.bits - 1e-9
    assert assess(
        *given, data.draw(FINDINGS.filter(lambda each: each.level > 0 and not each.sanctioned)), grey=grey
    ).bits >= (before.bits - 1e-9)


def test_the_docs_state_the_figures_of_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
    for level, least in THRESHOLDS:
        if least:
            points = round((log_odds(least) - L0) * POINTS_PER_BIT)
            assert f"| {LEVEL_WORDS[level]} | {least:.2f} | {points} |" in text
    assert f"{LOWEST_GROUP:.0f} to +{HIGHEST_GROUP:.0f} bits" in text
    assert f"under {FADED} bits" in text
    weights: dict[str, float] = {group: row.bits for group, row in silence_table().items()}
    said = (
        "hardware {H:.1f}, software {R:.1f}, input provenance {I:.1f}, network {N:.1f}, physical use {P:.1f}, "
        "fleet ties {F:.1f} bits"
    )
    assert said.format_map(weights) in text


@given(st.floats(0, 20))
def test_points_never_show_the_figure_of_a_level_that_was_not_reached(bits: float) -> None:
    level = GroupLevel(group="R", level=1, bits=bits, meaning="made up", basis="measured")
    found = score_levels("d", NOW, [level])
    figures = {"none": 0, "watch": 33, "review": 51, "urgent": 67, "near_certain": 83}
    reached = [name for name, least in figures.items() if found.points >= least]
    assert reached[-1] == found.attention
    assert sum(bar.points for bar in found.bars) == found.points


def test_without_a_group_what_was_counted_in_it_counts_by_itself() -> None:
    """A travel router that is shared, too: the network's sign stands when the tie that took it in is left out."""
    base = Bar(kind="prior", key="base", label="base rate", bits=L0, points=0.0)
    tie = GroupLevel(group="F", level=2, bits=5.0, detector="shared_gateway")
    taken_in = GroupLevel(group="N", level=0, bits=0.0, counted_in="F", alone=2.0)
    silent = GroupLevel(group="R", level=0, bits=-1.0)
    bits, probability = without("F", [tie, taken_in, silent], [base])
    assert bits == pytest.approx(1.0)  # 2 - 1
    assert probability == pytest.approx(1 / (1 + 2 ** -(L0 + 1.0)))
    assert without("R", [tie, taken_in, silent], [base])[0] == pytest.approx(5.0)
