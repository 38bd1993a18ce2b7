"""Worked cases: what a couple, a flat, an office, a bench and a farm come to, with the arithmetic written out.

log2(0.0001 / 0.9999) = -13.29 is where all begin; watch is -6.63, review -3.17, urgent 0, near certain 3.17 bits.
Every figure of a bar is log2(m / u) of a row of odds.toml, or as written there.
"""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_collector.farms.odds import at_least_one, odds, points_of
from farmwatch_collector.farms.types import Trait
from farmwatch_detectors.view import Rhythm

from .candidates import AT, AUSTIN, SEATTLE, TACOMA, bar, bars, day, facts, members, names, shared, with_own

PRIOR = -13.29


def test_a_couple_at_home_is_far_below_watch() -> None:
    two = names(2)
    found = odds(facts(members(two), shared(two, 6.0), egress="residential"))
    # Rarity of two is capped at 3; stay log2(.85/.60), visitors log2(.80/.65), egress and relation log2(.90/.80).
    assert bars(found) == {
        "prior": PRIOR,
        "rarity": 3.0,
        "stay": 0.5,
        "visitors": 0.3,
        "egress": 0.17,
        "relation": 0.17,
    }
    assert found.bits == pytest.approx(-13.29 + 3 + 0.50 + 0.30 + 0.17 + 0.17, abs=0.01)  # -9.15
    assert found.attention == "none"
    assert "a couple" in found.sentence


def test_a_couple_that_shares_a_monitor_and_a_dock_stays_below_watch() -> None:
    two = names(2)
    things = (shared(two, 6.0), shared(two, 6.0, "usb_serial"), shared(two, 6.0, "edid_serial"))
    found = odds(facts(members(two), *things, egress="residential"))
    # Given one house, a dock adds log2(.15/.05) = 1.58; the monitor stands on the same desk: -9.15 + 1.58 = -7.56 ...
    assert bars(found)["second_tie"] == pytest.approx(1.58, abs=0.01)
    assert found.bits == pytest.approx(-7.56, abs=0.02)
    # ... below watch; that both say to live in one town, as couples do, is log2(.25/.75) = -1.58 more.
    said = odds(facts(members(two, claim=SEATTLE), *things, egress="residential"))
    assert said.bits == pytest.approx(-9.15, abs=0.02)
    assert said.attention == "none"


def test_a_flat_of_four_stays_below_review_also_when_one_runs_an_ordinary_remote_tool() -> None:
    four = names(4)
    people = with_own(members(four), 2, 4.0)
    found = odds(facts(people, shared(four, 9.0), egress="residential"))
    # 4.5 at most for four; 4 bits of one of four are 1 in the mean: -13.29 + 4.5 + .50 + .30 + .17 + .17 + 1 = -6.65.
    assert bars(found)["rarity"] == 4.5
    assert bars(found)["members"] == 1.0
    assert found.bits == pytest.approx(-6.65, abs=0.02)
    assert found.attention == "none"
    assert "a flat shared by colleagues" in found.sentence


@pytest.mark.parametrize("size", [3, 4])
def test_a_flat_of_remote_new_hires_with_such_a_tool_stays_below_review(size: int) -> None:
    people = with_own(members(names(size), prior=0.001), 0, 4.0)
    found = odds(facts(people, shared(names(size), 9.0), egress="residential"))
    # One with evidence gives a bit. log2(.001/.999) = -9.96; stay, visitors, egress and relation are 1.14 together;
    # review is -3.17.
    expected = {3: -9.96 + 4.0 + 1.14 + 1, 4: -9.96 + 4.5 + 1.14 + 4 / 4}
    assert found.bits == pytest.approx(expected[size], abs=0.02)
    assert found.attention == "watch"


