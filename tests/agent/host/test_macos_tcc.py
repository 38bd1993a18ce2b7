"""TCC.db: parsed from bytes as hostile. Tables as macOS made them, from the sources that host/macos/tcc.py names."""

import contextlib
import sqlite3
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, SourceBroken
from farmwatch_agent.host.macos import tcc
from farmwatch_agent.host.macos.tcc import TccAccess

# macOS 11 to 13, and what 15 has beside it
NEW = (
    "CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, "
    "auth_value INTEGER NOT NULL, auth_reason INTEGER NOT NULL, auth_version INTEGER NOT NULL, csreq BLOB, "
    "policy_id INTEGER, indirect_object_identifier_type INTEGER, indirect_object_identifier TEXT NOT NULL DEFAULT "
    "'UNUSED', indirect_object_code_identity BLOB, flags INTEGER, last_modified INTEGER NOT NULL DEFAULT 0, "
    "pid INTEGER, pid_version INTEGER, boot_uuid TEXT NOT NULL DEFAULT 'UNUSED', last_reminded INTEGER NOT NULL "
    "DEFAULT 0, PRIMARY KEY (service, client, client_type, indirect_object_identifier))"
)
# macOS 10.14
OLD = (
    "CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, "
    "allowed INTEGER NOT NULL, prompt_count INTEGER NOT NULL, csreq BLOB, policy_id INTEGER)"
)
ROW = (
    "INSERT INTO access (service, client, client_type, auth_value, auth_reason, auth_version) VALUES (?, ?, ?, ?, ?, 1)"
)


def database(*statements: tuple[str, tuple[object, ...]] | str) -> bytes:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(*((statement,) if isinstance(statement, str) else statement))
    connection.commit()
    data: bytes = connection.serialize()
    connection.close()
    return data


def test_grants_to_see_and_to_give_input_are_read_and_no_others() -> None:
    data = database(
        NEW,
        (ROW, ("kTCCServiceScreenCapture", "com.philandro.anydesk", 0, 2, 4)),
        (ROW, ("kTCCServiceAccessibility", "/usr/local/bin/x", 1, 0, 2)),
        (ROW, ("kTCCServicePhotos", "com.example", 0, 2, 2)),
    )
    assert tcc.parse(data, "TCC.db") == [
        TccAccess(service="kTCCServiceAccessibility", client="/usr/local/bin/x", client_type=1, value=0, reason=2),
        TccAccess(service="kTCCServiceScreenCapture", client="com.philandro.anydesk", value=2, reason=4),
    ]


def test_before_macos_11_allowed_is_all_there_is() -> None:
    data = database(OLD, "INSERT INTO access VALUES ('kTCCServiceCamera', 'a', 0, 1, 1, NULL, NULL)",
                    "INSERT INTO access VALUES ('kTCCServiceCamera', 'b', 0, 0, 1, NULL, NULL)")  # fmt: skip
    assert [(row.client, row.value, row.reason) for row in tcc.parse(data, "x")] == [("a", 2, None), ("b", 0, None)]


def test_a_database_with_a_write_ahead_log_is_read_too() -> None:
    data = database(NEW, (ROW, ("kTCCServiceCamera", "a", 0, 2, 2)))
    assert len(tcc.parse(data[:18] + b"\2\2" + data[20:], "x")) == 1


def test_a_blank_file_is_a_refusal_and_nonsense_is_broken() -> None:
    with pytest.raises(NotPermitted):
        tcc.parse(b"", "x")
    for data in (b"x" * 200, b"SQLite format 3\0", b"SQLite format 3\0" + b"\xff" * 4096):
        with pytest.raises(SourceBroken):
            tcc.parse(data, "x")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE other (a)",
        "CREATE TABLE access (service TEXT, client TEXT, client_type INTEGER, authorization INTEGER)",
        "CREATE VIEW access AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS a FROM n",
    ],
)
def test_a_table_of_another_form_and_a_view_in_its_place_are_broken(statement: str) -> None:
    with pytest.raises(SourceBroken):
        tcc.parse(database(statement), "x")


def test_a_query_that_takes_too_many_steps_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcc, "MAX_STEPS", 1000)
    many = [(ROW, (f"kTCC{n}", "a", 0, 2, 2)) for n in range(2000)]
    with pytest.raises(SourceBroken, match="interrupted"):
        tcc.parse(database(NEW.replace("PRIMARY KEY (service, client, client_type, indirect_object_identifier)",
                                       "CHECK (1)"), *many), "x")  # fmt: skip


def test_values_of_other_types_are_left_out() -> None:
    loose = "CREATE TABLE access (service, client, client_type, auth_value, auth_reason)"
    insert = "INSERT INTO access VALUES (?, ?, ?, ?, ?)"
    data = database(loose, (insert, ("kTCCServiceCamera", b"\xff", 0, 2, 2)),
                    (insert, ("kTCCServiceCamera", "a" * 5000, "x", "two", None)))  # fmt: skip
    assert tcc.parse(data, "x") == [TccAccess(service="kTCCServiceCamera", client="a" * 1024)]


@given(st.binary(max_size=300), st.integers(16, 2000))
def test_no_damage_raises_anything_else(noise: bytes, place: int) -> None:
    data = database(NEW, (ROW, ("kTCCServiceCamera", "a", 0, 2, 2)))
    with contextlib.suppress(SourceBroken):
        tcc.parse(data[:place] + noise + data[place + len(noise) :], "x")


def test_a_person_in_a_path_is_named_for_pseudonyms() -> None:
    row = TccAccess(service="kTCCServiceCamera", client="/Users/annamuster/bin/x", client_type=1)
    assert list(row.identifying()) == ["annamuster"]
    assert list(TccAccess(service="kTCCServiceCamera", client="com.x").identifying()) == []


def test_the_file_is_read_through_the_door_that_follows_no_links(tmp_path: Path) -> None:
    place = tmp_path / "TCC.db"
    place.write_bytes(database(NEW, (ROW, ("kTCCServiceCamera", "a", 0, 2, 2))))
    assert len(TccAccess.live(str(place))) == 1
    link = tmp_path / "link.db"
    link.symlink_to(place)
    for path in (link, tmp_path / "none.db"):
        with pytest.raises(HostError):
            TccAccess.live(str(path))


def test_a_column_that_computes_a_hundred_megabytes_is_broken_and_takes_no_memory() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE access (service TEXT, client TEXT GENERATED ALWAYS AS (hex(zeroblob(50000000))) VIRTUAL,"
        " client_type INTEGER, auth_value INTEGER, auth_reason INTEGER)"
    )
    connection.execute("INSERT INTO access (service, client_type, auth_value) VALUES ('kTCCServiceCamera', 0, 2)")
    connection.commit()
    data = connection.serialize()
    tracemalloc.start()
    try:
        with pytest.raises(SourceBroken):
            tcc.parse(data, "TCC.db")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
