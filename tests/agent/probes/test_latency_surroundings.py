"""Power and network before a round, on each system: what stands against measuring, and what nobody can tell."""

from pathlib import Path
from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, NotSupported
from farmwatch_agent.host.macos.network_marks import NetworkMarks
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.host.windows.network import IpRoute, NetworkAdapter
from farmwatch_agent.host.windows.network_cost import NetworkCost
from farmwatch_agent.host.windows.power import PowerStatus
from farmwatch_agent.probes.latency import linux, macos, windows

from ..linux_tree import Tree
from ..mac_host import ReplayedMac
from ..windows_host import WindowsFake

ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "wlp2s0\t00000000\t{gateway}\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
)
HOME, IPHONE, ANDROID = "0101A8C0", "010A14AC", "012BA8C0"


def laptop(tmp_path: Path, *, gateway: str = HOME, status: str = "Discharging", **files: str) -> Host:
    """Returns a laptop on Wi-Fi and battery."""
    tree = Tree(tmp_path)
    tree.file("/proc/net/route", ROUTES.format(gateway=gateway))
    for name, text in (("type", "1\n"), ("uevent", "DEVTYPE=wlan\nINTERFACE=wlp2s0\n"), ("ifindex", "3\n")):
        tree.file(f"/sys/class/net/wlp2s0/{name}", text)
    tree.file(
        "/sys/class/power_supply/BAT0/uevent",
        f"POWER_SUPPLY_TYPE=Battery\nPOWER_SUPPLY_PRESENT=1\nPOWER_SUPPLY_STATUS={status}\nPOWER_SUPPLY_CAPACITY=60\n",
    )
    for path, text in files.items():
        tree.file(path, text)
    return RootHost(str(tmp_path))


def test_a_laptop_on_its_battery_at_home_is_measured(tmp_path: Path) -> None:
    found = linux.surroundings(laptop(tmp_path))
    assert (found.skip, found.gateway, found.access_of("wlp2s0")) == ("", "192.168.1.1", "wifi")
    assert found.access_of("gone0") == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (linux.PLATFORM_PROFILE, "low-power\n"),
        (linux.PROFILES_STATE, "[State]\nCpuDriver=intel_pstate\nProfile=power-saver\n"),
        (linux.TUNED_PROFILE, "powersave\n"),
    ],
)
def test_a_battery_that_is_saved_is_left_alone_and_on_mains_it_is_no_matter(
    tmp_path: Path, path: str, text: str
) -> None:
    assert linux.surroundings(laptop(tmp_path, **{path: text})).skip == "battery_saver"
    assert linux.surroundings(laptop(tmp_path, status="Charging", **{path: text})).skip == ""


def test_a_balanced_battery_is_not_saved(tmp_path: Path) -> None:
    files = {linux.PLATFORM_PROFILE: "balanced\n", linux.PROFILES_STATE: "[State]\nProfile=balanced\n"}
    assert linux.surroundings(laptop(tmp_path, **files)).skip == ""


@pytest.mark.parametrize("gateway", [IPHONE, ANDROID])
def test_a_phones_hotspot_is_metered(tmp_path: Path, gateway: str) -> None:
    assert linux.surroundings(laptop(tmp_path, gateway=gateway)).skip == "metered"


@pytest.mark.parametrize("driver", ["rndis_host", "ipheth", "cdc_mbim"])
def test_a_phone_on_usb_is_metered(tmp_path: Path, driver: str) -> None:
    host = laptop(tmp_path)
    folder = tmp_path / "sys/class/net/wlp2s0/device"
    folder.mkdir()
    (folder / "driver").symlink_to(f"../../../../bus/usb/drivers/{driver}")
    assert linux.surroundings(host).skip == "metered"


def test_a_modem_is_metered(tmp_path: Path) -> None:
    host = laptop(tmp_path)
    (tmp_path / "sys/class/net/wlp2s0/uevent").write_text("DEVTYPE=wwan\n")
    assert linux.surroundings(host).skip == "metered"


def test_a_connection_that_somebody_marked_is_metered_where_its_profile_can_be_read(tmp_path: Path) -> None:
    profile = "[connection]\nid=Hotel\nuuid=0aa1\ntype=wifi\nmetered=1\n\n[wifi]\nssid=x\n"
    files = {f"{linux.NM_DEVICES}/3": "[device]\nmanaged=true\nconnection-uuid=0aa1\n",
             f"{linux.CONNECTIONS}/Hotel.nmconnection": profile}  # fmt: skip
    host = laptop(tmp_path, **files)
    assert linux.surroundings(host).skip == "metered"
    (tmp_path / "etc/NetworkManager/system-connections/Hotel.nmconnection").chmod(0o600)
    other = RootHost(str(tmp_path), euid=1000)
    assert linux.surroundings(other).skip == "", "what root alone may read, the sender cannot know"
    assert not linux.parse_metered("[wifi]\nmetered=1\n")
    assert not linux.parse_metered("[connection]\nmetered=2\n")


