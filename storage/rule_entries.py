"""For which tickets the condition of a rule of time holds, so that it fires once when it begins to.

For which one fails is kept beside it, so that a failure, too, is counted once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from storage import schema
from storage.store import Tx

_row = schema.rule_entries.c


class Entered(NamedTuple):
    """The rules that have fired for a ticket and still hold, and those that failed on it and still do."""

    fired: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


def of_tickets(sql: Connection, ids: Sequence[str]) -> dict[str, Entered]:
    """What has become of the rules, by ticket."""
    found: dict[str, Entered] = {}
    for line in sql.execute(select(schema.rule_entries).where(_row.ticket_id.in_(ids))):
        fired, failed = found.get(line.ticket_id, Entered())
        one = frozenset({line.rule_id})
        found[line.ticket_id] = Entered(fired, failed | one) if line.failed else Entered(fired | one, failed)
    return found


def enter(tx: Tx, ticket_id: str, rules: Iterable[str], *, failed: bool = False) -> None:
    """The rules have fired for the ticket, or failed on it."""
    for rule_id in sorted(rules):
        made = {"rule_id": rule_id, "ticket_id": ticket_id, "failed": failed, "created_at": tx.now}
        tx.sql.execute(insert(schema.rule_entries).values(made))


def leave(tx: Tx, ticket_id: str, rules: Iterable[str]) -> None:
    """Their conditions hold, or fail, no longer: they may fire again."""
    for rule_id in sorted(rules):
        row = delete(schema.rule_entries).where(_row.ticket_id == ticket_id, _row.rule_id == rule_id)
        tx.sql.execute(row)
