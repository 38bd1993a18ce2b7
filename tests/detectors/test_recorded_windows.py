"""What the software and network detectors say about recorded Windows laptops, from answers to finding."""

import msgspec
import pytest

from farmwatch_detectors import os_remote_desktop, remote_access_tool, virtual_machine, vpn_or_tunnel
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding

from .views import recorded_view

DETECTORS = (remote_access_tool, os_remote_desktop, vpn_or_tunnel, virtual_machine)


def laptop(name: str) -> DeviceView:
    """Returns a recorded laptop as the collector would show it to detectors."""
    return recorded_view("windows", name)


def findings(device: DeviceView) -> dict[str, Finding]:
    return {finding.subject: finding for module in DETECTORS for finding in module.DETECTOR.detect(device)}


def test_each_way_into_a_driven_laptop_is_named() -> None:
    found = findings(laptop("remote_tools"))
    assert {"anydesk", "rustdesk", "screenconnect", "windows-rdp"} <= set(found)
    assert found["anydesk"].level == 4
    assert found["rustdesk"].level == 5, "runs under another name"
    assert "svchost.exe" in found["rustdesk"].sentence
    assert found["screenconnect"].level == 3, "prepared for access without anybody"
    assert found["windows-rdp"].level == 3, "somebody from a public address"
    assert found["openvpn"].level == 1, "its driver carries all traffic, and no program is seen that made it"


def test_a_tool_of_the_companys_own_counts_nothing_and_a_disguise_stays() -> None:
    allowed = ("screenconnect", "rustdesk")
    policy = Policy(sanctions=tuple(Sanction(tool=it, owner="it@example.com", reason="help desk") for it in allowed))
    found = findings(msgspec.structs.replace(laptop("remote_tools"), policy=policy))
    assert found["screenconnect"].level == 0
    assert found["rustdesk"].level == 5


def test_a_guest_is_told() -> None:
    found = findings(laptop("virtual_machine"))
    assert [finding.level for finding in found.values() if finding.detector == "virtual_machine"] == [1]


@pytest.mark.parametrize("name", ["docked", "undocked", "permissions_denied"])
def test_honest_twin_ordinary_laptops_show_nothing_at_level_two_or_above(name: str) -> None:
    found = findings(laptop(name))
    assert [finding.sentence for finding in found.values() if finding.level >= 2] == []
    assert not [finding for finding in found.values() if finding.detector == "virtual_machine"]


def test_a_tool_that_only_lies_there_is_level_one() -> None:
    found = findings(laptop("real_rustdesk_msi"))
    assert {subject: finding.level for subject, finding in found.items()} == {"rustdesk": 1}


@pytest.mark.parametrize("name", ["real_hijackthis_thinkpad", "real_hijackthis_tasks"])
def test_honest_twin_real_machines_without_any_say_nothing(name: str) -> None:
    assert findings(laptop(name)) == {}
