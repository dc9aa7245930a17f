"""Notifications are rows of the people they are for, with the ways each goes and what everybody chose."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from bus.ids import new_id
from storage.columns import Bytes, Json, Text, UtcTime

revision = "0013"
down_revision = "0012"

OLD = sa.table(
    "notifications",
    sa.column("seq", sa.Integer),
    sa.column("recipient", Text),
    sa.column("ticket_id", Text),
    sa.column("conversation_id", Text),
    sa.column("text", Text),
    sa.column("created_at", UtcTime()),
    sa.column("read_at", UtcTime()),
)
AGENTS = sa.table(
    "agents",
    sa.column("id", Text),
    sa.column("name", Text),
    sa.column("role", Text),
    sa.column("queues", Json()),
)


def upgrade() -> None:
    """Make the tables; what everybody was told so far becomes each one's own."""
    told = _told(op.get_bind())
    op.drop_index("notifications_by_recipient", "notifications")
    op.drop_table("notifications")
    made = _notifications()
    _deliveries()
    _choices()
    op.add_column("tickets", sa.Column("alerted", sa.Integer(), nullable=False, server_default="0"))
    if told:
        op.bulk_insert(made, told)


def _told(sql: sa.Connection) -> list[dict[str, Any]]:
    agents = sql.execute(sa.select(AGENTS)).all()
    return [
        _row(old, agent.id)
        for old in sql.execute(sa.select(OLD).order_by(OLD.c.seq)).all()
        for agent in agents
        if old.recipient in ("everyone", agent.id, agent.name, agent.role)
        or old.recipient in {f"queue:{queue}" for queue in agent.queues}
    ]


def _row(old: Any, agent_id: str) -> dict[str, Any]:
    made: datetime = old.created_at
    return {
        "id": new_id("ntf", made),
        "agent_id": agent_id,
        "kind": "rule",
        "ticket_id": old.ticket_id,
        "conversation_id": old.conversation_id,
        "details": {"text": old.text},
        "created_at": made,
        "read_at": old.read_at,
        "spread_at": made,
    }


def _notifications() -> sa.Table:
    made = op.create_table(
        "notifications",
        sa.Column("id", Text, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("conversation_id", Text, nullable=True),
        sa.Column("details", Json(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.Column("spread_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notifications_by_agent", "notifications", ["agent_id", "id"])
    _partial("notifications_unread", "notifications", "agent_id", "read_at IS NULL")
    _partial("notifications_to_spread", "notifications", "id", "spread_at IS NULL")
    return made


def _deliveries() -> None:
    op.create_table(
        "notification_deliveries",
        sa.Column("notification_id", Text, nullable=False),
        sa.Column("way", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("claimed_by", Text, nullable=True),
        sa.Column("error", Text, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", "way"),
        sqlite_with_rowid=False,
    )
    still_open = "state IN ('queued', 'sending', 'handed')"
    _partial("notification_deliveries_due", "notification_deliveries", "due_at", still_open)


def _choices() -> None:
    op.create_table(
        "notification_choices",
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("robot", Bytes, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id"),
        sqlite_with_rowid=False,
    )


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
