"""Network on macOS, on outputs as public issue threads show them."""

import plistlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.network import macos
from farmwatch_agent.probes.network.linux import Neighbour
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, NetworkInterface, Radio, Route

from ..mac_host import ReplayedMac

#: libnet/libnet issue 105 and glpi-project/glpi-agent issue 673.
IFCONFIG = """lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1
gif0: flags=8010<POINTOPOINT,MULTICAST> mtu 1280
anpi0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 9e:00:06:96:00:0b
\tmedia: none
\tstatus: inactive
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 14:c2:13:ec:9f:dd
\tinet 192.168.50.23 netmask 0xffffff00 broadcast 192.168.50.255
\tstatus: active
en6: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 9000
\tether 00:24:27:09:06:b7
\tstatus: inactive
utun0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
\tinet6 fe80::f0a1:2b33:4c55:6d77%utun0 prefixlen 64 scopeid 0xe
utun9: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1406
\tinet 10.25.134.54 --> 10.25.134.54 netmask 0xffffffff
"""
PORTS = """Hardware Port: Wi-Fi
Device: en0
Ethernet Address: 14:c2:13:ec:9f:dd

Hardware Port: USB 10/100/1000 LAN
Device: en6
Ethernet Address: 00:24:27:09:06:b7

VLAN Configurations
===================
"""
ROUTES = "Routing tables\n\nInternet:\nDestination        Gateway            Flags               Netif Expire\n"
#: database64128/swgp-go pull 49: `netstat -rnl` has more columns.
LONG = "Internet:\nDestination        Gateway            RT_IFA             Flags  Refs  Use    Mtu  Netif Expire\n"


def looked(**commands: Any) -> list[Any]:
    files = commands.pop("files", {})
    folders = commands.pop("folders", {})
    told: dict[str, Any] = dict.fromkeys(("hardware_ports", "name_servers", "vpn_services", "neighbours"), b"")
    told |= {"neighbours_ipv6": b"", "interfaces": IFCONFIG.encode(), "routes": b""}
    told |= {name: text.encode() if isinstance(text, str) else text for name, text in commands.items()}
    return list(macos.collect(cast("Host", ReplayedMac(commands=told, files=files, folders=folders))))


def of(kind: type, told: list[Any]) -> list[Any]:
    return [item for item in told if isinstance(item, kind)]


def test_interfaces_are_told_by_hardware_port_and_the_systems_own_tunnels_are_left_out() -> None:
    told = {it.name: it for it in of(NetworkInterface, looked(hardware_ports=PORTS))}
    assert sorted(told) == ["anpi0", "en0", "en6", "lo0", "utun9"]
    assert told["en0"] == NetworkInterface(
        name="en0", kind="wifi", driver="Wi-Fi", mtu=1500, up=True, address=unkeyed("mac", "14:c2:13:ec:9f:dd")
    )
    assert (told["en6"].kind, told["en6"].bus, told["en6"].mtu, told["en6"].up) == ("ethernet", "usb", 9000, False)
    assert (told["utun9"].kind, told["utun9"].bus, told["utun9"].up) == ("tunnel", "virtual", True)
    assert told["lo0"].address is None


def test_a_tunnel_without_an_address_counts_when_traffic_goes_into_it() -> None:
    # sshuttle/sshuttle issue 864
    routes = ROUTES + "default            link#18            UCSg            utun0\ndefault 172.20.10.1 UGScIg en0\n"
    told = looked(routes=routes)
    assert "utun0" in {it.name for it in of(NetworkInterface, told)}
    assert of(Gateway, told) == [
        Gateway(family="ipv4", interface="utun0", sources=("routes",)),
        Gateway(
            family="ipv4", interface="en0", address=unkeyed("address", "172.20.10.1"), metric=1, sources=("routes",)
        ),
    ]


