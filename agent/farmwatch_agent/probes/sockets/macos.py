"""Sockets on macOS, from the pass that `processes` reads too; see macos_pass."""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable

from ...host import Host
from ...host.process_list import RunningProcess
from ...paths import tilde
from .. import macos_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from ..macos_pass import SocketRow, is_listener, is_loopback
from . import meaning

MAX_ITEMS = 2_000


def collect(host: Host) -> Iterator[Observable]:
    """Yields listeners, inbound connections by peer, outbound counts by executable, and what could not be seen."""
    seen = macos_pass.look(host)
    if len(seen.problems) == 2:
        raise seen.problems["tcp"]
    for protocol, problem in seen.problems.items():
        yield Gap(what=f"{protocol} sockets", outcome=outcome_of(problem))
    yield from at_most(judge(seen.sockets, seen.processes), MAX_ITEMS, "sockets")
    if seen.process_problem is not None:
        yield Gap(what="owners of sockets", outcome=outcome_of(seen.process_problem))


def judge(rows: list[SocketRow], processes: list[RunningProcess]) -> Iterator[Observable]:
    """Yields what sockets and their owners mean."""
    known = macos_pass.by_pid(processes)
    return meaning.judge(
        meaning.Socket(
            protocol=row.protocol,
            port=row.local_port,
            remote=row.remote,
            listens=is_listener(row),
            established=row.state == "established",
            loopback=is_loopback(row.local),
            owner=_owner(row, known),
        )
        for row in rows
    )


def _owner(row: SocketRow, known: dict[int, RunningProcess]) -> meaning.Owner:
    name, path = macos_pass.owner(row, known)
    return name[:255], None if path is None else short(tilde(path))
