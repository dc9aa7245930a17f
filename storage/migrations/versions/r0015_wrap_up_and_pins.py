"""Tickets are pinned to an agent, and take their agent's room while they are wrapped up."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Widen the one table."""
    op.add_column("tickets", sa.Column("pinned_to", Text, nullable=True))
    op.add_column("tickets", sa.Column("wrap_up_until", UtcTime(), nullable=True))
    op.create_index(
        "tickets_wrapped_up",
        "tickets",
        ["assignee"],
        sqlite_where=sa.text("wrap_up_until IS NOT NULL"),
        postgresql_where=sa.text("wrap_up_until IS NOT NULL"),
    )
