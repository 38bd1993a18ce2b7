"""Reads a roster file: CSV with a header, a line per laptop. All of it is taken, or nothing, with every bad row named.

Rows are read one by one, so that a file of 100,000 costs little more than what is kept of it.
"""

import csv
import difflib
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from zoneinfo import available_timezones

import msgspec

from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from ..input_error import InputError
from ..place.gazetteer import gazetteer
from ..place.geocoding import PlaceError, geocoder
from .columns import ALIASES, COLUMNS, DEVICE, LISTS, MAX_CELL, MAX_LIST, PERSON, PLACE, PRIVATE, REFUSED, SERIAL
from .record import YEARS, CellError, PersonRecord, addresses, spells
from .serials import BLANK, key_of

MAX_BYTES = 256 << 20
MAX_LINE = 256 << 10
#: A file in which nothing fits is the wrong file: so many bad rows are named, then reading ends.
MOST_FAULTS = 1_000
#: What a spreadsheet makes of a long number in a column that is not text: 4.91511E+11.
_MANGLED = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+\Z")


class RosterError(FarmwatchError):
    """A roster that was not taken; `faults` holds one InputError per bad row.

    ended  reading stopped at the last of them, and more may follow
    """

    def __init__(self, name: str, faults: list[InputError], *, ended: bool = False) -> None:
        self.faults = tuple(faults)
        self.ended = ended
        rows = "\n  ".join(str(fault) for fault in faults)
        count = "1 row" if len(faults) == 1 else f"{len(faults)} rows"
        rest = "\n  Reading ended here: mend these first." if ended else ""
        super().__init__(f"{name}: {count} could not be read, nothing was taken.\n  {rows}{rest}")


class Row(msgspec.Struct, kw_only=True, gc=False):
    """One line of the file; `checks.questioned` puts its questions into `entry`.

    line        from 1, the header's
    key         device id, or `serial:<digest>`
    birth_year  looked at once, for dates that contradict it, and kept nowhere
    """

    line: int
    key: str
    entry: RosterEntry
    record: PersonRecord
    birth_year: int | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is read.

    keyer   the company's: serials and bank accounts are keyed with it at once
    serials whether that key is the company's own, without which a serial finds no laptop
    claims  whether every row must name a place
    zones   whether a time zone must be one
    """

    keyer: Keyer
    serials: bool = True
    claims: bool = True
    zones: bool = True


def rows_of(path: str, how: Reading) -> list[Row]:
    """Returns the rows of a file; raises InputError for the file or its header, RosterError for its rows."""
    try:
        with open(path, "rb") as file:
            return parse_rows(_lines(file, path), path, how)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(path, 0, "", f"cannot be read: {reason}.", "Check the path and your rights.") from error


def rows_in(text: str, name: str, how: Reading) -> list[Row]:
    """Returns the rows of a text; raises as `rows_of`."""
    return parse_rows(io.StringIO(text, newline=""), name, how)


def _lines(file: io.BufferedReader, name: str) -> Iterator[str]:
    number = size = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        size += len(line)
        if len(line) > MAX_LINE:
            raise InputError(name, number, "", f"is longer than {MAX_LINE} bytes.", "Check the quotes and line ends.")
        if size > MAX_BYTES:
            raise InputError(name, 0, "", f"is larger than {MAX_BYTES} bytes.", "Split it.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            remedy = 'Save it as UTF-8; in Excel "CSV UTF-8".'
            raise InputError(name, number, "", "is not UTF-8 text.", remedy) from error


def parse_rows(lines: Iterable[str], name: str, how: Reading) -> list[Row]:
    """Returns the rows of some lines, separated by comma, semicolon or tab; raises as `rows_of`."""
    source = iter(lines)
    head = next(source, "")
    delimiter = max(",;\t", key=head.count)  # the comma wins where they are equally many
    if head.lower().startswith("sep="):
        raise InputError(name, 1, "", "is a line for Excel, not the header.", "Remove this first line.")
    reader = csv.reader(_with(head, source), delimiter=delimiter, strict=True)
    faults: list[InputError] = []
    known = _Known(name)
    rows: list[Row] = []
    try:
        columns = _columns(next(reader, []), name, how)
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            try:
                row = _row(cells, columns, name, line, how)
                known.take(row)
            except InputError as fault:
                faults.append(fault)
                rows.clear()  # nothing of this file will be taken
                if len(faults) >= MOST_FAULTS:
                    break
                continue
            if not faults:
                rows.append(row)
    except csv.Error as error:
        problem = f"is not valid CSV: {error}."
        raise InputError(name, reader.line_num, "", problem, "Check the quotes on this line.") from error
    if faults:
        raise RosterError(name, faults, ended=len(faults) >= MOST_FAULTS)
    return rows


def _with(head: str, rest: Iterator[str]) -> Iterator[str]:
    if head:
        yield head
    yield from rest


class _Known:
    """What earlier lines said: one line per laptop, and one set of facts per person."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: dict[str, int] = {}
        self._people: dict[str, tuple[int, PersonRecord]] = {}

    def take(self, row: Row) -> None:
        first = self._lines.setdefault(row.key, row.line)
        if first != row.line:
            column = SERIAL if row.key.startswith("serial:") else DEVICE
            what = "this serial" if column == SERIAL else repr(row.key)
            remedy = "Keep one line per device."
            raise InputError(self._name, row.line, column, f"{what} is on line {first} already.", remedy)
        if row.record.empty:
            return
        line, record = self._people.setdefault(row.record.person, (row.line, row.record))
        if record != row.record:
            problem = f"{row.record.person!r} has other personal facts than on line {line}."
            raise InputError(self._name, row.line, PERSON, problem, "State them once, or the same on each line.")


