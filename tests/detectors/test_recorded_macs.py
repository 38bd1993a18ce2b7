"""What the software and network detectors say about recorded Macs, from the system's answers to the finding."""

import pytest

from farmwatch_detectors import os_remote_desktop, remote_access_tool, vpn_or_tunnel
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .views import KEYER, recorded_view, view

DETECTORS = (remote_access_tool, os_remote_desktop, vpn_or_tunnel)
SCREEN_SHARING = "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd"


def mac(name: str) -> DeviceView:
    """Returns a recorded Mac as the collector would show it to detectors."""
    return recorded_view("macos", name)


def findings(device: DeviceView) -> list[Finding]:
    return [finding for module in DETECTORS for finding in module.DETECTOR.detect(device)]


def test_each_way_into_a_driven_mac_is_named() -> None:
    found = {finding.subject: finding for finding in findings(mac("remote_tools"))}
    assert {"anydesk", "rustdesk", "chrome-remote-desktop", "macos-screen-sharing", "tailscale"} <= set(found)
    assert found["anydesk"].level == 4
    assert found["rustdesk"].level == 4
    assert found["chrome-remote-desktop"].level >= 2
    assert found["macos-screen-sharing"].level == 3, "a viewer from a public address"
    assert found["tailscale"].level == 1


def test_honest_twin_a_docked_mac_shows_nothing_at_level_two_or_above() -> None:
    assert [finding.sentence for finding in findings(mac("docked")) if finding.level >= 2] == []


@pytest.mark.parametrize("name", ["undocked", "virtual_machine", "permissions_denied", "real_own_utun_routes"])
def test_honest_twin_ordinary_macs_show_no_tunnel_and_no_screen_server(name: str) -> None:
    said = findings(mac(name))
    assert [it.sentence for it in said if it.level >= 2 and it.subject != "anydesk"] == []
    assert [it.sentence for it in said if it.group == "N" and it.level] == []


def test_a_tunnel_that_takes_all_traffic_is_told_by_its_routes_alone() -> None:
    found = {finding.subject: finding.level for finding in findings(mac("real_mullvad_openvpn_routes"))}
    assert found == {"utun4": 1}


def test_screen_sharing_that_waits_for_somebody_is_open_before_its_program_runs() -> None:
    # launchd holds the port until somebody comes (launchd.plist(5), Sockets).
    service = Service(name="com.apple.screensharing", kind="launchd", path=SCREEN_SHARING, enabled=True, running=False)
    listener = Listener(protocol="tcp", port=5900, scope="network", owner="screensharingd", path=SCREEN_SHARING)
    [finding] = os_remote_desktop.DETECTOR.detect(view(services=[service], sockets=[listener]))
    assert (finding.subject, finding.level) == ("macos-screen-sharing", 1)
    peer = InboundConnection(port=5900, peer=KEYER.key("address", "192.168.1.9"), owner="screensharingd")
    [finding] = os_remote_desktop.DETECTOR.detect(view(services=[service], sockets=[listener, peer]))
    assert finding.level == 2


def test_honest_twin_screen_sharing_that_is_off_says_nothing() -> None:
    service = Service(name="com.apple.screensharing", kind="launchd", path=SCREEN_SHARING, enabled=False)
    assert list(os_remote_desktop.DETECTOR.detect(view(services=[service]))) == []