def test_scoped_defaults_of_the_systems_own_are_no_gateways() -> None:
    # gravitational/teleport pull 66851 and issue 43232
    routes = (
        "Internet6:\nDestination Gateway Flags Netif Expire\n"
        "default  fe80::%utun0  UGcIg  utun0\n"
        "default  fe80::76d0:2bff:fe6d:418a%en0  UGcg  en0\n"
        "Internet:\nDestination Gateway Flags Netif Expire\ndefault link#23 UCSIg bridge100 !\n"
    )
    assert [(it.family, it.interface) for it in of(Gateway, looked(routes=routes))] == [("ipv6", "en0")]


@pytest.mark.parametrize("second", ["128.0/1            10.11.0.1          UGSc                utun4\n", ""])
def test_routes_that_take_half_of_everything_are_told(second: str) -> None:
    told = looked(routes=ROUTES + "0/1                10.11.0.1          UGScg               utun4\n" + second)
    wanted = [Route(destination="0.0.0.0/1", interface="utun4"), Route(destination="128.0.0.0/1", interface="utun4")]
    assert of(Route, told) == wanted[: 2 if second else 1]


def test_the_long_form_of_routes_is_read_by_its_header() -> None:
    text = LONG + "default  192.168.51.1  192.168.51.157  UGScg  164  5254  1500  en0\n"
    [route] = macos.parse_routes(text)
    assert (route.destination, route.gateway, route.interface, route.scoped) == (
        "0.0.0.0/0",
        "192.168.51.1",
        "en0",
        False,
    )


@pytest.mark.parametrize(
    ("text", "family", "wanted"),
    [
        ("default", "ipv4", "0.0.0.0/0"),
        ("default", "ipv6", "::/0"),
        ("0/1", "ipv4", "0.0.0.0/1"),
        ("128.0/1", "ipv4", "128.0.0.0/1"),
        ("10.11/16", "ipv4", "10.11.0.0/16"),
        ("192.168.50", "ipv4", "192.168.50.0/24"),
        ("10.11.0.8", "ipv4", "10.11.0.8/32"),
        ("2000::/3", "ipv6", "2000::/3"),
        ("fe80::%utun0/64", "ipv6", "fe80::/64"),
        ("nonsense", "ipv4", ""),
        ("1.2.3.4.5", "ipv4", ""),
        ("10/x", "ipv4", ""),
    ],
)
def test_destinations_are_written_in_full(text: str, family: str, wanted: str) -> None:
    found = macos.destination_of(text, family)
    assert found == wanted or (text.startswith("fe80") and found.startswith("fe80::"))


def test_neighbours_have_two_digits_a_byte_and_broadcast_is_none() -> None:
    # gravitational/teleport pull 55594 for "10:7c:61:43:1:f8"
    arp = (
        "? (192.168.50.1) at 10:7c:61:43:1:f8 on en0 ifscope [ethernet]\n"
        "? (192.168.50.7) at (incomplete) on en0 ifscope [ethernet]\n"
        "? (192.168.50.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]\n"
        "? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]\n"
    )
    assert macos.parse_arp(arp) == [Neighbour("192.168.50.1", "10:7c:61:43:01:f8", "en0")]
    ndp = (
        "Neighbor Linklayer Address Netif Expire St Flgs Prbs\n"
        "fe80::1%lo0 (incomplete) lo0 permanent R\n"
        "fe80::10%en0 14:c2:13:ec:9f:dd en0 permanent R\n"
        "fe80::127c:61ff:fe43:1f8%en0 10:7c:61:43:1:f8 en0 23h59m58s S R\n"
    )
    assert macos.parse_ndp(ndp) == [Neighbour("fe80::127c:61ff:fe43:1f8", "10:7c:61:43:01:f8", "en0")]


def test_a_gateways_mac_comes_from_its_neighbour() -> None:
    told = looked(
        routes=ROUTES + "default 192.168.50.1 UGScg en0\n",
        neighbours="? (192.168.50.1) at 10:7c:61:43:1:f8 on en0 ifscope [ethernet]\n",
    )
    assert of(Gateway, told)[0].mac == unkeyed("mac", "10:7c:61:43:01:f8")


