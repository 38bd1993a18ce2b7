"""remote_access_tool: what runs, what is only there, what hides, and the honest twins."""

import msgspec
import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.remote_access_tool import DETECTOR
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener
from farmwatch_schema.observables.software import Package

from .views import ENROLLED, NOW, view

X11VNC = Process(name="x11vnc", path="/usr/bin/x11vnc", package="x11vnc")
TEAM_VIEWER = Process(name="teamviewerd", path="/opt/teamviewer/tv_bin/teamviewerd", package="teamviewer")
HELP_DESK = Policy(sanctions=(Sanction(tool="teamviewer", owner="service-desk@example.com", reason="help desk"),))


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


def _only(device: DeviceView) -> Finding:
    [finding] = DETECTOR.detect(device)
    return finding


def _listener(port: int, owner: str, scope: str = "network", protocol: str = "tcp") -> Listener:
    return Listener(protocol=protocol, port=port, scope=scope, owner=owner)


# Hits ----------------------------------------------------------------------------------------------


def test_hit_a_running_tool_that_nobody_sanctioned_is_level_two() -> None:
    finding = _only(view(processes=[X11VNC], sockets=[_listener(5900, "x11vnc", "loopback")]))
    assert (finding.subject, finding.level, finding.group) == ("x11vnc", 2, "R")
    assert "x11vnc" in finding.sentence
    assert "Check:" in finding.sentence
    assert "package x11vnc" in finding.evidence[0].fact
    assert finding.evidence[0].source.startswith("catalogue entry x11vnc of 2026-11-22")


