"""How a day's rhythm is told: shares of gaps from fifty on, and a period of even bursts."""

from pathlib import Path

import pytest

from farmwatch_agent.host.input_counts import InputDayCounts, InputSource, SourceCount
from farmwatch_agent.probes import input_days
from farmwatch_schema.observables.input_timing import InputTiming

from ..linux_tree import Tree, section

KEYBOARD = InputSource(bus="builtin", function="keyboard", absolute=False, vendor_id="0001", product_id="0001")
KVM = InputSource(bus="usb", function="pointer", absolute=True, vendor_id="1d6b", product_id="0104")
GAPS = (0, 0, 0, 0, 95, 3, 2, 0, 0, 0, 0, 0)


def test_gaps_are_told_in_shares_from_fifty_on() -> None:
    row = InputDayCounts(day="2026-11-22", method="evdev", sources=(SourceCount(source=KVM, gaps=GAPS),))
    (timing,) = input_days.timings_of(row)
    assert timing == InputTiming(
        day="2026-11-22", bus="usb", function="pointer", vendor_id="1d6b", product_id="0104", absolute=True,
        gaps=(0, 0, 0, 0, 95, 5, 0, 0, 0, 0, 0, 0), events="50-499",
    )  # fmt: skip


@pytest.mark.parametrize(("count", "word"), [(49, None), (50, "50-499"), (500, "500-4999"), (5000, "5000+")])
def test_few_gaps_tell_nothing(count: int, word: str | None) -> None:
    counted = SourceCount(source=KEYBOARD, gaps=(0,) * 8 + (count,) + (0,) * 3)
    row = InputDayCounts(day="2026-11-22", method="evdev", sources=(counted,))
    assert [timing.events for timing in input_days.timings_of(row)] == ([] if word is None else [word])


def test_a_rhythm_is_told_even_of_few_gaps_and_then_without_them() -> None:
    counted = SourceCount(source=KVM, gaps=(0,) * 4 + (12,) + (0,) * 7, period_seconds=60)
    (timing,) = input_days.timings_of(InputDayCounts(day="2026-11-22", method="evdev", sources=(counted,)))
    assert (timing.gaps, timing.events, timing.period_seconds) == ((), "", 60)


def test_timing_without_a_watcher_is_not_supported(tmp_path: Path) -> None:
    made = section(Tree(tmp_path).host(), "input_timing")
    assert made.outcome == "not_supported"


def test_no_time_of_day_and_no_order_is_in_what_is_told() -> None:
    """Every field of it: a day, a device, shares in steps of five, a word, a period."""
    assert set(InputTiming.__struct_fields__) == {
        *("day", "bus", "function", "vendor_id", "product_id", "absolute", "gaps", "events", "period_seconds"),
    }
    counted = SourceCount(source=KEYBOARD, gaps=(1, 7, 3, 11, 13, 17, 19, 23, 29, 31, 37, 41))
    (timing,) = input_days.timings_of(InputDayCounts(day="2026-11-22", method="evdev", sources=(counted,)))
    assert all(share % 5 == 0 for share in timing.gaps)
