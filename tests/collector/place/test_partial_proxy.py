"""A security client that accepts connects for a part of the internet: what it accepted must not count as nearness."""

import msgspec
import pytest

from farmwatch_collector.place.rounds import days_of

from .measured import CITIES, LANDMARKS, at, rtt, sample, trips

SEATTLE = CITIES["Seattle, US"]
#: Round trip to the proxy, and most of what it may accept for.
PROXY_MS = 20.0
BEHIND = ("test:los-angeles", "test:dallas", "test:new-york", "test:singapore", "test:dublin")


def proxied(names: tuple[str, ...]) -> list[msgspec.Struct]:
    """Connects to `names` end at the proxy, which connects to the server when the hello has come: two round trips."""
    found: list[msgspec.Struct] = []
    for trip in trips(SEATTLE):
        least = trip.min_ms or 0.0
        if trip.landmark in names:
            first = PROXY_MS + 2 * rtt(SEATTLE, LANDMARKS[trip.landmark], 0.0)
            trip = msgspec.structs.replace(
                trip, min_ms=PROXY_MS, median_ms=PROXY_MS + 2, max_ms=PROXY_MS + 9, first_byte_ms=first
            )
        else:
            trip = msgspec.structs.replace(trip, first_byte_ms=least + 12)
        found.append(trip)
    return found


def counted(names: tuple[str, ...]) -> set[str]:
    (day,) = days_of([sample(at(), proxied(names))], LANDMARKS)  # type: ignore[arg-type]
    assert not day.why_not
    return {each.landmark.landmark for each in day.observations}


def test_what_a_proxy_accepted_counts_for_no_landmark_also_where_the_first_byte_came_soon() -> None:
    # By arithmetic: Los Angeles 1,545 km, 2 x 23.2 ms behind the proxy: 66 ms, less than 3 x 20 + 30, more than 1.5 x
    # 20 + 15. New York (2 x 58 ms) and Dublin (2 x 109 ms) are gaps.
    names = ("test:los-angeles", "test:new-york", "test:dublin")
    assert counted(names) == LANDMARKS.keys() - set(names)


def test_a_single_edge_says_nothing_of_a_slow_server() -> None:
    names = ("test:los-angeles", "test:dublin")
    assert counted(names) == LANDMARKS.keys() - {"test:dublin"}


def test_a_proxy_for_most_of_the_landmarks_leaves_nothing_to_judge() -> None:
    (day,) = days_of([sample(at(), proxied(BEHIND))], LANDMARKS)  # type: ignore[arg-type]
    assert day.why_not in ("answered_locally", "")
    assert not {each.landmark.landmark for each in day.observations} & set(BEHIND)


@pytest.mark.parametrize("thinking", [0.0, 14.0, 29.0])
def test_servers_that_think_are_no_proxy(thinking: float) -> None:
    items = [msgspec.structs.replace(it, first_byte_ms=(it.min_ms or 0.0) + thinking) for it in trips(SEATTLE)]
    (day,) = days_of([sample(at(), items)], LANDMARKS)
    assert len(day.observations) == len(LANDMARKS)
