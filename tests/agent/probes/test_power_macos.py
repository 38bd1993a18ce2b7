"""Power on macOS, on what ioreg and pmset print."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted
from farmwatch_agent.probes.power import macos
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ..mac_host import MacFake, registry

LINE = '   pid 3627(caffeinate): [0x0000123400098765] 04:12:10 {} named: "CAFFEINATE COMMAND-LINE TOOL"\n'


def seen(**commands: Any) -> list[Any]:
    return list(macos.collect(cast("Host", MacFake(commands))))


def test_a_closed_laptop_on_mains_that_never_slept() -> None:
    found = seen(
        registry_power=registry({"AppleClamshellState": True}),
        registry_battery=registry({"BatteryInstalled": True, "ExternalConnected": True, "CurrentCapacity": 100,
                                   "MaxCapacity": 100, "CycleCount": 4}),
        sleep_counts=b"Sleep Count:0\nDark Wake Count:0\nUser Wake Count:0\n",
    )  # fmt: skip
    assert found == [PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=0, suspends="0")]


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        # Intel tells mAh (raycast/extensions pull 16020), macOS 27 one level down (systeminformation issue 1041)
        ({"CurrentCapacity": 2994, "MaxCapacity": 5793, "CycleCount": 132}, (None, True, 50, 130)),
        ({"BatteryData": {"MaxCapacity": 100, "CurrentCapacity": 54}}, (None, True, 50, None)),
        ({"BatteryInstalled": False, "ExternalConnected": True, "CurrentCapacity": 0, "MaxCapacity": 100},
         (True, False, None, None)),
        ({"CurrentCapacity": 5, "MaxCapacity": 0}, (None, True, None, None)),
        ({"CurrentCapacity": "5", "MaxCapacity": [], "CycleCount": -7}, (None, True, None, None)),
        ({}, (None, False, None, None)),
    ],
)  # fmt: skip
def test_what_the_battery_says(battery: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert macos.of_battery(battery) == expected


@pytest.mark.parametrize(
    ("kind", "what"),
    [("PreventUserIdleSystemSleep", "idle"), ("PreventUserIdleDisplaySleep", "idle"),
     ("NoDisplaySleepAssertion", "idle"), ("PreventSystemSleep", "sleep")],
)  # fmt: skip
def test_who_keeps_the_mac_awake_is_told_without_why(kind: str, what: str) -> None:
    assert macos.parse_assertions(LINE.format(kind)) == [WakeLock(owner="caffeinate", what=what, mode="block")]


@pytest.mark.parametrize("kind", ["UserIsActive", "BackgroundTask", "ApplePushServiceTask", "NetworkClientActive"])
def test_what_keeps_no_idle_mac_awake_is_left_out(kind: str) -> None:
    assert macos.parse_assertions(LINE.format(kind)) == []


def test_brackets_in_a_name_stay_and_words_of_an_assertion_become_no_owner() -> None:
    text = (
        '   pid 5120(Google Chrome Helper (GPU)): [0x1a35a0001959e] 00:10:00 PreventUserIdleDisplaySleep named: "a"\n'
        '   pid 7(x): [0x1] 00:00:01 PreventSystemSleep named: "Anna): [0x2] 00:00:01 PreventSystemSleep named: b"\n'
        '   pid 389(powerd): [0x1] 03:48:26 PreventUserIdleSystemSleep named: "Powerd - display is on"\n'
    )
    assert [lock.owner for lock in macos.parse_assertions(text)] == ["Google Chrome Helper (GPU)", "x"]


def test_nothing_of_an_assertions_words_is_told() -> None:
    told = repr(macos.parse_assertions(LINE.format("PreventSystemSleep").replace("CAFFEINATE", "Call with Anna")))
    assert "Anna" not in told


def test_each_part_that_may_not_be_asked_is_a_gap() -> None:
    no = NotPermitted("no")
    found = seen(registry_power=no, registry_battery=no, sleep_counts=no, assertions=no)
    assert found[0] == PowerFacts()
    assert [gap.what for gap in found[1:]] == ["lid", "mains and battery", "how often it slept", "wake locks"]


def test_a_mac_without_lid_and_battery_is_no_gap() -> None:
    assert seen(registry_power=registry({})) == [PowerFacts(battery=False)]


def test_more_wake_locks_than_a_section_holds_are_a_gap() -> None:
    text = "".join(LINE.format("PreventSystemSleep").replace("caffeinate", f"tool{n}") for n in range(150))
    found = seen(assertions=text.encode())
    assert len(found) == 1 + macos.MAX_LOCKS + 1


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    macos.parse_assertions(text)
    macos.parse_sleeps(text)
