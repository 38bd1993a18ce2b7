"""The SQLite store's methods for ties, farms and words on values; `device_ties` stands in sqlite.py."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from ..assessment import AttentionLevel
from ..farms.source import Activity, FarmChange, MemberScore
from ..farms.types import Farm, FarmEvent, FarmState, Label
from . import farm_reading, farm_writing

T = TypeVar("T")


class SqliteFarms(ABC):
    """Part of `SqliteStore`, which gives `_run` and `_ask`."""

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...

    def save_ties(self, device: str, body: bytes, at: datetime) -> None:
        self._run(lambda connection: farm_writing.save_ties(connection, device, body, at))

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        return self._ask(lambda connection: farm_reading.scores(connection, devices))

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        return self._ask(lambda connection: farm_reading.activity(connection, devices, since))

    def save_farms(self, changes: Sequence[FarmChange], at: datetime, channels: Sequence[str] = ()) -> dict[int, int]:
        return self._run(lambda connection: farm_writing.save_farms(connection, changes, at, channels))

    def farms(
        self,
        states: Sequence[FarmState] = ("open",),
        minimum: AttentionLevel = "none",
        limit: int = 100,
        after: int = 0,
    ) -> list[Farm]:
        return self._ask(lambda connection: farm_reading.farms(connection, states, minimum, limit, after))

    def farm(self, number: int) -> Farm | None:
        return self._ask(lambda connection: farm_reading.farm(connection, number))

    def farms_of(self, device: str) -> list[Farm]:
        return self._ask(lambda connection: farm_reading.farms_of(connection, device))

    def farm_history(self, number: int) -> list[FarmEvent]:
        return self._ask(lambda connection: farm_reading.history(connection, number))

    def labels(self, on: date | None = None) -> list[Label]:
        return self._ask(lambda connection: farm_reading.labels(connection, on))

    def add_label(self, label: Label, at: datetime) -> Label:
        return self._run(lambda connection: farm_writing.add_label(connection, label, at))

    def end_label(self, number: int, at: datetime, actor: str, reason: str) -> None:
        self._run(lambda connection: farm_writing.end_label(connection, number, at, actor, reason))
