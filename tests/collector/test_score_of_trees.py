"""Whole laptops as file trees, collected by the agent and scored by the collector, as anybody would type it."""

import json
from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent.cli import main as agent
from farmwatch_collector.cli import main as collector
from tests.cases.machines import MACHINES

#: What an analyst must see: the level of attention and the level of hardware control. With nothing but USB and
#: monitors in a tree the other groups are unknown, so only these decide.
EXPECTED = {
    "plain": ("none", 0),
    "office": ("none", 0),
    "gamer": ("none", 0),
    "artist": ("none", 0),
    "tethered": ("none", 0),
    "ch9329": ("none", 2),
    "pikvm": ("review", 3),
    "jetkvm_as_logitech": ("review", 3),
    "nanokvm": ("review", 3),
}


def scored(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    root, reports = folder / name, folder / f"{name}.jsonl"
    MACHINES[name](str(root))
    assert agent(["collect", "--root", str(root), "--json"]) == 0
    reports.write_text(capsys.readouterr().out, encoding="utf-8")
    assert collector(["score", str(reports), "--json"]) == 0
    item: dict[str, Any] = json.loads(capsys.readouterr().out)["items"][0]
    return item


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_each_laptop_is_judged_for_what_it_is(
    name: str, expected: tuple[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = scored(name, tmp_path, capsys)
    hardware = next(group for group in item["groups"] if group["group"] == "H")
    assert (item["level"], hardware["level"]) == expected
    assert item["origins"] == ["root"]


def test_an_ip_kvm_is_put_as_a_question_with_its_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = scored("jetkvm_as_logitech", tmp_path, capsys)
    assert "?" in item["sentence"]
    assert any("JetKVM Virtual Media" in each["fact"] for finding in item["findings"] for each in finding["evidence"])
    assert item["clears"] == ["H"]
