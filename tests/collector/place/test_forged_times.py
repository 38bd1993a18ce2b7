"""One server that answers for many landmarks, names that lead elsewhere, floods and forged numbers."""

import msgspec
import pytest

from farmwatch_collector.place.days import MeasuredDay
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.networks import NetworkFacts
from farmwatch_collector.place.odd_ways import odd_ways
from farmwatch_collector.place.rounds import days_of
from farmwatch_collector.place.types import Landmark, Observation
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.latency import RoundTrips

from .measured import CITIES, LANDMARKS, at, rtt, sample, trips
from .test_placing import LightAlone, entry, places, view

SEATTLE, TOKYO, DUBLIN = CITIES["Seattle, US"], CITIES["Tokyo, JP"], CITIES["Dublin, IE"]
#: Networks of two providers, and another's (place/provider_networks.py): AS16509 is Amazon's, AS20473 Vultr's.
AMAZON, VULTR = 16509, 20473


def one_day(*samples: SectionView, **more: object) -> MeasuredDay:
    (day,) = days_of(samples, LANDMARKS, **more)  # type: ignore[arg-type]
    return day


def times(day: MeasuredDay) -> dict[str, float]:
    return {each.landmark.landmark: each.rtt_ms for each in day.observations}


def truth(here: tuple[float, float]) -> dict[str, float]:
    return {name: rtt(here, landmark) for name, landmark in LANDMARKS.items()}


def answered(items: list[RoundTrips], ms: float, first_byte: float | None) -> list[RoundTrips]:
    """The same landmarks, each as far as one server; two tenths more from one to the next."""
    return [
        msgspec.structs.replace(trip, min_ms=ms + number / 5, median_ms=ms + 4, max_ms=ms + 9, first_byte_ms=first_byte)
        for number, trip in enumerate(items)
    ]


# one server for all -------------------------------------------------------------------------------
@pytest.mark.parametrize("ms", [1.0, 20.0, 60.0, 80.0, 100.0, 140.0])
@pytest.mark.parametrize("speaks_tls", [True, False])
def test_one_server_that_answers_for_all_is_named_however_far_it_is(ms: float, *, speaks_tls: bool) -> None:
    """A sign-in page that accepts everything, a hotel's proxy, a security client whose proxy answers TLS itself: light
    contradicts few of such times from 80 ms on, and the farthest landmarks would disprove every claim."""
    day = one_day(sample(at(), answered(trips(SEATTLE), ms, ms + 3 if speaks_tls else None)))
    assert (day.why_not, day.observations) == ("answered_locally", ())


def test_echoes_that_pass_such_a_server_place_the_laptop_by_themselves() -> None:
    day = one_day(sample(at(), [*answered(trips(SEATTLE), 90, 93), *trips(SEATTLE, method="icmp")]))
    assert times(day) == truth(SEATTLE)


def test_where_it_answers_for_a_part_that_part_is_left_out() -> None:
    parts = {"los-angeles", "tokyo", "sydney", "frankfurt", "singapore"}
    items = trips(SEATTLE)
    through = [each for each in items if each.landmark.removeprefix("test:") in parts]
    direct = [each for each in items if each not in through]
    day = one_day(sample(at(), [*direct, *answered(through, 90, 93)]))
    # Light contradicts Sydney alone: 90 ms are 9,000 km, and Frankfurt lies 8,190 km from Seattle.
    assert times(day) == {each.landmark: each.min_ms for each in direct}


def test_a_few_times_that_are_alike_by_chance_stay() -> None:
    assert times(one_day(sample(at(), trips(DUBLIN)))) == truth(DUBLIN)
    assert times(one_day(sample(at(), trips(TOKYO)))) == truth(TOKYO)


# a box that answers for landmarks near the claim --------------------------------------------------
def test_a_box_in_tokyo_that_answers_for_all_near_seattle_makes_no_consistent_day() -> None:
    near = ("test:seattle", "test:los-angeles", "test:dallas")
    asked = [each for name, each in LANDMARKS.items() if name not in ("test:singapore", "test:sydney", "test:mumbai")]
    items = [
        msgspec.structs.replace(trip, min_ms=6.0, median_ms=7.0, max_ms=9.0) if trip.landmark in near else trip
        for trip in trips(TOKYO, landmarks=asked)
    ]
    day = one_day(sample(at(), items))
    # The one that tells the truth contradicts three, and goes as the odd one out.
    assert "test:tokyo" not in times(day)
    placing = places(LightAlone()).place(view(*(sample(at(each), items) for each in (1, 0))), entry()).placing
    assert placing is not None
    assert [(each.verdict, each.why_not) for each in placing.days] == [("unmeasurable", "answered_locally")] * 2
    assert "to Tokyo, JP" in placing.days[-1].sentence


def test_a_landmark_that_moved_within_reach_of_the_claim_costs_no_day() -> None:
    """Frankfurt answered from New York: it contradicts Dublin, and says nothing against Seattle."""
    moved = rtt(CITIES["New York, US"], LANDMARKS["test:seattle"])
    items = [
        msgspec.structs.replace(trip, min_ms=moved, median_ms=moved + 1, max_ms=moved + 3)
        if trip.landmark == "test:frankfurt"
        else trip
        for trip in trips(SEATTLE)
    ]
    placing = places(LightAlone()).place(view(*(sample(at(each), items) for each in (1, 0))), entry()).placing
    assert placing is not None
    assert placing.verdict != "impossible"


def observed(times: dict[str, float]) -> list[Observation]:
    return [Observation(shipped()[name], ms) for name, ms in times.items()]


