"""Reads the roster: CSV with a header, one line per device. Format: docs/roster.md."""

import csv
import difflib
import io
from datetime import date

from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.errors import FarmwatchError

from .input_error import InputError, read_text

MAX_BYTES = 64 << 20
COLUMNS = ("person", "device", "cohort", "start_on", "household", "site", "time_zone")
NEEDED = ("person", "device")
MAX_CELL = 200


class RosterError(FarmwatchError):
    """A roster that was not taken; `faults` holds one InputError per bad row."""

    def __init__(self, name: str, faults: list[InputError]) -> None:
        self.faults = tuple(faults)
        rows = "\n  ".join(str(fault) for fault in faults)
        count = "1 row" if len(faults) == 1 else f"{len(faults)} rows"
        super().__init__(f"{name}: {count} could not be read, nothing was taken.\n  {rows}")


def read_roster(path: str) -> dict[str, RosterEntry]:
    """Returns the roster in a file by device id; raises InputError or RosterError, and takes nothing then."""
    return parse_roster(read_text(path, MAX_BYTES), path)


def parse_roster(text: str, name: str) -> dict[str, RosterEntry]:
    """Returns the roster that a CSV text holds, separated by comma or semicolon, by device id.

    A tab separates too. Raises InputError for the header and RosterError with one message per bad row.
    """
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)  # the comma wins where they are equally many
    if head.lower().startswith("sep="):
        raise InputError(name, 1, "", "is a line for Excel, not the header.", "Remove this first line.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    roster: dict[str, RosterEntry] = {}
    faults: list[InputError] = []
    first_line: dict[str, int] = {}
    try:
        columns = _columns(next(reader, []), name)
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            try:
                device, entry = _row(cells, columns, name, line)
            except InputError as fault:
                faults.append(fault)
                continue
            if device in first_line:
                problem = f"{device!r} is on line {first_line[device]} already."
                faults.append(InputError(name, line, "device", problem, "Keep one line per device."))
                continue
            first_line[device] = line
            roster[device] = entry
    except csv.Error as error:
        problem = f"is not valid CSV: {error}."
        raise InputError(name, reader.line_num, "", problem, "Check the quotes on this line.") from error
    if faults:
        raise RosterError(name, faults)
    return roster


def _columns(header: list[str], name: str) -> list[str]:
    columns = [cell.strip().lower() for cell in header]
    for column in columns:
        if column not in COLUMNS:
            near = difflib.get_close_matches(column, COLUMNS, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Columns are {', '.join(COLUMNS)}."
            raise InputError(name, 1, column[:MAX_CELL], "is no known column.", remedy)
        if columns.count(column) > 1:
            raise InputError(name, 1, column, "stands twice in the header.", "Keep one of them.")
    for column in NEEDED:
        if column not in columns:
            raise InputError(name, 1, column, "is missing in the header.", f"Columns are {', '.join(COLUMNS)}.")
    return columns


def _row(cells: list[str], columns: list[str], name: str, line: int) -> tuple[str, RosterEntry]:
    if len(cells) != len(columns):
        problem = f"has {len(cells)} cells, the header has {len(columns)}."
        raise InputError(name, line, "", problem, "Put cells that hold a comma in quotes.")
    values = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    for column, value in values.items():
        if len(value) > MAX_CELL:
            raise InputError(name, line, column, f"has {len(value)} characters.", f"At most {MAX_CELL} are taken.")
        if not value.isprintable():
            raise InputError(name, line, column, "holds a character that cannot be printed.", "Type the cell again.")
    for column in NEEDED:
        if not values[column]:
            raise InputError(name, line, column, "is empty.", "Every line names a person and a device.")
    start_on: date | None = None
    if values.get("start_on"):
        try:
            start_on = date.fromisoformat(values["start_on"])
        except ValueError as error:
            problem = f"is no day: {values['start_on']!r}."
            raise InputError(name, line, "start_on", problem, "Write it like 2026-11-02.") from error
        if not 1970 <= start_on.year <= 2999:
            raise InputError(name, line, "start_on", f"is {start_on}.", "Check the year.")
    return values["device"], RosterEntry(
        person=values["person"],
        cohort=values.get("cohort", ""),
        start_on=start_on,
        household=values.get("household", ""),
        site=values.get("site", ""),
        time_zone=values.get("time_zone", ""),
    )
