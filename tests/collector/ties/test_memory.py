"""A record's days and seconds, merged in any order."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.ties import memory
from farmwatch_collector.ties.kinds import KINDS
from farmwatch_collector.ties.memory import DAY, HEAD, NEVER, SLOTS, SOURCES, WIDTH, Kept

from .showing import seen

NOON = 20_000 * DAY + DAY // 2
MOMENT = st.tuples(st.integers(0, 80), st.integers(0, 2**32 - 1)).map(lambda each: (NOON + each[0] * DAY, each[1] | 1))


def test_days_count_back_from_the_last_and_end_after_32() -> None:
    # Days 20,000, 19,999 and 19,969 are 0, 1 and 31 before the last; 19,968 is a day too far, 20,001 is to come.
    assert memory.days_of([20_000, 19_999, 19_969, 19_968, 20_001], NOON) == 1 | 2 | 1 << 31


def test_joining_keeps_the_days_of_both_where_they_fall() -> None:
    assert memory.joined(NOON, 0b1, NOON + 2 * DAY, 0b1) == (NOON + 2 * DAY, 0b101)
    assert memory.joined(NOON + 2 * DAY, 0b1, NOON, 0b1) == (NOON + 2 * DAY, 0b101)
    assert memory.joined(NOON, 0b1, NOON + 40 * DAY, 0b1) == (NOON + 40 * DAY, 0b1)


@given(MOMENT, MOMENT, MOMENT)
def test_joining_is_commutative_associative_and_idempotent(
    one: tuple[int, int], other: tuple[int, int], third: tuple[int, int]
) -> None:
    assert memory.joined(*one, *other) == memory.joined(*other, *one)
    assert memory.joined(*memory.joined(*one, *other), *third) == memory.joined(*one, *memory.joined(*other, *third))
    assert memory.joined(*one, *one) == one


def test_a_clock_before_1970_or_after_2106_fits_all_the_same() -> None:
    assert (memory.second(-5), memory.second(2**40)) == (0, NEVER - 1)


def test_values_come_and_go_and_the_rest_stays() -> None:
    record = memory.new()
    for number in (7, 8, 9):
        memory.put(record, number, 0, number, number, 1)
    memory.drop(record, memory.find(record, 7))
    assert memory.find(record, 7) == -1
    assert sorted(record[HEAD::WIDTH]) == [8, 9]
    assert [record[memory.find(record, number) + 2] for number in (8, 9)] == [8, 9]
    memory.drop(record, memory.find(record, 8))
    memory.drop(record, memory.find(record, 9))
    assert record == memory.new()


def test_a_resident_is_there_on_four_of_five_days_on_which_its_source_looked() -> None:
    record, slot = memory.new(), SLOTS["usb"]
    memory.look(record, slot, NOON, 0b1_1111)
    memory.put(record, 1, 0, NOON - 4 * DAY, NOON, 0b1_0111)
    memory.put(record, 2, 0, NOON - 4 * DAY, NOON, 0b1_0011)
    memory.put(record, 3, 0, NOON, NOON, 0b1)
    assert [memory.resident(record, memory.find(record, number), slot) for number in (1, 2, 3)] == [True, False, True]


def test_every_source_has_its_slot() -> None:
    assert sorted(SLOTS.values()) == list(range(SOURCES))
    assert set(SLOTS) == {kind.source for kind in KINDS.values() if kind.source}


def test_what_is_kept_reads_back_and_what_is_damaged_says_so() -> None:
    kept = Kept({"usb": (NOON, 3)}, [(seen("usb_serial", "x", "s"), NOON - 5, NOON, 3)])
    assert memory.decoded(memory.encoded(kept)) == kept
    with pytest.raises(msgspec.DecodeError):
        memory.decoded(b"\x93nothing")
