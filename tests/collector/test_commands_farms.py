"""`farmwatch farms` on the agent's own output, and on what a collector keeps."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from farmwatch_collector.cli import main
from farmwatch_collector.farms_json import schema
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device
from farmwatch_schema.identifiers import Keyer, unkeyed
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.report import Report

from .reports import KEYER, NOW, line, report
from .store.farm_facts import DAY, change, farm
from .store.moments import START

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "farms-v1.json"
SHELF = "c4:e9:84:00:00:01"
DAYS = 7


def laptop(device: str, mac: str, days: int = DAYS, keyer: Keyer = KEYER) -> Iterator[Report]:
    """A laptop behind one gateway, with a report a day."""
    gateway = Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", mac))
    for day in range(days):
        at = NOW - timedelta(days=days - day)
        yield report(
            device, {"network": [gateway]}, at, epoch=device.encode().hex().zfill(32), sequence=day + 1, keyer=keyer
        )


def shelf(count: int = 6) -> list[Report]:
    return [each for number in range(count) for each in laptop(f"shelf-{number}", SHELF)]


def homes(count: int = 6) -> list[Report]:
    return [each for number in range(count) for each in laptop(f"home-{number}", f"c4:e9:84:00:01:{number:02x}")]


def write(path: Path, reports: Sequence[Report]) -> str:
    path.write_bytes(b"".join(line(each) for each in reports))
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main(["farms", "--json", *arguments]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (document["schema"], document["ok"], document["code"]) == ("farmwatch-farms-v1", code == 0, code)
    return document


def members(item: dict[str, Any]) -> list[str]:
    return [each["device"] for each in item["members"]]


def test_the_published_schema_is_that_of_the_code() -> None:
    remedy = "python -m farmwatch_collector.farms_json > docs/schema/farms-v1.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema())), remedy


def test_six_laptops_behind_one_gateway_are_a_farm_and_those_at_home_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = answer(capsys, write(tmp_path / "all.jsonl", [*shelf(), *homes()]))
    (item,) = document["items"]
    assert members(item) == [f"shelf-{number}" for number in range(6)]
    assert item["level"] in ("watch", "review")
    assert (document["source"], document["devices"], item["rank"], item["id"]) == ("reports", 12, 1, None)
    anchor = item["shared"][0]
    assert (anchor["kind"], anchor["unrelated"], anchor["holders"], anchor["value"]) == ("gateway_mac", 6, 6, digest())


def digest() -> str:
    return KEYER.key("mac", SHELF).digest


def test_the_bars_add_up_to_the_log_odds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (item,) = answer(capsys, write(tmp_path / "all.jsonl", [*shelf(), *homes()]))["items"]
    assert sum(bar["bits"] for bar in item["bars"]) == pytest.approx(item["bits"])
    assert item["probability"] == pytest.approx(1 / (1 + 2 ** -item["bits"]))
    own = 1.0
    for each in item["members"]:
        own *= 1 - each["probability"]
    assert item["at_least_one"] == pytest.approx(1 - own)


def test_the_order_of_files_and_lines_makes_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = [*shelf(), *homes()]
    one = answer(capsys, write(tmp_path / "all.jsonl", reports))
    half = len(reports) // 2
    parts = [write(tmp_path / "b.jsonl", reports[half:][::-1]), write(tmp_path / "a.jsonl", reports[:half][::-1])]
    assert answer(capsys, *parts) == one


def test_standard_input_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = b"".join(line(each) for each in [*shelf(), *homes()])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert len(answer(capsys, "-")["items"]) == 1


def test_who_the_records_know_is_told_beside_the_laptops_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roster = tmp_path / "people.csv"
    rows = [f"p-{number},shelf-{number},remote" for number in range(6)]
    roster.write_text("\n".join(["person,device,cohort", *rows]) + "\n", encoding="utf-8")
    assert main(["farms", write(tmp_path / "all.jsonl", [*shelf(), *homes()]), "--roster", str(roster)]) == 0
    assert "- shelf-5 (p-5): " in capsys.readouterr().out


def test_in_words_it_says_who_why_and_what_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["farms", write(tmp_path / "all.jsonl", [*shelf(), *homes()])]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("farm 1: ")
    for words in (
        "6 laptops of people whom nothing relates share one gateway",
        "Could it be ",
        "Check: ",
        "- shelf-5: ",
        f"(gateway_mac {digest()[:8]}): 6 members, 6 unrelated, 6 laptops in all",
        "prior -13.3 Base rate of these 6 laptops: 1 in 10,000.",
        "rarity +",
        "sum -",
        "at least one of them is a farm laptop by its own evidence",
    ):
        assert words in said


def test_laptops_at_homes_of_their_own_are_no_farm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "homes.jsonl", homes())
    assert answer(capsys, path, "--minimum", "none")["items"] == []
    assert main(["farms", path]) == 0
    assert capsys.readouterr().out == "no farm at watch or above: 6 laptops looked at; none shares anything.\n"


def test_a_couple_is_below_watch_and_told_with_minimum_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "couple.jsonl", [*shelf(2), *homes()])
    document = answer(capsys, path)
    assert (document["items"], document["below"]) == ([], 1)
    (item,) = answer(capsys, path, "--minimum", "none")["items"]
    assert item["level"] == "none"
    assert main(["farms", path]) == 0
    assert capsys.readouterr().out.endswith("1 group that shares something is below it.\n")


def test_a_household_of_the_roster_is_no_group_of_strangers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roster = tmp_path / "people.csv"
    rows = [f"shelf-{number},p{number}@example.com,one-house" for number in range(6)]
    roster.write_text("\n".join(["device,person,household", *rows]) + "\n", encoding="utf-8")
    path = write(tmp_path / "all.jsonl", [*shelf(), *homes()])
    assert answer(capsys, path, "--roster", str(roster), "--minimum", "none")["items"] == []


def test_a_place_of_the_policy_explains_the_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy, key = tmp_path / "policy.yaml", tmp_path / "key"
    policy.write_text(
        "places:\n- kind: office\n  name: Boise\n  owner: it@example.com\n  until: 2030-01-01\n"
        f'  gateway_macs: ["{SHELF}"]\n',
        encoding="utf-8",
    )
    key.write_text(bytes(range(32)).hex(), encoding="utf-8")
    path = write(tmp_path / "all.jsonl", [*shelf(), *homes()])
    assert answer(capsys, path, "--policy", str(policy), "--key-file", str(key), "--minimum", "none")["items"] == []


def test_reports_keyed_with_two_keys_are_said_to_be_incomparable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Keyer.from_key(bytes(range(1, 33)))
    reports = [*shelf(1), *laptop("shelf-9", SHELF, keyer=other)]
    assert main(["farms", write(tmp_path / "two.jsonl", reports)]) == 0
    said = capsys.readouterr()
    assert "the reports were keyed with 2 keys" in said.err
    assert "--key-file" in said.err
    assert said.out.startswith("no farm")


def test_a_line_that_is_no_report_is_named_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(line(next(laptop("d", SHELF))) + b'{"schema": 1, "device": 5}\n')
    document = answer(capsys, str(path), code=1)
    (fault,) = document["errors"]
    assert (fault["file"], fault["line"], fault["field"]) == (str(path), 2, "device")
    assert "farmwatch-agent collect --json" in fault["remedy"]
    assert main(["farms", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{path} line 2, device" in said.err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, str(tmp_path / "none.jsonl"), code=1)
    assert document["errors"][0]["file"] == str(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("REPORT", "--data", "x"), "leave out --data and --store"),
        (("--roster", "people.csv"), "--roster: for reports only"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    extra: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = answer(capsys, *extra, code=2)
    assert words in document["errors"][0]["problem"]


def test_score_says_of_each_device_which_farm_it_belongs_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", write(tmp_path / "all.jsonl", [*shelf(), *homes()])]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("farm of shelf-0, shelf-1, shelf-2 and 3 more: ") == 6


def test_score_says_nothing_of_farms_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", write(tmp_path / "homes.jsonl", homes(2))]) == 0
    assert "farm of" not in capsys.readouterr().out


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A collector's folder with two farms, of 60 and 40 points."""
    with closing(open_store(f"sqlite:///{tmp_path}/farmwatch.db")) as store:
        store.add_token("token", "two shelves", 4, START + DAY)
        for name in ("d-1", "d-2", "d-3", "d-4"):
            store.enrol("token", Device(device=name, name=name, platform="linux", public_key=b"k", enrolled_at=START))
        found = [change(farm(-1, "d-1", "d-2")), change(farm(-2, "d-3", left={"d-4": START + DAY}, points=40))]
        store.save_farms(found, START)
    return str(tmp_path)


