"""The part of a store that keeps personal facts of the roster."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.errors import FarmwatchError

from ..roster.record import PersonRecord


class RightsError(FarmwatchError):
    """Personal facts were asked for without the right to them."""


class KeptPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person's facts: when they came, and since when the roster names the person no more."""

    record: PersonRecord
    imported_at: datetime
    left_at: datetime | None = None


class PeopleStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too.

    The methods about personal facts raise RightsError unless the store was opened with `people=True`.
    """

    def set_serial(self, device: str, key: str) -> None:
        """Keeps the serial that a device reports, as the roster's key (`roster/serials.py`); "" drops it."""
        ...

    def serials(self) -> list[tuple[str, str]]:
        """Returns the devices that reported a serial, each with the roster's key of it, in order of enrolment."""
        ...

    def roster_rows(self) -> dict[str, RosterEntry]:
        """Returns the roster as it was imported, by device id or `serial:<digest>`."""
        ...

    def roster_digests(self) -> dict[str, tuple[str, bytes]]:
        """Returns, by the keys of `roster_rows`, each row's person and a digest of it (`entry_digest`)."""
        ...

    def entry_digest(self, entry: RosterEntry) -> bytes:
        """Returns the digest that `roster_digests` has where this entry is kept."""
        ...

    def import_roster(
        self, entries: Mapping[str, RosterEntry], records: Iterable[PersonRecord], at: datetime, actor: str
    ) -> None:
        """Replaces roster and personal facts in one transaction, with an audit line: all of it or nothing.

        The facts of a person whom the roster names no more stay until the table's retention has passed; those of a
        person without any in `records` are deleted.
        """
        ...

    def record_digests(self) -> dict[str, bytes]:
        """Returns a digest of each person's facts (`record_digest`)."""
        ...

    def record_digest(self, record: PersonRecord) -> bytes:
        """Returns the digest that `record_digests` has where these facts are kept."""
        ...

    def person(self, person: str, at: datetime, actor: str) -> KeptPerson | None:
        """Returns a person's facts; the same transaction leaves an audit line, also where there are none."""
        ...

    def forget_person(self, person: str, at: datetime, actor: str) -> bool:
        """Deletes a person's facts at once, with an audit line; returns whether there were any."""
        ...
