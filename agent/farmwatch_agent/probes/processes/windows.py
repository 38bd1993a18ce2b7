r"""Processes on Windows: psutil, files, signatures, access lists, and what the Background Activity Moderator remembers.

One pass, shared with `sockets`; see windows_pass. Source of BAM: learn.microsoft.com names the service; its values,
a program's device path and a FILETIME in the first 8 of 24 bytes, are as Velociraptor's Windows.Forensics.Bam and
libyal's winreg-kb document them.
"""

import ntpath
import struct
import time
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.processes import Process, RecentProgram

from ...host import FileStatus, Host, HostError, Missing
from ...host.process_list import RunningProcess, is_system_account
from ...host.windows.drives import DriveLetter, with_letter
from ...host.windows.program_files import FileRights, ProgramFile
from ...host.windows.registry import FILETIME_EPOCH, RegistryBranch
from ...paths import tilde, windows_name
from .. import windows_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from ..sockets.windows import is_listener, is_loopback
from ..windows_users import is_person
from . import cache as cache_module
from .cache import HASH_BUDGET, HASH_LIMIT, Executables

MAX_EXECUTABLES = 1_000
MAX_RECENT = 500
MAX_NAME = 255
#: Files whose signature is asked for in one pass, and their bytes: Windows digests each of them whole.
FILES_PER_PASS = 40
BYTES_PER_PASS = 64 << 20
#: Kept in place of a signer that could not be told, so that the same file is not asked for again in each pass.
UNTOLD = "?"
BAM = (
    r"HKLM\SYSTEM\CurrentControlSet\Services\bam\State\UserSettings",
    r"HKLM\SYSTEM\CurrentControlSet\Services\bam\UserSettings",
)
_FILETIME = struct.Struct("<Q")
#: System Idle Process, System; Registry and others without a file have small names and no path.
_WITHOUT_PROGRAM = (0, 4)
#: Start things in a person's session as Windows itself does.
_LAUNCHERS = frozenset(
    {"svchost.exe", "services.exe", "wininit.exe", "smss.exe", "csrss.exe", "winlogon.exe", "lsass.exe"}
    | {"wmiprvse.exe", "taskhostw.exe", "userinit.exe", "explorer.exe", "consent.exe", "dllhost.exe", "msiexec.exe"}
)
_APPS = "\\windowsapps\\"

#: Of the live host: argument flags by process and start, because arguments do not change while a process runs.
_flags_seen: dict[tuple[int, float], tuple[str, ...]] = {}


class Executable:
    """All processes of one executable, and what its file is."""

    def __init__(self, path: str | None, row: RunningProcess) -> None:
        self.path = path
        self.rows = [row]
        self.status: FileStatus | None = None
        self.writable: bool | None = None
        self.deleted = False
        self.sha256: str | None = None
        self.signer: str | None = None
        self.original: str | None = None

    @property
    def urgency(self) -> int:
        """Order in which files are looked at: 0 where users write, 2 for Windows's own."""
        folded = (self.path or "").casefold()
        return 0 if self.writable else 2 if is_windows_own(folded) or _APPS in folded else 1


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Process per distinct executable, programs that ran lately, and what could not be seen of them."""
    seen = windows_pass.look(host)
    if seen.process_problem is not None:
        raise seen.process_problem
    cache = cache_module.current if host.origin == "live" else Executables()
    executables = group(seen.processes)
    gaps: list[Gap] = []
    _look_at_files(host, executables, gaps)
    _sign(host, executables, cache, gaps)
    _hash(host, executables, cache)
    flags = _flags(host, seen.processes, gaps)
    helpers = session_helpers(seen.processes)
    listening: frozenset[int] | None = None
    if seen.socket_problem is None:
        listening = frozenset(row.pid for row in seen.sockets if is_listener(row) and not is_loopback(row.local))
    made = [_observable(executable, flags, listening, helpers) for executable in executables]
    # What reaches out or is reached comes first, so that a crowd of idle programs hides none of it.
    made.sort(key=lambda process: (not (process.listens or process.flags), process.signer == "Microsoft Windows"))
    yield from at_most(made, MAX_EXECUTABLES, "programs")
    running = {(executable.path or "").casefold() for executable in executables}
    yield from at_most(_recent(host, running, gaps), MAX_RECENT, "programs that ran lately")
    hidden = sum(row.executable is None and row.pid not in _WITHOUT_PROGRAM for row in seen.processes)
    if hidden:
        yield Gap(what="executables of other users' processes", outcome="not_permitted", count=bucket(hidden))
    if seen.socket_problem is not None:
        gaps.append(Gap(what="listening sockets of programs", outcome=outcome_of(seen.socket_problem)))
    yield from gaps


def group(rows: list[RunningProcess]) -> list[Executable]:
    """Returns processes by executable, those without a readable one by name; the oldest process first."""
    found: dict[tuple[str, str], Executable] = {}
    for row in sorted(rows, key=lambda row: (row.started, row.pid)):
        # The kernel's own have neither file nor anything to tell.
        if row.pid in _WITHOUT_PROGRAM or (not row.executable and not row.name):
            continue
        path = row.executable if row.executable and ntpath.isabs(row.executable) else None
        key = (path.casefold(), "") if path else ("", row.name.casefold())
        known = found.get(key)
        if known is None:
            found[key] = Executable(path, row)
        else:
            known.rows.append(row)
    return list(found.values())


def session_helpers(rows: list[RunningProcess]) -> frozenset[int] | None:
    """Returns processes in people's sessions that a service started which is not Windows's own; None when not known."""
    known = {row.pid: row for row in rows}
    if all(row.session is None for row in rows):
        return None
    return frozenset(
        row.pid
        for row in rows
        if row.session
        and (parent := known.get(row.parent)) is not None
        and parent.session == 0
        # A number is given again: who began later is no parent.
        and parent.started <= row.started
        and parent.name.casefold() not in _LAUNCHERS
        and parent.pid not in _WITHOUT_PROGRAM
    )


def parse_moderated(key: RegistryBranch) -> Iterator[tuple[str, float]]:
    """Yields path and time of last run, seconds since 1970, of each program in one account's key of BAM."""
    for path, value in key.data.items():
        if path.startswith("\\") and len(value) >= _FILETIME.size:
            ran = _FILETIME.unpack_from(value)[0] / 1e7 - FILETIME_EPOCH
            yield path, ran if 0 < ran < 1 << 33 else 0.0


