"""The hardware detectors on what the probes see of recorded Macs, whose registry tells less than Linux does."""

from typing import Any

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_detectors import ip_kvm_display, ip_kvm_identity, ip_kvm_shape, virtual_machine
from farmwatch_detectors.view import DeviceView
from farmwatch_schema import codec
from farmwatch_schema.finding import Finding

from ..cases import recorded
from .views import KEYER, view

DETECTORS = (ip_kvm_identity, ip_kvm_shape, ip_kvm_display, virtual_machine)
KINDS = ("host", "usb", "displays")


def recorded_view(name: str) -> DeviceView:
    """Returns a recorded Mac as the collector knows it."""
    folder = recorded.HOSTS / "macos" / name
    names = [kind for kind in probes.NAMES if kind in recorded.about(folder)["kinds"] and kind in KINDS]
    found: dict[str, Any] = {}
    for section in runner.run(ReplayingHost(recorded.load(folder)), KEYER, Health(), names, log=pytest.fail):
        found[section.kind] = ()
        if section.items is not msgspec.UNSET:
            found[section.kind] = codec.decode_items(section.kind, section.items)
    return view(**found)


def findings(name: str) -> dict[str, Finding]:
    """Returns each detector's strongest finding of level 1 or more on a recorded Mac."""
    seen = recorded_view(name)
    strongest: dict[str, Finding] = {}
    for detector in DETECTORS:
        for finding in detector.detect(seen):
            before = strongest.get(finding.detector)
            if finding.level and (before is None or before.level < finding.level):
                strongest[finding.detector] = finding
    return strongest


def test_hit_a_jetkvm_that_poses_as_logitech_is_known_by_its_build_on_a_mac() -> None:
    shape = findings("ip_kvm")["ip_kvm_shape"]
    assert (shape.level, shape.subject) == (3, "1-1")
    facts = " ".join(item.fact for item in shape.evidence)
    for words in ('"HID Interface"', "absolute positions", "byte for byte", "steps of two"):
        assert words in facts


def test_hit_its_inquiry_strings_and_its_picture_still_bear_its_name() -> None:
    found = findings("ip_kvm")
    assert found["ip_kvm_identity"].level >= 2
    assert found["ip_kvm_display"].level == 3


def test_hit_a_guest_of_apples_framework_is_a_virtual_machine() -> None:
    assert findings("virtual_machine")["virtual_machine"].level >= 1


@pytest.mark.parametrize(
    "name",
    ["docked", "undocked", "permissions_denied", "real_card_reader_ioreg", "real_intel_dell_1708fp",
     "real_macbook_pro_2015", "real_sidecar_profile", "real_two_dells_m1_pro", "real_usb_debugger_ioreg"],
)  # fmt: skip
def test_honest_twin_an_ordinary_mac_is_nothing(name: str) -> None:
    assert findings(name) == {}
