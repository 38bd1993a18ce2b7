"""How each device reports: in which hours, in which boot, with which uptime. One narrow column, no row per report."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; a device that reported before begins to be heard with its next report."""
    with op.batch_alter_table("device_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hearing", sa.LargeBinary(), nullable=True))
