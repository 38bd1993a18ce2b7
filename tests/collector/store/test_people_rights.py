"""SQLite itself keeps console and due loop from personal facts: a query that named them would not even be made."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DatabaseError

import farmwatch_collector
from farmwatch_collector.roster.record import PersonRecord
from farmwatch_collector.store import open_store, people_rights
from farmwatch_collector.store import tables as t
from farmwatch_collector.store.sqlite import SqliteStore
from farmwatch_detectors.policy import RosterEntry

from .moments import START

REFUSED = r"prohibited|not authorized"
ASKED = (
    "SELECT * FROM person_record",
    "SELECT person FROM person_record",
    "SELECT count(*) FROM person_record",
    "SELECT r.body FROM roster r, person_record p WHERE p.person = r.device",
    "SELECT device FROM roster WHERE device IN (SELECT person FROM person_record)",
    "SELECT device FROM roster UNION SELECT body FROM person_record",
    "WITH facts AS (SELECT body FROM person_record) SELECT * FROM facts",
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = f"{tmp_path}/farmwatch.db"
    store = open_store(f"sqlite:///{file}", people=True)
    record = PersonRecord(person="p-1", phone="+44 20 7946 0000")
    store.import_roster({"laptop-1": RosterEntry(person="p-1")}, [record], START, "ann")
    store.close()
    return file


@pytest.fixture
def store(path: str) -> Iterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("query", ASKED)
def test_a_reader_s_connection_is_refused_every_query_that_names_the_table(store: SqliteStore, query: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSED):
        store._ask(lambda connection: connection.execute(text(query)).all())


@pytest.mark.parametrize("query", ASKED)
def test_the_same_queries_run_where_the_right_is_given(path: str, query: str) -> None:
    """Else the test above would pass on any misspelt query."""
    opened = SqliteStore(path, people=True)
    try:
        opened._run(lambda connection: connection.execute(text(query)).all())
    finally:
        opened.close()


def test_a_copy_of_the_file_that_is_attached_is_refused_too(store: SqliteStore, path: str) -> None:
    def ask(connection: Connection) -> object:
        connection.execute(text(f"ATTACH '{path}' AS other"))
        return connection.execute(text("SELECT body FROM other.person_record")).all()

    with pytest.raises(DatabaseError, match=REFUSED):
        store._ask(ask)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT body FROM person_record",
        "UPDATE person_record SET body = x'00'",
        "INSERT INTO person_record (person, body, imported_at) VALUES ('p-2', x'00', 0)",
        "ALTER TABLE person_record RENAME TO notes",
        "ALTER TABLE person_record RENAME COLUMN body TO words",
    ],
)
def test_the_collector_s_writer_can_neither_read_nor_write_facts(store: SqliteStore, query: str) -> None:
    with pytest.raises((DatabaseError, sqlite3.DatabaseError), match=REFUSED):
        store._run(lambda connection: connection.execute(text(query)))


def test_what_is_forgotten_is_in_no_file_any_more_though_a_collector_runs(store: SqliteStore, path: str) -> None:
    office = SqliteStore(path, people=True)
    record = PersonRecord(person="p-2", phone="+44 20 7946 0001", address="2 Example Road")
    office.import_roster({"laptop-2": RosterEntry(person="p-2")}, [record], START, "ann")
    files = [Path(path), Path(f"{path}-wal")]
    assert any(b"2 Example Road" in file.read_bytes() for file in files)
    assert office.forget_person("p-2", START, "ann")
    assert [file for file in files if b"2 Example Road" in file.read_bytes()] == []
    assert store.roster()["laptop-2"].person == "p-2"
    office.close()


def test_the_writer_goes_on_after_a_refusal(store: SqliteStore) -> None:
    with pytest.raises(DatabaseError):
        store._run(lambda connection: connection.execute(select(t.person_record.c.body)))
    assert store.setting("name", b"value") == b"value"
    assert store.roster()["laptop-1"].person == "p-1"


def test_the_functions_that_decide_know_the_table_s_own_names() -> None:
    assert t.person_record.name == people_rights.TABLE
    assert people_rights.BODY in t.person_record.c


def test_no_module_but_one_names_the_table_and_the_right_is_asked_for_by_one_command() -> None:
    package = Path(farmwatch_collector.__file__).parent
    sources = {str(file.relative_to(package)): file.read_text(encoding="utf-8") for file in package.rglob("*.py")}
    naming = {name for name, source in sources.items() if "person_record" in source and "/versions/" not in name}
    assert naming == {"store/tables.py", "store/people.py", "store/people_rights.py", "roster/record.py"}
    asking = {name for name, source in sources.items() if "people=True" in source}
    assert asking <= {"commands/roster.py", "store/__init__.py", "store/protocol_people.py"}
