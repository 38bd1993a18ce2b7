"""SQLite as a store: WAL, synchronous=FULL, one writer thread with group commit, readers on their own connections.

Everything that writes is handed to the writer thread, which takes what has gathered, up to 512 reports, into one
transaction, commits it (one fsync) and only then answers. A full or failing disk answers `throttled`.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event

from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.report import Answer, AnswerStatus

from ..assessment import Assessment, AttentionLevel
from . import farm_reading, history, people_rights, reading, writing
from .bundles import Bundles
from .egress_spans import EgressSpans
from .migrate import migrate
from .protocol import Device, DeviceEvent, DeviceRow, Incoming, SectionRow, TokenRow
from .protocol_history import DeviceHistory
from .sqlite_cases import SqliteCases
from .sqlite_farms import SqliteFarms
from .sqlite_network import SqliteNetwork
from .sqlite_people import SqlitePeople
from .sqlite_place import SqlitePlace

T = TypeVar("T")

GROUP = 512
"""Most reports in one transaction: what one fsync pays for, and how long the last of them waits."""

GATHER_SECONDS = 0.004
"""How long the writer lets reports gather while several clients send at once."""

_BUSY_MS = 5_000
#: What is deleted is overwritten: a file must not hold facts that are gone. Debian's SQLite does so unasked.
_WRITING = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON")
_log = logging.getLogger("farmwatch.store")

Done = Callable[[list[Answer]], None]


class StoreError(FarmwatchError):
    """The store cannot do what was asked, mostly because of its disk; str() names the file and the remedy."""


class _Bundle:
    """Reports of one request, waiting for their transaction."""

    __slots__ = ("batch", "done")

    def __init__(self, batch: Sequence[Incoming], done: Done) -> None:
        self.batch = batch
        self.done = done


class _Job:
    """Any other write, waiting for its transaction."""

    __slots__ = ("forget", "future", "work")

    def __init__(self, work: Callable[[Connection], Any], forget: bool) -> None:
        self.work = work
        self.forget = forget
        self.future: Future[Any] = Future()


class SqliteStore(SqliteCases, SqliteFarms, SqliteNetwork, SqlitePeople, SqlitePlace):
    """A `Store` in one file. Every method may be called from any thread; those that write block until fsync.

    path    the database file; made, with its tables, when it does not exist
    people  gives the right to personal facts; without it SQLite itself refuses to read them
    """

    def __init__(self, path: str, people: bool = False) -> None:
        self.path = path
        self._people = people
        self._queue: SimpleQueue[_Bundle | _Job | None] = SimpleQueue()
        self._closed = threading.Event()
        try:
            _private(path)
            self._writer = _engine(path, *_WRITING)
            self._connection = self._writer.connect()
            migrate(self._connection)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be opened: {error}. Choose another folder with --data.") from error
        except Exception as error:
            cause = getattr(error, "orig", None)
            if isinstance(cause, sqlite3.Error):
                raise StoreError(f"{path} cannot be opened: {cause}. Choose another folder with --data.") from error
            raise
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        # A longer log between checkpoints: fewer pages are written twice; 16 MiB at most are read again at start.
        raw.execute("PRAGMA wal_autocheckpoint=4000")
        if not people:
            raw.set_authorizer(people_rights.writer)
        self._raw = raw
        self._bundles = Bundles(raw)
        self._egress = EgressSpans(raw)
        self._readers = _engine(path, "PRAGMA query_only=ON")
        self._thread = threading.Thread(target=self._write, name="farmwatch-store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._queue.put(None)
            self._thread.join()
            self._connection.close()
            self._writer.dispose()
            self._readers.dispose()

    # the writer thread -----------------------------------------------------------------------------
    def _write(self) -> None:
        crowded = False
        while True:
            jobs = [self._queue.get()]
            if crowded:
                # Others will follow within moments: one fsync for all of them. One alone never waits.
                time.sleep(GATHER_SECONDS)
            reports = 0
            while reports < GROUP:
                job = jobs[-1]
                if job is None:
                    break
                reports += len(job.batch) if isinstance(job, _Bundle) else 1
                try:
                    jobs.append(self._queue.get_nowait())
                except Empty:
                    break
            group = [job for job in jobs if job is not None]
            crowded = len(group) > 1
            if group:
                self._transact(group)
            if jobs[-1] is None:
                return

    def _transact(self, group: list[_Bundle | _Job]) -> None:
        results: list[Any] = []
        try:
            self._raw.execute("BEGIN IMMEDIATE")
            self._bundles.begin()
            results.extend(self._apply(job) if isinstance(job, _Bundle) else self._do(job) for job in group)
            self._bundles.finish()
            self._raw.execute("COMMIT")
        except Exception as error:
            self._undo()
            if not isinstance(error, sqlite3.OperationalError) and len(group) > 1:
                # One of them cannot be stored at all: the others must not suffer for it.
                for job in group:
                    self._transact([job])
                return
            _log.error("a transaction was not stored in %s", self.path, exc_info=error)
            for job in group:
                self._refuse(job, error)
            return
        for job, result in zip(group, results, strict=True):
            if isinstance(job, _Bundle):
                _call(job.done, result)
            elif isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result[0])

    def _apply(self, job: _Bundle) -> list[Answer]:
        answers = self._bundles.apply(job.batch)
        self._egress.apply(job.batch, answers)
        return answers

    def _do(self, job: _Job) -> tuple[Any] | Exception:
        self._raw.execute("SAVEPOINT job")
        try:
            result = job.work(self._connection)
        except Exception as error:
            if isinstance(getattr(error, "orig", None), sqlite3.OperationalError):
                raise error.orig from error  # type: ignore[attr-defined]  # the disk: the whole group is undone
            self._raw.execute("ROLLBACK TO job")
            self._raw.execute("RELEASE job")
            return error
        self._raw.execute("RELEASE job")
        if job.forget:
            # Devices that this group has heard already are written before their memory is dropped.
            self._bundles.finish()
            self._bundles.forget()
        return (result,)

    def _undo(self) -> None:
        self._bundles.forget()
        self._egress.forget()
        if self._raw.in_transaction:
            try:
                self._raw.execute("ROLLBACK")
            except sqlite3.Error:
                _log.exception("a rollback failed in %s", self.path)

    def _refuse(self, job: _Bundle | _Job, error: Exception) -> None:
        if isinstance(job, _Job):
            failure = StoreError(f"{self.path}: {error}. Make room on its disk, then try again; nothing was changed.")
            failure.__cause__ = error
            job.future.set_exception(failure)
            return
        status: AnswerStatus = "invalid"
        message = "The collector could not store this report; its log says why."
        if isinstance(error, sqlite3.OperationalError):
            status = "throttled"
            message = f"The collector cannot write to its disk ({error}); keep the report and send it later."
        _call(
            job.done,
            [
                Answer(
                    device=incoming.report.device,
                    epoch=incoming.report.epoch,
                    sequence=incoming.report.sequence,
                    status=status,
                    message=message,
                )
                for incoming in job.batch
            ],
        )

    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T:
        if self._closed.is_set():
            raise StoreError(f"{self.path} is closed.")
        job = _Job(work, forget)
        self._queue.put(job)
        result: T = job.future.result()
        return result

    def _empty_log(self) -> None:
        with self._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with self._readers.connect() as connection:
            return question(connection)

    # ingest ----------------------------------------------------------------------------------------
    def submit(self, batch: Sequence[Incoming], done: Done) -> None:
        if self._closed.is_set():
            raise StoreError(f"{self.path} is closed.")
        self._queue.put(_Bundle(batch, done))

    def commit(self, batch: Sequence[Incoming]) -> list[Answer]:
        future: Future[list[Answer]] = Future()
        self.submit(batch, future.set_result)
        return future.result()

    # enrolment -------------------------------------------------------------------------------------
    def add_token(self, digest: str, label: str, uses: int, expires_at: datetime) -> None:
        self._run(lambda connection: writing.add_token(connection, digest, label, uses, expires_at))

    def tokens(self) -> list[TokenRow]:
        return self._ask(reading.tokens)

    def enrol(self, token_digest: str, device: Device) -> None:
        self._run(lambda connection: writing.enrol(connection, token_digest, device))

    def revoke(self, device: str) -> None:
        self._run(lambda connection: writing.revoke(connection, device), forget=True)

    def devices(self) -> list[Device]:
        return self._ask(reading.devices)

    def setting(self, name: str, make: bytes | None = None) -> bytes | None:
        found = self._ask(lambda connection: reading.setting(connection, name))
        if found is not None or make is None:
            return found
        return self._run(lambda connection: writing.setting(connection, name, make))

    # evaluation ------------------------------------------------------------------------------------
    def due(self, now: datetime, limit: int) -> list[str]:
        return self._ask(lambda connection: reading.due(connection, now, limit))

    def next_due(self) -> datetime | None:
        return self._ask(reading.next_due)

    def outdated(self, versions: str) -> list[str]:
        return self._ask(lambda connection: reading.outdated(connection, versions))

    def view(self, device: str, now: datetime) -> DeviceView | None:
        return self._ask(lambda connection: reading.view(connection, device, now))

    def save(
        self, assessment: Assessment, versions: str, due_at: datetime | None, channels: Sequence[str] = ()
    ) -> None:
        self._run(lambda connection: writing.save(connection, assessment, versions, due_at, channels))

    def set_due(self, devices: Sequence[str], at: datetime) -> None:
        self._run(lambda connection: writing.set_due(connection, devices, at))

    def failed(self, device: str, problem: str, due_at: datetime) -> None:
        self._run(lambda connection: writing.failed(connection, device, problem, due_at))

    def purge(self, now: datetime) -> dict[str, int]:
        return self._run(lambda connection: writing.purge(connection, now))

    # roster ----------------------------------------------------------------------------------------
    def set_roster(self, entries: dict[str, RosterEntry]) -> None:
        self._run(lambda connection: writing.set_roster(connection, entries))

    def roster(self) -> dict[str, RosterEntry]:
        return self._ask(reading.roster)

    # console ---------------------------------------------------------------------------------------
    def rows(
        self,
        minimum: AttentionLevel | Literal["unjudged"] = "none",
        limit: int = 100,
        search: str = "",
        after: str = "",
    ) -> list[DeviceRow]:
        return self._ask(lambda connection: reading.rows(connection, minimum, limit, search, after))

    def counts(self, search: str = "") -> dict[AttentionLevel | Literal["unjudged"], int]:
        return self._ask(lambda connection: reading.counts(connection, search))

    def note(self, at: datetime, actor: str, action: str, subject: str, before: str = "", after: str = "") -> None:
        self._run(lambda connection: writing.note(connection, at, actor, action, subject, before, after))

    def device(self, device: str) -> DeviceRow | None:
        return self._ask(lambda connection: reading.device(connection, device))

    def sections(self, device: str) -> list[SectionRow]:
        return self._ask(lambda connection: reading.sections(connection, device))

    def timeline(self, device: str, since: datetime) -> list[Span]:
        return self._ask(lambda connection: reading.timeline(connection, device, since))

    def events(self, device: str) -> list[DeviceEvent]:
        return self._ask(lambda connection: reading.events(connection, device))

    def device_ties(self) -> Iterator[tuple[str, bytes]]:
        with self._readers.connect() as connection:
            yield from farm_reading.device_ties(connection)

    def histories(self, since: datetime, after: str = "") -> Iterator[DeviceHistory]:
        with self._readers.connect() as connection:
            yield from history.histories(connection, since, after)


def _private(path: str) -> None:
    """Makes the file readable for its owner only: it holds the company's identifier key."""
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its log and shared memory the same rights as the file has.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _call(done: Done, answers: list[Answer]) -> None:
    try:
        done(answers)
    except Exception:  # the transaction is committed; whoever waited has gone
        _log.exception("nobody took an answer")


def _engine(path: str, *pragmas: str) -> Engine:
    """Returns an engine whose connections leave transactions to us."""
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
        pool_size=4,
        max_overflow=60,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLite's own lower() knows ASCII only, and names of people do not.
        connection.create_function("lower", 1, lambda value: None if value is None else str(value).lower())
        for pragma in pragmas:
            connection.execute(pragma)
        if "PRAGMA query_only=ON" in pragmas:
            connection.set_authorizer(people_rights.reader)

    return engine
