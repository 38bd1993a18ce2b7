"""What is said of programs as Windows tells them: remote tools under other names, and what office laptops run."""

from typing import Any, cast

import pytest

from farmwatch_agent.host import FileStatus, Host
from farmwatch_agent.host.process_list import Connection, RunningProcess
from farmwatch_agent.host.windows.program_files import ProgramFile, name_in
from farmwatch_agent.probes import windows_pass
from farmwatch_agent.probes.processes import windows as processes
from farmwatch_detectors import os_remote_desktop, remote_access_tool, vpn_or_tunnel
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.sessions import Session

from ..agent.windows_host import WindowsFake
from .views import view

NOW = 1_795_348_800.0
ROAMING, LOCAL = r"C:\Users\jdoe\AppData\Roaming", r"C:\Users\jdoe\AppData\Local"
#: Path, signer, version resource.
Program = tuple[str, str, dict[str, str]]

#: Product and company as Sysmon's event of AnyDesk 7.0.10 has them, and SigmaHQ's rules for it; no original name.
ANYDESK = {"productname": "AnyDesk", "companyname": "AnyDesk Software GmbH"}


def levels(*programs: Program, flags: dict[int, tuple[str, ...]] | None = None, **sections: Any) -> dict[str, int]:
    """Returns the level of each finding about a laptop on which these programs run, by what it is about."""
    rows: dict[str, list[Any]] = {RunningProcess.table: [RunningProcess(pid=4, name="System")], Connection.table: []}
    status = {}
    for number, (path, signer, said) in enumerate(programs):
        rows[RunningProcess.table].append(
            RunningProcess(pid=2000 + number, parent=4, name=path.rpartition("\\")[2], executable=path,
                           user=r"LAPTOP-7\jdoe", started=NOW - 600, session=1)
        )  # fmt: skip
        rows[f"{ProgramFile.table} {path}"] = [ProgramFile(signer=signer, original_name=name_in(said))]
        status[path] = FileStatus(mode=0o100666, uid=0, gid=0, size=1000, mtime=0.0, inode=number, device=1)
    host = WindowsFake(rows=rows, status=status, flags={str(2000 + it): words for it, words in (flags or {}).items()})
    windows_pass.forget()
    items = list(processes.collect(cast("Host", host)))
    laptop = view(processes=items, host=[HostFacts(os="Windows 11 Pro", chassis="laptop", hypervisor="")], **sections)
    detectors = (remote_access_tool, os_remote_desktop, vpn_or_tunnel)
    return {found.subject: found.level for module in detectors for found in module.DETECTOR.detect(laptop)}


def test_hit_anydesk_under_another_name_in_appdata_is_a_disguise() -> None:
    renamed = (rf"{ROAMING}\Updater\msupdate.exe", "AnyDesk Software GmbH", ANYDESK)
    assert levels(renamed) == {"anydesk": 5}


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe",
        # magicsword-io/LOLRMM issue 247: a client that a company had made for it.
        r"C:\Program Files (x86)\AnyDesk-ad12ef34\AnyDesk-ad12ef34.exe",
        r"C:\Users\jdoe\Downloads\AnyDesk (1).exe",
    ],
)
def test_honest_twin_anydesk_under_its_own_name_is_no_disguise(path: str) -> None:
    assert levels((path, "AnyDesk Software GmbH", ANYDESK)) == {"anydesk": 4}


def test_hit_rustdesk_as_it_unpacks_itself_and_under_another_name() -> None:
    unpacked = (rf"{LOCAL}\rustdesk\rustdesk.exe", "PURSLANE", {"originalfilename": "rustdesk.exe"})
    assert levels(unpacked) == {"rustdesk": 4}
    stripped = (rf"{LOCAL}\Temp\svc.exe", "", {"originalfilename": "rustdesk.exe"})
    assert levels(stripped, flags={2000: ("only_server",)}) == {"rustdesk": 5}


def test_a_citrix_desktop_is_told_and_counts_nothing() -> None:
    agent = (r"C:\Program Files\Citrix\Virtual Desktop Agent\BrokerAgent.exe", "Citrix Systems, Inc.",
             {"originalfilename": "BrokerAgent.exe"})  # fmt: skip
    session = Session(origin="remote", protocol="ica", since="2026-11-22T08:00Z")
    assert set(levels(agent, sessions=[session]).values()) <= {0}


def test_honest_twin_what_office_laptops_run() -> None:
    """Names and signers as these programs' own pages and packages give them; AppData is where many install."""
    ordinary = [
        (rf"{LOCAL}\Microsoft\OneDrive\OneDrive.exe", "Microsoft Corporation", "OneDrive.exe"),
        (rf"{LOCAL}\slack\app-4.41.105\slack.exe", "Slack Technologies, LLC", "slack.exe"),
        (rf"{ROAMING}\Zoom\bin\Zoom.exe", "Zoom Communications, Inc.", "Zoom.exe"),
        (rf"{LOCAL}\Discord\app-1.0.9187\Discord.exe", "Discord Inc.", "Discord.exe"),
        (rf"{LOCAL}\Microsoft\WindowsApps\ms-teams.exe", "Microsoft Corporation", "ms-teams.exe"),
        (rf"{LOCAL}\Programs\Microsoft VS Code\Code.exe", "Microsoft Corporation", "electron.exe"),
        (r"C:\Windows\System32\mstsc.exe", "Microsoft Windows", "mstsc.exe"),
        (r"C:\Program Files\Logi\LogiOptionsPlus\logioptionsplus_agent.exe", "Logitech Inc", ""),
        (r"C:\Program Files\DisplayLink Core Software\DisplayLinkManager.exe", "DisplayLink (UK) Limited", ""),
        (r"C:\Program Files\Git\usr\bin\ssh.exe", "", ""),
        (r"C:\Program Files\AutoHotkey\v2\AutoHotkey64.exe", "", "AutoHotkey64.exe"),
    ]
    assert levels(*((path, signer, {"originalfilename": name}) for path, signer, name in ordinary)) == {}
