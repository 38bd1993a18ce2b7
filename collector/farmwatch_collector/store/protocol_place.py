"""The part of a store that keeps verdicts by day and landmarks in quarantine."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from ..place.samples import KeptDay


class PlaceStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""

    def place_days(self, device: str, since: date) -> list[KeptDay]:
        """Returns what was made of the days (UTC) on which a device measured, oldest first; [] for an unknown one."""
        ...

    def save_place_days(self, device: str, days: Sequence[KeptDay], at: datetime) -> None:
        """Puts days in place of those that were kept before; the others stay."""
        ...
