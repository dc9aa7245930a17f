"""The search index's tables, which SQLAlchemy has no words for: FTS5 in SQLite, tsvector in PostgreSQL."""

from sqlalchemy import DDL, MetaData, event

_POSITION = (
    "CREATE TABLE search_position (seq BIGINT NOT NULL)",
    "INSERT INTO search_position VALUES (0)",
)
# Words come as they are to be found; `ascii` takes every character beyond it for a letter. Where in a text a
# word stands is never asked.
_FTS5 = "USING fts5(words, tokenize='ascii', detail=none, columnsize=0)"
STATEMENTS: dict[str, tuple[str, ...]] = {
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


def beside(metadata: MetaData) -> None:
    """Make them whenever the metadata's tables are made."""
    for dialect, statements in STATEMENTS.items():
        for statement in statements:
            ddl = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(metadata, "after_create", ddl.execute_if(dialect=dialect))
