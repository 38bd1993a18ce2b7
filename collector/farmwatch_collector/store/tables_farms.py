"""The tables of ties and farms; part of the same metadata, under the rules that tables.py states."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from .tables import metadata

device_ties = Table(
    "device_ties",
    metadata,
    Column("device_key", Integer, ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    info={"retention": "kept: one row per device"},
    comment="What a device has that others may have too, with its days: all that ties are built from again.",
)

# No foreign key leads here from case_head: a table of SQLite cannot be given one without being written anew.
farm = Table(
    "farm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("into", Integer),
    Index("ix_farm_points", "state", "points"),
    info={
        "retention": "400 days after ended_at, once no case_head names it",
        "days": 400,
        "ends": "ended_at",
    },
    comment="One row per farm: its members, what ties them, its odds, and the farm that it went into.",
)

farm_member = Table(
    "farm_member",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("farm_id", Integer, ForeignKey("farm.id"), nullable=False),
    Column("device_key", Integer, ForeignKey("device.key"), nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    UniqueConstraint("farm_id", "device_key"),
    Index("ix_farm_member_device_key", "device_key"),
    info={"retention": "with its farm", "with": "farm", "by": "farm_id"},
    comment="The devices that belong, or belonged, to a farm.",
)

farm_event = Table(
    "farm_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("farm_id", Integer, ForeignKey("farm.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index("ix_farm_event_farm_id", "farm_id"),
    info={"retention": "with its farm", "with": "farm", "by": "farm_id"},
    comment="A farm's history: who joined and left, what merged and split. Appended to, never changed.",
)

value_label = Table(
    "value_label",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("farm_id", Integer),
    Column("case_id", Integer),
    Column("ended_at", BigInteger),
    Index("ix_value_label_until", "until"),
    info={"retention": "400 days after until", "days": 400, "ends": "until"},
    comment="An analyst's word on a shared value: which known place it is, whose, why, and until when.",
)
