"""`farmwatch score` on the agent's own output: several devices and days, and whatever a file may hold."""

import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from farmwatch_collector.cli import main
from farmwatch_collector.score_json import schema
from farmwatch_schema.identifiers import Keyer, unkeyed
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import Report

from .reports import KEYER, NOW, line, report, section

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "score-v1.json"
MOUSE = UsbDevice(vendor_id="046d", product_id="c077", port_path="1-1")


def gateway(mac: str) -> Gateway:
    return Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", mac))


def write(path: Path, *reports: Report) -> str:
    path.write_bytes(b"".join(line(each) for each in reports))
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main(["score", "--json", *arguments]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (document["schema"], document["ok"], document["code"]) == ("farmwatch-score-v1", code == 0, code)
    return document


def devices(document: dict[str, Any]) -> list[str]:
    return [item["device"] for item in document["items"]]


def test_the_published_schema_is_that_of_the_code() -> None:
    remedy = "python -m farmwatch_collector.score_json > docs/schema/score-v1.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema())), remedy


def test_one_report_is_scored_in_words_with_every_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "one.jsonl", report("d1", {"usb": [MOUSE]}))
    assert main(["score", path]) == 0
    said = capsys.readouterr().out
    assert said.startswith("d1: clear, 0 points, ")
    for name in ("hardware control", "remote software", "network and place", "fleet ties", "agent integrity"):
        assert name in said
    assert "fleet too small" in said.replace("\n", " ") or "no gateway" in said


def test_the_figures_in_json_are_those_of_the_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "one.jsonl", report("d1", {"usb": [MOUSE]}))
    (item,) = answer(capsys, path)["items"]
    assert sum(bar["points"] for bar in item["bars"]) == item["points"]
    assert sum(bar["bits"] for bar in item["bars"]) == pytest.approx(item["bits"])
    assert item["origins"] == ["live"]
    assert len(item["groups"]) == 8


def test_explain_draws_the_same_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "one.jsonl", report("d1", {"usb": [MOUSE]}, without=["services"]))
    assert main(["score", path, "--explain"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "base rate: 1 in 10,000 laptops is a farm's" in said
    assert "remote software: services: the agent had no permission to look (Run as root)" in said
    assert "0 points" in said


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(line(report("d1", {}))))
    monkeypatch.setattr("sys.stdin", stdin)
    assert devices(answer(capsys, "-")) == ["d1"]


def test_states_left_out_are_taken_from_earlier_reports_of_any_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = "a" * 32
    first = report("d1", {"usb": [MOUSE]}, epoch=epoch)
    later = report("d1", {}, NOW + timedelta(hours=1), epoch=epoch, sequence=2)
    short = msgspec.structs.replace(later, sections=[section("usb", [MOUSE], NOW + timedelta(hours=1), left_out=True)])
    paths = [write(tmp_path / "tuesday.jsonl", short), write(tmp_path / "monday.jsonl", first)]
    (item,) = answer(capsys, *paths)["items"]
    assert item["reports"] == 2
    assert not any("never received" in group.get("grey", "") for group in item["groups"])


def test_content_that_no_file_holds_greys_its_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = msgspec.structs.replace(report("d1", {}), sections=[section("usb", [MOUSE], left_out=True)])
    (item,) = answer(capsys, write(tmp_path / "a.jsonl", short))["items"]
    assert "never received" in item["groups"][0]["grey"]


def test_laptops_without_a_name_are_kept_apart_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "one.jsonl", report("local", {}), report("local", {"usb": [MOUSE]}, NOW + timedelta(days=1)))
    two = write(tmp_path / "two.jsonl", report("local", {}))
    assert devices(answer(capsys, one)) == ["local"]
    document = answer(capsys, one, two)
    assert sorted(devices(document)) == [f"local ({one} line 1)", f"local ({two} line 1)"]
    assert sorted(item["reports"] for item in document["items"]) == [1, 2]


