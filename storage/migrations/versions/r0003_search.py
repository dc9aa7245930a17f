"""The search index; the event log fills it, from the beginning."""

from alembic import op

revision = "0003"
down_revision = "0002"

_POSITION = (
    "CREATE TABLE search_position (seq BIGINT NOT NULL)",
    "INSERT INTO search_position VALUES (0)",
)
_FTS5 = "USING fts5(words, tokenize='ascii', detail=none, columnsize=0)"
_STATEMENTS = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE search_messages {_FTS5}",
        f"CREATE VIRTUAL TABLE search_tickets {_FTS5}",
        *_POSITION,
    ),
    "postgresql": (
        "CREATE TABLE search_messages (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE TABLE search_tickets (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX search_messages_by_word ON search_messages USING gin (words)",
        "CREATE INDEX search_tickets_by_word ON search_tickets USING gin (words)",
        *_POSITION,
    ),
}


def upgrade() -> None:
    """Make the index, empty."""
    for statement in _STATEMENTS[op.get_bind().dialect.name]:
        op.execute(statement)
