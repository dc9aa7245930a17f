"""Which mails belong together, who takes part, what passed, and whom nothing is sent to by itself."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "mail_ids",
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("digest", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("thread", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_people",
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("thread", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "address", "thread", "email"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_traffic",
        sa.Column("message_id", Text, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("words", Text, nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("mail_traffic_by_address", "mail_traffic", ["channel_id", "address", "at"])
    op.create_index("mail_traffic_by_conversation", "mail_traffic", ["conversation_id", "at"])
    op.create_index("mail_traffic_by_age", "mail_traffic", ["at"])
    op.create_table(
        "mail_blocks",
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "address"),
        sqlite_with_rowid=False,
    )
