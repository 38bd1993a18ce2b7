"""travel_router: the router's maker, how narrow the way is, who sets the TTL, and the lines that look alike."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_detectors.catalog.travel_routers import makers, width_of
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.travel_router import DETECTOR
from farmwatch_detectors.view import DeviceView, SectionView, Span, Tie
from farmwatch_schema.observables.latency import MeasuringRound
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.wifi import WifiConnection

from .views import KEYER, NOW, view
from .ways_out import DEBIAN, GL_INET, MIKROTIK, TP_LINK, WINDOWS, behind, mac, measured


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


def _seen_from(device: DeviceView, kind: str) -> DeviceView:
    egress = Egress(address=KEYER.key("address", "192.0.2.7"), seen_from=NOW, seen_until=NOW, kind=kind)
    return msgspec.structs.replace(device, egress=(egress,))


# Hits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mtu", "timestamps"),
    [(1420, False), (1420, True), (1412, False), (1380, True), (1280, False)],
    ids=["WireGuard", "WireGuard seen from Linux", "WireGuard on PPPoE", "a provider's own size", "Tailscale"],
)
def test_hit_a_travel_router_with_a_tunnel_behind_it_is_level_two(mtu: int, timestamps: bool) -> None:
    [finding] = DETECTOR.detect(view(network=behind(GL_INET), latency=measured(mtu, timestamps=timestamps)))
    assert (finding.subject, finding.level, finding.group) == ("gl-inet", 2, "N")
    assert [each.kind for each in finding.evidence] == ["network", "latency"]
    assert "Check:" in finding.sentence


def test_hit_such_a_router_alone_and_a_tunnel_s_size_alone_are_level_one() -> None:
    assert _found(view(network=behind(GL_INET))) == [("gl-inet", 1)]
    assert _found(view(network=behind(GL_INET), latency=measured(1500))) == [("gl-inet", 1)]
    assert _found(view(network=behind(TP_LINK), latency=measured(1380))) == [("router", 1)]


def test_hit_the_access_point_names_the_maker_where_the_gateway_does_not() -> None:
    wifi = [WifiConnection(interface="wlan0", bssid=KEYER.key("bssid", GL_INET))]
    assert _found(view(network=behind(TP_LINK), wifi=wifi, latency=measured(1420))) == [("gl-inet", 2)]


def test_hit_a_windows_laptop_whose_questions_arrive_with_another_system_s_ttl() -> None:
    # Windows begins at 128; 51 is what is left of 64, which a router wrote, or a program on it that sends anew.
    device = view(network=behind(TP_LINK), host=[WINDOWS], latency=measured(1500, ttl_seen=51))
    assert _found(device) == [("router", 1)]
    narrow = view(network=behind(TP_LINK), host=[WINDOWS], latency=measured(1420, ttl_seen=51))
    assert _found(narrow) == [("router", 2)]
    high = view(network=behind(TP_LINK), host=[DEBIAN], latency=measured(1420, timestamps=True, ttl_seen=115))
    assert _found(high) == [("router", 2)]


def test_hit_a_narrow_way_whose_exit_is_a_hosting_network_is_level_two_behind_any_router() -> None:
    device = view(network=behind(TP_LINK), latency=measured(1420))
    assert _found(_seen_from(device, "hosting")) == [("router", 2)]
    assert _found(_seen_from(device, "residential")) == []
    full = view(network=behind(GL_INET), latency=measured(1500))
    assert _found(_seen_from(full, "vpn")) == [("gl-inet", 2)]


def test_hit_a_narrow_way_on_which_all_the_world_is_far_is_level_two_behind_any_router() -> None:
    # A router abroad with its exit at home: 120 ms to home, and all landmarks lie behind that.
    [finding] = DETECTOR.detect(view(network=behind(TP_LINK), latency=measured(1420, nearest_ms=140.0)))
    assert (finding.subject, finding.level) == ("router", 2)
    assert "takes 140 ms" in finding.evidence[-1].fact
    full_sized = view(network=behind(GL_INET), latency=measured(1500, nearest_ms=140.0))
    assert _found(full_sized) == [("gl-inet", 2)]


@pytest.mark.parametrize(
    ("nearest", "gateway", "mtu"),
    [(45.0, 2.0, 1420), (620.0, 2.0, 1420), (140.0, 90.0, 1420), (140.0, None, 1420), (140.0, 2.0, 1500)],
    ids=["mobile network", "satellite", "bad Wi-Fi", "gateway that does not answer", "far from everywhere"],
)
def test_honest_twin_a_slow_line_is_no_tunnel(nearest: float, gateway: float | None, mtu: int) -> None:
    latency = measured(mtu, nearest_ms=nearest, gateway_ms=gateway)
    assert _found(view(network=behind(TP_LINK), latency=latency)) == []


def test_hit_ipv6_tells_where_there_is_no_ipv4() -> None:
    assert _found(view(network=behind(GL_INET), latency=measured(1420, family="ipv6"))) == [("gl-inet", 2)]


def test_hit_the_largest_packet_that_windows_knows_to_pass_counts_where_no_segment_size_was_told() -> None:
    told = [MeasuringRound(plan="p", began_at="2026-11-20T09:00:00Z", access="wifi", path_mtu=1380)]
    assert _found(view(network=behind(GL_INET), latency=told)) == [("gl-inet", 2)]


def test_hit_the_newest_kept_sample_speaks_when_the_latest_report_measured_nothing() -> None:
    kept = tuple(
        SectionView(kind="latency", outcome="found", observed_at=NOW - timedelta(hours=hours), items=tuple(items))
        for hours, items in ((20, measured(1500)), (8, measured(1420)))
    )
    device = view(network=behind(GL_INET), latency=[], outcome="found")
    assert _found(msgspec.structs.replace(device, samples={"latency": kept})) == [("gl-inet", 2)]


# Misses and honest twins ---------------------------------------------------------------------------


def test_miss_an_ordinary_router_on_an_ordinary_line() -> None:
    assert _found(view(network=behind(TP_LINK), host=[WINDOWS], latency=measured(1500, ttl_seen=113))) == []


@pytest.mark.parametrize("timestamps", [False, True], ids=["Windows", "Linux and macOS"])
@pytest.mark.parametrize(
    "mtu",
    [1492, 1480, 1460, 1454, 1452, 1430, 1428, 1420, 1400, 1342],
    ids=["PPPoE", "6rd", "DS-Lite", "FLET'S", "DS-Lite on PPPoE", "AT&T", "Verizon", "T-Mobile", "LTE", "FirstNet"],
)
def test_honest_twin_a_line_with_an_envelope_of_its_own_is_no_finding(mtu: int, timestamps: bool) -> None:
    found = _found(view(network=behind(TP_LINK), latency=measured(mtu, timestamps=timestamps)))
    assert found == []


@pytest.mark.parametrize("mtu", [1492, 1480, 1460, 1454, 1452, 1430, 1428, 1342])
def test_honest_twin_a_travel_router_on_such_a_line_stays_at_level_one(mtu: int) -> None:
    assert _found(view(network=behind(GL_INET), latency=measured(mtu))) == [("gl-inet", 1)]


def test_honest_twin_a_maker_of_home_routers_too_says_nothing_alone() -> None:
    assert _found(view(network=behind(MIKROTIK), latency=measured(1480))) == []
    assert _found(view(network=behind(MIKROTIK), latency=measured(1420))) == [("mikrotik", 1)]


@pytest.mark.parametrize(
    "own",
    [
        {"processes": [Process(name="ZSATunnel.exe", path=r"C:\Program Files\Zscaler\ZSATunnel\ZSATunnel.exe")],
         "host": [WINDOWS]},
        {"processes": [Process(name="nordvpnd", path="/usr/sbin/nordvpnd", package="nordvpn")], "host": [DEBIAN]},
    ],
    ids=["security client of the company", "consumer VPN"],
)  # fmt: skip
def test_honest_twin_what_the_laptop_s_own_client_does_is_not_the_router_s(own: dict[str, Any]) -> None:
    device = view(network=behind(TP_LINK), latency=measured(1380, ttl_seen=51), **own)
    assert _found(_seen_from(device, "hosting")) == []
    gl_inet = view(network=behind(GL_INET), latency=measured(1380), **own)
    assert _found(gl_inet) == [("gl-inet", 1)]


def test_honest_twin_a_tunnel_of_the_laptop_and_its_own_modem_explain_narrow_packets() -> None:
    tunnel = [NetworkInterface(name="wg0", kind="tunnel", up=True), Route(destination="0.0.0.0/1", interface="wg0")]
    assert _found(view(network=[*behind(TP_LINK), *tunnel], latency=measured(1380))) == []
    assert _found(view(network=behind(TP_LINK), latency=measured(1380, access="tunnel"))) == []
    modem = [
        NetworkInterface(name="wwan0", kind="mobile", mtu=1428, up=True),
        Gateway(family="ipv4", interface="wwan0", metric=700),
    ]
    assert _found(view(network=modem, latency=measured(1380))) == []


def test_honest_twin_a_few_servers_that_ask_for_less_make_no_way_narrow() -> None:
    # Google's machines have 1460 bytes; the largest of all landmarks speaks of the way.
    own = measured(1500)
    assert _found(view(network=behind(GL_INET), latency=own)) == [("gl-inet", 1)]
    assert _found(view(network=behind(TP_LINK), latency=measured(1380)[:3])) == [], "two landmarks are too few"


def test_honest_twin_a_guest_s_ttl_is_its_host_s() -> None:
    guest = msgspec.structs.replace(DEBIAN, hypervisor="vmware")
    assert _found(view(network=behind(TP_LINK), host=[guest], latency=measured(1500, ttl_seen=115))) == []
    unknown = msgspec.structs.replace(DEBIAN, hypervisor=None)
    assert _found(view(network=behind(TP_LINK), host=[unknown], latency=measured(1500, ttl_seen=115))) == []


def test_honest_twin_an_ipv6_hop_limit_is_the_router_s_announcement() -> None:
    trips = measured(1500, ttl_seen=51)
    own = msgspec.structs.replace(trips[-1], family="ipv6")
    assert _found(view(network=behind(TP_LINK), host=[WINDOWS], latency=[*trips[:-1], own])) == []


def test_honest_twin_what_was_measured_behind_another_router_does_not_speak_of_this_one() -> None:
    gateway = behind(GL_INET)[1]
    came = Span(kind="network", item=gateway, seen_from=NOW + timedelta(minutes=1))
    device = view(network=behind(GL_INET), latency=measured(1420), history={"network": (came,)})
    assert _found(device) == [("gl-inet", 1)]


def test_honest_twin_a_sanctioned_router_and_a_registered_place_count_nothing() -> None:
    allowed = Policy(sanctions=(Sanction(vpn="gl-inet", owner="net@example.com", reason="field kit"),))
    [finding] = DETECTOR.detect(view(network=behind(GL_INET), latency=measured(1420), policy=allowed))
    assert (finding.level, finding.sanctioned) == (0, "net@example.com: field kit")
    tie = Tie(kind="gateway_mac", value="v", holders=("laptop-1",), fleet=9, identifier=mac(TP_LINK), place="Office")
    office = msgspec.structs.replace(view(network=behind(TP_LINK), latency=measured(1380)), ties=(tie,))
    assert _found(office) == [("router", 0)]


def test_could_not_look_is_no_finding() -> None:
    assert _found(view()) == []
    assert _found(view(network=behind(GL_INET), latency=measured(1420), outcome="not_permitted")) == []
    skipped = [MeasuringRound(plan="", began_at="2026-11-20T09:00:00Z", skipped="metered")]
    assert _found(view(network=behind(TP_LINK), latency=skipped)) == []


def test_doubt_is_for_the_line() -> None:
    assert width_of(frozenset((1420, 1432))) == "either", "T-Mobile has what WireGuard has (docs.korewireless.com)"
    assert width_of(frozenset((1428, 1440))) == "plain", "Verizon's, or WireGuard's over IPv4 alone"
    assert width_of(frozenset((1380, 1392))) == "tunnel"
    assert width_of(frozenset((1470,))) == "plain"
    assert not makers()["9483c4"].shared
    assert makers()["e4956e"].shared, "a block of the registry that sixteen makers divide"


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2]
