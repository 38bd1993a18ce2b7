import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.cli import main
from farmwatch_collector.input_error import InputError
from farmwatch_collector.place.networks import Networks
from farmwatch_collector.sign_ins import SignInError, SignInReader, Told, numbered, parse_csv, with_sign_ins
from farmwatch_collector.store import open_store
from farmwatch_detectors.placing import SignIn
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.identifiers import Keyer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYER = Keyer(bytes(32), "test")
READER = SignInReader(Networks(None, ("192.0.2.0/24",)), KEYER)
HEAD = "person,at,address,country,latitude,longitude,app\n"


def told(**values: Any) -> Told:
    return Told(**{"person": "p-1", "at": "2026-11-20T08:00:00+01:00", **values})


def test_an_address_is_keyed_and_classed_and_kept_nowhere() -> None:
    taken = READER.take(numbered([told(address="192.0.2.7", country="us")]), "x", NOW)
    (one,) = taken.found["p-1"]
    assert one.at == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert (one.address, one.kind, one.country) == (KEYER.key("address", "192.0.2.7"), "company", "US")
    assert b"192.0.2.7" not in msgspec.json.encode(one)


def test_a_place_alone_is_enough_and_the_app_is_not_kept() -> None:
    taken = READER.take(numbered([told(latitude=35.7, longitude=139.7, app="payroll")]), "x", NOW)
    (one,) = taken.found["p-1"]
    assert one == SignIn(at=datetime(2026, 11, 20, 7, tzinfo=UTC), latitude=35.7, longitude=139.7)


def test_what_is_older_than_what_is_kept_is_counted_and_left_out() -> None:
    taken = READER.take(numbered([told(at="2026-09-01T00:00:00Z", country="US"), told(country="US")]), "x", NOW)
    assert (taken.rows, taken.too_old) == (1, 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"person": " "}, "person"),
        ({"person": "x" * 201}, "person"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-20T08:00:00"}, "at"),
        ({"at": "2026-11-22T12:11:00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+23:00"}, "at"),
        ({"country": "USA"}, "country"),
        ({"latitude": 91.0, "longitude": 0.0}, "latitude"),
        ({"latitude": float("nan"), "longitude": 0.0}, "latitude"),
        ({"latitude": 1.0}, "latitude"),
        ({"address": "example.com"}, "address"),
        ({"country": ""}, "address"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_taken(values: dict[str, Any], field: str) -> None:
    rows = [told(country="US"), told(**{"country": "US", **values})]
    with pytest.raises(SignInError) as caught:
        READER.take(numbered(rows), "x", NOW)
    (fault,) = caught.value.faults
    assert (fault.row, fault.field) == (2, field)
    assert fault.problem
    assert fault.remedy


def test_a_csv_file_has_its_columns_in_any_order_and_with_any_separator() -> None:
    rows = parse_csv("at;person;country\n2026-11-20T08:00:00Z;p-1;US\n\n2026-11-20T09:00:00Z;p-2;\n", "x.csv")
    assert rows == [
        (2, Told(person="p-1", at="2026-11-20T08:00:00Z", country="US")),
        (4, Told(person="p-2", at="2026-11-20T09:00:00Z")),
    ]


@pytest.mark.parametrize("head", ["person,country\n", "person,at,ip\n", "person,at,at\n", ""])
def test_a_header_that_is_not_ours_is_refused(head: str) -> None:
    with pytest.raises(InputError, match="Columns are"):
        parse_csv(head, "x.csv")


def test_each_bad_line_of_a_file_is_named() -> None:
    text = HEAD + "p-1,2026-11-20T08:00:00Z,,US,north,1,\np-1,x\np-1,2026-11-20T08:00:00Z,,US,,,\n"
    with pytest.raises(SignInError) as caught:
        parse_csv(text, "x.csv")
    assert [(fault.row, fault.field) for fault in caught.value.faults] == [(2, "latitude"), (3, "")]


@given(st.text(max_size=300), st.sampled_from(["", HEAD]))
def test_any_text_is_rows_or_a_refusal(text: str, head: str) -> None:
    try:
        rows = parse_csv(head + text, "x.csv")
        taken = READER.take(rows, "x.csv", NOW)
    except (InputError, SignInError):
        return
    assert taken.rows + taken.too_old == len(rows)


def test_a_view_gets_the_sign_ins_of_its_person_of_thirty_days(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    new, old = SignIn(at=NOW, country="US"), SignIn(at=NOW - timedelta(days=31), country="US")
    store.add_sign_ins({"p-1": [new, old], "p-2": [new]})
    view = DeviceView(device="a", now=NOW, enrolled_at=NOW, sections={})
    assert with_sign_ins(view, store).sign_ins == ()
    known = msgspec.structs.replace(view, roster=RosterEntry(person="p-1"))
    assert with_sign_ins(known, store).sign_ins == (new,)
    store.close()


def recent() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def test_a_file_is_imported_once_and_a_dry_run_takes_nothing(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "sign-ins.csv"
    file.write_text(f"{HEAD}p-1,{recent()},192.0.2.7,,,,\np-2,{recent()},,JP,,,\n")
    command = ["signins", "import", str(file), "--data", str(tmp_path), "--json"]
    counts = []
    for more in (["--dry-run"], [], []):
        assert main([*command, *more]) == 0
        (item,) = json.loads(capsys.readouterr().out)["items"]
        counts.append((item["added"], item["known"]))
    assert counts == [(0, 0), (2, 0), (0, 2)]


def test_people_whom_the_roster_does_not_have_are_named(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "sign-ins.csv"
    file.write_text(f"{HEAD}p-1,{recent()},,JP,,,\nann@example.com,{recent()},,JP,,,\n")
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    store.set_roster({"laptop-1": RosterEntry(person="p-1")})
    store.close()
    assert main(["signins", "import", str(file), "--data", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "2 sign-ins added" in out
    assert "1 of these people are not in the roster and count for no laptop: ann@example.com." in err


def test_a_file_with_a_bad_row_leaves_nothing(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "sign-ins.csv"
    file.write_text(f"{HEAD}p-1,{recent()},,US,,,\np-2,never,,US,,,\n")
    assert main(["signins", "import", str(file), "--data", str(tmp_path)]) == 1
    assert "row 3, at" in capsys.readouterr().err
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    assert store.sign_ins("p-1", NOW - timedelta(days=3650)) == []
    store.close()
