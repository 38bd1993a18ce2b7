"""`farmwatch simulate`: JSON lines that are judged offline, a store's rows, records that import, errors in words."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.app import create_app
from farmwatch_collector.cli import main
from farmwatch_collector.ingest import company_key, token_digest
from farmwatch_collector.lab.simulate import FarmSpec, Settings, farms, world
from farmwatch_collector.lab.simulate.counting import Counts
from farmwatch_collector.lab.simulate.rows import LAST_KINDS, LastStates
from farmwatch_collector.offline import Laptop, by_device, read_reports
from farmwatch_collector.policy_file import parse_policy
from farmwatch_collector.roster.serials import entry_of
from farmwatch_collector.roster_file import read_roster
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Limits
from farmwatch_collector.settings import Settings as ServiceSettings
from farmwatch_collector.store import open_store
from farmwatch_schema.codec import digest_of
from farmwatch_schema.identifiers import Keyer

SMALL = ("--devices", "24", "--days", "6", "--farms", "2", "--farm-sizes", "3-4")


def simulate(*words: object) -> int:
    return main(["simulate", *map(str, (*SMALL, *words))])


def test_its_json_lines_are_read_offline_and_chain_from_report_to_report(tmp_path: Path) -> None:
    lines = tmp_path / "fleet.jsonl"
    assert simulate("--jsonl", lines) == 0
    found = read_reports([str(lines)])
    stamps = [each.report.created_at for each in found]
    assert stamps == sorted(stamps)
    laptops = by_device(found)
    assert len(laptops) == 24
    for name, reports in laptops.items():
        laptop = Laptop(name)
        for number, each in enumerate(reports, 1):
            laptop.take(each)
            assert each.report.sequence == number
            assert each.report.previous == (reports[number - 2].digest if number > 1 else "")
        assert not laptop.notices
        assert all(section.outcome in ("found", "none") for section in laptop.history.sections.values())


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((), "  0 farms with 0 laptops"),
        ((5,), "  1 farm with 5 laptops, the smallest of 5"),
        ((5, 3), "  2 farms with 8 laptops, the smallest of 3"),
    ],
)
def test_farms_are_counted_in_words_too(sizes: tuple[int, ...], said: str) -> None:
    made = [FarmSpec(name=f"farm-{place}", size=size, care="careful") for place, size in enumerate(sizes)]
    assert Counts(Settings(devices=9)).text(made).splitlines()[-1] == said


def test_a_state_that_did_not_change_is_named_and_not_sent_again(tmp_path: Path) -> None:
    lines = tmp_path / "fleet.jsonl"
    simulate("--jsonl", lines)
    seen: dict[tuple[str, str], str] = {}
    left_out = 0
    for line in lines.read_text(encoding="utf-8").splitlines():
        report = json.loads(line)
        for section in report["sections"]:
            key = (report["device"], section["kind"])
            if "items" in section:
                raw = json.dumps(section["items"], separators=(",", ":"), ensure_ascii=False).encode()
                assert digest_of(raw) == section["digest"]
            elif section["outcome"] == "found":
                left_out += 1
                assert seen[key] == section["digest"]
            seen[key] = section.get("digest", "")
    assert left_out > 1_000


def test_records_and_truth_speak_of_the_same_laptops(tmp_path: Path) -> None:
    truth, roster, policy = (tmp_path / name for name in ("truth", "roster.csv", "policy.yaml"))
    assert simulate("--truth", truth, "--roster", roster, "--policy", policy) == 0
    lines = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert {line["device"] for line in lines} == set(read_roster(str(roster)))
    assert sum(bool(line["farm"]) for line in lines) == sum(line["dwelling"] == "farm" for line in lines) >= 6
    text = policy.read_text(encoding="utf-8")
    read, _ = parse_policy(text, "policy", datetime.now(UTC).date())
    assert {place.kind for place in read.places} == {"office"}
    assert not any(line["farm"] and line["farm"] in text for line in lines)


def test_the_roster_can_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roster = tmp_path / "roster.csv"
    simulate("--roster", roster)
    assert main(["roster", "check", str(roster)]) == 0, capsys.readouterr().out


def test_it_says_what_it_made_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["ok"], document["devices"]) == ("farmwatch-simulate-1", True, 24)
    assert [farm["care"] for farm in document["farms"]] == ["careless", "average"]
    assert sum(document["laptops"].values()) == 24


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--farm-sizes", "9-3"), "write it like 2-60"),
        (("--every", "0"), "1 to 1440 minutes"),
        (("--sase", "0.9"), "0 to 0.7"),
        (("--latest",), "--latest goes with --rows"),
        (("--send", "https://collector.example"), "--send needs --token-file"),
        (("--truth", "/dev/null/truth"), "cannot be written"),
    ],
)
def test_what_does_not_fit_is_said_in_words(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(*words) == 1
    assert said in capsys.readouterr().err


# Rows ---------------------------------------------------------------------------------------------


def test_rows_hold_what_a_device_shows_and_where_it_reported_from(tmp_path: Path) -> None:
    settings = Settings(devices=8, days=6, farms=farms(1, 3, 3))
    loaded = LastStates(str(tmp_path), settings)
    made = [device for device, _ in loaded.kept(world(settings).devices())]
    loaded.close()
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db", make=False)
    try:
        assert store.setting("identifier_key") == settings.key
        for device in made:
            last = max(each.until for each in device.stretches)
            view = store.view(device.device, last)
            assert view is not None
            assert view.now == last
            assert {kind for kind, section in view.sections.items()} == set(LAST_KINDS)
            for kind in LAST_KINDS:
                shown = [each for each in device.stretches if each.kind == kind][-1]
                assert set(map(repr, view.sections[kind].items)) == set(map(repr, shown.items)), kind
            assert {each.address.digest for each in view.egress} == {each.address.digest for each in device.exits}
            assert {each.block for each in view.egress} == {each.block for each in device.exits}
        assert len(store.due(datetime.now(UTC), 100)) == 8
    finally:
        store.close()


def test_a_fleet_is_never_put_into_a_store_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--rows", tmp_path, "--latest") == 0
    assert simulate("--rows", tmp_path, "--latest") == 1
    assert "is there already" in capsys.readouterr().err


def test_a_loader_that_fails_keeps_nothing_of_the_thousand(tmp_path: Path) -> None:
    settings = Settings(devices=2, days=2)
    loaded = LastStates(str(tmp_path), settings)
    (one, other) = world(settings).devices()
    list(loaded.kept([one]))
    with pytest.raises(sqlite3.IntegrityError):
        list(loaded.kept([other, one]))
    loaded.close()
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db", make=False)
    assert [device.device for device in store.devices()] == [one.device]
    store.close()


@pytest.mark.integration
def test_rows_with_history_are_those_of_ingest(tmp_path: Path) -> None:
    """Each report that a device's rows stand for was accepted, and the latest sections are the device's last ones."""
    folder = tmp_path / "data"
    assert simulate("--rows", folder) == 0
    store = open_store(f"sqlite:///{folder}/farmwatch.db", make=False)
    try:
        devices = store.devices()
        assert len(devices) == 24
        for device in devices:
            assert device.mark >= 2
            assert not store.events(device.device)
            view = store.view(device.device, datetime.now(UTC))
            assert view is not None
            assert view.egress
            assert view.sections["network"].outcome == "found"
    finally:
        store.close()


# A running collector ------------------------------------------------------------------------------


@pytest.mark.integration
def test_a_collector_takes_every_laptop_and_sees_it_from_its_own_address(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    store.add_token(token_digest("word"), "simulated", 9, datetime.now(UTC) + timedelta(days=1))
    unlimited = ServiceSettings(port=0, judging=False, trusted_proxies=("127.0.0.1",), limits=Limits(per_minute=0))
    serving = Serving(create_app(unlimited, store), unlimited)
    serving.start()
    token = tmp_path / "token"
    token.write_text("word\n", encoding="utf-8")
    roster, policy = tmp_path / "roster.csv", tmp_path / "policy.yaml"
    try:
        words = ["simulate", "--devices", "9", "--days", "4", "--farms", "1", "--farm-sizes", "3-3"]
        words += ["--send", serving.url, "--token-file", str(token), "--roster", str(roster), "--policy", str(policy)]
        assert main(words) == 0
        devices = store.devices()
        assert len(devices) == 9
        assert all(device.mark > 3 and not store.events(device.device) for device in devices)
        exits = {each.address.digest for device in devices for each in store.egress(device.device, datetime.now(UTC))}
        keyer = Keyer.from_key(company_key(store))
        assert keyer.key("address", "127.0.0.1").digest not in exits
        # Serials in the records are keyed with the collector's key, and so are those that laptops report.
        entries = read_roster(str(roster), keyer)
        sections = [store.view(device.device, datetime.now(UTC)) for device in devices]
        assert all(view and entry_of(entries, view.device, view.sections) for view in sections)
    finally:
        serving.stop()
        store.close()
