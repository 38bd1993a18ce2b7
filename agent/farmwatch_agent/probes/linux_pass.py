"""What one pass reads of /proc, shared by `processes` and `sockets`, so that descriptors are walked once.

Sources: proc_pid_stat(5), proc_pid_status(5), proc_pid_exe(5), proc_pid_fd(5).
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from weakref import ReferenceType, ref

import msgspec

from ..host import Host, HostError, Missing, NotPermitted, NotSupported
from .linux_net import SocketRow, parse_packet, read_tables

#: include/linux/sched.h
PF_KTHREAD = 0x00200000
#: USER_HZ: what /proc counts in on every architecture that laptops have (proc_pid_stat(5), sysconf(_SC_CLK_TCK)).
TICKS_PER_SECOND = 100
#: The first ordinary user: UID_MIN of login.defs(5). 65534 is nobody, and what an unmapped owner looks like.
FIRST_USER = 1000
NOBODY = 65534
#: First port that the kernel lends to clients: net.ipv4.ip_local_port_range (Documentation/networking/ip-sysctl.rst).
EPHEMERAL_FROM = 32768
#: Services whose usual UDP port lies above it: WireGuard (wireguard-tools, wg(8)), Tailscale (tailscaled --port),
#: Sunshine's video, control and audio (LizardByte/Sunshine, network documentation).
HIGH_UDP_SERVICES = frozenset({51820, 41641, 47998, 47999, 48000, 48002})
#: A section that follows within this time belongs to the same pass.
PASS_SECONDS = 5.0
#: User and argument flags of a process that has settled are read again after so long, because it can write another
#: title over its arguments at any time.
KEPT_SECONDS = 900.0
#: A program that is started as root becomes somebody else within its first moments.
SETTLED_SECONDS = 60.0


class Stat(msgspec.Struct, frozen=True, gc=False):
    """Of /proc/PID/stat: the kernel's name, the parent's number, clock ticks after boot, where its stack begins.

    stack  drawn at random by each exec(2), so that with name and start it tells one program's run from the next in
           the same process; 0 where the kernel does not tell us
    """

    name: str
    parent: str
    start: int
    stack: int = 0


class _Kept(msgspec.Struct, frozen=True, gc=False):
    """What is not read again of a process while it is the same: see `KEPT_SECONDS`."""

    stat: Stat
    read_at: float
    user: int
    flags: tuple[str, ...]


class ProcessRow(msgspec.Struct, frozen=True, gc=False):
    """A process that is neither a kernel thread nor dead.

    start        clock ticks after boot
    executable   link of the executable, as written; None when it may not be read
    user         user id, see `_users`; None when it is not known
    flags        argument flags
    descriptors  what it holds open of `Host.descriptors`; None when that may not be read
    """

    pid: str
    name: str
    start: int
    executable: str | None
    user: int | None
    flags: tuple[str, ...]
    descriptors: tuple[str, ...] | None


class Pass(msgspec.Struct, frozen=True):
    """One look at processes and sockets.

    complete        the process list holds other users' processes too
    socket_problems why a socket table could not be read
    """

    at: float
    processes: list[ProcessRow]
    complete: bool
    sockets: list[SocketRow]
    socket_problems: list[HostError]
    packet_sockets: frozenset[str]


_last: tuple["ReferenceType[Host]", Pass] | None = None
#: Of the live host that was looked at last, by process number.
_kept: tuple["ReferenceType[Host]", dict[str, _Kept]] | None = None


def look(host: Host) -> Pass:
    """Returns the pass that ended less than five seconds ago on this host, or a new one.

    Raises what `/proc` itself raises; parts that cannot be read are None in their rows.
    """
    global _last  # noqa: PLW0603 (two probes of one pass share it; a weak reference tells whose it is)
    now = host.uptime()
    if _last is not None and _last[0]() is host and 0 <= now - _last[1].at < PASS_SECONDS:
        return _last[1]
    made = _look(host, now)
    _last = (ref(host), made)
    return made


def forget() -> None:
    """Drops the last pass and all that is kept: the next `look` reads again."""
    global _last, _kept  # noqa: PLW0603
    _last = _kept = None


def _look(host: Host, now: float) -> Pass:
    try:
        stats = host.read_each("/proc", "stat")
    except Missing:
        stats = {}
    if not stats:
        # There is always one, the reader itself, so this is no evidence of nothing.
        raise NotSupported("/proc: no process is listed; mount it, or give a tree that holds it")
    living = {pid: parsed for pid, stat in stats.items() if isinstance(stat, bytes) and (parsed := parse_stat(stat))}
    executables = host.link_each("/proc", "exe")
    flags, users = _flags_and_users(host, living, now)
    descriptors = _or_empty(host.descriptors, living)
    rows: list[ProcessRow] = []
    for pid, parsed in living.items():
        link, held, said = executables.get(pid), descriptors.get(pid), flags.get(pid)
        if link is None and host.running:
            continue  # It ended while the others were read.
        rows.append(
            ProcessRow(
                pid=pid,
                name=parsed.name,
                start=parsed.start,
                executable=link if isinstance(link, str) else None,
                user=users.get(pid),
                flags=said if isinstance(said, tuple) else (),
                descriptors=held if isinstance(held, tuple) else None,
            )
        )
    sockets, problems = read_tables(host)
    try:
        packets = parse_packet(host.text("/proc/net/packet"))
    except HostError:
        packets = frozenset()
    # With hidepid=2 (proc(5)) an ordinary user is shown nobody else's processes, and process 1 is somebody else's.
    return Pass(
        # Its end: a look at a great many processes may take longer than a pass is shared for.
        at=host.uptime(),
        processes=rows,
        complete="1" in stats,
        sockets=sockets,
        socket_problems=problems,
        packet_sockets=packets,
    )


Words = dict[str, tuple[str, ...] | HostError]


def _flags_and_users(host: Host, living: dict[str, Stat], now: float) -> tuple[Words, dict[str, int]]:
    """Returns argument flags and users, reading only those of processes that are new, changed or long not read."""
    global _kept  # noqa: PLW0603 (as `_last`)
    if host.origin != "live":
        return _or_empty(host.argument_flags, living), _users(host, living)
    before = _kept[1] if _kept is not None and _kept[0]() is host else {}
    kept = {
        pid: old
        for pid, stat in living.items()
        if (old := before.get(pid)) is not None and old.stat == stat and 0 <= now - old.read_at < KEPT_SECONDS
    }
    fresh = {pid: stat for pid, stat in living.items() if pid not in kept}
    flags = _or_empty(host.argument_flags, fresh)
    users = {pid: old.user for pid, old in kept.items()}
    users.update(_users(host, fresh, users))
    for pid, old in kept.items():
        if old.flags:
            flags[pid] = old.flags
    for pid, stat in fresh.items():
        user, said = users.get(pid), flags.get(pid, ())
        settled = now - stat.start / TICKS_PER_SECOND >= SETTLED_SECONDS
        if stat.stack and settled and user is not None and isinstance(said, tuple):
            kept[pid] = _Kept(stat=stat, read_at=now, user=user, flags=said)
    _kept = (ref(host), kept)
    return flags, users


def _or_empty(verb: Callable[[Collection[str]], Words], living: Collection[str]) -> Words:
    try:
        return verb(living) if living else {}
    except (Missing, NotPermitted):
        return {}


def _users(host: Host, living: dict[str, Stat], known: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Returns the user of each process: the owner of its folder, which costs a tenth of reading its status.

    The kernel gives the folder of a process that must not be dumped (ssh-agent, a browser's sandbox) to root, so
    where root's has an ordinary user's for a parent, its status is asked. A file tree has lost its owners.

    known  users of other processes, which may be parents of these
    """
    found: dict[str, int] = {}
    for pid in living:
        try:
            found[pid] = host.status(f"/proc/{pid}").uid
        except HostError:
            continue
    for pid, owner in list(found.items()):
        if not host.running or (owner == 0 and is_ordinary(_of_parent(living[pid], found, known))):
            try:
                user = parse_user(host.read(f"/proc/{pid}/status", 1 << 14))
            except HostError:
                continue
            found[pid] = owner if user is None else user
    return found


