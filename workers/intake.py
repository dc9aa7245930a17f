"""The intake transaction: a batch of envelopes becomes conversations, messages, decisions and tickets.

Everything is loaded in a few statements, each envelope is decided in turn on what the ones before it left,
and everything that changed is stored in a few statements. It touches nothing but its transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from bus.envelope import Action, Delete, Edit, Inbound, Mark, Message, Receipt, Wake
from bus.envelope import encode as encode_envelope
from bus.ids import message_id, new_id
from bus.topology import OUTBOUND
from knowledgebase.match import Match
from router.decide import decide
from router.decision import (
    ChangeConversation,
    ChangeTicket,
    Context,
    Decision,
    Discard,
    Known,
    Notify,
    OpenTicket,
    Reply,
)
from router.lifecycle import customer_wrote, opened
from router.phrases import ARTICLE, NUMBER
from router.values import ChannelRef, ContactPoint, Conversation, Customer
from storage import contacts, conversations, deliveries, ledger, messages, outbox, tickets
from storage import decisions as decisions_store
from storage.store import Tx
from workers.setup import Setup

# What is stored for these channels has reached the customer: their sockets read it from the store.
LIVE_KINDS = frozenset({"widget"})
# Of a message that is edited again and again, so many earlier texts are kept.
_KEPT_EDITS = 20
# Events that are messages of their own; the others change what is there.
_SAID = frozenset({Message, Action})
_ASKING = frozenset({"answer", "suggest"})


class Frozen(NamedTuple):
    """What a batch is decided with, fixed before its transaction begins.

    `matches` by message id, for the messages whose conversation is with the bot; `articles` by id, as a
    customer would be told them; `waiting` tickets by queue.
    """

    setup: Setup
    articles: Mapping[str, Known]
    matches: Mapping[str, Match]
    waiting: dict[str, int]


class NeedsMatch(Exception):
    """These messages turned out to be the bot's and came without a match; nothing was stored."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} messages need a match")
        self.ids = tuple(ids)


class Taken(NamedTuple):
    """What a batch came to. `outgoing` says that the outbox has something for the relay."""

    stored: int
    duplicates: int
    outgoing: bool


def take_in(tx: Tx, envelopes: Sequence[Inbound], frozen: Frozen) -> Taken:
    """Store and decide a batch.

    Raises `NeedsMatch` when a match that is needed was not made before, and whatever a poisonous envelope
    makes it raise.
    """
    known = messages.known(tx, {envelope.id for envelope in envelopes})
    fresh: dict[str, Inbound] = {}
    entries = ledger.Entries()
    for envelope in envelopes:
        place = envelope.mark
        first = known.setdefault(envelope.id, place)
        if first is place:
            fresh[envelope.id] = envelope
        elif first != place:
            # Not the same event delivered again: its sender came again.
            entries.duplicate(tx, place, envelope.id)
    work = _Work(tx, frozen, list(fresh.values()))
    for envelope in fresh.values():
        work.take(envelope)
    if work.unmatched:
        raise NeedsMatch(work.unmatched)
    work.flush(entries, known)
    return Taken(
        stored=len(fresh),
        duplicates=len(envelopes) - len(fresh),
        outgoing=bool(work.deliveries),
    )


