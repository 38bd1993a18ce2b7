"""Place: personal facts of the roster apart, sign-ins, public addresses by class, verdicts by day, landmarks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables. The roster stays as it is until the next import brings claims."""
    op.create_table(
        "person_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_record")),
        sa.UniqueConstraint("person", name=op.f("uq_person_record_person")),
        comment="Personal facts of the roster: phone, addresses, digest of a bank account, dates of studies and work.",
    )
    op.create_table(
        "device_serial",
        sa.Column("device_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("roster_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_device_serial_device_key")),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_device_serial")),
        comment="The keyed serial that a device reports, as the roster names laptops that have not enrolled yet.",
    )
    with op.batch_alter_table("device_serial", schema=None) as batch_op:
        batch_op.create_index("ix_device_serial_roster_key", ["roster_key"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("person", "at", "digest", name=op.f("uq_sign_in_person_at_digest")),
        comment="Sign-ins of people to the company's services, with the class of the address and no address.",
    )
    op.create_table(
        "egress_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_from", sa.BigInteger(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_egress_span_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egress_span")),
        sa.UniqueConstraint("device_key", "address", name=op.f("uq_egress_span_device_key_address")),
        comment="Public addresses that a device's reports came from, keyed, with their class; the address is not kept.",
    )
    with op.batch_alter_table("egress_span", schema=None) as batch_op:
        batch_op.create_index("ix_egress_span_address", ["address"], unique=False)
    op.create_table(
        "place_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_key", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_place_day_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_day")),
        sa.UniqueConstraint("device_key", "day", name=op.f("uq_place_day_device_key_day")),
        comment="What one day's round-trip times say of the claim, and the digest of what it was computed from.",
    )
    op.create_table(
        "landmark_state",
        sa.Column("landmark", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("landmark", name=op.f("pk_landmark_state")),
        comment="Landmarks that the fleet's own times put in quarantine, with the reason.",
    )
