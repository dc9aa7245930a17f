"""A desk moves from its SQLite file to PostgreSQL: every row, in one transaction, counted and checked there.

A checksum is made of a table's rows in the order of their keys, as values and not as either database keeps
them, so that both ends give the same one. What still waited in the embedded bus goes into the outbox: the
relay publishes it on the other bus.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Table, delete, exists, func, insert, select, text, tuple_

from storage import postgres, schema, sqlite
from storage.lock import sole_server
from storage.migrate import HEAD, current, upgrade
from storage.prepared import Prepared
from storage.store import StoreError

BATCH = 500
# Dictionaries in the order of their keys: jsonb keeps none of its own.
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class CopyError(StoreError):
    """The desk can't be copied; the text says why. The target is as it was."""


class Copied(NamedTuple):
    """A table: its rows, and the SHA-256 of what they hold, in hex."""

    table: str
    rows: int
    checksum: str


def copy(source: Path, target: str, now: datetime) -> list[Copied]:
    """Copy the desk in a SQLite file that nobody serves to an empty PostgreSQL; raises `StoreError`."""
    if not source.is_file():
        raise CopyError(f"there is no file {source}")
    with sole_server(source):
        database = sqlite.engine(source, read_only=True)
        try:
            if current(database) != HEAD:
                raise CopyError(
                    f"{source} is not at this release's revision: run frontdesk migrate on it first"
                )
            with database.connect() as reading:
                reading.exec_driver_sql("BEGIN")
                return postgres.run(target, lambda engine: _into(engine, reading, now))
        finally:
            database.dispose()


def _into(target: Engine, source: Connection, now: datetime) -> list[Copied]:
    upgrade(target)
    with target.connect() as writing:
        for statement in ("BEGIN", "SET LOCAL statement_timeout = 0"):
            writing.exec_driver_sql(statement)
        try:
            copied = _all(source, writing, now)
            writing.exec_driver_sql("COMMIT")
        except BaseException:
            writing.exec_driver_sql("ROLLBACK")
            raise
    return copied


def _all(source: Connection, target: Connection, now: datetime) -> list[Copied]:
    tables = schema.metadata.sorted_tables
    for table in tables:
        # Migrations start the counters.
        if table is not schema.counters and target.execute(select(exists(select(table)))).scalar_one():
            raise CopyError(f"the target is not empty: there are {table.name} already")
    target.execute(delete(schema.counters))
    return [_one(table, source, target, now) for table in tables]


def _one(table: Table, source: Connection, target: Connection, now: datetime) -> Copied:
    given = _Checksum(table)
    write = Prepared(insert(table))
    rows = given.through(_given(table, source, now))
    while batch := list(islice(rows, BATCH)):
        write.many(target, batch)
    _number_on(table, target)
    kept = _Checksum(table)
    for _ in kept.through(_rows(table, target)):
        pass
    if given.result() != kept.result():
        raise CopyError(f"{table.name} did not arrive as it was: {given.result()} became {kept.result()}")
    return kept.result()


def _given(table: Table, source: Connection, now: datetime) -> Iterator[dict[str, Any]]:
    """What the target is to hold."""
    if table is schema.journal:
        return
    last = 0
    for row in _rows(table, source):
        yield {name: _storable(value) for name, value in row.items()}
        last = row.get("seq", 0)
    if table is schema.outbox:
        for seq, waits in enumerate(_rows(schema.journal, source), last + 1):
            fresh = {"claimed_until": None, "created_at": now}
            yield {"seq": seq, "lane": waits["lane"], "body": waits["body"], **fresh}


def _rows(table: Table, connection: Connection) -> Iterator[dict[str, Any]]:
    key = tuple_(*table.primary_key.columns)
    query = select(table).order_by(*table.primary_key.columns).limit(BATCH)
    found = connection.execute(query).mappings().all()
    while found:
        for row in found:
            yield dict(row)
        last = tuple(found[-1][column.name] for column in table.primary_key.columns)
        found = connection.execute(query.where(key > last)).mappings().all()


def _number_on(table: Table, target: Connection) -> None:
    """Let what is numbered by the database go on after what was copied."""
    if (column := table.autoincrement_column) is not None:
        last = target.execute(select(func.max(column))).scalar_one_or_none()
        if last is not None:
            named = {"table": table.name, "column": column.name, "last": last}
            target.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), named)
    if table is schema.counters:
        numbers = select(schema.counters.c.value).where(schema.counters.c.name == "tickets")
        target.execute(select(func.setval("ticket_numbers", numbers.scalar_subquery())))


def _storable(value: Any) -> Any:
    """The value without NUL, which PostgreSQL's texts can't hold."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


class _Checksum:
    """Counts and sums up rows as they pass."""

    def __init__(self, table: Table) -> None:
        self._table, self._rows, self._sum = table, 0, hashlib.sha256()

    def through(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The same rows."""
        names = sorted(self._table.columns.keys())
        for row in rows:
            self._rows += 1
            self._sum.update(_encode([_canonical(row[name]) for name in names]))
            yield row

    def result(self) -> Copied:
        """Of what has passed."""
        return Copied(str(self._table.name), self._rows, self._sum.hexdigest())


def _canonical(value: Any) -> Any:
    # jsonb gives 1e22 back without its exponent, as a whole number.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    return [_canonical(one) for one in value] if isinstance(value, list) else value
