"""The fleet simulator: one seed is one fleet, rates come out as stated, and what is true is written beside it."""

from collections import Counter
from datetime import UTC, date, datetime
from ipaddress import ip_address, ip_network
from itertools import pairwise
from math import sqrt
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.lab import monitors, systems
from farmwatch_collector.lab.scenarios.ordinary import MONITORS
from farmwatch_collector.lab.simulate import FarmSpec, Settings, farms, world
from farmwatch_collector.lab.simulate.layout import SHARED, Layout
from farmwatch_collector.lab.simulate.rates import ASSUMED, RATES
from farmwatch_collector.lab.simulate.settings import EVASIONS, SettingsError
from farmwatch_collector.lab.simulate.stock import Stock
from farmwatch_collector.lab.simulate.telling import fingerprint
from farmwatch_collector.lab.simulation import SimulatedDevice
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.network import Gateway

SMALL = Settings(devices=150, days=14, farms=farms(3, 2, 8))
#: Everybody works at home, on their own router, and nobody is new.
AT_HOME = {"remote": 1.0, "co_working": 0.0, "extra_router": 0.0, "default_mac": 0.0, "hire": 0.0, "branch": 0.0}


def gateways(device: SimulatedDevice) -> set[str]:
    items = [item for each in device.stretches if each.kind == "network" for item in each.items]
    return {item.mac.digest for item in items if isinstance(item, Gateway) and item.mac}


def within(count: int, of: int, rate: float) -> bool:
    """Whether a binomial count lies within five standard deviations, which one in a million does not."""
    return abs(count - of * rate) <= 5 * sqrt(of * rate * (1 - rate)) + 1


# One seed, one fleet ------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_bytes_and_another_one_does_not() -> None:
    once = fingerprint(world(SMALL).devices())
    assert once == fingerprint(world(SMALL).devices())
    assert once != fingerprint(world(msgspec.structs.replace(SMALL, seed=2)).devices())


def test_a_laptop_made_alone_is_the_one_of_the_run() -> None:
    run = {device.device: device for device in world(SMALL).devices()}
    alone = [world(SMALL).device(number) for number in (149, 3, 77)]
    assert [run[each.device] for each in alone] == alone
    assert len(run) == 150
    with pytest.raises(IndexError):
        world(SMALL).device(150)


def test_one_laptop_alone_comes_out_the_same_whatever_was_made_before_it() -> None:
    made = world(SMALL)
    first = made.device(20)
    for number in (149, 0, 75):
        made.device(number)
    assert made.device(20) == first


def test_nothing_of_a_farm_moves_the_others() -> None:
    """Numbers of farm laptops come last, so that the first hundred are the same people with and without a farm."""
    with_farm = world(Settings(devices=110, days=5, farms=(FarmSpec(name="f", size=10, care="careless"),)))
    without = world(Settings(devices=100, days=5))
    # Offices are as large as the fleet makes them: who works at home is compared.
    pairs = [(with_farm.device(number), without.device(number)) for number in range(100)]
    assert all(one.truth == other.truth for one, other in pairs if one.truth.dwelling == "couple")
    assert [one.device for one, _ in pairs] == [other.device for _, other in pairs]


# Rates --------------------------------------------------------------------------------------------


def test_homes_are_shared_as_often_as_the_table_says() -> None:
    groups = list(Layout(Settings(devices=60_000)).groups())
    kinds = Counter(group.kind for group in groups)
    assert sum(group.size for group in groups) == 60_000
    for kind in SHARED:
        assert within(kinds[kind], len(groups), RATES[kind].rate), kind
    for group in groups:
        least, most = SHARED.get(group.kind, (1, 1))
        assert least <= group.size <= most


def test_what_happens_to_laptops_happens_as_often_as_the_table_says() -> None:
    """Of 2,000 laptops over 30 days, where the month's rates hold as they stand.

    A journey, holiday or repair shows in the truth whenever it was drawn; a leaver's and a mover's too.
    """
    settings = Settings(devices=2_000, days=30, seed=5)
    traps = Counter(trap for device in world(settings).devices() for trap in device.truth.traps)
    ordinary = {
        "travel": "journey",
        "holiday": "holiday",
        "leaver": "leave",
        "moved": "move",
        "lent_stick": "lent_stick",
    }
    for trap, rate in ordinary.items():
        assert within(traps[trap], 2_000, RATES[rate].rate), trap


