"""`farmwatch roster import|check|cohorts|show|forget`: who has which laptop, and what HR should ask."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from ..acting import actor
from ..ingest import company_key
from ..input_error import InputError
from ..roster import importing, telling
from ..roster.checks import INNOCENT, questioned
from ..roster.cohorts import weeks_of
from ..roster.importing import Preview
from ..roster.reading import Reading, RosterError, Row, rows_of
from ..store import Store, open_store
from .serve import data_options, store_url

HELP = "who has which laptop: import, check, cohorts; personal facts: show, forget"
SCHEMA = "farmwatch-roster-v1"

Kept = TypeVar("Kept")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the acts with their options."""
    parser.epilog = (
        "Examples:  farmwatch roster check people.csv   farmwatch roster import people.csv --dry-run   "
        "farmwatch roster show p-1001"
    )
    acts = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def act(name: str, words: str, *, store: bool = True) -> argparse.ArgumentParser:
        one = acts.add_parser(name, help=words, description=words)
        one.as_json = getattr(parser, "as_json", False)  # type: ignore[attr-defined]
        one.add_argument("--json", action="store_true", help="one JSON document on stdout")
        if store:
            data_options(one)
        return one

    taking = act("import", "replaces the roster by a file: all of it, or nothing")
    taking.add_argument("file", help="CSV; see docs/roster.md")
    taking.add_argument("--dry-run", action="store_true", help="shows what would change, and changes nothing")
    check = act("check", "what the records make one ask, before a laptop is sent; needs no collector", store=False)
    check.add_argument("file", help="CSV; see docs/roster.md")
    cohorts = act("cohorts", "questions by the week in which people joined")
    cohorts.add_argument("file", nargs="?", default="", help="CSV instead of the stored roster")
    for name, words in (
        ("show", "a person's facts; leaves an audit line"),
        ("forget", "deletes a person's facts at once; leaves an audit line"),
    ):
        act(name, words).add_argument("person", help="id in the company's records")


def run(options: argparse.Namespace) -> int:
    """Does one act and prints its answer; 0 then, 1 when a file or person was not found or taken."""
    try:
        items, text = _ACTS[options.action](options)
    except FarmwatchError as error:
        if options.json:
            _print({"ok": False, "code": 1, "items": [], "error": str(error), "faults": _faults(error)})
        print(f"farmwatch roster: {error}", file=sys.stderr)
        return 1
    if options.json:
        _print({"ok": True, "code": 0, "items": items})
    else:
        print(text)
    return 0


Answer = tuple[list[object], str]


class NoPersonError(FarmwatchError):
    """Nothing is kept of a person; str() says what to do."""


def _import(options: argparse.Namespace) -> Answer:
    url, now = store_url(options), datetime.now(UTC)
    if options.dry_run and not os.path.exists(url.partition(":///")[2]):
        rows = _rows(options.file, Keyer.generate(), now.date(), claims=True)
        found = importing.preview(rows, None)
    else:
        store = open_store(url, people=True)
        try:
            rows = _rows(options.file, Keyer.from_key(company_key(store)), now.date(), claims=True)
            found = importing.preview(rows, store)
            if not options.dry_run:
                importing.take(rows, store, now, actor())
        finally:
            store.close()
    return [_item(found, options.dry_run)], telling.preview_text(options.file, found, dry=options.dry_run)


def _item(found: Preview, dry: bool) -> dict[str, object]:
    return {"imported": not dry, **msgspec.structs.asdict(found)}


def _check(options: argparse.Namespace) -> Answer:
    # Equal within this run is all that is compared: no company key is needed, and none is kept.
    rows = _rows(options.file, Keyer.generate(), datetime.now(UTC).date(), claims=False)
    asked = [row for row in rows if row.entry.questions]
    items: list[object] = [
        {
            "line": row.line,
            "person": row.entry.person,
            "questions": [
                {"kind": each.kind, "question": each.question, "innocent": INNOCENT[each.kind]}
                for each in row.entry.questions
            ],
        }
        for row in asked
    ]
    return items, telling.check_text(options.file, rows, asked)


def _cohorts(options: argparse.Namespace) -> Answer:
    if options.file:
        rows = _rows(options.file, Keyer.generate(), datetime.now(UTC).date(), claims=False)
        entries = [row.entry for row in rows]
    else:
        store = open_store(store_url(options), make=False)
        try:
            entries = list(store.roster_rows().values())
        finally:
            store.close()
    weeks, unknown = weeks_of(entries)
    return list(weeks), telling.cohorts_text(weeks, unknown)


def _show(options: argparse.Namespace) -> Answer:
    kept = _with_right(options, lambda store, now: store.person(options.person, now, actor()))
    if kept is None:
        raise NoPersonError(f"{options.person}: no personal facts are kept. Ids are those of the roster's `person`.")
    return [kept], telling.person_text(kept)


def _forget(options: argparse.Namespace) -> Answer:
    if not _with_right(options, lambda store, now: store.forget_person(options.person, now, actor())):
        raise NoPersonError(f"{options.person}: no personal facts are kept, so none were deleted.")
    text = f"The personal facts of {options.person} are deleted. The next import brings back what its file states."
    return [{"person": options.person, "deleted": True}], text


def _with_right(options: argparse.Namespace, work: Callable[[Store, datetime], Kept]) -> Kept:
    store = open_store(store_url(options), make=False, people=True)
    try:
        return work(store, datetime.now(UTC))
    finally:
        store.close()


def _rows(path: str, keyer: Keyer, today: date, *, claims: bool) -> list[Row]:
    return questioned(rows_of(path, Reading(keyer=keyer, claims=claims)), today)


def _faults(error: FarmwatchError) -> list[dict[str, object]]:
    faults = error.faults if isinstance(error, RosterError) else (error,) if isinstance(error, InputError) else ()
    return [
        {
            "file": each.file,
            "line": each.line,
            "field": each.field,
            "problem": each.problem,
            "remedy": each.remedy,
        }
        for each in faults
    ]


def _print(document: dict[str, object]) -> None:
    print(msgspec.json.format(msgspec.json.encode({"schema": SCHEMA, **document}), indent=2).decode())


_ACTS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "import": _import,
    "check": _check,
    "cohorts": _cohorts,
    "show": _show,
    "forget": _forget,
}
