"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes every table of version 0001."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        comment="Who did what: sign-ins, views of a device, tokens made. Appended to, never changed.",
    )
    op.create_table(
        "device",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_device")),
        sa.UniqueConstraint("device", name=op.f("uq_device_device")),
        comment="One row per enrolment. Names it for people; nothing in it changes with a report.",
    )
    op.create_table(
        "roster",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_roster")),
        comment="What the company's records say of a device's person. May name devices that are not enrolled yet.",
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
        comment="Values that this collector made at its first start.",
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
        comment="Enrolment tokens by SHA-256; the token itself is never stored.",
    )
    op.create_table(
        "assessment",
        sa.Column("device_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_assessment_device_key")),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_assessment")),
        comment="The latest score with its bars and findings, as console and export read it.",
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index("ix_assessment_points", ["points"], unique=False)

    op.create_table(
        "device_epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("last_digest", sa.LargeBinary(), nullable=False),
        sa.Column("recent", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_device_epoch_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_epoch")),
        sa.UniqueConstraint("device_key", "epoch", name=op.f("uq_device_epoch_device_key_epoch")),
        comment="The last sequence mark of each retired epoch, and 8 bytes each of its last 64 digests.",
    )
    op.create_table(
        "device_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_device_event_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_event")),
        sa.UniqueConstraint("device_key", "kind", "day", name=op.f("uq_device_event_device_key_kind_day")),
        comment="Gaps in sequences, new epochs, forks: one row per device, kind and day, with a count.",
    )
    op.create_table(
        "device_state",
        sa.Column("device_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("mark", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_digest", sa.LargeBinary(), nullable=True),
        sa.Column("recent", sa.LargeBinary(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("clock_offset", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("agent_version", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("sections", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_device_state_device_key")),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_device_state")),
        comment="Epoch and sequence mark with the last 64 digests, last seen, due time, when each kind was looked at.",
    )
    with op.batch_alter_table("device_state", schema=None) as batch_op:
        batch_op.create_index("ix_device_state_due_at", ["due_at"], unique=False)

    op.create_table(
        "finding_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("seen_from", sa.BigInteger(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_finding_span_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_span")),
        sa.UniqueConstraint("device_key", "detector", "id", name=op.f("uq_finding_span_device_key_detector_id")),
        comment="What a detector stated, while it did.",
    )
    with op.batch_alter_table("finding_span", schema=None) as batch_op:
        batch_op.create_index(
            "ix_finding_span_open",
            ["device_key", "detector", "subject", "level"],
            unique=True,
            sqlite_where=sa.text("seen_until IS NULL"),
            postgresql_where=sa.text("seen_until IS NULL"),
        )

    op.create_table(
        "level_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("seen_from", sa.BigInteger(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_level_span_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level_span")),
        sa.UniqueConstraint("device_key", "group", "id", name=op.f("uq_level_span_device_key_group_id")),
        comment="A group's level over time with the versions that gave it: any past score can be computed again.",
    )
    with op.batch_alter_table("level_span", schema=None) as batch_op:
        batch_op.create_index(
            "ix_level_span_open",
            ["device_key", "group"],
            unique=True,
            sqlite_where=sa.text("seen_until IS NULL"),
            postgresql_where=sa.text("seen_until IS NULL"),
        )

    op.create_table(
        "observable_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("item", sa.LargeBinary(), nullable=False),
        sa.Column("seen_from", sa.BigInteger(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=True),
        sa.Column("from_start", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_observable_span_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observable_span")),
        sa.UniqueConstraint("device_key", "kind", "id", name=op.f("uq_observable_span_device_key_kind_id")),
        comment="One observable over time, for history and time line: a row when it appears, closed when it goes.",
    )
    with op.batch_alter_table("observable_span", schema=None) as batch_op:
        batch_op.create_index(
            "ix_observable_span_open",
            ["device_key", "kind", "digest"],
            unique=True,
            sqlite_where=sa.text("seen_until IS NULL"),
            postgresql_where=sa.text("seen_until IS NULL"),
        )

    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_sample_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
        sa.UniqueConstraint("device_key", "kind", "id", name=op.f("uq_sample_device_key_kind_id")),
        comment="Measurements that differ each time (round-trip times, counters).",
    )
    op.create_table(
        "section_content",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_section_content_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section_content")),
        sa.UniqueConstraint("device_key", "kind", "digest", name=op.f("uq_section_content_device_key_kind_digest")),
        comment="A state's observables as they came, stored once however often they are named.",
    )
    op.create_table(
        "section_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("seen_from", sa.BigInteger(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_section_span_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section_span")),
        sa.UniqueConstraint("device_key", "kind", "id", name=op.f("uq_section_span_device_key_kind_id")),
        comment="A kind's outcome and content over time: a row on change only.",
    )
    with op.batch_alter_table("section_span", schema=None) as batch_op:
        batch_op.create_index(
            "ix_section_span_open",
            ["device_key", "kind"],
            unique=True,
            sqlite_where=sa.text("seen_until IS NULL"),
            postgresql_where=sa.text("seen_until IS NULL"),
        )
