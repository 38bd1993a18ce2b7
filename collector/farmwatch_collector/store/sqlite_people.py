"""The SQLite store's methods for personal facts of the roster."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from farmwatch_detectors.policy import RosterEntry

from ..roster.record import PersonRecord
from . import people
from .protocol_people import KeptPerson, RightsError

T = TypeVar("T")


class SqlitePeople(ABC):
    """Part of `SqliteStore`, which gives `_run`, `_ask` and the right."""

    _people: bool

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...

    @abstractmethod
    def _empty_log(self) -> None: ...

    def set_serial(self, device: str, key: str) -> None:
        self._run(lambda connection: people.set_serial(connection, device, key))

    def serials(self) -> list[tuple[str, str]]:
        return self._ask(people.serials)

    def roster_rows(self) -> dict[str, RosterEntry]:
        return self._ask(people.roster_rows)

    def roster_digests(self) -> dict[str, tuple[str, bytes]]:
        return self._ask(people.roster_digests)

    def entry_digest(self, entry: RosterEntry) -> bytes:
        return people.digest_of(msgspec.json.encode(entry))

    def import_roster(
        self, entries: Mapping[str, RosterEntry], records: Iterable[PersonRecord], at: datetime, actor: str
    ) -> None:
        self._personal(lambda connection: people.import_roster(connection, entries, records, at, actor))

    def record_digests(self) -> dict[str, bytes]:
        return self._personal(people.digests)

    def record_digest(self, record: PersonRecord) -> bytes:
        return people.digest_of(msgspec.json.encode(record))

    def person(self, person: str, at: datetime, actor: str) -> KeptPerson | None:
        return self._personal(lambda connection: people.person(connection, person, at, actor))

    def forget_person(self, person: str, at: datetime, actor: str) -> bool:
        found = self._personal(lambda connection: people.forget(connection, person, at, actor))
        # The log of a collector that runs would hold the facts until it is next emptied, which may be days.
        self._empty_log()
        return found

    def _personal(self, work: Callable[[Connection], T]) -> T:
        # In the writer's transaction, reads too: the audit line and what was read stand or fall together.
        if not self._people:
            raise RightsError("This store was opened without the right to personal facts: farmwatch roster has it.")
        return self._run(work)
