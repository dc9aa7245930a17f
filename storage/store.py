"""The store port: transactions are synchronous functions, submitted whole.

`Store.write(step)` runs `step(tx)` in one transaction and returns its result once it is durable; if it
raises, nothing of it is kept and the error reaches the caller. On SQLite the steps run on one writer
thread that commits whatever has queued up together; on PostgreSQL each has its own transaction. A step
may be run again after a serialisation failure, so it must not touch anything but `tx`.

    StoreError
    ├── StoreUnavailable   the database is away or full: nothing was half-done, try again
    └── Missing            no such row
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, insert, update

from storage import schema

T = TypeVar("T")
Clock = Callable[[], datetime]


class StoreError(Exception):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """Nothing was kept: try again."""


class Missing(StoreError):
    """There is no such row; the text names what was looked for."""


class Event(NamedTuple):
    """What happened, for the event log and the live stream. `data` is small JSON."""

    type: str
    ticket_id: str | None
    conversation_id: str | None
    data: dict[str, Any]


class Tx:
    """One transaction: its connection, its instant, and what it will tell the world on commit."""

    def __init__(self, sql: Connection, now: datetime) -> None:
        self.sql = sql
        self.now = now
        self._events: list[Event] = []

    def emit(
        self, type_: str, *, ticket: str | None = None, conversation: str | None = None, **data: Any
    ) -> None:
        """Add an event; it gets its number when the step is over."""
        self._events.append(Event(type_, ticket, conversation, data))

    def finish(self) -> int:
        """Number and store the events; returns the last number given, 0 if there were none.

        The counter row is taken as the transaction's last step, so that numbers become visible in the
        order of commits: a reader that has seen 105 can't have missed 104.
        """
        if not self._events:
            return 0
        last = next_number(self, "events", len(self._events))
        first = last - len(self._events) + 1
        self.sql.execute(
            insert(schema.events),
            [
                {
                    "seq": first + offset,
                    "type": event.type,
                    "ticket_id": event.ticket_id,
                    "conversation_id": event.conversation_id,
                    "data": event.data,
                    "at": self.now,
                }
                for offset, event in enumerate(self._events)
            ],
        )
        return last


def next_number(tx: Tx, counter: str, count: int = 1) -> int:
    """Take `count` numbers from a counter; returns the last of them. The row stays locked until commit."""
    row = schema.counters.c
    taken = tx.sql.execute(
        update(schema.counters)
        .where(row.name == counter)
        .values(value=row.value + count)
        .returning(row.value)
    ).scalar_one()
    return int(taken)


class Store(Protocol):
    """`storage.sqlite` and `storage.postgres` are its two ends."""

    async def write(self, step: Callable[[Tx], T]) -> T:
        """Run a step in a transaction; durable on return. Raises `StoreUnavailable` or the step's error."""
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on a consistent snapshot of what is committed."""
        ...

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Call `listener(last event number)` on the event loop after a commit that emitted events."""
        ...
