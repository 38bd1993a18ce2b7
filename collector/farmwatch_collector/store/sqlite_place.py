"""The SQLite store's methods for verdicts by day and landmarks in quarantine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim

from ..place.samples import KeptDay
from ..place.types import LandmarkState, Witness
from . import landmark_states, place_reading

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

    def plan_facts(self, device: str) -> tuple[Claim | None, Spot | None]:
        return self._ask(lambda connection: landmark_states.plan_facts(connection, device))

    def landmark_states(self) -> dict[str, LandmarkState]:
        return self._ask(landmark_states.states)

    def witness_landmarks(self, found: Sequence[Witness], landmarks: int, now: datetime) -> list[LandmarkState]:
        return self._run(lambda connection: landmark_states.witnessed(connection, found, landmarks, now))

    def decide_landmark(self, state: LandmarkState) -> None:
        self._run(lambda connection: landmark_states.decide(connection, state))
