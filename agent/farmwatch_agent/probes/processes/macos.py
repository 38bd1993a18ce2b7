"""Processes on macOS: libproc through psutil, files, signatures. One pass, shared with `sockets`; see macos_pass."""

import time
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.processes import Process

from ...host import FileStatus, Host, HostError
from ...host.macos.code_signature import CodeSignature
from ...host.process_list import RunningProcess
from ...paths import base_name, tilde
from .. import macos_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from ..macos_homes import is_person
from . import cache as cache_module
from .cache import HASH_BUDGET, HASH_LIMIT, Executables
from .writable import is_writable

MAX_EXECUTABLES = 1_000
MAX_NAME = 255
_NAMES_TOLD = 8
#: Signatures asked for in one pass, and how long: what one costs depends on the program and on trustd, and what takes
#: the probe's whole time takes its section along. Those known stay known, so the next pass goes on.
SIGNATURES_PER_PASS = 200
SIGNATURE_SECONDS, SIGNATURE_CPU_SECONDS = 2.0, 0.4
#: On the sealed system volume, which nobody can write to, root included (Apple Platform Security, "Signed system
#: volume security"): what runs from there is Apple's.
_SEALED = ("/System/Library/", "/System/Applications/", "/System/iOSSupport/", "/System/Cryptexes/",
           "/System/Volumes/Preboot/Cryptexes/", "/usr/bin/",
           "/usr/sbin/", "/usr/libexec/", "/usr/lib/", "/bin/", "/sbin/")  # fmt: skip
#: Parts of it that lead to the writable volume (/usr/share/firmlinks).
_FIRMLINKS = ("/System/Library/Caches/", "/System/Library/Assets", "/System/Library/PreinstalledAssets",
              "/System/Library/Speech/", "/System/Library/CoreServices/CoreTypes.bundle/Contents/Library/",
              "/usr/libexec/cups/")  # fmt: skip
APPLE = "Apple"
_WHEEL, _ADMIN = 0, 80
_GROUP, _WORLD = 0o020, 0o002