class _Work:
    """The state of one batch between loading and storing."""

    def __init__(self, tx: Tx, frozen: Frozen, envelopes: Sequence[Inbound]) -> None:
        self.tx, self.frozen = tx, frozen
        addresses = {(envelope.channel_id, envelope.sender.address) for envelope in envelopes}
        self.contacts = contacts.find(tx, addresses)
        self.customers = contacts.customers(tx, {one.customer_id for one in self.contacts.values()})
        self.conversations = conversations.open_ones(tx, {one.id for one in self.contacts.values()})
        self.tickets = tickets.load(
            tx, {one.ticket_id for one in self.conversations.values() if one.ticket_id}
        )
        self.before = {one.id: one for one in self.conversations.values()}
        self.tickets_before = dict(self.tickets)
        self.new_contacts: list[ContactPoint] = []
        self.new_customers: list[str] = []
        self.learned: dict[str, dict[str, Any]] = {}
        self.closed: list[Conversation] = []
        self.messages: list[messages.Message] = []
        self.remembered: list[tuple[Inbound, str]] = []
        self.deliveries: list[tuple[str, str, str, int]] = []
        self.decisions: list[decisions_store.Made] = []
        self.new_tickets: list[str] = []
        self.touched: set[str] = set()
        self.unmatched: list[str] = []

    def take(self, envelope: Inbound) -> None:
        """Store one envelope's event and what follows from it.

        Only what the customer says begins a conversation; an edit or a receipt is about one that was.
        """
        match envelope.event:
            case Message() | Action():
                contact = self._contact(envelope)
                conversation = self._conversation(contact, envelope.thread)
                self.remembered.append((envelope, conversation.id))
                self._decide(envelope, contact, conversation)
            case Edit() | Delete():
                self.remembered.append((envelope, self._amend(envelope)))
            case Receipt(target=target, state=state):
                self.remembered.append((envelope, ""))
                deliveries.receipt(self.tx, envelope.channel_id, target, state)

    def _contact(self, envelope: Inbound) -> ContactPoint:
        sender = envelope.sender
        key = (envelope.channel_id, sender.address)
        contact = self.contacts.get(key)
        if contact is not None:
            person = self.customers[contact.customer_id]
            if sender.attributes and not sender.attributes.items() <= person.attributes.items():
                person = replace(person, attributes={**person.attributes, **sender.attributes})
                self.customers[person.id] = person
                self.learned[person.id] = {**self.learned.get(person.id, {}), **sender.attributes}
            return contact
        person = Customer(
            id=new_id("cus", self.tx.now),
            name=sender.name,
            email=sender.email,
            attributes=sender.attributes,
        )
        contact = ContactPoint(
            id=new_id("cp", self.tx.now),
            channel_id=envelope.channel_id,
            address=sender.address,
            customer_id=person.id,
            name=sender.name,
            verified=sender.verified,
        )
        self.contacts[key] = contact
        self.customers[person.id] = person
        self.new_contacts.append(contact)
        self.new_customers.append(person.id)
        return contact

    def _conversation(self, contact: ContactPoint, thread: str) -> Conversation:
        current = self.conversations.get((contact.id, thread))
        if current is not None and current.with_ != "closed":
            return current
        if current is not None:
            self.closed.append(current)
            previous = current.ticket_id or current.previous_ticket_id
        else:
            previous = conversations.previous_ticket(self.tx, contact.id, thread)
        fresh = Conversation(
            id=new_id("cv", self.tx.now),
            channel_id=contact.channel_id,
            contact_point_id=contact.id,
            customer_id=contact.customer_id,
            thread=thread,
            previous_ticket_id=previous,
        )
        self.conversations[contact.id, thread] = fresh
        return fresh

    def _decide(self, envelope: Inbound, contact: ContactPoint, conversation: Conversation) -> None:
        match = self.frozen.matches.get(envelope.id)
        if match is None and conversation.with_ == "bot" and not _automatic(envelope):
            self.unmatched.append(envelope.id)
            return
        context = self._context(envelope, conversation, match)
        decision = decide(envelope, context, self.frozen.setup.rules)
        conversation = self._say_customer(envelope, conversation, decision)
        for effect in decision.effects:
            conversation = self._apply(effect, conversation, decision)
        self.conversations[contact.id, conversation.thread] = conversation
        self.decisions.append(
            decisions_store.Made(envelope.id, conversation.id, conversation.ticket_id, context, decision)
        )

    def _context(self, envelope: Inbound, conversation: Conversation, match: Match | None) -> Context:
        named: set[str] = set()
        if conversation.with_ == "bot":
            named |= self.frozen.setup.answers
            named |= {candidate.article_id for candidate in match.candidates} if match else set()
            named |= {value.partition(":")[2] for value in conversation.offered}
            if isinstance(envelope.event, Action):
                # Buttons of earlier messages are still there to be pressed.
                named.add(envelope.event.value.removeprefix(ARTICLE))
        ticket = self.tickets.get(conversation.ticket_id) if conversation.ticket_id else None
        channel = self.frozen.setup.channels.get(envelope.channel_id)
        return Context(
            now=self.tx.now,
            channel=channel or ChannelRef(id=envelope.channel_id, kind=envelope.channel_kind),
            conversation=conversation,
            customer=self.customers[conversation.customer_id],
            ticket=ticket,
            match=match if conversation.with_ == "bot" else None,
            articles={key: self.frozen.articles[key] for key in named if key in self.frozen.articles},
            waiting=self.frozen.waiting,
            default_queue=self.frozen.setup.desk.default_queue,
        )

    def _say_customer(
        self, envelope: Inbound, conversation: Conversation, decision: Decision
    ) -> Conversation:
        event = envelope.event
        message = event if isinstance(event, Message) else Message(text="")
        details: dict[str, Any] = {"language": decision.language} if decision.language else {}
        if envelope.context:
            details["context"] = envelope.context
        if envelope.sent_at is not None:
            details["sent_at"] = envelope.sent_at
        if message.subject:
            details["subject"] = message.subject
        if _automatic(envelope):
            details["automatic"] = True
        conversation = replace(conversation, position=conversation.position + 1)
        self.messages.append(
            messages.Message(
                id=envelope.id,
                conversation_id=conversation.id,
                contact_point_id=conversation.contact_point_id,
                position=conversation.position,
                author="customer",
                author_id=conversation.customer_id,
                text=event.text if isinstance(event, Message | Action) else "",
                html=message.html,
                attachments=message.attachments,
                details=details,
                external_id=envelope.external_id,
                created_at=self.tx.now,
                raw=envelope.raw or None,
                raw_blob=envelope.raw_blob,
            )
        )
        self._emit_message(envelope.id, "customer", conversation)
        return conversation

    def _emit_message(self, message_id: str, author: str, conversation: Conversation) -> None:
        self.tx.emit(
            "message.created",
            ticket=conversation.ticket_id,
            conversation=conversation.id,
            message_id=message_id,
            author=author,
            position=conversation.position,
            contact=conversation.contact_point_id,
        )

    def _apply(self, effect: Any, conversation: Conversation, decision: Decision) -> Conversation:
        match effect:
            case Reply():
                return self._reply(effect, conversation)
            case OpenTicket():
                return self._open(effect, conversation)
            case ChangeTicket():
                return self._join(effect, conversation)
            case ChangeConversation(conversation=after):
                return replace(
                    after,
                    ticket_id=conversation.ticket_id,
                    position=conversation.position,
                    due_at=self._silence(after, decision),
                )
            case Discard(reason=reason):
                last = self.messages.pop()
                self.messages.append(replace(last, details={**last.details, "discarded": reason}))
            case Notify(to=to):
                self.tx.emit(
                    "notification", ticket=conversation.ticket_id, conversation=conversation.id, to=to
                )
        return conversation

    def _silence(self, conversation: Conversation, decision: Decision) -> datetime | None:
        # After an answer or a question of the bot's the customer may simply leave.
        spoke = any(isinstance(one, Reply) and one.reason in _ASKING for one in decision.effects)
        if conversation.with_ != "bot" or not spoke:
            return None
        return self.tx.now + timedelta(hours=self.frozen.setup.desk.self_served_hours)

    def _reply(self, reply: Reply, conversation: Conversation) -> Conversation:
        conversation = replace(conversation, position=conversation.position + 1)
        text = reply.text
        if reply.reason == "handover" and conversation.ticket_id:
            text = text.replace(NUMBER, str(self.tickets[conversation.ticket_id].number))
        details: dict[str, Any] = {"reason": reply.reason}
        if reply.article_id:
            details["article_id"] = reply.article_id
        message = messages.Message(
            id=new_id("msg", self.tx.now),
            conversation_id=conversation.id,
            contact_point_id=conversation.contact_point_id,
            position=conversation.position,
            author=reply.author,
            text=text,
            options=reply.options,
            details=details,
            created_at=self.tx.now,
        )
        self.messages.append(message)
        self.deliveries.append((message.id, conversation.channel_id, conversation.id, conversation.position))
        self._emit_message(message.id, reply.author, conversation)
        return conversation

    def _open(self, request: OpenTicket, conversation: Conversation) -> Conversation:
        number = tickets.numbers(self.tx, 1)[0]
        # One that was merged leaves its conversation to the other, which may close before it.
        previous = conversation.ticket_id or conversation.previous_ticket_id
        ticket = opened(
            request,
            replace(conversation, previous_ticket_id=previous),
            self.tx.now,
            self.frozen.setup.desk,
            id=new_id("tkt", self.tx.now),
            number=number,
        )
        self.tickets[ticket.id] = ticket
        self.new_tickets.append(ticket.id)
        self.tx.emit(
            "ticket.created",
            ticket=ticket.id,
            conversation=conversation.id,
            number=number,
            queue=ticket.queue,
            status=ticket.status,
        )
        return replace(conversation, ticket_id=ticket.id, with_="person")

    def _join(self, change: ChangeTicket, conversation: Conversation) -> Conversation:
        if conversation.ticket_id is None:
            return conversation
        before = self.tickets[conversation.ticket_id]
        after = customer_wrote(before, change, self.tx.now, self.frozen.setup.desk)
        self.tickets[after.id] = after
        if (after.status, after.priority, after.tags) != (before.status, before.priority, before.tags):
            self.tx.emit("ticket.updated", ticket=after.id, conversation=conversation.id, status=after.status)
        return conversation

    def _amend(self, envelope: Inbound) -> str:
        """Change what an earlier message says; returns its conversation's id, "" where there is none."""
        event = envelope.event
        assert isinstance(event, Edit | Delete)  # noqa: S101 - the only events that reach it
        target = message_id(envelope.channel_id, event.target)
        contact = self.contacts.get((envelope.channel_id, envelope.sender.address))
        place = next((at for at, one in enumerate(self.messages) if one.id == target), None)
        found = messages.find(self.tx.sql, target) if place is None else self.messages[place]
        if found is None or contact is None or found.contact_point_id != contact.id:
            return ""
        said = {"at": self.tx.now, "text": found.text}
        earlier = [*found.details.get("earlier", []), said][-_KEPT_EDITS:]
        how = "withdrawn" if isinstance(event, Delete) else "edited"
        details = {**found.details, "earlier": earlier, how: True}
        text = event.text if isinstance(event, Edit) else ""
        if place is None:
            messages.amend(self.tx, found.id, text, details)
        else:
            self.messages[place] = replace(found, text=text, details=details)
        self.tx.emit(
            "message.updated",
            ticket=self._ticket_of(found.conversation_id),
            conversation=found.conversation_id,
            message_id=found.id,
        )
        return found.conversation_id

    def _ticket_of(self, conversation_id: str) -> str | None:
        for conversation in (*self.conversations.values(), *self.closed):
            if conversation.id == conversation_id:
                return conversation.ticket_id
        return conversations.get(self.tx.sql, conversation_id).ticket_id

    def flush(self, entries: ledger.Entries, places: Mapping[str, Mark]) -> None:
        """Store what changed."""
        tx = self.tx
        contacts.add(tx, self.new_contacts, [self.customers[key] for key in self.new_customers])
        new = set(self.new_customers)
        contacts.learn(tx, {key: told for key, told in self.learned.items() if key not in new})
        self._store_conversations()
        self._store_tickets()
        messages.remember(
            tx, [(one.id, conversation, places[one.id]) for one, conversation in self.remembered]
        )
        for envelope, _ in self.remembered:
            entries.add(places[envelope.id], "stored" if type(envelope.event) in _SAID else "applied")
        messages.add(tx, self.messages)
        decisions_store.add(tx, self.decisions)
        live = {key for key, channel in self.frozen.setup.channels.items() if channel.kind in LIVE_KINDS}
        waiting = [row for row in self.deliveries if row[1] not in live]
        deliveries.put(tx, waiting)
        for row in waiting:
            # A source that no other lane writes with, so that none waits for another.
            entries.send(tx.now, row[1], self.remembered[0][0].source)
        wakes = dict.fromkeys((row[1], row[2]) for row in waiting)
        bodies = [
            encode_envelope(Wake(channel_id=channel, conversation_id=conversation))
            for channel, conversation in wakes
        ]
        outbox.put(tx, OUTBOUND, bodies)
        entries.write(tx)

    def _store_conversations(self) -> None:
        fresh: list[Conversation] = []
        changed: list[Conversation] = []
        advanced: list[tuple[str, int]] = []
        # One that closed makes room for the next open one of its thread, so it is stored first.
        for conversation in (*self.closed, *self.conversations.values()):
            before = self.before.get(conversation.id)
            if before is None:
                fresh.append(conversation)
            elif before is conversation:
                continue
            elif replace(before, position=conversation.position) == conversation:
                advanced.append((conversation.id, conversation.position))
            else:
                changed.append(conversation)
        conversations.save(self.tx, changed)
        conversations.advance(self.tx, advanced)
        conversations.add(self.tx, fresh)

    def _store_tickets(self) -> None:
        tickets.add(self.tx, [self.tickets[key] for key in self.new_tickets])
        pairs = ((before, self.tickets[key]) for key, before in self.tickets_before.items())
        tickets.change(self.tx, [(before, after) for before, after in pairs if before is not after])


def _automatic(envelope: Inbound) -> bool:
    return isinstance(envelope.event, Message) and envelope.event.automatic
