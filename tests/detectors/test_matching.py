"""Matching: several facts that agree make sure, names that others bear too never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_detectors.matching import Fact, at_least, confidence_of, folded, platform_of, tool_index, tunnel_index
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.software import Package

from .views import view

#: Harmless programs whose names lists of remote tools have accused, and what every laptop runs.
BENIGN_WINDOWS = (
    "dwm.exe", "setup.exe", "agent.exe", "connect.exe", "plink.exe", "autoupdate.exe", "rd.exe", "rdp.exe", "rv.exe",
    "dd.exe", "qq.exe", "agent32.exe", "agent64.exe", "winagent.exe", "amon.exe", "SRService.exe", "SRServer.exe",
    "SRAgent.exe", "SRManager.exe", "RCService.exe", "RCClient.exe", "client32.exe", "level.exe", "supporttool.exe",
    "upload.exe", "recycler.exe", "nvda.exe", "edge.exe", "msedge.exe", "CodeSetup.exe", "kitty.exe", "synergys.exe",
    "SynergySports.exe", "IperiusBackup.exe", "explorer.exe", "svchost.exe", "chrome.exe", "Code.exe", "ssh.exe",
    "OUTLOOK.EXE", "Radmin.txt", "vncviewer.exe", "AppCore.exe", "GoTo.exe", "TSClient.exe", "rdpclip.exe",
    "QuickAssist.exe", "PowerToys.exe", "obs64.exe", "DisplayLinkManager.exe", "AnyDeskReader2000.exe",
    "myrustdesk-notes.exe",
)  # fmt: skip
BENIGN_LINUX = (
    "systemd", "gnome-shell", "gnome-remote-desktop.service", "kitty", "edge", "service", "nebula", "bore", "chisel",
    "tor", "gost", "ssh", "autossh", "weston", "python3.11", "bash", "Xorg", "Xwayland", "dockerd", "containerd",
    "pipewire", "ibus-daemon", "firefox-esr", "xdotool", "rustdesk.exe", "X11VNC", "nginx", "squid",
)  # fmt: skip


@pytest.mark.parametrize("name", BENIGN_WINDOWS)
def test_harmless_windows_names_match_nothing_well(name: str) -> None:
    process = Process(name=name, path=rf"C:\Program Files\Something\{name}", signer="Some Maker Ltd")
    for index in (tool_index(), tunnel_index()):
        hits = [m for m in index.program(process, "windows") if m.product.role == "host" and m.product.alarm != "info"]
        assert [m.product.id for m in hits if at_least(m.confidence, "medium")] == []


@pytest.mark.parametrize("name", BENIGN_LINUX)
def test_harmless_linux_names_match_nothing_well(name: str) -> None:
    process = Process(name=name, path=f"/usr/bin/{name}", package="some-package")
    for index in (tool_index(), tunnel_index()):
        hits = [m for m in index.program(process, "linux") if m.product.role == "host" and m.product.alarm != "info"]
        assert [m.product.id for m in hits if at_least(m.confidence, "medium")] == []


def test_a_longer_name_with_a_known_ending_is_not_the_known_one() -> None:
    # CmRcService.exe is Microsoft's; a list with suffix matching took it for AnyViewer's RCService.exe.
    process = Process(name="CmRcService.exe", path=r"C:\Windows\CCM\RemCtrl\CmRcService.exe")
    assert {m.product.id for m in tool_index().program(process, "windows")} == {"configmgr-remote-control"}


def test_a_weak_name_counts_beside_its_own_path_and_stays_low() -> None:
    process = Process(name="SRService.exe", path=r"C:\Program Files (x86)\Splashtop\Splashtop Remote\SRService.exe")
    [match] = tool_index().program(process, "windows")
    assert (match.product.id, match.confidence) == ("splashtop", "low")
    signed = Process(name="SRService.exe", path=process.path, signer="Splashtop Inc.")
    [sure] = tool_index().program(signed, "windows")
    assert sure.confidence == "confirmed"


def test_a_signer_alone_is_nothing() -> None:
    process = Process(name="TeamViewerMeetingNotes.pdf", path=r"C:\x\y.exe", signer="Splashtop Inc.")
    assert tool_index().program(process, "windows") == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], "none"),
        ([Fact("weak_name", "agent.exe")], "none"),
        ([Fact("signer", "Google LLC")], "none"),
        ([Fact("port", "tcp/5900")], "none"),
        ([Fact("weak_name", "level.exe"), Fact("path", "level")], "low"),
        ([Fact("distinctive_port", "udp/21119")], "low"),
        ([Fact("hint", "amagent")], "low"),
        ([Fact("hint", "amagent"), Fact("port", "tcp/8443")], "low"),
        ([Fact("name", "x11vnc")], "medium"),
        ([Fact("service", "rustdesk.service")], "high"),
        ([Fact("name", "x11vnc"), Fact("package", "x11vnc")], "high"),
        ([Fact("path", "/usr/NX/"), Fact("service", "nxserver.service")], "confirmed"),
        ([Fact("package", "x11vnc"), Fact("port", "tcp/5900")], "confirmed"),
    ],
)
def test_confidence_follows_the_published_rules(facts: list[Fact], expected: str) -> None:
    assert confidence_of(facts) == expected


def test_case_counts_on_linux_only_and_exe_is_cut_on_windows_only() -> None:
    assert folded("AnyDesk.EXE", "windows") == "anydesk"
    assert folded("AnyDesk", "macos") == "anydesk"
    assert folded("tool.exe", "linux") == "tool.exe"
    assert tool_index().program(Process(name="ANYDESK.EXE", path=r"D:\ANYDESK.EXE"), "windows")
    assert not tool_index().program(Process(name="Anydesk", path="/tmp/Anydesk"), "linux")


def test_a_hidden_program_is_known_by_the_fifteen_characters_that_the_kernel_keeps() -> None:
    # TASK_COMM_LEN of include/linux/sched.h is 16 with the closing NUL: "tigervncserver" fits, this one does not.
    hidden = Process(name="x0tigervncserver"[:15])
    assert [m.product.id for m in tool_index().program(hidden, "linux")] == ["tigervnc"]


def test_a_script_is_known_by_the_process_name_that_its_interpreter_bears() -> None:
    python = Process(name="python3.11", path="/usr/bin/python3.11", kernel_names=("chrome-remote-d", "websockify"))
    found = {m.product.id: m for m in tool_index().program(python, "linux")}
    assert found["chrome-remote-desktop"].confidence == "medium"
    assert not any(match.disguised for match in found.values())


def test_an_instance_of_a_template_unit_is_the_template_unit() -> None:
    service = Service(name="tigervncserver@:1.service", kind="systemd", path="/usr/libexec/tigervncsession-start")
    assert [m.product.id for m in tool_index().service(service, "linux")] == ["tigervnc"]


def test_a_unit_with_a_harmless_name_is_known_by_the_program_it_starts() -> None:
    service = Service(name="sync.service", kind="systemd", path="/usr/bin/rustdesk")
    assert [(m.product.id, m.confidence) for m in tool_index().service(service, "linux")] == [("rustdesk", "medium")]


def test_a_package_name_is_taken_whole() -> None:
    assert [m.product.id for m in tool_index().package(Package(name="xrdp", source="dpkg"))] == ["xrdp"]
    assert tool_index().package(Package(name="xrdp-pulseaudio-installer", source="dpkg")) == []


# Renamed files -------------------------------------------------------------------------------------


def test_the_version_resource_betrays_a_renamed_windows_program() -> None:
    renamed = Process(name="svchost.exe", path=r"~\AppData\Local\x\svchost.exe", original_name="rustdesk.exe")
    [match] = tool_index().program(renamed, "windows")
    assert (match.product.id, match.disguised, match.confidence) == ("rustdesk", True, "high")


def test_a_browser_s_second_download_is_no_disguise() -> None:
    copy = Process(name="AnyDesk (1).exe", path=r"~\Downloads\AnyDesk (1).exe", original_name="AnyDesk.exe")
    assert [m.disguised for m in tool_index().program(copy, "windows")] == [False]


@pytest.mark.parametrize(
    ("process", "ports"),
    [
        (Process(name="sync-host", path="/opt/s/sync-host", kernel_names=("rustdesk",)), ("tcp/21118",)),
        (Process(name="sync-host", path="/opt/s/sync-host"), ("tcp/21118", "udp/21119")),
        (Process(name="sync-host", path="/opt/s/sync-host", holds=("uinput",)), ("udp/21119",)),
    ],
    ids=["old process name and port", "both ports", "port and virtual input device"],
)
def test_two_surviving_facts_betray_a_renamed_linux_program(process: Process, ports: tuple[str, ...]) -> None:
    [match] = tool_index().program(process, "linux", ports)
    assert (match.product.id, match.disguised) == ("rustdesk", True)


def test_one_surviving_fact_is_not_enough_for_a_disguise() -> None:
    [match] = tool_index().program(Process(name="game", path="/opt/game"), "linux", ("udp/21119",))
    assert (match.confidence, match.disguised) == ("low", False)


def test_a_virtual_input_device_alone_is_nothing() -> None:
    remapper = Process(name="input-remapper-service", path="/usr/bin/input-remapper-service", holds=("uinput",))
    assert tool_index().program(remapper, "linux") == []


def test_a_vnc_option_under_another_name_with_its_port_is_a_disguise() -> None:
    renamed = Process(name="gvfsd-x", path="/tmp/gvfsd-x", flags=("rfbport",))
    [match] = tool_index().program(renamed, "linux", ("tcp/5900",))
    assert (match.product.category, match.disguised) == ("vnc", True)


def test_an_honest_vnc_server_is_not_another_one_in_disguise() -> None:
    honest = Process(name="Xtigervnc", path="/usr/bin/Xtigervnc", flags=("rfbport",))
    assert [(m.product.id, m.disguised) for m in tool_index().program(honest, "linux", ("tcp/5901",))] == [
        ("tigervnc", False)
    ]


def test_a_host_that_takes_a_viewer_s_name_is_still_found() -> None:
    renamed = Process(name="remmina", path="~/bin/remmina", kernel_names=("rustdesk",))
    found = tool_index().program(renamed, "linux", ("tcp/21118",))
    assert ("rustdesk", True) in [(m.product.id, m.disguised) for m in found]


def test_another_streaming_host_on_the_shared_ports_is_not_a_disguise() -> None:
    # NVIDIA GameStream, whose protocol Sunshine speaks, listens on these ports of its own.
    process = Process(name="nvcontainer.exe", path=r"C:\Program Files\NVIDIA Corporation\NvContainer\nvcontainer.exe")
    ports = ("tcp/47984", "tcp/47989", "tcp/48010")
    assert tool_index().program(process, "windows", ports) == []


# Platform and odd input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "expected"),
    [("Debian GNU/Linux", "linux"), ("Windows 11 Pro", "windows"), ("macOS", "macos"), ("", "linux")],
)
def test_the_platform_is_read_from_the_host_section(system: str, expected: str) -> None:
    assert platform_of(view(host=[HostFacts(os=system)])) == expected


def test_the_platform_is_guessed_from_paths_without_a_host_section() -> None:
    assert platform_of(view(processes=[Process(name="a.exe", path=r"C:\a.exe")])) == "windows"
    assert platform_of(view()) == "linux"


_TEXT = st.text(max_size=40)


@given(
    name=_TEXT, path=st.none() | _TEXT, package=st.none() | _TEXT, signer=st.none() | _TEXT, original=st.none() | _TEXT,
    kernel=st.lists(_TEXT, max_size=3), flags=st.lists(_TEXT, max_size=3),
    platform=st.sampled_from(["windows", "macos", "linux", ""]),
    ports=st.lists(_TEXT, max_size=3),
)  # fmt: skip
def test_odd_names_never_raise(
    name: str, path: str | None, package: str | None, signer: str | None, original: str | None,
    kernel: list[str], flags: list[str], platform: str, ports: list[str],
) -> None:  # fmt: skip
    process = Process(
        name=name, path=path, package=package, signer=signer, original_name=original,
        kernel_names=tuple(kernel), flags=tuple(flags),
    )  # fmt: skip
    service = Service(name=name, kind="systemd", path=path or "")
    for index in (tool_index(), tunnel_index()):
        for match in index.program(process, platform, ports, [name]) + index.service(service, platform):
            assert match.facts
        index.package(Package(name=name))
