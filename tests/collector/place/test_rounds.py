import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place.days import MeasuredDay
from farmwatch_collector.place.rounds import days_of, shared_offset
from farmwatch_collector.place.types import Landmark
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

from .measured import CITIES, LANDMARKS, NOW, TODAY, at, km, rtt, sample, trips

SEATTLE, LONDON, MUMBAI = CITIES["Seattle, US"], (51.51, -0.13), CITIES["Mumbai, IN"]


def one_day(*samples: SectionView, landmarks: dict[str, Landmark] | None = None) -> MeasuredDay:
    (day,) = days_of(samples, landmarks or LANDMARKS)
    return day


def times(day: MeasuredDay) -> dict[str, float]:
    return {each.landmark.landmark: each.rtt_ms for each in day.observations}


def truth(here: tuple[float, float], access_ms: float = 5.0) -> dict[str, float]:
    return {name: rtt(here, landmark, access_ms) for name, landmark in LANDMARKS.items()}


# what counts --------------------------------------------------------------------------------------
def test_the_least_time_over_rounds_families_and_methods_counts() -> None:
    day = one_day(
        sample(at(hour=8), trips(SEATTLE, access_ms=9)),
        sample(
            at(hour=15),
            [
                *trips(SEATTLE, access_ms=7),
                *trips(SEATTLE, family="ipv6", access_ms=5),
                *trips(SEATTLE, method="icmp", access_ms=6),
            ],
        ),
    )
    assert (day.day, day.why_not, day.access) == (TODAY, "", "wired")
    assert times(day) == truth(SEATTLE)


def test_a_round_that_came_twice_says_the_same() -> None:
    once = sample(at(), trips(SEATTLE))
    assert one_day(once, once) == one_day(once)


def test_days_are_those_of_utc_oldest_first() -> None:
    days = days_of([sample(at(0), trips(SEATTLE)), sample(at(2), trips(SEATTLE))], LANDMARKS)
    assert [(TODAY - each.day).days for each in days] == [2, 0]


def test_where_tcp_and_icmp_disagree_on_a_landmark_the_longer_time_counts() -> None:
    echoes = trips(SEATTLE, method="icmp")
    near = msgspec.structs.replace(echoes[4], min_ms=1.0, median_ms=1.5, max_ms=2.0)
    day = one_day(sample(at(), [*trips(SEATTLE), *echoes[:4], near, *echoes[5:]]))
    assert times(day) == truth(SEATTLE)


def test_a_signed_answer_outranks_what_anybody_can_give() -> None:
    own = msgspec.structs.replace(LANDMARKS["test:tokyo"], landmark="own:tokyo", own=True, method="signed")
    known = {**LANDMARKS, "own:tokyo": own}
    true = rtt(SEATTLE, own)
    day = one_day(
        sample(
            at(),
            [
                *trips(SEATTLE),
                *trips(SEATTLE, landmarks=[own], seen=lambda ms: ms - 20),
                *trips(SEATTLE, landmarks=[own], method="signed"),
            ],
        ),
        landmarks=known,
    )
    assert times(day)["own:tokyo"] == true


@pytest.mark.parametrize(
    ("changes", "access"),
    [
        ({"access": "ethernet"}, "wired"),
        ({"access": "ethernet", "gateway_ms": 12.0}, "wifi"),
        ({"access": "ethernet", "gateway_ms": None}, "wired"),
        ({"access": "wifi"}, "wifi"),
        ({"access": "mobile"}, "mobile"),
        ({"access": "virtual"}, "unknown"),
        ({"access": ""}, "unknown"),
    ],
)
def test_access_is_that_of_the_interface(changes: dict[str, object], access: str) -> None:
    assert one_day(sample(at(), trips(SEATTLE), **changes)).access == access


def test_of_two_kinds_of_access_the_one_that_explains_most_counts() -> None:
    day = one_day(sample(at(hour=8), trips(SEATTLE)), sample(at(hour=15), trips(SEATTLE), access="mobile"))
    assert day.access == "mobile"


# what cannot be measured --------------------------------------------------------------------------
def test_starlink_probe_that_reaches_four_continents_at_once_is_answered_locally() -> None:
    """The real case of conmob 2023: Sydney, Tokyo, Frankfurt and Sao Paulo in 22 to 37 ms."""
    seen = {"sydney": 22.0, "tokyo": 31.0, "frankfurt": 37.0, "sao-paulo": 28.0, "dallas": 30.0, "mumbai": 35.0}
    items = [
        RoundTrips(
            landmark=f"test:{name}", method="tcp", family="ipv4", count=5, min_ms=ms, median_ms=ms + 1, max_ms=ms + 3
        )
        for name, ms in seen.items()
    ]
    day = one_day(sample(at(), items))
    assert day.why_not == "answered_locally"
    assert day.observations == ()
    assert "something near answers in the landmarks' place" in day.words


