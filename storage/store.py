"""The store port: transactions are synchronous functions, submitted whole.

`Store.write(step)` runs `step(tx)` in one transaction and returns its result once it is durable; if it
raises, nothing of it is kept and the error reaches the caller. On SQLite the steps run on one writer
thread that commits whatever has queued up together; on PostgreSQL each has its own transaction. A step
may be run again after a serialisation failure, so it must not touch anything but `tx`.

    StoreError
    ├── StoreUnavailable   the database is away or full: nothing was half-done, try again
    └── Missing            no such row
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from storage import schema
from storage.prepared import Prepared

T = TypeVar("T")
# Events after which messages are decided differently; each commit with one raises the setup's version.
SETUP_EVENTS = frozenset({"catalogue.updated", "rules.published", "channel.updated"})
Clock = Callable[[], datetime]

_insert_events = Prepared(insert(schema.events))
_take = Prepared(
    update(schema.counters)
    .where(schema.counters.c.name == bindparam("counter"))
    .values(value=schema.counters.c.value + bindparam("count"))
    .returning(schema.counters.c.value)
)
_read_counter = Prepared(
    select(schema.counters.c.value).where(schema.counters.c.name == bindparam("counter"))
)


class StoreError(Exception):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """Nothing was kept: try again."""


class Missing(StoreError):
    """There is no such row; the text names what was looked for."""


class Tx:
    """One transaction: its connection, its instant, and what it will tell the world on commit."""

    def __init__(self, sql: Connection, now: datetime) -> None:
        self.sql = sql
        self.now = now
        self.events: list[dict[str, Any]] = []

    def emit(
        self, type_: str, *, ticket: str | None = None, conversation: str | None = None, **data: Any
    ) -> None:
        """Add an event to the log; it gets its number just before the commit. `data` is small JSON."""
        self.events.append(
            {
                "type": type_,
                "ticket_id": ticket,
                "conversation_id": conversation,
                # Encoded here, so that what is no JSON fails its own step and not those it commits with.
                "data": msgspec.Raw(msgspec.json.encode(data)),
                "at": self.now,
            }
        )


def log_events(transactions: Sequence[Tx]) -> int:
    """Number and store what was emitted; returns the last number given, 0 if there was nothing.

    The counter row is taken as the last step before the commit, so that numbers become visible in the order
    of commits: a reader that has seen 105 can't have missed 104.
    """
    events = [event for tx in transactions for event in tx.events]
    if not events:
        return 0
    if any(event["type"] in SETUP_EVENTS for event in events):
        next_number(transactions[0], "setup")
    last = next_number(transactions[0], "events", len(events))
    for seq, event in enumerate(events, last - len(events) + 1):
        event["seq"] = seq
    _insert_events.many(transactions[0].sql, events)
    return last


def next_number(tx: Tx, counter: str, count: int = 1) -> int:
    """Take `count` numbers from a counter; returns the last of them. The row stays locked until commit."""
    return int(_take.rows(tx.sql, {"counter": counter, "count": count})[0][0])


def last_number(sql: Connection, counter: str) -> int:
    """The last number taken from a counter, as this transaction sees it."""
    return int(_read_counter.rows(sql, {"counter": counter})[0][0])


def setup_version(tx: Tx) -> int:
    """The version of what admins have set up, as this transaction sees it."""
    return last_number(tx.sql, "setup")


class Store(Protocol):
    """`storage.sqlite` and `storage.postgres` are its two ends."""

    async def write(self, step: Callable[[Tx], T]) -> T:
        """Run a step in a transaction; durable on return. Raises `StoreUnavailable` or the step's error."""
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on a consistent snapshot of what is committed."""
        ...

    def now(self) -> datetime:
        """The time by which its transactions go."""
        ...

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Call `listener(last event number)` on the event loop after a commit that emitted events."""
        ...
