"""The SQLite store's methods for verdicts by day and landmarks in quarantine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from ..place.samples import KeptDay
from . import place_reading

T = TypeVar("T")


class SqlitePlace(ABC):
    """Part of `SqliteStore`, which gives `_run` and `_ask`."""

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...

    def place_days(self, device: str, since: date) -> list[KeptDay]:
        return self._ask(lambda connection: place_reading.place_days(connection, device, since))

    def save_place_days(self, device: str, days: Sequence[KeptDay], at: datetime) -> None:
        self._run(lambda connection: place_reading.save_place_days(connection, device, days, at))
