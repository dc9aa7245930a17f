"""Articles get folders, validity, variants, files and an author; versions of them are kept, votes counted."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, Text, UtcTime

revision = "0004"
down_revision = "0003"


def _new() -> "list[sa.Column[object]]":
    return [
        sa.Column("folder", Text, nullable=False, server_default=""),
        sa.Column("internal", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("valid_from", UtcTime(), nullable=True),
        sa.Column("valid_to", UtcTime(), nullable=True),
        sa.Column("translation_of", Text, nullable=False, server_default=""),
        sa.Column("variants", Json(), nullable=False, server_default="[]"),
        sa.Column("files", Json(), nullable=False, server_default="[]"),
        sa.Column("author", Text, nullable=False, server_default=""),
    ]


def upgrade() -> None:
    """Widen the one table, make the others."""
    for column in _new():
        op.add_column("articles", column)
    op.create_table(
        "article_versions",
        sa.Column("article_id", Text, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", Text, nullable=False),
        sa.Column("answer", Text, nullable=False),
        sa.Column("phrasings", Json(), nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        *_new(),
        sa.PrimaryKeyConstraint("article_id", "version"),
    )
    op.create_table(
        "article_votes",
        sa.Column("article_id", Text, nullable=False),
        sa.Column("helpful", sa.Integer(), nullable=False),
        sa.Column("unhelpful", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article_id"),
    )
