"""Processes on Windows: what a file is, who may replace it, what ran lately."""

import ctypes
import struct
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import FileStatus, Host, HostError, Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.process_list import Connection, RunningProcess
from farmwatch_agent.host.windows import access, trust, versions
from farmwatch_agent.host.windows.drives import DriveLetter, with_letter
from farmwatch_agent.host.windows.program_files import FileRights, ProgramFile
from farmwatch_agent.probes.processes import windows
from farmwatch_agent.probes.processes.cache import Executables
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.processes import Process, RecentProgram

from ..windows_host import WindowsFake

SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
SVCHOST = r"C:\Windows\System32\svchost.exe"
RUSTDESK = r"C:\Users\jdoe\AppData\Local\Temp\svchost.exe"
SCREEN = r"C:\Program Files (x86)\ScreenConnect Client (a1b2c3d4e5f6a7b8)\ScreenConnect.ClientService.exe"
WINDOW = r"C:\Program Files (x86)\ScreenConnect Client (a1b2c3d4e5f6a7b8)\ScreenConnect.WindowsClient.exe"
#: 2026-11-22 08:00 UTC as seconds since 1970.
MORNING = 1_795_334_400.0


def process(pid: int, path: str | None, *, parent: int = 4, user: str = r"NT AUTHORITY\SYSTEM", session: int = 0,
            started: float = MORNING, name: str = "") -> RunningProcess:  # fmt: skip
    base = (path or "").rpartition("\\")[2]
    return RunningProcess(
        pid=pid, parent=parent, name=name or base, executable=path, user=user, started=started, session=session
    )


def status(inode: int, size: int = 1000) -> FileStatus:
    return FileStatus(mode=0o100777, uid=0, gid=0, size=size, mtime=1.0, inode=inode, device=1)


def filetime(seconds: float) -> bytes:
    return struct.pack("<QQII", int((seconds + 11_644_473_600) * 1e7), 0, 0, 2)


PROCESSES = [
    RunningProcess(pid=0, name="System Idle Process"),
    RunningProcess(pid=4, name="System"),
    process(900, SVCHOST),
    process(904, SVCHOST, user=r"DESKTOP-1\jdoe", session=1, started=MORNING + 60),
    process(2000, RUSTDESK, user=r"DESKTOP-1\jdoe", session=1),
    process(3000, SCREEN),
    process(3004, WINDOW, parent=3000, session=1, started=MORNING + 5),
    process(500, None, name="csrss.exe"),
]


def laptop(**changes: Any) -> WindowsFake:
    given: dict[str, Any] = {
        "rows": {
            RunningProcess.table: PROCESSES,
            Connection.table: [
                Connection(pid=2000, protocol="tcp", local="0.0.0.0", local_port=21118, state="listen"),
                Connection(pid=900, protocol="tcp", local="127.0.0.1", local_port=135, state="listen"),
            ],
            f"{ProgramFile.table} {SVCHOST}": [ProgramFile(signer="Microsoft Windows", original_name="svchost.exe")],
            f"{ProgramFile.table} {RUSTDESK}": [
                ProgramFile(signer="Open Source Developer, Huabing Zhou", original_name="rustdesk.exe")
            ],
            f"{ProgramFile.table} {SCREEN}": [ProgramFile(signer="ConnectWise, LLC")],
            f"{ProgramFile.table} {WINDOW}": [ProgramFile(signer="")],
            f"{FileRights.table} {SCREEN}": [FileRights(user_writable=False)],
            f"{FileRights.table} {WINDOW}": [FileRights(user_writable=False)],
            DriveLetter.table: [DriveLetter(letter="C:", device=r"\Device\HarddiskVolume3")],
        },
        "status": {SVCHOST: status(1), RUSTDESK: status(2), SCREEN: status(3), WINDOW: status(4)},
        "flags": {"2000": ("only_server",), "500": NotPermitted("no")},
        "branches": {
            windows.BAM[0]: {
                SID: {
                    r"\Device\HarddiskVolume3\Users\jdoe\Downloads\AnyDesk.exe": filetime(MORNING),
                    r"\Device\HarddiskVolume3\Windows\System32\notepad.exe": filetime(MORNING),
                    r"\Device\HarddiskVolume3\Users\jdoe\AppData\Local\Temp\svchost.exe": filetime(MORNING),
                    r"\Device\HarddiskVolume7\tool.exe": b"\x01",
                    "Microsoft.WindowsStore_8wekyb3d8bbwe": filetime(MORNING),
                    "Version": 1,
                },
                "S-1-5-18": {r"\Device\HarddiskVolume3\Program Files\x\x.exe": filetime(MORNING)},
            }
        },
    }
    for name, values in changes.items():
        given[name] = {**given.get(name, {}), **values}
    return WindowsFake(**given)


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def told(host: WindowsFake) -> dict[str, Process]:
    return {item.path or item.name: item for item in seen(host) if isinstance(item, Process)}