def test_laptops_without_a_name_are_told_apart_and_joined_by_their_firmware(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def of(uuid: str, days: int = 0) -> Report:
        facts = HostFacts(os="Debian GNU/Linux", platform_uuid=unkeyed("uuid", uuid))
        return report("local", {"host": [facts]}, NOW + timedelta(days=days))

    mixed = write(tmp_path / "mixed.jsonl", of("aaaa"), of("bbbb"))
    more = write(tmp_path / "more.jsonl", of("aaaa", days=1))
    counts = {item["device"]: item["reports"] for item in answer(capsys, mixed, more)["items"]}
    assert counts == {f"local ({mixed} line 1)": 2, f"local ({mixed} line 2)": 1}


def test_the_same_report_twice_counts_once_and_a_forked_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = "b" * 32
    first, other = report("d1", {}, epoch=epoch), report("d1", {"usb": [MOUSE]}, epoch=epoch)
    path = write(tmp_path / "a.jsonl", first, first, other)
    (item,) = answer(capsys, path)["items"]
    assert item["reports"] == 1
    assert item["notices"] == [f"report 1 exists in two forms: {path} line 1 counts"]


def test_replayed_and_root_reports_are_scored_and_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.jsonl", report("d1", {}, origin="root"), report("d2", {}, origin="replay"))
    assert main(["score", path]) == 0
    said = capsys.readouterr().out
    assert "read from a file tree, not live" in said
    assert "replayed from a capture, not live" in said


def test_a_device_is_judged_at_its_own_latest_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.jsonl", report("old", {}, NOW - timedelta(days=90)), report("new", {}))
    ats = {item["device"]: item["at"] for item in answer(capsys, path)["items"]}
    assert ats == {"old": "2026-08-24T12:00:00Z", "new": "2026-11-22T12:00:00Z"}


def test_roster_policy_and_key_file_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "identifier.key"
    key.write_text(bytes(range(32)).hex() + "\n", encoding="utf-8")
    roster = tmp_path / "people.csv"
    roster.write_text("person,device,cohort,start_on\np1,d1,remote_new_hire,2026-11-20\n", encoding="utf-8")
    policy = tmp_path / "policy.yaml"
    policy.write_text("sanctions:\n  - {asset_serial: 'LAB-1', owner: o, reason: r}\n", encoding="utf-8")
    reports = write(tmp_path / "a.jsonl", report("d1", {"network": [gateway("a0:40:a0:00:00:42")]}))
    arguments = ["score", reports, "--roster", str(roster), "--policy", str(policy)]
    assert main([*arguments, "--key-file", str(key)]) == 0
    caught = capsys.readouterr()
    # One in 1,000 against one in 10,000 is 3.3 bits; silence of H, R and N takes 2.2 of them.
    assert caught.out.startswith("d1: clear, 6 points")
    assert "has no end" in caught.err
    assert "cannot be compared" not in caught.err
    assert main(arguments) == 0
    assert "without --key-file" in capsys.readouterr().err
    stranger = write(
        tmp_path / "b.jsonl", report("d1", {"network": [gateway("a0:40:a0:00:00:42")]}, keyer=Keyer.generate())
    )
    assert main(["score", stranger, "--key-file", str(key)]) == 0
    assert f"the key file is {KEYER.key_id}" in capsys.readouterr().err


GOOD = line(report("d1", {}))


@pytest.mark.parametrize(
    ("data", "number", "field", "said"),
    [
        (b"", 0, "", "holds no report"),
        (GOOD + b"{\n", 2, "", "not valid JSON"),
        (GOOD + b"[1]\n", 2, "", "Expected `object`"),
        (GOOD + b"\n" + GOOD.replace(b'"sequence":1', b'"sequence":"x"'), 3, "sequence", "Expected `int`"),
        (GOOD.replace(b'"sequence":1', b'"sequence":0'), 1, "sequence", "counts from 1"),
        (GOOD.replace(b'"created_at":"2026', b'"created_at":"never'), 1, "created_at", "is no time"),
        (GOOD.replace(b'"outcome":"none"', b'"outcome":"fine"', 1), 1, "sections[0].outcome", "Invalid enum"),
        (GOOD[:-2] + b',"schema":99}\n', 1, "schema", "Upgrade the collector"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"\n", 1, "", ""),
        (b"[" * 100_000 + b"\n", 1, "", ""),
        (b"x" * (2 << 20) + b"yy\n", 1, "", "longer than"),
        (b"\xff\xfe\x00\n", 1, "", "not valid JSON"),
    ],
)
def test_bad_input_is_named_with_file_line_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, number: int, field: str, said: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(data)
    (fault,) = answer(capsys, str(path), code=1)["errors"]
    assert (fault["file"], fault["line"], fault["field"]) == (str(path), number, field)
    assert said in fault["problem"] + fault["remedy"]
    assert fault["remedy"]


def test_an_observable_that_does_not_fit_is_named_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = msgspec.Raw(b'[{"type":"usb_device","vendor_id":7,"product_id":"c077"}]')
    whole = section("usb", [MOUSE])
    bad = msgspec.structs.replace(report("d1", {}), sections=[msgspec.structs.replace(whole, items=raw, digest="")])
    path = write(tmp_path / "bad.jsonl", bad)
    (fault,) = answer(capsys, path, code=1)["errors"]
    assert fault["line"] == 1
    assert "sections[0]" in fault["field"]
    assert "usb items[0]" in fault["field"]
    assert "vendor_id" in fault["field"]


def test_a_file_that_is_not_there_is_named_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "/nowhere/report.jsonl"]) == 1
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "/nowhere/report.jsonl: cannot be read: No such file or directory." in caught.err


