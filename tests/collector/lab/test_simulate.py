"""The fleet simulator: the same seed makes the same fleet, whole or one laptop at a time."""

from farmwatch_collector.lab.simulate import FarmSpec, Settings, farms, world
from farmwatch_collector.lab.simulate.telling import fingerprint

SMALL = Settings(devices=150, days=14, farms=farms(3, 2, 8))


def test_the_same_seed_makes_the_same_bytes_and_another_one_does_not() -> None:
    once = fingerprint(world(SMALL).devices())
    again = fingerprint(world(SMALL).devices())
    other = fingerprint(world(Settings(devices=150, days=14, seed=2, farms=farms(3, 2, 8))).devices())
    assert once == again
    assert once != other


def test_a_laptop_made_alone_is_the_one_of_the_run() -> None:
    run = {device.device: device for device in world(SMALL).devices()}
    alone = [world(SMALL).device(number) for number in (149, 3, 77)]
    assert [run[each.device] for each in alone] == alone
    assert len(run) == 150


def test_farms_stand_in_the_fleet_as_ordered() -> None:
    made = world(Settings(devices=100, days=5, farms=(FarmSpec(name="shelf", size=7, care="careless"),)))
    members = [device for device in made.devices() if device.truth.farm]
    assert [(each.truth.farm, each.truth.care, each.truth.dwelling) for each in members] == (
        [("shelf", "careless", "farm")] * 7
    )
