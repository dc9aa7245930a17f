"""For which tickets the condition of a rule of time holds, so that it fires once when it begins to."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from storage import schema
from storage.store import Tx

_row = schema.rule_entries.c


def of_tickets(sql: Connection, ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """The rules that have fired and still hold, by ticket."""
    found: dict[str, set[str]] = {}
    for line in sql.execute(select(schema.rule_entries).where(_row.ticket_id.in_(ids))):
        found.setdefault(line.ticket_id, set()).add(line.rule_id)
    return {ticket: frozenset(rules) for ticket, rules in found.items()}


def enter(tx: Tx, ticket_id: str, rules: Iterable[str]) -> None:
    """The rules have fired for the ticket."""
    for rule_id in rules:
        made = {"rule_id": rule_id, "ticket_id": ticket_id, "created_at": tx.now}
        tx.sql.execute(insert(schema.rule_entries).values(made))


def leave(tx: Tx, ticket_id: str, rules: Iterable[str]) -> None:
    """Their conditions hold no longer: they may fire again."""
    for rule_id in sorted(rules):
        row = delete(schema.rule_entries).where(_row.ticket_id == ticket_id, _row.rule_id == rule_id)
        tx.sql.execute(row)
