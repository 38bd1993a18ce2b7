"""Reads the roster for those who judge: what records say of each laptop's person. Format: docs/roster.md."""

from datetime import UTC, datetime

from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.identifiers import Keyer

from .roster.checks import questioned
from .roster.columns import COLUMNS, MAX_CELL
from .roster.reading import MAX_BYTES, Reading, RosterError, Row, rows_in, rows_of

__all__ = ["COLUMNS", "MAX_BYTES", "MAX_CELL", "RosterError", "parse_roster", "read_roster"]


def read_roster(path: str, keyer: Keyer | None = None) -> dict[str, RosterEntry]:
    """Returns the roster in a file by device id; raises InputError or RosterError, and takes nothing then.

    keyer  the company's; without it a laptop that is named by its serial is a bad row
    """
    return _entries(rows_of(path, _reading(keyer)))


def parse_roster(text: str, name: str, keyer: Keyer | None = None) -> dict[str, RosterEntry]:
    """Returns the roster that a CSV text holds, separated by comma, semicolon or tab, by device id.

    Raises InputError for the header and RosterError with one message per bad row.
    """
    return _entries(rows_in(text, name, _reading(keyer)))


def _reading(keyer: Keyer | None) -> Reading:
    return Reading(keyer=keyer or Keyer.generate(), serials=keyer is not None, claims=False, zones=False)


def _entries(rows: list[Row]) -> dict[str, RosterEntry]:
    return {row.key: row.entry for row in questioned(rows, datetime.now(UTC).date())}
