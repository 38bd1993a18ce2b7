"""`farmwatch bench`: what it prints, its page, and what it says to input it cannot take."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from farmwatch_collector.bench.judging import judge_sample
from farmwatch_collector.bench.page import page_of
from farmwatch_collector.bench.results import Document, schema
from farmwatch_collector.bench.running import bars_missed, results_of, shortened
from farmwatch_collector.bench.text import lines_of
from farmwatch_collector.cli import main
from farmwatch_collector.commands.bench import spread
from farmwatch_collector.lab.sample import HELD_OUT_SEEDS, TUNING_SEEDS, Order

from .tiny import sample

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "bench-v1.json"


@pytest.fixture(scope="module")
def document() -> Document:
    outcomes = [each for seed in range(1, 6) for each in judge_sample(sample(seed=seed, days=1))]
    results = results_of(outcomes, "outside", "outside", ())
    return Document(ok=True, code=0, versions="none", results=results)


def test_the_published_schema_is_that_of_the_code() -> None:
    remedy = "python -m farmwatch_collector.bench.results > docs/schema/bench-v1.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema())), remedy


def test_tuning_and_held_out_seeds_are_never_the_same() -> None:
    assert not set(TUNING_SEEDS) & set(HELD_OUT_SEEDS)


def test_every_figure_of_a_class_has_n_interval_and_bar(document: Document) -> None:
    assert document.results is not None
    by_name = {each.name: each for each in document.results.recall}
    kvm = by_name["kvm_default"]
    assert (kvm.n, kvm.hits, kvm.bar, kvm.hours, kvm.met) == (10, 10, 1.0, 1.0, True)
    assert kvm.low == pytest.approx(0.7225, abs=1e-4)  # Wilson: 1 / (1 + 1.96^2 / 10)
    said = "\n".join(lines_of(document.results))
    assert "kvm_default      100.0% of 10     (72.2% to 100.0%)  bar 1.00 met" in said
    assert "farm             none in these samples" in said


def test_few_device_days_tell_nothing_about_false_flags(document: Document) -> None:
    assert document.results is not None
    flags = document.results.false_flags
    assert (flags.cases, flags.devices, flags.met) == (0, 275, None)
    assert flags.high == pytest.approx(3.689 / flags.device_days * 1000, abs=1e-3)
    assert sum(trap.devices for trap in flags.traps) == 275


def test_the_page_needs_nothing_else_and_draws_every_plot(document: Document) -> None:
    page = page_of(document)
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_names_from_outside_cannot_become_markup(document: Document) -> None:
    import msgspec

    assert document.results is not None
    flags = document.results.false_flags
    hostile = msgspec.structs.replace(flags.traps[0], name="<b>&'\"")
    results = msgspec.structs.replace(
        document.results, false_flags=msgspec.structs.replace(flags, traps=(hostile, *flags.traps[1:]))
    )
    page = page_of(msgspec.structs.replace(document, results=results))
    assert "<b>" not in page
    assert page.count("&lt;b&gt;") == 2  # in the table, and in the plot


def test_missed_bars_are_named(document: Document) -> None:
    import msgspec

    assert document.results is not None
    rate = msgspec.structs.replace(document.results.recall[0], met=False)
    results = msgspec.structs.replace(document.results, recall=(rate, *document.results.recall[1:]))
    assert rate.name in bars_missed(results)


def test_the_first_days_of_a_sample_are_the_same_reports() -> None:
    whole = sample(days=3)
    short = shortened(whole, 2)
    reports, all_reports = list(short.reports()), list(whole.reports())
    assert (short.days, len(reports)) == (2, 2 * len(all_reports) // 3)
    assert reports == all_reports[: len(reports)]
    assert shortened(whole, 3) is whole


def test_orders_are_spread_evenly() -> None:
    orders = [Order(scenario="one", seed=1, part=part) for part in range(10)]
    assert [each.part for each in spread(orders, 4)] == [0, 2, 5, 7]
    assert spread(orders[:2], 4) == orders[:2]


def _answer(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> dict[str, Any]:
    assert main(["bench", *words, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["code"] == code
    return document


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenarios", "no-such-folder"), "no-such-folder: is no folder."),
        (("--only", "no-such-scenario"), "no-such-scenario: is no scenario. There are"),
    ],
)
def test_input_that_cannot_be_taken_is_named(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert said in _answer(capsys, *words, code=1)["error"]


def test_a_folder_without_scenarios_is_no_success(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    error = _answer(capsys, "--scenarios", str(tmp_path), code=1)["error"]
    assert "holds neither a scenario nor a recorded fleet" in error


@pytest.mark.integration
def test_one_scenario_of_the_small_scale_runs_and_its_page_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "bench.html"
    document = _answer(capsys, "--only", "farm", "--html", str(page), code=0)
    results = document["results"]
    assert (results["scale"], results["faults"]) == ("small", {})
    assert results["farms"] >= 10
    assert {each["name"] for each in results["recall"] if each["n"]} == {"farm"}
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.soak
def test_the_small_scale_runs_and_its_page_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "bench.html"
    document = _answer(capsys, "--html", str(page), code=0)
    results = document["results"]
    assert (results["part"], results["scale"], results["seeds"]) == ("held_out", "small", [HELD_OUT_SEEDS[0]])
    assert results["faults"] == {}
    assert results["farms"] > 100
    assert results["devices"] > 2 * results["farms"]
    assert {each["name"] for each in results["recall"] if each["n"]} >= {"kvm_default", "kvm_spoofed"}
    assert "<svg" in page.read_text(encoding="utf-8")