def test_name_servers_are_those_of_the_first_part() -> None:
    # tailscale/tailscale issue 12853
    text = (
        "DNS configuration\n\nresolver #1\n  nameserver[0] : 100.100.100.100\n  if_index : 26 (utun1)\n\nresolver #2\n"
        "  nameserver[0] : 1.1.1.1\n  nameserver[1] : fe80::1%en0\n\nresolver #3\n  domain   : local\n"
        "DNS configuration (for scoped queries)\n\nresolver #1\n  nameserver[0] : 8.8.8.8\n"
    )
    assert macos.parse_dns(text) == ["100.100.100.100", "1.1.1.1", "fe80::1"]
    assert NameServer(address=unkeyed("address", "1.1.1.1")) in looked(name_servers=text)


def test_the_maker_of_the_only_tunnel_is_that_of_the_only_connected_vpn() -> None:
    # mrodalgaard/alfred-network-workflow issue 19 for the form
    head = "Available network connection services in the current set (*=enabled):\n"
    one = '* (Connected)      E3A8F336 VPN (com.wireguard.macos) "Jane\'s VPN"      [VPN:com.wireguard.macos]\n'
    off = '* (Disconnected)   E3A8F337 PPP --> L2TP       "My VPN"                         [PPP:L2TP]\n'
    told = {it.name: it.driver for it in of(NetworkInterface, looked(vpn_services=head + one + off))}
    assert told["utun9"] == "com.wireguard.macos"
    assert macos.parse_vpn_services(head + one + one) == ["com.wireguard.macos"] * 2
    told = {it.name: it.driver for it in of(NetworkInterface, looked(vpn_services=head + one + one))}
    assert told["utun9"] == "", "two could own it"


def test_switches_of_radios_and_of_location() -> None:
    byhost = "com.apple.locationd.00000000.plist"
    told = looked(
        hardware_ports=PORTS,
        **{"wifi_power en0": "Wi-Fi Power (en0): Off\n"},
        files={
            macos.BLUETOOTH: plistlib.dumps({"ControllerPowerState": 1}),
            f"{macos.LOCATION}/{byhost}": plistlib.dumps({"LocationServicesEnabled": False}),
        },
        folders={macos.LOCATION: [byhost]},
    )
    assert of(Radio, told) == [
        Radio(kind="wifi", state="off"), Radio(kind="bluetooth", state="on"), Radio(kind="location", state="off")
    ]  # fmt: skip


def test_what_cannot_be_asked_is_a_gap_and_the_rest_goes_out() -> None:
    told = looked(
        interfaces=SourceBroken("interfaces"), routes=ROUTES + "default 192.168.50.1 UGScg en0\n",
        hardware_ports=NotPermitted("ports"), files={macos.BLUETOOTH: b"no list"},
        folders={macos.LOCATION: NotPermitted("ByHost")},
    )  # fmt: skip
    assert len(of(Gateway, told)) == 1
    assert {(gap.what, gap.outcome) for gap in of(Gap, told)} == {
        ("network interfaces", "broken"), ("kinds of network adapters", "not_permitted"),
        ("the Bluetooth radio's switch", "broken"), ("the location service's switch", "not_permitted"),
    }  # fmt: skip


def test_without_interfaces_and_routes_nothing_can_be_said() -> None:
    with pytest.raises(SourceBroken):
        looked(interfaces=b"", routes=b"")


def test_endless_lines_take_no_time() -> None:
    assert macos.parse_vpn_services("* (Connected) " + "[" * 500_000) == []
    assert macos.parse_arp("? (1" * 200_000) == []


@given(st.text(max_size=300))
def test_whatever_is_printed_makes_no_error(text: str) -> None:
    parsers = (macos.parse_ifconfig, macos.parse_hardware_ports, macos.parse_routes, macos.parse_arp)
    for parse in (*parsers, macos.parse_ndp, macos.parse_dns, macos.parse_vpn_services):
        parse(text)
        parse("Internet:\nDestination Gateway Flags Netif Expire\nen0: flags=1<UP> mtu " + text)
