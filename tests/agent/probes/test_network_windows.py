"""The network probe on Windows: adapters, routes, neighbours, radios. Types: ipifcons.h and ifdef.h."""

from typing import Any

import pytest

from farmwatch_agent.host import NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.windows.network import IpNeighbour, IpRoute, NetworkAdapter
from farmwatch_agent.host.windows.wlan import WlanInterface
from farmwatch_agent.probes.network import windows as network
from farmwatch_agent.probes.network.windows import Driver, bus_of, kind_of
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Radio, Route

from ..windows_host import WindowsFake

WIFI, VPN, LOOP = "{AAAA0001-0000-0000-0000-000000000001}", "{AAAA0002-0000-0000-0000-000000000002}", "{LOOP}"
ADAPTERS = [
    NetworkAdapter(index=12, index6=12, guid=WIFI, name="WLAN", description="Example Wi-Fi 6 AX200", type=71, up=True,
                   mac="00:00:5e:00:53:02", mtu=1500, hardware=True, connector=True, metric4=35, metric6=45,
                   servers=("192.168.1.1", "fec0:0:0:ffff::1")),
    NetworkAdapter(index=31, guid=VPN, name="Ethernet 2", description="TAP-Windows Adapter V9 #2", type=6, up=True,
                   mac="00:ff:9b:6c:10:19", mtu=1500, hardware=False, metric4=3, servers=("10.8.0.1",)),
    NetworkAdapter(index=1, index6=1, guid=LOOP, name="Loopback Pseudo-Interface 1",
                   description="Software Loopback Interface 1", type=24, up=True, hardware=False),
]  # fmt: skip
ROUTES = [
    IpRoute(index=12, family="ipv4", destination="0.0.0.0/0", gateway="192.168.1.1", metric=0),
    IpRoute(index=31, family="ipv4", destination="0.0.0.0/1", gateway="10.8.0.5", metric=3),
    IpRoute(index=31, family="ipv4", destination="128.0.0.0/1", gateway="10.8.0.5", metric=3),
    IpRoute(index=12, family="ipv4", destination="192.168.1.0/24", metric=256),
]
NEIGHBOURS = [
    IpNeighbour(index=12, address="192.168.1.1", mac="00:00:5e:00:53:01", state=5),
    IpNeighbour(index=12, address="192.168.1.7", mac="00:00:5e:00:53:07", state=4),
    IpNeighbour(index=12, address="192.168.1.8", mac="02:00:5e:00:53:08", state=4),
    IpNeighbour(index=12, address="224.0.0.22", mac="01:00:5e:00:00:16", state=6),
    IpNeighbour(index=12, address="192.168.1.255", mac="ff:ff:ff:ff:ff:ff", state=6),
]
CLASS = {
    "0001": {"NetCfgInstanceId": WIFI.lower(), "ComponentId": r"pci\ven_8086&dev_2723"},
    "0007": {"NetCfgInstanceId": VPN, "ComponentId": r"root\tap0901", "MatchingDeviceId": r"root\tap0901"},
    "0008": {"NetCfgInstanceId": 7, "ComponentId": "broken"},
    "Properties": {"problem": "not_permitted"},
}


def laptop(**rows: Any) -> WindowsFake:
    answers: dict[str, Any] = {
        "windows_network_adapter": ADAPTERS,
        "windows_ip_route": ROUTES,
        "windows_ip_neighbour": NEIGHBOURS,
        "windows_wlan_interface radios": [WlanInterface(guid=WIFI, radio="on")],
    }
    return WindowsFake(
        rows={**answers, **rows},
        keys={network.AIRPLANE: {"": 0}, network.LOCATION: {"Value": "Deny"}},
        branches={network.CLASS: CLASS},
    )