def test_control_characters_of_a_report_never_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.jsonl", report("d\x1b[31m", {}))
    assert main(["score", path]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_reader_that_has_enough_is_no_error_worth_a_traceback(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *(report(f"d{number}", {}) for number in range(200)))
    command = [sys.executable, "-m", "farmwatch_collector.cli", "score", path, "--explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def test_a_cohort_that_looks_like_a_typo_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = write(tmp_path / "one.jsonl", report("d1", {}), report("d2", {}))
    roster = tmp_path / "people.csv"
    roster.write_text("person,device,cohort\np1,d1,Remote new hire\np2,d2,office\n", encoding="utf-8")
    assert main(["score", reports, "--roster", str(roster)]) == 0
    said = capsys.readouterr().err
    assert "cohort 'Remote new hire' is none of the policy's" in said
    assert "Did you mean 'remote_new_hire'?" in said
    assert "office" not in said


def test_neither_the_order_of_files_and_lines_nor_copies_change_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kvm = UsbDevice(vendor_id="1d6b", product_id="0104", product="PiKVM Composite Device", port_path="1-4")
    home = gateway("00:1b:21:0a:0b:0c")
    lines = [
        line(
            report(
                name,
                {"usb": [kvm if place == 1 and day in (3, 4) else MOUSE], "network": [home] if day > 2 else []},
                NOW - timedelta(days=10 - day),
                epoch=epoch * 32,
                sequence=day,
            )
        )
        for place, (name, epoch) in enumerate((("d1", "a"), ("d2", "b"), ("d3", "c")))
        for day in (1, 2, 3, 4, 7, 9)
    ]
    whole, odd, even = tmp_path / "all.jsonl", tmp_path / "odd.jsonl", tmp_path / "even.jsonl"
    whole.write_bytes(b"".join(lines))
    odd.write_bytes(b"".join(reversed(lines[::2])))
    even.write_bytes(b"".join(lines[1::2] + lines[:3]))
    answers = [answer(capsys, *map(str, files)) for files in ([whole], [odd, even], [even, odd, whole])]
    assert [each["reports"] for each in answers[0]["items"]] == [6, 6, 6]
    assert any(finding.get("seen_until") for each in answers[0]["items"] for finding in each["findings"])
    assert answers[0] == answers[1] == answers[2]
