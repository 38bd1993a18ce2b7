"""Laptops with a network of their own each, in one house: what their routers' addresses have in common."""

from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest

from farmwatch_collector.farms.gathering import Links
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.kinds import seen_in
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Place, Policy
from farmwatch_detectors.view import SectionView
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.wifi import WifiConnection

KEYER = Keyer(b"a key for tests only", "test")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: A TP-Link access point with OpenWrt and a network name for each laptop: mac80211.sh changes the first byte,
#: 0x50 XOR 0x02, 0x06, 0x0a, 0x0e, 0x12. Each name has a bridge of its own, which takes its only port's address.
NAMES = tuple(f"{0x50 ^ (number << 2 | 2):02x}:c7:bf:12:34:56" for number in range(5))
#: Travel routers of one purchase, numbered on (94:83:c4 is GL Technologies', catalog/travel_routers.yaml).
BOUGHT = tuple(f"94:83:c4:12:34:{number:02x}" for number in range(0x40, 0x54, 4))


def _sections(gateway: str, bssid: str = "") -> dict[str, SectionView]:
    hop = Gateway(family="ipv4", interface="wlan0", mac=KEYER.key("mac", gateway))
    found = {"network": SectionView(kind="network", outcome="found", observed_at=NOW, items=(hop,))}
    if bssid:
        wifi = WifiConnection(interface="wlan0", bssid=KEYER.key("bssid", bssid))
        found["wifi"] = SectionView(kind="wifi", outcome="found", observed_at=NOW, items=(wifi,))
    return found


def _line(number: int) -> tuple[Egress, ...]:
    """A home's line with a day of its own."""
    address, block = (KEYER.key("address", f"{text}.{number}") for text in ("192.0.2", "198.51.100"))
    start = datetime.combine(NOW.date() - timedelta(days=1), time(9), UTC)
    return (
        Egress(
            address=address, block=block, seen_from=start, seen_until=NOW, kind="residential", asn=64496,
            days=(start.date(), NOW.date()),
        ),
    )  # fmt: skip


def _fleet(*laptops: dict[str, SectionView], lines: bool = False, ordinary: int = 300) -> Fleet:
    fleet = Fleet(KEYER)
    for number, sections in enumerate(laptops):
        fleet.observe(f"laptop-{number}", sections, _line(number) if lines else ())
    for number in range(ordinary):
        home = f"50:c7:bf:{number >> 8:02x}:{number & 255:02x}:01"
        fleet.observe(f"home-{number:03d}", _sections(home, home))
    return fleet


def _runs(fleet: Fleet, device: str = "laptop-0") -> list[tuple[int, bool, str]]:
    ties = [each for each in fleet.ties(device, NOW.date()) if each.kind == "router_block"]
    return [(each.size, each.scattered, each.place) for each in ties]


@pytest.mark.parametrize(
    "laptops",
    [[_sections(name, name) for name in NAMES], [_sections(router) for router in BOUGHT]],
    ids=["a name each", "a router each"],
)
def test_five_laptops_with_a_network_each_share_a_run_of_addresses_and_nothing_else(
    laptops: list[dict[str, SectionView]],
) -> None:
    fleet = _fleet(*laptops)
    assert _runs(fleet) == [(5, False, "")]
    kinds = {each.kind for each in fleet.ties("laptop-0", NOW.date()) if each.size > 1}
    assert kinds == {"router_block"}
    group = Links(fleet, NOW.date()).group_of("laptop-0")
    assert group is not None
    assert group.devices == tuple(f"laptop-{number}" for number in range(5))


def test_two_with_near_addresses_are_worth_nothing_and_link_nobody() -> None:
    fleet = _fleet(*[_sections(router) for router in BOUGHT[:2]])
    assert _runs(fleet) == [(2, False, "")]
    assert Links(fleet, NOW.date()).group_of("laptop-0") is None


def test_near_addresses_on_different_lines_are_chance_or_one_shop_s_customers() -> None:
    assert _runs(_fleet(*[_sections(router) for router in BOUGHT], lines=True)) == [(5, True, "")]


def test_an_ordinary_home_s_router_tells_no_run_of_addresses() -> None:
    home = seen_in(_sections("50:c7:bf:12:34:56", "50:c7:bf:12:34:57"))
    assert home["routers"] == ()


def test_five_whose_access_points_are_withheld_are_tied_by_their_bridges() -> None:
    assert _runs(_fleet(*[_sections(name) for name in NAMES])) == [(5, False, "")]


def test_guests_of_one_sort_of_virtual_machine_share_no_router() -> None:
    # QEMU's user network and VirtualBox' NAT give each guest one and the same gateway, made up.
    for gateway in ("52:55:0a:00:02:02", "52:54:00:12:35:02"):
        assert _runs(_fleet(*[_sections(gateway)] * 5)) == []


def test_a_registered_router_explains_its_further_names() -> None:
    fleet = _fleet(*[_sections(name, name) for name in NAMES])
    office = Place(name="branch", kind="office", owner="it@example.com", gateway_macs=("50:c7:bf:12:34:56",))
    fleet.set_policy(Policy(places=(office,)))
    assert _runs(fleet) == [(5, False, "branch")]


def test_an_agent_that_tells_no_nearness_is_tied_as_before() -> None:
    told = KEYER.key("mac", BOUGHT[0])
    hop = Gateway(family="ipv4", interface="eth0", mac=msgspec.structs.replace(told, near=""))
    seen = seen_in({"network": SectionView(kind="network", outcome="found", observed_at=NOW, items=(hop,))})
    assert seen["routers"] == ()
    assert [each.kind for each in seen["network"]] == ["gateway_mac", "gateway_maker"]
