"""What rules about a ticket are given: the ticket as it is, whose it is, and what surrounds it now."""

from typing import NamedTuple

from bus.envelope import Inbound
from router.decide_ticket import about_ticket
from router.decision import Actor, Context, Event
from router.expected_wait import expected_wait
from router.values import ChannelRef, Conversation, Customer, Ticket
from storage import assignment, conversations, customers, decisions, messages, tickets
from storage.store import Missing, Tx
from workers.deciding_code import deciding_code
from workers.looking import looked_at
from workers.setup import Setup


class Seen(NamedTuple):
    """What a decision about a ticket is made from. `message_id`: the customer's last message, or ""."""

    inbound: Inbound
    context: Context
    message_id: str


def seen(
    tx: Tx, setup: Setup, ticket: Ticket, *, event: Event, actor: Actor, before: Ticket | None = None
) -> Seen:
    """What there is to see of the ticket; `before`, as it was before it changed."""
    customer = customers.find(tx.sql, ticket.customer_id) or Customer(id=ticket.customer_id)
    looked = looked_at(tx, setup, [ticket.customer_id])
    made = decisions.of_conversation(tx.sql, ticket.conversation_id, 1)
    context = Context(
        now=tx.now,
        channel=setup.channels.get(ticket.channel_id) or ChannelRef(id=ticket.channel_id, kind=""),
        conversation=_conversation(tx, ticket),
        customer=customer,
        ticket=ticket,
        match=made[0].made.context.match if made else None,
        articles=made[0].made.context.articles if made else {},
        waiting=tickets.queue_lengths(tx.sql) if "queue_waiting" in setup.fields else {},
        waits=_waits(tx, ticket) if "expected_wait" in setup.fields else {},
        default_queue=setup.desk.default_queue,
        oldest=looked.oldest,
        history=looked.histories.get(customer.id),
        hours=looked.hours,
        event=event,
        actor=actor,
        before=before,
        made_by=deciding_code(),
    )
    last = messages.last_of_customer(tx.sql, ticket.conversation_id)
    message_id, text = (last.id, last.text) if last else ("", "")
    return Seen(about_ticket(context, ticket, message_id, text), context, message_id)


def _waits(tx: Tx, ticket: Ticket) -> dict[str, int]:
    found = expected_wait(*assignment.waits(tx.sql, ticket))
    return {} if found is None else {ticket.queue: round(found)}


def _conversation(tx: Tx, ticket: Ticket) -> Conversation:
    try:
        return conversations.get(tx.sql, ticket.conversation_id)
    except Missing:
        return Conversation(
            id=ticket.conversation_id,
            channel_id=ticket.channel_id,
            contact_point_id="",
            customer_id=ticket.customer_id,
        )
