"""The SQLite store's methods for cases and notices: acts in the writer's thread, the rest on a reader's connection."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from ..assessment import AttentionLevel
from ..cases import AuditLine, Case, CaseEvent, CaseState, Closing, Standing
from . import case_acts, case_reading, notices
from .protocol_cases import Notice

T = TypeVar("T")


class SqliteCases(ABC):
    """Half of `SqliteStore`, which gives `_run` and `_ask`."""

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...

    def cases(
        self,
        states: Sequence[CaseState] = ("open", "waiting"),
        minimum: AttentionLevel = "none",
        owners: Sequence[str] | None = None,
        limit: int = 100,
        after: int = 0,
        standing: Standing | None = None,
        search: str = "",
    ) -> list[Case]:
        wanted = case_reading.Wanted(states, minimum, owners, standing, search)
        return self._ask(lambda connection: case_reading.cases(connection, wanted, limit, after))

    def case_counts(self) -> dict[str, int]:
        return self._ask(case_reading.counts)

    def case(self, number: int) -> Case | None:
        return self._ask(lambda connection: case_reading.case(connection, number))

    def cases_of(self, device: str) -> list[Case]:
        return self._ask(lambda connection: case_reading.cases_of(connection, device))

    def case_history(self, number: int) -> list[CaseEvent]:
        return self._ask(lambda connection: case_reading.history(connection, number))

    def assign_case(self, number: int, at: datetime, actor: str, owner: str, version: int | None = None) -> None:
        self._run(lambda connection: case_acts.assign(connection, number, at, actor, owner, version))

    def wait_case(self, number: int, at: datetime, actor: str, on: str, version: int | None = None) -> None:
        self._run(lambda connection: case_acts.wait(connection, number, at, actor, on, version))

    def note_case(self, number: int, at: datetime, actor: str, text: str) -> None:
        self._run(lambda connection: case_acts.note(connection, number, at, actor, text))

    def close_case(
        self,
        number: int,
        at: datetime,
        actor: str,
        closed_as: str,
        reason: str,
        until: str = "",
        version: int | None = None,
        place: str = "",
    ) -> Closing:
        return self._run(
            lambda connection: case_acts.close(connection, number, at, actor, closed_as, reason, until, version, place)
        )

    def reopen_case(self, number: int, at: datetime, actor: str, reason: str) -> None:
        self._run(lambda connection: case_acts.reopen(connection, number, at, actor, reason))

    def audit(self, subject: str = "", limit: int = 100, before: int = 0) -> list[AuditLine]:
        return self._ask(lambda connection: case_reading.audit(connection, subject, limit, before))

    def claim_notice(self, now: datetime, channels: Sequence[str]) -> Notice | None:
        # Asked first on a reader's connection: who waits for nothing must not hold up the writer.
        if not self._ask(lambda connection: notices.any_due(connection, now, channels)):
            return None
        return self._run(lambda connection: notices.claim(connection, now, channels))

    def notice_sent(self, name: str, at: datetime) -> None:
        self._run(lambda connection: notices.sent(connection, name, at))

    def notice_failed(self, name: str, problem: str, due_at: datetime | None) -> None:
        self._run(lambda connection: notices.put_off(connection, name, problem, due_at))

    def notices_waiting(self) -> list[Notice]:
        return self._ask(notices.waiting)
