"""vpn_or_tunnel: whose tunnel it is, whether it is up, and the honest twins."""

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_detectors.vpn_or_tunnel import DETECTOR
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway, Neighbours, NetworkInterface, Route
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.software import Package

from .views import KEYER, view

WIFI = NetworkInterface(name="wlan0", kind="wifi", up=True)
HOME = Gateway(family="ipv4", interface="wlan0", metric=600)
NORD = Process(name="nordvpnd", path="/usr/sbin/nordvpnd", package="nordvpn")
GLOBAL_PROTECT = Process(name="PanGPS", path="/opt/paloaltonetworks/globalprotect/PanGPS", package="globalprotect")
TAILSCALE = Process(name="tailscaled", path="/usr/sbin/tailscaled", package="tailscale", run_by="system")


def _tunnel(name: str, up: bool | None = True) -> NetworkInterface:
    return NetworkInterface(name=name, kind="tunnel", up=up)


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


# Hits ----------------------------------------------------------------------------------------------


def test_a_consumer_vpn_with_its_tunnel_up_is_level_two() -> None:
    [finding] = DETECTOR.detect(view(processes=[NORD], network=[WIFI, HOME, _tunnel("nordlynx")]))
    assert (finding.subject, finding.level, finding.group) == ("nordvpn", 2, "N")
    assert "Check:" in finding.sentence
    assert [evidence.kind for evidence in finding.evidence] == ["network", "processes"]


def test_a_consumer_vpn_is_known_by_the_only_tunnel_beside_its_program() -> None:
    express = Process(name="expressvpnd", path="/usr/sbin/expressvpnd")
    assert _found(view(processes=[express], network=[WIFI, _tunnel("tun0")])) == [("expressvpn", 2)]


def test_a_vpn_that_farms_are_reported_to_use_is_level_three() -> None:
    astrill = Process(name="astrill", path="/usr/local/Astrill/astrill")
    assert _found(view(processes=[astrill], network=[WIFI, HOME])) == [("astrill", 3)]
    windows = Process(name="astrill.exe", path=r"C:\Program Files (x86)\Astrill\astrill.exe")
    assert _found(view(processes=[windows], network=[])) == [("astrill", 3)]


@pytest.mark.parametrize(
    "route",
    [Route(destination="0.0.0.0/1", interface="tun0"), Gateway(family="ipv4", interface="tun0", metric=50)],
    ids=["half of all addresses", "default route"],
)
def test_an_unknown_tunnel_that_takes_all_traffic_is_level_one_and_says_so(route: Route | Gateway) -> None:
    [finding] = DETECTOR.detect(view(network=[WIFI, HOME, _tunnel("tun0"), route]))
    assert (finding.subject, finding.level) == ("tun0", 1)
    assert "takes all traffic" in finding.sentence


def test_a_route_into_an_interface_that_was_not_listed_is_a_tunnel() -> None:
    assert _found(view(network=[Route(destination="128.0.0.0/1", interface="ppp7")])) == [("ppp7", 1)]


def test_a_wireguard_interface_is_level_one_under_its_protocol_s_name() -> None:
    assert _found(view(network=[WIFI, _tunnel("wg0")])) == [("wireguard", 1)]


def test_a_company_s_program_explains_one_nameless_tunnel_and_no_more() -> None:
    device = view(processes=[GLOBAL_PROTECT], network=[WIFI, _tunnel("tun0"), _tunnel("tun1")])
    assert _found(device) == [("globalprotect", 0), ("tun0", 1), ("tun1", 1)]
    beside = view(processes=[GLOBAL_PROTECT], network=[WIFI, _tunnel("tun0"), _tunnel("wg0")])
    assert ("wireguard", 1) in _found(beside)


def test_a_company_s_interface_name_without_its_program_explains_nothing() -> None:
    assert _found(view(network=[WIFI, _tunnel("cscotun0")])) == [("cscotun0", 1)]


# Misses and honest twins ---------------------------------------------------------------------------


