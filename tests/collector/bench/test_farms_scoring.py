"""How what was found in a simulated fleet is held against its truth: every figure here is counted by hand."""

import pytest

from farmwatch_collector.assessment import AttentionLevel
from farmwatch_collector.bench.farms_results import HELD_OUT_SEEDS, TUNING_SEEDS, BarLine, Cost, Odds, WorldOutcome
from farmwatch_collector.bench.farms_scoring import Found, bars_missed, outcome_of, variant_results
from farmwatch_collector.lab.simulation import Truth

COST = Cost(make=0, records=0, take=0, find=0, judge=0, judged=0, candidates=0, peak_mib=0)


def odds(attention: AttentionLevel, bits: float = 0.0, **bars: float) -> Odds:
    lines = tuple(BarLine(key, key, value) for key, value in bars.items())
    return Odds(members=0, bits=bits, points=0, attention=attention, anchor="gateway", bars=lines)


def found(devices: str, attention: AttentionLevel = "review", bits: float = 0.0, **bars: float) -> Found:
    return Found(frozenset(devices.split()), odds(attention, bits, **bars))


def farm(devices: str, name: str, care: str = "careless", *evasions: str) -> dict[str, Truth]:
    return {
        each: Truth(farm=name, care=care, evasions=evasions, dwelling="farm", place=name) for each in devices.split()
    }


def people(devices: str, dwelling: str = "alone", place: str = "", *traps: str) -> dict[str, Truth]:
    return {each: Truth(dwelling=dwelling, place=place, traps=traps) for each in devices.split()}


def world(truths: dict[str, Truth], *candidates: Found) -> WorldOutcome:
    return outcome_of(31, "base", 30, truths, candidates, COST)


def test_no_seed_is_both_tuned_on_and_quoted() -> None:
    assert not set(TUNING_SEEDS) & set(HELD_OUT_SEEDS)


def test_a_farm_is_found_when_it_is_half_of_a_case() -> None:
    truths = farm("a b c", "one") | people("x y z")
    (hit,) = world(truths, found("a b c x y z")).farms
    assert (hit.found, hit.recalled, hit.size) == (True, 3, 3)


def test_a_farm_below_review_is_missed_and_its_best_candidate_told() -> None:
    (missed,) = world(farm("a b c", "one"), found("a b", "watch", bits=-4.0), found("a c", "watch", bits=-5.0)).farms
    assert (missed.found, missed.recalled, missed.held) == (False, 0, 2)
    assert missed.best is not None
    assert missed.best.bits == -4.0


def test_a_farm_that_is_a_small_part_of_a_case_is_missed_and_the_case_is_false() -> None:
    truths = farm("a b", "one") | people("v w x y z", "office", "site")
    outcome = world(truths, found("a b v w x y z"))
    assert not outcome.farms[0].found
    assert [(each.dwellings, each.innocent) for each in outcome.false] == [({"office": 5}, "office")]


def test_one_laptop_of_a_farm_in_a_case_with_a_stranger_is_no_farm_found() -> None:
    truths = farm("a b c", "one") | people("x")
    outcome = world(truths, found("a x"))
    assert not outcome.farms[0].found
    assert outcome.false == ()  # half and half: neither found nor false


def test_two_farms_in_one_case_are_found_and_merged() -> None:
    outcome = world(farm("a b", "one") | farm("c d", "two"), found("a b c d"))
    assert [(each.found, each.merged) for each in outcome.farms] == [(True, ("two",)), (True, ("one",))]
    assert (outcome.merged, outcome.false) == (1, ())


def test_a_farm_in_two_cases_has_the_members_of_both() -> None:
    (hit,) = world(farm("a b c d e", "one"), found("a b"), found("c d")).farms
    assert (hit.recalled, hit.size) == (4, 5)


def test_laptops_that_never_reported_are_no_part_of_a_farm() -> None:
    assert world(farm("a", "one")).farms == ()


def test_a_bench_is_told_by_what_is_odd_about_most_of_its_laptops() -> None:
    truths = people("a b c", "alone", "", "staging_bench") | people("d", "alone")
    (false,) = world(truths, found("a b c d")).false
    assert (false.innocent, false.traps) == ("staging_bench", {"staging_bench": 3})


def test_a_dormitory_is_a_false_farm_of_none_of_the_four_kinds() -> None:
    (false,) = world(people("a b c", "dormitory", "house"), found("a b c")).false
    assert false.innocent == ""


def test_places_of_several_are_counted_by_how_people_live() -> None:
    truths = people("a b", "couple", "h1") | people("c d", "couple", "h2") | people("e", "flat", "h3")
    assert world(truths | farm("f g", "one")).groups == {"couple": 2}


def test_shares_count_farms_of_three_or_more_by_care() -> None:
    truths = farm("a b c", "one") | farm("d e f g", "two") | farm("h i", "pair") | farm("k l m", "three", "careful")
    each = variant_results("base", [world(truths, found("a b c"), found("d e f"), found("k l", "watch"))])
    rates = {rate.name: (rate.hits, rate.n, rate.met) for rate in each.rates}
    assert rates == {
        "careless": (2, 2, True),
        "average": (0, 0, None),
        "careful": (0, 1, False),
        "members": (6, 7, False),  # three of three and three of four: 0.857
    }
    told = {rate.name: (rate.hits, rate.n) for rate in each.told}
    assert told["pairs"] == (0, 1)
    assert told["all members"] == (6, 10)
    assert bars_missed([each]) == ["base: careful", "base: members"]


def test_false_farms_are_told_per_20000_devices_with_their_interval() -> None:
    crowd = {f"d{number}": Truth() for number in range(39_998)}
    outcome = world(crowd | people("x y", "co_working", "hall", "default_mac"), found("x y"))
    false = variant_results("base", [outcome]).false
    assert (false.count, false.met) == (1, True)
    assert false.per_20000 == pytest.approx(0.5)
    assert (false.by_dwelling, false.by_trap) == ({"co_working": 1}, {"default_mac": 1})
    # Garwood's exact interval after one event: 0.0253 to 5.572.
    assert false.low == pytest.approx(0.0253 / 2, abs=1e-4)
    assert false.high == pytest.approx(5.572 / 2, abs=1e-3)


def test_one_couple_accused_misses_the_bar_whatever_the_rate() -> None:
    crowd = {f"d{number}": Truth() for number in range(39_998)}
    each = variant_results("base", [world(crowd | people("x y", "couple", "home"), found("x y"))])
    assert (each.false.met, each.false.accused) == (False, 1)
    assert bars_missed([each]) == ["base: false farms (1, 1 of them of the innocent kinds)"]


def test_an_evasion_says_what_carried_those_found_and_what_those_missed_had() -> None:
    truths = farm("a b c", "one", "average", "lte") | farm("d e f", "two", "average", "lte")
    truths |= farm("g h i", "three", "average", "lte")
    candidates = found("a b c", rarity=6.0, stay=1.0), found("d e f", rarity=4.0), found("g h", "watch", rarity=1.0)
    (evasion,) = variant_results("base", [world(truths, *candidates)]).evasions
    assert (evasion.name, evasion.rate.hits, evasion.rate.n) == ("lte", 2, 3)
    assert (evasion.carried, evasion.lacked) == ({"rarity": 5.0, "stay": 0.5}, {"rarity": 1.0})
