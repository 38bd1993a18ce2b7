"""The tables, as SQLAlchemy Core metadata. docs/store.md is checked against them.

Rules: integer row ids; the device's dense integer key in every unique key that is about a device; times are
integers, microseconds since 1970 in UTC; digests are bytes. Each table's `info` names its retention: how many
days after its `ends` column a row may be purged, or why it is kept.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Revision that a database of this program is at; a test holds it to the newest file in migrations/versions.
HEAD = "0005"


def _kept(reason: str) -> dict[str, Any]:
    return {"retention": f"kept: {reason}"}


def _days(days: int, ends: str) -> dict[str, Any]:
    return {"retention": f"{days} days after {ends}", "days": days, "ends": ends}


def _with_case() -> dict[str, Any]:
    return {"retention": "with its case_head", "with": "case_head"}


def _key() -> "Column[int]":
    return Column("device_key", Integer, ForeignKey("device.key"), nullable=False)


device = Table(
    "device",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("device", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("revoked", Integer, nullable=False, server_default=text("0")),
    info=_kept("a device is removed by a person only"),
    comment="One row per enrolment. Names it for people; nothing in it changes with a report.",
)

# Narrow, because it alone is written with every report.
device_state = Table(
    "device_state",
    metadata,
    Column("device_key", Integer, ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False, server_default=text("''")),
    Column("mark", BigInteger, nullable=False, server_default=text("0")),
    Column("last_digest", LargeBinary),
    Column("recent", LargeBinary),
    Column("last_seen_at", BigInteger),
    Column("clock_offset", Integer, nullable=False, server_default=text("0")),
    Column("agent_version", Text, nullable=False, server_default=text("''")),
    Column("sections", LargeBinary),
    Column("hearing", LargeBinary),
    Column("changed_at", BigInteger, nullable=False, server_default=text("0")),
    Column("due_at", BigInteger),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Index("ix_device_state_due_at", "due_at"),
    info=_kept("one row per device"),
    comment="Epoch and sequence mark with the last 64 digests, last seen, due time, when each kind was looked at, hours"
    " of 14 days in which reports were made, boot and uptime.",
)

device_epoch = Table(
    "device_epoch",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("epoch", Text, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("last_digest", LargeBinary, nullable=False),
    Column("recent", LargeBinary, nullable=False),
    Column("retired_at", BigInteger, nullable=False),
    UniqueConstraint("device_key", "epoch"),
    info=_kept("a replay of an old epoch must be known for ever; at most 32 a day and device"),
    comment="The last sequence mark of each retired epoch, and 8 bytes each of its last 64 digests.",
)

device_event = Table(
    "device_event",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("kind", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    UniqueConstraint("device_key", "kind", "day"),
    info=_days(180, "last_at"),
    comment="Gaps in sequences, new epochs, forks, late reports, floods: a row per device, kind and day, with a count.",
)

section_content = Table(
    "section_content",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("device_key", "kind", "digest"),
    info=_days(30, "received_at, once no section_span names it"),
    comment="A state's observables as they came, stored once however often they are named.",
)

section_span = Table(
    "section_span",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("seen_from", BigInteger, nullable=False),
    Column("seen_until", BigInteger),
    UniqueConstraint("device_key", "kind", "id"),
    info=_days(180, "seen_until"),
    comment="A kind's outcome and content over time: a row on change only.",
)

observable_span = Table(
    "observable_span",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("item", LargeBinary, nullable=False),
    Column("seen_from", BigInteger, nullable=False),
    Column("seen_until", BigInteger),
    Column("from_start", Integer, nullable=False),
    UniqueConstraint("device_key", "kind", "id"),
    info=_days(180, "seen_until"),
    comment="One observable over time, for history and time line: a row when it appears, closed when it goes.",
)

sample = Table(
    "sample",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("kind", Text, nullable=False),
    Column("observed_at", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("device_key", "kind", "id"),
    info=_days(30, "observed_at"),
    comment="Measurements that differ each time (round-trip times, counters).",
)

finding_span = Table(
    "finding_span",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("detector", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("versions", Text, nullable=False),
    Column("seen_from", BigInteger, nullable=False),
    Column("seen_until", BigInteger),
    UniqueConstraint("device_key", "detector", "id"),
    info=_days(400, "seen_until"),
    comment="What a detector stated, while it did.",
)

level_span = Table(
    "level_span",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("group", Text, nullable=False),
    Column("level", Integer),
    Column("detector", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("versions", Text, nullable=False),
    Column("seen_from", BigInteger, nullable=False),
    Column("seen_until", BigInteger),
    UniqueConstraint("device_key", "group", "id"),
    info=_days(400, "seen_until"),
    comment="A group's level over time with the versions that gave it: any past score can be computed again.",
)

assessment = Table(
    "assessment",
    metadata,
    Column("device_key", Integer, ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("points", Integer, nullable=False),
    Column("attention", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("versions", Text, nullable=False),
    Index("ix_assessment_points", "points"),
    info=_kept("one row per device"),
    comment="The latest score with its bars and findings, as console and export read it.",
)

token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    info=_days(400, "expires_at"),
    comment="Enrolment tokens by SHA-256; the token itself is never stored.",
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    info=_kept("the company's identifier key and other values made once"),
    comment="Values that this collector made at its first start.",
)

roster = Table(
    "roster",
    metadata,
    Column("device", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("words", Text, nullable=False),
    info=_kept("replaced as a whole with each import"),
    comment="What the company's records say of a device's person. May name devices that are not enrolled yet.",
)

# Personal: connections of console and due loop have no right to it (people_rights.py), nor has their database role.
person_record = Table(
    "person_record",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("imported_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    info=_days(30, "left_at"),
    comment="Personal facts of the roster: phone, addresses, digest of a bank account, dates of studies and work.",
)

device_serial = Table(
    "device_serial",
    metadata,
    Column("device_key", Integer, ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("roster_key", Text, nullable=False),
    Index("ix_device_serial_roster_key", "roster_key"),
    info=_kept("one row per device"),
    comment="The keyed serial that a device reports, as the roster names laptops that have not enrolled yet.",
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("person", "at", "digest"),
    info=_days(60, "at"),
    comment="Sign-ins of people to the company's services, with the class of the address and no address.",
)

egress_span = Table(
    "egress_span",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("address", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen_from", BigInteger, nullable=False),
    Column("seen_until", BigInteger, nullable=False),
    UniqueConstraint("device_key", "address"),
    Index("ix_egress_span_address", "address"),
    info=_days(60, "seen_until"),
    comment="Public addresses that a device's reports came from, keyed, with their class; the address is not kept.",
)

place_day = Table(
    "place_day",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("day", Integer, nullable=False),
    Column("basis", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("device_key", "day"),
    info=_days(30, "at"),
    comment="What one day's round-trip times say of the claim, and the digest of what it was computed from.",
)

landmark_state = Table(
    "landmark_state",
    metadata,
    Column("landmark", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    info=_kept("one row per landmark"),
    comment="Landmarks that the fleet's own times put in quarantine, with the reason.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text, nullable=False, server_default=text("''")),
    Column("after", Text, nullable=False, server_default=text("''")),
    Index("ix_audit_subject", "subject"),
    info=_days(400, "at"),
    comment="Who did what, with what it changed: sign-ins, views, tokens, cases. Appended to, never changed.",
)

# A farm's case has no device_key and several members; a device's case has its own and one member.
case_head = Table(
    "case_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("device_key", Integer, ForeignKey("device.key")),
    Column("farm_id", Integer),
    Column("state", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("groups", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=text("''")),
    Column("waiting_on", Text, nullable=False, server_default=text("''")),
    Column("previous", Integer),
    Column("version", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("low_since", BigInteger),
    Column("closed_at", BigInteger),
    Column("closed_as", Text, nullable=False, server_default=text("''")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("until", BigInteger),
    Column("rest", Integer),
    Column("fell", Integer, nullable=False, server_default=text("0")),
    Index("ix_case_head_closed_at", "closed_at"),
    Index("ix_case_head_device_key", "device_key"),
    Index("ix_case_head_farm_id", "farm_id"),
    info=_days(400, "closed_at"),
    comment="One row per case: what is flagged, how it stands, whose it is, and how it was closed.",
)

case_member = Table(
    "case_member",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("case_head.id"), nullable=False),
    _key(),
    Column("added_at", BigInteger, nullable=False),
    UniqueConstraint("device_key", "case_id"),
    info=_with_case(),
    comment="The devices that a case is about.",
)

case_event = Table(
    "case_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("case_head.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index("ix_case_event_case_id", "case_id"),
    info=_with_case(),
    comment="A case's history: what the evaluation and people did, with their notes. Appended to, never changed.",
)

expectation = Table(
    "expectation",
    metadata,
    Column("id", Integer, primary_key=True),
    _key(),
    Column("case_id", Integer, ForeignKey("case_head.id"), nullable=False),
    Column("detector", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("group", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("begins_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("device_key", "case_id", "detector", "subject", "fingerprint"),
    info=_with_case(),
    comment="What a closed case says may be there until a time; while it holds, that finding counts as nothing.",
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("case_id", Integer, ForeignKey("case_head.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", BigInteger),
    Column("problem", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("case_id", "channel"),
    Index("ix_notice_due_at", "due_at"),
    info=_days(30, "made_at"),
    comment="What is to be told of a new case, once per channel, until it was taken.",
)

#: Partial: of each kind and group at most one row per device is open.
Index(
    "ix_section_span_open",
    section_span.c.device_key,
    section_span.c.kind,
    unique=True,
    sqlite_where=section_span.c.seen_until.is_(None),
    postgresql_where=section_span.c.seen_until.is_(None),
)
Index(
    "ix_observable_span_open",
    observable_span.c.device_key,
    observable_span.c.kind,
    observable_span.c.digest,
    unique=True,
    sqlite_where=observable_span.c.seen_until.is_(None),
    postgresql_where=observable_span.c.seen_until.is_(None),
)
Index(
    "ix_finding_span_open",
    finding_span.c.device_key,
    finding_span.c.detector,
    finding_span.c.subject,
    finding_span.c.level,
    unique=True,
    sqlite_where=finding_span.c.seen_until.is_(None),
    postgresql_where=finding_span.c.seen_until.is_(None),
)
Index(
    "ix_level_span_open",
    level_span.c.device_key,
    level_span.c.group,
    unique=True,
    sqlite_where=level_span.c.seen_until.is_(None),
    postgresql_where=level_span.c.seen_until.is_(None),
)
#: One open case per device, whoever evaluates it.
Index(
    "ix_case_head_open",
    case_head.c.device_key,
    unique=True,
    sqlite_where=case_head.c.closed_at.is_(None),
    postgresql_where=case_head.c.closed_at.is_(None),
)
