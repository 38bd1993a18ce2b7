"""Processes on Linux. One pass over /proc, shared with `sockets`; see `linux_pass`."""

import time
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.processes import Process

from ...host import FileStatus, Host, HostError
from ...paths import base_name, tilde
from .. import linux_pass
from ..bounds import at_most, short
from ..linux_net import LISTEN, UNCONNECTED, is_loopback
from ..linux_pass import TICKS_PER_SECOND, Pass, ProcessRow, is_ordinary, is_service_port
from . import cache as cache_module
from .cache import HASH_BUDGET, HASH_LIMIT, Executables
from .packages import Packages
from .writable import is_writable

DELETED = " (deleted)"
#: Group and world may write; sticky means only the owner may replace what is inside.
_GROUP, _WORLD = 0o020, 0o002
_NAMES_TOLD = 8
MAX_EXECUTABLES = 1_000
#: NAME_MAX of file systems in bytes.
MAX_NAME = 255

#: What makes or sees input. Cameras and microphones are told by `media`, by the programs that use them now.
_INPUT_DEVICES = ("/dev/uinput", "/dev/uhid", "/dev/hidraw")

_packages: Packages | None = None


class Executable:
    """All processes of one executable, and what its file is."""

    def __init__(self, path: str | None, row: ProcessRow) -> None:
        self.deleted = path is not None and path.endswith(DELETED)
        self.path = path[: -len(DELETED)] if path is not None and self.deleted else path
        self.rows = [row]
        self.status: FileStatus | None = None
        self.writable: bool | None = None
        self.package: str | None = None
        self.sha256: str | None = None

    @property
    def file(self) -> str:
        """The executable itself, also when its name is gone or means another file in another mount namespace."""
        return f"/proc/{self.rows[0].pid}/exe"


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Process per distinct executable, and what could not be seen of them."""
    seen = linux_pass.look(host)
    cache = cache_module.current if host.origin == "live" else Executables()
    packages = _packages_of(cache)
    executables = group(seen.processes)
    packages.begin(host)
    folders: dict[str, bool | None] = {}
    for executable in executables:
        if executable.path is None:
            continue
        try:
            executable.status = host.status(executable.file)
        except HostError:
            continue
        executable.writable = is_writable(host, executable.path, executable.status, folders, may_be_replaced)
        executable.package = packages.owner(host, executable.path)
    packages.go_on(host)
    _hash(host, executables, cache)
    booted = boot_time(host)
    network = network_sockets(seen)
    made = [_observable(executable, booted, network, seen) for executable in executables]
    # What reaches out, is reached or makes input comes first, so that a crowd of idle programs hides none of it.
    made.sort(
        key=lambda process: (not (process.listens or process.flags or process.holds), process.package not in ("", None))
    )
    yield from at_most(made, MAX_EXECUTABLES, "programs")
    yield from gaps(seen)


def _packages_of(cache: Executables) -> Packages:
    """Returns what looks for packages with this cache; for the kept cache the one that goes on from the last pass."""
    global _packages  # noqa: PLW0603 (its place among the lists is worth keeping between passes, and nothing else)
    if cache is not cache_module.current:
        return Packages(cache)
    if _packages is None or _packages.cache is not cache:
        _packages = Packages(cache)
    return _packages


def group(rows: list[ProcessRow]) -> list[Executable]:
    """Returns processes by executable, those with a hidden one by the kernel's name; the oldest process first."""
    found: dict[tuple[str, str], Executable] = {}
    for row in sorted(rows, key=lambda row: (row.start, row.pid)):
        key = (row.executable, "") if row.executable is not None else ("", row.name)
        known = found.get(key)
        if known is None:
            found[key] = Executable(row.executable, row)
        else:
            known.rows.append(row)
    return list(found.values())


def network_sockets(seen: Pass) -> frozenset[str]:
    """Returns inodes of sockets that take connections on other than loopback."""
    return frozenset(
        f"socket:[{row.inode}]"
        for row in seen.sockets
        if (row.state == LISTEN or (row.state == UNCONNECTED and is_service_port(row.local_port)))
        and not is_loopback(row.local)
    )