def test_a_laptop_with_a_split_tunnel_is_told() -> None:
    found = list(network.collect(laptop()))  # type: ignore[arg-type]
    assert found == [
        NetworkInterface(name="WLAN", kind="wifi", driver="Example Wi-Fi 6 AX200", mtu=1500, bus="pci", up=True,
                         address=unkeyed("mac", "00:00:5e:00:53:02")),
        NetworkInterface(name="Ethernet 2", kind="tunnel", driver="TAP-Windows Adapter V9", mtu=1500, bus="virtual",
                         up=True, address=unkeyed("mac", "00:ff:9b:6c:10:19")),
        NetworkInterface(name="Loopback Pseudo-Interface 1", kind="loopback", driver="Software Loopback Interface 1",
                         bus="virtual", up=True),
        Gateway(family="ipv4", interface="WLAN", address=unkeyed("address", "192.168.1.1"),
                mac=unkeyed("mac", "00:00:5e:00:53:01"), metric=35, sources=("routes",)),
        Route(destination="0.0.0.0/1", interface="Ethernet 2"),
        Route(destination="128.0.0.0/1", interface="Ethernet 2"),
        NameServer(address=unkeyed("address", "192.168.1.1")),
        NameServer(address=unkeyed("address", "10.8.0.1")),
        Neighbours(interface="WLAN", oui="", count="1"),
        Neighbours(interface="WLAN", oui="00005e", count="2-4"),
        Radio(kind="airplane_mode", state="off"),
        Radio(kind="wifi", state="on"),
        Radio(kind="location", state="off"),
    ]  # fmt: skip


def test_no_adapter_at_all_is_no_evidence_of_nothing() -> None:
    with pytest.raises(NotSupported):
        list(network.collect(laptop(windows_network_adapter=[])))  # type: ignore[arg-type]


def test_what_is_refused_is_a_gap_and_the_rest_goes_out() -> None:
    host = WindowsFake(
        rows={
            "windows_network_adapter": ADAPTERS,
            "windows_ip_route": NotPermitted("no"),
            "windows_ip_neighbour": SourceBroken("?"),
            "windows_wlan_interface radios": NotSupported("no Wi-Fi service"),
        },
        keys={network.AIRPLANE: NotPermitted("no")},
    )
    found = list(network.collect(host))  # type: ignore[arg-type]
    assert [it.kind for it in found if isinstance(it, NetworkInterface)] == ["wifi", "tunnel", "loopback"]
    assert [(it.what, it.outcome) for it in found if isinstance(it, Gap)] == [
        ("drivers of network adapters", "broken"),
        ("routes", "not_permitted"),
        ("neighbours", "broken"),
        ("airplane mode", "not_permitted"),
        ("Wi-Fi radio", "not_supported"),
        ("location service", "not_supported"),
    ]


def test_a_registry_value_of_another_type_is_a_gap() -> None:
    host = laptop()
    broken = WindowsFake(rows=host._rows, keys={network.AIRPLANE: {"": "yes"}})
    gaps = [it for it in network.collect(broken) if isinstance(it, Gap)]  # type: ignore[arg-type]
    assert Gap(what="airplane mode", outcome="broken") in gaps


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ({network.LOCATION_POLICY: {"DisableLocation": 1}, network.LOCATION: {"Value": "Allow"}}, "blocked"),
        ({network.LOCATION_SERVICE: {"Start": 4}, network.LOCATION: {"Value": "Allow"}}, "blocked"),
        ({network.LOCATION_SERVICE: {"Start": 3}, network.LOCATION: {"Value": "Allow"}}, "on"),
        ({network.LOCATION: {"Value": "Deny"}}, "off"),
    ],
)
def test_the_location_service_is_on_off_or_blocked(keys: dict[str, Any], state: str) -> None:
    host = WindowsFake(rows={"windows_network_adapter": ADAPTERS}, keys=keys)
    assert Radio(kind="location", state=state) in list(network.collect(host))  # type: ignore[arg-type]