def test_a_collectors_farms_are_told_highest_first_with_their_numbers_and_cases(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = answer(capsys, "--data", data)
    assert (document["source"], document["devices"], document["below"]) == ("store", None, None)
    assert [(each["rank"], each["points"]) for each in document["items"]] == [(1, 60), (2, 40)]
    first, second = document["items"]
    assert first["id"] is not None
    assert first["case"] is not None  # it reached review
    assert (members(second), second["left"], second["case"]) == (["d-3"], ["d-4"], None)


def test_a_collectors_farms_below_the_minimum_are_left_out(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert [each["points"] for each in answer(capsys, "--data", data, "--minimum", "review")["items"]] == [60]
    assert answer(capsys, "--data", data, "--minimum", "urgent")["items"] == []
    assert len(answer(capsys, "--data", data, "--limit", "1")["items"]) == 1


def test_in_words_a_collectors_farm_bears_its_number_and_its_case(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (item,) = answer(capsys, "--data", data, "--minimum", "review")["items"]
    assert main(["farms", "--data", data, "--minimum", "review"]) == 0
    head = capsys.readouterr().out.split("\n", 1)[0]
    assert head == f"farm {item['id']}: review, 60 points, about 1 in 2, case {item['case']}"


def test_explained_farms_are_not_listed_and_said_to_be_there(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_store(f"sqlite:///{data}/farmwatch.db")) as store:
        store.save_farms([change(farm(-3, "d-4", state="explained"))], START)
    assert main(["farms", "--data", data]) == 0
    told = capsys.readouterr()
    assert "1 more is explained by a label or the policy" in told.err
    assert "farm 3" not in told.out


def test_a_collector_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "--data", str(tmp_path / "nowhere"), code=1)
    assert str(tmp_path / "nowhere") in document["errors"][0]["problem"]
