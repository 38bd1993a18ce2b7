import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from farmwatch_collector.store import StoreUrlError, open_store
from farmwatch_collector.store.bundles import Bundles
from farmwatch_collector.store.migrate import NewerStoreError, config_for
from farmwatch_collector.store.sqlite import SqliteStore, StoreError
from farmwatch_collector.store.tables import HEAD, metadata
from farmwatch_collector.store.times import micros

from ..laptops import Laptop, named, section
from .contract import StoreContract, incoming
from .moments import START


class TestSqlite(StoreContract):
    def open_url(self, folder: str) -> str:
        return f"sqlite:///{folder}/farmwatch.db"

    def test_a_commit_is_a_full_fsync_in_a_write_ahead_log(self, store: Any) -> None:
        assert store._raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._raw.execute("PRAGMA synchronous").fetchone() == (2,)

    def test_a_full_disk_throttles_and_what_was_accepted_stays(self, store: Any, laptop: Laptop) -> None:
        first = laptop.report()
        assert self.take(store, first) == "accepted"
        pages = store._raw.execute("PRAGMA page_count").fetchone()[0]
        store._raw.execute(f"PRAGMA max_page_count={pages}")
        big = laptop.report(section("notes", '["' + "x" * 200_000 + '"]'))
        (answer,) = store.commit([incoming(big)])
        assert answer.status == "throttled"
        assert "disk" in answer.message
        with pytest.raises(StoreError, match="Make room"):
            store.setting("large", b"x" * 200_000)
        store._raw.execute("PRAGMA max_page_count=1073741823")
        assert self.take(store, first) == "duplicate"
        assert self.take(store, big) == "accepted"

    def test_content_that_was_lost_on_the_collectors_side_is_asked_for_again(self, url: str, tmp_path: Path) -> None:
        store = open_store(url)
        laptop = self.enrolled(store, "laptop-1")
        items = '[{"type":"usb_device","vendor_id":"046d","product_id":"c077"}]'
        assert self.take(store, laptop.report(section("usb", items))) == "accepted"
        store.close()
        with sqlite3.connect(tmp_path / "farmwatch.db") as file:
            file.execute("DELETE FROM section_content")
        file.close()
        store = open_store(url)
        (answer,) = store.commit([incoming(laptop.report(named("usb", items)))])
        assert [need.kind for need in answer.need] == ["usb"]
        assert store.sections("laptop-1")[0].missing
        (answer,) = store.commit([incoming(laptop.report(section("usb", items)))])
        assert answer.need == []
        assert not store.sections("laptop-1")[0].missing
        store.close()

    def test_one_report_that_cannot_be_stored_does_not_spoil_the_others(
        self, store: Any, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        healthy = Bundles._section

        def failing(self: Bundles, state: Any, part: Any, observed: int, received: int) -> bool:
            if part.kind == "poison":
                raise ZeroDivisionError
            return healthy(self, state, part, observed, received)

        monkeypatch.setattr(Bundles, "_section", failing)
        other = self.enrolled(store, "laptop-2")
        answers: dict[str, str] = {}
        done = threading.Event()

        def keep(name: str) -> Any:
            def take(given: Any) -> None:
                answers[name] = given[0].status
                if len(answers) == 2:
                    done.set()

            return take

        # A slow write ahead of them makes both wait, so that they share one transaction.
        blocker = threading.Event()
        waiting = threading.Thread(target=lambda: store._run(lambda _: blocker.wait(5)))
        waiting.start()
        store.submit([incoming(laptop.report(section("poison", "[]")))], keep("poisoned"))
        store.submit([incoming(other.report())], keep("healthy"))
        blocker.set()
        waiting.join()
        assert done.wait(5)
        assert answers == {"poisoned": "invalid", "healthy": "accepted"}

    def test_many_threads_are_answered_each_their_own(self, store: Any) -> None:
        laptops = [self.enrolled(store, f"laptop-{number}") for number in range(8)]
        results: dict[str, list[str]] = {}

        def work(laptop: Laptop) -> None:
            results[laptop.device] = [store.commit([incoming(laptop.report())])[0].status for _ in range(20)]

        threads = [threading.Thread(target=work, args=(laptop,)) for laptop in laptops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {laptop.device: ["accepted"] * 20 for laptop in laptops}
        assert {device.mark for device in store.devices()} == {20}

    def test_no_row_is_written_per_report(self, store: Any, laptop: Laptop) -> None:
        def rows() -> int:
            tables = [name for (name,) in store._raw.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            return sum(store._raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)

        store.commit([incoming(laptop.report())])
        before = rows()
        store.commit([incoming(laptop.report()) for _ in range(100)])
        assert rows() == before


def test_the_steps_lead_to_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/farmwatch.db")
    connection = store._connection
    assert ScriptDirectory.from_config(config_for(connection)).get_current_head() == HEAD
    assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_a_store_of_the_first_version_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "farmwatch.db"
    engine = create_engine(f"sqlite+pysqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        command.upgrade(config_for(connection), "0001")
        connection.execute(
            text("INSERT INTO audit (at, actor, action, subject) VALUES (1, 'somebody', 'signed in', '')")
        )
    engine.dispose()
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT actor, before, after FROM audit").fetchall() == [("somebody", "", "")]
    raw.close()


def test_a_store_from_before_farms_keeps_its_cases_and_its_exits_without_blocks(tmp_path: Path) -> None:
    path = tmp_path / "farmwatch.db"
    engine = create_engine(f"sqlite+pysqlite:///{path}", isolation_level="AUTOCOMMIT")
    # What was kept of an exit before its block was: seven fields.
    held = msgspec.msgpack.encode(["test", "public", "residential", 64496, "Example Cable", "US", [20_759]])
    with engine.connect() as connection:
        command.upgrade(config_for(connection), "0004")
        rows: dict[str, dict[str, Any]] = {
            "device": {"device": "d-1", "name": "one", "platform": "linux", "public_key": b"", "enrolled_at": 1},
            "device_state": {"device_key": 1},
            "case_head": {
                **dict.fromkeys(("evidence", "sentence"), ""),
                "kind": "device",
                "device_key": 1,
                "state": "open",
                "standing": "new",
                "level": "review",
                "points": 55,
                "groups": "H",
                "version": 1,
                "opened_at": 1,
                "changed_at": 1,
            },
            "case_member": {"case_id": 1, "device_key": 1, "added_at": 1},
            "egress_span": {
                "device_key": 1,
                "address": b"a" * 16,
                "body": held,
                **dict.fromkeys(("seen_from", "seen_until"), micros(START)),
            },
        }
        for table, values in rows.items():
            names = ", ".join(f'"{name}"' for name in values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
    engine.dispose()
    store = open_store(f"sqlite:///{path}")
    (case,) = store.cases()
    assert (case.kind, case.device, case.farm, case.members) == ("device", "d-1", None, ("d-1",))
    (out,) = store.egress("d-1", START)
    assert (out.asn, out.block, len(out.days)) == (64496, None, 1)
    assert list(store.device_ties()) == []
    store.save_ties("d-1", b"ties", START)
    assert list(store.device_ties()) == [("d-1", b"ties")]
    store.close()


def test_a_store_of_a_newer_farmwatch_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "farmwatch.db"
    SqliteStore(str(path)).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num='9999'")
    with pytest.raises(NewerStoreError, match="9999"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["postgresql://x/y", "sqlite:///", "sqlite:///:memory:", "farmwatch.db", ""])
def test_an_address_that_names_no_store_is_refused_with_what_there_is(url: str) -> None:
    with pytest.raises(StoreUrlError, match="sqlite:///PATH"):
        open_store(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "farmwatch.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"farmwatch\.db cannot be opened"):
        open_store(f"sqlite:///{path}")


@pytest.mark.skipif(os.name != "posix", reason="rights of files are told by mode bits on POSIX only")
def test_nobody_else_may_read_the_companys_key(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/made/farmwatch.db")
    store.setting("identifier_key", b"secret")
    rights = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "made").iterdir()}
    store.close()
    assert rights == dict.fromkeys(("farmwatch.db", "farmwatch.db-wal", "farmwatch.db-shm"), 384)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700


def test_every_table_names_its_retention_and_the_docs_say_the_same() -> None:
    text = (Path(__file__).parents[3] / "docs" / "store.md").read_text(encoding="utf-8")
    for table in metadata.sorted_tables:
        assert table.info["retention"], table.name
        assert f"| `{table.name}` | {table.comment} | {table.info['retention']} |" in text, table.name


def test_every_unique_key_about_a_device_holds_the_devices_key() -> None:
    for table in metadata.sorted_tables:
        if "device_key" not in table.c:
            continue
        for index in (*table.indexes, *table.constraints):
            if getattr(index, "unique", False) or type(index).__name__ == "UniqueConstraint":
                assert "device_key" in {column.name for column in index.columns}, index  # type: ignore[attr-defined]


def test_a_store_closed_twice_is_closed(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/farmwatch.db")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.commit([])