def test_twenty_clean_laptops_behind_one_home_gateway_are_urgent() -> None:
    twenty = names(20)
    found = odds(facts(members(twenty), shared(twenty, 11.0), egress="residential"))
    # -13.29 + 9 (cap) + log2(.85/.15) + log2(.70/.18) + log2(.90/.25) + log2(.90/.45)
    assert found.bits == pytest.approx(-13.29 + 9 + 2.50 + 1.96 + 1.85 + 1.0, abs=0.02)  # 3.02
    assert found.attention == "urgent"
    assert found.at_least_one == 0.0
    assert "a company flat, a dormitory" in found.sentence


def test_twenty_clean_laptops_are_urgent_on_their_second_day() -> None:
    twenty = names(20)
    found = odds(facts(members(twenty, days=2), shared(twenty, 11.0), egress="residential"))
    assert bars(found).get("stay", 0.0) == 0.0  # two days say nothing of staying, nor do they clear
    assert "not known yet" in bar(found, "stay").label
    assert found.attention == "urgent"


def test_six_behind_travel_routers_of_one_make_seen_by_one_home_address_are_at_review() -> None:
    six = names(6)
    routers = Trait(kind="gateway_maker", words="a GL.iNet gateway", having=6, known=6, share=0.01)
    found = odds(facts(members(six), shared(six, 6.0, "egress"), egress="residential", traits=(routers,)))
    # Six of six where 1 in 100 has it: far beyond the 4 bits that a likeness may give.
    # -13.29 + 6 + log2(.85/.30) + log2(.75/.35) + log2(.90/.45) + log2(.90/.60) + 4 = 0.9
    assert found.bits == pytest.approx(-13.29 + 6 + 1.50 + 1.10 + 1.0 + 0.58 + 4, abs=0.03)
    assert found.attention in ("review", "urgent")


def test_one_router_is_one_router_however_many_stand_behind_it() -> None:
    six = names(6)
    routers = Trait(kind="gateway_maker", words="a GL.iNet gateway", having=6, known=6, share=0.01)
    found = odds(facts(members(six), shared(six, 6.0), traits=(routers,)))
    assert "traits" not in bars(found)


def test_a_bench_of_twenty_not_yet_used_is_clear_and_is_called_one() -> None:
    twenty = names(20)
    found = odds(facts(members(twenty, used_days=0), shared(twenty, 11.0), egress="residential"))
    # log2(.01/.60) = -5.91; that they stand there, that nobody leaves and nobody is related then says nothing.
    assert bars(found) == {"prior": PRIOR, "rarity": 9.0, "egress": 1.85, "use": -5.91}
    assert found.attention == "none"
    assert "staging bench" in found.sentence


def test_laptops_of_people_who_start_next_month_are_not_used_yet() -> None:
    twenty = names(20)
    starters = members(twenty, start_on=AT.date() + timedelta(days=20))
    assert odds(facts(starters, shared(twenty, 11.0))).attention == "none"


def test_a_bench_that_hands_on_what_it_sets_up_is_clear() -> None:
    twenty = names(20)
    found = odds(facts(members(twenty), shared(twenty, 11.0), visitors=25, egress=""))
    # 25 of 45 left: log2(.01/.60) = -5.91, and what those are who are still there says nothing for a farm.
    assert bars(found) == {"prior": PRIOR, "rarity": 9.0, "visitors": -5.91}
    assert found.attention == "none"


def test_an_office_nobody_registered_is_clear_although_some_laptops_stay_over_night() -> None:
    thirty = names(30)
    people = (*members(thirty[:8]), *members(thirty[8:], stay=0.5))
    found = odds(facts(people, shared(thirty, 11.0, residents=thirty[:8]), visitors=22, egress="residential"))
    # Stay (8 x 1 + 22 x .5) / 30 = 63 %: log2(.03/.20) = -2.74; 22 of 30 come and go: -5.91.
    assert bars(found) == {
        "prior": PRIOR,
        "rarity": 9.0,
        "stay": -2.74,
        "visitors": -5.91,
        "egress": 1.85,
    }
    assert found.attention == "none"
    assert "office" in found.sentence


