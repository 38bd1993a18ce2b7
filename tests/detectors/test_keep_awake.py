"""Feigned presence: programs, locks and rhythms that are ordinary, and days without a night that are not."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.keep_awake import detect
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_timing import InputTiming
from farmwatch_schema.observables.power import WakeLock
from farmwatch_schema.observables.processes import Process

from .input_days import BUILT_IN, only, remembering, workdays
from .views import NOW, view

WINDOWS = HostFacts(os="Windows 11 Pro", chassis="laptop", hypervisor="")
MAC = HostFacts(os="macOS", chassis="laptop", hypervisor="")


def runs(name: str, path: str, host: HostFacts = WINDOWS, **more: object) -> DeviceView:
    return view(processes=[Process(name=name, path=path, **more)], host=[host])  # type: ignore[arg-type]


def held(item: Observable, kind: str, days: int) -> DeviceView:
    span = Span(kind=kind, item=item, seen_from=NOW - timedelta(days=days))
    return msgspec.structs.replace(view(**{kind: [item]}), history={kind: (span,)})  # type: ignore[arg-type]


def rhythm(bus: str, seconds: int, days: int = 2) -> DeviceView:
    rows = [
        InputTiming(
            day=(NOW - timedelta(days=ago)).date().isoformat(), bus=bus, function="pointer", period_seconds=seconds
        )
        for ago in range(days)
    ]
    return view(input_timing=rows)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("MouseJiggler.exe", r"~\Downloads\MouseJiggler.exe"),
        ("Move Mouse.exe", r"C:\Program Files\WindowsApps\Move Mouse.exe"),
    ],
)
def test_hit_a_program_that_moves_the_pointer_by_itself_is_level_one(name: str, path: str) -> None:
    found = only(detect(runs(name, path)))
    assert found.level == 1
    assert found.evidence[0].kind == "processes"


def test_hit_a_lock_that_one_program_holds_for_a_week_is_level_one() -> None:
    assert only(detect(held(WakeLock(owner="mpv", what="idle", mode="block"), "power", 8))).level == 1


@pytest.mark.parametrize("bus", ["virtual", "injected"])
def test_hit_an_even_rhythm_of_software_is_level_one(bus: str) -> None:
    found = only(detect(rhythm(bus, 60)))
    assert (found.level, "every 60 s" in found.sentence) == (1, True)


def test_hit_input_through_three_nights_is_level_two() -> None:
    found = only(detect(remembering(workdays(3, BUILT_IN, slots="f" * 24, active=1440, watched=1440))))
    assert (found.level, found.subject) == (2, "restless")


def test_miss_two_nights_of_a_long_test() -> None:
    assert list(detect(remembering(workdays(2, BUILT_IN, slots="f" * 24)))) == []


def test_miss_a_lock_of_today_a_delay_and_what_the_lid_does() -> None:
    assert list(detect(held(WakeLock(owner="mpv", what="idle", mode="block"), "power", 2))) == []
    assert list(detect(held(WakeLock(owner="NetworkManager", what="sleep", mode="delay"), "power", 90))) == []
    assert list(detect(held(WakeLock(owner="gsd-power", what="lid", mode="block"), "power", 90))) == []


def test_miss_a_rhythm_of_one_day_or_of_a_screen_saver() -> None:
    assert list(detect(rhythm("virtual", 60, days=1))) == []
    assert list(detect(rhythm("virtual", 1800))) == []


def test_miss_a_usb_device_that_jiggles_counts_as_hardware_alone() -> None:
    assert list(detect(rhythm("usb", 20))) == []
    restless = remembering(workdays(5, BUILT_IN, slots="f" * 24))
    with_plug = msgspec.structs.replace(
        restless, sections={**restless.sections, "input_timing": rhythm("usb", 20).sections["input_timing"]}
    )
    assert list(detect(with_plug)) == []


@pytest.mark.parametrize(
    ("name", "path", "host"),
    [
        ("caffeinate", "/usr/bin/caffeinate", MAC),
        ("PowerToys.Awake.exe", r"C:\Program Files\PowerToys\PowerToys.Awake.exe", WINDOWS),
        ("AutoHotkey64.exe", r"C:\Program Files\AutoHotkey\v2\AutoHotkey64.exe", WINDOWS),
        ("Teams.exe", r"C:\Program Files\WindowsApps\Teams.exe", WINDOWS),
    ],
)
def test_honest_twin_what_keeps_a_screen_on_or_runs_scripts_is_no_finding(
    name: str, path: str, host: HostFacts
) -> None:
    assert list(detect(runs(name, path, host))) == []


def test_could_not_look_is_no_finding_and_no_silence() -> None:
    kinds = ("processes", "power", "input_timing", "input_source")
    blind = {kind: SectionView(kind=kind, outcome="not_permitted", observed_at=NOW) for kind in kinds}
    device = msgspec.structs.replace(view(), sections=blind)
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["P"]) == "power: the agent had no permission to look"
