"""The first schema: every table, its indexes, its counters and its sequence."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Bytes, Json, Text, UtcTime

revision = "0001"
down_revision = None

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTERS = {"events": 0, "journal": 0, "setup": 0, "tickets": 1000}


def upgrade() -> None:  # noqa: PLR0915 - a list of statements, however long
    """Make everything."""
    op.create_table(
        "agents",
        sa.Column("id", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("role", Text, nullable=False),
        sa.Column("presence", Text, nullable=False),
        sa.Column("skills", Json(), nullable=False),
        sa.Column("queues", Json(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", Text, nullable=False),
        sa.Column("idle_since", UtcTime(), nullable=False),
        sa.Column("load_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "articles",
        sa.Column("id", Text, nullable=False),
        sa.Column("title", Text, nullable=False),
        sa.Column("answer", Text, nullable=False),
        sa.Column("phrasings", Json(), nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "attempts",
        sa.Column("envelope_id", Text, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("envelope_id"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("actor", Text, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("target", Text, nullable=False),
        sa.Column("detail", Json(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "catalogue",
        sa.Column("id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "name", name="catalogue_by_name"),
    )
    op.create_table(
        "channels",
        sa.Column("id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("secrets", Bytes, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "contact_points",
        sa.Column("id", Text, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("customer_id", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("unreachable", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address", "channel_id", name="contact_points_by_address"),
    )
    op.create_index("ix_contact_points_customer_id", "contact_points", ["customer_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("id", Text, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("contact_point_id", Text, nullable=False),
        sa.Column("customer_id", Text, nullable=False),
        sa.Column("thread", Text, server_default="", nullable=False),
        sa.Column("with_", Text, nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("previous_ticket_id", Text, nullable=True),
        sa.Column("answered", Json(), nullable=False),
        sa.Column("offered", Json(), nullable=False),
        sa.Column("bot_turns", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "conversations_by_contact",
        "conversations",
        ["contact_point_id", "thread", "created_at"],
        unique=False,
    )
    op.create_index("conversations_by_update", "conversations", ["updated_at", "id"], unique=False)
    op.create_index(
        "conversations_due",
        "conversations",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "conversations_one_open",
        "conversations",
        ["contact_point_id", "thread"],
        unique=True,
        sqlite_where=sa.text("with_ <> 'closed'"),
        postgresql_where=sa.text("with_ <> 'closed'"),
    )
    op.create_index(
        "conversations_with_bot",
        "conversations",
        ["updated_at", "id"],
        unique=False,
        sqlite_where=sa.text("with_ = 'bot'"),
        postgresql_where=sa.text("with_ = 'bot'"),
    )
    op.create_index("ix_conversations_customer_id", "conversations", ["customer_id"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", Text, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "customers",
        sa.Column("id", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("phone", Text, nullable=False),
        sa.Column("tier", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("timezone", Text, nullable=False),
        sa.Column("country", Text, nullable=False),
        sa.Column("company", Text, nullable=False),
        sa.Column("owner", Text, nullable=True),
        sa.Column("attributes", Json(), nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customers_by_email", "customers", ["email"], unique=False)
    op.create_index("customers_by_update", "customers", ["updated_at", "id"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", Text, nullable=False),
        sa.Column("lane", Text, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.Column("envelope_id", Text, nullable=False),
        sa.Column("error", Text, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dead_letters_envelope_id", "dead_letters", ["envelope_id"], unique=False)
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
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("decisions_by_conversation", "decisions", ["conversation_id", "seq"], unique=False)
    op.create_table(
        "dedupe",
        sa.Column("message_id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("minute", UtcTime(), nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("message_id", Text, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("claimed_by", Text, nullable=True),
        sa.Column("error", Text, nullable=False),
        sa.Column("external_id", Text, nullable=False),
        sa.Column("minute", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["conversation_id", "position"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=True),
        sa.Column("conversation_id", Text, nullable=True),
        sa.Column("data", Json(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "idempotency",
        sa.Column("principal", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("fingerprint", Text, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key"),
    )
    op.create_index("idempotency_by_age", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("tag", Serial, autoincrement=False, nullable=False),
        sa.Column("lane", Text, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("tag"),
    )
    op.create_index("journal_by_lane", "journal", ["lane", "tag"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", Text, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ledger",
        sa.Column("minute", UtcTime(), nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("again", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("given_up", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "channel_id", "source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_notes",
        sa.Column("minute", UtcTime(), nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", Text, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.PrimaryKeyConstraint("minute", "channel_id", "source", "number", "what"),
        sqlite_with_rowid=False,
    )
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
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("conversation_id", "position", name="messages_in_order"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("messages_by_contact", "messages", ["contact_point_id", "seq"], unique=False)
    op.create_table(
        "offers",
        sa.Column("id", Text, nullable=False),
        sa.Column("ticket_id", Text, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("why", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_offers_agent_id", "offers", ["agent_id"], unique=False)
    op.create_index("ix_offers_ticket_id", "offers", ["ticket_id"], unique=False)
    op.create_index(
        "offers_one_pending",
        "offers",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("lane", Text, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "rule_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("note", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("published_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", Text, nullable=False),
        sa.Column("agent_id", Text, nullable=False),
        sa.Column("csrf", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_sessions_agent_id", "sessions", ["agent_id"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", Text, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", Text, nullable=False),
        sa.Column("customer_id", Text, nullable=False),
        sa.Column("channel_id", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("waiting_reason", Text, nullable=True),
        sa.Column("priority", Text, nullable=False),
        sa.Column("tier", Text, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("queue", Text, nullable=False),
        sa.Column("assignee", Text, nullable=True),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("skills", Json(), nullable=False),
        sa.Column("policy", Text, nullable=False),
        sa.Column("previous_ticket_id", Text, nullable=True),
        sa.Column("merged_into", Text, nullable=True),
        sa.Column("snoozed_until", UtcTime(), nullable=True),
        sa.Column("waiting_since", UtcTime(), nullable=False),
        sa.Column("first_replied_at", UtcTime(), nullable=True),
        sa.Column("resolved_at", UtcTime(), nullable=True),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("declined_by", Json(), nullable=False),
        sa.Column("clocks", Json(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_tickets_conversation_id", "tickets", ["conversation_id"], unique=False)
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"], unique=False)
    op.create_index("tickets_by_assignee", "tickets", ["assignee", "status"], unique=False)
    op.create_index("tickets_by_queue", "tickets", ["queue", "status"], unique=False)
    op.create_index("tickets_by_status", "tickets", ["status"], unique=False)
    op.create_index("tickets_by_update", "tickets", ["updated_at", "id"], unique=False)
    op.create_index(
        "tickets_due",
        "tickets",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("role", Text, nullable=False),
        sa.Column("token_hash", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", Text, nullable=False),
        sa.Column("blob", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("principal", Text, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )

    if op.get_bind().dialect.supports_sequences:
        op.execute(sa.schema.CreateSequence(sa.Sequence("ticket_numbers", start=1001)))
    counters = sa.table("counters", sa.column("name", Text), sa.column("value", sa.BigInteger()))
    op.bulk_insert(counters, [{"name": name, "value": value} for name, value in COUNTERS.items()])
