"""Nodes: who holds a value, and what a crowd costs."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.fleet import GROWING_UNTIL, QUIET_ABOVE, Fleet
from farmwatch_collector.ties import index as index_module
from farmwatch_collector.ties.index import CROWD, SAMPLE, Index
from farmwatch_collector.ties.types import Seen

from .showing import TODAY, seen, show

VALUE = seen("gateway_mac", "default", "aa")


def _crowded(index: Index, names: list[str]) -> int:
    node = index.add("gateway_mac", VALUE.value)
    for name in names:
        number = index.add_device(name)
        index.came(node, number)
        index.held(node, number)
    return node


@given(st.sets(st.integers(0, 999), min_size=3 * SAMPLE, max_size=500), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_who_stands_for_a_crowd_does_not_depend_on_who_came_when(members: set[int], rng: random.Random) -> None:
    names = sorted(f"d{number}" for number in members)
    gone = names[::5]
    late, early = names[:], names[:]
    rng.shuffle(late)
    one, other = Index(), Index()
    first, second = _crowded(one, [each for each in early if each not in gone]), _crowded(other, late)
    other.sample(second)
    rng.shuffle(gone)
    for name in gone:
        other.left(second, other.numbers[name])
    assert [one.names[each] for each in one.sample(first)] == [other.names[each] for each in other.sample(second)]


def test_what_values_are_called_is_kept_as_long_as_somebody_calls_one_so() -> None:
    index = Index()
    first = [index.mark(Seen("usb_serial", b"", "s", f"name {number % 3}")) for number in range(9)]
    assert len(set(first)) == 3
    for number in first:
        index.unmark(number)
    assert index.mark(Seen("usb_serial", b"", "s", "another")) in first


class Looks:
    """Counts how many holders are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        each = index_module.each_of

        def counted(holders: int | set[int] | None) -> Iterator[int]:
            for number in each(holders):
                self.count += 1
                yield number

        monkeypatch.setattr(index_module, "each_of", counted)


def _looks_of_newcomers(monkeypatch: pytest.MonkeyPatch, crowd: int) -> tuple[float, int]:
    """Returns how many holders are looked at when one more joins a crowd and is judged, and the most it touches."""
    fleet = Fleet()
    for number in range(crowd):
        show(fleet, f"d{number:05}", VALUE, seen("usb_serial", f"u{number}"))
    fleet.ties("d00000", TODAY)
    looks, touched = Looks(monkeypatch), 0
    for number in range(100):
        touched = max(touched, len(show(fleet, f"new {number:02}", VALUE)))
        (tie,) = fleet.ties(f"new {number:02}", TODAY)
        assert (tie.holders, tie.count) == ((), crowd + number + 1)
    monkeypatch.undo()
    return looks.count / 100, touched


def test_one_more_in_a_crowd_ten_times_as_large_costs_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    small, touched = _looks_of_newcomers(monkeypatch, 2 * GROWING_UNTIL)
    large, touched_in_large = _looks_of_newcomers(monkeypatch, 20 * GROWING_UNTIL)
    assert touched == touched_in_large == 1
    assert large <= small + 5


def test_no_more_than_the_doubling_of_a_house_touches_it() -> None:
    fleet = Fleet()
    for number in range(2 * GROWING_UNTIL):  # a fleet that doubled is looked at as a whole, so it is a grown one
        show(fleet, f"alone {number}", seen("gateway_mac", f"home {number}"))
    touched = [len(show(fleet, f"d{number:03}", VALUE)) for number in range(CROWD + 40)]
    for number, count in enumerate(touched):
        # 32 before it, then 64, 128 and 256: the last makes a crowd of it, whose ties are gone for all.
        told = number <= QUIET_ABOVE or number in (64, 128, CROWD)
        assert count == (number + 1 if told else 1), number
