"""The part of a store that keeps public addresses by class, and sign-ins."""

from typing import Protocol


class NetworkStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""