def test_a_vpn_connection_of_the_system_keeps_the_name_that_somebody_gave_it() -> None:
    ppp = NetworkAdapter(index=40, guid="{P}", name="Ann's office", description="Ann's office", type=23, up=True)
    routes = [IpRoute(index=40, family="ipv4", destination="0.0.0.0/0", metric=1)]
    host = laptop(windows_network_adapter=[*ADAPTERS, ppp], windows_ip_route=routes)
    found = list(network.collect(host))  # type: ignore[arg-type]
    assert NetworkInterface(name="ppp", kind="tunnel", driver="WAN Miniport", up=True) in found
    assert Gateway(family="ipv4", interface="ppp", metric=1, sources=("routes",)) in found
    assert "Ann" not in str(found)


@pytest.mark.parametrize(
    ("adapter", "driver", "kind"),
    [
        (NetworkAdapter(type=53, description="WireGuard Tunnel"), None, "tunnel"),
        (NetworkAdapter(type=53, description="Wintun Userspace Tunnel"), None, "tunnel"),
        (NetworkAdapter(type=131, tunnel=15, description="Microsoft IP-HTTPS Platform Adapter"), None, "tunnel"),
        (NetworkAdapter(type=131, tunnel=14, description="Microsoft Teredo Tunneling Adapter"), None, "other"),
        (NetworkAdapter(type=6, hardware=False, description="PANGP Virtual Ethernet Adapter Secure"), None, "tunnel"),
        (NetworkAdapter(type=6, hardware=False, description="ZeroTier Virtual Port"), None, "tunnel"),
        (NetworkAdapter(type=6, description="Check Point Virtual Network Adapter For Endpoint VPN Client"),
         Driver("vna_ap", "virtual"), "tunnel"),
        (NetworkAdapter(type=6, hardware=False, description="VMware Virtual Ethernet Adapter"), None, "virtual"),
        (NetworkAdapter(type=6, hardware=False, description="Hyper-V Virtual Ethernet Adapter"), None, "virtual"),
        (NetworkAdapter(type=6, hardware=True, description="Realtek USB GbE Family Controller"), None, "ethernet"),
        (NetworkAdapter(type=6, hardware=True, description="Bluetooth Device (Personal Area Network)"),
         Driver(r"bth\ms_bthpan", ""), "other"),
        (NetworkAdapter(type=6, description="TAP-Windows Adapter V9"), None, "tunnel"),
        (NetworkAdapter(type=6, description="Example GbE"), None, "ethernet"),
        (NetworkAdapter(type=6, hardware=True, description="Example VPN GbE"), Driver("pci\\ven_1", "pci"), "ethernet"),
        (NetworkAdapter(type=243, hardware=True, description="Example LTE"), None, "mobile"),
        (NetworkAdapter(type=999), None, "other"),
    ],
)  # fmt: skip
def test_an_adapter_is_of_the_kind_that_its_type_and_driver_say(
    adapter: NetworkAdapter, driver: Driver | None, kind: str
) -> None:
    assert kind_of(adapter, driver) == kind


@pytest.mark.parametrize(
    ("path", "bus"),
    [(r"USB\VID_0BDA&PID_8153\0", "usb"), (r"pci\ven_8086", "pci"), (r"ROOT\NET\0000", "virtual"),
     (r"SWD\WINTUN\{1}", "virtual"), (r"vmbus\{f8615163-df3e-46c5-913f-f2d2f965ed0e}", "virtual"),
     (r"bth\ms_bthpan", ""), ("tap0901", ""), ("", "")],
)  # fmt: skip
def test_the_bus_is_the_first_part_of_an_id(path: str, bus: str) -> None:
    assert bus_of(path) == bus


def test_airplane_mode_is_not_told_where_the_key_is_missing() -> None:
    found = list(network.collect(WindowsFake(rows={"windows_network_adapter": ADAPTERS})))  # type: ignore[arg-type]
    assert not [it for it in found if isinstance(it, Radio)]
    assert not any("airplane" in it.what for it in found if isinstance(it, Gap))
