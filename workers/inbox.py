"""What people do in the inbox, as transactions: reply, note, change, take over, open by hand.

Each function is one step of a store's transaction. What follows from a change (clocks, conversation,
offers, outbox, events) happens in the same one.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from bus.envelope import Attachment, Wake, encode
from bus.ids import new_id
from bus.topology import OUTBOUND
from router.decision import OpenTicket
from router.desk import Desk
from router.lifecycle import Refused, agent_replied, move, opened, spoken_with
from router.sla import STOPPING
from router.values import ContactPoint, Conversation, Customer, Ticket
from storage import contacts, conversations, deliveries, drafts, messages, offers, outbox, tickets
from storage.store import Missing, Tx
from workers import continuing

# Fields of a ticket that an event names when they change; the rest is bookkeeping.
_TOLD = (
    "status",
    "waiting_reason",
    "assignee",
    "queue",
    "priority",
    "tier",
    "type",
    "fields",
    "tags",
    "subject",
    "pinned_to",
    "declined_by",
    "wrap_up_until",
)


class Newer(Exception):
    """The customer or a colleague has written since the author last looked; `messages` are what they said."""

    def __init__(self, unseen: Sequence[messages.Message]) -> None:
        super().__init__(f"{len(unseen)} newer messages")
        self.messages = tuple(unseen)


class Words(NamedTuple):
    """What an agent writes. `live`: the channel delivers at commit, nothing is queued to be sent.

    `by`: the token that writes where no agent does.
    """

    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    details: dict[str, Any] = {}
    live: bool = False
    by: str | None = None


def save(tx: Tx, before: Ticket, after: Ticket, **cause: Any) -> Ticket:
    """Store a changed ticket and what follows: its conversation's end, its offer's withdrawal, the event.

    The event also holds what the changed fields were before, and what is known of the cause: `actor`, who
    made the change (`router.decision.Actor`), or the `cause` of one that rules made.
    """
    if after is before:
        return before
    tickets.save(tx, [after])
    if before.status == "offered" and after.status != "offered":
        offers.withdraw(tx, after.id)
    follow_offer(tx, before, after)
    if after.status == "closed" and before.status != "closed":
        drafts.forget_ticket(tx, after.id)
        conversation = conversations.lock(tx, after.conversation_id)
        if conversation.ticket_id == after.id and conversation.with_ != "closed":
            # What was said last may still have to be mailed (`workers.continuing`).
            closed = replace(conversation, with_="closed", outcome="resolved")
            conversations.save(tx, [closed])
    changed = {name: getattr(after, name) for name in _TOLD if getattr(after, name) != getattr(before, name)}
    if changed:
        was = {name: getattr(before, name) for name in changed}
        told = {**changed, "previous": was, **cause}
        tx.emit("ticket.updated", ticket=after.id, conversation=after.conversation_id, **told)
    return after


def reply(
    tx: Tx, ticket_id: str, agent_id: str | None, words: Words, desk: Desk, *, last_seen: str | None = None
) -> tuple[messages.Message, Ticket]:
    """A public reply: stored, queued for delivery, and heard by the ticket.

    Raises `Newer` when the customer or a colleague wrote after `last_seen`, `Refused` on a ticket that is
    over or that records a call or visit.
    """
    before = tickets.lock(tx, ticket_id)
    conversation = conversations.lock(tx, before.conversation_id)
    if not conversation.channel_id:
        raise Refused(f"ticket #{before.number} records a call or visit: no channel leads to the customer")
    if last_seen is not None:
        _check_seen(tx, conversation, last_seen, agent_id or words.by)
    ticket = agent_replied(before, agent_id, tx.now, desk)
    message, conversation = _say(tx, conversation, agent_id, words, "public")
    if conversation.with_ == "bot":
        conversation = replace(conversation, with_="person", due_at=None)
    if words.live:
        conversation = continuing.due(tx, conversation)
    conversations.save(tx, [conversation])
    if not words.live:
        _send(tx, message)
    if agent_id is not None:
        drafts.forget(tx, ticket_id, agent_id, "reply")
    return message, save(tx, before, ticket, actor="api" if agent_id is None else "agent")


def announce(tx: Tx, ticket: Ticket, text: str) -> None:
    """Say something to the customer as the system, which is no answer: no clock hears it."""
    conversation = conversations.lock(tx, ticket.conversation_id)
    if not conversation.channel_id:
        return
    words = Words(text, details={"reason": "rule"})
    message, conversation = _say(tx, conversation, None, words, "public", author="system")
    conversations.save(tx, [conversation])
    _send(tx, message)


def note(
    tx: Tx, ticket_id: str, agent_id: str | None, words: Words, *, mailbox: str | None = None
) -> messages.Message:
    """A note for colleagues: the customer never sees it and no clock hears it.

    With a `mailbox` it also goes from there to whom its details name.
    """
    ticket = tickets.lock(tx, ticket_id)
    conversation = conversations.lock(tx, ticket.conversation_id)
    message, conversation = _say(tx, conversation, agent_id, words, "note")
    conversations.save(tx, [conversation])
    tickets.touch(tx, [ticket_id])
    if mailbox is not None:
        _send(tx, message, mailbox)
    elif agent_id is not None:
        drafts.forget(tx, ticket_id, agent_id, "note")
    return message


def mail_aside(tx: Tx, conversation: Conversation, words: Words, mailbox: str) -> Conversation:
    """A note of the desk's own that also goes from a mailbox to whom its details name."""
    message, conversation = _say(tx, conversation, None, words, "note", author="system")
    _send(tx, message, mailbox)
    return conversation