def test_what_accepts_connections_at_once_and_passes_tls_on_is_answered_locally() -> None:
    items = [
        msgspec.structs.replace(trip, min_ms=1.2, median_ms=1.4, max_ms=2.0, first_byte_ms=trip.min_ms)
        for trip in trips(SEATTLE)
    ]
    day = one_day(sample(at(), items))
    assert (day.why_not, day.observations) == ("answered_locally", ())


def test_a_servers_own_thinking_is_no_gap() -> None:
    items = [msgspec.structs.replace(trip, first_byte_ms=(trip.min_ms or 0) + 25) for trip in trips(SEATTLE)]
    assert times(one_day(sample(at(), items))) == truth(SEATTLE)


def test_icmp_tells_that_connections_are_accepted_near_and_places_the_laptop_by_itself() -> None:
    near = [msgspec.structs.replace(trip, min_ms=2.0, median_ms=2.1, max_ms=3.0) for trip in trips(SEATTLE)]
    day = one_day(sample(at(), [*near, *trips(SEATTLE, method="icmp")]))
    assert (day.why_not, times(day)) == ("", truth(SEATTLE))


def test_tcp_much_slower_than_icmp_everywhere_is_a_sign() -> None:
    day = one_day(sample(at(), [*trips(SEATTLE, seen=lambda ms: 2 * ms + 40), *trips(SEATTLE, method="icmp")]))
    assert day.footprint == ("methods_disagree",)


def test_one_family_that_is_answered_near_does_not_spoil_the_other() -> None:
    near = [
        msgspec.structs.replace(trip, min_ms=2.0, median_ms=2.1, max_ms=3.0) for trip in trips(SEATTLE, family="ipv6")
    ]
    day = one_day(sample(at(), [*near, *trips(SEATTLE)]))
    assert (day.why_not, times(day)) == ("", truth(SEATTLE))


def test_one_landmark_that_moved_is_left_out_and_the_others_count() -> None:
    items = trips(SEATTLE)
    place = next(index for index, trip in enumerate(items) if trip.landmark == "test:sydney")
    items[place] = msgspec.structs.replace(items[place], min_ms=4.0, median_ms=5.0, max_ms=6.0)
    expected = truth(SEATTLE)
    del expected["test:sydney"]
    day = one_day(sample(at(), items))
    assert times(day) == expected
    assert [(each.landmark.landmark, each.rtt_ms) for each in day.contradicted] == [("test:sydney", 4.0)]


def test_an_edge_that_fetches_from_afar_is_left_out_alone() -> None:
    items = [
        msgspec.structs.replace(trip, min_ms=60.0, median_ms=61.0, max_ms=65.0, first_byte_ms=300.0)
        if trip.landmark == "test:sydney"
        else msgspec.structs.replace(trip, first_byte_ms=(trip.min_ms or 0) + 10)
        for trip in trips(SEATTLE)
    ]
    assert "test:sydney" not in times(one_day(sample(at(), items)))
    assert len(times(one_day(sample(at(), items)))) == len(LANDMARKS) - 1


def test_a_tunnel_is_named_and_a_round_beside_it_counts() -> None:
    through = sample(at(hour=8), trips(MUMBAI), access="tunnel")
    assert one_day(through).why_not == "tunnelled"
    assert times(one_day(through, sample(at(hour=15), trips(SEATTLE)))) == truth(SEATTLE)


def test_all_ways_much_longer_than_they_need_be_is_a_far_tunnel_and_a_sign() -> None:
    day = one_day(sample(at(), trips(SEATTLE, access_ms=180)))
    assert (day.why_not, day.footprint) == ("tunnelled", ("uniform_minimum",))


def test_a_geostationary_satellite_is_no_sign() -> None:
    day = one_day(sample(at(), trips(SEATTLE, access_ms=560)))
    assert (day.why_not, day.footprint) == ("tunnelled", ())


@pytest.mark.parametrize("access_ms", [3, 13.5, 40.1, 35.7])
def test_what_real_access_adds_is_no_tunnel(access_ms: float) -> None:
    assert one_day(sample(at(), trips(SEATTLE, access_ms=access_ms))).why_not == ""


