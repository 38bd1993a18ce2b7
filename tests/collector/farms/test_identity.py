"""A farm stays the same one while its members come and go; what merges and splits is told in words."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from farmwatch_collector.farms.identity import matched, named, present
from farmwatch_collector.farms.judging import Candidate
from farmwatch_collector.farms.odds import odds
from farmwatch_collector.farms.source import FarmChange
from farmwatch_collector.farms.types import Farm, FarmOdds, FarmState

from .candidates import AT, facts, members, names, shared

DAY = timedelta(days=1)


def candidate(devices: Sequence[str], probability: float = 0.5) -> Candidate:
    known = facts(members(sorted(devices)), shared(sorted(devices), 9.0), egress="residential")
    judged: FarmOdds = odds(known)
    return Candidate(known, msgspec.structs.replace(judged, probability=probability))


def ended(farm: Farm) -> tuple[FarmState, str]:
    return "ended", "Nothing ties its members any more."


def after(
    farms: Sequence[Farm], candidates: Sequence[Candidate], at: datetime = AT, start: int = 100
) -> dict[int, FarmChange]:
    numbers = itertools.count(start)
    return {each.farm.id: each for each in matched(farms, candidates, at, ended, lambda: next(numbers))}


def farm(devices: Sequence[str], number: int = 7, found_at: datetime = AT - 9 * DAY) -> Farm:
    return after([], [candidate(devices)], found_at, number)[number].farm


def actions(change: FarmChange) -> list[str]:
    return [each.action for each in change.events]


def test_a_new_candidate_worth_watching_is_found_and_one_below_is_not() -> None:
    found = after([], [candidate(names(8)), candidate(names(2, "pair"), 0.0099)])
    assert list(found) == [100]
    assert actions(found[100]) == ["found"]
    assert found[100].before is None
    words = found[100].events[0].words
    assert "laptop-000, laptop-001, laptop-002, laptop-003, laptop-004, laptop-005 and 2 more" in words
    assert "8 of them share one gateway." in words


def test_who_joins_and_who_leaves_is_told_and_the_id_stays() -> None:
    before = farm(names(5))
    change = after([before], [candidate([*names(4), "newcomer"])])[7]
    assert actions(change) == ["joined", "left"]
    assert "newcomer joined." in change.events[0].words
    assert "laptop-004 left" in change.events[1].words
    assert present(change.farm) == ("laptop-000", "laptop-001", "laptop-002", "laptop-003", "newcomer")
    gone = next(each for each in change.farm.members if each.member.device == "laptop-004")
    assert gone.left_at == AT
    assert change.touched == ("laptop-004", "newcomer")


def test_who_comes_back_has_a_second_line_and_is_a_member_once() -> None:
    before = farm(names(5))
    without = after([before], [candidate(names(4))])[7].farm
    back = after([without], [candidate(names(5))], AT + DAY)[7].farm
    lines = [each for each in back.members if each.member.device == "laptop-004"]
    assert [(each.added_at, each.left_at) for each in lines] == [(AT - 9 * DAY, AT), (AT + DAY, None)]
    assert present(back) == names(5)


def test_merging_the_older_farm_goes_on_whichever_is_larger() -> None:
    small, large = farm(names(3, "old"), 1, AT - 30 * DAY), farm(names(9, "new"), 2, AT - DAY)
    found = after([large, small], [candidate([*names(3, "old"), *names(9, "new")])])
    assert actions(found[1]) == ["merged"]
    assert "Farm 2 went into this one: new-000" in found[1].events[0].words
    assert found[1].farm.previous == (2,)
    assert actions(found[2]) == ["merged"]
    assert (found[2].farm.into, found[2].farm.state) == (1, "ended")
    assert present(found[2].farm) == ()


def test_splitting_the_largest_part_keeps_the_id_and_the_other_tells_where_it_comes_from() -> None:
    before = farm(names(9))
    found = after([before], [candidate(names(9)[:3]), candidate(names(9)[3:])])
    assert present(found[7].farm) == names(9)[3:]
    assert actions(found[7]) == ["split"]
    assert found[100].farm.previous == (7,)
    assert actions(found[100]) == ["found", "split"]
    assert "Split from farm 7" in found[100].events[1].words


def test_one_laptop_that_stands_elsewhere_now_is_no_split() -> None:
    found = after([farm(names(9))], [candidate(names(8)), candidate(["laptop-008", "x", "y"])])
    assert actions(found[7]) == ["left"]
    assert found[100].farm.previous == ()


def test_a_kept_farm_stays_listed_until_half_of_what_it_was_kept_from() -> None:
    before = farm(names(5))
    low = after([before], [candidate(names(5), 0.006)])[7]
    assert (low.farm.state, low.events) == ("open", ())
    assert after([before], [candidate(names(5), 0.0049)])[7].farm.state == "ended"


def test_an_ended_farm_returns_under_its_id_when_it_is_worth_keeping_again() -> None:
    over = after([farm(names(5))], [])[7].farm
    assert over.state == "ended"
    assert after([over], []) == {}  # it ends once
    assert after([over], [candidate(names(5), 0.006)]) == {}
    back = after([over], [candidate(names(5))], AT + DAY)[7]
    assert (actions(back), back.farm.state) == (["returned"], "open")


def test_an_explained_farm_ends_or_returns_and_is_explained_once() -> None:
    explain = lambda farm: ("explained", "Its gateway is known: Room.")  # noqa: E731
    change = matched([farm(names(5))], [], AT, explain, lambda: 1)[0]  # type: ignore[arg-type]
    assert (change.farm.state, actions(change)) == ("explained", ["explained"])
    assert matched([change.farm], [], AT, explain, lambda: 1) == []  # type: ignore[arg-type]


def test_the_last_of_two_that_moves_into_an_office_takes_no_farm_along() -> None:
    found = after([farm(["a", "b"])], [candidate(["a", "x", "y", "z"])])
    assert found[7].farm.state == "ended"
    assert found[100].farm.previous == ()


@pytest.mark.parametrize("seed", range(5))
def test_no_order_of_farms_and_candidates_changes_the_answer(seed: int) -> None:
    farms = [farm(names(4, f"f{n}"), n + 1, AT - n * DAY) for n in range(4)]
    mixed = [
        candidate([*names(4, "f0"), *names(4, "f1")]),
        candidate(names(4, "f2")[:2]),
        candidate(names(4, "f2")[2:]),
        candidate([*names(2, "f3"), "z"]),
    ]
    rng = random.Random(seed)
    shuffled = after(rng.sample(farms, 4), rng.sample(mixed, 4))
    assert shuffled == after(farms, mixed)
    assert set(shuffled) == {1, 2, 3, 4, 100}


def test_six_devices_are_named_and_the_rest_counted() -> None:
    assert named("abcdef") == "a, b, c, d, e, f"
    assert named("abcdefg") == "a, b, c, d, e, f and 1 more"