class Executable:
    """All processes of one executable, and what its file is."""

    def __init__(self, path: str | None, row: RunningProcess) -> None:
        self.path = path
        self.rows = [row]
        self.sealed = path is not None and is_sealed(path)
        self.status: FileStatus | None = None
        self.writable: bool | None = False if self.sealed else None
        #: The system knows the path of every program but one whose file is gone.
        self.deleted = row.executable == ""
        self.sha256: str | None = None
        #: `CodeSignature.anchor`, and the name and identifier that it proves.
        self.signer: str | None = APPLE if self.sealed else None
        self.identifier: str | None = None


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Process per distinct executable, and what could not be seen of them."""
    seen = macos_pass.look(host)
    if seen.process_problem is not None:
        raise seen.process_problem
    cache = cache_module.current if host.origin == "live" else Executables()
    executables = group(seen.processes)
    folders: dict[str, bool | None] = {}
    for executable in executables:
        if executable.path is not None and not executable.sealed:
            try:
                executable.status = host.status(executable.path)
            except HostError as error:
                executable.deleted = type(error).__name__ == "Missing"
                continue
            executable.writable = is_writable(host, executable.path, executable.status, folders, may_be_replaced)
    unasked = _sign(host, executables, cache)
    _hash(host, executables, cache)
    flags, refused = _flags(host)
    listening = None if "tcp" in seen.problems else macos_pass.listening(seen.sockets, seen.processes)
    made = [_observable(executable, flags, listening) for executable in executables]
    # What reaches out or is reached comes first, so that a crowd of idle programs hides none of it.
    made.sort(key=lambda process: (not (process.listens or process.flags), process.signer == APPLE))
    yield from at_most(made, MAX_EXECUTABLES, "programs")
    hidden = sum(row.executable is None for row in seen.processes)
    if hidden:
        yield Gap(what="executables of other users' processes", outcome="not_permitted", count=bucket(hidden))
    yield from unasked
    yield from refused


def is_sealed(path: str) -> bool:
    """Whether a program lies on the sealed system volume."""
    return path.startswith(_SEALED) and not path.startswith(_FIRMLINKS) and "/../" not in path


def group(rows: list[RunningProcess]) -> list[Executable]:
    """Returns processes by executable, those with a hidden one by name; the oldest process first."""
    found: dict[tuple[str, str], Executable] = {}
    for row in sorted(rows, key=lambda row: (row.started, row.pid)):
        key = (row.executable, "") if row.executable else ("", row.name)
        known = found.get(key)
        if known is None:
            found[key] = Executable(row.executable or None, row)
        else:
            known.rows.append(row)
    return list(found.values())


def may_be_replaced(status: FileStatus) -> bool:
    """Whether somebody other than root and administrators may write, or owns the file and so may give himself that."""
    if status.uid != 0 or status.mode & _WORLD:
        return True
    return bool(status.mode & _GROUP) and status.gid not in (_WHEEL, _ADMIN)


def signer_of(signature: CodeSignature) -> tuple[str, str]:
    """Returns signer and identifier that a signature proves: both "" when it proves nothing."""
    if signature.anchor == "apple":
        return APPLE, signature.identifier
    if signature.anchor == "developer":
        # Software from Apple's own store that Apple signs again still bears the maker's team.
        return signature.team or APPLE, signature.identifier
    return "", ""


def _key(executable: Executable, status: FileStatus) -> str:
    return f"{executable.path!a}|{status.inode}|{status.mtime}|{status.size}"


def _sign(host: Host, executables: list[Executable], cache: Executables) -> list[Gap]:
    """Fills in signers: those known, then new ones within the budget; returns what stays unknown as gaps."""
    left, later = SIGNATURES_PER_PASS, 0
    end, cpu_end = time.monotonic() + SIGNATURE_SECONDS, time.thread_time() + SIGNATURE_CPU_SECONDS
    problems: list[HostError] = []
    for executable in executables:
        if executable.status is None or executable.path is None:
            continue
        key = _key(executable, executable.status)
        known = cache.signers.get(key)
        if known is None:
            if not left or time.monotonic() > end or time.thread_time() > cpu_end:
                later += 1
                continue
            left -= 1
            try:
                rows = host.rows(CodeSignature, executable.path)
            except HostError as error:
                problems.append(error)
                continue
            known = cache.signers[key] = signer_of(rows[0]) if rows else ("", "")
        executable.signer, executable.identifier = known
    gaps = []
    if problems:
        outcome = outcome_of(problems[0])
        gaps.append(Gap(what="signatures of programs", outcome=outcome, count=bucket(len(problems))))
    if later:
        gaps.append(Gap(what="signatures that the next pass looks at", outcome="not_supported", count=bucket(later)))
    return gaps


def _hash(host: Host, executables: list[Executable], cache: Executables) -> None:
    """Fills in hashes of what is not sealed: those known, then new ones within the budget, unsigned ones first."""
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
            missing.append((0 if not executable.signer else 1, status.size, key, executable))
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


def _flags(host: Host) -> tuple[dict[int, tuple[str, ...]], list[Gap]]:
    """Returns argument flags by process, and what may not be read as a gap."""
    try:
        told = host.argument_flags()
    except HostError as error:
        return {}, [Gap(what="arguments of processes", outcome=outcome_of(error))]
    refused = sum(isinstance(words, HostError) for words in told.values())
    gap = Gap(what="arguments of other users' processes", outcome="not_permitted", count=bucket(refused))
    found = {int(pid): words for pid, words in told.items() if isinstance(words, tuple) and pid.isdigit()}
    return found, [gap] if refused else []


def _observable(executable: Executable, told: dict[int, tuple[str, ...]], listening: frozenset[str] | None) -> Process:
    rows = executable.rows
    name = base_name(executable.path) if executable.path is not None else rows[0].name
    people = {is_person(row.user) for row in rows if row.user is not None}
    started = rows[0].started
    names = sorted({row.name for row in rows} - {name, name[:15], name[:16], name[:32], ""})
    return Process(
        name=name[:MAX_NAME],
        path=None if executable.path is None else short(tilde(executable.path)),
        user_writable=executable.writable,
        deleted=executable.deleted,
        sha256=executable.sha256,
        package=executable.identifier,
        signer=executable.signer,
        kernel_names=tuple(each[:MAX_NAME] for each in names[:_NAMES_TOLD]),
        run_by="both" if len(people) == 2 else "user" if True in people else "system",
        count=bucket(len(rows)),
        first_start=time.strftime("%Y-%m-%d", time.gmtime(started)) if 0 < started < 1 << 33 else "",
        flags=tuple(sorted({flag for row in rows for flag in told.get(row.pid, ())})),
        listens=executable.path in listening if listening is not None and executable.path else None,
    )
