"""What a store tells of a device's past: findings, levels and closed cases over time."""

from datetime import datetime

import msgspec

from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.finding import Finding, Group


class FindingSpan(msgspec.Struct, frozen=True, gc=False):
    """A finding and when it was stated; its body is that of the latest evaluation that stated it."""

    finding: Finding
    seen_from: datetime
    seen_until: datetime | None


class Stood(msgspec.Struct, frozen=True, gc=False):
    """How a group stood: of a stored `GroupLevel`, what findings cannot tell again."""

    group: Group
    level: int | None
    grey: str = ""


class LevelSpan(msgspec.Struct, frozen=True, gc=False):
    """How a group stood, and when."""

    level: Stood
    seen_from: datetime
    seen_until: datetime | None


class ClosedCase(msgspec.Struct, frozen=True, gc=False):
    """A case that a person closed: number, when it was opened, when and as what it was closed."""

    number: int
    opened_at: datetime
    closed_at: datetime
    closed_as: str


class DeviceHistory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that is stored of one device's levels since a time.

    judged_at  of its latest assessment; None when it was never judged
    """

    device: str
    name: str
    enrolled_at: datetime
    judged_at: datetime | None
    roster: RosterEntry | None
    findings: tuple[FindingSpan, ...]
    levels: tuple[LevelSpan, ...]
    closed: tuple[ClosedCase, ...]
