"""Relays claim what they publish, so that several of them share the outbox."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a column."""
    op.add_column("outbox", sa.Column("claimed_until", UtcTime()))
