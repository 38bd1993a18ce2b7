"""What a store does. One contract suite (tests/collector/store/contract.py) holds every store to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.report import Answer, Report

from ..assessment import Assessment, AttentionLevel


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the device table.

    public_key    Ed25519, 32 bytes
    epoch, mark   current epoch and its highest committed sequence; "" and 0 before the first report
    last_digest   of the report at the mark
    last_seen_at  receive time of the last accepted report; None before it. The one "last seen"
    clock_offset_seconds  laptop's clock minus the collector's at that report
    revoked       answers `revoked` from now on
    """

    device: str
    name: str
    platform: str
    public_key: bytes
    enrolled_at: datetime
    epoch: str = ""
    mark: int = 0
    last_digest: str = ""
    last_seen_at: datetime | None = None
    clock_offset_seconds: int = 0
    agent_version: str = ""
    revoked: bool = False


class Incoming(msgspec.Struct, frozen=True):
    """A report that ingest has authenticated and validated: decoded, with the digest of its bytes."""

    report: Report
    digest: str
    received_at: datetime


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the console's list: the device and its latest assessment, if it has one."""

    device: Device
    assessment: Assessment | None
    cohort: str = ""


class SectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """The latest section of one kind, as the device page shows it.

    digest    of its items
    since     from when these items have been the same
    missing   the content was named by digest and never received
    """

    kind: str
    outcome: str
    reason: str
    observed_at: datetime
    since: datetime
    digest: str
    items: bytes
    missing: bool = False


class TokenError(Exception):
    """An enrolment token that cannot be used; str() says why in one sentence."""


class Store(Protocol):
    """Durable state of a collector. Every method is called from one thread of the collector's own.

    Times are UTC. A method that commits returns only after the data is on disk (fsync).
    """

    def close(self) -> None: ...

    # enrolment -------------------------------------------------------------------------------------
    def add_token(self, digest: str, label: str, uses: int, expires_at: datetime) -> None:
        """Stores an enrolment token by its SHA-256; the token itself is never stored."""
        ...

    def enrol(self, token_digest: str, device: Device) -> None:
        """Adds a device and uses up one use of the token, in one transaction. Raises TokenError."""
        ...

    def devices(self) -> list[Device]:
        """Returns every device, for the key cache."""
        ...

    def setting(self, name: str, make: bytes | None = None) -> bytes | None:
        """Returns a stored setting; stores `make` first when there is none (the company's identifier key)."""
        ...

    # ingest ----------------------------------------------------------------------------------------
    def commit(self, batch: Sequence[Incoming]) -> list[Answer]:
        """Commits a batch in one transaction and answers each report in order.

        At or below the mark: the same digest is `duplicate`, another one `forked` and clone evidence. A
        gap in sequences is accepted and recorded. A new epoch of a known device is accepted and recorded.
        Content that is named but not held is asked for in `need`. Sets `due_at` of each device to now.
        """
        ...

    # evaluation ------------------------------------------------------------------------------------
    def due(self, now: datetime, limit: int) -> list[str]:
        """Returns devices whose `due_at` has come, earliest first."""
        ...

    def view(self, device: str, now: datetime) -> DeviceView | None:
        """Returns what detectors may know, without roster, policy and ties, which evaluate.py adds."""
        ...

    def save(self, assessment: Assessment, versions: str, due_at: datetime | None) -> None:
        """Writes finding and level spans (a row on change only), the assessment, and the next due time.

        versions  detector, catalogue and table versions, one string
        """
        ...

    def set_due(self, devices: Sequence[str], at: datetime) -> None:
        """Brings `due_at` forward: arrival, ties and policy changes only ever do this."""
        ...

    # roster ----------------------------------------------------------------------------------------
    def set_roster(self, entries: dict[str, RosterEntry]) -> None:
        """Replaces the roster, keyed by device id."""
        ...

    def roster(self) -> dict[str, RosterEntry]: ...

    # console ---------------------------------------------------------------------------------------
    def rows(self, minimum: AttentionLevel = "none", limit: int = 100, search: str = "") -> list[DeviceRow]:
        """Returns devices by points, highest first; those not judged yet come last and only with `none`.

        search  text that device id, name, person, cohort or site holds, in any case; taken literally (no
                wildcards); "" for every device
        """
        ...

    def counts(self, search: str = "") -> "dict[AttentionLevel | Literal['unjudged'], int]":
        """Returns how many devices match at each level; `unjudged` are those without an assessment."""
        ...

    def note(self, at: datetime, actor: str, action: str, subject: str) -> None:
        """Appends a line to the audit log: who did what to which device. Never changed, never read by detectors."""
        ...

    def device(self, device: str) -> DeviceRow | None: ...

    def sections(self, device: str) -> list[SectionRow]: ...

    def timeline(self, device: str, since: datetime) -> list[Span]:
        """Returns what appeared and went away, newest first."""
        ...
