"""The one schema, for both dialects. `storage/migrations` yields the same tables; a test compares them.

Names of places that grow with traffic: `messages`, `events` and `decisions` have a growing integer key.
`values` columns hold a domain value's own fields as JSON where nothing is searched by them.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    UniqueConstraint,
    false,
    text,
)

from storage import search_tables
from storage.columns import Bytes, Json, Text, UtcTime

metadata = MetaData()
search_tables.beside(metadata)
# SQLite fills only INTEGER PRIMARY KEY by itself.
Serial = BigInteger().with_variant(Integer(), "sqlite")
# Where there are sequences; SQLite, whose writers take turns anyway, has the counter of the same name.
ticket_numbers = Sequence("ticket_numbers", start=1001, metadata=metadata)


def _id() -> "Column[str]":
    return Column("id", Text, primary_key=True)


def _now(name: str = "created_at") -> "Column[object]":
    return Column(name, UtcTime, nullable=False)


def _by_month(column: str) -> dict[str, Any]:
    """What PostgreSQL partitions a table by: see `storage.partitions`."""
    return {"postgresql_partition_by": f"RANGE ({column})"}


def _keyed_by_month(table: Table, column: str) -> None:
    """A partitioned table's key has the column in it that it is partitioned by."""
    table.primary_key.ddl_if(dialect="sqlite")
    key = UniqueConstraint("seq", column, name=f"{table.name}_by_month")
    table.append_constraint(key.ddl_if(dialect="postgresql"))


def _minute(*, primary_key: bool = False) -> "Column[object]":
    return Column("minute", UtcTime, primary_key=primary_key, nullable=False)


# --- who and where -----------------------------------------------------------------------------------

