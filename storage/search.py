"""The search index: the words of messages and tickets, in FTS5 or as tsvector, both answering alike.

A document is its words (`storage.search_words`) under a number: a message's `seq`, a ticket's number. It is
filled from the event log a moment after the commit, so that no message waits for it; how far that has come is
a row. Its tables stand beside `storage.schema`: they hold nothing that can't be made anew from the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, TextClause, text

from storage import exclusive
from storage.prepared import raw
from storage.search_newest import matches, newest
from storage.search_words import asked
from storage.store import Tx

MESSAGES = "search_messages"
TICKETS = "search_tickets"
Document = tuple[int, Sequence[str]]

_POSITION = text("SELECT seq FROM search_position")
_MOVE = text("UPDATE search_position SET seq = :seq")


class _Index(NamedTuple):
    """A table's statements. They are written out, because no dialect's full-text search is SQLAlchemy's."""

    put_sqlite: str
    put_postgresql: TextClause
    clear: TextClause


def _index(table: str) -> _Index:
    rows = "unnest(CAST(:numbers AS bigint[]), CAST(:words AS text[])) AS given (number, words)"
    lexemes = "array_to_tsvector(string_to_array(given.words, ' '))"
    conflict = "ON CONFLICT (number) DO UPDATE SET words = excluded.words"
    # Names of this module's own.
    return _Index(
        f"INSERT OR REPLACE INTO {table} (rowid, words) VALUES (?, ?)",  # noqa: S608
        text(f"INSERT INTO {table} SELECT given.number, {lexemes} FROM {rows} {conflict}"),  # noqa: S608
        text(f"DELETE FROM {table}"),  # noqa: S608
    )


_INDEXES = {name: _index(name) for name in (MESSAGES, TICKETS)}
_MATCHES = {name: matches(name) for name in (MESSAGES, TICKETS)}
_CONVERSATIONS = {
    "sqlite": text(
        "SELECT DISTINCT conversation_id FROM messages WHERE seq IN (SELECT value FROM json_each(:numbers))"
    ),
    "postgresql": text(
        "SELECT DISTINCT conversation_id FROM messages "
        "WHERE seq = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:numbers AS jsonb))::bigint))"
    ),
}


class Found(NamedTuple):
    """What a question led to: numbers of tickets by what they are about, ids of conversations by what was
    said in them."""

    tickets: tuple[int, ...] = ()
    conversations: tuple[str, ...] = ()


def find(sql: Connection, question: str) -> Found:
    """What holds all words of the question, in one message or in what a ticket is about; the newest of it."""
    wanted = asked(question)
    if wanted is None:
        return Found()
    said = newest(sql, _MATCHES[MESSAGES], wanted)
    numbers = msgspec.json.encode(said).decode()
    conversations = sql.execute(_CONVERSATIONS[sql.dialect.name], {"numbers": numbers})
    return Found(tuple(newest(sql, _MATCHES[TICKETS], wanted)), tuple(conversations.scalars()))


def position(sql: Connection) -> int:
    """The number of the last event that the index has heard of."""
    return int(sql.execute(_POSITION).scalar_one())


def fill(tx: Tx, seen: int, upto: int, documents: Mapping[str, Iterable[Document]]) -> bool:
    """Put documents into their indexes and move on from event `seen`; False when another process did."""
    if not exclusive.take(tx, "search") or position(tx.sql) != seen:
        return False
    put(tx, documents)
    tx.sql.execute(_MOVE, {"seq": upto})
    return True


def put(tx: Tx, documents: Mapping[str, Iterable[Document]]) -> None:
    """Put documents into their indexes, in place of what stood under their numbers."""
    for table, given in documents.items():
        _put(tx.sql, _INDEXES[table], [(number, " ".join(words)) for number, words in given])


def clear(tx: Tx) -> None:
    """Forget every document, with what they were made of."""
    for index in _INDEXES.values():
        tx.sql.execute(index.clear)


def _put(sql: Connection, index: _Index, rows: Sequence[tuple[int, str]]) -> None:
    if not rows:
        return
    if sql.dialect.name == "sqlite":
        raw(sql).executemany(index.put_sqlite, rows)
    else:
        numbers, words = zip(*rows, strict=True)
        sql.execute(index.put_postgresql, {"numbers": list(numbers), "words": list(words)})
