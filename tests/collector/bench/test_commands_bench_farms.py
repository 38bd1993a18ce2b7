"""`farmwatch bench farms`: what it prints, its page and its document, and a small world judged from end to end."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from farmwatch_collector.assessment import AttentionLevel
from farmwatch_collector.bench.farms_page import page_of
from farmwatch_collector.bench.farms_results import BadValue, BarLine, Early, EarlyDay, FarmDocument, schema
from farmwatch_collector.bench.farms_running import missed_in, orders_of, results_of
from farmwatch_collector.bench.farms_text import lines_of
from farmwatch_collector.cli import main

from .test_farms_scoring import farm, found, people, world

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "bench-farms-v1.json"
DAYS: tuple[AttentionLevel, ...] = ("none", "watch", "review")


@pytest.fixture
def document() -> FarmDocument:
    """Two farms, one of them missed, and a flat that is accused; twenty laptops found on the third day."""
    truths = farm("a b c", "one") | farm("d e f", "two", "careful", "vlans") | people("x y z", "flat", "home")
    outcome = world(truths, found("a b c", rarity=6.0), found("d e", "watch", rarity=1.0), found("x y z", rarity=5.0))
    days = tuple(
        EarlyDay(day=day, here=20, held=20, bits=float(day), points=day, attention=level)
        for day, level in enumerate(DAYS, 1)
    )
    early = Early(devices=900, laptops=20, found_on=3, bar=5, met=True, days=days, bars=(BarLine("rarity", "so", 9.0),))
    bad = BadValue(devices=90, holders=45, rounds=3, seconds=1.1, plain_seconds=1.0, ratio=1.1, made_farm=False,
                   same=True, met=True)  # fmt: skip
    results = results_of([outcome], "tuning", "small", [31], 2, early, bad)
    return FarmDocument(ok=True, code=0, versions="none", results=results)


def test_the_published_schema_is_that_of_the_code() -> None:
    remedy = "python -m farmwatch_collector.bench.farms_results > docs/schema/bench-farms-v1.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema())), remedy


def test_every_figure_is_printed_with_n_interval_and_bar(document: FarmDocument) -> None:
    assert document.results is not None
    said = "\n".join(lines_of(document.results))
    assert "careless       100.0% of 1" in said
    assert "bar 0.98 met" in said
    assert "careful          0.0% of 1" in said
    assert "couples, flats, offices, staging benches among them: 1" in said
    assert "20 clean-looking laptops on one home gateway among 900 devices: found on day 3" in said
    assert "ratio 1.10" in said


def test_bars_of_missed_and_false_farms_are_told_when_asked_for(document: FarmDocument) -> None:
    assert document.results is not None
    assert "+5.0  rarity" not in "\n".join(lines_of(document.results))
    said = "\n".join(lines_of(document.results, verbose=True))
    assert "+5.0  rarity: rarity" in said  # the flat
    assert "+1.0  rarity: rarity" in said  # the farm that was missed


def test_missed_bars_are_named(document: FarmDocument) -> None:
    assert document.results is not None
    named = missed_in(document.results)
    assert named == ["base: careful", "base: false farms (1, 1 of them of the innocent kinds)"]
    bad = document.results.bad_value
    assert bad is not None
    slow = msgspec.structs.replace(document.results, bad_value=msgspec.structs.replace(bad, met=False))
    assert missed_in(slow) == [*named, "one bad value"]


def test_the_page_needs_nothing_else_and_draws_every_plot(document: FarmDocument) -> None:
    page = page_of(document)
    assert page.count("<svg") == 2  # shares of the one variant, and the twenty by day
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page


def test_a_document_fits_its_schema(document: FarmDocument) -> None:
    jsonschema.validate(json.loads(msgspec.json.encode(document)), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_each_variant_is_made_with_each_seed() -> None:
    orders = orders_of([31, 32], ["base", "no_bssid"], 100, 30, 2)
    assert [(each.variant, each.seed) for each in orders] == [
        ("base", 31), ("base", 32), ("no_bssid", 31), ("no_bssid", 32),
    ]  # fmt: skip


def _answer(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> dict[str, Any]:
    assert main(["bench", "farms", *words, "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(answer, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return answer


def test_a_part_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There are worlds, early, bad_value." in _answer(capsys, "--only", "sunday", code=1)["error"]


def test_a_fleet_smaller_than_its_farms_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _answer(capsys, "--devices", "10", "--only", "worlds", code=1)
    assert "laptops stand in farms" in answer["error"]


@pytest.mark.integration
def test_the_small_scale_runs_and_its_page_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "farms.html"
    answer = _answer(capsys, "--tuning", "--html", str(page), code=0)
    results = answer["results"]
    assert (results["part"], results["scale"], results["seeds"]) == ("tuning", "small", [31])
    assert results["faults"] == {}
    (base,) = results["variants"]
    assert base["farms"] == 8
    assert base["devices"] > 4_900
    assert sum(each["hits"] for each in base["rates"][:3]) >= 3
    assert base["false"]["accused"] == 0
    assert results["bad_value"]["made_farm"] is False
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.soak
def test_a_fleet_of_the_issues_size_meets_every_bar(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _answer(capsys, "--tuning", "--scale", "full", "--seeds", "1", "--jobs", "1", "--check", code=0)
    assert [each["variant"] for each in answer["results"]["variants"]] == ["base", "no_bssid", "sase70"]
