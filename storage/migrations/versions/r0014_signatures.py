"""Each agent may have a signature of their own, below the mails they write."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "signatures",
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("html", Text, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id"),
        sqlite_with_rowid=False,
    )
