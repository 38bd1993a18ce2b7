"""The pace of a pointer: a hand's mouse against a web page's.

Histograms are worked out from the sources: a mouse at 125 Hz reports each 8 ms while it moves (USB 2.0, 9.6.6);
PiKVM's page sends each 10 ms by default and up to 100 by setting (pikvm/kvmd web client); TinyPilot's page once in
half a round trip, so 90 ms at 180 (tiny-pilot web client).
"""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.input_cadence import detect
from farmwatch_detectors.view import SectionView, Span
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS, InputTiming

from .input_days import only
from .views import NOW, view


def gaps(**parts: int) -> tuple[int, ...]:
    """Per cent by upper edge: `ms9=70` puts 70 % into the bucket of more than 6 and up to 9 ms."""
    edges = {f"ms{edge:g}".replace(".", "_"): place for place, edge in enumerate(GAP_EDGES_MS)}
    found = [0] * (len(GAP_EDGES_MS) + 1)
    for name, percent in parts.items():
        found[edges[name]] = percent
    return tuple(found)


MOUSE = gaps(ms9=70, ms18=15, ms30=10, ms60=5)
GAMING = gaps(ms0_5=60, ms2=30, ms6=10)
PIKVM = gaps(ms9=5, ms12=70, ms18=15, ms30=10)
TINYPILOT = gaps(ms60=10, ms120=75, ms250=15)
TYPING = gaps(ms60=10, ms120=35, ms250=40, ms1000=15)


def days(
    count: int, told: tuple[int, ...], *, bus: str = "usb", function: str = "pointer", events: str = "5000+"
) -> list[InputTiming]:
    return [
        InputTiming(
            day=(NOW - timedelta(days=ago)).date().isoformat(), bus=bus, function=function, vendor_id="1d6b",
            product_id="0104", absolute=True, gaps=told, events=events,
        )
        for ago in range(count)
    ]  # fmt: skip


def laptop(rows: list[InputTiming], hypervisor: str = "") -> list[object]:
    spans = tuple(Span(kind="input_timing", item=row, seen_from=NOW - timedelta(days=30)) for row in rows)
    device = view(input_timing=rows[:2], host=[HostFacts(chassis="laptop", hypervisor=hypervisor)])
    return list(detect(msgspec.structs.replace(device, history={"input_timing": spans})))


def test_hit_ten_milliseconds_of_pikvms_page_are_level_one() -> None:
    found = only(laptop(days(3, PIKVM)))  # type: ignore[arg-type]
    assert found.level == 1
    assert "9 to 12 ms apart" in found.sentence


def test_hit_half_a_round_trip_of_tinypilots_page_is_level_two() -> None:
    found = only(laptop(days(4, TINYPILOT)))  # type: ignore[arg-type]
    assert found.level == 2
    assert "60 to 120 ms apart" in found.sentence


def test_hit_keys_in_bunches_are_level_one() -> None:
    bunched = gaps(ms0_5=25, ms2=15, ms120=30, ms250=30)
    assert only(laptop(days(3, bunched, function="keyboard"))).level == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("told", [MOUSE, GAMING])
def test_miss_a_mouse_in_a_hand(told: tuple[int, ...]) -> None:
    assert laptop(days(20, told)) == []


def test_miss_typing_by_hand() -> None:
    assert laptop(days(20, TYPING, function="keyboard")) == []


def test_miss_two_days_or_few_gaps() -> None:
    assert laptop(days(2, TINYPILOT)) == []
    assert laptop(days(9, TINYPILOT, events="50-499")) == []


@pytest.mark.parametrize("bus", ["bluetooth", "builtin", "remote"])
def test_honest_twin_what_is_slow_by_nature_is_left_out(bus: str) -> None:
    assert laptop(days(9, TINYPILOT, bus=bus)) == []


def test_honest_twin_a_virtual_machine_is_no_finding() -> None:
    assert laptop(days(9, TINYPILOT), hypervisor="kvm") == []


def test_miss_days_of_another_month_are_over() -> None:
    old = [msgspec.structs.replace(row, day="2026-09-01") for row in days(9, TINYPILOT)]
    assert laptop(old) == []


def test_could_not_look_is_no_finding_and_needs_no_silence() -> None:
    blind = SectionView(kind="input_timing", outcome="not_permitted", observed_at=NOW)
    device = msgspec.structs.replace(view(), sections={"input_timing": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["I"]) == "input_source: no probe reports this yet"
    assert "input_timing" not in silence_table()["I"].needs, "opt-in: its absence greys nothing"
