"""Gateways of two readings: merged, normalised, and on real route tables in namespaces of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent.host import Host, NotSupported, SourceBroken
from farmwatch_agent.host.netifaces_gateways import NetifacesGateway, parse
from farmwatch_agent.host.windows.network import IpRoute, NetworkAdapter
from farmwatch_agent.probes.gateways import Hop, merged, observables, second_opinion
from farmwatch_agent.probes.network import linux, macos, windows
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.network import Gateway

BOTH, ROUTES, NETIFACES = ("netifaces", "routes"), ("routes",), ("netifaces",)
FAMILIES = {"ipv4": 2, "ipv6": 10}


def test_what_both_tell_has_both_as_its_sources_and_the_metric_of_the_route_table() -> None:
    routes = [Hop("ipv4", "eth0", "192.0.2.1", 100), Hop("ipv6", "eth0", "fe80::1", 1024)]
    second = [Hop("ipv6", "eth0", "fe80::1", sources=NETIFACES), Hop("ipv4", "eth0", "192.0.2.1", sources=NETIFACES)]
    assert merged(routes, second) == [
        Hop("ipv4", "eth0", "192.0.2.1", 100, BOTH),
        Hop("ipv6", "eth0", "fe80::1", 1024, BOTH),
    ]


def test_where_they_disagree_each_stands_alone() -> None:
    routes = [Hop("ipv4", "eth0", "192.0.2.1")]
    second = [Hop("ipv4", "wlan0", "192.0.2.1", sources=NETIFACES)]
    assert merged(routes, second) == [
        Hop("ipv4", "eth0", "192.0.2.1", sources=ROUTES),
        Hop("ipv4", "wlan0", "192.0.2.1", sources=NETIFACES),
    ]


def test_without_netifaces_the_route_table_stands_alone() -> None:
    routes = [Hop("ipv4", "eth0", "192.0.2.1"), Hop("ipv4", "tun0", "")]
    assert merged(routes, None) == routes


def test_a_scope_at_an_address_makes_no_disagreement() -> None:
    rows = parse({"default": {}, 10: [("FE80::1%eth0", "eth0", True), ("fe80::1", "eth0", False)]}, FAMILIES)
    assert rows == [NetifacesGateway(family="ipv6", interface="eth0", address="fe80::1")]
    second = [Hop(it.family, it.interface, it.address, sources=NETIFACES) for it in rows]
    assert merged([Hop("ipv6", "eth0", "fe80::1%3")], second)[0].sources == BOTH


@pytest.mark.parametrize(
    "told", [{2: [("192.0.2.1", "eth0", True)]}, [], None, {"default": {}, 2: ["x"]}, {"default": {}, 2: [(1, 2)]}]
)
def test_an_unknown_form_as_netifaces2_has_it_is_broken(told: Any) -> None:
    with pytest.raises(SourceBroken):
        parse(told, FAMILIES)


class Answering:
    """A host that answers one table."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def rows(self, kind: type[NetifacesGateway], of: str = "") -> list[NetifacesGateway]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return cast("list[NetifacesGateway]", self.answer)


def test_where_netifaces_cannot_be_asked_there_is_no_second_opinion_and_no_gap() -> None:
    for error in (NotSupported("netifaces is not installed"), SourceBroken("netifaces: OSError")):
        assert second_opinion(cast("Host", Answering(error))) is None
    assert second_opinion(cast("Host", Answering([]))) == []


def test_it_says_when_netifaces_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "netifaces", None)
    with pytest.raises(NotSupported, match="not installed"):
        NetifacesGateway.live("")


def test_the_mac_comes_from_the_neighbour_table_and_a_name_made_of_a_mac_is_cut() -> None:
    routes = [linux.RouteRow("ipv4", "0.0.0.0/0", "enx001b21aabbcc", "192.0.2.1", 5)]
    near = [linux.Neighbour("192.0.2.1", "94:83:c4:00:11:22", "enx001b21aabbcc")]
    second = [Hop("ipv4", "enx001b21aabbcc", "192.0.2.1", sources=NETIFACES)]
    assert list(linux.gateways(routes, near, second)) == [
        Gateway(
            family="ipv4", interface="enx001b21*", address=unkeyed("address", "192.0.2.1"),
            mac=unkeyed("mac", "94:83:c4:00:11:22"), metric=5, sources=BOTH,
        )
    ]  # fmt: skip


