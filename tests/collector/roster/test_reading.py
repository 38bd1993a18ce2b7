"""A roster file is taken whole or not at all; each bad row is named, and a private value is never said back."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.input_error import InputError
from farmwatch_collector.roster import reading
from farmwatch_collector.roster.columns import ALIASES, COLUMNS, PRIVATE, REFUSED
from farmwatch_collector.roster.reading import RosterError, rows_in, rows_of
from farmwatch_collector.roster.serials import key_of

from .files import KEYER, LAX, STRICT, person, read, text

DOCS = Path(__file__).parents[3] / "docs"


def faults(body: str) -> list[InputError]:
    with pytest.raises(RosterError) as caught:
        rows_in(body, "people.csv", STRICT)
    return list(caught.value.faults)


def test_every_column_is_taken() -> None:
    [row] = read(
        person(
            device="",
            serial="5cg1234xyz",
            time_zone="Europe/Berlin",
            cohort="remote",
            start_on="2026-11-02",
            shipped_to="Augsburg, DE",
            shipped_on="2026-10-28",
            household="h-7",
            site="home",
            phone="+49 89 0000",
            address="1 Example Road",
            previous_addresses="2025-01-31: 5 Old Street | 2019: 2 Older Street",
            bank_account="DE00 1234 5678",
            education="2008-09/2012-06 degree 2012-07",
            work="2012-09/2018 part-time | 2018-03/",
            birth_year="1990",
            answered="phone_shape shared_phone",
        )
    )
    assert row.key == key_of(KEYER, "5CG1234XYZ")
    entry, record = row.entry, row.record
    assert (entry.person, entry.cohort, entry.household, entry.site) == ("p-1", "remote", "h-7", "home")
    assert (entry.start_on, entry.shipped_on, entry.time_zone) == (
        date(2026, 11, 2),
        date(2026, 10, 28),
        "Europe/Berlin",
    )
    assert entry.claim is not None
    assert entry.shipped_to is not None
    assert (entry.claim.country, entry.shipped_to.place) == ("DE", "Augsburg, DE")
    assert [moved.text for moved in record.previous] == ["5 Old Street", "2 Older Street"]
    assert [spell.full_time for spell in record.work] == [False, True]
    assert record.work[1].end is None
    assert record.answered == ("phone_shape", "shared_phone")
    assert row.birth_year == 1990


def test_an_account_is_a_keyed_digest_at_once_however_it_is_written() -> None:
    rows = read(
        person(1, bank_account="DE00 1234 5678", household="h"), person(2, bank_account="de00-12345678", household="h")
    )
    assert rows[0].record.bank == rows[1].record.bank == KEYER.key("bank_account", "DE0012345678").digest
    assert "1234" not in repr([row.record for row in rows]).replace(rows[0].record.bank, "")


@pytest.mark.parametrize("column", sorted(REFUSED))
def test_names_languages_and_origins_are_refused_before_a_row_is_read(column: str) -> None:
    body = f"person,device,place,{column}\np-1,d-1,Nowhere,x\n"
    with pytest.raises(InputError, match="are never compared") as caught:
        rows_in(body, "people.csv", STRICT)
    assert (caught.value.line, caught.value.field, caught.value.remedy) == (1, column, "Remove the column.")


def test_no_column_that_is_taken_is_one_of_those_nor_is_its_other_head() -> None:
    assert not REFUSED & {*COLUMNS, *ALIASES}
    assert set(ALIASES.values()) <= set(COLUMNS)
    assert {"name", "nationality", "language", "gender", "date_of_birth"} <= REFUSED


def test_heads_as_hr_systems_write_them_are_known() -> None:
    body = "Person ID;Device Serial;Claimed Place;Start-Date\np-1;5CG1234XYZ;Munich, DE;2026-11-02\n"
    [row] = rows_in(body, "people.csv", STRICT)
    assert row.entry.start_on == date(2026, 11, 2)
    assert row.key == key_of(KEYER, "5CG1234XYZ")


BAD = {
    "place": "Springfield",
    "shipped_to": "Portland",
    "start_on": "02.11.2026",
    "time_zone": "Europe/Munich",
    "phone": "unlisted",
    "bank_account": "12",
    "previous_addresses": "5 Old Street",
    "education": "Example University",
    "work": "2012-13/2018",
    "birth_year": "ninety",
    "answered": "phone",
}


@pytest.mark.parametrize("column", BAD)
def test_a_bad_cell_is_named_by_line_and_column_with_what_to_do(column: str) -> None:
    [fault] = faults(text(person(1), person(2, **{column: BAD[column]})))
    assert (fault.file, fault.line, fault.field) == ("people.csv", 3, column)
    assert fault.problem.endswith(".")
    assert fault.remedy.endswith((".", "?"))
    assert (BAD[column] in str(fault)) == (column not in PRIVATE)


def test_what_could_be_two_places_is_asked_back_with_both() -> None:
    [fault] = faults(text(person(place="Portland")))
    assert "Portland, OR, US; Portland, ME, US" in fault.problem


def test_a_number_that_a_spreadsheet_wrote_anew_is_named_as_that() -> None:
    for column in ("phone", "bank_account", "serial"):
        cells = {"device": "", "serial": "5CG1234XYZ", column: "4.91511E+11"}
        [fault] = faults(text(person(1, **cells)))
        assert (fault.field, "spreadsheet" in fault.problem) == (column, True)


@pytest.mark.parametrize("serial", ["Default string", "To Be Filled By O.E.M.", "0", "00000000", "xxxxxxxx", "n/a"])
def test_a_serial_that_makers_leave_blank_is_no_laptop(serial: str) -> None:
    [fault] = faults(text(person(device="", serial=serial)))
    assert "tells no laptop apart" in fault.problem


def test_a_device_and_a_person_are_said_once() -> None:
    twice = [person(1), person(2, device="laptop-1")]
    assert "is on line 2 already" in str(faults(text(*twice))[0])
    serials = [person(n, device="", serial="5CG1234XYZ") for n in (1, 2)]
    [fault] = faults(text(*serials))
    assert fault.problem == "this serial is on line 2 already."
    other = [person(1, phone="+49 89 0001"), person(1, device="laptop-9", phone="+49 89 0002")]
    [fault] = faults(text(*other))
    assert "'p-1' has other personal facts than on line 2." in str(fault)
    assert "0002" not in str(fault)
    assert len(read(person(1, phone="+49 89 0001"), person(1, device="laptop-9"))) == 2


@pytest.mark.parametrize(
    ("head", "said"),
    [("email", "Columns are person"), ("seriel", "Did you mean 'serial'?"), ("a|b|place", "semicolons or tabs")],
)
def test_an_unknown_head_is_named_with_one_that_is_like_it_or_all(head: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        rows_in(f"{head}\nx\n", "people.csv", STRICT)
    assert said in caught.value.remedy


def test_a_place_is_needed_for_an_import_and_not_for_a_score() -> None:
    body = "person,device\np-1,d-1\n"
    with pytest.raises(InputError, match="place: is missing"):
        rows_in(body, "people.csv", STRICT)
    assert rows_in(body, "people.csv", LAX)[0].entry.claim is None


def test_fifty_bad_rows_of_thousands_are_each_named_and_nothing_is_taken() -> None:
    wrong = set(range(7, 2_000, 40))
    people = [person(n, place="Springfield" if n in wrong else "Munich, DE") for n in range(2_000)]
    assert len(wrong) == 50
    assert [fault.line for fault in faults(text(*people))] == [n + 2 for n in sorted(wrong)]


def test_a_file_in_which_nothing_fits_ends_early_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_FAULTS", 3)
    with pytest.raises(RosterError, match="mend these first") as caught:
        rows_in(text(*(person(n, place="") for n in range(9))), "people.csv", STRICT)
    assert len(caught.value.faults) == 3
    assert caught.value.ended


def test_what_is_no_utf8_is_named_with_its_line_and_an_endless_line_too(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"person,device,place\np-1,d-1,M\xfcnchen\n")
    with pytest.raises(InputError, match="CSV UTF-8") as caught:
        rows_of(str(path), STRICT)
    assert caught.value.line == 2
    path.write_bytes(b"person,device,place\n" + b"x" * (reading.MAX_LINE + 10))
    with pytest.raises(InputError, match="is longer than"):
        rows_of(str(path), STRICT)
    with pytest.raises(InputError, match="cannot be read"):
        rows_of(str(tmp_path / "none.csv"), STRICT)


def test_the_page_explains_every_column_and_its_example_is_taken() -> None:
    page = (DOCS / "roster.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \|", page, re.M)
    assert set(COLUMNS) <= set(rows)
    [example] = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    assert len(rows_in(example, "people.csv", STRICT)) == 3


CELLS = st.text(max_size=20) | st.sampled_from(
    ["p-1", "laptop-1", "Munich, DE", "48.1, 11.5", "2026-11-02", "+49 89 1", '"', "\n", "2008/2012", "|", "2010: a"]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(COLUMNS), unique=True), st.lists(st.lists(CELLS, max_size=8), max_size=4))
def test_any_cells_are_rows_or_messages_with_their_line(columns: list[str], cells: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["person", "device", "place", *columns[:5]], *cells])
    _taken_or_told(out.getvalue())


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_rows_or_messages_with_their_line(body: str) -> None:
    _taken_or_told(body)
    _taken_or_told(f"person,serial,place,phone,work\n{body}")


def _taken_or_told(body: str) -> None:
    told: tuple[InputError, ...] = ()
    try:
        for row in rows_in(body, "people.csv", STRICT):
            assert row.entry.claim is not None
    except RosterError as error:
        told = error.faults
    except InputError as error:
        told = (error,)
    assert all(fault.line >= 1 and fault.problem and fault.remedy for fault in told)