def test_shared_offset_is_never_less_than_what_all_ways_share() -> None:
    assert 50 <= shared_offset(truth(SEATTLE, 50), LANDMARKS) <= 60


def test_an_answer_that_could_not_be_signed_spoils_the_round() -> None:
    forged = RoundTrips(landmark="own:tokyo", method="signed", family="ipv4", problem="forged")
    assert one_day(sample(at(), [*trips(SEATTLE), forged])).why_not == "answered_locally"


def test_a_journey_is_no_contradiction_the_evening_counts() -> None:
    day = one_day(sample(at(hour=2), trips(SEATTLE)), sample(at(hour=17), trips(LONDON)))
    assert km(SEATTLE, LONDON) > 7_000
    assert (day.why_not, times(day)) == ("", truth(LONDON))


def test_fewer_than_six_landmarks_place_nothing() -> None:
    five = list(LANDMARKS.values())[:5]
    day = one_day(sample(at(), trips(SEATTLE, landmarks=five)))
    assert (day.why_not, day.words) == ("few_landmarks", "Only 5 landmarks answered, 6 are needed.")


def test_landmarks_in_quarantine_and_unknown_ones_do_not_count() -> None:
    (day,) = days_of([sample(at(), trips(SEATTLE))], LANDMARKS, frozenset({"test:tokyo"}))
    assert set(times(day)) == LANDMARKS.keys() - {"test:tokyo"}
    assert "test:tokyo" in day.measured


def test_a_skipped_round_says_why() -> None:
    day = one_day(sample(at(), [], skipped="metered"))
    assert (day.why_not, day.words) == ("skipped", "Nothing was measured: the connection was metered.")


def test_single_answers_are_noise() -> None:
    assert one_day(sample(at(), trips(SEATTLE, count=1))).why_not == "noisy"


def test_times_without_a_quiet_moment_are_noise() -> None:
    items = [msgspec.structs.replace(trip, median_ms=(trip.min_ms or 0) + 90) for trip in trips(SEATTLE)]
    assert one_day(sample(at(), items)).why_not == "noisy"


def test_what_could_not_be_looked_at_is_no_day() -> None:
    broken = SectionView(kind="latency", outcome="broken", observed_at=NOW, items=())
    assert days_of([broken], LANDMARKS) == []


# hostile numbers ----------------------------------------------------------------------------------
NUMBERS = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([-1.0, 0.0, 1e300, 1e-300, 4.2, 80.0])
)
NAMES = st.one_of(st.sampled_from(sorted(LANDMARKS)), st.text(max_size=5))
TRIPS = st.builds(
    RoundTrips,
    landmark=NAMES,
    method=st.sampled_from(["tcp", "icmp", "signed", "", "x"]),
    family=st.sampled_from(["ipv4", "ipv6", "", "x"]),
    count=st.integers(-5, 10**12),
    min_ms=NUMBERS,
    median_ms=NUMBERS,
    max_ms=NUMBERS,
    first_byte_ms=NUMBERS,
    problem=st.sampled_from(["", "", "", "forged", "x"]),
)
ROUNDS = st.builds(
    MeasuringRound,
    plan=st.text(max_size=3),
    began_at=st.text(max_size=3),
    skipped=st.sampled_from(["", "", "metered", "x" * 500]),
    access=st.sampled_from(["ethernet", "wifi", "tunnel", "mobile", "", "x"]),
    gateway_ms=NUMBERS,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.one_of(TRIPS, ROUNDS), max_size=40)), max_size=5))
def test_hostile_numbers_never_raise_and_never_reach_the_claim_test(
    told: list[tuple[int, list[RoundTrips | MeasuringRound]]],
) -> None:
    samples = [
        SectionView(kind="latency", outcome="found", observed_at=at(days), items=tuple(items)) for days, items in told
    ]
    for day in days_of(samples, LANDMARKS):
        assert bool(day.why_not) != bool(day.observations)
        assert len(day.words) < 400
        assert all(0 < each.rtt_ms <= 5_000 for each in day.observations)


def test_thousands_of_items_are_taken_in_their_stride() -> None:
    many = [*trips(SEATTLE), *(trips(SEATTLE)[0] for _ in range(4_900))]
    assert times(one_day(*(sample(at(hour=hour), many) for hour in range(8)))) == truth(SEATTLE)
