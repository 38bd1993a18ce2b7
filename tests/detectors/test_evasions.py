"""docs/evasions.md: what it names exists, and its arithmetic is right."""

import re
from math import exp, factorial
from pathlib import Path

import pytest

from farmwatch_detectors.registry import DETECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "evasions.md").read_text(encoding="utf-8")
#: Routers in a block of 256 addresses, and homes of the country, as the page says.
ROUTERS, HOMES = 32, 100_000_000
ROW = re.compile(r"\| ([\d,]+) \| (\d) \| ([\d.]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")


def _at_least(mean: float, others: int) -> float:
    """Probability of so many others in one block, where they are Poisson."""
    return 1 - sum(exp(-mean) * mean**number / factorial(number) for number in range(others))


def _said(text: str) -> float:
    if "%" in text:
        return float(text.strip(" %")) / 100
    count, _, of = text.partition(" in ")
    return float(count) / (10 ** int(of[3:]) if of.startswith("10^") else float(of.replace(",", "")))


def test_the_table_of_chance_neighbours_follows_from_its_assumptions() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) == 4
    for fleet, times, mean, *shares in rows:
        expected = int(fleet.replace(",", "")) * ROUTERS * int(times) / HOMES
        assert float(mean) == pytest.approx(expected)
        for others, text in zip((1, 2, 4), shares, strict=True):
            assert _said(text) == pytest.approx(_at_least(expected, others), rel=0.15), text


def test_every_detector_that_the_page_names_is_one() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE.partition("## In one table")[2].partition("\n## ")[0]))
    bars = {"rarity", "second_tie", "rhythm", "joining", "members", "cohort", "traits"}
    ties = {"egress", "egress_network", "gateway_maker", "kvm_model", "mobile_only", "router_block"}
    assert named - bars - ties <= {detector.id for detector in DETECTORS}
    assert named & bars
