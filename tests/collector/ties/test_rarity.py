"""What a shared value is worth, with the arithmetic of each case written out."""

import math

import pytest

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.index import CROWD
from farmwatch_collector.ties.kinds import KINDS
from farmwatch_collector.ties.rarity import (
    ALONE,
    CROWDED,
    EXPLAINED,
    LEAST,
    MOST,
    NODES,
    SOFT_MOST,
    Rarity,
    bucket,
    table,
)
from farmwatch_detectors.policy import RosterEntry

from .showing import TODAY, seen, show

#: The figures of the arithmetic below, as rarity.toml has them.
ALPHA, SHIPPED, HOUSES = 50, 2_000, 0.5


def m(kind: str, size: int) -> float:
    return table().kinds[kind].m[bucket(size) - 1]


def u0(kind: str, size: int) -> float:
    return table().kinds[kind].u0[bucket(size) - 1]


def pooled(counted: int, known: int, before: float, devices: int, size: int) -> float:
    """What was known before counts for so many devices, or half a house of that size."""
    weight = max(devices, HOUSES * size / before)
    return (counted + weight * before) / (known + weight)


def filled(kind: str, *counts: tuple[str, int, int]) -> Rarity:
    """stratum, size (1: nobody else has it), devices"""
    rarity = Rarity()
    for stratum, size, devices in counts:
        rarity.add(kind, stratum, bucket(size), devices, soft=False)
    return rarity


def test_the_buckets_are_those_of_the_table_with_single_ones_before_and_crowds_after() -> None:
    assert [bucket(size) for size in (1, 2, 3, 4, 5, 6, 7, 9, 10, 14, 15, 24, 25, 59, 60, 256)] == [
        ALONE, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9,
    ]  # fmt: skip
    assert (CROWDED, EXPLAINED) == (10, 11)
    assert table().sizes[-1][1] == CROWD


@pytest.mark.parametrize("kind", sorted(table().kinds))
def test_every_kind_has_a_rate_for_every_bucket_and_shares_sum_to_less_than_one(kind: str) -> None:
    rates = table().kinds[kind]
    assert kind in KINDS
    assert len(rates.m) == len(rates.u0) == len(table().sizes) + 1
    assert all(0 < share < 1 for share in (*rates.m, *rates.u0))
    assert sum(rates.m) < 1
    assert sum(rates.u0) < 1
    assert rates.sources


def test_the_table_has_the_figures_of_the_arithmetic() -> None:
    assert (table().alpha, table().shipped, NODES) == (ALPHA, SHIPPED, HOUSES)
    assert (m("gateway_mac", 6), u0("gateway_mac", 6)) == (0.10, 0.001)


def test_every_kind_that_detectors_get_has_rates() -> None:
    assert {kind.kind for kind in KINDS.values() if kind.shown} == set(table().kinds)


def test_an_empty_fleet_judges_by_the_shipped_rate_alone() -> None:
    worth = Rarity().worth("gateway_mac", "00aa00", 5, own=0, own_place=ALONE)
    assert worth.u == pytest.approx(u0("gateway_mac", 5))
    assert worth.bits == pytest.approx(math.log2(m("gateway_mac", 5) / u0("gateway_mac", 5)))
    assert (worth.measured, worth.stratum) == (0, "")


def test_a_cheap_router_with_one_default_address_weighs_nothing_where_its_make_shares_as_a_rule() -> None:
    # 100 addresses of make s at six strangers each, 400 of s and 9,000 others alone.
    rarity = filled("gateway_mac", ("s", 6, 600), ("s", 1, 400), ("other", 1, 9_000))
    # One of the hundred, its own six left out:
    # u0 is 0.001, so half a house of six counts for 0.5 * 6 / 0.001 = 3,000 devices: more than the shipped 2,000.
    u_kind = (594 + 3_000 * 0.001) / (9_994 + 3_000)  # 0.0459
    # Half a house of six at that rate: 0.5 * 6 / 0.0459 = 65 devices, more than the 50.
    u = pooled(594, 994, u_kind, ALPHA, 6)
    assert u == pytest.approx((594 + 3.0) / (994 + 3.0 / u_kind))
    worth = rarity.worth("gateway_mac", "s", 6, own=6, own_place=bucket(6))
    assert worth.u == pytest.approx(u)
    assert 0.56 < u < 0.58
    assert worth.bits == pytest.approx(math.log2(m("gateway_mac", 6) / u))
    assert worth.bits < -2


