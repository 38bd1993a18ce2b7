"""Services on Windows: keys, tasks and what starts at login, as Microsoft documents them."""

import ctypes
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, HostError, Missing, NotPermitted, SourceBroken
from farmwatch_agent.host.command_lines import windows_program
from farmwatch_agent.host.windows.registry import RegistryBranch
from farmwatch_agent.host.windows.services import RunningService, ServiceLine, ServiceStatus
from farmwatch_agent.host.windows.tasks import ScheduledTask, parse_task
from farmwatch_agent.probes.services import windows
from farmwatch_agent.probes.windows_users import PROFILES
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.services import Service

from ..windows_host import WindowsFake

SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
SECRET = "Sekrit-6f1d2-marker"
SCREEN = r"C:\Program Files (x86)\ScreenConnect Client (a1b2c3d4e5f6a7b8)\ScreenConnect.ClientService.exe"
RUN = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
STARTUP = rf"C:\Users\jdoe\AppData\Roaming\{windows.STARTUP}"


def laptop(**changes: Any) -> WindowsFake:
    given: dict[str, Any] = {
        "rows": {
            RunningService.table: [RunningService(name="TermService"), RunningService(name="CDPUserSvc_3a2f1")],
            ScheduledTask.table: [
                ScheduledTask(name=r"\Updater", programs=(r"C:\Users\jdoe\AppData\Local\up.exe",)),
                ScheduledTask(name=r"\Microsoft\Windows\Defrag", programs=(r"%windir%\system32\defrag.exe",)),
                ScheduledTask(name=r"\Microsoft\Windows\Odd", programs=(r"C:\ProgramData\odd.exe",), system=True),
                ScheduledTask(name=rf"\OneDrive Task-{SID}", programs=("powershell.exe",), enabled=False),
                ScheduledTask(name=r"\Closed", problem="not_permitted"),
            ],
        },
        "keys": {
            "HKU": {"keys": (SID,)},
            rf"HKLM\{RUN}": {"SecurityHealth": r"%windir%\system32\SecurityHealthSystray.exe"},
            rf"HKU\{SID}\{RUN}": {
                "AnyDesk": rf'"C:\Program Files (x86)\AnyDesk\AnyDesk.exe" --tray {SECRET}',
                "Old": r"C:\old.exe",
            },
            rf"HKU\{SID}\{windows.APPROVED}\Run": {"Old": b"\x03\0\0\0", "AnyDesk": b"\x02\0\0\0"},
        },
        "branches": {
            PROFILES: {SID: {"ProfileImagePath": r"C:\Users\jdoe"}},
            windows.SERVICES: {
                "TermService": {
                    "Type": 0x20, "Start": 3, "ImagePath": r"%SystemRoot%\System32\svchost.exe -k NetworkService",
                    "ObjectName": r"NT Authority\NetworkService",
                },
                "ScreenConnect Client (a1b2c3d4e5f6a7b8)": {
                    "Type": 0x10, "Start": 2, "ImagePath": f'"{SCREEN}" "?e=Access&y=Guest&h={SECRET}"',
                    "ObjectName": "LocalSystem",
                },
                "Mine": {"Type": 0x10, "Start": 4, "ImagePath": r"C:\Users\jdoe\m.exe", "ObjectName": r".\jdoe"},
                "CDPUserSvc": {"Type": 0x60, "Start": 2, "ImagePath": r"%SystemRoot%\system32\svchost.exe -k User"},
                "CDPUserSvc_3a2f1": {"Type": 0xE0, "Start": 2},
                "disk": {"Type": 1, "Start": 0, "ImagePath": r"System32\drivers\disk.sys"},
                "MttVDD": {
                    "Type": 1, "Start": 3, "Owners": ("oem9.inf",),
                    "ImagePath": r"\SystemRoot\System32\drivers\MttVDD.sys",
                },
                "kbdclass": {"Type": 1, "Start": 3, "Owners": ("keyboard.inf",)},
                "strange": {"Type": 1, "Start": 1, "ImagePath": r"\??\C:\ProgramData\strange.sys"},
                ".NET CLR Data": {},
            },
        },
        "names": {STARTUP: ["desktop.ini", "helper.lnk"]},
    }  # fmt: skip
    for name, values in changes.items():
        given[name] = {**given.get(name, {}), **values}
    return WindowsFake(**given)


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def test_what_starts_by_itself_is_told_with_its_program_and_without_its_arguments() -> None:
    svchost = r"C:\Windows\System32\svchost.exe"
    found = seen(laptop())
    assert SECRET not in repr(found)
    assert found == [
        Service(name="TermService", kind="service", path=svchost, enabled=False, running=True),
        Service(
            name="ScreenConnect Client (a1b2c3d4e5f6a7b8)", kind="service", path=SCREEN, enabled=True, running=False
        ),
        Service(name="Mine", kind="service", path=r"~\m.exe", enabled=False, running=False, run_by="user"),
        Service(
            name="CDPUserSvc", kind="service", path=r"C:\Windows\system32\svchost.exe", enabled=True, running=True
        ),
        Service(
            name="MttVDD", kind="driver", path=r"C:\Windows\System32\drivers\MttVDD.sys", enabled=False, running=False
        ),
        Service(name="strange", kind="driver", path=r"C:\ProgramData\strange.sys", enabled=True, running=False),
        Service(name=r"\Updater", kind="task", path=r"~\AppData\Local\up.exe", enabled=True, run_by="user"),
        Service(name=r"\Microsoft\Windows\Odd", kind="task", path=r"C:\ProgramData\odd.exe", enabled=True),
        Service(name=r"\OneDrive Task-~", kind="task", path="powershell.exe", enabled=False, run_by="user"),
        Service(
            name="SecurityHealth", kind="run", path=r"C:\Windows\system32\SecurityHealthSystray.exe", enabled=True
        ),
        Service(
            name="AnyDesk", kind="run", path=r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe", enabled=True, run_by="user"
        ),
        Service(name="Old", kind="run", path=r"C:\old.exe", enabled=False, run_by="user"),
        Service(
            name="helper.lnk", kind="startup", path=rf"~\AppData\Roaming\{windows.STARTUP}\helper.lnk", enabled=True,
            run_by="user",
        ),
        Gap(what="scheduled tasks", outcome="not_permitted", count="1"),
    ]  # fmt: skip