def boot_time(host: Host) -> int:
    """Returns seconds since 1970 at which the system started, from /proc/stat; 0 when it does not say."""
    try:
        text = host.text("/proc/stat")
    except HostError:
        return 0
    line = next((line for line in text.split("\n") if line.startswith("btime ")), "")
    return int(line[6:]) if line[6:].isdigit() else 0


def gaps(seen: Pass) -> Iterator[Gap]:
    """Yields what of other users' processes could not be seen."""
    if not seen.complete:
        yield Gap(what="processes of other users", outcome="not_permitted")
    hidden = sum(row.executable is None for row in seen.processes)
    if hidden:
        yield Gap(what="executables of other users' processes", outcome="not_permitted", count=bucket(hidden))
    closed = sum(row.descriptors is None for row in seen.processes)
    if closed:
        yield Gap(
            what="open devices and sockets of other users' processes", outcome="not_permitted", count=bucket(closed)
        )


def _observable(executable: Executable, booted: int, network: frozenset[str], seen: Pass) -> Process:
    rows = executable.rows
    path = executable.path
    name = base_name(path) if path is not None else rows[0].name
    users = {is_ordinary(row.user) for row in rows if row.user is not None}
    flags = {flag for row in rows for flag in row.flags}
    names = sorted({row.name for row in rows} - {name[:15]})
    started = booted + rows[0].start // TICKS_PER_SECOND
    held = {held for row in rows for held in row.descriptors or ()}
    known = all(row.descriptors is not None for row in rows) and not seen.socket_problems
    listens = True if held & network else False if known else None
    devices = devices_held(held, seen.packet_sockets)
    return Process(
        name=name[:MAX_NAME],
        path=None if path is None else short(tilde(path)),
        user_writable=executable.writable,
        deleted=executable.deleted,
        sha256=executable.sha256,
        package=executable.package,
        kernel_names=tuple(names[:_NAMES_TOLD]),
        run_by="both" if len(users) == 2 else "user" if True in users else "system",
        count=bucket(len(rows)),
        first_start=time.strftime("%Y-%m-%d", time.gmtime(started)) if booted else "",
        flags=tuple(sorted(flags)),
        listens=listens,
        holds=devices if devices or known else None,
    )


def devices_held(held: set[str], packet_sockets: frozenset[str]) -> tuple[str, ...]:
    """Returns the kinds of devices and sockets among descriptors that tell of made or seen input, sorted."""
    found: set[str] = set()
    for descriptor in held:
        if descriptor.startswith(_INPUT_DEVICES):
            found.add("hidraw" if descriptor.startswith("/dev/hidraw") else descriptor[5:])
        elif descriptor[8:-1] in packet_sockets:
            found.add("packet_socket")
    return tuple(sorted(found))


def may_be_replaced(status: FileStatus) -> bool:
    """Whether somebody other than root may write: another owner, another group with the right, or everybody."""
    return status.uid != 0 or bool(status.mode & _WORLD) or (bool(status.mode & _GROUP) and status.gid != 0)


def _hash(host: Host, executables: list[Executable], cache: Executables) -> None:
    """Fills in hashes: those known, then new ones within the budget, unowned and user-writable files first."""
    missing: list[tuple[int, int, str, Executable]] = []
    keys: set[str] = set()
    for executable in executables:
        status = executable.status
        if status is None:
            continue
        key = f"{executable.path!a}|{status.inode}|{status.mtime}|{status.size}"
        keys.add(key)
        executable.sha256 = cache.hashes.get(key)
        if executable.sha256 is None and status.size <= HASH_LIMIT:
            urgent = executable.package == "" or executable.writable is True
            missing.append((0 if urgent else 1 if executable.package is None else 2, status.size, key, executable))
    left = HASH_BUDGET
    for _, size, key, executable in sorted(missing, key=lambda entry: entry[:3]):
        if size > left and left != HASH_BUDGET:
            break
        try:
            executable.sha256 = cache.hashes[key] = host.sha256(executable.file, HASH_LIMIT)
        except HostError:
            continue
        left -= size
        if left <= 0:
            break
    cache.trim(keys)
