"""When a farm's case opens, changes and comes back: the rules by themselves. The store's part is in its contract."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.cases import Case
from farmwatch_collector.farms.following import follow_farm, members_now, standing_of
from farmwatch_collector.farms.types import Farm

from ..store.farm_facts import DAY, farm
from ..store.moments import MINUTE, START

DEVICES = ("d-1", "d-2", "d-3")


def seen(points: int, *devices: str, **changes: Any) -> Farm:
    return farm(4, *(devices or DEVICES), points=points, **changes)


def opened(points: int = 60) -> Case:
    done = follow_farm(seen(points), None, START)
    assert done is not None
    assert done.opens
    return msgspec.structs.replace(done.case, id=1)


def closed(points: int = 60, **changes: Any) -> Case:
    values: dict[str, Any] = {"state": "closed", "closed_at": START, "closed_as": "confirmed", **changes}
    return msgspec.structs.replace(opened(points), **values)


@pytest.mark.parametrize(("points", "opens"), [(50, False), (51, True)])
def test_a_case_opens_at_review(points: int, opens: bool) -> None:
    assert (follow_farm(seen(points), None, START) is not None) == opens


@pytest.mark.parametrize("state", ["explained", "ended"])
def test_one_that_is_explained_or_has_ended_counts_nothing_and_opens_nothing(state: str) -> None:
    assert standing_of(seen(90, state=state)) == (0, "none")
    assert follow_farm(seen(90, state=state), None, START) is None


def test_the_same_farm_again_changes_nothing() -> None:
    assert follow_farm(seen(60), opened(), START + DAY) is None


def test_ten_points_more_escalate_it_and_nine_do_not() -> None:
    assert follow_farm(seen(69), opened(), START + MINUTE) is not None  # 67 is urgent: its level rises
    done = follow_farm(seen(70), opened(), START + MINUTE)
    assert done is not None
    assert (done.action, done.case.standing, done.case.points) == ("escalated", "escalating", 70)
    nine = follow_farm(seen(64), opened(55), START + MINUTE)
    assert nine is None


def test_what_comes_and_goes_within_a_day_lowers_nothing() -> None:
    low = follow_farm(seen(40), opened(), START + MINUTE)
    assert low is not None
    assert (low.action, low.case.level, low.wake_at) == ("", "review", START + MINUTE + DAY)
    back = follow_farm(seen(60), low.case, START + timedelta(hours=20))
    assert back is not None
    assert (back.action, back.case.low_since) == ("", None)


def test_a_new_stranger_brings_a_closed_one_back_and_a_known_one_who_returns_does_not() -> None:
    done = follow_farm(seen(60, *DEVICES, "d-9"), closed(rest=60), START + MINUTE)
    assert done is not None
    assert (done.opens, done.case.standing, done.case.previous) == (True, "returned", 1)
    assert follow_farm(seen(60, *DEVICES[:2]), closed(rest=60), START + MINUTE) is None


def test_one_judged_before_its_close_opens_nothing() -> None:
    assert follow_farm(seen(90, *DEVICES, "d-9"), closed(rest=60), START) is None


def test_members_are_those_who_have_not_left() -> None:
    assert members_now(seen(60, left={"d-9": START})) == DEVICES


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_there_is_never_more_than_one_case_open_and_its_version_only_rises(points: list[int]) -> None:
    last: Case | None = None
    for hour, each in enumerate(points):
        done = follow_farm(seen(each), last, START + timedelta(hours=hour))
        if done is None:
            continue
        assert not (done.opens and last is not None)  # nobody closes it here, so there is one
        if last is not None:
            assert done.case.version >= last.version
        last = done.case
    assert (last is not None) == any(each >= 51 for each in points)
