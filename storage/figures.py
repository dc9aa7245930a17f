"""Figures that rules look at now and then: what a customer has open, how long a queue has let people wait."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from router.decision import History
from router.values import ACTIVE
from storage import schema

_ticket = schema.tickets.c
_conversation = schema.conversations.c


def histories(sql: Connection, customer_ids: Iterable[str]) -> dict[str, History]:
    """Of each customer, the tickets being worked on and the last change of a conversation of theirs."""
    wanted = sorted(set(customer_ids))
    counted = (
        select(_ticket.customer_id, func.count())
        .where(_ticket.customer_id.in_(wanted), _ticket.status.in_(sorted(ACTIVE)))
        .group_by(_ticket.customer_id)
    )
    seen = (
        select(_conversation.customer_id, func.max(_conversation.updated_at))
        .where(_conversation.customer_id.in_(wanted))
        .group_by(_conversation.customer_id)
    )
    open_tickets = {line[0]: line[1] for line in sql.execute(counted)}
    last = {line[0]: line[1] for line in sql.execute(seen)}
    return {key: History(open_tickets=open_tickets.get(key, 0), last_contact=last.get(key)) for key in wanted}


def oldest(sql: Connection, now: datetime) -> dict[str, float]:
    """For each queue the seconds that the ticket waiting longest has waited."""
    query = (
        select(_ticket.queue, func.min(_ticket.waiting_since))
        .where(_ticket.status == "queued")
        .group_by(_ticket.queue)
    )
    return {queue: (now - since).total_seconds() for queue, since in sql.execute(query)}