def writable_by_place(path: str) -> bool | None:
    """Returns what a file's place alone says: below people's profiles True, right in System32 False, else None."""
    folded = path.casefold()
    if folded[1:9] == ":\\users\\" or "\\windows\\temp\\" in folded or "\\$recycle.bin\\" in folded:
        return True
    return False if folded[1:].rpartition("\\")[0] in (":\\windows\\system32", ":\\windows") else None


def is_windows_own(folded: str) -> bool:
    """Whether a path in small letters lies in Windows's own folder, and not where everybody may put files."""
    return folded[1:].startswith(":\\windows\\") and not folded[11:].startswith(("temp\\", "tasks\\"))


def _look_at_files(host: Host, executables: list[Executable], gaps: list[Gap]) -> None:
    """Fills in status and whether users may replace the file."""
    unasked = 0
    for executable in executables:
        path = executable.path
        if path is None:
            continue
        try:
            executable.status = host.status(path)
        except HostError as error:
            executable.deleted = isinstance(error, Missing)
        executable.writable = writable_by_place(path)
        if executable.writable is None and executable.status is not None:
            try:
                executable.writable = host.rows(FileRights, path)[0].user_writable
            except (HostError, IndexError):
                unasked += 1
    if unasked:
        gaps.append(Gap(what="access lists of programs", outcome="not_permitted", count=bucket(unasked)))


def _key(executable: Executable, status: FileStatus) -> str:
    return f"{executable.path!a}|{status.inode}|{status.mtime}|{status.size}"


def _sign(host: Host, executables: list[Executable], cache: Executables, gaps: list[Gap]) -> None:
    """Fills in signers and original names: those known, then new ones within the budget, users' own files first."""
    left, bytes_left = FILES_PER_PASS, BYTES_PER_PASS
    problems: list[HostError] = []
    for executable in sorted(executables, key=lambda executable: executable.urgency):
        if executable.status is None or executable.path is None:
            continue
        key = _key(executable, executable.status)
        known = cache.signers.get(key)
        # A signature covers the whole file, so one that is too large for a digest is too large for it, too.
        if known is None and left > 0 and bytes_left > 0 and executable.status.size <= HASH_LIMIT:
            left, bytes_left = left - 1, bytes_left - executable.status.size
            try:
                row = host.rows(ProgramFile, executable.path)[0]
            except HostError as error:
                problems.append(error)
                continue
            except IndexError:
                continue
            signer = UNTOLD if row.signer is None else row.signer
            known = cache.signers[key] = (signer[:MAX_NAME], (row.original_name or "")[:MAX_NAME])
        if known is not None:
            executable.signer = None if known[0] == UNTOLD else known[0]
            executable.original = known[1] or None
    if problems:
        outcome = outcome_of(problems[0])
        gaps.append(Gap(what="signatures of programs", outcome=outcome, count=bucket(len(problems))))


