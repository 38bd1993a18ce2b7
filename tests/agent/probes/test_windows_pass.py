"""One look at processes and sockets serves every probe that follows within five seconds."""

from typing import cast

from farmwatch_agent.host import Host, NotPermitted
from farmwatch_agent.host.process_list import Connection, RunningProcess
from farmwatch_agent.probes import windows_pass

from ..windows_host import WindowsFake


class Clocked(WindowsFake):
    at = 1_795_348_800.0

    def now(self) -> float:
        return self.at


def host() -> Clocked:
    rows = {"running_process": [RunningProcess(pid=4)], "connection": [Connection(pid=4, protocol="tcp")]}
    return Clocked(rows=rows)


def test_a_second_look_asks_nothing_until_five_seconds_have_passed() -> None:
    machine = host()
    first = windows_pass.look(cast("Host", machine))
    machine.at += 4.9
    assert windows_pass.look(cast("Host", machine)) is first
    machine.at += 0.2
    assert windows_pass.look(cast("Host", machine)) is not first


def test_a_clock_that_was_put_back_and_another_host_ask_again() -> None:
    machine = host()
    first = windows_pass.look(cast("Host", machine))
    machine.at -= 60
    assert windows_pass.look(cast("Host", machine)) is not first
    assert windows_pass.look(cast("Host", host())).processes == first.processes
    windows_pass.forget()
    assert windows_pass.look(cast("Host", machine)) is not first


def test_what_is_refused_is_kept_as_its_problem() -> None:
    windows_pass.forget()
    seen = windows_pass.look(cast("Host", WindowsFake(rows={"running_process": NotPermitted("no"), "connection": []})))
    assert isinstance(seen.process_problem, NotPermitted)
    assert (seen.processes, seen.sockets, seen.socket_problem) == ([], [], None)
