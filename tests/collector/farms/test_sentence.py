"""How a candidate is read out: what is said of a small fleet, of a farm of several places, and of things by name."""

import msgspec
import pytest

from farmwatch_collector.farms.odds import odds
from farmwatch_collector.farms.sentence import compared, name_of, share_words
from farmwatch_collector.farms.types import Shared
from farmwatch_collector.ties.types import Worth

from .candidates import bar, facts, members, names, shared


def test_a_share_is_said_as_people_read_it() -> None:
    assert [share_words(each) for each in (0.12, 0.0001, 0.0)] == ["12 %", "1 in 10,000", "none"]


def test_what_a_small_fleet_cannot_have_counted_is_said_to_be_the_shipped_rates() -> None:
    """None of 63 laptops is 1 in 564: such a share was put together. One of 4,310 was counted here."""
    small = Worth(bits=5.8, m=0.1, u=1 / 564, size=7, measured=63)
    assert compared(small) == "about 1 in 564 (by 63 measured here and the shipped rate)"
    large = Worth(bits=5.8, m=0.1, u=1 / 1400, size=7, measured=4_310)
    assert compared(large) == "about 1 in 1,400 (by 4,310 measured here)"


def test_a_farm_of_two_places_says_how_many_stand_at_the_one_that_is_told() -> None:
    devices = names(14)
    whole = odds(facts(members(devices), shared(devices, 6.0)))
    assert whole.sentence.startswith("14 laptops of people whom nothing relates share one gateway; of other laptops ")
    part = odds(facts(members(devices), shared(devices[:7], 6.0), shared(devices[7:], 5.0, value=b"another")))
    assert part.sentence.startswith(
        "7 of these 14 laptops belong to people whom nothing relates, and share one gateway; of other laptops about "
    )


@pytest.mark.parametrize(
    ("used", "said"),
    [((9, 9, 9), "All 3 members of whom it is known are in use."), ((9, 9, 0), "Nobody uses 1 of 3 members yet: ")],
)
def test_laptops_in_use_are_said_to_be_in_use(used: tuple[int, ...], said: str) -> None:
    people = [msgspec.structs.replace(each, used_days=days) for each, days in zip(members(names(3)), used, strict=True)]
    assert bar(odds(facts(people, shared(names(3), 4.0))), "use").label.startswith(said)


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("edid_serial", "HJW HDMI TO USB", "monitor (HJW HDMI TO USB)"),
        ("gateway_mac", "TP-Link gateway", "TP-Link gateway"),
        ("usb_serial", "", "USB device"),
        ("of_tomorrow", "", "of tomorrow"),
    ],
)
def test_a_thing_is_told_with_what_kind_of_thing_it_is(kind: str, words: str, said: str) -> None:
    assert name_of(_called(shared(names(2), 3.0), kind, words)) == said


def _called(one: Shared, kind: str, words: str) -> Shared:
    seen = msgspec.structs.replace(one.node.seen, kind=kind, words=words)
    return msgspec.structs.replace(one, node=msgspec.structs.replace(one.node, seen=seen))