def _hash(host: Host, executables: list[Executable], cache: Executables) -> None:
    """Fills in hashes: those known, then new ones within the budget, users' own and unsigned files first."""
    missing: list[tuple[int, int, str, Executable]] = []
    keys: set[str] = set()
    for executable in executables:
        status = executable.status
        if status is None:
            continue
        key = _key(executable, status)
        keys.add(key)
        executable.sha256 = cache.hashes.get(key)
        if executable.sha256 is None and status.size <= HASH_LIMIT:
            missing.append((0 if executable.signer == "" else executable.urgency, status.size, key, executable))
    left = HASH_BUDGET
    for _, size, key, executable in sorted(missing, key=lambda entry: entry[:3]):
        if size > left and left != HASH_BUDGET:
            break
        try:
            executable.sha256 = cache.hashes[key] = host.sha256(executable.path or "", HASH_LIMIT)
        except HostError:
            continue
        left -= size
        if left <= 0:
            break
    cache.trim(keys)


def _flags(host: Host, rows: list[RunningProcess], gaps: list[Gap]) -> dict[int, tuple[str, ...]]:
    """Returns argument flags by process; on the live host only those of new processes are asked for."""
    seen = _flags_seen if host.origin == "live" else {}
    current = {(row.pid, row.started) for row in rows if row.pid not in _WITHOUT_PROGRAM}
    for gone in seen.keys() - current:
        del seen[gone]
    new = sorted(str(pid) for pid, _ in current - seen.keys())
    told: dict[str, tuple[str, ...] | HostError] = {}
    if new:
        try:
            told = host.argument_flags(new)
        except HostError as error:
            gaps.append(Gap(what="arguments of processes", outcome=outcome_of(error)))
    refused = sum(isinstance(words, HostError) for words in told.values())
    if refused:
        what = "arguments of protected and other users' processes"
        gaps.append(Gap(what=what, outcome="not_permitted", count=bucket(refused)))
    for pid, started in current - seen.keys():
        words = told.get(str(pid), ())
        if not isinstance(words, HostError):
            seen[pid, started] = words
    return {pid: words for (pid, _), words in seen.items()}


def _recent(host: Host, running: set[str], gaps: list[Gap]) -> Iterator[RecentProgram]:
    """Yields programs outside Windows's own folder that ran lately and do not now, each once, with its last day."""
    accounts: list[RegistryBranch] = []
    for path in BAM:
        try:
            accounts = host.rows(RegistryBranch, path)
            break
        except Missing:
            continue
        except HostError as error:
            gaps.append(Gap(what="programs that ran lately", outcome=outcome_of(error)))
            return
    drives: list[DriveLetter] = []
    if accounts:
        try:
            drives = host.rows(DriveLetter)
        except HostError as error:
            gaps.append(Gap(what="drive letters", outcome=outcome_of(error)))
    last: dict[str, tuple[str, float]] = {}
    closed = sum(account.problem == "not_permitted" for account in accounts)
    for account in accounts:
        for device_path, ran in parse_moderated(account) if is_person(account.name) else ():
            path = with_letter(device_path, drives)
            key = path.casefold()
            if key not in running and not is_windows_own(key) and ran >= last.get(key, ("", -1.0))[1]:
                last[key] = (path, ran)
    if closed:
        gaps.append(Gap(what="programs that ran lately", outcome="not_permitted", count=bucket(closed)))
    told: dict[str, RecentProgram] = {}
    for path, ran in sorted(last.values(), key=lambda entry: -entry[1]):
        shown = short(tilde(path))
        day = time.strftime("%Y-%m-%d", time.gmtime(ran)) if ran else ""
        told.setdefault(shown.casefold(), RecentProgram(name=windows_name(path)[:MAX_NAME], path=shown, last_run=day))
    yield from told.values()


def _observable(
    executable: Executable,
    told: dict[int, tuple[str, ...]],
    listening: frozenset[int] | None,
    helpers: frozenset[int] | None,
) -> Process:
    rows = executable.rows
    path = executable.path
    name = windows_name(path) if path is not None else rows[0].name
    people = {not is_system_account(row.user) for row in rows if row.user is not None}
    started = rows[0].started
    return Process(
        name=name[:MAX_NAME],
        path=None if path is None else short(tilde(path)),
        user_writable=executable.writable,
        deleted=executable.deleted,
        sha256=executable.sha256,
        package=_package(path),
        signer=executable.signer,
        original_name=executable.original,
        run_by="both" if len(people) == 2 else "user" if True in people else "system",
        count=bucket(len(rows)),
        first_start=time.strftime("%Y-%m-%d", time.gmtime(started)) if 0 < started < 1 << 33 else "",
        flags=tuple(sorted({flag for row in rows for flag in told.get(row.pid, ())})),
        listens=None if listening is None else any(row.pid in listening for row in rows),
        session_helper=None if helpers is None else any(row.pid in helpers for row in rows),
    )


def _package(path: str | None) -> str | None:
    r"""Returns the package of a program below WindowsApps\NAME_VERSION_..., None elsewhere."""
    start = (path or "").casefold().find(_APPS)
    return None if path is None or start < 0 else path[start + len(_APPS) :].partition("_")[0][:MAX_NAME]
