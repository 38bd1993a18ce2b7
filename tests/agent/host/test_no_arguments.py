"""No text of an argument leaves host/: every verb of `Host`, every file that holds command lines, every kind of row.

A verb or a kind of row that is new stops the test until somebody has said here why it tells no argument.
"""

import importlib
import inspect
import pkgutil
import plistlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent.host import Host, HostError, capture
from farmwatch_agent.host import linux as linux_package
from farmwatch_agent.host import macos as macos_package
from farmwatch_agent.host import windows as windows_package
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.row import Row
from farmwatch_agent.host.windows.registry import RegistryBranch, RegistryKey, without_arguments
from farmwatch_agent.host.windows.tasks import parse_task

from ..fake_host import FakeHost

SECRET = "sekrit-7c1f-token"

#: What each verb is asked about the process that bears the secret; a verb that cannot be asked about one is said so.
ASKED: dict[str, Callable[[LinuxHost, str], Any]] = {
    "read": lambda host, pid: [_told(host.read, path) for path in _ways(pid)],
    "text": lambda host, pid: [_told(host.text, path) for path in _ways(pid)],
    "sha256": lambda host, pid: [_told(host.sha256, path) for path in _ways(pid)],
    "read_each": lambda host, _: [
        _told(lambda file: host.read_each("/proc", file), file) for file in ("cmdline", "environ", "stat", "status")
    ],
    "link_each": lambda host, _: _told(lambda file: host.link_each("/proc", file), "exe"),
    "link": lambda host, pid: [_told(host.link, f"/proc/{pid}/{name}") for name in ("exe", "cwd", "root")],
    "resolve": lambda host, pid: _told(host.resolve, f"/proc/{pid}/exe"),
    "names": lambda host, pid: _told(host.names, f"/proc/{pid}"),
    "status": lambda host, pid: _told(host.status, f"/proc/{pid}/cmdline"),
    "argument_flags": lambda host, pid: host.argument_flags((pid,)),
    "descriptors": lambda host, pid: host.descriptors((pid,)),
    "boot_id": lambda host, _: host.boot_id(),
    "now": lambda host, _: host.now(),
    "uptime": lambda host, _: host.uptime(),
    "euid": lambda host, _: host.euid(),
    "command": lambda host, pid: _told(host.command, pid),
    # Below, kind by kind.
    "rows": lambda _host, _pid: None,
}

#: Kinds of row with a text that the system keeps as, or beside, a command line: what is done about it.
WITH_COMMAND_LINES = {
    "windows_registry_key": "arguments are left out where the key is read",
    "windows_registry_branch": "as windows_registry_key",
    "windows_scheduled_task": "the element Command alone is read, and of it the program",
    "running_process": "psutil is asked for name and executable; its cmdline is asked in argument_flags alone",
}
#: Everything else: names of devices, adapters, accounts, programs, addresses, numbers.
WITHOUT = frozenset(
    {
        "arp_look",
        "connection",
        "icmp_echo",
        "input_day_counts",
        "left_round",
        "linux_far_route",
        "linux_neighbour",
        "linux_policy_rule",
        "linux_tcp_round_trip",
        "linux_wifi_link",
        "macos_code_signature",
        "macos_network_marks",
        "macos_tcc_access",
        "name_address",
        "netifaces_gateway",
        "signed_trip",
        "tcp_connect",
        "tls_first_byte",
        "windows_battery",
        "windows_bluetooth_peer",
        "windows_bluetooth_radio",
        "windows_bluetooth_record",
        "windows_device",
        "windows_display_target",
        "windows_drive",
        "windows_echo",
        "windows_event",
        "windows_file_rights",
        "windows_hid_collection",
        "windows_hypervisor",
        "windows_ip_neighbour",
        "windows_ip_route",
        "windows_monitor_edid",
        "windows_network_adapter",
        "windows_network_cost",
        "windows_power",
        "windows_program_file",
        "windows_running_service",
        "windows_system_tables",
        "windows_terminal_session",
        "windows_usb_port",
        "windows_wlan_interface",
    }
)


def _ways(pid: str) -> Iterator[str]:
    for name in ("cmdline", "environ"):
        yield from (f"/proc/{pid}/{name}", f"/proc/{pid}/task/{pid}/{name}", f"//proc/{pid}/{name}")
        yield from (f"/proc//{pid}/{name}", f"/proc/{pid}/./{name}", f"/run/../proc/{pid}/{name}")


def _told(look: Callable[[str], Any], of: str) -> Any:
    try:
        return look(of)
    except HostError as error:
        return str(error)


