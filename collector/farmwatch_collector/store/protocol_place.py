"""The part of a store that keeps verdicts by day and landmarks in quarantine."""

from typing import Protocol


class PlaceStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""