def test_a_renamed_tool_in_a_users_folder_is_told_with_what_it_was_made_as() -> None:
    assert told(laptop())[r"~\AppData\Local\Temp\svchost.exe"] == Process(
        name="svchost.exe",
        path=r"~\AppData\Local\Temp\svchost.exe",
        user_writable=True,
        signer="Open Source Developer, Huabing Zhou",
        original_name="rustdesk.exe",
        run_by="user",
        first_start="2026-11-22",
        flags=("only_server",),
        listens=True,
        session_helper=False,
    )


def test_processes_of_one_file_are_one_and_the_kernels_own_are_none() -> None:
    found = told(laptop())
    assert found[SVCHOST].count == "2-4"
    assert found[SVCHOST].run_by == "both"
    assert found[SVCHOST].user_writable is False
    assert found[SVCHOST].listens is False
    assert "System" not in found
    assert found["csrss.exe"].path is None


def test_a_service_that_started_something_in_a_persons_session_is_told_by_what_it_started() -> None:
    found = told(laptop())
    assert found[WINDOW].session_helper is True
    assert found[WINDOW].signer == ""
    assert found[SCREEN].session_helper is False


def test_a_parent_that_began_later_is_none() -> None:
    rows = [process(1, SCREEN, started=9.0), process(2, WINDOW, parent=1, session=1, started=5.0)]
    assert windows.session_helpers(rows) == frozenset()


def test_without_sessions_it_is_not_known() -> None:
    assert windows.session_helpers([RunningProcess(pid=1, name="a")]) is None


def test_a_program_that_ran_lately_is_told_when_it_does_not_run_now() -> None:
    assert [item for item in seen(laptop()) if isinstance(item, RecentProgram)] == [
        RecentProgram(name="AnyDesk.exe", path=r"~\Downloads\AnyDesk.exe", last_run="2026-11-22")
    ]


def test_what_may_not_be_read_is_a_gap() -> None:
    gaps = {item.what: (item.outcome, item.count) for item in seen(laptop()) if isinstance(item, Gap)}
    assert gaps == {
        "executables of other users' processes": ("not_permitted", "1"),
        "arguments of protected and other users' processes": ("not_permitted", "1"),
    }
    host = laptop(
        rows={Connection.table: SourceBroken("no"), f"{FileRights.table} {SCREEN}": NotPermitted("no")},
        branches={windows.BAM[0]: NotPermitted("no")},
    )
    gaps = {item.what: (item.outcome, item.count) for item in seen(host) if isinstance(item, Gap)}
    assert gaps["listening sockets of programs"] == ("broken", "")
    assert gaps["access lists of programs"] == ("not_permitted", "1")
    assert gaps["programs that ran lately"] == ("not_permitted", "")
    assert told(host)[SCREEN].listens is None


def test_a_list_that_cannot_be_had_is_the_sections_own_outcome() -> None:
    with pytest.raises(NotSupported):
        seen(laptop(rows={RunningProcess.table: NotSupported("no")}))