def _of_parent(stat: Stat, found: dict[str, int], known: Mapping[str, int]) -> int:
    return found.get(stat.parent, known.get(stat.parent, 0))


def parse_stat(data: bytes) -> Stat | None:
    """Returns name, parent and start of a process; None for kernel threads, the dead and nonsense.

    The name stands in brackets and may hold any character, brackets too, so the last one counts.
    """
    opening, closing = data.find(b"("), data.rfind(b")")
    fields = data[closing + 1 :].split(None, 26)
    if opening < 0 or closing < opening or len(fields) < 20 or fields[0] in (b"Z", b"X", b"x"):
        return None
    try:
        if int(fields[6]) & PF_KTHREAD:
            return None
        name = data[opening + 1 : closing].decode("utf-8", "replace")
        stack = int(fields[25]) if len(fields) > 25 else 0
        return Stat(name, fields[1].decode("ascii"), int(fields[19]), stack)
    except ValueError:  # also of bytes that are no text
        return None


def parse_user(data: bytes) -> int | None:
    """Returns the real user id from /proc/PID/status; None when there is none."""
    start = data.find(b"\nUid:")
    word = data[start + 5 : start + 24].split(None, 1)[:1] if start >= 0 else []
    return int(word[0]) if word and word[0].isdigit() else None


def is_ordinary(user: int) -> bool:
    """Whether a user id is a person's rather than a system account's."""
    return user >= FIRST_USER and user != NOBODY


def is_service_port(port: int) -> bool:
    """Whether a bound UDP port is a service's rather than one that the kernel lent to a client."""
    return port < EPHEMERAL_FROM or port in HIGH_UDP_SERVICES


def owners(seen: Pass) -> dict[str, ProcessRow]:
    """Returns the process that holds each socket, by inode; of several the one that started last, which serves it."""
    found: dict[str, ProcessRow] = {}
    for row in seen.processes:
        for held in row.descriptors or ():
            if held.startswith("socket:["):
                inode = held[8:-1]
                other = found.get(inode)
                if other is None or (row.start, int(row.pid)) > (other.start, int(other.pid)):
                    found[inode] = row
    return found
