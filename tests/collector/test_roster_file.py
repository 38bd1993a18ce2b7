"""A roster is taken whole or not at all, with one clear message per bad row."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.input_error import InputError
from farmwatch_collector.roster_file import RosterError, parse_roster, read_roster

DOCS = Path(__file__).parents[2] / "docs"
HEAD = "person,device,cohort,start_on,household,site,time_zone\n"


def test_the_example_in_the_docs_loads() -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", (DOCS / "roster.md").read_text(encoding="utf-8"), re.DOTALL)
    roster = parse_roster(example, "people.csv")
    assert roster["laptop-0101"].start_on == date(2026, 11, 2)
    assert roster["laptop-0101"].household == roster["laptop-0102"].household == "h-7"
    assert roster["laptop-0103"].site == "berlin"


def test_a_spreadsheets_byte_order_mark_semicolons_and_line_ends_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("\ufeffPerson;Device;start_on\r\np1;d1;2026-11-02\r\n\r\n".encode())
    assert read_roster(str(path))["d1"].person == "p1"


def test_every_bad_row_is_named_and_nothing_is_taken() -> None:
    text = HEAD + "p1,d1,,02.11.2026,,,\n,d2,,,,,\np3,d3,,,,,\np4,d3,,,,,\np5,d5\n"
    with pytest.raises(RosterError) as caught:
        parse_roster(text, "people.csv")
    assert [(fault.line, fault.field) for fault in caught.value.faults] == [
        (2, "start_on"),
        (3, "person"),
        (5, "device"),
        (6, ""),
    ]
    assert "is on line 4 already" in str(caught.value)
    assert "nothing was taken" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("person,devise\n", "Did you mean 'device'?"),
        ("person,cohort\n", "device: is missing"),
        ("person,device,device\n", "stands twice"),
        ("", "person: is missing"),
        ("sep=;\nperson;device\n", "Remove this first line."),
    ],
)
def test_a_header_that_does_not_fit_is_named(header: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        parse_roster(header, "people.csv")


@pytest.mark.parametrize("text", ["person\tdevice\tsite\np1\td1\tLyon, FR\n", 'person;device;"site"\np1;d1;Lyon, FR\n'])
def test_tabs_and_semicolons_separate_cells_that_hold_commas(text: str) -> None:
    assert parse_roster(text, "people.csv")["d1"].site == "Lyon, FR"


def test_a_cell_with_a_control_character_is_refused() -> None:
    with pytest.raises(RosterError, match=r"line 2, person: holds a character that cannot be printed"):
        parse_roster("person,device\np\x001,d1\n", "people.csv")


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"person,device\np1,d1\np\xff,d2\n")
    with pytest.raises(InputError, match="line 3: is not UTF-8"):
        read_roster(str(path))


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_roster_or_our_own_error(text: str) -> None:
    for whole in (text, HEAD + text):
        said = "people.csv"
        try:
            parse_roster(whole, "people.csv")
        except (InputError, RosterError) as error:
            said = str(error)
        assert said.startswith("people.csv")