channels = Table(
    "channels",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("secrets", Bytes, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    _now(),
    _now("updated_at"),
)

channel_status = Table(
    "channel_status",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("failing", Boolean, nullable=False),
    _now("since"),
    Column("error", Text, nullable=False),
    Column("error_at", UtcTime),
)

cursors = Table(
    "cursors",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    _now("updated_at"),
)

customers = Table(
    "customers",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("owner", Text),
    Column("attributes", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("version", Integer, nullable=False),
    _now(),
    _now("updated_at"),
    Index("customers_by_email", "email"),
    Index("customers_by_update", "updated_at", "id"),
)

contact_points = Table(
    "contact_points",
    metadata,
    _id(),
    Column("channel_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("customer_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("unreachable", Text, nullable=False),
    _now(),
    # The address first: it tells more, and many are looked up at once.
    UniqueConstraint("address", "channel_id", name="contact_points_by_address"),
)

identities = Table(
    "identities",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("contact_point_id", Text, primary_key=True),
    Index("identities_by_contact", "contact_point_id"),
    sqlite_with_rowid=False,
)

# --- what was said -----------------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("channel_id", Text, nullable=False),
    Column("contact_point_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False, index=True),
    Column("thread", Text, nullable=False, server_default=""),
    Column("with_", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("ticket_id", Text),
    Column("previous_ticket_id", Text),
    Column("answered", Json, nullable=False),
    Column("offered", Json, nullable=False),
    Column("bot_turns", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("due_at", UtcTime),
    _now(),
    _now("updated_at"),
    Index(
        "conversations_one_open",
        "contact_point_id",
        "thread",
        unique=True,
        sqlite_where=text("with_ <> 'closed'"),
        postgresql_where=text("with_ <> 'closed'"),
    ),
    Index("conversations_by_contact", "contact_point_id", "thread", "created_at"),
    Index("conversations_by_update", "updated_at", "id"),
    Index(
        "conversations_with_bot",
        "updated_at",
        "id",
        sqlite_where=text("with_ = 'bot'"),
        postgresql_where=text("with_ = 'bot'"),
    ),
    Index(
        "conversations_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("contact_point_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_id", Text),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("attachments", Json, nullable=False),
    Column("options", Json, nullable=False),
    Column("details", Json, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("raw", Bytes),
    Column("raw_blob", Text, nullable=False),
    _now(),
    # Where it is partitioned, uniqueness would need the month in it; that no message is there twice is what
    # `dedupe` and the lock of its conversation see to.
    UniqueConstraint("id").ddl_if(dialect="sqlite"),
    UniqueConstraint("conversation_id", "position", name="messages_in_order").ddl_if(dialect="sqlite"),
    Index("messages_by_id", "id").ddl_if(dialect="postgresql"),
    Index("messages_by_position", "conversation_id", "position").ddl_if(dialect="postgresql"),
    Index("messages_by_contact", "contact_point_id", "seq"),
    **_by_month("created_at"),
)
_keyed_by_month(messages, "created_at")

dedupe = Table(
    "dedupe",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    _minute(),
    Column("channel_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("channel_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("claimed_by", Text),
    Column("error", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    _minute(),
    _now("updated_at"),
    Index(
        "deliveries_waiting",
        "conversation_id",
        "position",
        sqlite_where=text("state IN ('queued', 'sending')"),
        postgresql_where=text("state IN ('queued', 'sending')"),
    ),
    Index(
        "deliveries_due",
        "due_at",
        sqlite_where=text("state IN ('queued', 'sending')"),
        postgresql_where=text("state IN ('queued', 'sending')"),
    ),
    sqlite_with_rowid=False,
)

failed_attempts = Table(
    "failed_attempts",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False, index=True),
    Column("error", Text, nullable=False),
    _now("at"),
)

# --- what mail leaves behind -------------------------------------------------------------------------

mail_ids = Table(
    "mail_ids",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("thread", Text, nullable=False),
    _now(),
    sqlite_with_rowid=False,
)

mail_people = Table(
    "mail_people",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("thread", Text, primary_key=True),
    Column("email", Text, primary_key=True),
    Column("name", Text, nullable=False),
    sqlite_with_rowid=False,
)

mail_traffic = Table(
    "mail_traffic",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("channel_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("ours", Boolean, nullable=False),
    _now("at"),
    Index("mail_traffic_by_address", "channel_id", "address", "at"),
    Index("mail_traffic_by_conversation", "conversation_id", "at"),
    Index("mail_traffic_by_age", "at"),
    sqlite_with_rowid=False,
)

mail_blocks = Table(
    "mail_blocks",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    _now("until"),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

# --- work for people ---------------------------------------------------------------------------------

tickets = Table(
    "tickets",
    metadata,
    _id(),
    Column("number", Integer, nullable=False, unique=True),
    Column("conversation_id", Text, nullable=False, index=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("channel_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("waiting_reason", Text),
    Column("priority", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("assignee", Text),
    Column("fields", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("skills", Json, nullable=False),
    Column("policy", Text, nullable=False),
    Column("previous_ticket_id", Text),
    Column("merged_into", Text),
    Column("snoozed_until", UtcTime),
    _now("waiting_since"),
    Column("first_replied_at", UtcTime),
    Column("resolved_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("pinned_to", Text),
    Column("wrap_up_until", UtcTime),
    Column("declined_by", Json, nullable=False),
    Column("alerted", Integer, nullable=False, server_default="0"),
    Column("clocks", Json, nullable=False),
    Column("due_at", UtcTime),
    Column("version", Integer, nullable=False),
    _now(),
    _now("updated_at"),
    # Without `updated_at`, which every message changes: what is being worked on is few enough to sort.
    Index("tickets_by_status", "status"),
    Index("tickets_by_queue", "queue", "status"),
    Index("tickets_by_assignee", "assignee", "status"),
    Index("tickets_by_update", "updated_at", "id"),
    Index(
        "tickets_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "tickets_wrapped_up",
        "assignee",
        sqlite_where=text("wrap_up_until IS NOT NULL"),
        postgresql_where=text("wrap_up_until IS NOT NULL"),
    ),
)

offers = Table(
    "offers",
    metadata,
    _id(),
    Column("ticket_id", Text, nullable=False, index=True),
    Column("agent_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    _now(),
    Column("expires_at", UtcTime),
    Column("ended_at", UtcTime),
    Index(
        "offers_one_pending",
        "ticket_id",
        unique=True,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

agents = Table(
    "agents",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("presence", Text, nullable=False),
    Column("skills", Json, nullable=False),
    Column("queues", Json, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("channels", Json, nullable=False, server_default="{}"),
    Column("stand_in", Text, nullable=False, server_default=""),
    Column("seen_at", UtcTime),
    Column("shift", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("idle_since", UtcTime, nullable=False),
    Column("load_version", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    _now(),
    _now("updated_at"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("ticket_id", Text, primary_key=True),
    Column("agent_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    _now("updated_at"),
    Index("drafts_by_agent", "agent_id"),
    sqlite_with_rowid=False,
)

signatures = Table(
    "signatures",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    _now("updated_at"),
    sqlite_with_rowid=False,
)

# --- what admins set up ------------------------------------------------------------------------------

catalogue = Table(
    "catalogue",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Json, nullable=False),
    Column("version", Integer, nullable=False),
    _now(),
    _now("updated_at"),
    UniqueConstraint("kind", "name", name="catalogue_by_name"),
)


def _written() -> "list[Column[object]]":
    """What an article says, in its own table and in that of its versions."""
    return [
        Column("version", Integer, nullable=False),
        Column("title", Text, nullable=False),
        Column("answer", Text, nullable=False),
        Column("phrasings", Json, nullable=False),
        Column("language", Text, nullable=False),
        Column("tags", Json, nullable=False),
        Column("draft", Boolean, nullable=False),
        Column("folder", Text, nullable=False, server_default=""),
        Column("internal", Boolean, nullable=False, server_default=false()),
        Column("valid_from", UtcTime),
        Column("valid_to", UtcTime),
        Column("translation_of", Text, nullable=False, server_default=""),
        Column("variants", Json, nullable=False, server_default="[]"),
        Column("files", Json, nullable=False, server_default="[]"),
        Column("author", Text, nullable=False, server_default=""),
        _now("updated_at"),
    ]


articles = Table("articles", metadata, _id(), *_written(), _now())

# What articles said before; what they say now stands in their own table alone.
article_versions = Table(
    "article_versions",
    metadata,
    Column("article_id", Text, nullable=False),
    *_written(),
    PrimaryKeyConstraint("article_id", "version"),
)

article_votes = Table(
    "article_votes",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("helpful", Integer, nullable=False),
    Column("unhelpful", Integer, nullable=False),
)

# What customers and agents have shown; from `question_id` on, what it was about, which is found afterwards.
labels = Table(
    "labels",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    _now("at"),
    Column("conversation_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("article_id", Text, nullable=False),
    Column("right", Boolean, nullable=False),
    Column("how", Text, nullable=False),
    Column("question_id", Text),
    Column("question", Text),
    Column("language", Text),
    Column("confidence", Double),
    Column("uncalibrated", Double),
    Column("encoder", Text),
    Column("exposure", Text),
    Index("labels_by_time", "at"),
    Index(
        "labels_pending",
        "seq",
        sqlite_where=text("question_id IS NULL"),
        postgresql_where=text("question_id IS NULL"),
    ),
)

phrasing_proposals = Table(
    "phrasing_proposals",
    metadata,
    _id(),
    Column("article_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    _now("updated_at"),
    UniqueConstraint("article_id", "text", name="phrasing_proposals_by_text"),
    Index("phrasing_proposals_by_update", "updated_at", "id"),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("rules", Json, nullable=False),
    _now(),
    Column("published_at", UtcTime),
    Column("lists", Json, nullable=False, server_default="{}"),
    Column("cases", Json, nullable=False, server_default="[]"),
    Column("overruled", Text, nullable=False, server_default=""),
    Column("approved_by", Text, nullable=False, server_default=""),
)

rule_counts = Table(
    "rule_counts",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("hits", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("last_at", UtcTime),
)

rule_trials = Table(
    "rule_trials",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("against", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("report", Json, nullable=False),
    Column("author", Text, nullable=False),
    _now(),
    _now("updated_at"),
    Column("ended_at", UtcTime),
    Index(
        "rule_trials_running",
        "kind",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

rule_entries = Table(
    "rule_entries",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("failed", Boolean, nullable=False, server_default=false()),
    _now(),
    sqlite_with_rowid=False,
)

rule_calls = Table(
    "rule_calls",
    metadata,
    _id(),
    Column("url", Text, nullable=False),
    Column("body", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("error", Text, nullable=False),
    Column("ticket_id", Text),
    _now(),
    Column("ended_at", UtcTime),
    Index(
        "rule_calls_due",
        "due_at",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
)

notifications = Table(
    "notifications",
    metadata,
    _id(),
    Column("agent_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ticket_id", Text),
    Column("conversation_id", Text),
    Column("details", Json, nullable=False),
    _now(),
    Column("read_at", UtcTime),
    # When it was seen which ways it goes; each is a row of the table below.
    Column("spread_at", UtcTime),
    Index("notifications_by_agent", "agent_id", "id"),
    Index(
        "notifications_unread",
        "agent_id",
        sqlite_where=text("read_at IS NULL"),
        postgresql_where=text("read_at IS NULL"),
    ),
    Index(
        "notifications_to_spread",
        "id",
        sqlite_where=text("spread_at IS NULL"),
        postgresql_where=text("spread_at IS NULL"),
    ),
)

notification_deliveries = Table(
    "notification_deliveries",
    metadata,
    Column("notification_id", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("claimed_by", Text),
    Column("error", Text, nullable=False),
    _now("updated_at"),
    Index(
        "notification_deliveries_due",
        "due_at",
        sqlite_where=text("state IN ('queued', 'sending', 'handed')"),
        postgresql_where=text("state IN ('queued', 'sending', 'handed')"),
    ),
    sqlite_with_rowid=False,
)

# What each agent chose; `robot` holds its address and secret, sealed.
notification_choices = Table(
    "notification_choices",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("body", Json, nullable=False),
    Column("robot", Bytes, nullable=False),
    Column("version", Integer, nullable=False),
    _now("updated_at"),
    sqlite_with_rowid=False,
)

# --- what the path leaves behind ---------------------------------------------------------------------

read_marks = Table(
    "read_marks",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)


visits = Table(
    "visits",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("channel_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("data", Json, nullable=False),
    _now("at"),
    Index("visits_by_visitor", "channel_id", "address", "seq"),
    Index("visits_by_time", "at"),
)


decisions = Table(
    "decisions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("ticket_id", Text),
    Column("event", Text, nullable=False, server_default="message"),
    Column("rules_version", Integer, nullable=False),
    Column("context", Bytes, nullable=False),
    Column("decision", Bytes, nullable=False),
    _now(),
    Index("decisions_by_conversation", "conversation_id", "seq"),
    **_by_month("created_at"),
)
_keyed_by_month(decisions, "created_at")

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("ticket_id", Text),
    Column("conversation_id", Text),
    Column("data", Json, nullable=False),
    _now("at"),
    **_by_month("at"),
)
_keyed_by_month(events, "at")

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("lane", Text, nullable=False),
    Column("body", Bytes, nullable=False),
    _now(),
    Column("claimed_until", UtcTime),
)

attempts = Table(
    "attempts",
    metadata,
    Column("envelope_id", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _id(),
    Column("lane", Text, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("envelope_id", Text, nullable=False, index=True),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    _now(),
)

ledger = Table(
    "ledger",
    metadata,
    _minute(primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("accepted", Integer, nullable=False),
    Column("again", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("given_up", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    sqlite_with_rowid=False,
)

ledger_notes = Table(
    "ledger_notes",
    metadata,
    _minute(primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    metadata,
    # From the counter "journal": a tag is never used again, also when the table has been emptied, because an
    # ack must not reach a later message.
    Column("tag", Serial, primary_key=True, autoincrement=False),
    Column("lane", Text, nullable=False),
    Column("body", Bytes, nullable=False),
    Index("journal_by_lane", "lane", "tag"),
)

# What the assignment engine was told, compressed; `begins` a run, which can be replayed from there.
assignment_log = Table(
    "assignment_log",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("begins", Boolean, nullable=False),
    Column("lines", Bytes, nullable=False),
    Column("handled_us", BigInteger, nullable=False),
    Column("handled", Integer, nullable=False),
    _now("at"),
)

# --- who may do what ---------------------------------------------------------------------------------

tokens = Table(
    "tokens",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    _now(),
    Column("revoked_at", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("agent_id", Text, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    _now(),
    _now("expires_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", Bytes, nullable=False),
    _now(),
    Index("idempotency_by_age", "created_at"),
)

uploads = Table(
    "uploads",
    metadata,
    _id(),
    Column("blob", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("principal", Text, nullable=False),
    _now(),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Json, nullable=False),
    _now("at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    _now("expires_at"),
)