def test_a_file_that_is_gone_is_told_as_deleted() -> None:
    assert told(laptop(status={RUSTDESK: Missing("no")}))[r"~\AppData\Local\Temp\svchost.exe"].deleted is True


def test_signatures_are_asked_for_once_and_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "FILES_PER_PASS", 2)
    cache = Executables()
    executables = windows.group(PROCESSES)
    host = laptop()
    gaps: list[Gap] = []
    windows._look_at_files(cast("Host", host), executables, gaps)
    windows._sign(cast("Host", host), executables, cache, gaps)
    # Files where users write come first, Windows's own last.
    asked = [question for question in host.asked if question.startswith(ProgramFile.table)]
    assert asked == [f"{ProgramFile.table} {RUSTDESK}", f"{ProgramFile.table} {SCREEN}"]
    windows._sign(cast("Host", host), executables, cache, gaps)
    windows._sign(cast("Host", host), executables, cache, gaps)
    assert len([question for question in host.asked if question.startswith(ProgramFile.table)]) == 4
    assert gaps == []


def test_a_signer_that_could_not_be_told_is_neither_unsigned_nor_asked_for_again() -> None:
    cache = Executables()
    executables = windows.group([process(1, SCREEN)])
    host = laptop(rows={f"{ProgramFile.table} {SCREEN}": [ProgramFile(signer=None)]})
    for _ in range(2):
        windows._look_at_files(cast("Host", host), executables, [])
        windows._sign(cast("Host", host), executables, cache, [])
        assert executables[0].signer is None
    assert host.asked.count(f"{ProgramFile.table} {SCREEN}") == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (r"C:\Users\jdoe\x.exe", True),
        (r"D:\Users\Public\x.exe", True),
        (r"C:\Windows\Temp\x.exe", True),
        (r"C:\Windows\System32\svchost.exe", False),
        (r"C:\Windows\explorer.exe", False),
        (r"C:\Windows\System32\Tasks\x.exe", None),
        (r"C:\ProgramData\x\x.exe", None),
        (r"C:\x.exe", None),
    ],
)
def test_some_places_tell_whether_users_may_write(path: str, told: bool | None) -> None:
    assert windows.writable_by_place(path) is told


def test_a_device_path_gets_its_letter_and_no_other_devices() -> None:
    drives = [DriveLetter(letter="C:", device=r"\Device\HarddiskVolume3")]
    assert with_letter(r"\Device\HarddiskVolume3\x\y.exe", drives) == r"C:\x\y.exe"
    assert with_letter(r"\Device\HarddiskVolume33\x.exe", drives) == r"\Device\HarddiskVolume33\x.exe"