def _columns(header: Sequence[str], name: str, how: Reading) -> list[str]:
    columns = [_column(cell) for cell in header]
    for column in columns:
        if column in REFUSED:
            problem = "is not taken: names, languages and origins are never compared."
            raise InputError(name, 1, column, problem, "Remove the column.")
        if column not in COLUMNS:
            near = difflib.get_close_matches(column, COLUMNS, n=1, cutoff=0.6)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Columns are {', '.join(COLUMNS)}."
            if len(columns) == 1 and "|" in column:
                remedy = "Separate columns by commas, semicolons or tabs."
            raise InputError(name, 1, column[:MAX_CELL], "is no known column.", remedy)
        if columns.count(column) > 1:
            raise InputError(name, 1, column, "stands twice in the header.", "Keep one of them.")
    listed = f"Columns are {', '.join(COLUMNS)}."
    if PERSON not in columns:
        raise InputError(name, 1, PERSON, "is missing in the header.", listed)
    if DEVICE not in columns and SERIAL not in columns:
        raise InputError(name, 1, DEVICE, f"is missing in the header, and so is {SERIAL}: one is needed.", listed)
    if how.claims and PLACE not in columns:
        problem = "is missing in the header: where each person says to work."
        raise InputError(name, 1, PLACE, problem, 'Add it: "Munich, DE", "Portland, OR, US" or "48.14, 11.58".')
    return columns


def _column(cell: str) -> str:
    column = re.sub(r"[\s-]+", "_", cell.strip().lower())
    return ALIASES.get(column, column)


def _row(cells: Sequence[str], columns: Sequence[str], name: str, line: int, how: Reading) -> Row:
    if len(cells) != len(columns):
        problem = f"has {len(cells)} cells, the header has {len(columns)}."
        raise InputError(name, line, "", problem, "Put cells that hold a comma in quotes.")
    values = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    cell = _Cells(values, name, line)
    cell.check()
    key = cell.laptop(how)
    if not values[PERSON]:
        raise cell.fault(PERSON, "is empty.", "Every line names a person and a device.")
    if how.claims and not values[PLACE]:
        raise cell.fault(PLACE, "is empty.", 'Every line says where the person works: "Munich, DE".')
    entry = RosterEntry(
        person=values[PERSON],
        # One string for all who share it: a file of 100,000 rows has few cohorts, sites and zones.
        cohort=sys.intern(values.get("cohort", "")),
        start_on=cell.day("start_on"),
        household=sys.intern(values.get("household", "")),
        site=sys.intern(values.get("site", "")),
        time_zone=sys.intern(cell.time_zone() if how.zones else values.get("time_zone", "")),
        claim=cell.place(PLACE),
        shipped_to=cell.place("shipped_to"),
        shipped_on=cell.day("shipped_on"),
    )
    return Row(line=line, key=key, entry=entry, record=cell.record(how), birth_year=cell.birth_year())


