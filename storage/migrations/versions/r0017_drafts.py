"""What agents have begun to write is kept until it is sent."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "drafts",
        sa.Column("ticket_id", Text, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "agent_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("drafts_by_agent", "drafts", ["agent_id"])
