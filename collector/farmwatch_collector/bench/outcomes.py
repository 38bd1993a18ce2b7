"""What became of each device of a sample: the bench's raw result, from which every figure is counted."""

from datetime import datetime

import msgspec

from farmwatch_schema.finding import Group

from ..assessment import AttentionLevel
from ..lab.sample import Label


class Stated(msgspec.Struct, frozen=True):
    """When a detector first stated a level about a subject, present and not sanctioned."""

    group: Group
    detector: str
    subject: str
    level: int
    at: datetime


class Case(msgspec.Struct, frozen=True):
    """A new case: when, with how many points, and which groups counted for it."""

    at: datetime
    points: int
    groups: tuple[Group, ...]


class VariantOutcome(msgspec.Struct, frozen=True):
    """A device under a variant that judges it differently: see `variants.Variant` for kind and name."""

    kind: str
    name: str
    cases: tuple[datetime, ...]
    review_at: datetime | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One device over the days of its sample.

    sample     name of the sample; `fleet` says how many devices it holds
    days       device-days watched, from its first report to the sample's end
    active_at  its first report at or after the label's `since`: before it nobody could see anything
    review_at  when it first stood at review or above, at or after `active_at`; None for never
    cases      every new case
    stated     each level that was stated, once
    judged     how often it was judged
    at the sample's end: attention, points, evidence_bits (log-odds without prior and floor), floor, coverage
    variants   those under which anything differed
    faults     detectors that failed on it
    """

    label: Label
    sample: str
    platform: str
    first_at: datetime
    days: float
    active_at: datetime | None
    review_at: datetime | None
    cases: tuple[Case, ...]
    stated: tuple[Stated, ...]
    judged: int
    attention: AttentionLevel
    points: int
    evidence_bits: float
    floor: bool
    coverage: float
    variants: tuple[VariantOutcome, ...] = ()
    faults: tuple[str, ...] = ()
