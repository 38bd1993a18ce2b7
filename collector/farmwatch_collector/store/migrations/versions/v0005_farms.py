"""Farms: what devices hold in common, farms with members and history, analysts' words on values, farms' cases."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables. Ties are filled in by the due loop, from what the store knows of each device."""
    op.create_table(
        "device_ties",
        sa.Column("device_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_device_ties_device_key")),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_device_ties")),
        comment="What a device has that others may have too, with its days: all that ties are built from again.",
    )
    op.create_table(
        "farm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("into", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farm")),
        comment="One row per farm: its members, what ties them, its odds, and the farm that it went into.",
    )
    op.create_index("ix_farm_points", "farm", ["state", "points"], unique=False)
    op.create_table(
        "farm_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("farm_id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_farm_member_device_key")),
        sa.ForeignKeyConstraint(["farm_id"], ["farm.id"], name=op.f("fk_farm_member_farm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farm_member")),
        sa.UniqueConstraint("farm_id", "device_key", name=op.f("uq_farm_member_farm_id_device_key")),
        comment="The devices that belong, or belonged, to a farm.",
    )
    op.create_index("ix_farm_member_device_key", "farm_member", ["device_key"], unique=False)
    op.create_table(
        "farm_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("farm_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["farm_id"], ["farm.id"], name=op.f("fk_farm_event_farm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farm_event")),
        comment="A farm's history: who joined and left, what merged and split. Appended to, never changed.",
    )
    op.create_index("ix_farm_event_farm_id", "farm_event", ["farm_id"], unique=False)
    op.create_table(
        "value_label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("farm_id", sa.Integer(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_label")),
        comment="An analyst's word on a shared value: which known place it is, whose, why, and until when.",
    )
    op.create_index("ix_value_label_until", "value_label", ["until"], unique=False)
    # A plain column, so that the table is not written anew.
    op.add_column("case_head", sa.Column("farm_id", sa.Integer(), nullable=True))
    op.create_index("ix_case_head_farm_id", "case_head", ["farm_id"], unique=False)
