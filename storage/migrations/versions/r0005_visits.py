"""What visitors have seen of a conversation, and what they did on the site."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, Text, UtcTime

revision = "0005"
down_revision = "0004"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "read_marks",
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visits",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("visits_by_visitor", "visits", ["channel_id", "address", "seq"])
    op.create_index("visits_by_time", "visits", ["at"])
