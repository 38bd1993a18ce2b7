"""The network probe on Linux, on trees as Documentation/ABI/testing/sysfs-class-net and proc(5) describe them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, NotSupported
from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.linux.rtnetlink import FarRoute, NeighbourEntry, PolicyRule
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.host.row import Row
from farmwatch_agent.probes.network import linux as network
from farmwatch_agent.probes.network import rules
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Radio, Route

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
            sources=("routes",),
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


def test_in_a_tree_an_ipv6_gateway_has_no_mac_and_the_neighbours_are_a_gap(tree: Tree) -> None:
    hop = "fe80000000000000021b21fffeaabb01"
    tree.file("/proc/net/ipv6_route",
              f"{'0' * 32} 00 {'0' * 32} 00 {hop} 00000400 00000002 00000000 00000003    wlan0\n"
              f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n")  # fmt: skip
    tree.file("/proc/net/if_inet6", "fe80000000000000021b21fffeaabb02 02 40 20 80    wlan0\n")
    seen = look(tree.host(), "network")
    assert [item for item in seen if isinstance(item, Gateway)] == [
        Gateway(
            family="ipv6",
            interface="wlan0",
            address=keyed("address", "fe80::21b:21ff:feaa:bb01"),
            metric=1024,
            sources=("routes",),
        )
    ]
    assert Gap(what="IPv6 neighbours", outcome="not_supported") in seen


def test_in_a_tree_a_tunnel_that_is_up_leaves_policy_routing_unseen(tree: Tree) -> None:
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


def packed(rows: Sequence[Row]) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(row)) for row in rows]


def rules_of(text: str) -> list[PolicyRule]:
    """Returns rules as `ip rule` prints them, in the few forms that these tests need."""
    found: list[PolicyRule] = []
    for line in text.strip().split("\n"):
        number, _, rest = line.strip().partition(":")
        words = rest.split()
        table = words[words.index("lookup") + 1] if "lookup" in words else "0"
        mark, _, mask = words[words.index("fwmark") + 1].partition("/") if "fwmark" in words else ("0", "", "0")
        found.append(
            PolicyRule(
                priority=int(number),
                action="unreachable" if "unreachable" in words else "table",
                lookup={"local": 255, "main": 254, "default": 253}.get(table) or int(table),
                mark=int(mark, 0),
                mask=int(mask, 0) if mask else 0xFFFFFFFF,
                inverted="not" in words,
                shortest=0 if "suppress_prefixlength" in words else -1,
                selects=("user",) if "uidrange" in words else (),
            )
        )
    return found


MAIN_DEFAULT = FarRoute(lookup=254, destination="0.0.0.0/0", kind="unicast", interface="wlan0", gateway="192.0.2.1")


def test_wg_quicks_table_is_where_everything_goes() -> None:
    # wg-quick(8) for AllowedIPs = 0.0.0.0/0, as `ip rule` shows it.
    seen = rules_of(
        """0: from all lookup local
        32764: from all lookup main suppress_prefixlength 0
        32765: not from all fwmark 0xca6c lookup 51820
        32766: from all lookup main
        32767: from all lookup default"""
    )
    own = FarRoute(lookup=51820, destination="0.0.0.0/0", kind="unicast", interface="wg0")
    assert rules.judge(seen, [MAIN_DEFAULT, own], {"wg0"}) == ([("default", "wg0")], False)


TAILSCALE = """0: from all lookup local
    5210: from all fwmark 0x80000/0xff0000 lookup main
    5230: from all fwmark 0x80000/0xff0000 lookup default
    5250: from all fwmark 0x80000/0xff0000 unreachable
    5270: from all lookup 52
    32766: from all lookup main"""


def test_tailscale_takes_everything_only_with_an_exit_node() -> None:
    # wgengine/router/router_linux.go: these rules stand with and without an exit node; table 52 tells the two apart.
    exit_node = FarRoute(lookup=52, destination="0.0.0.0/0", kind="unicast", interface="tailscale0")
    assert rules.judge(rules_of(TAILSCALE), [MAIN_DEFAULT], {"tailscale0"}) == ([], False)
    assert rules.judge(rules_of(TAILSCALE), [MAIN_DEFAULT, exit_node], {"tailscale0"}) == (
        [("default", "tailscale0")],
        False,
    )


def test_a_table_behind_the_main_one_is_never_reached_and_two_halves_before_it_are() -> None:
    behind = rules_of("0: from all lookup local\n32766: from all lookup main\n32800: from all lookup 7")
    own = FarRoute(lookup=7, destination="0.0.0.0/0", kind="unicast", interface="tun0")
    assert rules.judge(behind, [MAIN_DEFAULT, own], {"tun0"}) == ([], False)
    halves = [
        FarRoute(lookup=7, destination=f"{part}.0.0.0/1", length=1, kind="unicast", interface="tun0")
        for part in (0, 128)
    ]
    before = rules_of("100: from all lookup 7\n32766: from all lookup main")
    assert rules.judge(before, [MAIN_DEFAULT, *halves], {"tun0"})[0] == [("0.0.0.0/1", "tun0"), ("128.0.0.0/1", "tun0")]


def test_rules_for_some_users_or_marks_leave_open_how_much_goes_into_the_tunnel() -> None:
    own = FarRoute(lookup=7, destination="0.0.0.0/0", kind="unicast", interface="tun0")
    for rule in ("100: from all uidrange 1000-1000 lookup 7", "100: from all fwmark 0x7 lookup 7"):
        seen = rules_of(f"{rule}\n32766: from all lookup main")
        assert rules.judge(seen, [MAIN_DEFAULT, own], {"tun0"}) == ([], True)
        assert rules.judge(seen, [MAIN_DEFAULT, own], set()) == ([], False)


@pytest.mark.parametrize(
    ("families", "problem", "gaps"),
    [
        (("ipv6",), NotSupported("policy rules"), []),  # a kernel without IPv6
        (("ipv6",), NotPermitted("policy rules"), [Gap(what=rules.UNSEEN, outcome="not_permitted")]),
        (("ipv4", "ipv6"), NotSupported("a file tree"), [Gap(what=rules.UNSEEN, outcome="not_supported")]),
    ],
)
def test_rules_that_do_not_answer_are_a_gap_unless_there_can_be_none(
    tree: Tree, families: tuple[str, ...], problem: HostError, gaps: list[Gap]
) -> None:
    class Answering(RootHost):
        def rows(self, kind: type[Any], of: str = "") -> list[Any]:
            if of in families:
                raise problem
            return []

    assert list(rules.collect(Answering(str(tree.root)), {"tun0"})) == gaps


def test_the_neighbour_table_gives_an_ipv6_gateway_its_mac_and_a_tunnel_its_rules() -> None:
    files = {
        "/sys/class/net/wg0/type": "65534", "/sys/class/net/wg0/uevent": "DEVTYPE=wireguard",
        "/sys/class/net/wg0/operstate": "unknown", "/sys/class/net/wg0/flags": "0x10d1",
        "/proc/net/ipv6_route": f"{'0' * 32} 00 {'0' * 32} 00 fe80000000000000021b21fffeaabb01 400 2 0 3 wlan0\n",
        "/proc/net/if_inet6": "fe80000000000000021b21fffeaabb02 02 40 20 80    wlan0\n",
        "/proc/net/route": "", "/proc/net/arp": "", "/etc/resolv.conf": "", "/run/systemd/resolve/resolv.conf": "",
    }  # fmt: skip
    own = FarRoute(lookup=51820, destination="0.0.0.0/0", kind="unicast", interface="wg0")
    answers: dict[str, Sequence[Row]] = {
        "linux_neighbour ipv6": [
            NeighbourEntry(address="fe80::21b:21ff:feaa:bb01", mac="94:83:c4:00:11:22", interface="wlan0")
        ],
        "linux_policy_rule ipv4": [PolicyRule(priority=100, action="table", lookup=51820)],
        "linux_far_route ipv4": [own],
        "linux_policy_rule ipv6": [],
        "linux_far_route ipv6": [],
    }
    capture = Capture(
        format="farmwatch-capture", version=1, agent="test", platform="linux", pseudonymised=True, now=1.0, uptime=1.0,
        euid=0, read={path: Answer(text=text) for path, text in files.items()},
        names={"/sys/class/net": Answer(names=["wg0"]), "/sys/class/net/wg0": Answer(names=["type", "uevent"]),
               "/sys/class/rfkill": Answer(error="missing")},
        rows={key: Answer(rows=packed(told)) for key, told in answers.items()},
    )  # fmt: skip
    seen = look(ReplayingHost(capture), "network")
    [gateway] = [item for item in seen if isinstance(item, Gateway)]
    assert gateway.mac == keyed("mac", "94:83:c4:00:11:22")
    assert Neighbours(interface="wlan0", oui="9483c4", count="1") in seen
    assert Route(destination="default", interface="wg0") in seen
    assert not [item for item in seen if isinstance(item, Gap)]


def test_radios_are_told_with_their_switches(tree: Tree) -> None:
    # What `rfkill list` of a ThinkPad shows: the maker's switch and the card's own for Bluetooth, one for the rest.
    for number, (kind, soft, hard) in enumerate(
        [("bluetooth", "1", "0"), ("bluetooth", "0", "0"), ("wlan", "0", "1"), ("wwan", "1", "0"), ("nfc", "0", "0")]
    ):
        for file, text in (("type", kind), ("soft", soft), ("hard", hard)):
            tree.file(f"/sys/class/rfkill/rfkill{number}/{file}", text + "\n")
    assert {item for item in look(tree.host(), "network") if isinstance(item, Radio)} == {
        Radio(kind="bluetooth", state="on"),
        Radio(kind="wifi", state="blocked"),
        Radio(kind="mobile", state="off"),
    }


def test_a_radio_without_a_switch_in_the_kernel_is_a_gap(tree: Tree) -> None:
    interface(tree, "wlan0", uevent="DEVTYPE=wlan")
    assert Gap(what="switches of radios", outcome="not_supported") in look(tree.host(), "network")
    tree.folder("/sys/class/rfkill", 0o700)
    assert Gap(what="switches of radios", outcome="not_permitted") in look(tree.host(euid=1000), "network")


def test_an_interface_or_a_switch_that_may_not_be_read_is_a_gap(tree: Tree) -> None:
    interface(tree, "wlan0", uevent="DEVTYPE=wlan")
    interface(tree, "tun0", uevent="")
    tree.file("/sys/devices/virtual/net/tun0/type", "65534\n", 0o600)
    tree.file("/sys/class/rfkill/rfkill0/type", "wlan\n", 0o600)
    seen = look(tree.host(euid=1000), "network")
    assert Gap(what="network interfaces", outcome="not_permitted", count="1") in seen
    assert Gap(what="switches of some radios", outcome="not_permitted") in seen
    assert {item.name for item in seen if isinstance(item, NetworkInterface)} >= {"wlan0"}