@pytest.mark.parametrize(
    ("process", "tool"),
    [
        (Process(name="Xtigervnc", path="/usr/bin/Xtigervnc", package="tigervnc-standalone-server"), "tigervnc"),
        (Process(name="Xtightvnc", path="/usr/bin/Xtightvnc", package="tightvncserver"), "tightvnc"),
        (Process(name="wayvnc", path="/usr/bin/wayvnc", package="wayvnc"), "wayvnc"),
        (Process(name="rustdesk", path="/usr/share/rustdesk/rustdesk", package="rustdesk"), "rustdesk"),
        (Process(name="anydesk", path="/usr/bin/anydesk", package="anydesk"), "anydesk"),
        (Process(name="dwagsvc", path="/usr/share/dwagent/native/dwagsvc"), "dwservice"),
        (Process(name="meshagent", path="/usr/local/mesh_services/meshagent/meshagent"), "meshcentral"),
        (Process(name="nxserver.bin", path="/usr/NX/bin/nxserver.bin"), "nomachine"),
        (Process(name="sunshine", path="/usr/bin/sunshine"), "sunshine"),
        (
            Process(name="python3.11", path="/usr/bin/python3.11", kernel_names=("chrome-remote-d",)),
            "chrome-remote-desktop",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_linux_tools_are_named_from_their_programs(process: Process, tool: str) -> None:
    # What reports on farms name, or is tagged as of that kind, is level four; the catalogue's tags say which.
    reported = {"rustdesk", "anydesk", "dwservice", "meshcentral", "chrome-remote-desktop"}
    assert _found(view(processes=[process])) == [(tool, 4 if tool in reported else 2)]


def test_a_tool_open_to_the_network_is_level_three() -> None:
    finding = _only(view(processes=[X11VNC], sockets=[_listener(5900, "x11vnc")]))
    assert finding.level == 3
    assert "tcp/5900" in finding.sentence


@pytest.mark.parametrize("flag", ["unattended_setup", "vnc_reverse"])
def test_a_tool_prepared_for_access_without_a_person_is_level_three(flag: str) -> None:
    assert _only(view(processes=[msgspec.structs.replace(X11VNC, flags=(flag,))])).level == 3


def test_no_password_counts_only_where_others_can_reach_it() -> None:
    careless = msgspec.structs.replace(X11VNC, flags=("vnc_no_password",))
    assert _only(view(processes=[careless], sockets=[_listener(5900, "x11vnc", "loopback")])).level == 2
    finding = _only(view(processes=[careless], sockets=[_listener(5900, "x11vnc")]))
    assert finding.level == 3
    assert "without a password" in finding.sentence


def test_somebody_connected_right_now_is_level_three() -> None:
    nomachine = Process(name="nxserver.bin", path="/usr/NX/bin/nxserver.bin", flags=("remote_session_window",))
    finding = _only(view(processes=[nomachine]))
    assert finding.level == 3
    assert "has somebody connected right now" in finding.sentence


def test_a_service_of_a_tool_is_as_good_as_its_program_while_that_is_hidden() -> None:
    service = Service(name="rustdesk.service", kind="systemd", path="/usr/bin/rustdesk", enabled=True)
    assert _found(view(services=[service])) == [("rustdesk", 4)]


def test_hit_a_renamed_tool_is_level_five_and_says_so() -> None:
    renamed = Process(name="sync-host", path="/opt/sync-host/sync-host", kernel_names=("rustdesk",), holds=("uinput",))
    finding = _only(view(processes=[renamed], sockets=[_listener(21118, "sync-host")]))
    assert (finding.subject, finding.level) == ("rustdesk", 5)
    assert 'runs under another name, "sync-host"' in finding.sentence
    assert "process name rustdesk" in finding.evidence[0].fact


def test_a_renamed_tool_is_known_by_how_it_starts_itself_and_the_port_it_discovers_by() -> None:
    # RustDesk on Linux runs as `--service` and as `--server`, and listens at udp/21119 (rustdesk source, lan.rs).
    renamed = Process(name="sync-host", path="/opt/sync-host/sync-host", flags=("only_server", "only_service"))
    discovery = Listener(protocol="udp", port=21119, scope="network", owner="sync-host")
    assert _found(view(processes=[renamed], sockets=[discovery])) == [("rustdesk", 5)]


@pytest.mark.parametrize("flags", [("only_service",), ("only_server",), ("only_server", "only_service")])
def test_how_a_program_starts_itself_alone_names_no_tool_surely(flags: tuple[str, ...]) -> None:
    found = _found(view(processes=[Process(name="helper", path="/opt/helper/helper", flags=flags)]))
    assert found in ([], [("rustdesk", 1)])


def test_a_renamed_windows_tool_is_level_five() -> None:
    renamed = Process(
        name="SyncHostSvc.exe", path=r"~\AppData\Local\SyncHost\SyncHostSvc.exe", signer="PURSLANE",
        original_name="rustdesk.exe",
    )  # fmt: skip
    assert _found(view(processes=[renamed])) == [("rustdesk", 5)]


def test_a_renamed_copy_of_a_packaged_program_is_level_five() -> None:
    # SHA-256 of /usr/bin/x11vnc in Debian 12's x11vnc 0.9.16-9 for amd64.
    digest = "84af9b01b1961384e4f6e3f9d41bee5adb54c304fe81da2b8db2e61b22ad0652"
    copy = Process(name="gvfsd-helper", path="~/bin/gvfsd-helper", package="", sha256=digest)
    assert _found(view(processes=[copy])) == [("x11vnc", 5)]
    assert _found(view(processes=[msgspec.structs.replace(X11VNC, sha256=digest)])) == [("x11vnc", 2)]


def test_a_renamed_copy_of_the_built_in_desktop_is_level_five() -> None:
    # SHA-256 of /usr/sbin/xrdp in Debian 12's xrdp 0.9.21.1-1+deb12u3 for amd64.
    digest = "2b8a37e76ec85dc35c4eddffb851f192bc9318e60cf2d0c8423f5640a61b3d6d"
    copy = Process(name="update-helper", path="/opt/update-helper", package="", sha256=digest)
    assert _found(view(processes=[copy])) == [("xrdp", 5)]


def test_a_vnc_option_on_any_port_betrays_a_renamed_server() -> None:
    renamed = Process(name="gvfsd-helper", path="/opt/gvfsd-helper", flags=("rfbport",))
    assert _found(view(processes=[renamed], sockets=[_listener(5987, "gvfsd-helper", "loopback")])) == [
        ("vnc-generic", 5)
    ]


def test_a_file_name_cannot_speak_for_the_finding() -> None:
    digest = "84af9b01b1961384e4f6e3f9d41bee5adb54c304fe81da2b8db2e61b22ad0652"
    name = "x). Policy allows it here: the owner of everything.\x1b[2J\u202e Check: nothing"
    finding = _only(view(processes=[Process(name=name, path=f"/tmp/{name}", package="", sha256=digest)]))
    assert finding.level == 5
    assert 'under another name, "x). Policy' in finding.sentence
    assert "Check: nothing" not in finding.sentence
    assert finding.sentence.isprintable()


def test_a_sanction_does_not_cover_the_tool_under_another_name() -> None:
    policy = Policy(sanctions=(Sanction(tool="rustdesk", owner="it@example.com", reason="support"),))
    renamed = Process(name="svchost.exe", path=r"C:\x\svchost.exe", original_name="rustdesk.exe")
    assert _found(view(processes=[renamed], policy=policy)) == [("rustdesk", 5)]


def test_an_installed_tool_that_never_runs_is_level_one() -> None:
    assert _found(view(software=[Package(name="x11vnc", source="dpkg")])) == [("x11vnc", 1)]


def test_an_unconfirmed_mark_gives_level_one_at_most() -> None:
    # "hoptodesk" as a Linux process name was never confirmed by a source.
    assert _found(view(processes=[Process(name="hoptodesk", path="/opt/x/hoptodesk")])) == [("hoptodesk", 1)]


def test_a_port_of_its_own_alone_gives_level_one() -> None:
    process = Process(name="game", path="/opt/game")
    assert _found(view(processes=[process], sockets=[_listener(21119, "game", protocol="udp")])) == [("rustdesk", 1)]


def test_two_tools_are_two_findings() -> None:
    assert _found(view(processes=[X11VNC, TEAM_VIEWER])) == [("teamviewer", 4), ("x11vnc", 2)]


def test_it_says_since_when() -> None:
    span = Span(kind="processes", item=X11VNC, seen_from=NOW)
    finding = _only(view(processes=[X11VNC], history={"processes": (span,)}))
    assert finding.seen_from == NOW.isoformat()
    assert _only(view(processes=[X11VNC])).seen_from == ""
    assert ENROLLED < NOW


@pytest.mark.parametrize(("port", "tool"), [(5900, "vnc-generic"), (5905, "vnc-generic"), (3389, "rdp-generic")])
@pytest.mark.parametrize("scope", ["network", "loopback"])
def test_a_file_that_no_package_brought_on_a_port_of_vnc_or_rdp_is_level_one(port: int, tool: str, scope: str) -> None:
    # A copy of x11vnc, Xtigervnc or xrdp that was renamed and changed by a byte shows nothing else.
    changed = Process(name="updatesvc", path="/tmp/updatesvc", package="")
    finding = _only(view(processes=[changed], sockets=[_listener(port, "updatesvc", scope)]))
    assert (finding.subject, finding.level) == (tool, 1)
    assert f'"updatesvc" listens on tcp/{port}, and no package brought it' in finding.sentence


@pytest.mark.parametrize("flag", ["ssh_remote_forward", "tunnel_mode"])
def test_a_tool_for_the_laptop_itself_is_level_three_while_a_program_forwards_its_ports(flag: str) -> None:
    forwarder = Process(name="ssh", path="/usr/bin/ssh", package="openssh-client", flags=(flag,))
    finding = _only(view(processes=[X11VNC, forwarder], sockets=[_listener(5900, "x11vnc", "loopback")]))
    assert (finding.subject, finding.level) == ("x11vnc", 3)
    assert 'while "ssh" forwards its ports to the outside' in finding.sentence


# Misses --------------------------------------------------------------------------------------------


def test_miss_a_quiet_laptop_has_no_finding() -> None:
    ordinary = [Process(name="gnome-shell", path="/usr/bin/gnome-shell", package="gnome-shell")]
    assert _found(view(processes=ordinary, sockets=[_listener(22, "sshd")], services=[], software=[])) == []


def test_could_not_look_gives_no_finding_and_no_error() -> None:
    assert _found(view()) == []
    blind = view(processes=[X11VNC], outcome="not_permitted")
    assert isinstance(blind.section("processes"), SectionView)
    assert _found(blind) == []


def test_a_listener_on_the_vnc_port_without_an_owner_is_not_called_a_tool() -> None:
    assert _found(view(sockets=[_listener(5900, "")])) == []


@pytest.mark.parametrize(
    ("owner", "path", "package"),
    [
        ("docker-proxy", "/usr/bin/docker-proxy", "docker-ce"),  # a browser test's container with VNC inside
        ("qemu-system-x86_64", "/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
        ("VBoxHeadless", "/usr/lib/virtualbox/VBoxHeadless", "virtualbox"),
        ("haproxy", "/usr/sbin/haproxy", None),  # its package was not read yet
    ],
)
def test_a_packaged_program_on_such_a_port_is_no_finding(owner: str, path: str, package: str | None) -> None:
    program = Process(name=owner, path=path, package=package)
    assert _found(view(processes=[program], sockets=[_listener(5900, owner), _listener(3389, owner)])) == []


@pytest.mark.parametrize(
    ("name", "path", "package"),
    [
        ("python.exe", r"~\\AppData\\Local\\Programs\\Python\\Python311\\python.exe", None),
        ("python3.11", "/usr/bin/python3.11", "python3.11-minimal"),
    ],
)
def test_hit_a_script_that_listens_on_vnc_s_port_is_asked_about(name: str, path: str, package: str | None) -> None:
    """An interpreter's package or signer says nothing about what it runs; a screen server is a page of Python."""
    program = Process(
        name=name, path=path, package=package, signer="Python Software Foundation" if not package else None
    )
    assert _found(view(processes=[program], sockets=[_listener(5900, name)])) == [("vnc-generic", 1)]
    assert _found(view(processes=[program], sockets=[_listener(8000, name)])) == []


# Honest twins --------------------------------------------------------------------------------------


def test_honest_twin_a_help_desk_laptop_with_the_sanctioned_tool_counts_nothing() -> None:
    service = Service(name="teamviewerd.service", kind="systemd", enabled=True, running=True)
    finding = _only(view(processes=[TEAM_VIEWER], services=[service], policy=HELP_DESK))
    assert (finding.subject, finding.level) == ("teamviewer", 0)
    assert finding.sanctioned == "service-desk@example.com: help desk"


def test_a_sanction_that_has_ended_or_names_others_holds_no_more() -> None:
    ended = Sanction(tool="teamviewer", owner="o", reason="r", until=ENROLLED.date())
    others = Sanction(tool="teamviewer", owner="o", reason="r", devices=("laptop-9",))
    for sanction in (ended, others):
        assert _found(view(processes=[TEAM_VIEWER], policy=Policy(sanctions=(sanction,)))) == [("teamviewer", 4)]


@pytest.mark.parametrize(
    "process",
    [
        Process(name="remmina", path="/usr/bin/remmina", package="remmina"),
        Process(name="mstsc.exe", path=r"C:\Windows\System32\mstsc.exe", original_name="mstsc.exe"),
        Process(name="moonlight", path="/usr/bin/moonlight"),
    ],
    ids=lambda process: process.name,
)
def test_honest_twin_an_outbound_viewer_is_never_a_finding(process: Process) -> None:
    assert _found(view(processes=[process])) == []


@pytest.mark.parametrize(
    "process",
    [
        Process(name="Zoom.exe", path=r"C:\Program Files\Zoom\bin\Zoom.exe"),
        Process(name="CptHost.exe", path=r"C:\Program Files\Zoom\bin\CptHost.exe"),
        Process(name="zoom", path="/opt/zoom/zoom", package="zoom"),
        Process(name="sshd", path="/usr/sbin/sshd", package="openssh-server", listens=True),
        Process(name="nvda.exe", path=r"C:\Program Files (x86)\NVDA\nvda.exe", signer="NV Access Limited"),
        Process(name="dwm.exe", path=r"C:\Windows\System32\dwm.exe", signer="Microsoft Windows"),
        Process(name="weston", path="/usr/bin/weston", package="weston"),
    ],
    ids=lambda process: process.name,
)
def test_meetings_ssh_screen_readers_and_system_programs_are_no_findings(process: Process) -> None:
    assert _found(view(processes=[process])) == []


def test_a_runner_that_a_tool_s_unit_starts_is_not_the_tool() -> None:
    docker = Process(name="docker", path="/usr/bin/docker", package="docker-ce-cli")
    unit = Service(name="rustdesk.service", kind="systemd", path="/usr/bin/docker", enabled=True, running=True)
    [finding] = DETECTOR.detect(view(processes=[docker], services=[unit]))
    assert [evidence.subject for evidence in finding.evidence] == ["service rustdesk.service"]


def test_a_management_agent_of_the_company_is_shown_and_never_counted() -> None:
    agent = Process(name="CmRcService.exe", path=r"C:\Windows\CCM\RemCtrl\CmRcService.exe")
    finding = _only(view(processes=[agent]))
    assert (finding.subject, finding.level, finding.sanctioned) == ("configmgr-remote-control", 0, "")


def test_built_in_remote_desktop_is_left_to_its_own_detector() -> None:
    assert _found(view(processes=[Process(name="xrdp", path="/usr/sbin/xrdp", package="xrdp")])) == []


def test_a_rustdesk_folder_in_a_developer_s_home_is_no_running_tool() -> None:
    cargo = Process(name="cargo", path="~/src/rustdesk/bin/cargo", package="")
    assert _found(view(processes=[cargo])) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2, 3, 4, 5]


def test_honest_twin_what_service_providers_put_on_whole_companies_is_not_level_four() -> None:
    folder = r"C:\Program Files (x86)\ScreenConnect Client (0123456789abcdef)"
    name = "ScreenConnect.ClientService.exe"
    service = Process(name=name, path=rf"{folder}\{name}", signer="ConnectWise, LLC", run_by="system")
    assert _found(view(processes=[service])) == [("screenconnect", 2)]
