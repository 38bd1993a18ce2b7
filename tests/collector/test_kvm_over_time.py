"""An IP-KVM that comes and goes: one report is enough to be shown, and what is gone fades at its half-life."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from farmwatch_agent.probes.displays.linux import parse_display
from farmwatch_collector.evaluate import Company, judge
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.offline import Judged, judge_reports
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from tests.cases.machines import stored_edid
from tests.detectors.kvm_cases import jetkvm_renamed, k120
from tests.detectors.views import serial, view

from .reports import KEYER, NOW, located, report

KVM = msgspec.structs.replace(jetkvm_renamed(), serial=unkeyed("serial", "8f3c21d07a5e4b19"))
DONOR = parse_display("HDMI-A-1", stored_edid("jetkvm_preset_dell_d2721h"), "1920x1080", "i915")
LAPTOP = HostFacts(os="linux", chassis="laptop", hypervisor="")


def judged(*looks: tuple[timedelta, Sequence[Observable], Sequence[Observable]]) -> Judged:
    """Returns what reports of these ages say; each holds USB devices and monitors."""
    reports = [
        report("d1", {"usb": usb, "displays": displays, "host": [LAPTOP]}, NOW - age, epoch="c" * 32, sequence=number)
        for number, (age, usb, displays) in enumerate(looks, 1)
    ]
    (found,) = judge_reports(located(reports), Company(), Fleet(KEYER))
    return found


def test_a_kvm_that_was_plugged_in_for_one_report_is_shown_with_its_time() -> None:
    minutes = timedelta(minutes=5)
    found = judged((2 * minutes, [k120()], []), (minutes, [KVM], [DONOR]), (0 * minutes, [k120()], [])).assessment
    assert found.attention == "review"
    shape = next(each for each in found.findings if each.detector == "ip_kvm_shape")
    assert (shape.level, bool(shape.seen_until)) == (3, True)
    assert "was, until 2026-11-22" in shape.sentence
    gone = {each.detector for each in found.findings if each.seen_until}
    assert gone == {"ip_kvm_shape", "ip_kvm_display", "usb_identity_conflict", "phantom_display"}


@pytest.mark.parametrize(("days", "attention"), [(1, "review"), (89, "review"), (91, "none"), (400, "none")])
def test_what_is_gone_is_held_at_review_for_its_half_life_and_then_fades(days: int, attention: str) -> None:
    day = timedelta(days=1)
    found = judged(
        ((days + 1) * day, [], []), (days * day, [KVM], [DONOR]), ((days - 1) * day, [], []), (0 * day, [], [])
    )
    assert found.assessment.attention == attention
    assert any(each.detector == "ip_kvm_shape" and each.level == 3 for each in found.assessment.findings)


def test_plugged_in_elsewhere_it_is_one_device_and_not_a_second_one_that_left() -> None:
    day = timedelta(days=1)
    moved = msgspec.structs.replace(KVM, port_path="2-1.4")
    found = judged((day, [KVM], []), (0 * day, [moved], [])).assessment
    (shape,) = [each for each in found.findings if each.detector == "ip_kvm_shape"]
    assert (shape.subject, shape.seen_until) == ("2-1.4", "")


def test_under_a_new_name_each_day_every_one_of_them_stays_shown() -> None:
    day = timedelta(days=1)
    names = [
        msgspec.structs.replace(KVM, product_id=f"c5{place:02x}", product=f"Receiver {place}") for place in range(4)
    ]
    found = judged(*(((3 - place) * day, [name], []) for place, name in enumerate(names))).assessment
    shown = [each.sentence for each in found.findings if each.detector == "ip_kvm_shape"]
    assert all(any(f"Receiver {place}" in sentence for sentence in shown) for place in range(4))


def test_registering_a_kvm_that_was_moved_clears_what_it_was_on_its_first_port() -> None:
    def view_of(port: str, policy: Policy, levels: tuple[Finding, ...]) -> DeviceView:
        kvm = jetkvm_renamed(port_path=port, serial=serial("8f3c21d07a5e4b19"))
        bare = view(usb=[kvm], host=[LAPTOP], policy=policy, assets=assets)
        return msgspec.structs.replace(bare, levels=levels)

    assets = {serial("8f3c21d07a5e4b19").digest: 0}
    before = judge(view_of("1-4", Policy(), ()))
    moved = judge(view_of("2-1.4", Policy(), before.findings))
    assert [each.subject for each in moved.findings if each.detector == "ip_kvm_shape"] == ["2-1.4"]
    entry = Sanction(owner="lab", reason="imaging", asset_serial="8f3c21d07a5e4b19")
    cleared = judge(view_of("3-1", Policy(sanctions=(entry,)), before.findings))
    assert {(each.level, each.sanctioned) for each in cleared.findings if each.group == "H"} == {(0, "lab: imaging")}
    assert cleared.attention == "none"