def test_without_files_nothing_stands_against_it(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    found = linux.surroundings(RootHost(str(tmp_path)))
    assert (found.skip, found.gateway) == ("", "")


# pmset -g as in actuallymentor/battery issue 152 and AlDente issue 603, -g batt as in pmset(1).
SETTINGS = "System-wide power settings:\nCurrently in use:\n standby              1\n {word}         {value}\n womp 1\n"
ON_BATTERY = b"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t61%; discharging; 4:02 remaining\n"
ON_MAINS = b"Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t61%; charging; 1:02 remaining\n"
MAC_ROUTES = (
    "Routing tables\n\nInternet:\nDestination        Gateway            Flags               Netif Expire\n"
    "default            {gateway}        UGScg                 en0\n"
)
PORTS = b"\nHardware Port: Wi-Fi\nDevice: en0\nEthernet Address: 00:00:00:00:00:00\n"


def mac(settings: str = "", source: bytes = ON_BATTERY, gateway: str = "192.168.1.1", **marks: bool) -> Host:
    return cast("Host", ReplayedMac(
        commands={"power_settings": settings.encode(), "power_source": source, "hardware_ports": PORTS,
                  "routes": MAC_ROUTES.format(gateway=gateway).encode()},
        tables={"macos_network_marks en0": [NetworkMarks(**marks)]},
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("word", "value", "skip"),
    [("lowpowermode", 1, "battery_saver"), ("powermode", 1, "battery_saver"), ("lowpowermode", 0, ""),
     ("powermode", 2, ""), ("powermode", 0, "")],
)  # fmt: skip
def test_a_mac_tells_low_power_mode_by_either_word(word: str, value: int, skip: str) -> None:
    settings = SETTINGS.format(word=word, value=value)
    assert macos.surroundings(mac(settings)).skip == skip
    assert macos.surroundings(mac(settings, ON_MAINS)).skip == ""


def test_a_mac_tells_an_expensive_network() -> None:
    found = macos.surroundings(mac())
    assert (found.skip, found.gateway, found.access_of("en0"), found.access_of("utun4")) == (
        "", "192.168.1.1", "wifi", "tunnel",
    )  # fmt: skip
    assert macos.surroundings(mac(expensive=True)).skip == "metered"
    assert macos.surroundings(mac(constrained=True)).skip == "metered"
    assert macos.surroundings(mac(gateway="172.20.10.1")).skip == "metered"


def test_a_mac_that_tells_nothing_is_measured() -> None:
    found = macos.surroundings(cast("Host", ReplayedMac()))
    assert (found.skip, found.gateway) == ("", "")


WIFI = NetworkAdapter(index=7, guid="{A}", name="Wi-Fi", type=71, up=True, hardware=True, metric4=35)
MODEM = NetworkAdapter(index=9, guid="{B}", name="Cellular", type=243, up=True, hardware=True, metric4=20)


def default(index: int, gateway: str) -> IpRoute:
    return IpRoute(index=index, gateway=gateway, family="ipv4", destination="0.0.0.0/0")


def pc(**rows: Any) -> Host:
    return cast("Host", WindowsFake({
        "windows_network_adapter": [WIFI, MODEM],
        "windows_ip_route": [default(7, "192.168.1.1")],
        "windows_power": [PowerStatus(ac=0, flag=8)],
        "windows_network_cost": [NetworkCost(cost=1)],
        **rows,
    }))  # fmt: skip


def test_windows_at_home_is_measured() -> None:
    found = windows.surroundings(pc())
    assert (found.skip, found.gateway, found.access_of("Wi-Fi")) == ("", "192.168.1.1", "wifi")


def test_windows_tells_battery_saver() -> None:
    assert windows.surroundings(pc(windows_power=[PowerStatus(ac=0, saver=1)])).skip == "battery_saver"
    assert windows.surroundings(pc(windows_power=[PowerStatus(ac=1, saver=1)])).skip == ""


def test_windows_tells_what_a_network_costs() -> None:
    assert windows.surroundings(pc(windows_network_cost=[NetworkCost(cost=2)])).skip == "metered"
    assert windows.surroundings(pc(windows_network_cost=NotSupported("no"))).skip == ""
    modem = [default(7, "192.168.1.1"), default(9, "10.0.0.1")]
    assert windows.surroundings(pc(windows_ip_route=modem)).skip == "metered", "the better metric is the modem's"


def test_windows_that_tells_nothing_is_measured() -> None:
    found = windows.surroundings(cast("Host", WindowsFake({})))
    assert (found.skip, found.gateway) == ("", "")
