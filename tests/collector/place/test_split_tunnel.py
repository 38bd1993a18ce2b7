"""Tunnels for a part of the world, and two address families that leave by two ways: the direct end is judged."""

import msgspec

from farmwatch_collector.place.days import MeasuredDay
from farmwatch_collector.place.rounds import days_of
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.latency import RoundTrips

from .measured import CITIES, LANDMARKS, at, rtt, sample, trips

SEATTLE, MUMBAI, NEW_YORK = CITIES["Seattle, US"], CITIES["Mumbai, IN"], CITIES["New York, US"]
ALL = list(LANDMARKS.values())


def one_day(*samples: SectionView) -> MeasuredDay:
    (day,) = days_of(samples, LANDMARKS)
    return day


def times(day: MeasuredDay) -> dict[str, float]:
    return {each.landmark.landmark: each.rtt_ms for each in day.observations}


def truth(here: tuple[float, float], count: int = len(ALL), access_ms: float = 5.0) -> dict[str, float]:
    return {each.landmark: rtt(here, each, access_ms) for each in ALL[:count]}


def by_tunnel(items: list[RoundTrips]) -> list[RoundTrips]:
    return trips(MUMBAI, landmarks=[LANDMARKS[each.landmark] for each in items], access="tunnel")


def test_what_went_into_a_tunnel_is_left_out_and_the_rest_is_judged() -> None:
    day = one_day(sample(at(), [*trips(SEATTLE, landmarks=ALL[:7]), *by_tunnel(trips(SEATTLE, landmarks=ALL[7:]))]))
    assert (day.why_not, day.access, times(day)) == ("", "wired", truth(SEATTLE, 7))
    assert set(day.measured) == LANDMARKS.keys()


def test_a_round_that_began_in_the_tunnel_is_judged_by_what_left_beside_it() -> None:
    direct = trips(SEATTLE, landmarks=ALL[:7], access="wifi")
    through = trips(MUMBAI, landmarks=ALL[7:])
    day = one_day(sample(at(), [*direct, *through], access="tunnel"))
    assert (day.why_not, day.access, times(day)) == ("", "wifi", truth(SEATTLE, 7))


def test_too_few_beside_the_tunnel_place_nothing() -> None:
    day = one_day(sample(at(), [*trips(SEATTLE, landmarks=ALL[:5]), *by_tunnel(trips(SEATTLE, landmarks=ALL[5:]))]))
    assert day.why_not == "tunnelled"
    assert day.words.endswith("Only 5 landmarks were measured beside it.")


def test_two_rounds_with_few_beside_the_tunnel_make_one_day() -> None:
    morning = [*trips(SEATTLE, landmarks=ALL[:4]), *by_tunnel(trips(SEATTLE, landmarks=ALL[4:]))]
    evening = [*trips(SEATTLE, landmarks=ALL[4:8]), *by_tunnel(trips(SEATTLE, landmarks=ALL[8:]))]
    assert times(one_day(sample(at(hour=8), morning), sample(at(hour=15), evening))) == truth(SEATTLE, 8)


def test_two_rounds_of_one_report_one_in_a_tunnel_count_as_the_tunnels() -> None:
    """Items of a report are sorted, so nobody knows whose a trip is."""
    section = sample(at(), trips(SEATTLE), access="tunnel")
    (head,) = sample(at(), []).items
    both = SectionView(kind="latency", outcome="found", observed_at=at(), items=(*section.items, head))
    assert one_day(both).why_not == "tunnelled"


def test_ipv4_in_a_tunnel_and_ipv6_beside_it_is_judged_where_the_laptop_is() -> None:
    day = one_day(sample(at(), [*trips(MUMBAI), *trips(SEATTLE, family="ipv6", access="wifi")], access="tunnel"))
    assert times(day) == truth(SEATTLE)


def test_ipv6_in_a_tunnel_and_ipv4_beside_it_is_judged_where_the_laptop_is() -> None:
    day = one_day(sample(at(), [*trips(SEATTLE), *trips(MUMBAI, family="ipv6", access="tunnel")]))
    assert times(day) == truth(SEATTLE)


def test_a_tunnel_broker_80_ms_away_never_speaks_against_its_user() -> None:
    """On the laptop it is an interface and left out; on the router it only makes IPv6 longer."""
    seen = trips(NEW_YORK, family="ipv6", access_ms=80)
    for access in ("tunnel", ""):
        broker = [msgspec.structs.replace(each, access=access) for each in seen]
        assert times(one_day(sample(at(), [*trips(SEATTLE), *broker]))) == truth(SEATTLE)


def test_addresses_that_a_network_translates_are_a_family_like_another() -> None:
    """IPv6 alone with NAT64 (RFC 6052): the translator makes ways longer, and its prefix is no network of anybody's."""
    mapped = trips(SEATTLE, family="ipv6", address="64:ff9b::c633:6407", access_ms=12)
    assert times(one_day(sample(at(), mapped))) == truth(SEATTLE, access_ms=12)


def test_a_security_client_that_begins_in_the_middle_is_not_mixed_in() -> None:
    before, after = trips(SEATTLE, landmarks=ALL[:6]), by_tunnel(trips(SEATTLE, landmarks=ALL[6:]))
    assert times(one_day(sample(at(), [*before, *after]))) == truth(SEATTLE, 6)
