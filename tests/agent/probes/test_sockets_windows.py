"""The sockets probe on Windows: who listens, who came in, who is hidden."""

from typing import Any

import pytest

from farmwatch_agent.host import NotPermitted, NotSupported
from farmwatch_agent.host.process_list import Connection, RunningProcess
from farmwatch_agent.probes import windows_pass
from farmwatch_agent.probes.sockets import windows as sockets
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ..windows_host import WindowsFake

ANYDESK = r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe"
PROCESSES = [
    RunningProcess(pid=4, name="System"),
    RunningProcess(pid=980, name="svchost.exe", executable=r"C:\Windows\System32\svchost.exe"),
    RunningProcess(pid=3320, name="AnyDesk.exe", executable=ANYDESK),
    RunningProcess(pid=5120, name="chrome.exe", executable=r"C:\Users\ann\AppData\Local\Chrome\chrome.exe"),
    RunningProcess(pid=700, name="lsass.exe"),
]


def tcp(pid: int, port: int, remote: str = "", remote_port: int = 0, local: str = "0.0.0.0") -> Connection:
    state = "established" if remote else "listen"
    return Connection(
        pid=pid, protocol="tcp", local=local, local_port=port, remote=remote, remote_port=remote_port, state=state
    )


def look(rows: Any, processes: Any = PROCESSES) -> list[Any]:
    windows_pass.forget()
    host = WindowsFake(rows={"connection": rows, "running_process": processes})
    return list(sockets.collect(host))  # type: ignore[arg-type]


def test_listeners_inbound_and_outbound_connections_have_owners() -> None:
    found = look(
        [
            tcp(4, 445),
            tcp(3320, 7070),
            tcp(3320, 7070, "203.0.113.77", 50_100, local="192.168.1.20"),
            tcp(3320, 50_222, "198.51.100.9", 443, local="192.168.1.20"),
            tcp(5120, 50_301, "198.51.100.8", 443, local="192.168.1.20"),
            tcp(5120, 50_302, "198.51.100.4", 443, local="192.168.1.20"),
            tcp(5120, 50_303, "192.168.1.9", 8009, local="192.168.1.20"),
            tcp(700, 49_664, local="::"),
            tcp(980, 5040, local="127.0.0.1"),
            Connection(pid=980, protocol="udp", local="0.0.0.0", local_port=500, state="bound"),
            Connection(pid=5120, protocol="udp", local="0.0.0.0", local_port=55_000, state="bound"),
        ]
    )
    chrome = r"~\AppData\Local\Chrome\chrome.exe"
    svchost = r"C:\Windows\System32\svchost.exe"
    assert found == [
        Listener(protocol="tcp", port=445, scope="network", owner="System"),
        Listener(protocol="tcp", port=49_664, scope="network", owner="lsass.exe"),
        Listener(protocol="tcp", port=7070, scope="network", owner="AnyDesk.exe", path=ANYDESK),
        Listener(protocol="udp", port=500, scope="network", owner="svchost.exe", path=svchost),
        Listener(protocol="tcp", port=5040, scope="loopback", owner="svchost.exe", path=svchost),
        InboundConnection(port=7070, peer=unkeyed("address", "203.0.113.77"), owner="AnyDesk.exe", path=ANYDESK),
        OutboundCount(owner="AnyDesk.exe", path=ANYDESK),
        OutboundCount(owner="chrome.exe", path=chrome, count="2-4"),
    ]


def test_a_process_that_ended_leaves_a_gap_and_no_guess() -> None:
    found = look([tcp(9999, 5900)])
    assert found == [
        Listener(protocol="tcp", port=5900, scope="network"),
        Gap(what="owners of sockets", outcome="not_permitted", count="1"),
    ]


def test_without_processes_sockets_still_go_out() -> None:
    found = look([tcp(3320, 7070)], NotSupported("none"))
    assert found[0] == Listener(protocol="tcp", port=7070, scope="network")
    assert Gap(what="owners of sockets", outcome="not_supported") in found


def test_refused_tables_are_no_evidence_of_nothing() -> None:
    with pytest.raises(NotPermitted):
        look(NotPermitted("connections may not be listed"))


def test_no_socket_at_all_is_none() -> None:
    assert look([]) == []


def test_an_address_mapped_into_ipv6_is_told_as_what_it_is() -> None:
    found = look([tcp(3320, 7070, local="::"), tcp(3320, 7070, "::ffff:203.0.113.9", 4000, local="::ffff:192.168.1.2"),
                  tcp(3320, 7070, "fe80::9%12", 4001, local="fe80::1%12")])  # fmt: skip
    peers = [it.peer for it in found if isinstance(it, InboundConnection)]
    assert peers == [unkeyed("address", "203.0.113.9"), unkeyed("address", "fe80::9")]
    assert sockets.is_loopback("::ffff:127.0.0.1")


def test_a_crowd_of_sockets_is_cut_and_the_cut_is_told() -> None:
    found = look([tcp(3320, port) for port in range(1, 3_001)])
    assert len(found) == sockets.MAX_ITEMS + 1
    assert found[-1] == Gap(what="further sockets", outcome="not_supported", count="50+")


def test_a_second_look_within_five_seconds_asks_nothing() -> None:
    windows_pass.forget()
    host = WindowsFake(rows={"connection": [tcp(3320, 7070)], "running_process": PROCESSES})
    assert list(sockets.collect(host)) == list(sockets.collect(host))  # type: ignore[arg-type]
    assert host.asked == ["running_process", "connection"]
