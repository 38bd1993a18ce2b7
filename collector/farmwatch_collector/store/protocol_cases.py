"""The part of a store that keeps cases, their audit lines, and the notices of new ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ..assessment import AttentionLevel
from ..cases import AuditLine, Case, CaseEvent, CaseState, Closing, Standing


class NoticeBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of a new case: as little of a person as an analyst can begin with.

    event    `case_opened` or `case_returned`
    device   "" of a farm's case
    farm     number of the farm; 0 of a device's case
    members  devices of the farm
    """

    event: str
    case: int
    device: str
    level: str
    points: int
    groups: tuple[str, ...]
    sentence: str
    at: datetime
    farm: int = 0
    members: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be told of a new case on one channel, at least once.

    name      the same at every attempt, so that the receiver can tell a repetition
    channel   `webhook` or `cef`
    body      a `NoticeBody` as JSON
    problem   why the latest attempt failed; "" when none did
    given_up  it is tried no more
    """

    name: str
    case: int
    channel: str
    body: bytes
    made_at: datetime
    attempts: int = 0
    problem: str = ""
    given_up: bool = False


class CaseStore(Protocol):
    """What people and pages do with cases. `save` opens and follows them.

    An act raises CaseError with what to do, and CaseConflict when `version` is given and no longer the case's: it was
    changed, or other evidence counts, since the caller looked. Each act leaves a line in the history and one in the
    audit log with what was before and after.
    """

    def cases(
        self,
        states: Sequence[CaseState] = ("open", "waiting"),
        minimum: AttentionLevel = "none",
        owners: Sequence[str] | None = None,
        limit: int = 100,
        after: int = 0,
        standing: Standing | None = None,
        search: str = "",
    ) -> list[Case]:
        """Returns cases by their device's or farm's points now, highest first.

        minimum  least level that the case holds
        owners   whose; "" among them for cases that nobody has; None for everybody's
        after    id of the case whose followers in this order are wanted; 0 from the first
        standing of those not closed; None for every one
        search   part of a device's id or name, or of what the roster says of its person; a farm's case has many
        """
        ...

    def case_counts(self) -> dict[str, int]:
        """Returns how many are `open`, `waiting`, `closed`; of those not closed how many are `new`, `ongoing`,
        `returned`, `escalating` and `unassigned`."""
        ...

    def case(self, number: int) -> Case | None: ...

    def cases_of(self, device: str) -> list[Case]:
        """Returns a device's own cases, the latest first; those of its farms are found by `FarmStore.farms_of`."""
        ...

    def case_history(self, number: int) -> list[CaseEvent]:
        """Returns what the evaluation and people did to a case, oldest first."""
        ...

    def assign_case(self, number: int, at: datetime, actor: str, owner: str, version: int | None = None) -> None:
        """Gives a case to somebody; "" to nobody."""
        ...

    def wait_case(self, number: int, at: datetime, actor: str, on: str, version: int | None = None) -> None:
        """Marks a case as waiting on somebody; "" ends the wait."""
        ...

    def note_case(self, number: int, at: datetime, actor: str, text: str) -> None:
        """Adds a note, to a closed case too."""
        ...

    def close_case(
        self,
        number: int,
        at: datetime,
        actor: str,
        closed_as: str,
        reason: str,
        until: str = "",
        version: int | None = None,
        place: str = "",
    ) -> Closing:
        """Closes a case. As `sanctioned` or `benign`, everything that counts now, agent integrity left out, counts as
        nothing until the end of the day `until` (ISO 8601; "" for 90 days), and the device becomes due.

        Of a farm's case, these two make a `Label` on what ties most of its members, until that day; `place` says what
        place it is (`LabelKind`; "" for an office if sanctioned, a household if benign), and the members become due.
        """
        ...

    def reopen_case(self, number: int, at: datetime, actor: str, reason: str) -> None:
        """Opens a closed case again, and ends what its close expected."""
        ...

    def audit(self, subject: str = "", limit: int = 100, before: int = 0) -> list[AuditLine]:
        """Returns lines of the audit log, newest first.

        subject  exactly what was acted on, `case 12` or a device id; "" for everything
        before   id of the line whose predecessors are wanted; 0 from the newest
        """
        ...

    def claim_notice(self, now: datetime, channels: Sequence[str]) -> Notice | None:
        """Returns a notice that is due and leaves it to the caller for two minutes; None when none is."""
        ...

    def notice_sent(self, name: str, at: datetime) -> None:
        """Marks a notice as taken by its receiver."""
        ...

    def notice_failed(self, name: str, problem: str, due_at: datetime | None) -> None:
        """Records why a notice was not taken, and when to try again; None gives it up."""
        ...

    def notices_waiting(self) -> list[Notice]:
        """Returns the notices that have not been taken, oldest first."""
        ...