def merge(tx: Tx, ticket_id: str, into_id: str, desk: Desk) -> Ticket:
    """End a ticket as part of another of the same customer; what they write next reaches the other one."""
    both = tickets.lock_all(tx, {ticket_id, into_id}, also=conversations.of_ticket(tx, ticket_id))
    before, into = both.get(ticket_id), both.get(into_id)
    if before is None or into is None:
        raise Missing(f"there is no ticket {ticket_id if before is None else into_id}")
    if ticket_id == into_id:
        raise Refused("a ticket can't be merged into itself")
    if before.customer_id != into.customer_id:
        raise Refused("tickets of two customers can't be merged")
    if into.status in ("closed", "merged"):
        raise Refused(f"ticket #{into.number} is {into.status}; merge into one that is still open")
    # Also those of the tickets that were merged into this one before.
    held = [conversations.lock(tx, one) for one in conversations.of_ticket(tx, ticket_id)]
    moved = [replace(one, ticket_id=into.id) for one in held if one.ticket_id == before.id]
    conversations.save(tx, moved)
    drafts.follow_merger(tx, before.id, into.id)
    merged = replace(move(before, "merged", tx.now, desk), merged_into=into.id)
    return save(tx, before, merged)


def take_over(tx: Tx, conversation_id: str, agent_id: str | None, desk: Desk) -> Ticket:
    """Open a ticket on a conversation that the bot has, for the agent who steps in."""
    conversation = conversations.lock(tx, conversation_id)
    if conversation.with_ != "bot":
        raise Refused(f"conversation {conversation_id} is not with the bot")
    customer = contacts.customers(tx, [conversation.customer_id])[conversation.customer_id]
    said = messages.of_conversation(tx.sql, conversation_id, limit=1)
    subject = conversation.subject or (" ".join(said[0].text.split())[:120] if said else "")
    request = OpenTicket(
        queue=desk.default_queue, subject=subject, why="an agent stepped in", tier=customer.tier
    )
    return open_by_hand(tx, conversation, request, agent_id, desk)


def open_by_hand(
    tx: Tx, conversation: Conversation, request: OpenTicket, agent_id: str | None, desk: Desk
) -> Ticket:
    """A ticket on a stored conversation, at once the agent's where there is one."""
    fresh = opened(
        request,
        conversation,
        tx.now,
        desk,
        id=new_id("tkt", tx.now),
        number=tickets.numbers(tx, 1)[0],
    )
    if agent_id is not None:
        fresh = move(replace(fresh, assignee=agent_id), "open", tx.now, desk)
    tickets.add(tx, [fresh])
    conversations.save(tx, [replace(conversation, ticket_id=fresh.id, with_="person", due_at=None)])
    tx.emit(
        "ticket.created",
        ticket=fresh.id,
        conversation=conversation.id,
        number=fresh.number,
        queue=fresh.queue,
        status=fresh.status,
        actor="api" if agent_id is None else "agent",
    )
    return fresh