def test_a_macs_own_utun_interfaces_are_no_gateways_of_netifaces_either() -> None:
    # The form in which netifaces lists them: al45tair/netifaces, README and issues with output of macOS.
    second = [
        Hop("ipv6", "utun0", "fe80::", sources=NETIFACES),
        Hop("ipv4", "en0", "192.168.1.1", sources=NETIFACES),
    ]
    routes = [macos.RouteRow("ipv4", "0.0.0.0/0", "en0", "192.168.1.1", False)]
    assert [(it.interface, it.sources) for it in macos.gateways(routes, [], second)] == [("en0", BOTH)]


def test_windows_adapters_are_known_by_their_guids() -> None:
    guid = "{0A0A0A0A-0000-0000-0000-00000000000A}"
    adapters = [NetworkAdapter(index=7, guid=guid, name="Ethernet", type=6, up=True, metric4=25)]
    routes = [IpRoute(index=7, family="ipv4", destination="0.0.0.0/0", gateway="192.0.2.1")]
    second = [
        Hop("ipv4", guid.lower(), "192.0.2.1", sources=NETIFACES),
        Hop("ipv4", "{unknown}", "192.0.2.9", sources=NETIFACES),
    ]
    assert [(it.interface, it.metric, it.sources) for it in windows.gateways(routes, [], adapters, second)] == [
        ("Ethernet", 25, BOTH)
    ]


def test_a_hop_without_an_address_goes_out_without_one() -> None:
    (gateway,) = observables([Hop("ipv4", "tun0", "")], {("tun0", ""): "02:00:00:00:00:01"[:0]})
    assert (gateway.address, gateway.mac, gateway.sources) == (None, None, ROUTES)


LOOK = """
import sys
from farmwatch_agent import cli
sys.exit(cli.main(["collect", "--only", "network", "--json"]))
"""


@pytest.fixture
def namespace() -> Iterator[str]:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root on Linux, and ip, to make a namespace")
    name = f"fw-gw-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def looked(namespace: str, *commands: str) -> list[dict[str, Any]]:
    """Returns the gateways that one pass sees in a namespace after these `ip` commands."""
    pytest.importorskip("netifaces", reason="netifaces is not installed")
    for command in commands:
        done = subprocess.run(["ip", "-n", namespace, *command.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"ip {command}: {done.stderr.strip()}")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, sys.executable, "-c", LOOK],
        env=environment, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (section,) = msgspec.json.decode(done.stdout)["sections"]
    return [item for item in section["items"] if item["type"] == "gateway"]


PAIR = ("link add fw0 type veth peer name fw1", "link set fw0 up", "link set fw1 up", "addr add 192.0.2.2/24 dev fw0",
        "addr add 198.51.100.2/24 dev fw1")  # fmt: skip


@pytest.mark.integration
def test_two_default_routes_of_a_real_table_are_told_by_both(namespace: str) -> None:
    found = looked(namespace, *PAIR, "route add default via 192.0.2.1 dev fw0 metric 10",
                   "route add default via 198.51.100.1 dev fw1 metric 20", "-6 route add default via fe80::1 dev fw0",
                   "neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev fw0")  # fmt: skip
    assert sorted((it["family"], it["interface"], it["metric"], *it["sources"]) for it in found) == [
        ("ipv4", "fw0", 10, *BOTH),
        ("ipv4", "fw1", 20, *BOTH),
        ("ipv6", "fw0", 1024, *BOTH),
    ]
    (first,) = (it for it in found if it["metric"] == 10)
    assert first["mac"]["local"] is True


@pytest.mark.integration
def test_a_table_without_default_routes_has_no_gateway(namespace: str) -> None:
    assert looked(namespace, *PAIR) == []


@pytest.mark.integration
def test_a_default_route_into_a_tunnel_has_no_next_hop_and_another_tables_is_netifaces_own(namespace: str) -> None:
    found = looked(namespace, *PAIR, "tuntap add fwtun mode tun", "addr add 10.8.0.2/24 dev fwtun",
                   "link set fwtun up", "route add default dev fwtun metric 1",
                   "route add default via 198.51.100.9 dev fw1 table 100")  # fmt: skip
    assert sorted((it["interface"], "address" in it, *it["sources"]) for it in found) == [
        ("fw1", True, *NETIFACES),
        ("fwtun", False, *ROUTES),
    ]
