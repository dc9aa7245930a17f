"""Decisions say whether they were about a message or a ticket; rules of time, whether they failed for one."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Widen both tables; what is stored was about messages."""
    op.add_column("decisions", sa.Column("event", Text, nullable=False, server_default="message"))
    op.add_column(
        "rule_entries", sa.Column("failed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
