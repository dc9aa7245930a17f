"""How each channel is, part by part; the attempts to send that failed; proven identities."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0010"
down_revision = "0009"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables."""
    op.create_table(
        "channel_status",
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("part", Text, nullable=False),
        sa.Column("failing", sa.Boolean(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("error", Text, nullable=False),
        sa.Column("error_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("channel_id", "part"),
    )
    op.create_table(
        "failed_attempts",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("error", Text, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_failed_attempts_message_id", "failed_attempts", ["message_id"])
    op.create_table(
        "identities",
        sa.Column("identity", Text, nullable=False),
        sa.Column("contact_point_id", Text, nullable=False),
        sa.PrimaryKeyConstraint("identity", "contact_point_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("identities_by_contact", "identities", ["contact_point_id"])
