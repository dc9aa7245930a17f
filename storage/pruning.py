"""Forgetting what is older than it is kept: messages and what hangs on them, decisions, events.

Whole months are dropped where the tables have them; what is left goes row by row, oldest first, some at a
time, so that nobody waits long. Customers, conversations and tickets stay; so do files.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Table, delete, select, text

from storage import schema
from storage.partitions import past
from storage.store import Tx

AT_ONCE: Final = 500
_HANGING: Final = (schema.dedupe, schema.deliveries)


def drop_months(tx: Tx, before: datetime) -> list[str]:
    """Drop the partitions of months that end before an instant; returns their names."""
    dropped: list[str] = []
    for table in ("messages", "decisions", "events"):
        for month in past(tx.sql, table, before):
            if table == "messages":
                for hanging in _HANGING:
                    # Names of the schema's own.
                    tx.sql.execute(
                        text(
                            f"DELETE FROM {hanging.name} USING {month} gone"  # noqa: S608
                            f" WHERE {hanging.name}.message_id = gone.id"
                        )
                    )
            tx.sql.execute(text(f"DROP TABLE {month}"))
            dropped.append(month)
    return dropped


def prune(tx: Tx, before: datetime) -> int:
    """Forget some of what is from before an instant, oldest first; returns how many rows that was."""
    columns = schema.messages.c
    rows = _oldest(tx, schema.messages, before, columns.id)
    if rows:
        for table in _HANGING:
            tx.sql.execute(delete(table).where(table.c.message_id.in_([id_ for _, id_ in rows])))
    count = _forget(tx, schema.messages, [seq for seq, _ in rows])
    for table in (schema.decisions, schema.events):
        count += _forget(tx, table, [seq for seq, _ in _oldest(tx, table, before, table.c.seq)])
    return count


def _oldest(tx: Tx, table: Table, before: datetime, what: object) -> list[tuple[int, str]]:
    """(seq, what) of the oldest rows as long as they are from before the instant."""
    when = table.c.at if table is schema.events else table.c.created_at
    query = select(table.c.seq, what, when).order_by(table.c.seq).limit(AT_ONCE)  # type: ignore[call-overload]
    found: list[tuple[int, str]] = []
    for seq, one, at in tx.sql.execute(query):
        if at >= before:
            break
        found.append((seq, one))
    return found


def _forget(tx: Tx, table: Table, seqs: list[int]) -> int:
    if seqs:
        tx.sql.execute(delete(table).where(table.c.seq >= seqs[0], table.c.seq <= seqs[-1]))
    return len(seqs)
