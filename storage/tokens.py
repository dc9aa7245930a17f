"""API tokens: stored as SHA-256 hashes, shown once when made, found by hash."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from secrets import token_urlsafe

from sqlalchemy import Connection, insert, update

from bus.ids import new_id
from router.values import Role, Value
from storage import schema
from storage.rows import Mapper
from storage.store import Missing, Tx

_row = schema.tokens.c


class Token(Value, frozen=True, kw_only=True):
    """Who may call the API. `revoked_at` ends it."""

    id: str
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None = None


_tokens = Mapper(schema.tokens, Token)


def hash_of(secret: str) -> str:
    """What is stored instead of a token or a session's cookie: SHA-256 in hex; random, so no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def issue(
    tx: Tx, name: str, role: Role, random: Callable[[], str] = lambda: token_urlsafe(32)
) -> tuple[Token, str]:
    """Make a token; returns it and its secret, which can't be had again."""
    secret = f"fd_{random()}"
    token = Token(id=new_id("tok", tx.now), name=name, role=role, created_at=tx.now)
    tx.sql.execute(insert(schema.tokens).values(_tokens.dump(token) | {"token_hash": hash_of(secret)}))
    return token, secret


def by_hash(sql: Connection, token_hash: str) -> Token | None:
    """The token with this hash that is not revoked."""
    query = _tokens.select().where(_row.token_hash == token_hash, _row.revoked_at.is_(None))
    line = sql.execute(query).one_or_none()
    return None if line is None else _tokens.load(line)


def listed(sql: Connection, after: str | None, limit: int) -> list[Token]:
    """Tokens, newest first, from an id on."""
    query = _tokens.select()
    if after is not None:
        query = query.where(_row.id < after)
    return [_tokens.load(line) for line in sql.execute(query.order_by(_row.id.desc()).limit(limit))]


def get(sql: Connection, token_id: str) -> Token:
    """One token; raises `Missing`."""
    line = sql.execute(_tokens.select().where(_row.id == token_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no token {token_id}")
    return _tokens.load(line)


def revoke(tx: Tx, token_id: str) -> None:
    """End a token; ending it twice changes nothing. Raises `Missing`."""
    get(tx.sql, token_id)
    tx.sql.execute(
        update(schema.tokens).where(_row.id == token_id, _row.revoked_at.is_(None)).values(revoked_at=tx.now)
    )
