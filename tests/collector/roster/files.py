"""Roster texts for tests."""

from datetime import date
from typing import Any

from farmwatch_collector.roster.checks import questioned
from farmwatch_collector.roster.reading import Reading, Row, rows_in
from farmwatch_schema.identifiers import Keyer

TODAY = date(2026, 11, 22)
KEYER = Keyer(b"k" * 32, "test")
STRICT = Reading(keyer=KEYER)
LAX = Reading(keyer=KEYER, claims=False)


def text(*people: dict[str, Any]) -> str:
    """Returns a file with a line for each person; every cell is quoted."""
    columns = list(dict.fromkeys(column for person in people for column in person))
    lines = [",".join(columns)]
    lines += [",".join(f'"{person.get(column, "")}"' for column in columns) for person in people]
    return "\n".join(lines) + "\n"


def person(number: Any = 1, **cells: Any) -> dict[str, Any]:
    """Returns the cells of somebody who works in Munich."""
    return {"person": f"p-{number}", "device": f"laptop-{number}", "place": "Munich, DE", **cells}


def read(*people: dict[str, Any], how: Reading = STRICT) -> list[Row]:
    """Returns the rows of a file with these people, with their questions."""
    return questioned(rows_in(text(*people), "people.csv", how), TODAY)


def kinds(*people: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Returns the kinds of question of each person who has any."""
    found = {row.entry.person: tuple(each.kind for each in row.entry.questions) for row in read(*people)}
    return {name: asked for name, asked in found.items() if asked}
