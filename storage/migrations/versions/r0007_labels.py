"""Labels with their exposures, and the phrasings that they propose."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Text, UtcTime

revision = "0007"
down_revision = "0006"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "labels",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("article_id", Text, nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("how", Text, nullable=False),
        sa.Column("question_id", Text, nullable=True),
        sa.Column("question", Text, nullable=True),
        sa.Column("language", Text, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("uncalibrated", sa.Double(), nullable=True),
        sa.Column("encoder", Text, nullable=True),
        sa.Column("exposure", Text, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "labels_pending",
        "labels",
        ["seq"],
        sqlite_where=sa.text("question_id IS NULL"),
        postgresql_where=sa.text("question_id IS NULL"),
    )
    op.create_index("labels_by_time", "labels", ["at"])
    op.create_table(
        "phrasing_proposals",
        sa.Column("id", Text, nullable=False),
        sa.Column("article_id", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("how", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.Column("decided_by", Text, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("article_id", "text", name="phrasing_proposals_by_text"),
    )
    op.create_index("phrasing_proposals_by_update", "phrasing_proposals", ["updated_at", "id"])
