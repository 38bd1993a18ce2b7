"""Which laptops one pair of hands would explain, and which people who merely live alike are left alone."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.farms.activity import BAR, rhythms
from farmwatch_collector.farms.source import Activity
from farmwatch_detectors.view import Rhythm

from .hours import AT, DAY, HOUR, later, of, operator, person, shared, strangers, workdays

EARLY, LATE = (6, 14, 10), (14, 22, 18)


def pairs(found: Sequence[Rhythm]) -> set[tuple[str, str]]:
    return {(each.device, each.other) for each in found if each.device < each.other}


def two(seed: int, days: int = 20) -> dict[str, Activity]:
    draw = random.Random(seed)
    return {name: person(draw, workdays(days)) for name in ("anna", "boris")}


@pytest.mark.parametrize("seed", range(5))
def test_one_operator_at_three_laptops_is_found_within_ten_working_days(seed: int) -> None:
    found = rhythms(operator(random.Random(seed), workdays(10), 3), strangers(seed, workdays(10)), AT)
    assert {device for pair in pairs(found) for device in pair} == {"laptop-0", "laptop-1", "laptop-2"}
    assert all(each.kind == "alternates" and each.p <= BAR and each.days <= 10 for each in found)
    assert all(each.switches > each.expected for each in found)


@pytest.mark.parametrize("seed", range(3))
def test_one_operator_at_six_laptops_is_found_in_a_month_although_no_pair_says_it_alone(seed: int) -> None:
    farm = operator(random.Random(seed), workdays(20), 6)
    found = rhythms(farm, strangers(seed, workdays(20)), AT)
    assert {device for pair in pairs(found) for device in pair} == set(farm)


def test_laptops_that_one_program_drives_at_once_are_found_as_going_together() -> None:
    draw = random.Random(1)
    one = person(draw, workdays(15))
    farm = {"one": one, "two": one, "three": person(draw, workdays(15))}
    found = rhythms(farm, strangers(1, workdays(15)), AT)
    assert {(each.device, each.other, each.kind) for each in found} == {
        ("one", "two", "together"),
        ("two", "one", "together"),
    }


def test_laptops_that_go_together_are_not_told_where_no_stranger_says_what_everybody_does() -> None:
    one = person(random.Random(1), workdays(15))
    assert rhythms({"one": one, "two": one}, [], AT) == ()


def test_every_rhythm_is_told_of_both_and_no_order_changes_it() -> None:
    farm = operator(random.Random(7), workdays(15), 3)
    others = strangers(7, workdays(15))
    found = rhythms(farm, others, AT)
    turned = rhythms(dict(reversed(farm.items())), others, AT)
    assert found == turned
    assert found == rhythms(farm, list(reversed(others)), AT)
    assert {(each.device, each.other) for each in found} == {(each.other, each.device) for each in found}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_two_colleagues_with_the_same_hours_and_lunch_are_told_no_more_often_than_the_bar_says(seed: int) -> None:
    # Ten pairs an example, 250 in all. At the bar of 0.01 a pair, 3 or more among ten have a chance of 1 in 8,800.
    told = sum(bool(rhythms(two(seed + pair), strangers(seed + pair, workdays(20)), AT)) for pair in range(10))
    assert told <= 2


@pytest.mark.integration
def test_of_four_hundred_innocent_pairs_no_more_are_told_than_the_bar_claims() -> None:
    days = workdays(20)
    told = 0
    for seed in range(400):
        told += bool(rhythms(two(seed), strangers(seed % 8, days), AT))
    assert told <= 400 * BAR


def test_a_flat_of_six_who_keep_office_hours_is_told_no_more_often_than_the_bar_claims() -> None:
    days, told = workdays(20), 0
    for seed in range(40):
        draw = random.Random(seed)
        told += bool(rhythms({str(each): person(draw, days) for each in range(6)}, strangers(seed, days), AT))
    assert told <= 40 * BAR


def a_couple(seed: int) -> Mapping[str, Activity]:
    """Both leave their desks for the school run at about 8:45 and 14:45 UTC, by the same clock each day."""
    draw = random.Random(seed)
    days = workdays(20)
    errands = {day: sum(0b111 << int(hour * HOUR) + draw.randint(-1, 1) for hour in (8.75, 14.75)) for day in days}
    return {name: shared(person(draw, days, (8, 17, 12)), errands) for name in ("anna", "boris")}


def test_a_couple_with_the_same_school_run_twice_a_day_is_left_alone() -> None:
    told = sum(bool(rhythms(a_couple(seed), strangers(seed, workdays(20)), AT)) for seed in range(40))
    assert told <= 40 * BAR


def test_a_night_shift_that_takes_over_from_the_day_shift_is_left_alone() -> None:
    days, told = workdays(20), 0
    for seed in range(40):
        draw = random.Random(seed)
        both = {"early": person(draw, days, EARLY), "late": person(draw, days, LATE)}
        others = [*strangers(seed, days, EARLY, 16), *strangers(seed, days, LATE, 16)]
        told += bool(rhythms(both, others, AT))
    assert told <= 40 * BAR


def test_a_break_that_the_whole_company_has_at_another_hour_each_day_ties_nobody() -> None:
    days, told = workdays(20), 0
    for seed in range(40):
        draw = random.Random(seed)
        meeting = {day: 0b1111111 << draw.randint(10, 15) * HOUR for day in days}
        everybody = [shared(each, meeting) for each in strangers(seed, days)]
        both = {name: shared(each, meeting) for name, each in two(seed).items()}
        told += bool(rhythms(both, everybody, AT))
    assert told <= 1  # 40 at 0.01: two or more have a chance of 6 in 100


def test_clocks_that_change_for_both_make_no_rhythm() -> None:
    days, told = workdays(20), 0
    change = days[10] - timedelta(days=1)  # the Sunday before the third of four weeks
    assert change.weekday() == 6
    for seed in range(40):
        moved = {name: later(each, HOUR, change) for name, each in two(seed).items()}
        told += bool(rhythms(moved, strangers(seed, days), AT))
    assert told <= 40 * BAR


def test_an_operator_is_found_across_a_change_of_the_clocks() -> None:
    days = workdays(20)
    farm = {name: later(each, HOUR, days[10]) for name, each in operator(random.Random(3), days, 3).items()}
    assert len(pairs(rhythms(farm, strangers(3, days), AT))) == 3


def test_days_on_which_one_of_them_was_not_watched_are_unknown() -> None:
    days = workdays(20)
    farm = operator(random.Random(3), days, 2)
    blind = Activity(slots=farm["laptop-1"].slots, watched=dict.fromkeys(days, 60))
    assert rhythms(farm, strangers(3, days), AT)
    assert rhythms({**farm, "laptop-1": blind}, strangers(3, days), AT) == ()


def test_what_was_watched_in_pieces_is_unknown_and_no_pause() -> None:
    # Six hours from first to last input, and three of them watched: the pauses may be anybody's.
    days = workdays(20)
    farm = operator(random.Random(3), days, 2)
    pieces = {name: of(each.slots, 3 * 60) for name, each in farm.items()}
    assert rhythms(pieces, strangers(3, days), AT) == ()


def test_five_days_of_one_week_are_too_few_for_three_laptops() -> None:
    # 5! = 120 orders of a week's days: no p is below 1/120, and three pairs with two kinds ask for less than 1/600.
    assert rhythms(operator(random.Random(1), workdays(5), 3), strangers(1, workdays(5)), AT) == ()


def test_the_day_that_is_not_over_is_not_looked_at() -> None:
    today = {name: of({AT.date(): bits for bits in each.slots.values()}) for name, each in two(1).items()}
    assert rhythms(today, [], AT) == ()


@pytest.mark.parametrize("shift", [DAY, EARLY])
def test_one_device_alone_or_nobody_has_no_rhythm(shift: tuple[int, int, int]) -> None:
    alone = person(random.Random(1), workdays(20), shift)
    assert rhythms({"alone": alone}, [alone], AT) == ()
    assert rhythms({}, [], AT) == ()