def test_what_may_not_be_read_is_a_gap_and_the_rest_is_told() -> None:
    host = laptop(
        rows={RunningService.table: NotPermitted("no"), ScheduledTask.table: SourceBroken("no")},
        keys={rf"HKU\{SID}\{RUN}": NotPermitted("no"), rf"HKLM\{RUN}": SourceBroken("no")},
        names={STARTUP: NotPermitted("no")},
        branches={windows.SERVICES: {"A": {"problem": "not_permitted"}, "B": {"Type": "x"}, "C": {"Type": 16}}},
    )
    assert seen(host) == [
        Service(name="C", kind="service", enabled=None, running=None),
        Gap(what="which services run", outcome="not_permitted"),
        Gap(what="services", outcome="not_permitted", count="1"),
        Gap(what="services", outcome="broken", count="1"),
        Gap(what="scheduled tasks", outcome="broken"),
        Gap(what="programs of the Run key", outcome="broken"),
        Gap(what="Startup folders of other users", outcome="not_permitted", count="1"),
        Gap(what="registry of other users", outcome="not_permitted", count="1"),
    ]


def test_a_registry_without_services_is_never_clean() -> None:
    assert Gap(what="services", outcome="not_permitted") in seen(
        laptop(branches={windows.SERVICES: NotPermitted("no")})
    )


TASK = rf"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>CORP\jdoe</Author></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>false</Enabled></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId></Principal></Principals>
  <Settings><Hidden>true</Hidden><Enabled>true</Enabled></Settings>
  <Actions Context="Author">
    <Exec><Command>"C:\Tools &amp; more\x.exe"</Command><Arguments>{SECRET}</Arguments></Exec>
    <Exec><Command>cmd.exe</Command></Exec>
    <ComHandler><ClassId>x</ClassId></ComHandler>
  </Actions>
</Task>"""


@pytest.mark.parametrize("data", [TASK.encode("utf-16"), TASK.encode(), b"\xef\xbb\xbf" + TASK.encode()])
def test_a_tasks_definition_is_read_without_its_arguments(data: bytes) -> None:
    task = parse_task(r"\X", data)
    assert task == ScheduledTask(name=r"\X", programs=(r"C:\Tools & more\x.exe", "cmd.exe"), enabled=True, system=True)
    assert SECRET not in repr(task)


def test_definitions_are_found_in_folders_and_links_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = tmp_path / "System32" / "Tasks"
    (tasks / "Google").mkdir(parents=True)
    (tasks / "Top").write_bytes(TASK.encode("utf-16"))
    (tasks / "Google" / "Inner").write_bytes(TASK.encode())
    (tasks / "Odd").write_bytes(b"nothing of the kind")
    try:
        (tasks / "Link").symlink_to(tmp_path)
    except OSError:
        pytest.skip("links cannot be made here")
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    assert {task.name: task.problem for task in ScheduledTask.live("")} == {
        r"\Top": "", r"\Google\Inner": "", r"\Odd": "broken",
    }  # fmt: skip


def test_a_folder_of_tasks_that_is_not_there_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    with pytest.raises(Missing):
        ScheduledTask.live("")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<Task>{text}<Exec>{text}".encode()))
def test_whatever_a_task_holds_it_is_read_or_refused(data: bytes) -> None:
    try:
        parse_task("x", data)
    except HostError:
        return


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (rf'"C:\Program Files\x\y.exe" -a {SECRET}', r"C:\Program Files\x\y.exe"),
        (rf"C:\Program Files\My App\svc.exe -a {SECRET}", r"C:\Program Files\My App\svc.exe"),
        (r"C:\Windows\system32\svchost.exe -k netsvcs -p", r"C:\Windows\system32\svchost.exe"),
        (r"rundll32.exe C:\x.dll,Entry", "rundll32.exe"),
        (r"\SystemRoot\System32\drivers\x.sys", r"\SystemRoot\System32\drivers\x.sys"),
        (f"tool {SECRET}", "tool"),
        ("", ""),
        ('"', ""),
    ],
)
def test_of_a_command_line_only_the_program_is_left(command: str, program: str) -> None:
    assert windows_program(command) == program


def test_no_capture_of_a_service_holds_arguments() -> None:
    key = RegistryBranch(
        path=rf"{windows.SERVICES}\X",
        texts={"ImagePath": f'"{SCREEN}" {SECRET}', "DisplayName": "X -y z"},
    )
    assert key.kept().texts == {"ImagePath": SCREEN, "DisplayName": "X -y z"}
    run = RegistryBranch(path=rf"HKU\{SID}\{RUN}", texts={"Any": f"C:\\x.exe {SECRET}"})
    assert run.kept().texts == {"Any": r"C:\x.exe"}


def test_structures_of_the_service_manager_have_the_sizes_of_the_headers_on_64_bits() -> None:
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        pytest.skip("measured for 64 bits")
    # By x86_64-w64-mingw32-gcc 12 from mingw-w64's winsvc.h.
    assert (ctypes.sizeof(ServiceStatus), ctypes.sizeof(ServiceLine)) == (36, 56)