@pytest.fixture
def process() -> Iterator[str]:
    if sys.platform != "linux":
        pytest.skip("looks at a process of Linux")
    environment = {"TOKEN": SECRET, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([f"sleep-{SECRET}", "60"], executable="/bin/sleep", env=environment) as found:
        yield str(found.pid)
        found.kill()


def test_every_verb_is_asked() -> None:
    verbs = {name for name, _ in inspect.getmembers(Host, inspect.isfunction) if not name.startswith("_")}
    assert verbs == set(ASKED)


@pytest.mark.parametrize("verb", ASKED)
def test_no_verb_tells_an_argument_or_a_setting_of_a_process(process: str, verb: str) -> None:
    assert SECRET not in repr(ASKED[verb](LinuxHost(), process)), verb


def kinds_of_rows() -> dict[str, type[Row]]:
    """Returns every kind of row that host/ has."""
    for package in (windows_package, macos_package, linux_package, importlib.import_module("farmwatch_agent.host")):
        for found in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{found.name}")

    def below(kind: type[Row]) -> Iterator[type[Row]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {kind.table: kind for kind in below(Row) if kind.__module__.startswith("farmwatch_agent.")}


def test_of_every_kind_of_row_it_is_said_why_it_holds_no_arguments() -> None:
    assert kinds_of_rows().keys() <= WITHOUT | WITH_COMMAND_LINES.keys()
    for table, kind in kinds_of_rows().items():
        # A field of that name would be one.
        assert not {"arguments", "cmdline", "command_line", "parameters"} & set(kind.__struct_fields__), table


@pytest.mark.parametrize("kind", [RegistryKey, RegistryBranch])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"HKLM\SYSTEM\CurrentControlSet\Services\x", "ImagePath"),
        (r"HKLM\SYSTEM\ControlSet001\Services\x", "FailureCommand"),
        (r"HKU\S-1-5-21-1-2-3-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run", "any"),
        (r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\RunOnce", "any"),
        (r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\x", "UninstallString"),
        (r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\x", "QuietUninstallString"),
    ],
)
def test_command_lines_in_the_registry_lose_their_arguments_where_they_are_read(
    kind: type[RegistryKey], path: str, name: str
) -> None:
    for command in (rf'"C:\a b\c.exe" {SECRET}', rf"C:\a b\c.exe {SECRET}", f"c {SECRET}", rf"%x%\c.exe /k:{SECRET}"):
        assert SECRET not in without_arguments(path, name, command)
        assert SECRET not in msgspec.json.encode(kind(path=path, texts={name: command}).kept()).decode()


def test_a_scheduled_task_is_read_without_its_arguments() -> None:
    data = (
        f"<Task><RegistrationInfo><Description>{SECRET}</Description></RegistrationInfo><Actions><Exec><Command>x.exe"
        f" {SECRET}</Command><Arguments>{SECRET}</Arguments><WorkingDirectory>{SECRET}</WorkingDirectory></Exec>"
        f"</Actions></Task>"
    )
    assert SECRET not in repr(parse_task("x", data.encode()))


JOB = plistlib.dumps(
    {
        "Label": "a.b",
        "ProgramArguments": ["/bin/x", f"--token={SECRET}", SECRET],
        "EnvironmentVariables": {"TOKEN": SECRET},
        "StandardOutPath": f"/tmp/{SECRET}",
        "RunAtLoad": True,
    }
)
ASSERTIONS = (
    "Assertion status system-wide:\n   UserIsActive                   1\nListed by owning process:\n"
    '   pid 7(caffeinate): [0x0000419a000ba625] 00:00:17 PreventSystemSleep named: "caffeinate command-line tool" \n'
    f"\tDetails: caffeinate asserting on behalf of 'make {SECRET}'\n\tLocalized={SECRET}\n"
    f'   pid 8(x): [0x0000419a000ba626] 00:00:17 PreventUserIdleDisplaySleep named: "{SECRET}" \n'
)


@pytest.mark.parametrize("raw", [False, True])
def test_no_capture_of_a_mac_holds_arguments(raw: bool) -> None:
    path = "/Library/LaunchDaemons/a.b.plist"
    mac = capture.Capture(
        format="farmwatch-capture", version=1, agent="test", platform="macos", pseudonymised=False, now=0.0, uptime=1.0,
        euid=0, boot="b", read={path: capture.Answer(text=JOB.decode())},
        command={"assertions": capture.Answer(text=ASSERTIONS)},
    )  # fmt: skip
    host = RecordingHost(cast("Host", ReplayingHost(mac)))
    host.read(path)
    host.command("assertions")
    text = msgspec.json.encode(host.capture(raw=raw)).decode()
    assert SECRET not in text
    assert "caffeinate" in text
    assert "/bin/x" in text


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/etc/systemd/system/x.service", f"[Service]\nExecStart=/bin/x {SECRET}\nEnvironment=TOKEN={SECRET}\n"),
        ("/home/a/.config/autostart/x.desktop", f"[Desktop Entry]\nExec=/bin/x --token {SECRET}\n"),
        ("/etc/crontab", f"TOKEN={SECRET}\n* * * * * root /bin/x {SECRET}\n"),
        ("/var/spool/cron/crontabs/root", f"* * * * * /bin/x {SECRET} # {SECRET}\n"),
        ("/private/var/at/tabs/root", f"@daily /bin/x {SECRET}\n"),
    ],
)
def test_no_capture_of_a_file_with_command_lines_holds_arguments(path: str, content: str, raw: bool) -> None:
    host = RecordingHost(cast("Host", FakeHost({path: content.encode()})))
    host.read(path)
    made = host.capture(raw=raw)
    text = msgspec.json.encode(capture.unpack(capture.pack(made))).decode()
    assert SECRET not in text
    assert "/bin/x" in text
