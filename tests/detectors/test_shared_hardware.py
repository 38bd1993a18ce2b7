"""shared_hardware: one thing at laptops of people who have nothing to do with each other."""

import pytest

from farmwatch_detectors.shared_hardware import DETECTOR
from farmwatch_detectors.view import Tie

from .ties import crowd, tie, with_ties

KINDS = pytest.mark.parametrize("kind", ["usb_serial", "edid_serial"])


def _levels(*ties: Tie) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(with_ties(*ties))]


@KINDS
@pytest.mark.parametrize(("unrelated", "level"), [(2, 1), (3, 2), (4, 2), (5, 3)])
def test_hit_one_switch_or_monitor_of_a_shelf(kind: str, unrelated: int, level: int) -> None:
    assert _levels(tie(kind, unrelated)) == [level]


def test_hit_it_names_the_thing_and_asks_whose_it_is() -> None:
    [finding] = DETECTOR.detect(with_ties(tie("edid_serial", 3, words="Dell U2419H")))
    assert finding.sentence.startswith("The same monitor (Dell U2419H) is at 2 devices of people unrelated to its user")
    assert finding.sentence.endswith("Check: what it is and whose, and where these laptops stand.")
    assert finding.evidence[0].fact == "Shared by laptop-1, laptop-2, laptop-3."


def test_a_thing_that_goes_from_one_to_the_next_is_level_two_at_most() -> None:
    [finding] = DETECTOR.detect(with_ties(tie("usb_serial", 7, handed_over=True)))
    assert finding.level == 2
    assert "The same USB device went on from one to the next" in finding.sentence


@pytest.mark.parametrize(("bits", "level"), [(None, [1]), (0.0, []), (1.0, [1]), (2.5, [2]), (7.0, [3])])
def test_what_the_fleet_measures_for_such_a_product_caps_it(bits: float | None, level: list[int]) -> None:
    assert _levels(tie("usb_serial", 6, bits=bits)) == level


@KINDS
def test_honest_twin_a_serial_on_every_unit_is_no_one_thing(kind: str) -> None:
    assert _levels(tie(kind, 6, scattered=True), crowd(kind, bits=9.0)) == []
    assert _levels(tie(kind, 6, soft=True)) == [1]  # a published constant that happens to stand in one place


@KINDS
def test_honest_twin_a_hot_desk_stands_in_a_registered_place(kind: str) -> None:
    office = tie("gateway_mac", 40, place="headquarters", unrelated=(), strangers=0)
    assert _levels(office, tie(kind, 9)) == []


def test_honest_twin_a_couple_with_one_desk_whom_the_roster_ties() -> None:
    assert _levels(tie("edid_serial", 2, unrelated=(), strangers=0)) == []


def test_miss_other_ties_are_not_its_own() -> None:
    assert _levels(tie("gateway_mac", 5), tie("egress", 5), tie("remote_peer", 5)) == []


def test_could_not_look_a_laptop_without_ties_is_no_finding() -> None:
    assert _levels() == []
