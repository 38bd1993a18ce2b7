"""Sockets on macOS, on lines of netstat from macOS 10.14, 14, 15 and 26."""

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.host.process_list import RunningProcess
from farmwatch_agent.probes.macos_pass import SocketRow, parse_sockets
from farmwatch_agent.probes.sockets import macos
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ..mac_host import ReplayedMac

HEAD_10_14 = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     rhiwat shiwat    pid   epid  state    options\n"  # noqa: E501
HEAD_14 = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (State)      rhiwat  shiwat    pid   epid state  options           gencnt    flags   flags1 usecnt rtncnt fltrs\n"  # noqa: E501
HEAD_15 = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)        rxbytes    txbytes  rhiwat  shiwat    pid   epid state  options           gencnt    flags   flags1 usecnt rtncnt fltrs\n"  # noqa: E501
HEAD_26 = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)          rxbytes      txbytes  rhiwat  shiwat          process:pid    state  options           gencnt    flags   flags1 usecnt rtncnt fltrs\n"  # noqa: E501
LAUNCHD = RunningProcess(pid=1, name="launchd", executable="/sbin/launchd", user="root")


def looked(tcp: Any, udp: Any = b"", *processes: RunningProcess, refused: Any = None) -> list[Any]:
    host = ReplayedMac(
        commands={"tcp_sockets": tcp.encode() if isinstance(tcp, str) else tcp, "udp_sockets": udp},
        tables={"running_process": refused or list(processes) or [LAUNCHD]},
    )
    return list(macos.collect(cast("Host", host)))


def test_each_release_puts_the_process_elsewhere() -> None:
    # danielkrainas/node-netstat issue 26 (10.14); sindresorhus/pid-port pull 12 (14, 15) and issue 14 (26)
    lines = (
        HEAD_10_14 + "tcp4       0      0  192.168.1.191.52044    31.13.66.35.443        ESTABLISHED 131072 131860   9811      0 0x0102 0x00000008\n",  # noqa: E501
        HEAD_14 + "tcp4       0      0  192.168.1.191.52044    31.13.66.35.443        ESTABLISHED  131072  131860   9811      0 00102 00000008 000000000025c5ff 00000081 04000800      3      0 000000\n",  # noqa: E501
        HEAD_15 + "tcp4       0      0  192.168.1.191.52044    31.13.66.35.443        ESTABLISHED       4711        815  131072  131860   9811      0 00102 00000008 000000000025c5ff 00000081 04000800      3      0 000000\n",  # noqa: E501
        HEAD_26 + "tcp4       0      0  192.168.1.191.52044    31.13.66.35.443        ESTABLISHED       118268        40208  408008  146988  Autodesk Fusion:9811  00002 00000000 000000000025c5ff 00000081 04000800      3      0 000000\n",  # noqa: E501
    )  # fmt: skip
    wanted = SocketRow("tcp", "192.168.1.191", 52044, "31.13.66.35", 443, "established", 9811)
    assert [parse_sockets(text, "tcp") for text in lines] == [[wanted]] * 4


def test_udp_has_no_state_and_listens_when_it_has_no_peer() -> None:
    text = HEAD_26 + (
        "udp4       0      0  *.5353                 *.*                                         258           99  786896    9216              adb:21865  00100 00000204 000000000005b823 00000001 04000800      1      0 000002\n"  # noqa: E501
        "udp4       0      0  192.168.0.105.64161    108.177.119.95.443                        13398         5574 1048576   29040 Brave Browser He:855    00102 00000000 000000000005b699 00000000 04200900      1      0 000002\n"  # noqa: E501
        "udp4       0      0  *.*                    *.*                                           0            0  786896    9216             syslogd:88     00000 00000000 000000000005b824 00000001 04000800      1      0 000000\n"  # noqa: E501
    )
    assert parse_sockets(text, "udp") == [
        SocketRow("udp", "", 5353, "", 0, "bound", 21865),
        SocketRow("udp", "192.168.0.105", 64161, "108.177.119.95", 443, "established", 855),
    ]


