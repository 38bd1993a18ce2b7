"""docs/ties.md names every kind of tie, and the figures it quotes are those of the arithmetic."""

import re
from pathlib import Path

from farmwatch_collector.ties.kinds import KINDS
from farmwatch_collector.ties.rarity import ALONE, Rarity, bucket

PAGE = (Path(__file__).parents[3] / "docs" / "ties.md").read_text(encoding="utf-8")


def test_the_page_lists_every_kind_with_its_nature() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
    assert rows == {kind.kind: kind.nature for kind in KINDS.values()}


def test_the_pages_cases_are_measured_as_it_says() -> None:
    gateways, exits = Rarity(), Rarity()
    for stratum, size, devices in (("s", 6, 600), ("s", 1, 400), ("other", 1, 9_000)):
        gateways.add("gateway_mac", stratum, bucket(size), devices, soft=False)
    for stratum, size, devices in (("64500", 20, 800), ("64500", 1, 200), ("64501", 1, 4_000)):
        exits.add("egress", stratum, bucket(size), devices, soft=False)
    found = [
        gateways.worth("gateway_mac", "s", 6, own=6, own_place=bucket(6)),
        gateways.worth("gateway_mac", "other", 6, own=0, own_place=ALONE),
        exits.worth("egress", "64500", 20, own=20, own_place=bucket(20)),
    ]
    told = re.findall(r"\| (0\.\d+) \| ([+-][\d.]+) \|$", PAGE, re.MULTILINE)
    assert len(told) == len(found)
    for (u, bits), worth in zip(told, found, strict=True):
        assert f"{worth.u:.2g}" == str(float(u))
        assert abs(worth.bits - float(bits)) < 0.06
