"""`farmwatch cases`, on a store in a folder: what it prints, in which form, and how it ends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_collector.assessment import GroupLevel
from farmwatch_collector.cli import main
from farmwatch_collector.store import open_store

from .store.contract import StoreContract, assessment
from .store.farm_facts import change, farm

NOW = datetime.now(UTC)
#: What a laptop could be called to take over a terminal.
ESCAPE = "\x1b]0;owned\x07\u202elaptop"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with two open cases: 1 at review, 2 at urgent."""
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    for device, points, level, name in (("d-1", 60, "review", "laptop-1.example"), ("d-2", 70, "urgent", ESCAPE)):
        StoreContract().enrolled(store, device, name)
        store.save(assessment(device, NOW, points, attention=level), "v1", None)
    store.close()
    return tmp_path


@pytest.fixture
def cases(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str, code: int = 0) -> str:
        try:
            ended = main(["cases", *words, "--data", str(folder)])
        except SystemExit as error:
            ended = int(error.code or 0)
        said = capsys.readouterr()
        assert ended == code, said.err
        return said.out if code == 0 or "--json" in words else said.err

    return call


def items(text: str) -> list[dict[str, Any]]:
    document = json.loads(text)
    assert (document["schema"], document["ok"], document["code"]) == ("farmwatch-cases-v1", True, 0)
    found: list[dict[str, Any]] = document["items"]
    return found


def test_the_list_has_a_row_per_case_highest_first_and_nothing_that_a_terminal_obeys(cases: Any) -> None:
    rows = cases("list").splitlines()[1:]
    assert [row.split()[:4] for row in rows] == [["2", "70", "urgent", "new"], ["1", "60", "review", "new"]]
    assert "[U+001B]" in rows[0]
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(rows))


def test_the_list_is_filtered(cases: Any) -> None:
    cases("assign", "1", "ann")
    assert [each["id"] for each in items(cases("list", "--level", "urgent", "--json"))] == [2]
    assert [each["id"] for each in items(cases("list", "--owner", "ann", "--json"))] == [1]
    assert [each["id"] for each in items(cases("list", "--owner", "ann", "--owner", "nobody", "--json"))] == [2, 1]
    assert items(cases("list", "--state", "closed", "--json")) == []
    assert "--state all" in cases("list", "--state", "closed")


def test_a_case_is_worked_on_and_closed(cases: Any) -> None:
    assert cases("assign", "1", "ann").strip() == "case 1 is ann's"
    assert cases("wait", "1", "--on", "HR").strip() == "case 1 waits on HR"
    assert cases("wait", "1", "--on", "nobody").strip() == "case 1 waits no more"
    cases("note", "1", "asked for the shipping address")
    last = (NOW + timedelta(days=30)).date()
    (closed,) = items(
        cases("close", "1", "--class", "sanctioned", "--reason", "the lab's", "--until", str(last), "--json")
    )
    assert (closed["state"], closed["closed_as"], closed["reason"]) == ("closed", "sanctioned", "the lab's")
    assert closed["until"] == f"{last + timedelta(days=1)}T00:00:00Z"
    page = cases("show", "1")
    assert page.splitlines()[1].startswith("closed; review")
    assert f"as sanctioned, expected until {last + timedelta(days=1)} 00:00 UTC: the lab's" in page
    assert "asked for the shipping address" in page
    assert "A PiKVM is plugged in." in page
    assert "open again" in cases("reopen", "1", "--reason", "the lab has none")


def test_a_close_says_until_when_what_counts_is_expected(cases: Any) -> None:
    last = (NOW + timedelta(days=30)).date()
    said = cases("close", "1", "--class", "benign", "--reason", "a demonstration", "--until", str(last)).strip()
    end = f"{last + timedelta(days=1)} 00:00 UTC"
    assert said == f"case 1 is closed as benign, explained; what counts now is expected until {end}"


def test_the_list_is_searched_and_told_by_standing(cases: Any) -> None:
    cases("note", "1", "I am on it")
    assert [each["id"] for each in items(cases("list", "--standing", "ongoing", "--json"))] == [1]
    assert [each["id"] for each in items(cases("list", "--search", "LAPTOP-1", "--json"))] == [1]
    cases("list", "--standing", "old", code=2)


