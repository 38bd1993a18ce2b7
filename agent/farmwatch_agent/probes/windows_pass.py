"""What one pass lists of Windows's processes and sockets, shared by the probes that look at them."""

from weakref import ReferenceType, ref

import msgspec

from ..host import Host, HostError
from ..host.process_list import Connection, RunningProcess

#: A section that follows within this time belongs to the same pass.
PASS_SECONDS = 5.0


class Pass(msgspec.Struct, frozen=True):
    """One look at processes and sockets; a problem says why there is none of the one or the other."""

    at: float
    processes: list[RunningProcess]
    process_problem: HostError | None
    sockets: list[Connection]
    socket_problem: HostError | None


_last: tuple["ReferenceType[Host]", Pass] | None = None


def look(host: Host) -> Pass:
    """Returns the pass made of this host less than five seconds ago, or a new one; never raises a HostError."""
    global _last  # noqa: PLW0603 (probes of one pass share it; a weak reference tells whose it is)
    now = host.now()
    if _last is not None and _last[0]() is host and 0 <= now - _last[1].at < PASS_SECONDS:
        return _last[1]
    processes: list[RunningProcess] = []
    sockets: list[Connection] = []
    process_problem: HostError | None = None
    socket_problem: HostError | None = None
    try:
        processes = host.rows(RunningProcess)
    except HostError as error:
        process_problem = error
    try:
        sockets = host.rows(Connection)
    except HostError as error:
        socket_problem = error
    made = Pass(now, processes, process_problem, sockets, socket_problem)
    _last = (ref(host), made)
    return made


def forget() -> None:
    """Drops the last pass: the next `look` asks again."""
    global _last  # noqa: PLW0603
    _last = None
