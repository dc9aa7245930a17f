"""Rule sets get phrase lists, test cases and approvals; trials, counts, calls and notices get tables."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, Text, UtcTime

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Widen the one table, make the others."""
    for name in ("lists", "cases"):
        default = "{}" if name == "lists" else "[]"
        op.add_column("rule_versions", sa.Column(name, Json(), nullable=False, server_default=default))
    for name in ("overruled", "approved_by"):
        op.add_column("rule_versions", sa.Column(name, Text, nullable=False, server_default=""))
    op.create_table(
        "rule_counts",
        sa.Column("rule_id", Text, nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("rule_id"),
    )
    op.create_table(
        "rule_trials",
        sa.Column("id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("report", Json(), nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial("rule_trials_running", "rule_trials", "kind", "state = 'running'")
    op.create_table(
        "rule_entries",
        sa.Column("rule_id", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "ticket_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_calls",
        sa.Column("id", Text, nullable=False),
        sa.Column("url", Text, nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("error", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial("rule_calls_due", "rule_calls", "due_at", "state = 'queued'")
    op.create_table(
        "notifications",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("recipient", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("conversation_id", Text, nullable=True),
        sa.Column("text", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("notifications_by_recipient", "notifications", ["recipient", "seq"])


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