def test_the_same_six_behind_a_router_whose_make_nobody_shares_weigh_much() -> None:
    rarity = filled("gateway_mac", ("s", 6, 600), ("s", 1, 400), ("other", 1, 8_994), ("other", 6, 6))
    u_kind = (600 + 3_000 * 0.001) / (9_994 + 3_000)
    u = pooled(0, 8_994, u_kind, ALPHA, 6)  # 0.5 * 6 / (8,994 + 65) = 0.00033
    worth = rarity.worth("gateway_mac", "other", 6, own=6, own_place=bucket(6))
    assert worth.bits == pytest.approx(min(MOST, math.log2(m("gateway_mac", 6) / u)))
    assert worth.bits == pytest.approx(math.log2(0.10 / 0.000331), abs=0.01)  # 8.2
    assert (worth.stratum, worth.measured) == ("other", 8_994)


def test_a_network_that_puts_a_district_behind_each_address_weighs_nothing() -> None:
    # 40 addresses of network 64500, 20 strangers each, and 200 customers with one of their own.
    rarity = filled("egress", ("64500", 20, 800), ("64500", 1, 200), ("64501", 1, 4_000))
    worth = rarity.worth("egress", "64500", 20, own=20, own_place=bucket(20))
    u_kind = pooled(780, 4_980, u0("egress", 20), SHIPPED, 20)
    assert worth.u == pytest.approx(pooled(780, 980, u_kind, ALPHA, 20))
    assert worth.bits == LEAST  # 790 of 1,085 is 0.73, and log2(0.06 / 0.73) is -3.6


def test_monitors_bought_in_bulk_with_one_serial_weigh_nothing_and_others_do() -> None:
    rarity = filled("edid_serial", ("BLK:0001", 9, 90), ("BLK:0001", 1, 10), ("DEL:0002", 1, 3_000))
    bulk = rarity.worth("edid_serial", "BLK:0001", 9, own=9, own_place=bucket(9))
    rare = rarity.worth("edid_serial", "DEL:0002", 9, own=0, own_place=ALONE)
    u_kind = pooled(81, 3_091, u0("edid_serial", 9), SHIPPED, 9)
    assert bulk.u == pytest.approx(pooled(81, 91, u_kind, ALPHA, 9))
    assert bulk.bits < 0 < 3 < rare.bits


def test_a_bench_that_everybody_began_at_weighs_nothing() -> None:
    """Ten benches at which 200 laptops each began, and 500 laptops that began at home."""
    rarity = filled("first_network", ("aa", 200, 2_000), ("aa", 1, 100), ("bb", 1, 400))
    assert rarity.worth("first_network", "aa", 200, own=200, own_place=bucket(200)).bits == LEAST


def test_a_few_hundred_of_a_make_are_no_word_on_how_rare_its_houses_of_eight_are() -> None:
    """500 laptops behind routers of one make, each alone: at the kind's rate half a house of eight would be among them,
    so that none is says little."""
    rarity = filled("gateway_mac", ("s", 1, 500), ("other", 1, 16_000), ("other", 8, 16))
    u_kind = pooled(16, 16_516, u0("gateway_mac", 8), SHIPPED, 8)
    worth = rarity.worth("gateway_mac", "s", 8, own=0, own_place=ALONE)
    assert worth.u == pytest.approx(pooled(0, 500, u_kind, ALPHA, 8))
    assert math.log2(u_kind / worth.u) < 0.2


