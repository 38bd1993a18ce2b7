"""What a store does. One contract suite (tests/collector/store/contract.py) holds every store to it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.report import Answer, Report

from ..assessment import Assessment, AttentionLevel
from .protocol_cases import CaseStore
from .protocol_farms import FarmStore
from .protocol_history import DeviceHistory
from .protocol_network import NetworkStore, Origin
from .protocol_people import PeopleStore
from .protocol_place import PlaceStore


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the device table.

    public_key    Ed25519, 32 bytes
    epoch, mark   current epoch and its highest committed sequence; "" and 0 before the first report
    last_digest   of the report at the mark
    last_seen_at  receive time of the last accepted report; None before it. The one "last seen"
    clock_offset_seconds  `created_at` of that report minus its receive time: how far the laptop's clock is ahead,
                  less the time that the report waited in the spool
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
    """A report that ingest has authenticated and validated: decoded, with the digest of its bytes.

    origin  where the request came from, without its address; None when that is not known
    """

    report: Report
    digest: str
    received_at: datetime
    origin: Origin | None = None


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the console's list: the device and its latest assessment, if it has one.

    problem  why the latest evaluation failed, one sentence; "" when it did not
    """

    device: Device
    assessment: Assessment | None
    cohort: str = ""
    problem: str = ""


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


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a device's reports that is evidence in itself, counted per kind and day.

    kind    `gap` (sequences that never came), `new_epoch`, `forked` (two reports under one number, or a chain
            that does not fit: the identity is in use twice, or its spool was set back), `late` (a report that came
            after later ones, which is no such sign), `too_much` (more changes in a day than are kept), `two_boots`
            (a boot went on after another one had begun)
    detail  of the latest one
    """

    kind: str
    count: int
    detail: str
    first_at: datetime
    last_at: datetime


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment token, without itself."""

    label: str
    uses: int
    used: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


class TokenError(FarmwatchError):
    """An enrolment token that cannot be used; str() says why in one sentence."""


class Store(CaseStore, FarmStore, NetworkStore, PeopleStore, PlaceStore, Protocol):
    """Durable state of a collector. Every method may be called from any thread and blocks: never call one in an
    event loop, except `submit`.

    Times are UTC. A method that commits returns only after the data is on disk (fsync), and raises a
    FarmwatchError that names the remedy when it cannot.
    """

    def close(self) -> None: ...

    # enrolment -------------------------------------------------------------------------------------
    def add_token(self, digest: str, label: str, uses: int, expires_at: datetime) -> None:
        """Stores an enrolment token by its SHA-256; the token itself is never stored."""
        ...

    def enrol(self, token_digest: str, device: Device) -> None:
        """Adds a device and uses up one use of the token, in one transaction. Raises TokenError."""
        ...

    def tokens(self) -> list[TokenRow]:
        """Returns every enrolment token, newest first."""
        ...

    def revoke(self, device: str) -> None:
        """Answers `revoked` to this device from now on."""
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

        At or below the mark: the same digest is `duplicate`, another one `forked` and clone evidence, one that was
        never taken `invalid`. The 64
        sequences below the mark can be compared; older ones are answered `duplicate` and change nothing. The
        next sequence must name the digest of the report before in `previous`, else it is `forked`. A gap in
        sequences is accepted and recorded. A new epoch of a known device is accepted and recorded (32 a day,
        then `throttled`); one that has ended stays ended: `forked`. Content that is named but not held is asked
        for in `need`. Sets `due_at` of each device to now when the report changed anything, or came after an
        hour's silence. What a device adds beyond its day's allowance is accepted and not kept: its content
        is missing then. When the disk is full or fails, nothing of the batch is stored, and each is `throttled`.

        The caller has checked that items have their digest, that times are ISO 8601, and that no kind comes twice.
        """
        ...

    def submit(self, batch: Sequence[Incoming], done: Callable[[list[Answer]], None]) -> None:
        """Queues a batch for the next group commit and returns at once.

        `done` is called from the store's own thread after the fsync (or refusal) with `commit`'s answers; it must
        not block and must not raise.
        """
        ...

    # evaluation ------------------------------------------------------------------------------------
    def due(self, now: datetime, limit: int) -> list[str]:
        """Returns devices whose `due_at` has come, earliest first."""
        ...

    def view(self, device: str, now: datetime) -> DeviceView | None:
        """Returns what detectors may know, without roster, policy and ties, which evaluate.py adds."""
        ...

    def save(
        self, assessment: Assessment, versions: str, due_at: datetime | None, channels: Sequence[str] = ()
    ) -> None:
        """Writes finding and level spans (a row on change only), the assessment, what it does to the device's case
        (`cases.follow`), and the next due time. A case opens once, however many evaluate at once.

        versions  detector, catalogue and table versions, one string
        channels  on which a case that opens is to be told, once each
        """
        ...

    def set_due(self, devices: Sequence[str], at: datetime) -> None:
        """Brings `due_at` forward: arrival, ties and policy changes only ever do this."""
        ...

    def next_due(self) -> datetime | None:
        """Returns the earliest `due_at` of all devices; None when nothing is due at any time."""
        ...

    def outdated(self, versions: str) -> list[str]:
        """Returns devices whose latest assessment was made by other versions."""
        ...

    def failed(self, device: str, problem: str, due_at: datetime) -> None:
        """Records that an evaluation failed, visible in `DeviceRow.problem`, and puts the device off until `due_at`."""
        ...

    def purge(self, now: datetime) -> dict[str, int]:
        """Deletes what is past its table's retention; returns rows deleted by table."""
        ...

    # roster ----------------------------------------------------------------------------------------
    def set_roster(self, entries: dict[str, RosterEntry]) -> None:
        """Replaces the roster, keyed by device id or by `serial:<digest>`; who is in it no more has left."""
        ...

    def roster(self) -> dict[str, RosterEntry]:
        """Returns the roster by device id; by `serial:<digest>` for laptops that have not reported theirs."""
        ...

    # console ---------------------------------------------------------------------------------------
    def rows(
        self,
        minimum: "AttentionLevel | Literal['unjudged']" = "none",
        limit: int = 100,
        search: str = "",
        after: str = "",
    ) -> list[DeviceRow]:
        """Returns devices by points, highest first; those not judged yet come last, and with `none` or alone.

        minimum  least level; `unjudged` for the devices that have no assessment
        after    id of the device whose followers in this order are wanted; "" or an unknown one from the first

        search  text that device id, name, person, cohort or site holds, in any case; taken literally (no
                wildcards); "" for every device
        """
        ...

    def counts(self, search: str = "") -> "dict[AttentionLevel | Literal['unjudged'], int]":
        """Returns how many devices match at each level; `unjudged` are those without an assessment."""
        ...

    def note(self, at: datetime, actor: str, action: str, subject: str, before: str = "", after: str = "") -> None:
        """Appends a line to the audit log: who did what to which device. Never changed, never read by detectors."""
        ...

    def device(self, device: str) -> DeviceRow | None: ...

    def sections(self, device: str) -> list[SectionRow]: ...

    def timeline(self, device: str, since: datetime) -> list[Span]:
        """Returns what appeared or went away since then, newest first."""
        ...

    def events(self, device: str) -> list[DeviceEvent]:
        """Returns gaps, new epochs and forks of a device, newest first."""
        ...

    def histories(self, since: datetime, after: str = "") -> Iterator[DeviceHistory]:
        """Yields every device with what was stated of it at or after `since`, in order of enrolment: what scores are
        made from again. `after` is the device before the first one wanted; "" for all."""
        ...
