"""remote_session: who is connected, through what, from where, and the honest twins."""

import msgspec
import pytest

from farmwatch_detectors import os_remote_desktop
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.remote_session import DETECTOR
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .views import KEYER, view

LAN = KEYER.key("address", "192.168.1.20")
PUBLIC = KEYER.key("address", "198.51.100.7")
LOCAL = KEYER.key("address", "127.0.0.1")
X11VNC = Process(name="x11vnc", path="/usr/bin/x11vnc", package="x11vnc")
HEARD = Listener(protocol="tcp", port=5900, scope="network", owner="x11vnc", path="/usr/bin/x11vnc")
#: rustdesk source, core_main.rs: `--cm` is the window that a session opens on the driven side.
RUSTDESK = Process(
    name="rustdesk", path="/usr/bin/rustdesk", package="rustdesk", flags=("remote_session_window", "serves_screen")
)
LAPTOP = HostFacts(os="Debian GNU/Linux", hypervisor="")
GUEST = HostFacts(os="Windows 11 Enterprise", hypervisor="vmware")
TUNNEL = Process(name="ssh", path="/usr/bin/ssh", flags=("ssh_remote_forward",))


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


def _from(peer: object, rtt: str = "") -> InboundConnection:
    return InboundConnection(port=5900, peer=peer, owner="x11vnc", path="/usr/bin/x11vnc", rtt=rtt)  # type: ignore[arg-type]


# Hits ----------------------------------------------------------------------------------------------


def test_hit_a_window_that_is_there_only_during_a_session_is_level_two() -> None:
    [finding] = DETECTOR.detect(view(processes=[RUSTDESK]))
    assert (finding.subject, finding.level, finding.group) == ("rustdesk", 2, "R")
    assert "Check:" in finding.sentence
    assert len(finding.sentence.split()) <= 45


def test_hit_teamviewer_s_desktop_program_of_windows_runs_only_in_a_session() -> None:
    folder = r"C:\Program Files\TeamViewer"
    service = Process(name="TeamViewer_Service.exe", path=rf"{folder}\TeamViewer_Service.exe", run_by="system")
    desktop = Process(name="TeamViewer_Desktop.exe", path=rf"{folder}\TeamViewer_Desktop.exe")
    windows = HostFacts(os="Windows 11 Pro", hypervisor="")
    assert _found(view(host=[windows], processes=[service, desktop])) == [("teamviewer", 2)]
    assert _found(view(host=[windows], processes=[service])) == []


@pytest.mark.parametrize(("peer", "level"), [(LAN, 2), (PUBLIC, 3)], ids=["lan", "public"])
def test_hit_a_connection_to_a_tool_s_port_counts_by_where_it_comes_from(peer: object, level: int) -> None:
    [finding] = DETECTOR.detect(view(processes=[X11VNC], sockets=[HEARD, _from(peer, "150+")]))
    assert (finding.subject, finding.level) == ("x11vnc", level)
    assert "150+ ms away" in finding.evidence[0].fact


def test_hit_a_connection_from_the_laptop_itself_counts_beside_a_tunnel_that_ends_there() -> None:
    inner = msgspec.structs.replace(HEARD, scope="loopback")
    [finding] = DETECTOR.detect(view(processes=[X11VNC, TUNNEL], sockets=[inner, _from(LOCAL)]))
    assert (finding.subject, finding.level) == ("x11vnc", 2)
    assert "through a tunnel" in finding.sentence


@pytest.mark.parametrize(
    ("session", "found"),
    [
        (Session(origin="remote", protocol="x11", client=LAN), ("x11", 2)),
        (Session(origin="remote", protocol="x11", client=PUBLIC), ("x11", 3)),
        (Session(origin="remote", protocol="ssh", client=PUBLIC), ("ssh", 1)),
        (Session(origin="remote", protocol="ssh", client=None), ("ssh", 1)),
        (Session(origin="remote", protocol="ica", client=None), ("ica", 1)),
        (Session(origin="remote", protocol="", client=PUBLIC), ("login", 1)),
    ],
)
def test_hit_a_session_from_elsewhere_counts_by_what_it_shows(session: Session, found: tuple[str, int]) -> None:
    assert _found(view(host=[LAPTOP], sessions=[session])) == [found]