def test_who_is_at_a_registered_office_says_nothing_of_how_seldom_others_share() -> None:
    """900 laptops of one make of firewall at offices that policy knows: the next one is judged without them."""
    rarity = filled("gateway_mac", ("fw", 1, 40), ("other", 1, 2_000))
    before = rarity.worth("gateway_mac", "fw", 8, own=0, own_place=ALONE)
    rarity.add("gateway_mac", "fw", EXPLAINED, 900, soft=False)
    assert rarity.worth("gateway_mac", "fw", 8, own=0, own_place=ALONE) == before


def test_made_up_values_weigh_one_bit_at_most_and_speak_for_themselves_alone() -> None:
    rarity = filled("gateway_mac", ("", 1, 50_000))
    rarity.add("gateway_mac", "", bucket(5), 500, soft=True)
    assert rarity.worth("gateway_mac", "", 5, own=0, own_place=ALONE).bits == MOST
    soft = rarity.worth("gateway_mac", "", 5, own=5, own_place=bucket(5), soft=True)
    assert soft.u == pytest.approx(pooled(495, 495, pooled(495, 495, u0("gateway_mac", 5), SHIPPED, 5), ALPHA, 5))
    assert soft.bits < 0
    assert Rarity().worth("gateway_mac", "", 5, own=0, own_place=ALONE, soft=True).bits == SOFT_MOST


def test_one_that_shares_with_nobody_unrelated_is_worth_nothing() -> None:
    assert Rarity().worth("gateway_mac", "s", 1, own=0, own_place=ALONE).bits == 0.0


def test_what_was_counted_and_taken_back_leaves_nothing() -> None:
    rarity = filled("bssid", ("s", 3, 3))
    rarity.add("bssid", "s", bucket(3), -3, soft=False)
    assert rarity.counts() == {}


def _houses(count: int, each: int = 1, stratum: str = "aa", start: int = 0) -> Fleet:
    fleet = Fleet()
    for house in range(start, start + count):
        for device in range(each):
            show(fleet, f"h{house:04}-{device}", seen("gateway_mac", f"home {house}", stratum))
    return fleet


def test_a_farm_neither_vouches_for_itself_nor_against_itself() -> None:
    """Twenty laptops in one house: the worth of that is the same whether the fleet counted them or not."""
    fleet = _houses(300)
    before = fleet.counts["gateway_mac", "aa", False]
    for number in range(20):
        show(fleet, f"farm-{number:02}", seen("gateway_mac", "farm", "aa"))
    node = fleet.node("gateway_mac", seen("gateway_mac", "farm").value, TODAY)
    assert node is not None
    worth = fleet.worth(node)
    u_kind = pooled(0, 300, u0("gateway_mac", 20), SHIPPED, 20)
    assert worth.u == pytest.approx(pooled(0, 300, u_kind, ALPHA, 20))
    after = fleet.counts["gateway_mac", "aa", False]
    assert [now - then for then, now in zip(before, after, strict=True)] == [0] * 7 + [20] + [0] * 4


def test_a_second_house_of_twenty_makes_the_first_less_rare() -> None:
    fleet = _houses(300)
    for number in range(40):
        show(fleet, f"farm-{number:02}", seen("gateway_mac", f"farm {number % 2}", "aa"))
    node = fleet.node("gateway_mac", seen("gateway_mac", "farm 0").value, TODAY)
    assert node is not None
    u_kind = pooled(20, 320, u0("gateway_mac", 20), SHIPPED, 20)
    assert fleet.worth(node).u == pytest.approx(pooled(20, 320, u_kind, ALPHA, 20))


def test_those_whom_the_roster_ties_count_as_one() -> None:
    fleet = _houses(1, each=4)
    fleet.set_roster({f"h0000-{number}": RosterEntry(person=str(number), household="one") for number in range(3)})
    node = fleet.node("gateway_mac", seen("gateway_mac", "home 0").value, TODAY)
    assert node is not None
    assert (node.count, fleet.worth(node).size) == (4, 2)
    assert fleet.counts["gateway_mac", "aa", False][bucket(2)] == 4
