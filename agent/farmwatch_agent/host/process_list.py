"""Processes and connections through psutil, for systems without /proc: macOS and Windows."""

import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, ClassVar

from .argument_flags import flags_of, flags_of_windows
from .protocol import HostError, NotPermitted, SourceBroken
from .row import Row


class RunningProcess(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A process.

    pid, parent  numbers
    name         as the system tells it
    executable   its path; "" when the system has none for it (on a Mac: its file is gone, giampaolo/psutil issue 1738),
                 null when it may not be read
    user         account name; null when it may not be read
    started      seconds since 1970; 0 when not known
    session      Windows: number of the session it runs in, 0 is that of services; null when not known
    """

    table: ClassVar[str] = "running_process"
    platforms: ClassVar[tuple[str, ...]] = ("macos", "windows")

    pid: int
    parent: int = 0
    name: str = ""
    executable: str | None = None
    user: str | None = None
    started: float = 0.0
    session: int | None = None

    @classmethod
    def live(cls, of: str) -> "list[RunningProcess]":
        import psutil  # noqa: PLC0415 (Linux reads /proc itself, at a tenth of the cost)

        found = []
        for process in psutil.process_iter():
            try:
                with process.oneshot():
                    found.append(
                        cls(
                            pid=process.pid,
                            parent=_asked(process.ppid) or 0,
                            name=_of_system(process).name(),
                            executable=_asked(_of_system(process).exe),
                            user=_asked(process.username),
                            started=_asked(process.create_time) or 0.0,
                            session=_session(process.pid),
                        )
                    )
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue  # ended while it was read
            except (psutil.AccessDenied, OSError):
                found.append(cls(pid=process.pid))
        return found

    def identifying(self) -> Iterable[str]:
        domain, _, name = (self.user or "").rpartition("\\")
        if name and not is_system_account(self.user or ""):
            yield name
            if domain.casefold() not in ("azuread", "microsoftaccount", "workgroup"):
                yield domain


class Connection(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A socket that listens, is connected, or is bound to a UDP port; those that begin or end are left out.

    On a Mac the same call lists one's own sockets only, so that netstat is asked there.

    pid           of the process that holds it; 0 when the system does not tell
    protocol      `tcp` or `udp`
    local         address it is bound to, "0.0.0.0" or "::" for all
    remote        the other side's address; "" without one
    state         `listen`, `established` or `bound`
    """

    table: ClassVar[str] = "connection"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    pid: int = 0
    protocol: str = ""
    local: str = ""
    local_port: int = 0
    remote: str = ""
    remote_port: int = 0
    state: str = ""

    @classmethod
    def live(cls, of: str) -> "list[Connection]":
        import psutil  # noqa: PLC0415

        # GetExtendedTcpTable and GetExtendedUdpTable: whole tables with owners, for every user.
        try:
            return [row for found in psutil.net_connections("inet") if (row := _row(found)) is not None]
        except psutil.AccessDenied:
            raise NotPermitted("connections may not be listed") from None
        except (psutil.Error, OSError) as error:
            raise SourceBroken(f"connections: {type(error).__name__}") from None


def argument_flags(processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
    """Returns the argument flags of every process that has any, by its number; an error where it cannot be read."""
    import psutil  # noqa: PLC0415

    found: dict[str, tuple[str, ...] | HostError] = {}
    for number in processes or map(str, psutil.pids()):
        try:
            process = psutil.Process(int(number))
            flags = _flags(process.cmdline(), _asked(_of_system(process).exe) or "")
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        except psutil.AccessDenied:
            found[number] = NotPermitted(f"arguments of process {number} may not be read")
        except (OSError, ValueError):
            found[number] = SourceBroken(f"arguments of process {number} cannot be read")
        else:
            if flags:
                found[number] = flags
    return found


#: Parents of accounts that are nobody's, in the languages in which Windows translates them (LookupAccountSid).
_SYSTEM_DOMAINS = frozenset(
    {"nt authority", "nt-autorität", "autorite nt", "autorité nt", "autoridade nt", "nt instans", "nt-myndighet"}
    | {"nt-myndighed", "zarządzanie nt", "nt service", "window manager", "font driver host", "iis apppool"}
    | {"nt virtual machine", "dienst-nt", "builtin"}
)
_SYSTEM_NAMES = frozenset({"root", "daemon", "nobody", "SYSTEM", "LOCAL SERVICE", "NETWORK SERVICE"})


def is_system_account(user: str) -> bool:
    """Whether an account is the system's: of Windows's own domains, a machine's, or one of macOS's for services."""
    domain, mark, name = user.rpartition("\\")
    if mark:
        return domain.casefold() in _SYSTEM_DOMAINS or name.endswith("$")
    return name.startswith("_") or name in _SYSTEM_NAMES


def _session(pid: int) -> int | None:
    """Returns a process's session (ProcessIdToSessionId, learn.microsoft.com)."""
    if sys.platform != "win32":
        return None
    import ctypes  # noqa: PLC0415 (Windows alone needs it)

    from .windows.library import library  # noqa: PLC0415

    ask = library("kernel32").ProcessIdToSessionId
    ask.argtypes = (ctypes.c_uint32, ctypes.c_void_p)
    ask.restype = ctypes.c_int32
    session = ctypes.c_uint32()
    return session.value if ask(pid, ctypes.addressof(session)) else None


def _flags(words: list[str], executable: str) -> tuple[str, ...]:
    """Returns the flags of one command line, by the rules of the system that it stands on."""
    if sys.platform == "win32":
        return flags_of_windows(words, executable)
    return flags_of(b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words), executable)


def _of_system(process: Any) -> Any:
    """Returns the part of psutil's Process that asks the system and nothing else.

    Its own `exe` and `name` fill in from the first argument, which a program chooses: one whose file is gone would pass
    for any other, an Apple one say, and what it calls itself there would travel.
    """
    return process._proc  # noqa: SLF001 (psutil has no public way to it)


def _asked(question: Callable[[], Any]) -> Any:
    """Returns an answer, or None where the system refuses it or breaks over it; a process that ended is raised."""
    import psutil  # noqa: PLC0415

    try:
        return question()
    except (psutil.AccessDenied, OSError, NotImplementedError, SystemError):
        return None


def _row(found: Any) -> Connection | None:
    """Returns psutil's line as ours; None for a socket that neither listens, is bound nor connected."""
    import socket  # noqa: PLC0415

    udp = found.type == socket.SOCK_DGRAM
    if udp:
        state = "established" if found.raddr else "bound"
    else:
        state = {"LISTEN": "listen", "ESTABLISHED": "established"}.get(found.status, "")
    if not state or not found.laddr:
        return None
    return Connection(
        pid=found.pid or 0,
        protocol="udp" if udp else "tcp",
        local=found.laddr.ip,
        local_port=found.laddr.port,
        remote=found.raddr.ip if found.raddr else "",
        remote_port=found.raddr.port if found.raddr else 0,
        state=state,
    )
