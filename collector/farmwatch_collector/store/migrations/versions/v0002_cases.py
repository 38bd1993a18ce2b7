"""Cases: what is flagged, who works on it, what was decided, and who is told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables of cases, and lets the audit table tell what an act changed."""
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("before", sa.Text(), server_default=sa.text("('')"), nullable=False))
        batch_op.add_column(sa.Column("after", sa.Text(), server_default=sa.text("('')"), nullable=False))
        batch_op.create_index("ix_audit_subject", ["subject"], unique=False)

    op.create_table(
        "case_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("waiting_on", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("low_since", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_as", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("rest", sa.Integer(), nullable=True),
        sa.Column("fell", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_case_head_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_head")),
        comment="One row per case: what is flagged, how it stands, whose it is, and how it was closed.",
    )
    with op.batch_alter_table("case_head", schema=None) as batch_op:
        batch_op.create_index("ix_case_head_closed_at", ["closed_at"], unique=False)
        batch_op.create_index("ix_case_head_device_key", ["device_key"], unique=False)
        batch_op.create_index(
            "ix_case_head_open",
            ["device_key"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "case_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_head.id"], name=op.f("fk_case_member_case_id")),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_case_member_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_member")),
        sa.UniqueConstraint("device_key", "case_id", name=op.f("uq_case_member_device_key_case_id")),
        comment="The devices that a case is about.",
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_head.id"], name=op.f("fk_case_event_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
        comment="A case's history: what the evaluation and people did, with their notes. Appended to, never changed.",
    )
    with op.batch_alter_table("case_event", schema=None) as batch_op:
        batch_op.create_index("ix_case_event_case_id", ["case_id"], unique=False)

    op.create_table(
        "expectation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_head.id"], name=op.f("fk_expectation_case_id")),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_expectation_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expectation")),
        sa.UniqueConstraint(
            "device_key",
            "case_id",
            "detector",
            "subject",
            "fingerprint",
            name=op.f("uq_expectation_device_key_case_id_detector_subject_fingerprint"),
        ),
        comment="What a closed case says may be there until a time; while it holds, that finding counts as nothing.",
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_head.id"], name=op.f("fk_notice_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("name", name=op.f("uq_notice_name")),
        sa.UniqueConstraint("case_id", "channel", name=op.f("uq_notice_case_id_channel")),
        comment="What is to be told of a new case, once per channel, until it was taken.",
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_due_at", ["due_at"], unique=False)