def test_a_training_centre_of_people_from_everywhere_is_below_review() -> None:
    sixteen = names(16)
    people = tuple(
        msgspec.structs.replace(each, claim=(SEATTLE, AUSTIN)[n % 2], stay=None, days=2, prior=0.0004)
        for n, each in enumerate(members(sixteen))
    )
    found = odds(facts(people, shared(sixteen, 11.0), visitors=30, egress="residential"))
    # log2(.0004/.9996) = -11.29, 9 for its rarity, -5.91 for 30 of 46 who have gone, 1.85 for a home's line: -6.35.
    assert found.bits == pytest.approx(-11.29 + 9 - 5.91 + 1.85, abs=0.02)
    assert found.attention == "watch"


def test_two_neighbours_with_their_providers_router_are_alike_in_one_bit_at_most() -> None:
    routers = Trait(kind="gateway_maker", words="a provider's gateway", having=2, known=2, share=0.01)
    found = odds(facts(members(names(2)), shared(names(2), 2.0, "egress"), traits=(routers,)))
    assert bars(found)["traits"] == 1.0


def test_one_cohort_is_nothing_in_three_and_two_bits_at_most_in_many() -> None:
    few = Trait(kind="cohort", words="remote_new_hire", having=3, known=3, share=0.02)
    many = Trait(kind="cohort", words="remote_new_hire", having=9, known=9, share=0.02)
    assert "cohort" not in bars(odds(facts(members(names(3)), shared(names(3), 2.0), traits=(few,))))
    assert bars(odds(facts(members(names(9)), shared(names(9), 2.0), traits=(many,))))["cohort"] == 2.0


def test_the_cohort_that_most_of_the_fleet_is_in_is_no_spike() -> None:
    less, most = (Trait(kind="cohort", words="employee", having=9, known=9, share=share) for share in (0.4, 0.61))
    assert bars(odds(facts(members(names(9)), shared(names(9), 2.0), traits=(less,))))["cohort"] > 0
    assert "cohort" not in bars(odds(facts(members(names(9)), shared(names(9), 2.0), traits=(most,))))


def test_a_dormitory_says_its_innocent_reading_and_records_of_one_town_weigh_it_down() -> None:
    twelve = names(12)
    clean = odds(facts(members(twelve), shared(twelve, 9.0), egress="residential"))
    one_town = odds(facts(members(twelve, claim=TACOMA), shared(twelve, 9.0), egress="residential"))
    assert "dormitory" in clean.sentence
    assert one_town.bits == pytest.approx(clean.bits - 1.26, abs=0.01)  # log2(.25/.60)


def test_people_claimed_to_live_in_different_states_are_no_flat() -> None:
    three = names(3)
    apart = members(three)
    apart = tuple(
        msgspec.structs.replace(each, claim=claim) for each, claim in zip(apart, (SEATTLE, AUSTIN, None), strict=True)
    )
    found = odds(facts(apart, shared(three, 6.0)))
    near = tuple(
        msgspec.structs.replace(each, claim=claim) for each, claim in zip(apart, (SEATTLE, TACOMA, None), strict=True)
    )
    assert found.bits - odds(facts(near, shared(three, 6.0))).bits == pytest.approx(3.58 + 1.58, abs=0.01)


def test_what_nobody_knows_counts_nothing() -> None:
    twelve = names(12)
    blank = tuple(msgspec.structs.replace(each, stay=None, days=0, known=False) for each in members(twelve))
    found = odds(facts(blank, shared(twelve, 9.0)))
    assert bars(found) == {"prior": PRIOR, "rarity": 9.0, "visitors": 1.96}


def test_a_made_up_address_gives_one_bit_at_most() -> None:
    assert bars(odds(facts(members(names(9)), shared(names(9), 8.0, soft=True))))["rarity"] == 1.0


def test_a_value_that_many_share_here_weighs_against() -> None:
    assert bars(odds(facts(members(names(9)), shared(names(9), -7.0))))["rarity"] == -3.0


def test_people_whom_records_tie_are_one_and_no_rarity_is_counted() -> None:
    found = odds(facts(members(names(4)), shared(names(4), 0.0, unrelated=1)))
    assert found.bits < PRIOR


