"""The graph of a farm: one line per device and value, fixed positions, bounded for the largest."""

import json
import random

import pytest

from farmwatch_collector.console.farm_graph import MOST_DEVICES, graph
from farmwatch_schema import codec

from .farm_memory import farm_of, member, office, replace, shared, shelf
from .memory import SCRIPT


def test_a_device_and_a_value_are_nodes_and_having_it_is_a_line() -> None:
    drawn = graph(shelf(60))
    assert sum(node.kind == "device" for node in drawn.nodes) == 60
    assert sum(node.kind == "value" for node in drawn.nodes) == 5
    # Gateway and exit 60 each, access point 30, monitor 10, KVM 3: never 60 * 59 / 2 = 1,770.
    assert len(drawn.lines) == 60 + 60 + 30 + 10 + 3
    assert {line.bits for line in drawn.lines if line.value == "v0"} == {9.0}
    assert len({node.id for node in drawn.nodes}) == len(drawn.nodes)


def test_the_same_farm_is_drawn_in_the_same_places_whatever_the_order_of_its_members() -> None:
    farm = shelf(60)
    members = list(farm.members)
    random.Random(7).shuffle(members)
    assert codec.encode(graph(replace(farm, members=tuple(members)))) == codec.encode(graph(farm))


def test_values_of_the_same_devices_do_not_lie_on_each_other() -> None:
    spots = {node.id: node.at for node in graph(shelf(60)).nodes}
    assert len(set(spots.values())) == len(spots)
    (x, y), (left, top) = spots["v0"], spots["v1"]
    assert (x - left) ** 2 + (y - top) ** 2 > 50**2


def test_two_thousand_laptops_are_drawn_together_by_what_they_share() -> None:
    drawn = graph(office(2_000))
    assert sum(node.count for node in drawn.nodes if node.kind != "value") + drawn.more_devices == 2_000
    assert sum(node.kind != "value" for node in drawn.nodes) < MOST_DEVICES
    assert drawn.more_devices == 0
    assert len(codec.encode(drawn)) < 64 * 1024
    assert {node.href for node in drawn.nodes if node.kind == "devices"} == {""}


def test_more_than_can_be_drawn_is_counted() -> None:
    devices = [f"d-{number:03}" for number in range(260)]
    # Every pair of 32 values is another set: 260 devices, no two of them alike.
    pairs = [(one, other) for one in range(32) for other in range(one)][: len(devices)]
    holders = {
        value: [device for device, pair in zip(devices, pairs, strict=True) if value in pair] for value in range(32)
    }
    values = [shared("usb_serial", f"thing {value}", held, 1.0) for value, held in holders.items()]
    drawn = graph(farm_of(1, [member(each, 0) for each in devices], values))
    assert sum(node.kind != "value" for node in drawn.nodes) == MOST_DEVICES
    assert drawn.more_devices == 60


def test_a_farm_without_members_or_ties_is_an_empty_graph() -> None:
    assert graph(farm_of(1, [], [])).nodes == ()


@pytest.mark.parametrize("name", [SCRIPT, "a\u202eb", "n" * 10_000])
def test_names_are_text_of_bounded_length(name: str) -> None:
    farm = farm_of(1, [member("d-1", 0, name=name)], [shared("usb_serial", name, ["d-1"], 2.0)])
    drawn = json.loads(codec.encode(graph(farm)))
    assert max(len(node["words"]) for node in drawn["nodes"]) < 60
    assert "\u202e" not in json.dumps(drawn, ensure_ascii=False)
