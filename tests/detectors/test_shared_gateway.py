"""shared_gateway: how many unrelated devices, what explains them, and addresses that say little."""

import math

import msgspec
import pytest

from farmwatch_collector.fleet import Fleet
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.shared_gateway import DETECTOR, level_of
from farmwatch_detectors.view import DeviceView, Tie

from .ties import crowd, tie
from .views import KEYER, NOW, view

MAC = KEYER.key("mac", "98:da:c4:10:20:30")
MADE_UP = KEYER.key("mac", "52:55:0a:00:02:02")  # the gateway of QEMU's user network, the same in every guest
GLBP = KEYER.key("mac", "00:07:b4:00:01:01")  # Cisco's documentation of GLBP: 0007.b400.xxyy
VRRP = KEYER.key("mac", "00:00:5e:00:01:01")  # RFC 5798 section 7.3, virtual router 1


def _tie(count: int, unrelated: int | None = None, place: str = "", mac: object = MAC) -> Tie:
    holders = tuple(f"laptop-{number}" for number in range(1, count + 1))
    strangers = holders[1 : (count if unrelated is None else unrelated)]
    return Tie(
        kind="gateway_mac", value="ab" * 16, holders=holders, fleet=60, unrelated=strangers, place=place,
        identifier=mac, since=NOW,  # type: ignore[arg-type]
    )  # fmt: skip


def _with(*ties: Tie) -> DeviceView:
    return msgspec.structs.replace(view(), ties=ties)


def _levels(*ties: Tie) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(_with(*ties))]


@pytest.mark.parametrize(("count", "level"), [(2, 1), (3, 2), (4, 2), (5, 3), (24, 3)])
def test_hit_more_unrelated_devices_raise_the_level(count: int, level: int) -> None:
    assert _levels(_tie(count)) == [level]


def test_it_says_how_many_of_how_many_and_since_when() -> None:
    [finding] = DETECTOR.detect(_with(_tie(5)))
    assert "5 of 60 devices" in finding.sentence
    assert "Check:" in finding.sentence
    assert finding.group == "F"
    assert finding.seen_from == NOW.isoformat()
    assert "laptop-5" in finding.evidence[0].fact


def test_so_many_devices_are_an_office_sooner_than_a_house() -> None:
    assert _levels(_tie(40)) == [2]
    assert "an office nobody registered" in next(iter(DETECTOR.detect(_with(_tie(40))))).sentence


def test_honest_twin_a_couple_on_one_router_that_the_roster_ties_is_never_counted() -> None:
    [finding] = DETECTOR.detect(_with(_tie(2, unrelated=0)))
    assert finding.level == 0
    assert "records tie these people together" in finding.sentence


def test_honest_twin_a_registered_place_explains_any_number() -> None:
    [finding] = DETECTOR.detect(_with(_tie(12, unrelated=0, place="headquarters")))
    assert (finding.level, finding.sanctioned) == (0, "headquarters")


@pytest.mark.parametrize("mac", [MADE_UP, VRRP, GLBP], ids=["made up by software", "virtual router", "Cisco's GLBP"])
def test_an_address_that_many_gateways_bear_stays_at_level_one(mac: object) -> None:
    assert _levels(_tie(9, mac=mac)) == [1]


def test_miss_a_gateway_of_its_own_and_other_ties_are_no_findings() -> None:
    assert _levels(_tie(1)) == []
    assert _levels(msgspec.structs.replace(_tie(5), kind="egress")) == []
    assert _levels() == []


@pytest.mark.parametrize(
    ("count", "bits", "level"),
    [(5, 6.0, 3), (5, 3.9, 2), (5, 1.9, 1), (5, 0.0, 0), (2, 8.0, 1), (60, 6.0, 2), (60, 1.0, 1)],
)
def test_how_rare_it_is_in_this_fleet_caps_what_a_count_may_say(count: int, bits: float, level: int) -> None:
    assert _levels(tie("gateway_mac", count, bits=bits)) == [level]


def test_what_the_fleet_measured_stands_in_the_sentence() -> None:
    [rare, common] = [
        next(iter(DETECTOR.detect(_with(tie("gateway_mac", 7, bits=bits, share=share))))).sentence
        for bits, share in ((6.0, 0.0025), (-0.5, 0.25))
    ]
    assert "as about 1 other laptop in 400 shares one with so many" in rare
    assert "as about 1 other laptop in 4 shares one" in common
    assert common.endswith("as common elsewhere as it is in farms, and speaks of nobody.")


def test_honest_twin_a_constant_address_of_cheap_routers_ties_nobody_wherever_it_stands() -> None:
    [finding] = DETECTOR.detect(_with(tie("gateway_mac", 30, scattered=True)))
    assert finding.level == 0
    assert "in different places at the same time" in finding.sentence
    assert _levels(tie("gateway_mac", 9, soft=True)) == [1]


def test_honest_twin_fifty_thousand_behind_one_address_are_no_house() -> None:
    [finding] = DETECTOR.detect(_with(crowd("gateway_mac", bits=9.0)))
    assert finding.level == 0
    assert "50,000 of 50,000 devices" in finding.sentence
    assert finding.evidence[0].fact == "Shared by 50,000 devices."


def test_an_access_point_speaks_where_the_gateway_does_not() -> None:
    assert _levels(tie("bssid", 5, value="cd" * 16)) == [3]
    assert _levels(tie("gateway_mac", 9, scattered=True), tie("bssid", 5, value="cd" * 16)) == [0, 3]
    assert _levels(tie("gateway_mac", 2), tie("bssid", 5, value="cd" * 16)) == [1, 3]


def test_an_access_point_of_the_same_house_or_of_a_known_place_is_not_told_again() -> None:
    assert _levels(tie("gateway_mac", 5), tie("bssid", 4, value="cd" * 16)) == [3]
    office = tie("gateway_mac", 40, place="headquarters", unrelated=(), strangers=0)
    assert _levels(office, tie("bssid", 12, value="cd" * 16)) == [0]
    assert _levels(tie("bssid", 300, value="cd" * 16, scattered=True)) == []


@pytest.mark.parametrize(("count", "level"), [(2, []), (3, [1]), (4, [1]), (5, [2]), (60, [1])])
def test_addresses_near_each_other_say_a_level_less_and_of_two_nothing(count: int, level: list[int]) -> None:
    assert _levels(tie("router_block", count)) == level


def test_honest_twin_addresses_near_each_other_of_laptops_that_are_apart_say_nothing() -> None:
    assert _levels(tie("router_block", 5, scattered=True)) == []
    assert _levels(tie("router_block", 5, bits=-1.0)) == []
    assert _levels(tie("gateway_mac", 5), tie("router_block", 5, value="cd" * 16)) == [3]
    assert "neighbours whom one delivery" in next(iter(DETECTOR.detect(_with(tie("router_block", 5))))).sentence


def test_could_not_look_a_network_that_may_not_be_read_ties_nobody_and_is_no_silence() -> None:
    blind = view(outcome="not_permitted", network=())
    fleet = Fleet(KEYER)
    for name in ("laptop-1", "laptop-2"):
        fleet.observe(name, blind.sections)
    assert list(DETECTOR.detect(msgspec.structs.replace(blind, ties=fleet.ties("laptop-1", NOW.date())))) == []
    assert why_grey(blind, silence_table()["F"]).startswith("network: the agent had no permission to look")


def test_its_weights_rise_with_the_level() -> None:
    rows = level_table(DETECTOR.id)
    bits = [math.log2(rows[level].m / rows[level].u) for level in sorted(rows)]
    assert bits == sorted(bits)
    assert level_of(1, None) == 0