def test_miss_a_plain_home_network_has_no_finding() -> None:
    assert _found(view(network=[WIFI, HOME], processes=[])) == []


def test_a_consumer_vpn_that_is_down_or_only_installed_is_level_one() -> None:
    assert _found(view(processes=[NORD], network=[WIFI, HOME, _tunnel("nordlynx", up=False)])) == [("nordvpn", 1)]
    assert _found(view(software=[Package(name="nordvpn", source="dpkg")], network=[WIFI])) == [("nordvpn", 1)]


def test_a_developer_with_containers_and_a_mesh_is_level_one_for_the_mesh_alone() -> None:
    interfaces = [
        NetworkInterface(name="docker0", kind="bridge", up=True),
        NetworkInterface(name="br-1f2e3d", kind="bridge", up=True),
        _tunnel("vnet0"), _tunnel("cali1234"), _tunnel("tunl0"), _tunnel("sit0", up=None), _tunnel("tailscale0"),
    ]  # fmt: skip
    assert _found(view(processes=[TAILSCALE], network=[WIFI, HOME, *interfaces])) == [("tailscale", 1)]


def test_the_company_s_vpn_is_shown_and_never_counted() -> None:
    device = view(processes=[GLOBAL_PROTECT], network=[WIFI, HOME, _tunnel("gpd0")])
    [finding] = DETECTOR.detect(device)
    assert (finding.subject, finding.level) == ("globalprotect", 0)


def test_a_sanctioned_vpn_or_interface_counts_nothing() -> None:
    policy = Policy(
        sanctions=(
            Sanction(vpn="wireguard", owner="net@example.com", reason="own network"),
            Sanction(vpn="tun9", owner="net@example.com", reason="lab"),
            Sanction(vpn="tailscale", owner="dev@example.com", reason="developers"),
        )
    )
    device = view(
        processes=[TAILSCALE], network=[_tunnel("wg0"), _tunnel("tailscale0"), _tunnel("tun9")], policy=policy
    )
    found = list(DETECTOR.detect(device))
    assert [(finding.subject, finding.level) for finding in found] == [("wireguard", 0), ("tailscale", 0), ("tun9", 0)]
    assert all(finding.sanctioned for finding in found)


def test_what_lets_somebody_in_is_left_to_its_own_detector() -> None:
    tunnels = [
        Process(name="cloudflared", path="/usr/bin/cloudflared", package="cloudflared", flags=("tunnel_mode",)),
        Process(name="ssh", path="/usr/bin/ssh", flags=("ssh_remote_forward",)),
    ]
    assert _found(view(processes=tunnels, network=[WIFI])) == []


def test_hit_a_mesh_that_takes_all_traffic_hides_the_place_as_a_vpn_does() -> None:
    # Tailscale's exit node on Linux: a default route in table 52, to which a rule sends what is not marked.
    everything = Route(destination="default", interface="tailscale0")
    [finding] = DETECTOR.detect(view(processes=[TAILSCALE], network=[WIFI, HOME, _tunnel("tailscale0"), everything]))
    assert (finding.subject, finding.level) == ("tailscale", 2)
    assert "carries all traffic" in finding.sentence
    assert _found(view(processes=[TAILSCALE], network=[WIFI, HOME, _tunnel("tailscale0")])) == [("tailscale", 1)]


EXPRESS = Process(name="expressvpnd", path="/usr/sbin/expressvpnd")


def test_hit_a_consumer_vpn_is_up_beside_the_company_s_agent_whose_tunnel_would_bear_its_own_name() -> None:
    # GlobalProtect on Linux names its interface gpd0 (catalog/vpn_tunnel.yaml), so tun0 is the other program's.
    device = view(processes=[GLOBAL_PROTECT, EXPRESS], network=[WIFI, _tunnel("tun0")])
    assert _found(device) == [("expressvpn", 2), ("globalprotect", 0)]


