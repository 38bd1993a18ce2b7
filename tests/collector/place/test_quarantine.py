"""Landmarks that the fleet's own times disprove, and that no liar can take from the fleet."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.quarantine import (
    LIFT_HOLDS,
    MOST_A_DAY,
    WITNESS_DAYS,
    decided,
    independent,
    observe,
    quarantined,
    trusted,
    witnesses,
)
from farmwatch_collector.place.types import LandmarkState, Observation, Witness
from farmwatch_detectors.policy import Claim

DAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEATTLE = Claim(place="Seattle, WA, US", latitude=47.606, longitude=-122.332, country="US")
LONDON = Claim(place="London, GB", latitude=51.508, longitude=-0.126, country="GB")
NEAR_SEATTLE = ("vultr:wa-us", "linode:us-sea", "gcp:us-west1", "hetzner:hil", "oracle:us-sanjose-1")
FAR = ("linode:eu-central", "oracle:ap-tokyo-1", "aws:sa-east-1", "vultr:syd-au")
ALL = (*NEAR_SEATTLE, *FAR)
#: Slower than light by half and 5 ms of access: an ordinary path.
ORDINARY, ACCESS_MS = 1.5, 5.0


def honest(where: Claim, names: Sequence[str] = ALL, **instead: float) -> list[Observation]:
    """What a laptop at a place measures; `instead` has other times, by id with _ for : and -."""
    found = []
    for name in names:
        one = shipped()[name]
        away = float(km_between(where.latitude, where.longitude, one.latitude, one.longitude))
        rtt = instead.get(name.replace(":", "_").replace("-", "_"), ACCESS_MS + ORDINARY * away / 100)
        found.append(Observation(one, rtt))
    return found


def said(device: str, observations: Sequence[Observation], *ties: str, claim: Claim = SEATTLE) -> list[Witness]:
    return witnesses(device, observations, claim, ties or (f"gateway-{device}", f"person-{device}"), DAY)


def test_an_honest_laptop_says_nothing_against_anybody() -> None:
    assert said("a", honest(SEATTLE)) == []


def test_a_landmark_that_answers_from_elsewhere_is_witnessed() -> None:
    # 4 ms to "Tokyo": at most 400 km from Seattle, 7,700 km from Tokyo.
    (witness,) = said("a", honest(SEATTLE, oracle_ap_tokyo_1=4.0))
    assert witness.landmark == "oracle:ap-tokyo-1"
    assert witness.part == "north_america"
    assert len(witness.against) >= 2
    assert len({name.partition(":")[0] for name in witness.against}) == len(witness.against)
    assert 6_000 < witness.km < 7_700


def test_no_claim_has_to_be_believed_to_doubt_a_landmark_and_a_wrong_one_costs_no_landmark() -> None:
    # A traveller: claims Seattle and is in London. Everything near contradicts the claim, nothing contradicts itself.
    assert said("a", honest(LONDON)) == []
    # The same with a landmark that really is wrong: who does not fit the claim is no witness.
    assert said("a", honest(LONDON, oracle_ap_tokyo_1=4.0)) == []


def test_a_commuter_beside_a_landmark_does_not_cost_it() -> None:
    # In Hillsboro, 230 km from the claim, 1 ms from a landmark there: outside the claim's bound, and quite honest.
    hillsboro = Claim(place="Hillsboro", latitude=45.52, longitude=-122.99)
    assert said("a", honest(hillsboro, hetzner_hil=1.0)) == []


def test_something_near_that_answers_for_many_is_no_witness() -> None:
    assert said("a", honest(SEATTLE, oracle_ap_tokyo_1=4.0, vultr_syd_au=3.0, linode_eu_central=4.0)) == []


def test_two_that_contradict_each_other_alone_decide_nothing() -> None:
    names = ("oracle:ap-tokyo-1", "linode:eu-central", "aws:sa-east-1", "vultr:syd-au", "oracle:uk-london-1",
             "aws:af-south-1", "vultr:wa-us")  # fmt: skip
    # 30 ms to Tokyo contradicts only what is near: here one landmark.
    assert said("a", honest(SEATTLE, names, oracle_ap_tokyo_1=30.0)) == []


def test_one_provider_s_word_is_not_two() -> None:
    names = ("vultr:wa-us", "vultr:sjo-ca-us", "vultr:lax-ca-us", "vultr:syd-au", "vultr:lon-gb", "vultr:sao-br",
             "vultr:hnd-jp", "oracle:ap-tokyo-1")  # fmt: skip
    assert said("a", honest(SEATTLE, names, oracle_ap_tokyo_1=4.0)) == []


def test_too_few_landmarks_make_no_witness() -> None:
    names = ("vultr:wa-us", "linode:us-sea", "gcp:us-west1", "hetzner:hil", "aws:sa-east-1", "oracle:ap-tokyo-1")
    assert said("a", honest(SEATTLE, names, oracle_ap_tokyo_1=4.0)) == []
    assert said("a", honest(SEATTLE, (*names, "vultr:syd-au"), oracle_ap_tokyo_1=4.0))


def test_a_device_without_claim_or_without_ties_is_nobody_s_witness() -> None:
    wrong = honest(SEATTLE, oracle_ap_tokyo_1=4.0)
    assert witnesses("a", wrong, None, ("gateway",), DAY) == []
    assert witnesses("a", wrong, SEATTLE, (), DAY) == []


def test_only_a_device_without_any_level_and_known_for_two_weeks_is_trusted() -> None:
    old, new = NOW - timedelta(days=14), NOW - timedelta(days=13)
    assert trusted(attention="none", enrolled_at=old, now=NOW)
    assert not trusted(attention="watch", enrolled_at=old, now=NOW)
    assert not trusted(attention="", enrolled_at=old, now=NOW)
    assert not trusted(attention="none", enrolled_at=new, now=NOW)


def witness(device: str, landmark: str = "oracle:ap-tokyo-1", *ties: str, **changes: object) -> Witness:
    values: dict[str, object] = {
        "landmark": landmark, "device": device, "day": DAY, "rtt_ms": 8.0, "against": ("vultr:wa-us", "gcp:us-west1"),
        "km": 6_500.0, "part": "north_america", "ties": ties or (f"gateway-{device}",),
    }  # fmt: skip
    return Witness(**{**values, **changes})  # type: ignore[arg-type]


def after(
    *found: Witness, before: dict[str, LandmarkState] | None = None, landmarks: int = 186, now: datetime = NOW
) -> dict[str, LandmarkState]:
    states = dict(before or {})
    for one in found:
        states |= {state.landmark: state for state in observe(states, [one], landmarks, now)}
    return states


def test_one_device_makes_a_suspect_and_two_a_quarantine() -> None:
    first = after(witness("a"))
    assert first["oracle:ap-tokyo-1"].state == "suspected"
    assert quarantined(first) == frozenset()
    second = after(witness("b"), before=first)
    state = second["oracle:ap-tokyo-1"]
    assert (state.state, state.actor) == ("quarantined", "farmwatch")
    assert "8.0 ms" in state.reason
    assert "6500 km" in state.reason
    assert quarantined(second) == {"oracle:ap-tokyo-1"}


def test_one_device_on_many_days_stays_one_device() -> None:
    states: dict[str, LandmarkState] = {}
    for days in range(20):
        at = NOW + timedelta(days=days)
        states = after(witness("a", day=at.date()), before=states, now=at)
    assert states["oracle:ap-tokyo-1"].state == "suspected"
    assert len(states["oracle:ap-tokyo-1"].witnesses) == 1


@pytest.mark.parametrize("shared", ["gateway-1", "egress-1", "household-1", "person-1"])
def test_devices_that_share_anything_are_one_witness(shared: str) -> None:
    pair = (witness("a", "oracle:ap-tokyo-1", shared, "own-a"), witness("b", "oracle:ap-tokyo-1", "own-b", shared))
    assert not independent(*pair)
    assert after(*pair)["oracle:ap-tokyo-1"].state == "suspected"
    # A farm of ten behind one gateway is no more.
    many = [witness(f"d{n}", "oracle:ap-tokyo-1", shared, f"own-{n}") for n in range(10)]
    assert after(*many)["oracle:ap-tokyo-1"].state == "suspected"


def test_an_honest_second_device_is_found_among_a_farm_s() -> None:
    farm = [witness(f"d{n}", "oracle:ap-tokyo-1", "gateway-1") for n in range(3)]
    assert after(*farm, witness("b"))["oracle:ap-tokyo-1"].state == "quarantined"


def test_a_name_of_many_places_is_told_as_such() -> None:
    near = after(witness("a", rtt_ms=2.0), witness("b", rtt_ms=4.9, part="europe"))
    assert near["oracle:ap-tokyo-1"].reason.startswith("It answers in under 5 ms in north_america and in europe")
    far = after(witness("a", rtt_ms=2.0), witness("b", rtt_ms=5.1, part="europe"))
    assert "stands elsewhere" in far["oracle:ap-tokyo-1"].reason


def test_witnesses_two_weeks_apart_do_not_meet() -> None:
    late = NOW + timedelta(days=WITNESS_DAYS + 1)
    states = after(witness("b", day=late.date()), before=after(witness("a")), now=late)
    assert states["oracle:ap-tokyo-1"].state == "suspected"
    assert [one.device for one in states["oracle:ap-tokyo-1"].witnesses] == ["b"]


def test_only_so_many_leave_in_a_day_by_themselves() -> None:
    names = sorted(shipped())[:20]
    states = after(*[witness(device, name) for name in names for device in ("a", "b")])
    assert len(quarantined(states)) == MOST_A_DAY
    waiting = next(state for state in states.values() if state.state == "suspected")
    assert "a person should look" in waiting.reason
    # On the next day some more, and never more than a tenth of all.
    for days in range(1, 12):
        at = NOW + timedelta(days=days)
        states = after(*[witness(d, n, day=at.date()) for n in names for d in ("a", "b")], before=states, now=at)
    assert len(quarantined(states)) == 18  # a tenth of 186


def test_a_fleet_with_few_landmarks_may_lose_one() -> None:
    states = after(witness("a"), witness("b"), witness("a", "own:fra"), witness("b", "own:fra"), landmarks=4)
    assert quarantined(states) == {"oracle:ap-tokyo-1"}


def test_a_person_s_lift_holds_two_weeks_and_then_new_witnesses_are_needed() -> None:
    lifted = decided("oracle:ap-tokyo-1", "lifted", "Moved on our side.", NOW, "command line (somebody)")
    states = {"oracle:ap-tokyo-1": lifted}
    assert after(witness("a"), witness("b"), before=states, now=NOW + timedelta(days=1)) == states
    later = NOW + LIFT_HOLDS
    again = after(witness("a", day=later.date()), before=states, now=later)
    assert again["oracle:ap-tokyo-1"].state == "suspected"
    assert quarantined(after(witness("b", day=later.date()), before=again, now=later))


def test_what_is_in_quarantine_stays_there_without_writing_again() -> None:
    states = after(witness("a"), witness("b"))
    assert observe(states, [witness("c")], 186, NOW + timedelta(days=1)) == []


@settings(max_examples=60)
@given(
    st.floats(-60, 65), st.floats(-179, 179), st.floats(1.0, 3.0), st.floats(0, 60),
    st.lists(st.sampled_from(sorted(shipped())), min_size=2, max_size=16, unique=True), st.data(),
)  # fmt: skip
def test_no_honest_path_ever_speaks_against_a_landmark(
    latitude: float, longitude: float, stretch: float, access: float, names: list[str], data: st.DataObject
) -> None:
    here = Claim(place="Somewhere", latitude=latitude, longitude=longitude)
    observations = []
    for name in names:
        one = shipped()[name]
        away = float(km_between(latitude, longitude, one.latitude, one.longitude))
        # The server may stand anywhere within its uncertainty, and no signal is faster than light in fibre.
        away = max(0.0, away + data.draw(st.floats(-one.uncertainty_km, one.uncertainty_km)))
        observations.append(Observation(one, access + stretch * away / 100))
    assert witnesses("a", observations, here, ("gateway",), DAY) == []


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=9, max_size=9))
def test_no_times_do_more_than_be_unheard(times: list[float]) -> None:
    observations = [Observation(shipped()[name], ms) for name, ms in zip(ALL, times, strict=True)]
    assert len(witnesses("a", observations, SEATTLE, ("gateway",), DAY)) <= 1