def test_the_same_code_with_and_without_json(cases: Any) -> None:
    wrong: tuple[tuple[str, ...], ...] = (
        ("show", "9"),
        ("assign", "9", "ann"),
        ("note", "1", " "),
        ("close", "1", "--class", "confirmed", "--reason", ""),
        ("close", "1", "--class", "benign", "--reason", "x", "--until", "2099-01-01"),
        ("reopen", "1", "--reason", "x"),
    )
    for words in wrong:
        assert cases(*words, code=1).startswith("farmwatch cases: ")
        document = json.loads(cases(*words, "--json", code=1))
        assert (document["ok"], document["code"], document["verb"]) == (False, 1, "cases")
        assert document["error"]
    misspelt: tuple[tuple[str, ...], ...] = (
        (),
        ("close", "1", "--class", "undecided", "--reason", "x"),
        ("show", "x"),
        ("close", "1"),
    )
    for words in misspelt:
        cases(*words, code=2)
        assert json.loads(cases(*words, "--json", code=2))["code"] == 2


def test_everything_leaves_an_audit_line_looking_too(cases: Any) -> None:
    cases("show", "2")
    cases("assign", "2", "bob")
    cases("close", "2", "--class", "confirmed", "--reason", "admitted")
    lines = items(cases("audit", "--case", "2", "--json"))
    assert [(line["action"], line["before"], line["after"]) for line in lines] == [
        ("case closed", "open", "confirmed: admitted"),
        ("case assigned", "", "bob"),
        ("case viewed", "", ""),
        ("case opened", "", "urgent"),
    ]
    assert all(line["actor"].startswith("command line") for line in lines[:-1])
    text = cases("audit")
    assert "open -> confirmed: admitted" in text
    assert "exported audit log" in text
    (older,) = items(cases("audit", "--case", "2", "--limit", "1", "--before", str(lines[2]["id"]), "--json"))
    assert older["action"] == "case opened"


def test_a_returned_device_names_the_case_before(cases: Any, folder: Path) -> None:
    cases("close", "1", "--class", "false_reading", "--reason", "a bug in the catalogue")
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    later = datetime.now(UTC) + timedelta(minutes=1)
    tool = GroupLevel(group="R", level=2, bits=4.0, detector="remote_access_tool")
    found = assessment("d-1", later, 62, attention="review")
    store.save(msgspec.structs.replace(found, groups=(*found.groups, tool)), "v1", None)
    store.close()
    (back,) = [each for each in items(cases("list", "--json")) if each["device"] == "d-1"]
    assert (back["standing"], back["previous"], back["id"]) == ("returned", 1, 3)
    assert "returned from case 1" in cases("show", "3")


def test_a_farms_case_is_listed_shown_with_its_laptops_and_closed_as_a_place(cases: Any, folder: Path) -> None:
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    found = farm(-1, "d-1", "d-2", points=65, at=NOW, found_at=NOW)
    store.save_farms([change(found, "found")], NOW)
    store.close()
    assert [row.split()[:3] for row in cases("list").splitlines()[1:]] == [
        ["2", "70", "urgent"],
        ["3", "65", "review"],
        ["1", "60", "review"],
    ]
    text = cases("show", "3")
    assert text.startswith("case 3: farm 1 (2 laptops)\n")
    assert "  +7.0  One gateway, five strangers." in text
    assert "d-1 (d-1): Behind the gateway." in text
    (shown,) = items(cases("show", "3", "--json"))
    assert (shown["kind"], shown["farm"], shown["members"], shown["of"]["id"]) == ("farm", 1, ["d-1", "d-2"], 1)
    assert "--place" in cases("close", "1", "--class", "confirmed", "--reason", "x", "--place", "bar", code=2)
    assert "A place goes with" in cases("close", "1", "--class", "benign", "--reason", "x", "--place", "lab", code=1)
    closing = ("--class", "sanctioned", "--reason", "our lab", "--place", "lab")
    assert "is closed as sanctioned" in cases("close", "3", *closing)
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    assert [each.place for each in store.labels()] == ["lab"]
    store.close()
