"""os_remote_desktop: open to the network, in use, and the honest twins."""

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.os_remote_desktop import DETECTOR
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener
from farmwatch_schema.observables.software import Package

from .views import KEYER, view

XRDP = Process(name="xrdp", path="/usr/sbin/xrdp", package="xrdp", run_by="system")
OPEN = Listener(protocol="tcp", port=3389, scope="network", owner="xrdp", path="/usr/sbin/xrdp")
LAN = KEYER.key("address", "192.168.1.20")
PUBLIC = KEYER.key("address", "198.51.100.7")
LOCAL = KEYER.key("address", "127.0.0.1")


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


def test_hit_xrdp_open_to_the_network_is_level_one() -> None:
    [finding] = DETECTOR.detect(view(processes=[XRDP], sockets=[OPEN]))
    assert (finding.subject, finding.level, finding.group) == ("xrdp", 1, "R")
    assert "tcp/3389" in finding.sentence
    assert "Check:" in finding.sentence


@pytest.mark.parametrize(("peer", "level"), [(LAN, 2), (PUBLIC, 3), (LOCAL, 1)], ids=["lan", "public", "loopback"])
def test_a_connection_from_elsewhere_raises_it(peer: object, level: int) -> None:
    connection = InboundConnection(port=3389, peer=peer, owner="xrdp")  # type: ignore[arg-type]
    assert _found(view(processes=[XRDP], sockets=[OPEN, connection])) == [("xrdp", level)]


def test_a_remote_login_raises_it_while_it_lasts() -> None:
    session = Session(origin="remote", protocol="rdp", client=LAN)
    ended = Session(origin="remote", protocol="rdp", client=LAN, ended=True)
    assert _found(view(processes=[XRDP], sockets=[OPEN], sessions=[session])) == [("xrdp", 2)]
    assert _found(view(processes=[XRDP], sockets=[OPEN], sessions=[ended])) == [("xrdp", 1)]


def test_a_remote_login_that_no_program_explains_is_a_finding_of_its_own() -> None:
    assert _found(view(sessions=[Session(origin="remote", protocol="vnc", client=PUBLIC)])) == [("vnc", 3)]


@pytest.mark.parametrize(
    ("process", "port", "product"),
    [
        (Process(name="gnome-remote-desktop-daemon", path="/usr/libexec/gnome-remote-desktop-daemon"), 3389,
         "gnome-remote-desktop"),
        (Process(name="krfb", path="/usr/bin/krfb", package="krfb"), 5900, "krfb"),
        (Process(name="vino-server", path="/usr/libexec/vino-server", package="vino"), 5900, "vino"),
    ],
    ids=["gnome", "krfb", "vino"],
)  # fmt: skip
def test_each_built_in_desktop_of_linux_is_named(process: Process, port: int, product: str) -> None:
    listener = Listener(protocol="tcp", port=port, scope="network", owner=process.name, path=process.path)
    assert _found(view(processes=[process], sockets=[listener])) == [(product, 1)]


def test_windows_remote_desktop_counts_when_it_listens() -> None:
    service = Service(name="TermService", kind="windows", running=True, enabled=True)
    listener = Listener(protocol="tcp", port=3389, scope="network", owner="svchost.exe")
    session = Session(origin="remote", protocol="rdp", client=LAN)
    assert _found(view(services=[service])) == []
    assert _found(view(services=[service], sockets=[listener])) == [("windows-rdp", 1)]
    assert _found(view(services=[service], sockets=[listener], sessions=[session])) == [("windows-rdp", 2)]


def test_a_hidden_owner_counts_beside_the_running_service() -> None:
    service = Service(name="xrdp.service", kind="systemd", path="/usr/sbin/xrdp", running=True, enabled=True)
    hidden = Listener(protocol="tcp", port=3389, scope="network")
    assert _found(view(services=[service], sockets=[hidden])) == [("xrdp", 1)]


# Honest twins --------------------------------------------------------------------------------------


INNER = Listener(protocol="tcp", port=3390, scope="loopback", owner="xrdp", path="/usr/sbin/xrdp")


def test_listening_for_the_laptop_itself_is_shown_and_never_counted() -> None:
    sesman = Listener(protocol="tcp", port=3350, scope="loopback", owner="xrdp-sesman")
    [finding] = DETECTOR.detect(view(processes=[XRDP], sockets=[INNER, sesman]))
    assert (finding.subject, finding.level) == ("xrdp", 0)
    assert "tcp/3390, for the laptop itself only" in finding.sentence


def test_listening_for_the_laptop_itself_counts_beside_a_tunnel_from_outside() -> None:
    ssh = Process(name="ssh", path="/usr/bin/ssh", flags=("ssh_remote_forward",))
    assert _found(view(processes=[XRDP, ssh], sockets=[INNER])) == [("xrdp", 1)]


def test_miss_a_clean_desktop_that_has_it_installed_and_off() -> None:
    unit = Service(name="gnome-remote-desktop.service", kind="systemd", enabled=False, running=False)
    term = Service(name="TermService", kind="windows", running=True)
    assert _found(view(services=[unit, term], software=[Package(name="gnome-remote-desktop")], sockets=[])) == []


def test_honest_twin_somebody_else_s_listener_on_the_port() -> None:
    proxy = Listener(protocol="tcp", port=3389, scope="network", owner="haproxy", path="/usr/sbin/haproxy")
    assert _found(view(processes=[XRDP], sockets=[proxy])) == []


def test_honest_twin_a_session_on_a_virtual_desktop_is_the_desk_itself() -> None:
    # Windows 365 and Azure's desktops are reached by RDP through Microsoft's gateway, from wherever the person sits.
    guest = HostFacts(os="Windows 11 Enterprise", hypervisor="hyper-v")
    session = Session(origin="remote", protocol="rdp", client=PUBLIC)
    assert _found(view(host=[guest], sessions=[session])) == [("rdp", 0)]
    assert _found(view(host=[HostFacts(os="Windows 11 Enterprise", hypervisor="")], sessions=[session])) == [("rdp", 3)]
    assert _found(view(host=[HostFacts(os="Windows 11 Enterprise")], sessions=[session])) == [("rdp", 3)]
    connection = InboundConnection(port=3389, peer=PUBLIC, owner="xrdp")
    assert _found(view(host=[guest], processes=[XRDP], sockets=[OPEN, connection])) == [("xrdp", 3)]


def test_honest_twin_an_ssh_login_is_no_remote_desktop() -> None:
    assert _found(view(sessions=[Session(origin="remote", protocol="ssh", client=PUBLIC)])) == []


def test_a_sanctioned_desktop_counts_nothing() -> None:
    policy = Policy(sanctions=(Sanction(tool="xrdp", owner="lab@example.com", reason="test bench"),))
    [finding] = DETECTOR.detect(view(processes=[XRDP], sockets=[OPEN], policy=policy))
    assert (finding.level, finding.sanctioned) == (0, "lab@example.com: test bench")


def test_could_not_look_gives_no_finding() -> None:
    assert _found(view(processes=[XRDP], sockets=[OPEN], outcome="not_permitted")) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2, 3]