def start_conversation(tx: Tx, contact: ContactPoint, subject: str, thread: str = "") -> Conversation:
    """A new conversation with a contact, begun by the desk; raises `Refused` while one is open there."""
    if (contact.id, thread) in conversations.open_ones(tx, [contact.id]):
        raise Refused("the customer has an open conversation on this channel: reply to its ticket")
    fresh = Conversation(
        id=new_id("cv", tx.now),
        channel_id=contact.channel_id,
        contact_point_id=contact.id,
        customer_id=contact.customer_id,
        thread=thread,
        with_="person",
        subject=subject,
    )
    conversations.add(tx, [fresh])
    return fresh


def contact_at(tx: Tx, channel_id: str, address: str, customer_id: str | None = None) -> ContactPoint:
    """The contact point at an address; where there is none it is made, for that customer or a new one."""
    found = contacts.find(tx, [(channel_id, address)])
    if found:
        return found[channel_id, address]
    fresh = [] if customer_id else [Customer(id=new_id("cus", tx.now))]
    contact = ContactPoint(
        id=new_id("cp", tx.now),
        channel_id=channel_id,
        address=address,
        customer_id=customer_id or fresh[0].id,
    )
    contacts.add(tx, [contact], fresh)
    return contact


def log_contact(
    tx: Tx, customer_id: str, request: OpenTicket, words: Words, desk: Desk, *, agent_id: str | None
) -> Ticket:
    """Record a call or a visit: a ticket with what was said, and nothing is sent."""
    # No channel stands behind what was recorded by hand; each call or visit is a thread of its own.
    contact = contact_at(tx, "", customer_id, customer_id)
    conversation = start_conversation(tx, contact, request.subject, thread=new_id("log", tx.now))
    _, conversation = _say(tx, conversation, agent_id, words, "note")
    conversations.save(tx, [conversation])
    ticket = open_by_hand(tx, conversation, request, agent_id, desk)
    # They have spoken with somebody already.
    return save(tx, ticket, spoken_with(ticket, tx.now, desk))


def follow_offer(tx: Tx, before: Ticket, after: Ticket) -> None:
    """What the agent had accepted is wrapped up, done, or theirs again."""
    agent_id, state = before.assignee, _stage(after)
    if agent_id is not None and state != _stage(before):
        offers.follow(tx, after.id, agent_id, state)


def _stage(ticket: Ticket) -> Literal["accepted", "wrap_up", "done"]:
    if ticket.status not in STOPPING:
        return "accepted"
    return "done" if ticket.wrap_up_until is None else "wrap_up"


def _check_seen(tx: Tx, conversation: Conversation, last_seen: str, author_id: str | None) -> None:
    seen = messages.find(tx.sql, last_seen)
    after = seen.position if seen is not None and seen.conversation_id == conversation.id else 0
    newer = messages.of_conversation(tx.sql, conversation.id, after=after)
    unseen = [
        message
        for message in newer
        if message.author == "customer"
        or (message.author == "agent" and message.kind == "public" and message.author_id != author_id)
    ]
    if unseen:
        raise Newer(unseen)


def _say(
    tx: Tx,
    conversation: Conversation,
    agent_id: str | None,
    words: Words,
    kind: Literal["public", "note"],
    *,
    author: Literal["agent", "system"] = "agent",
) -> tuple[messages.Message, Conversation]:
    conversation = replace(conversation, position=conversation.position + 1)
    message = messages.Message(
        id=new_id("msg", tx.now),
        conversation_id=conversation.id,
        contact_point_id=conversation.contact_point_id,
        position=conversation.position,
        author=author,
        author_id=agent_id or words.by,
        kind=kind,
        text=words.text,
        html=words.html,
        attachments=words.attachments,
        details=words.details,
        created_at=tx.now,
    )
    messages.add(tx, [message])
    tx.emit(
        "message.created",
        ticket=conversation.ticket_id,
        conversation=conversation.id,
        message_id=message.id,
        author=author,
        position=message.position,
        contact=message.contact_point_id,
        kind=kind,
    )
    return message, conversation


def _send(tx: Tx, message: messages.Message, channel_id: str = "") -> None:
    """From the conversation's channel, unless another is given."""
    channel_id = channel_id or contacts.get(tx, message.contact_point_id).channel_id
    # Until a customer has written, nobody waits for what we write.
    bulk = message.position == 1
    deliveries.queue(tx, [(message.id, channel_id, message.conversation_id, message.position)])
    wake = Wake(channel_id=channel_id, conversation_id=message.conversation_id, bulk=bulk)
    outbox.put(tx, OUTBOUND, [encode(wake)])
