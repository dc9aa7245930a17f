"""Where each channel that is listened to goes on."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "cursors",
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("cursor", Text, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id"),
    )