def test_a_rate_that_is_set_holds_and_one_that_is_none_is_refused() -> None:
    never = world(Settings(devices=300, days=5, rates={"couple": 0.0, "flat": 0.0, "branch": 0.0}))
    assert {device.truth.dwelling for device in never.devices()} <= {"alone", "office", "co_working", "dormitory"}
    always = world(Settings(devices=300, days=5, rates={"couple": 1.0}))
    assert Counter(device.truth.dwelling for device in always.devices())["couple"] >= 290
    with pytest.raises(SettingsError, match="no rate is called 'coupel'"):
        world(Settings(devices=3, rates={"coupel": 0.1}))


def test_the_security_client_and_the_missing_access_points_are_as_many_as_asked_for() -> None:
    made = list(world(Settings(devices=600, days=3, sase=0.7, bssids=0.0)).devices())
    behind = sum(all(each.kind == "sase" for each in device.exits) for device in made)
    assert within(behind, 600, 0.7)
    told = [item for device in made for each in device.stretches if each.kind == "wifi" for item in each.items]
    assert told
    assert not any(getattr(item, "bssid", None) for item in told)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(devices=0), "0 devices"),
        (Settings(devices=10, sase=0.8), "0 to 0.7"),
        (Settings(devices=3, farms=(FarmSpec(name="f", size=4, care="careless"),)), "the fleet has 3"),
        (Settings(devices=9, farms=(FarmSpec(name="f", size=4, care="tidy"),)), "care is 'tidy'"),
        (Settings(devices=9, farms=(FarmSpec(name="f", size=4, care="careful", evasions=("magic",)),)), "'magic'"),
    ],
)  # fmt: skip
def test_a_fleet_that_cannot_be_is_refused_in_words(settings: Settings, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        world(settings)


# What laptops report ------------------------------------------------------------------------------


def test_sections_follow_each_other_and_lie_within_the_fleets_days() -> None:
    settings = Settings(devices=80, days=10, farms=farms(1, 4, 4))
    end = datetime(2026, 10, 15, tzinfo=UTC)
    for device in world(settings).devices():
        for kind in {each.kind for each in device.stretches}:
            some = [each for each in device.stretches if each.kind == kind]
            assert all(one.until <= other.first for one, other in pairwise(some))
            assert all(each.first <= each.until < end for each in some)
            assert all(list(each.days) == sorted(set(each.days)) and each.days for each in some)
        assert min(each.first for each in device.stretches) == device.enrolled_at
        assert len({each.text for each in device.exits}) == len(device.exits)


def test_input_is_told_for_days_on_which_it_was_awake_and_never_more_than_was_watched() -> None:
    for device in world(Settings(devices=60, days=10)).devices():
        for stretch in (each for each in device.stretches if each.kind == "input_source"):
            days = [item for item in stretch.items if isinstance(item, InputDay)]
            assert days[-1].day == stretch.days[-1].isoformat()
            assert all(len(item.slots) == 24 and item.watched <= 1440 for item in days)


def test_addresses_are_routed_nowhere() -> None:
    reserved = ip_network("240.0.0.0/4")  # RFC 1112, section 4
    texts = {each.text for device in world(SMALL).devices() for each in device.exits}
    assert all(ip_address(text) in reserved for text in texts)


def test_equal_sections_of_laptops_are_one_object() -> None:
    made = [device for device in world(SMALL).devices() if device.platform == "windows"]
    software = [each.items for device in made for each in device.stretches if each.kind == "software"]
    assert len({id(items) for items in software}) == 1


@pytest.mark.parametrize("platform", ["linux", "windows", "macos"])
def test_a_monitor_put_together_from_its_model_is_the_one_that_its_bytes_make(platform: str) -> None:
    stock = Stock(SMALL.keyer())
    for model in MONITORS:
        maker, product, name, width, height = model
        edid = monitors.built(maker, product, name, "00471113", width, height, 2021)
        (whole,) = stock.keyed("displays", [systems.told(platform, monitors.display("HDMI-A-1", edid))])
        assert stock.unit(platform, model, "00471113") == whole


# Homes and places ---------------------------------------------------------------------------------


def test_a_couple_shares_a_gateway_and_a_neighbour_does_not() -> None:
    settings = Settings(devices=60, days=10, rates={**AT_HOME, "couple": 1.0})
    made = [world(settings).device(number) for number in range(4)]
    assert gateways(made[0]) & gateways(made[1])
    assert gateways(made[2]) & gateways(made[3])
    assert not gateways(made[0]) & gateways(made[2])


def test_a_staging_bench_is_left_before_its_people_begin_and_nobody_uses_a_laptop_there() -> None:
    settings = Settings(devices=400, days=30, rates={"hire": 1.0, "bench": 1.0})
    found = 0
    for device in world(settings).devices():
        begin = date.fromisoformat(device.roster["start_on"])
        if "staging_bench" not in device.truth.traps or {"reissued", "moved"} & set(device.truth.traps):
            continue
        found += 1
        assert device.enrolled_at.date() <= begin
        days = [item for each in device.stretches if each.kind == "input_source" for item in each.items]
        assert not any(isinstance(item, InputDay) and item.day < begin.isoformat() and item.active for item in days)
    assert found > 50


def test_a_default_mac_is_the_same_in_homes_that_have_nothing_in_common() -> None:
    settings = Settings(devices=40, days=3, rates={**AT_HOME, "default_mac": 1.0, "couple": 0.0})
    shared = set.union(*(gateways(device) for device in world(settings).devices()))
    assert len(shared) <= 2  # there are two such models


# Farms --------------------------------------------------------------------------------------------


def test_farms_stand_in_the_fleet_as_ordered() -> None:
    made = world(Settings(devices=100, days=5, farms=(FarmSpec(name="shelf", size=7, care="careless"),)))
    members = [device for device in made.devices() if device.truth.farm]
    assert [(each.truth.farm, each.truth.care, each.truth.dwelling) for each in members] == (
        [("shelf", "careless", "farm")] * 7
    )
    assert len(set.intersection(*(gateways(device) for device in members))) == 1
    assert len({device.roster["place"] for device in members}) > 1


def test_what_a_careful_farm_does_is_to_be_seen_in_what_its_laptops_report() -> None:
    def members(*evasions: str) -> list[SimulatedDevice]:
        farm = FarmSpec(name="f", size=8, care="careful", evasions=evasions)
        made = world(Settings(devices=20, days=8, farms=(farm,), rates={"bench": 0.0, "mobile_line": 0.0}))
        return [device for device in made.devices() if device.truth.farm]

    plain = members()
    assert len(set.intersection(*(gateways(device) for device in plain))) == 1
    routers = members("travel_routers")
    assert not set.intersection(*(gateways(device) for device in routers))
    assert len({each.text for device in routers for each in device.exits}) <= 3  # the house's line
    assert {each.kind for device in members("lte") for each in device.exits} == {"mobile"}
    assert {each.kind for device in members("vpn_exits") for each in device.exits} == {"vpn"}
    vlans = members("vlans")
    assert not set.intersection(*(gateways(device) for device in vlans))
    assert all(device.truth.evasions == ("vlans",) for device in vlans)


def test_every_evasion_may_be_drawn_and_none_is_drawn_for_a_careless_farm() -> None:
    many = tuple(FarmSpec(name=f"f{n}", size=2, care="careful" if n % 2 else "careless") for n in range(80))
    drawn = world(Settings(devices=160, days=1, farms=many)).farms
    assert {each for farm in drawn for each in farm.evasions or ()} == set(EVASIONS)
    assert not any(farm.evasions for farm in drawn if farm.care == "careless")


# The page ------------------------------------------------------------------------------------------


def test_the_page_lists_every_rate_with_where_it_comes_from() -> None:
    page = Path("docs/simulate.md").read_text(encoding="utf-8")
    for name, rate in RATES.items():
        assert f"| `{name}` | {100 * rate.rate:g} % | {rate.of} | {rate.words} | {rate.source} |" in page, name
    assert any(rate.source != ASSUMED for rate in RATES.values())
