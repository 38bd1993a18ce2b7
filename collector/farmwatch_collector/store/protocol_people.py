"""The part of a store that keeps personal facts of the roster."""

from typing import Protocol


class PeopleStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""
