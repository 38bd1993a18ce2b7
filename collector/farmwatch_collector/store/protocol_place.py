"""The part of a store that keeps verdicts by day and landmarks in quarantine."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim

from ..place.samples import KeptDay
from ..place.types import LandmarkState, Witness


class PlaceStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""

    def place_days(self, device: str, since: date) -> list[KeptDay]:
        """Returns what was made of the days (UTC) on which a device measured, oldest first; [] for an unknown one."""
        ...

    def save_place_days(self, device: str, days: Sequence[KeptDay], at: datetime) -> None:
        """Puts days in place of those that were kept before; the others stay."""
        ...

    def plan_facts(self, device: str) -> tuple[Claim | None, Spot | None]:
        """Returns what a device's plan is made from: its person's claim, and the estimate of its last measured day."""
        ...

    def landmark_states(self) -> dict[str, LandmarkState]:
        """Returns, by id, every landmark that anybody doubts or doubted."""
        ...

    def witness_landmarks(self, found: Sequence[Witness], landmarks: int, now: datetime) -> list[LandmarkState]:
        """Applies what devices witnessed (`quarantine.observe`) in one transaction, and returns what changed.

        landmarks  how many there are in all. A quarantine leaves an audit line.
        """
        ...

    def decide_landmark(self, state: LandmarkState) -> None:
        """Keeps a person's word on a landmark (`quarantine.decided`), with an audit line."""
        ...
