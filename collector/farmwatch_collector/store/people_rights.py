"""Who may read personal facts: SQLite asks these functions when a statement is made, before it runs.

A connection of the console or the due loop has no right to `person_record` at all; the writer of a collector may say
who has left and delete what is past its time, and cannot read what it holds. Only a store that `farmwatch roster`
opened has the right, and there each read leaves an audit line (people.py). PostgreSQL's roles: docs/roster.md.
"""

import sqlite3

TABLE = "person_record"
BODY = "body"


def reader(_action: int, table: str | None, _column: str | None, _base: str | None, _inner: str | None) -> int:
    """Denies every statement that names the table."""
    return sqlite3.SQLITE_DENY if table == TABLE else sqlite3.SQLITE_OK


def writer(action: int, table: str | None, column: str | None, _base: str | None, _inner: str | None) -> int:
    """Denies to read the facts, to write any, and to rename table or column, as another name would be free."""
    if table != TABLE:
        # Here the table stands second: ALTER TABLE names the database first.
        altered = action == sqlite3.SQLITE_ALTER_TABLE and column == TABLE
        return sqlite3.SQLITE_DENY if altered else sqlite3.SQLITE_OK
    reads = action == sqlite3.SQLITE_READ and column == BODY
    writes = action == sqlite3.SQLITE_INSERT or (action == sqlite3.SQLITE_UPDATE and column == BODY)
    return sqlite3.SQLITE_DENY if reads or writes else sqlite3.SQLITE_OK
