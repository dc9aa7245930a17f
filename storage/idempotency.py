"""Idempotency keys: a write's answer is kept with the write itself, in one transaction.

StoreError
├── KeyReused      the key was used for another request
└── StillRunning   an equal request has not finished yet
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from storage import schema
from storage.store import StoreError, Tx

LIFETIME = timedelta(hours=24)
# How long an equal request waits on PostgreSQL for the first one to commit.
PATIENCE = "3s"
_LOCK_NOT_AVAILABLE = "55P03"

_row = schema.idempotency.c
_mine = and_(_row.principal == bindparam("whose"), _row.key == bindparam("which"))
_find = select(schema.idempotency).where(_mine)
_change = update(schema.idempotency).where(_mine)
_insert_sqlite = sqlite.insert(schema.idempotency).on_conflict_do_nothing()
_insert_postgresql = postgresql.insert(schema.idempotency).on_conflict_do_nothing()


class KeyReused(StoreError):
    """The key belongs to another request."""


class StillRunning(StoreError):
    """The first request with this key has not committed or failed yet."""


class Answer(NamedTuple):
    """A response, as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


def claim(tx: Tx, principal: str, key: str, fingerprint: str) -> Answer | None:
    """Take the key for this transaction, or return the answer that was given under it.

    Raises `KeyReused`, `StillRunning`. Nothing is kept if the transaction fails, so a failure can be retried
    with the same key.
    """
    if _insert(tx, principal, key, fingerprint):
        return None
    mine = {"whose": principal, "which": key}
    found = tx.sql.execute(_find, mine).one()
    if found.created_at < tx.now - LIFETIME:
        tx.sql.execute(_change.values(fingerprint=fingerprint, created_at=tx.now), mine)
        return None
    if found.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request; take a new one.")
    return Answer(found.status, found.headers, found.body)


def keep(tx: Tx, principal: str, key: str, answer: Answer) -> None:
    """Store the answer under a key that this transaction claimed."""
    tx.sql.execute(_change, {"whose": principal, "which": key} | answer._asdict())


def prune(tx: Tx) -> None:
    """Forget keys past their lifetime."""
    tx.sql.execute(delete(schema.idempotency).where(_row.created_at < tx.now - LIFETIME))


def _insert(tx: Tx, principal: str, key: str, fingerprint: str) -> bool:
    values = {
        "principal": principal,
        "key": key,
        "fingerprint": fingerprint,
        "status": 0,
        "headers": {},
        "body": b"",
        "created_at": tx.now,
    }
    if tx.sql.dialect.name == "sqlite":
        return bool(tx.sql.execute(_insert_sqlite, values).rowcount)
    # The insert waits for an equal request that has not committed; not for ever.
    tx.sql.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    try:
        made = bool(tx.sql.execute(_insert_postgresql, values).rowcount)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise StillRunning("An equal request is still running; ask again in a moment.") from error
        raise
    tx.sql.exec_driver_sql("SET LOCAL lock_timeout = DEFAULT")
    return made
