"""Input without a hand: a little is everybody's, nearly all is a remote session's or an aid's."""

import msgspec
import pytest

from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.injected_input import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process

from .input_days import BUILT_IN, EXTERNAL, only, remembering, share, workdays
from .views import NOW, view

#: learn.microsoft.com, RAWINPUTHEADER: input of SendInput has no device; docs/report.md calls it `injected`.
ALL_INJECTED = (share("injected", "keyboard", 40), share("injected", "pointer", 95))


@pytest.mark.parametrize("bus", ["injected", "virtual", "remote"])
def test_hit_nearly_all_input_from_software_on_five_days_is_level_two(bus: str) -> None:
    found = only(detect(remembering(workdays(5, (share(bus, "keyboard", 40), share(bus, "pointer", 95))))))
    assert found.level == 2
    assert "5 of 5 working days" in found.sentence


def test_hit_a_third_of_it_beside_a_hand_is_level_one() -> None:
    mixed = (*BUILT_IN, share("injected", "keyboard", 35))
    assert only(detect(remembering(workdays(4, mixed)))).level == 1


def test_hit_a_mac_that_tells_hardware_from_programs_only() -> None:
    mac = workdays(6, (share("injected", "keyboard", 60), share("injected", "pointer", 85)), method="idle_time")
    assert only(detect(remembering(mac, devices=()))).level == 2


def test_miss_two_days_may_be_a_call_to_the_help_desk() -> None:
    assert list(detect(remembering([*workdays(2, ALL_INJECTED), *workdays(8, EXTERNAL, first=2)]))) == []


def test_miss_what_a_text_expander_gives_is_little() -> None:
    assert list(detect(remembering(workdays(14, (*BUILT_IN, share("injected", "keyboard", 10)))))) == []


def test_honest_twin_assistive_technology_is_level_one_and_named() -> None:
    found = only(detect(remembering(workdays(14, ALL_INJECTED), processes=[Process(name="talon")])))
    assert found.level == 1
    assert '"talon"' in found.sentence


def test_honest_twin_one_keyboard_for_two_computers_is_level_one() -> None:
    shared = remembering(workdays(10, ALL_INJECTED), processes=[Process(name="deskflow-client")])
    assert only(detect(shared)).level == 1


def test_honest_twin_an_office_machine_that_is_reached_by_a_sanctioned_tool_is_level_one() -> None:
    tool = Process(name="xrdp", path="/usr/sbin/xrdp", package="xrdp", run_by="system")
    reached = remembering(
        workdays(10, (share("remote", "keyboard", 40), share("remote", "pointer", 95))), processes=[tool]
    )
    allowed = Policy(sanctions=(Sanction(owner="it@example.com", reason="office machines", tool="xrdp"),))
    assert only(detect(reached)).level == 2
    assert only(detect(msgspec.structs.replace(reached, policy=allowed))).level == 1


def test_honest_twin_a_virtual_machine_is_no_finding() -> None:
    assert list(detect(remembering(workdays(10, ALL_INJECTED), host=HostFacts(hypervisor="kvm")))) == []


def test_honest_twin_mouse_software_explains_and_does_not_clear() -> None:
    hidden = remembering(
        workdays(10, ALL_INJECTED),
        host=HostFacts(os="Windows 11 Pro", chassis="laptop", hypervisor=""),
        processes=[Process(name="logioptionsplus_agent.exe")],
    )
    found = only(detect(hidden))
    assert found.level == 2, "a program that gives some input does not explain all of it"
    assert "logioptionsplus_agent.exe" in found.sentence


def test_could_not_look_is_no_finding_and_no_silence() -> None:
    blind = SectionView(kind="input_source", outcome="broken", observed_at=NOW)
    device = msgspec.structs.replace(view(), sections={"input_source": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["I"]) == "input_source: its source failed"


@pytest.mark.parametrize(
    ("system", "program"),
    [
        ("Windows 11 Pro", "osk.exe"),
        ("Windows 11 Pro", "Tobii.EyeX.Engine.exe"),
        ("macOS", "AssistiveControl"),
        ("Debian GNU/Linux", "onboard"),
    ],
)
def test_honest_twin_keys_chosen_on_the_screen_are_level_one(system: str, program: str) -> None:
    chosen = remembering(
        workdays(12, ALL_INJECTED),
        host=HostFacts(os=system, chassis="laptop", hypervisor=""),
        processes=[Process(name=program)],
    )
    assert only(detect(chosen)).level == 1
