"""The laptop's own keys rest: common at a desk, rare where nothing else that a hand moves is used either."""

import msgspec

from farmwatch_detectors.built_in_unused import detect
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.processes import Process

from .input_days import BUILT_IN, EXTERNAL, only, remembering, share, workdays
from .views import NOW, view

#: What RustDesk's or a portal's device made by software looks like in a day on Linux; on Windows it has no device.
UINPUT = (share("virtual", "keyboard", 50), share("virtual", "pointer", 90, absolute=True))
INJECTED = (share("injected", "keyboard", 50), share("injected", "pointer", 90))


def test_hit_five_working_days_at_an_external_keyboard_are_level_one() -> None:
    found = only(detect(remembering(workdays(5))))
    assert found.level == 1
    assert "last 5 working days" in found.sentence


def test_hit_what_a_host_types_to_wake_it_up_is_no_use() -> None:
    woken = (*EXTERNAL, share("builtin", "keyboard", 0))
    assert only(detect(remembering(workdays(6, woken)))).level == 1


def test_hit_eight_days_without_any_hands_device_are_level_two() -> None:
    assert only(detect(remembering(workdays(8, UINPUT)))).level == 2
    assert only(detect(remembering(workdays(8, INJECTED, method="raw_input")))).level == 2


def test_miss_four_days_are_a_short_week() -> None:
    assert list(detect(remembering(workdays(4)))) == []


def test_miss_one_day_of_work_on_its_own_keys_clears_it() -> None:
    assert list(detect(remembering([*workdays(1, BUILT_IN), *workdays(12, UINPUT, first=1)]))) == []


def test_honest_twin_a_docked_desk_for_weeks_stays_at_level_one() -> None:
    assert only(detect(remembering(workdays(28)))).level == 1


def test_honest_twin_assistive_technology_in_place_of_hands_stays_at_level_one() -> None:
    spoken = remembering(workdays(10, UINPUT), processes=[Process(name="talon", path="/opt/talon/talon")])
    assert only(detect(spoken)).level == 1


def test_honest_twin_a_remapper_that_holds_the_keyboard_is_no_finding() -> None:
    assert list(detect(remembering(workdays(10, UINPUT), processes=[Process(name="keyd")]))) == []


def test_could_not_look_is_no_finding_and_no_silence() -> None:
    blind = SectionView(kind="input_source", outcome="not_permitted", observed_at=NOW, reason="Run as root.")
    device = msgspec.structs.replace(view(), sections={"input_source": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["I"]).startswith("input_source: the agent had no permission to look")


def test_could_not_look_a_macs_idle_clock_is_no_finding_and_no_silence() -> None:
    mac = remembering(workdays(10, (share("other", "keyboard"), share("other", "pointer")), method="idle_time"))
    assert list(detect(mac)) == []
    assert "device by device, 0 were" in why_grey(mac, silence_table()["I"])