def test_hit_a_session_where_nobody_can_tell_what_machine_this_is_counts_as_on_a_laptop() -> None:
    assert _found(view(host=[HostFacts()], sessions=[Session(origin="remote", protocol="ica")])) == [("ica", 1)]


# Misses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "session",
    [
        Session(origin="console", protocol="wayland"),
        Session(origin="remote", protocol="x11", client=PUBLIC, ended=True),
        Session(origin="remote", protocol="ssh", client=LOCAL),
    ],
    ids=["at the laptop", "ended", "from the laptop itself"],
)
def test_miss_who_sits_there_has_left_or_never_came_is_nothing(session: Session) -> None:
    assert _found(view(host=[LAPTOP], sessions=[session])) == []


def test_miss_a_built_in_desktops_session_is_told_once_by_its_own_detector() -> None:
    device = view(host=[LAPTOP], sessions=[Session(origin="remote", protocol="rdp", client=PUBLIC)])
    assert _found(device) == []
    assert [finding.level for finding in os_remote_desktop.DETECTOR.detect(device)] == [3]


def test_miss_a_connection_to_another_programs_port_is_nothing() -> None:
    web = Listener(protocol="tcp", port=8080, scope="network", owner="node", path="/usr/bin/node")
    came = InboundConnection(port=8080, peer=LAN, owner="node", path="/usr/bin/node")
    assert _found(view(processes=[X11VNC], sockets=[HEARD, web, came])) == []


def test_miss_a_connection_of_the_laptop_to_itself_without_a_tunnel_is_nothing() -> None:
    assert _found(view(processes=[X11VNC], sockets=[HEARD, _from(LOCAL)])) == []


# Honest twins --------------------------------------------------------------------------------------


def test_honest_twin_a_help_desk_session_counts_nothing_while_the_policys_window_is_open() -> None:
    ticket = Sanction(tool="rustdesk", owner="service-desk@example.com", reason="ticket 4711", devices=("laptop-1",))
    [finding] = DETECTOR.detect(view(processes=[RUSTDESK], policy=Policy(sanctions=(ticket,))))
    assert (finding.level, finding.sanctioned) == (0, "service-desk@example.com: ticket 4711")
    elsewhere = msgspec.structs.replace(ticket, devices=("laptop-2",))
    assert _found(view(processes=[RUSTDESK], policy=Policy(sanctions=(elsewhere,)))) == [("rustdesk", 2)]


def test_honest_twin_a_sanctioned_shell_counts_nothing() -> None:
    allowed = Policy(sanctions=(Sanction(tool="ssh-server", owner="dev@example.com", reason="backup by rsync"),))
    shell = Session(origin="remote", protocol="ssh", client=PUBLIC)
    assert _found(view(host=[LAPTOP], sessions=[shell], policy=allowed)) == [("ssh", 0)]


def test_honest_twin_a_citrix_session_on_a_virtual_desktop_is_the_desk_itself() -> None:
    [finding] = DETECTOR.detect(view(host=[GUEST], sessions=[Session(origin="remote", protocol="ica")]))
    assert (finding.level, finding.sanctioned) == (0, "")


def test_honest_twin_a_guests_shell_from_its_host_is_nothing() -> None:
    shell = Session(origin="remote", protocol="ssh", client=LAN)
    assert _found(view(host=[GUEST], sessions=[shell])) == []
    assert level_table(DETECTOR.id)[1].m / level_table(DETECTOR.id)[1].u < 2


def test_honest_twin_who_drives_another_computer_from_here_is_nothing() -> None:
    viewer = Process(name="remmina", path="/usr/bin/remmina", package="remmina", flags=("remote_session_window",))
    assert _found(view(processes=[viewer])) == []


def test_could_not_look_gives_no_finding() -> None:
    assert _found(view()) == []
    shell = Session(origin="remote", protocol="ssh", client=PUBLIC)
    blind = view(processes=[RUSTDESK], sockets=[HEARD, _from(LAN)], sessions=[shell], outcome="not_permitted")
    assert _found(blind) == []
