"""The network probe on Linux, on trees as Documentation/ABI/testing/sysfs-class-net and proc(5) describe them."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.network import linux as network
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Route

from ..linux_tree import Tree, keyed, look, section

ROUTE_HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ARP_HEADING = "IP address       HW type     Flags       HW address            Mask     Device\n"


def interface(tree: Tree, name: str, number: str = "1", device: str = "", **files: str) -> None:
    folder = f"/sys/devices/{device or 'virtual'}/net/{name}"
    written = {"type": number, "mtu": "1500", "operstate": "up", "flags": "0x1003", "address": "00:1b:21:aa:bb:01",
               "uevent": f"INTERFACE={name}\nIFINDEX=2"} | files  # fmt: skip
    for file, text in written.items():
        tree.file(f"{folder}/{file}", text + "\n")
    if device:
        tree.link(f"{folder}/device", f"/sys/devices/{device}")
    tree.link(f"/sys/class/net/{name}", f"/sys/devices/{device or 'virtual'}/net/{name}")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    interface(tree, "lo", "772", address="00:00:00:00:00:00", operstate="unknown", mtu="65536")
    return tree


def test_interfaces_are_told_by_kind_driver_and_bus(tree: Tree) -> None:
    for device, driver, bus in (("pci0/0000:00:1f.6", "e1000e", "pci"), ("usb1/1-2/1-2:1.0", "r8152", "usb"),
                                ("pci0/0000:00:14.3", "iwlwifi", "pci")):  # fmt: skip
        tree.link(f"/sys/devices/{device}/driver", f"../../bus/x/drivers/{driver}")
        tree.link(f"/sys/devices/{device}/subsystem", f"../../bus/{bus}")
    interface(tree, "enp0s31f6", device="pci0/0000:00:1f.6")
    interface(tree, "enx001b21aabb02", device="usb1/1-2/1-2:1.0", operstate="down")
    interface(tree, "wlp0s20f3", device="pci0/0000:00:14.3", uevent="DEVTYPE=wlan\nINTERFACE=wlp0s20f3")
    interface(tree, "wg0", "65534", address="", operstate="unknown", flags="0x10d1", uevent="DEVTYPE=wireguard")
    interface(tree, "tun0", "65534", address="", operstate="unknown", tun_flags="0x1001")
    interface(tree, "tap0", "1", tun_flags="0x1002")
    interface(tree, "docker0", uevent="DEVTYPE=bridge", operstate="down")
    interface(tree, "veth1a2b")
    interface(tree, "wwan0", "519", device="")
    tree.file("/sys/class/net/bonding_masters", "bond0\n")
    seen = {item.name: item for item in look(tree.host(), "network") if isinstance(item, NetworkInterface)}
    assert {name: (item.kind, item.driver, item.bus, item.up) for name, item in seen.items()} == {
        "lo": ("loopback", "", "virtual", True),
        "enp0s31f6": ("ethernet", "e1000e", "pci", True),
        "enx001b21*": ("ethernet", "r8152", "usb", False),
        "wlp0s20f3": ("wifi", "iwlwifi", "pci", True),
        "wg0": ("tunnel", "", "virtual", True),
        "tun0": ("tunnel", "", "virtual", True),
        "tap0": ("tunnel", "", "virtual", True),
        "docker0": ("bridge", "", "virtual", False),
        "veth1a2b": ("virtual", "", "virtual", True),
        "wwan0": ("mobile", "", "virtual", True),
    }
    assert seen["enp0s31f6"].address == keyed("mac", "00:1b:21:aa:bb:01")
    assert seen["enp0s31f6"].address is not None
    assert seen["enp0s31f6"].address.oui == "001b21"
    assert seen["lo"].address is None


def test_a_default_route_comes_with_its_gateways_mac(tree: Tree) -> None:
    tree.file("/proc/net/route", ROUTE_HEADING
              + "wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
              + "wlan0\t000200C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n")  # fmt: skip
    tree.file("/proc/net/arp", ARP_HEADING
              + "192.0.2.1        0x1         0x2         94:83:c4:00:11:22     *        wlan0\n"
              + "192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        wlan0\n")  # fmt: skip
    seen = look(tree.host(), "network")
    assert [item for item in seen if isinstance(item, Gateway)] == [
        Gateway(
            family="ipv4",
            interface="wlan0",
            address=keyed("address", "192.0.2.1"),
            mac=keyed("mac", "94:83:c4:00:11:22"),
            metric=600,
        )
    ]
    assert [item for item in seen if isinstance(item, Neighbours)] == [
        Neighbours(interface="wlan0", oui="9483c4", count="1")
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("enx001b21aabb02", "enx001b21*"),
        ("wlx001b21aabb02", "wlx001b21*"),
        ("enx0a1b21aabb02", "enx*"),  # made up by software, so nobody's maker: bit 1 of the first byte
        ("enp0s31f6", "enp0s31f6"),
        ("enx001b21", "enx001b21"),
    ],
)
def test_a_hardware_address_in_a_name_does_not_travel(name: str, told: str) -> None:
    assert network.told_name(name) == told


def test_an_adapters_address_is_nowhere_in_the_section_and_its_parts_still_agree(tree: Tree) -> None:
    interface(tree, "enx001b21aabb02", device="usb1/1-2/1-2:1.0", address="00:1b:21:aa:bb:02")
    header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    tree.file("/proc/net/route", f"{header}enx001b21aabb02\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n")
    written = msgspec.json.encode(section(tree.host(), "network"))
    assert b"aabb02" not in written
    assert written.count(b"enx001b21*") == 2


def test_two_halves_of_all_addresses_in_a_tunnel_are_told(tree: Tree) -> None:
    tree.file("/proc/net/route", ROUTE_HEADING
              + "tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
              + "tun0\t00000080\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n")  # fmt: skip
    tree.file(
        "/proc/net/ipv6_route",
        f"{'2' + '0' * 31} 03 {'0' * 32} 00 {'0' * 32} 00000400 00000001 00000000 00000001 tun0\n",
    )
    assert {(item.destination, item.interface) for item in look(tree.host(), "network") if isinstance(item, Route)} == {
        ("0.0.0.0/1", "tun0"),
        ("128.0.0.0/1", "tun0"),
        ("2000::/3", "tun0"),
    }


def test_an_ipv6_gateway_has_no_mac_and_the_neighbours_are_a_gap(tree: Tree) -> None:
    hop = "fe80000000000000021b21fffeaabb01"
    tree.file("/proc/net/ipv6_route",
              f"{'0' * 32} 00 {'0' * 32} 00 {hop} 00000400 00000002 00000000 00000003    wlan0\n"
              f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n")  # fmt: skip
    tree.file("/proc/net/if_inet6", "fe80000000000000021b21fffeaabb02 02 40 20 80    wlan0\n")
    seen = look(tree.host(), "network")
    assert [item for item in seen if isinstance(item, Gateway)] == [
        Gateway(family="ipv6", interface="wlan0", address=keyed("address", "fe80::21b:21ff:feaa:bb01"), metric=1024)
    ]
    assert Gap(what="IPv6 neighbours", outcome="not_supported") in seen


def test_a_tunnel_that_is_up_leaves_policy_routing_unseen(tree: Tree) -> None:
    interface(tree, "wg0", "65534", address="", operstate="unknown", uevent="DEVTYPE=wireguard")
    assert any(isinstance(item, Gap) and "policy routing" in item.what for item in look(tree.host(), "network"))


def test_the_resolvers_own_list_wins_over_the_stub(tree: Tree) -> None:
    tree.file("/etc/resolv.conf", "nameserver 127.0.0.53\n")
    tree.file(
        "/run/systemd/resolve/resolv.conf", "# made by systemd\nnameserver 192.0.2.53\nnameserver fe80::1%wlan0\n"
    )
    servers = {item.address for item in look(tree.host(), "network") if isinstance(item, NameServer)}
    assert servers == {keyed("address", "192.0.2.53"), keyed("address", "fe80::1")}


def test_without_any_network_folder_nothing_is_claimed(tmp_path: Path) -> None:
    made = section(Tree(tmp_path).host(), "network")
    assert made.outcome == "not_supported"


def test_a_closed_network_folder_is_not_permitted(tree: Tree) -> None:
    tree.folder("/sys/class/net", 0o700)
    assert section(tree.host(euid=1000), "network").outcome == "not_permitted"


def test_malformed_tables_cost_their_own_lines_only(tree: Tree) -> None:
    tree.file(
        "/proc/net/route", ROUTE_HEADING + "wlan0\tzz\n\x00\xff\nwlan0\t00000000\tGG\t0003\t0\t0\tx\t0\t0\t0\t0\n"
    )
    tree.file(
        "/proc/net/arp", ARP_HEADING + "192.0.2.1 0x1 zz 94:83:c4:00:11:22 * wlan0\n192.0.2.2 0x1 0x2 nonsense * w\n"
    )
    assert [type(item) for item in look(tree.host(), "network")] == [NetworkInterface]


@given(st.text(alphabet="0123456789abcdefABCDEFx:.*\t \nlowan", max_size=500))
def test_hostile_text_makes_no_error(text: str) -> None:
    network.parse_route(ROUTE_HEADING + text)
    network.parse_ipv6_route(text)
    neighbours = network.parse_arp(ARP_HEADING + text)
    list(network.count_makers(neighbours))
    network.parse_resolv_conf(text)
    network.parse_uevent(text)
