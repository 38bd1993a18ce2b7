"""The SQLite store's methods for personal facts of the roster."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class SqlitePeople(ABC):
    """Part of `SqliteStore`, which gives `_run` and `_ask`."""

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...