def test_honest_twin_a_mac_s_tunnel_beside_two_programs_is_put_down_to_neither() -> None:
    names = {process.name: process for process in (GLOBAL_PROTECT, EXPRESS)}
    route = Route(destination="0.0.0.0/1", interface="utun4")
    found = dict(_found(view(processes=[*names.values()], network=[WIFI, _tunnel("utun4"), route])))
    assert found["utun4"] == 1
    assert found["expressvpn"] == 1


@pytest.mark.parametrize("name", ["vnet3", "cilium_vxlan", "vxlan.calico", "tunl0"])
def test_a_tunnel_that_takes_all_traffic_hides_behind_no_usual_name(name: str) -> None:
    [finding] = DETECTOR.detect(view(network=[WIFI, _tunnel(name), Gateway(family="ipv4", interface=name)]))
    assert (finding.subject, finding.level) == (name, 1)
    assert _found(view(network=[WIFI, _tunnel(name)])) == []


@pytest.mark.parametrize("name", ["docker0", "br-1f2a3b", "veth9", "virbr1"])
def test_a_tunnel_with_the_name_of_a_bridge_is_a_tunnel(name: str) -> None:
    assert _found(view(network=[WIFI, _tunnel(name)])) == [(name, 1)]
    assert _found(view(network=[WIFI, NetworkInterface(name=name, kind="bridge", up=True)])) == []


def test_tor_from_its_package_is_level_one_and_a_word_that_resembles_is_not() -> None:
    tor = Process(name="tor", path="/usr/bin/tor", package="tor")
    assert _found(view(processes=[tor], network=[WIFI])) == [("tor", 1)]
    assert _found(view(processes=[Process(name="tor", path="/opt/x/tor", package="x")], network=[WIFI])) == []


def test_ssh_and_local_proxies_are_no_findings() -> None:
    ordinary = [
        Process(name="ssh", path="/usr/bin/ssh", package="openssh-client"),
        Process(name="privoxy", path="/usr/sbin/privoxy", package="privoxy"),
        Process(name="edge", path="/opt/microsoft/msedge/edge", package="microsoft-edge-stable"),
    ]
    assert (
        _found(view(processes=ordinary, services=[Service(name="ssh.service", kind="systemd")], network=[WIFI])) == []
    )


def test_the_many_tunnels_of_a_mac_are_no_findings() -> None:
    assert _found(view(network=[_tunnel(f"utun{number}") for number in range(6)])) == []


# Lines that only resemble tunnels, and names of drivers --------------------------------------------------


def test_honest_twin_a_call_over_a_line_is_no_tunnel() -> None:
    ethernet = NetworkInterface(name="eth0", kind="ethernet", up=True)
    pppoe = [ethernet, _tunnel("ppp0"), Gateway(family="ipv4", interface="ppp0")]
    assert _found(view(network=pppoe)) == [], "PPPoE or a modem: nothing else leads out"
    router = Neighbours(interface="wlan0", oui="98dac4")
    assert _found(view(network=[*pppoe, WIFI, router])) == [("ppp0", 1)], "pptp's replacedefaultroute: Wi-Fi carries it"
    dialled = NetworkInterface(name="ppp", kind="tunnel", driver="WAN Miniport", up=True)
    assert _found(view(network=[dialled, Gateway(family="ipv4", interface="ppp")])) == []
    over_wifi = Gateway(family="ipv4", interface="wlan0", address=KEYER.key("address", "192.0.2.1"), metric=600)
    assert _found(view(network=[WIFI, over_wifi, dialled])) == [], "split: the company's, an administrator set it up"
    everything = Gateway(family="ipv4", interface="ppp", metric=10)
    assert _found(view(network=[WIFI, over_wifi, dialled, everything])) == [("ppp", 1)]