def node(key: str, value: bytes, *children: bytes, text: bool = True) -> bytes:
    """One node as VS_VERSIONINFO's page lays it out: length, value length, type, key, padding, value, children."""
    head = struct.pack("<HH", 0, len(value) // 2 if text else len(value))[2:] + struct.pack("<H", 1 if text else 0)
    data = b"\0\0" + head + key.encode("utf-16-le") + b"\0\0"
    data += b"\0" * (-len(data) % 4) + value
    for child in children:
        data += b"\0" * (-len(data) % 4) + child
    return struct.pack("<H", len(data)) + data[2:]


def resource(**strings: str) -> bytes:
    lines = [node(key, f"{value}\0".encode("utf-16-le")) for key, value in strings.items()]
    table = node("040904b0", b"", *lines)
    return node("VS_VERSION_INFO", bytes(52), node("StringFileInfo", b"", table), text=False)


def test_a_version_resource_is_read_as_it_is_laid_out() -> None:
    data = resource(CompanyName="Purslane Ltd", OriginalFilename="rustdesk.exe", ProductName="RustDesk", Comments="x")
    assert versions.parse(data) == {
        "companyname": "Purslane Ltd", "originalfilename": "rustdesk.exe", "productname": "RustDesk",
    }  # fmt: skip
    assert versions.parse(b"") == {}


@given(st.binary(max_size=400) | st.binary(max_size=60).map(lambda tail: resource(OriginalFilename="x")[:80] + tail))
def test_whatever_a_version_resource_holds_it_is_read(data: bytes) -> None:
    assert all(len(text) <= 200 for text in versions.parse(data).values())


def sid(*parts: int) -> bytes:
    return bytes((1, len(parts))) + (5).to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


def entry(kind: int, flags: int, mask: int, who: bytes) -> bytes:
    return struct.pack("<BBHI", kind, flags, 8 + len(who), mask) + who


def acl(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<BBHHH", 2, 0, 8 + len(body), len(entries), 0) + body


USERS, SYSTEM = sid(32, 545), sid(18)


def test_an_access_list_is_read_as_it_is_laid_out() -> None:
    data = acl(entry(0, 0, 0x1F01FF, SYSTEM), entry(0, 0x08, 0x1F01FF, USERS), entry(1, 0, 0x2, USERS))
    # One that is inherited only, and one that denies, allow nothing here.
    assert access.parse_entries(data) == [("S-1-5-18", 0x1F01FF)]
    assert access.sid_of(sid(21, 1, 2, 3, 1001)) == "S-1-5-21-1-2-3-1001"
    assert access.sid_of(b"") == ""


@pytest.mark.parametrize(
    ("owner", "entries", "folder", "writable"),
    [
        ("S-1-5-18", [("S-1-5-32-545", 0x1200A9)], False, False),
        ("S-1-5-18", [("S-1-5-32-545", 0x1301BF)], False, True),
        ("S-1-5-18", [("S-1-1-0", 0x2)], False, True),
        ("S-1-5-18", [("S-1-5-32-544", 0x1F01FF)], False, False),
        ("S-1-5-21-1-2-3-1001", [], False, True),
        ("S-1-5-21-1-2-3-512", [("S-1-5-21-1-2-3-500", 0x1F01FF)], False, False),
        ("S-1-5-18", None, False, True),
        ("S-1-5-18", [("S-1-5-11", 0x4)], True, False),
        ("S-1-5-18", [("S-1-5-11", 0x40)], True, True),
    ],
)
def test_who_may_replace_a_file(
    owner: str, entries: list[tuple[str, int]] | None, folder: bool, writable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_descriptor", lambda path: (owner, entries))
    assert access.may_users_write("x", folder=folder) is writable


@given(st.binary(max_size=200))
def test_whatever_an_access_list_holds_it_is_read_or_refused(data: bytes) -> None:
    try:
        access.parse_entries(data)
    except HostError:
        assert len(data) < 8


@pytest.mark.parametrize(
    ("code", "name", "signer"),
    [
        (0, "AnyDesk Software GmbH", "AnyDesk Software GmbH"),
        (0x800B0101, "Old Maker", "Old Maker"),
        (0x800B0100, None, ""),
        # A certificate made at home may bear any name.
        (0x800B0109, "Microsoft Corporation", ""),
        (0x80096010, "Microsoft Corporation", ""),
        (0x800B010A, "Maker", None),
        (0x80070005, None, None),
    ],
)
def test_a_signature_counts_only_when_it_holds(code: int, name: str | None, signer: str | None) -> None:
    assert trust._judged(code, name) == signer


def test_structures_for_signatures_have_the_sizes_of_the_headers_on_64_bits() -> None:
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        pytest.skip("measured for 64 bits")
    # By x86_64-w64-mingw32-gcc 12 from mingw-w64's wintrust.h, mscat.h and guiddef.h.
    sizes = {trust.Guid: 16, trust.FileInfo: 32, trust.TrustData: 80, trust.CatalogueFile: 524, trust.CatalogInfo: 72}
    assert {kind: ctypes.sizeof(kind) for kind in sizes} == sizes


def test_a_replayed_file_is_asked_by_the_same_question() -> None:
    assert not cast("Any", laptop()).rows(FileRights, SCREEN)[0].user_writable
