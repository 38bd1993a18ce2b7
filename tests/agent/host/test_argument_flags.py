"""Arguments become flags inside host/, and nothing of their text comes out."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, process_list
from farmwatch_agent.host.argument_flags import FLAGS, RULES, SCRIPTS, flags_of, flags_of_windows
from farmwatch_agent.host.linux.live import LinuxHost

from ..linux_tree import Tree, section

MARKER = "Sekrit-6f1d2-marker"


def line(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (("ssh", "-N", "-R", "8022:localhost:22", "gate.example.com"), ("ssh_remote_forward",)),
        (("/usr/bin/ssh", "-fNR8022:localhost:22", "gate.example.com"), ("ssh_remote_forward",)),
        (("ssh", "-o", "RemoteForward=8022 localhost:22", "gate.example.com"), ("ssh_remote_forward",)),
        (("autossh", "-M", "0", "-D", "1080", "gate.example.com"), ("ssh_dynamic_forward",)),
        (("ssh", "-w", "0:0", "gate.example.com"), ("ssh_tunnel_device",)),
        (("ssh", "gate.example.com", "-R", "1:localhost:1"), ("ssh_remote_forward",)),
        (("cloudflared", "tunnel", "run", "--token", MARKER), ("tunnel_mode",)),
        (("/opt/x/updater", "tunnel", "run", "--token", MARKER), ("tunnel_mode",)),
        (("code", "tunnel", "--name", MARKER), ("tunnel_mode",)),
        (("ngrok", "tcp", "22"), ("tunnel_mode",)),
        (("frpc", "-c", "frpc.toml"), ("tunnel_mode",)),
        (("node", "/usr/bin/lt", "--port", "80"), ("tunnel_mode",)),
        (("helper", "client", "https://gate.example.com", "R:8022:localhost:22"), ("tunnel_mode",)),
        (("cloudflared", "service", "install", MARKER), ("service_install",)),
        (("anydesk", "--set-password"), ("unattended_setup",)),
        (("rustdesk", "--password", MARKER), ("unattended_setup",)),
        (("start-host", f"--pin={MARKER}"), ("unattended_setup",)),
        (("rustdesk", "--cm"), ("remote_session_window",)),
        (("x11vnc", "-display", ":0", "-forever", "-shared", "-rfbport", "5900", "-nopw"),
         ("display_capture", "rfbport", "vnc_forever", "vnc_no_password", "vnc_shared")),
        (("/tmp/sysmon", "-rfbport", "5999"), ("rfbport",)),
        (("Xtigervnc", ":1", "-rfbport", "5901", "-SecurityTypes", "None", "-localhost=1"),
         ("loopback_only", "rfbport", "vnc_no_password")),
        (("/usr/lib/xorg/Xorg", ":10", "-config", "xrdp/xorg.conf"), ("remote_display_server",)),
        (("/usr/bin/python3", "/usr/bin/websockify", "6080", "localhost:5900"), ("script_websockify",)),
        (("ffmpeg", "-f", "x11grab", "-i", ":0", "out.mkv"), ("display_capture",)),
        (("/opt/sync-host/sync-host", "--service"), ("only_service",)),
        (("/opt/sync-host/sync-host", "--server"), ("only_server",)),
        (("/opt/sync-host/sync-host", "--cm-no-ui"), ("remote_session_window",)),
        (("gitsync", "-N", "-R", "7000:127.0.0.1:5901", "gate.example.com"), ("ssh_remote_forward",)),
        (("gitsync", "-fNR7000:[::1]:5901", "gate.example.com"), ("ssh_remote_forward",)),
        (("gitsync", "-N", "-R", "*:7000:127.0.0.1:5901", "gate.example.com"), ("ssh_remote_forward",)),
        (("gitsync", "-oRemoteForward=7000 127.0.0.1:5901", "gate.example.com"), ("ssh_remote_forward",)),
        (("/lib64/ld-linux-x86-64.so.2", "/tmp/x11vnc", "-forever"), ("vnc_forever",)),
        (("/Applications/RustDesk.app/Contents/MacOS/RustDesk", "--server"), ("only_server", "serves_screen")),
        (("/Applications/RustDesk.app/Contents/MacOS/RustDesk", "--password", "s3cret"), ("unattended_setup",)),
        (("/Applications/AnyDesk.app/Contents/MacOS/AnyDesk", "--control"), ("serves_screen",)),
        (("caffeinate", "-dimsu"), ("keeps_awake",)),
        (
            ("/usr/bin/perl", "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/Resources/kickstart",
             "-activate", "-configure", "-access", "-on"),
            ("unattended_setup",),
        ),
    ],
)  # fmt: skip
def test_a_listed_use_of_a_tool_is_told(words: tuple[str, ...], flags: tuple[str, ...]) -> None:
    assert flags_of(line(*words)) == flags


@pytest.mark.parametrize(
    "words",
    [
        ("ssh", "gate.example.com"),
        ("ssh", "-L", "8080:localhost:80", "gate.example.com"),
        ("ssh", "-i", "-R", "gate.example.com"),
        ("ssh", "gate.example.com", "ls", "-R", "/srv"),
        ("ssh", "-o", "RemoteForward=none", "gate.example.com"),
        ("ls", "-R", "/srv"),
        ("gitsync", "-r", "7000:127.0.0.1:5901"),
        ("gitsync", "-o", "RemoteForward=none"),
        ("tool", "-R", "7000:80"),
        ("code", "--new-window", "tunnel.py"),
        ("code", "tunnels"),
        ("vim", "tunnel"),
        ("python3", "manage.py", "tunnel"),
        ("cloudflared", "--version"),
        ("rustdesk",),
        ("x11vnc", "-help"),
        ("helper", "--service", "--port", "80"),
        ("helper", "--server=yes"),
        ("",),
    ],
)
def test_an_ordinary_use_is_not_told(words: tuple[str, ...]) -> None:
    assert flags_of(line(*words)) == ()


@pytest.mark.parametrize(
    ("words", "executable", "flags"),
    [
        (("[kworker/0:1]", "-nopw", "-forever"), "/usr/bin/x11vnc", ("vnc_forever", "vnc_no_password")),
        (("gitsync", "-D", "1080", "gate.example.com"), "/usr/bin/ssh (deleted)", ("ssh_dynamic_forward",)),
        (("frpc", "-c", "x"), "/opt/x/helper", ("tunnel_mode",)),
        (("ssh: /run/user/1000/gate [mux]",), "/usr/bin/ssh", ()),
        (("make", "tunnel"), "/usr/bin/make", ()),
    ],
)
def test_a_program_that_calls_itself_otherwise_counts_under_its_executable(
    words: tuple[str, ...], executable: str, flags: tuple[str, ...]
) -> None:
    assert flags_of(line(*words), executable) == flags


@pytest.mark.skipif(sys.platform != "linux", reason="reads this machine's /proc")
def test_a_running_program_that_calls_itself_otherwise_is_told_by_its_executable() -> None:
    script = "import sys; sys.stdin.read()"
    words = ["[kworker/0:1]", "-c", script, "-R", "7000:127.0.0.1:5901"]
    process = subprocess.Popen(words, executable=sys.executable, stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 10
        while b"5901" not in Path(f"/proc/{process.pid}/cmdline").read_bytes() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert LinuxHost().argument_flags([str(process.pid)])[str(process.pid)] == ("ssh_remote_forward",)
    finally:
        process.kill()
        process.wait()


def test_every_rule_and_script_names_its_source() -> None:
    assert all(len(rule.source) > 5 for rule in RULES)
    assert all(len(source) > 5 for source in SCRIPTS.values())


@given(
    st.lists(st.one_of(st.text(max_size=12), st.sampled_from(["ssh", "-R", "tunnel", "x11vnc", "-o", "python3", "-"])))
)
def test_whatever_the_arguments_only_words_of_the_list_come_out(words: list[str]) -> None:
    assert set(flags_of("\0".join(words).encode("utf-8", "surrogatepass"))) <= FLAGS


@given(st.binary(max_size=300))
def test_bytes_that_are_no_text_make_no_error(data: bytes) -> None:
    assert set(flags_of(data)) <= FLAGS


@pytest.mark.skipif(sys.platform != "linux", reason="reads this machine's /proc")
def test_a_secret_in_the_arguments_of_a_running_process_is_nowhere_in_its_section_or_in_what_the_host_gives() -> None:
    words = [sys.executable, "-c", "import time; time.sleep(60)", f"--password={MARKER}", "-rfbport", MARKER]
    process = subprocess.Popen(words)
    try:
        deadline = time.monotonic() + 10
        while MARKER.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes() and time.monotonic() < deadline:
            time.sleep(0.01)
        host = LinuxHost()
        assert host.argument_flags()[str(process.pid)] == ("rfbport",)
        sections = [section(host, kind) for kind in ("processes", "sockets", "services", "sessions")]
        assert b"rfbport" in msgspec.json.encode(sections)
        assert MARKER.encode() not in msgspec.json.encode(sections)
    finally:
        process.kill()
        process.wait()


def test_a_file_tree_tells_flags_and_never_arguments(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(7, "x11vnc", "/usr/bin/x11vnc", arguments=("x11vnc", "-passwd", MARKER, "-forever"))
    made = msgspec.json.encode(section(tree.host(), "processes"))
    assert b"vnc_forever" in made
    assert MARKER.encode() not in made


def test_a_recording_holds_flags_and_never_arguments(tmp_path: Path) -> None:
    capture = pytest.importorskip("farmwatch_agent.host.recording", reason="this build has no recording host")
    tree = Tree(tmp_path)
    tree.process(7, "x11vnc", "/usr/bin/x11vnc", arguments=("x11vnc", "-passwd", MARKER, "-forever"))
    recorder = capture.RecordingHost(tree.host())
    section(recorder, "processes")
    written = b"".join(_everything(vars(recorder)))
    assert b"vnc_forever" in written
    assert MARKER.encode() not in written


def _everything(value: object) -> list[bytes]:
    """Returns all text and bytes that a value holds, however deep."""
    if isinstance(value, bytes):
        return [value]
    if isinstance(value, str):
        return [value.encode("utf-8", "surrogatepass")]
    if isinstance(value, dict):
        return [part for pair in value.items() for item in pair for part in _everything(item)]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [part for item in value for part in _everything(item)]
    if isinstance(value, msgspec.Struct):
        return _everything(msgspec.structs.asdict(value))
    return []


@pytest.mark.skipif(sys.platform != "linux", reason="reads this machine's /proc")
@pytest.mark.parametrize("file", ["cmdline", "environ"])
def test_the_live_host_gives_nobody_arguments_or_environments(file: str) -> None:
    host = LinuxHost()
    for read in (lambda: host.read(f"/proc/self/{file}"), lambda: host.text(f"/proc/{os.getpid()}/{file}"),
                 lambda: host.sha256(f"/proc/self/{file}"), lambda: host.read_each("/proc", file)):  # fmt: skip
        with pytest.raises(NotPermitted):
            read()
    assert host.read("/proc/cmdline")


def test_no_probe_asks_for_arguments_or_environments_itself() -> None:
    probes = Path(os.path.dirname(__file__)).parents[2] / "agent" / "farmwatch_agent" / "probes"
    sources = {path: path.read_text(encoding="utf-8") for path in probes.rglob("linux*.py")}
    assert len(sources) > 9
    assert [path.name for path, text in sources.items() if '"cmdline"' in text or "environ" in text] == []


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ((r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe", "--service"), ("only_service", "serves_screen")),
        ((r"C:\ProgramData\AnyDesk.exe", "--install", r"C:\ProgramData\AnyDesk", "--start-with-win", "--silent"),
         ("service_install", "unattended_setup")),
        (("AnyDesk.exe", f"--set-password={MARKER}"), ()),
        (("RUSTDESK.EXE", "--password", MARKER), ("unattended_setup",)),
        ((r"C:\Users\jdoe\AppData\Local\Temp\svchost.exe", "--server"), ("only_server",)),
        ((r"C:\Windows\System32\OpenSSH\ssh.exe", "-N", "-R", "3389:localhost:3389", MARKER), ("ssh_remote_forward",)),
        (("PLINK.EXE", "-pw", MARKER, "-R", "9999:127.0.0.1:3389", MARKER), ("ssh_remote_forward",)),
        ((r"C:\cloudflared\cloudflared.exe", "tunnel", "run", "--token", MARKER), ("tunnel_mode",)),
        ((r"C:\Program Files (x86)\ScreenConnect Client (a1b2c3d4e5f6a7b8)\ScreenConnect.ClientService.exe",
          f"?e=Access&y=Guest&h={MARKER}&p=8041"), ("unattended_setup",)),
        # MeshAgent's part in the session, under any name (createLaunchAgent in modules/agent-installer.js).
        (("/usr/local/fleethealth/fleethealth", "-kvm1", f"--serviceId={MARKER}"), ("serves_screen",)),
        (("/usr/bin/qemu-system-x86_64", "-enable-kvm", "-machine", "accel=kvm"), ()),
        ((r"C:\Windows\Temp\update.exe", f"?e=Support&y=Guest&h={MARKER}&p=8041"), ("serves_screen",)),
        ((r"C:\Program Files (x86)\Google\Chrome Remote Desktop\CurrentVersion\remoting_start_host.exe",
          f"--code={MARKER}", f"--pin={MARKER}"), ("unattended_setup",)),
        (("msiexec.exe", "/i", "TeamViewer_Host.msi", "/qn", f"CUSTOMCONFIGID={MARKER}"), ("unattended_setup",)),
        ((r"C:\Program Files\Mesh Agent\MeshAgent.exe", f"--installedByUser={MARKER}"), ("unattended_setup",)),
        (("tvnserver.exe", "-controlservice", "-connect", MARKER), ("vnc_reverse",)),
        ((r"C:\Python312\python.exe", r"C:\Tools\websockify", "6080", MARKER), ("script_websockify",)),
        (("ssh.exe", MARKER), ()),
        ((r"C:\Windows\System32\svchost.exe", "-k", "netsvcs", "-p", "-s", "Schedule"), ()),
        ((r"C:\Windows\explorer.exe",), ()),
        ((), ()),
    ],
)  # fmt: skip
def test_windows_programs_count_without_their_ending_and_case(words: tuple[str, ...], flags: tuple[str, ...]) -> None:
    assert flags_of_windows(words) == flags


def test_a_windows_program_that_calls_itself_otherwise_counts_under_its_executable() -> None:
    assert flags_of_windows(("worker", "-D", "1080", "x"), r"C:\Windows\System32\OpenSSH\SSH.EXE") == (
        "ssh_dynamic_forward",
    )


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(["ssh.exe", "-R", "AnyDesk.EXE", "C:\\x\\tvnserver.exe", "?e=Access&"]),
        )
    ),
    st.text(max_size=20),
)
def test_whatever_windows_arguments_say_only_words_of_the_list_come_out(words: list[str], executable: str) -> None:
    assert set(flags_of_windows(words, executable)) <= FLAGS


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_no_text_of_arguments_leaves_the_list_of_processes_of_any_system(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told:
        def __init__(self, number: int) -> None:
            self.number = number
            self._proc = self

        def cmdline(self) -> list[str]:
            return ["C:\\x\\AnyDesk.exe", "--set-password", MARKER, f"?e=Access&h={MARKER}", "-rfbport", MARKER]

        def exe(self) -> str:
            return f"C:\\{MARKER}\\AnyDesk.exe"

    import psutil

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(psutil, "Process", Told)
    monkeypatch.setattr(psutil, "pids", lambda: [7])
    found = process_list.argument_flags()
    assert set(found) == {"7"}
    flags = found["7"]
    assert not isinstance(flags, Exception)
    assert set(flags) <= FLAGS
    assert flags
    assert MARKER not in repr(found)


def test_what_may_not_be_asked_is_refused_and_what_ended_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def process(number: int) -> None:
        raise {1: psutil.AccessDenied, 2: psutil.NoSuchProcess}.get(number, ValueError)(number)

    monkeypatch.setattr(psutil, "Process", process)
    found = process_list.argument_flags(["1", "2", "3"])
    assert isinstance(found.pop("1"), NotPermitted)
    assert isinstance(found.pop("3"), HostError)
    assert found == {}


def test_every_flag_stands_on_the_page_with_its_tool_and_source() -> None:
    from ... import flags

    text = flags.page()
    assert flags.PAGE.read_text(encoding="utf-8") == text, "renew it: .venv/bin/python -m tests.flags"
    assert {flag for flag in FLAGS if f"`{flag}`" not in text} == set()
