"""Messages, decisions and events by month on PostgreSQL, so that old months can be dropped whole."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from storage.columns import Bytes, Json, Text, UtcTime

revision = "0012"
down_revision = "0011"

Serial = sa.BigInteger()
INDEXES = {
    "messages": ("messages_by_contact",),
    "decisions": ("decisions_by_conversation",),
    "events": (),
}


def upgrade() -> None:
    """Make the tables anew and move what is in them; SQLite's stay as they are."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for table, indexes in INDEXES.items():
        op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
        for index in indexes:
            op.execute(f"ALTER INDEX {index} RENAME TO {index}_before")
        if table != "events":
            op.execute(f"ALTER SEQUENCE {table}_seq_seq RENAME TO {table}_before_seq")
    op.execute("ALTER TABLE messages_before DROP CONSTRAINT messages_in_order")
    _messages()
    _decisions()
    _events()
    for table in INDEXES:
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        _months(table)
        op.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")  # noqa: S608 - names of this file's own
        if table != "events":
            last = (
                f"SELECT setval('{table}_seq_seq', greatest(1, max(seq)), max(seq) IS NOT NULL) FROM {table}"  # noqa: S608
            )
            op.execute(last)
        op.execute(f"DROP TABLE {table}_before")


def _months(table: str) -> None:
    now = datetime.now(UTC)
    for ahead in range(3):
        months = [now.year * 12 + now.month - 1 + ahead + one for one in (0, 1)]
        first, last = (f"{month // 12:04}-{month % 12 + 1:02}-01T00:00:00+00:00" for month in months)
        name = f"{table}_{first[:4]}_{first[5:7]}"
        op.execute(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{first}') TO ('{last}')")


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("contact_point_id", Text, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("author_id", Text, nullable=True),
        sa.Column("kind", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("html", Text, nullable=True),
        sa.Column("attachments", Json(), nullable=False),
        sa.Column("options", Json(), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("external_id", Text, nullable=False),
        sa.Column("raw", Bytes, nullable=True),
        sa.Column("raw_blob", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq").ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("seq", "created_at", name="messages_by_month"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("messages_by_id", "messages", ["id"])
    op.create_index("messages_by_position", "messages", ["conversation_id", "position"])
    op.create_index("messages_by_contact", "messages", ["contact_point_id", "seq"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("context", Bytes, nullable=False),
        sa.Column("decision", Bytes, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq").ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("seq", "created_at", name="decisions_by_month"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("decisions_by_conversation", "decisions", ["conversation_id", "seq"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("conversation_id", Text, nullable=True),
        sa.Column("data", Json(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq").ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("seq", "at", name="events_by_month"),
        postgresql_partition_by="RANGE (at)",
    )