def test_ways_that_no_network_has_from_beside_the_nearest_landmark_are_odd() -> None:
    """A box in Seoul answers for Seattle, and swallows what is asked of all that is near itself."""
    times = {
        "vultr:wa-us": 2.7, "gcp:us-west1": 6.7, "linode:us-central": 269.8, "aws:us-east-1": 246.7,
        "digitalocean:sgp1": 135.3, "ibm:eu-es": 239.8, "aws:af-south-1": 265.8,
    }  # fmt: skip
    # Seattle to Dallas: 2,710 km, 27 ms by light; to Virginia 3,700 km; to Singapore 12,980 km, 130 ms by light.
    odd = [each.landmark.landmark for each in odd_ways(observed(times))]
    assert odd == ["linode:us-central", "aws:us-east-1", "digitalocean:sgp1"]
    far = {**times, "vultr:wa-us": 16.0, "gcp:us-west1": 17.0}
    assert odd_ways(observed(far)) == []


@pytest.mark.parametrize("city", sorted(CITIES))
def test_nothing_is_odd_from_anywhere(city: str) -> None:
    day = one_day(sample(at(), trips(CITIES[city])))
    assert odd_ways(day.observations) == []


# names that lead elsewhere ------------------------------------------------------------------------
AWS: dict[str, Landmark] = {
    name: msgspec.structs.replace(landmark, provider="aws") for name, landmark in LANDMARKS.items()
}
NUMBERS = {"198.51.100.1": AMAZON, "198.51.100.2": VULTR, "2001:db8::2": VULTR}


def facts_of(address: str) -> NetworkFacts:
    if address.startswith("10."):
        return NetworkFacts("private")
    return NetworkFacts("hosting", NUMBERS.get(address, 0))


def led(address: str, *names: str) -> list[RoundTrips]:
    """Rounds in Tokyo; the names given lead to a server beside the laptop."""
    return [
        msgspec.structs.replace(trip, address=address, min_ms=4.0, median_ms=5.0, max_ms=9.0)
        if trip.landmark in names
        else msgspec.structs.replace(trip, address="198.51.100.1")
        for trip in trips(TOKYO)
    ]


@pytest.mark.parametrize("address", ["198.51.100.2", "2001:db8::2", "10.0.0.7"])
def test_a_name_that_leads_to_another_network_is_left_out_alone(address: str) -> None:
    (day,) = days_of([sample(at(), led(address, "test:seattle", "test:dallas"))], AWS, facts_of=facts_of)
    assert day.why_not == ""
    assert times(day).keys() == AWS.keys() - {"test:seattle", "test:dallas"}
    # Not held against the landmark either: nothing was learnt of it.
    assert day.contradicted == ()


@pytest.mark.parametrize("address", ["198.51.100.9", ""])
def test_where_no_data_tell_the_network_the_time_counts(address: str) -> None:
    items = [msgspec.structs.replace(trip, address=address) for trip in trips(TOKYO)]
    (day,) = days_of([sample(at(), items)], AWS, facts_of=facts_of)
    assert times(day) == truth(TOKYO)


def test_a_company_may_put_its_own_landmark_anywhere() -> None:
    own = {name: msgspec.structs.replace(landmark, own=True) for name, landmark in AWS.items()}
    (day,) = days_of([sample(at(), led("10.0.0.7", "test:tokyo"))], own, facts_of=facts_of)
    assert times(day)["test:tokyo"] == 4.0


def test_too_few_names_that_lead_where_they_should_are_named() -> None:
    items = [msgspec.structs.replace(trip, address="10.0.0.7") for trip in trips(TOKYO)]
    (day,) = days_of([sample(at(), items)], AWS, facts_of=facts_of)
    assert (day.why_not, day.observations) == ("answered_locally", ())
    assert day.words == "The names of 12 landmarks led to networks that are not their providers'."


def test_a_name_that_is_steered_to_a_server_near_by_goes_as_the_odd_one_out() -> None:
    """A provider's own name server may answer by region: the same network, another place."""
    (day,) = days_of([sample(at(), led("198.51.100.1", "test:dublin"))], AWS, facts_of=facts_of)
    assert times(day).keys() == AWS.keys() - {"test:dublin"}


# forged numbers -----------------------------------------------------------------------------------
def test_answers_in_no_time_are_nobodys() -> None:
    day = one_day(sample(at(), answered(trips(SEATTLE), 0.01, None)))
    assert (day.why_not, day.observations) == ("answered_locally", ())


def test_ten_thousand_rounds_of_one_day_are_sixteen() -> None:
    flood = [sample(at(hour=1), trips(DUBLIN))] * 10_000
    day = one_day(*flood, *[sample(at(hour=9), trips(SEATTLE))] * 16)
    assert times(day) == truth(SEATTLE)


def test_from_home_to_the_office_the_times_that_count_are_of_one_place_that_light_allows() -> None:
    """80 km: the day is that of both, and each time is one that was measured."""
    office = (47.04, -122.9)
    day = one_day(sample(at(hour=8), trips(SEATTLE)), sample(at(hour=15), trips(office, access_ms=6)))
    assert all(ms in (truth(SEATTLE)[name], rtt(office, LANDMARKS[name], 6)) for name, ms in times(day).items())


def test_a_laptops_clock_moves_no_round_to_another_day() -> None:
    """A day is that of the collector's word on when a report was made, not of the round's own."""
    day = one_day(sample(at(), trips(SEATTLE), began_at="1999-01-01T00:00:00Z"))
    assert day.day == at().date()
