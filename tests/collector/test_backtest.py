"""`farmwatch backtest`: a collector's stored past, weighed with the shipped tables and with others."""

import json
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from farmwatch_collector.backtest import changed_tables, compare, schema, shipped
from farmwatch_collector.bench.judging import DAY
from farmwatch_collector.cli import main
from farmwatch_collector.evaluate import Company, complete, judge
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.input_error import InputError
from farmwatch_collector.lab.fleet import people
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_detectors.policy import Policy
from farmwatch_schema.codec import decode_report, digest_of
from farmwatch_schema.identifiers import Keyer

from .bench.tiny import KEY, laptop

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "backtest-v1.json"
NOW = datetime.now(UTC).replace(microsecond=0)
JUDGED = NOW - timedelta(days=2)
#: A store of the demo's renamed RustDesk, of one of its PiKVMs, and of three ordinary laptops.
CHOSEN = (2, 3, 30, 56, 60)


def filled(path: Path) -> Store:
    store = open_store(f"sqlite:///{path}")
    store.add_token("digest", "test", 10, NOW + timedelta(days=1))
    fleet = Fleet(Keyer.from_key(KEY))
    for person in people(JUDGED.date()):
        if person.number not in CHOSEN:
            continue
        made = laptop(person, 1)
        store.enrol(
            "digest",
            Device(
                device=made.device, name=person.name, platform=person.platform, public_key=bytes(32),
                enrolled_at=NOW - timedelta(days=3),
            ),
        )  # fmt: skip
        data = made.report(JUDGED)
        assert store.commit([Incoming(decode_report(data), digest_of(data), JUDGED)])[0].status == "accepted"
        view = store.view(made.device, JUDGED)
        assert view is not None
        fleet.observe(made.device, view.sections)
        store.save(judge(complete(view, Company(), fleet)), "test", None)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path / "farmwatch.db")


def tables(folder: Path, detector: str, *replaced: tuple[str, str]) -> str:
    """Writes a shipped table with some text replaced into a folder."""
    text = resources.files("farmwatch_detectors").joinpath(f"{detector}.toml").read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / f"{detector}.toml").write_text(text, encoding="utf-8")
    return str(folder)


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    assert main(["backtest", *words, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (document["ok"], document["code"]) == (code == 0, code)
    return document


def test_the_published_schema_is_that_of_the_code() -> None:
    remedy = "python -m farmwatch_collector.backtest > docs/schema/backtest-v1.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema())), remedy


def test_with_the_shipped_tables_every_device_stands_as_it_was_judged(store: Store) -> None:
    result = compare(store.histories(NOW - 3 * DAY), NOW - 3 * DAY, NOW, shipped(), Policy())
    assert [row.device.device for row in store.rows("review")] == ["laptop-056"]
    assert (result.now.cases, result.now.flagged) == (1, 1)
    assert result.now == result.after
    assert (result.entering, result.leaving, result.tables) == ((), (), ())
    assert result.devices == 5
    assert result.device_days == pytest.approx(15.0)
    assert result.now.per_1000 == pytest.approx(1000 / 15)
    store.close()


def test_a_device_that_a_changed_table_makes_a_case_is_named(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.close()
    table = resources.files("farmwatch_detectors").joinpath("remote_access_tool.toml").read_text(encoding="utf-8")
    changed = tmp_path / "changed"
    changed.mkdir()
    # Every level of the table as sure as a table can say it is, on measured ground.
    lines = [
        "u = 0.000001" if line.startswith("u = ") else 'basis = "measured"' if line.startswith("basis") else line
        for line in table.splitlines()
    ]
    (changed / "remote_access_tool.toml").write_text("\n".join(lines), encoding="utf-8")
    groups = resources.files("farmwatch_detectors").joinpath("groups.toml").read_text(encoding="utf-8")
    (changed / "groups.toml").write_text(groups, encoding="utf-8")
    words = ["--since", f"{NOW - 3 * DAY:%Y-%m-%dT%H:%M:%S}", "--store", f"sqlite:///{tmp_path}/farmwatch.db"]
    result = answer(capsys, *words, "--tables", str(changed))["result"]
    (entering,) = result["entering"]
    assert entering["device"] == "laptop-060"
    assert entering["points_after"] > entering["points_now"]
    assert entering["detectors"].count("remote_access_tool") == 1
    assert result["leaving"] == []
    assert result["after"]["cases"] == result["now"]["cases"] + 1
    assert all(words.startswith("remote_access_tool.toml") for words in result["tables"])


def test_a_confirmed_case_that_changed_tables_would_lose_is_said(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (case,) = store.cases()
    store.close_case(case.id, NOW - timedelta(hours=1), "analyst@example.com", "confirmed", "seen on the shelf")
    store.close()
    folder = tmp_path / "changed"
    for detector in ("ip_kvm_identity", "ip_kvm_shape", "ip_kvm_display"):
        text = resources.files("farmwatch_detectors").joinpath(f"{detector}.toml").read_text(encoding="utf-8")
        folder.mkdir(exist_ok=True)
        (folder / f"{detector}.toml").write_text(text.replace("published_kvm = true", ""), encoding="utf-8")
    words = ["--since", f"{NOW - 3 * DAY:%Y-%m-%d}", "--store", f"sqlite:///{tmp_path}/farmwatch.db"]
    (decided,) = answer(capsys, *words, "--tables", str(folder))["result"]["decided"]
    assert (decided["device"], decided["closed_as"], decided["flagged_now"]) == ("laptop-056", "confirmed", True)
    # The floor belongs to the finding, not to the table: an unregistered KVM stays a question.
    assert decided["flagged_after"] is True
    assert decided["points_after"] < decided["points_now"]
    assert main(["backtest", *words]) == 0
    said = capsys.readouterr().out
    assert f"case {case.id}, confirmed, laptop-056" in said
    assert "fewer than 100 device-days: too few for a rate" in said
    assert "per 1,000" not in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ip_kvm_shap.toml", "", "is no detector's table. Did you mean ip_kvm_shape.toml?"),
        ("ip_kvm_shape.toml", "levels = [", "ip_kvm_shape.toml line 1"),
        ("ip_kvm_shape.toml", '[[levels]]\nlevel = 1\nmeaning = "x"\n', "missing required field `m`"),
        ("groups.toml", "", "groups.toml"),
    ],
)
def test_a_broken_table_is_named_with_its_file(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        changed_tables(str(tmp_path))
    assert said in str(caught.value)


def test_a_folder_without_tables_and_one_that_is_not_there_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no table"):
        changed_tables(str(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        changed_tables(str(tmp_path / "none"))


def test_only_rows_that_weigh_otherwise_are_told(tmp_path: Path) -> None:
    folder = tables(tmp_path / "same", "ip_kvm_shape")
    assert changed_tables(folder).changed == ()


def test_a_store_that_is_not_there_and_a_day_to_come_are_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = f"sqlite:///{tmp_path}/none.db"
    assert "no collector" in answer(capsys, "--since", "2026-01-01", "--store", nowhere, code=1)["error"]
    assert "lies ahead" in answer(capsys, "--since", "2999-01-01", "--store", nowhere, code=1)["error"]
    with pytest.raises(SystemExit) as ended:
        main(["backtest", "--since", "yesterday", "--store", nowhere])
    assert ended.value.code == 2
