"""The SQLite store's methods for public addresses by class, and sign-ins."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from farmwatch_detectors.placing import Egress, SignIn

from . import network_reading

T = TypeVar("T")


class SqliteNetwork(ABC):
    """Part of `SqliteStore`, which gives `_run` and `_ask`."""

    @abstractmethod
    def _run(self, work: Callable[[Connection], T], forget: bool = False) -> T: ...

    @abstractmethod
    def _ask(self, question: Callable[[Connection], T]) -> T: ...

    def egress(self, device: str, now: datetime) -> list[Egress]:
        return self._ask(lambda connection: network_reading.egress_by_id(connection, device, now))

    def add_sign_ins(self, found: Mapping[str, Sequence[SignIn]]) -> int:
        return self._run(lambda connection: network_reading.add_sign_ins(connection, found))

    def set_sign_in_token(self, digest: bytes) -> None:
        self._run(lambda connection: network_reading.set_sign_in_token(connection, digest))

    def sign_ins(self, person: str, since: datetime) -> list[SignIn]:
        return self._ask(lambda connection: network_reading.sign_ins(connection, person, since))