def test_own_evidence_is_a_mean_and_silence_of_others_is_not_subtracted() -> None:
    people = with_own(with_own(with_own(members(names(4)), 0, 9.0), 1, -6.0), 2, 1.0)
    assert bars(odds(facts(people, shared(names(4), 5.0))))["members"] == 2.5  # (9 + 0 + 1 + nothing) / 4


def test_what_one_alone_of_a_flat_does_gives_the_flat_a_bit_and_that_one_the_rest() -> None:
    two = with_own(members(names(2)), 0, 4.0)
    assert bars(odds(facts(two, shared(names(2), 5.0))))["members"] == 1.0
    both = with_own(two, 1, 4.0)
    assert bars(odds(facts(both, shared(names(2), 5.0))))["members"] == 4.0


def test_one_kvm_model_counts_only_what_it_exceeds_the_members_own_evidence() -> None:
    four = names(4)
    model = Trait(kind="kvm_model", words="a JetKVM", having=4, known=4, share=0.0001)
    alone = odds(facts(members(four), shared(four, 5.0), traits=(model,)))
    told = odds(facts(members(four, bits=3.0), shared(four, 5.0), traits=(model,)))
    assert bars(alone)["traits"] == 3.0  # a bit for each further device
    assert "traits" not in bars(told)
    assert bars(told)["members"] == 3.0


def test_a_rhythm_counts_by_the_bound_that_its_p_allows() -> None:
    two = names(2)
    fits = Rhythm(device=two[0], other=two[1], kind="alternates", p=0.002, days=20)
    strong = odds(msgspec.structs.replace(facts(members(two), shared(two, 3.0)), rhythms=(fits,)))
    # -1 / (e x .002 x ln .002) = 29.6; a farm shows its rhythm three times of ten: log2(.3 x 29.6 + .7) = 3.26.
    assert bars(strong)["rhythm"] == pytest.approx(3.26, abs=0.02)
    weak = msgspec.structs.replace(fits, p=0.4)
    found = odds(msgspec.structs.replace(facts(members(two), shared(two, 3.0)), rhythms=(weak,)))
    assert bars(found).get("rhythm", 0.0) == 0.0


def test_new_hires_who_came_one_by_one_count_and_a_batch_on_one_day_does_not() -> None:
    five = names(5)
    start = day("2026-02-01")
    one_by_one = tuple(
        msgspec.structs.replace(
            each, start_on=start + timedelta(days=10 * n), joined_at=AT - timedelta(days=57 - 10 * n)
        )
        for n, each in enumerate(members(five))
    )
    batch = tuple(
        msgspec.structs.replace(each, start_on=start, joined_at=AT - timedelta(days=57)) for each in one_by_one
    )
    assert bars(odds(facts(one_by_one, shared(five, 5.0))))["joining"] == pytest.approx(1.81, abs=0.01)  # log2(.35/.10)
    assert "joining" not in bars(odds(facts(batch, shared(five, 5.0))))


def test_at_least_one_true_member_is_what_the_members_say_apart() -> None:
    people = tuple(msgspec.structs.replace(each, probability=0.5) for each in members(names(3)))
    assert at_least_one(people) == pytest.approx(1 - 0.5**3)


@pytest.mark.parametrize(
    ("bits", "points"), [(-20.0, 0), (-6.66, 32), (-6.62, 33), (-3.169, 51), (0.0, 67), (3.17, 83), (9.0, 100)]
)
def test_points_are_those_of_devices(bits: float, points: int) -> None:
    assert points_of(bits) == points


def test_every_bar_is_a_sentence_and_they_add_up() -> None:
    twelve = names(12)
    found = odds(
        facts(members(twelve), shared(twelve, 9.0), shared(twelve[:3], 5.0, "usb_serial"), egress="residential")
    )
    assert all(each.label.endswith(".") and not each.label[0].islower() for each in found.bars)
    assert found.bits == pytest.approx(sum(each.bits for each in found.bars))