@pytest.mark.parametrize("name", ["sit1", "he-ipv6", "6rd-wan", "teredo"])
def test_honest_twin_what_brings_ipv6_alone_is_no_vpn(name: str) -> None:
    ipv6 = [Gateway(family="ipv6", interface=name, metric=1), Route(destination="2000::/3", interface=name)]
    assert _found(view(network=[WIFI, HOME, _tunnel(name), *ipv6])) == []
    assert _found(view(network=[WIFI, HOME, _tunnel(name), Route(destination="0.0.0.0/1", interface=name)])) == [
        (name, 1)
    ]


def test_honest_twin_a_mac_s_own_tunnels_with_ipv6_routes_are_no_vpn() -> None:
    routes = [Gateway(family="ipv6", interface=f"utun{number}", metric=0) for number in range(4)]
    own = [_tunnel(f"utun{number}") for number in range(4)]
    assert _found(view(network=[WIFI, HOME, *own, *routes])) == []


@pytest.mark.parametrize(
    "interface",
    [
        NetworkInterface(name="vEthernet (WSL)", kind="virtual", driver="Hyper-V Virtual Ethernet Adapter", up=True),
        NetworkInterface(name="VMware Network Adapter VMnet8", kind="virtual",
                         driver="VMware Virtual Ethernet Adapter for VMnet8", up=True),
        NetworkInterface(name="Teredo Tunneling Pseudo-Interface", kind="other", up=True),
        NetworkInterface(name="usb0", kind="ethernet", driver="rndis_host", bus="usb", up=True),
    ],
    ids=["Hyper-V", "VMware", "Teredo", "a phone's tethering"],
)  # fmt: skip
def test_honest_twin_switches_and_tethering_are_no_tunnels(interface: NetworkInterface) -> None:
    assert _found(view(network=[WIFI, HOME, interface])) == []


@pytest.mark.parametrize(
    ("driver", "product"),
    [
        ("WireGuard Tunnel", "wireguard"),
        ("OpenVPN Data Channel Offload", "openvpn"),
        ("OpenVPN TAP-Windows6", "openvpn"),
    ],
)
def test_hit_a_driver_names_the_protocol_whatever_the_connection_is_called(driver: str, product: str) -> None:
    named = NetworkInterface(name="office", kind="tunnel", driver=driver, up=True)
    assert _found(view(network=[WIFI, HOME, named])) == [(product, 1)]
    zscaler = Process(name="ZSATunnel.exe", path=r"C:\Program Files\Zscaler\ZSATunnel\ZSATunnel.exe")
    windows = HostFacts(os="Windows 11 Enterprise")
    beside = view(network=[WIFI, HOME, named], processes=[zscaler], host=[windows])
    assert _found(beside) == [("zscaler", 0)], "the only program that could own it is the company's"


def test_honest_twin_a_policy_names_a_tunnel_by_its_interface_or_adapter_too() -> None:
    rules = (
        Sanction(vpn="wg-office", owner="net@example.com", reason="sites"),
        Sanction(vpn="Example Tunnel Adapter", owner="net@example.com", reason="own client"),
    )
    adapter = NetworkInterface(name="Ethernet 7", kind="tunnel", driver="Example Tunnel Adapter", up=True)
    policy = Policy(sanctions=rules)
    found = list(DETECTOR.detect(view(network=[WIFI, _tunnel("wg-office"), adapter], policy=policy)))
    assert [(each.subject, each.level) for each in found] == [("wireguard", 0), ("Ethernet 7", 0)]
    second = view(network=[WIFI, _tunnel("wg-office"), _tunnel("wg1")], policy=policy)
    assert _found(second) == [("wireguard", 1)], "one of two is not named"


def test_hit_a_consumer_vpn_beside_the_company_s_is_level_two() -> None:
    device = view(processes=[GLOBAL_PROTECT, NORD], network=[WIFI, HOME, _tunnel("gpd0"), _tunnel("nordlynx")])
    assert _found(device) == [("nordvpn", 2), ("globalprotect", 0)]


def test_could_not_look_gives_no_finding() -> None:
    assert _found(view()) == []
    assert _found(view(network=[_tunnel("tun0")], outcome="broken")) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2, 3]