class _Cells:
    """The cells of one line, by column."""

    def __init__(self, values: dict[str, str], name: str, line: int) -> None:
        self._values = values
        self._name = name
        self._line = line

    def fault(self, column: str, problem: str, remedy: str) -> InputError:
        """Returns the message for a cell; a private one is never quoted."""
        return InputError(self._name, self._line, column, problem, remedy)

    def check(self) -> None:
        """Raises InputError for a cell that is too long or cannot be printed."""
        for column, value in self._values.items():
            most = MAX_LIST if column in LISTS else MAX_CELL
            if len(value) > most:
                raise self.fault(column, f"has {len(value)} characters.", f"At most {most} are taken.")
            if not value.isprintable():
                raise self.fault(column, "holds a character that cannot be printed.", "Type the cell again.")
            if column in PRIVATE and value[:1].isdigit() and _MANGLED.match(value):
                remedy = "Format the column as text there, and export again."
                raise self.fault(column, "was turned into a number by a spreadsheet.", remedy)

    def laptop(self, how: Reading) -> str:
        """Returns the roster's key of the laptop; the device id wins where both are given."""
        device, serial = self._values.get(DEVICE, ""), self._values.get(SERIAL, "")
        if device:
            if device.startswith("serial:"):
                raise self.fault(DEVICE, "is a keyed serial, no device id.", f"Put the plain one into {SERIAL}.")
            return device
        if not serial:
            column = DEVICE if DEVICE in self._values else SERIAL
            raise self.fault(column, "is empty.", "Every line names a person and a device.")
        if serial.lower() in BLANK or len(set(serial)) < 2 or len(serial) < 4:
            raise self.fault(SERIAL, "is what makers leave blank, and tells no laptop apart.", "Look on its lid.")
        if not how.serials:
            remedy = "Give the company's key with --key-file, or name device ids."
            raise self.fault(SERIAL, "finds no laptop without the company's key.", remedy)
        return key_of(how.keyer, serial)

    def day(self, column: str) -> date | None:
        """Returns a day; raises InputError."""
        text = self._values.get(column, "")
        if not text:
            return None
        try:
            day = _day(text)
        except ValueError as error:
            raise self.fault(column, f"is no day: {text!r}.", "Write it like 2026-11-02.") from error
        if not 1970 <= day.year <= 2999:
            raise self.fault(column, f"is {day}.", "Check the year.")
        return day

    def time_zone(self) -> str:
        """Returns an IANA name; raises InputError."""
        zone = self._values.get("time_zone", "")
        if zone and zone not in _zones():
            near = difflib.get_close_matches(zone, _zones(), n=1, cutoff=0.8)
            remedy = f"Did you mean {near[0]!r}?" if near else 'Write an IANA name, as "America/Chicago".'
            raise self.fault("time_zone", f"is no time zone: {zone!r}.", remedy)
        return zone

    def place(self, column: str) -> Claim | None:
        """Returns a place; raises InputError, with the candidates where it could be several."""
        text = self._values.get(column, "")
        if not text:
            return None
        try:
            return geocoder().claim(text)
        except PlaceError as error:
            raise self.fault(column, error.problem, error.remedy) from error

    def birth_year(self) -> int | None:
        """Returns a year; raises InputError."""
        text = self._values.get("birth_year", "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and int(text) in YEARS):
            raise self.fault("birth_year", "is no year.", "Write four digits, like 1990, or leave it empty.")
        return int(text)

    def record(self, how: Reading) -> PersonRecord:
        """Returns what is kept apart of the person; raises InputError."""
        column = ""
        try:
            column = "previous_addresses"
            previous = addresses(self._values.get(column, ""))
            column = "education"
            education = spells(self._values.get(column, ""))
            column = "work"
            work = spells(self._values.get(column, ""))
        except CellError as error:
            raise self.fault(column, error.problem, error.remedy) from error
        phone = self._values.get("phone", "")
        if phone and sum(sign.isdigit() for sign in phone) < 3:
            raise self.fault("phone", "holds no phone number.", "Leave it empty where none is known.")
        return PersonRecord(
            person=self._values[PERSON],
            phone=phone,
            address=self._values.get("address", ""),
            previous=previous,
            bank=self._bank(how),
            education=education,
            work=work,
            answered=self._answered(),
        )

    def _bank(self, how: Reading) -> str:
        account = "".join(sign for sign in self._values.get("bank_account", "") if sign.isalnum()).upper()
        if not account:
            return ""
        if len(account) < 6:
            raise self.fault("bank_account", "is too short for an account.", "Leave it empty where none is known.")
        return how.keyer.key("bank_account", account).digest

    def _answered(self) -> tuple[str, ...]:
        words = re.split(r"[\s|]+", self._values.get("answered", "").strip().lower())
        found = tuple(sorted(filter(None, words)))
        for word in found:
            if word not in KINDS:
                near = difflib.get_close_matches(word, KINDS, n=1, cutoff=0.5)
                remedy = f"Did you mean {near[0]!r}?" if near else f"Kinds are {', '.join(KINDS)}."
                raise self.fault("answered", f"{word[:40]!r} is no kind of question.", remedy)
        return found


#: Kinds of question, as `RecordQuestion.kind` has them.
KINDS = (
    "phone_shape",
    "phone_country",
    "address_change",
    "shipped_elsewhere",
    "shared_bank_account",
    "shared_phone",
    "shared_address",
    "dates_contradict",
)


@lru_cache(maxsize=8192)
def _day(text: str) -> date:
    return date.fromisoformat(text)


@cache
def _zones() -> frozenset[str]:
    """Returns the names of time zones: the system's, and those of cities where it has no list (Windows)."""
    return frozenset(available_timezones() | {city.time_zone for city in gazetteer().cities} | {"UTC"})