def test_a_program_cannot_pass_for_another_by_its_name() -> None:
    name = "x:1 00102 00000000 y"
    text = (
        HEAD_26
        + f"tcp4 0 0 *.4444 *.* LISTEN 0 0 131072 131072 {name}:777  00100 00000106 0000000002e45ef8 00000000 0800 1\n"
    )
    assert parse_sockets(text, "tcp")[0].pid == 777


def line(local: str, remote: str, state: str, pid: int, protocol: str = "tcp4") -> str:
    return f"{protocol} 0 0 {local} {remote} {state} 0 0 131072 131072 {pid} 0 00100 00000006 0 0 0 1 0 000000\n"


def test_what_launchd_holds_is_told_as_the_program_that_it_starts() -> None:
    told = looked(HEAD_15 + line("*.5900", "*.*", "LISTEN", 1) + line("*.6000", "*.*", "LISTEN", 1))
    server = "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd"
    assert Listener(protocol="tcp", port=5900, scope="network", owner="screensharingd", path=server) in told
    assert Listener(protocol="tcp", port=6000, scope="network", owner="launchd", path="/sbin/launchd") in told


def test_connections_are_inbound_by_the_listener_and_outbound_as_counts_to_public_addresses() -> None:
    sshd = RunningProcess(pid=9, name="sshd", executable="/usr/sbin/sshd", user="root")
    curl = RunningProcess(pid=10, name="curl", executable="/Users/jdoe/bin/curl", user="jdoe")
    told = looked(
        HEAD_15
        + line("*.22", "*.*", "LISTEN", 1, "tcp6")
        + line("192.168.1.4.22", "198.51.100.7.50000", "ESTABLISHED", 9)
        + line("fe80::1%lo0.631", "*.*", "LISTEN", 1, "tcp6")
        + line("192.168.1.4.50001", "203.0.113.5.443", "ESTABLISHED", 10)
        + line("192.168.1.4.50002", "192.168.1.9.443", "ESTABLISHED", 10),
        b"",
        LAUNCHD, sshd, curl,
    )  # fmt: skip
    assert (
        InboundConnection(port=22, peer=unkeyed("address", "198.51.100.7"), owner="sshd", path="/usr/sbin/sshd") in told
    )
    assert OutboundCount(owner="curl", path="~/bin/curl", count="1") in told
    assert [it.scope for it in told if isinstance(it, Listener)] == ["network", "loopback"]
    assert not any(isinstance(it, Gap) for it in told)


def test_what_cannot_be_seen_is_a_gap_or_an_error() -> None:
    one = looked(SourceBroken("tcp_sockets: did not answer within 4 s and was stopped"), b"")
    assert one == [Gap(what="tcp sockets", outcome="broken")]
    hidden = looked(HEAD_15 + line("*.7070", "*.*", "LISTEN", 500), b"", refused=NotPermitted("processes"))
    assert Listener(protocol="tcp", port=7070, scope="network") in hidden
    assert {gap.what for gap in hidden if isinstance(gap, Gap)} == {"owners of sockets"}
    try:
        looked(NotPermitted("tcp_sockets"), NotPermitted("udp_sockets"))
    except NotPermitted:
        return
    raise AssertionError("no table at all is the section's own outcome")


def test_endless_lines_take_no_time() -> None:
    for end in ("a:1 " * 200_000, " " * 500_000, ":" * 500_000):
        assert len(parse_sockets("tcp4 0 0 *.1 *.* LISTEN " + end, "tcp")) == 1


@given(st.text(max_size=400) | st.text(alphabet="tcp46 *.:0123456789abcdfLISTEN\n", max_size=400))
def test_whatever_is_printed_makes_no_error(text: str) -> None:
    for head in (HEAD_15, HEAD_26, ""):
        parse_sockets(head + text, "tcp")
        parse_sockets(head + "tcp4 0 0 *.1 *.* LISTEN " + text, "tcp")
        parse_sockets(head + text, "udp")
