"""A batch of envelopes in one transaction: loaded in a few statements, worked on, stored in a few."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bus.envelope import Action, Apart, Inbound, Mark, Message, Sender, Wake
from bus.envelope import encode as encode_envelope
from bus.ids import new_id
from bus.topology import OUTBOUND
from router.values import ContactPoint, Conversation, Customer
from storage import contacts, conversations, deliveries, joining, labels, ledger, messages, outbox, tickets
from storage import decisions as decisions_store
from storage.store import Tx

# Events that are messages of their own; the others change what is there.
_SAID = frozenset({Message, Action})


def _apart(envelope: Inbound) -> Apart | None:
    return envelope.event.apart if isinstance(envelope.event, Message) else None


class Batch:
    """What a batch has loaded and made: contacts by (channel, address), conversations by (contact, thread),
    customers and tickets by id; the rest in the order in which it came to be. `remembered` are the envelopes
    that were dealt with, each with its conversation's id."""

    def __init__(self, tx: Tx, envelopes: Sequence[Inbound]) -> None:
        self.tx = tx
        addresses = {(envelope.channel_id, envelope.sender.address) for envelope in envelopes}
        addresses |= {(one.channel_id, one.sender.address) for one in map(_apart, envelopes) if one}
        self.contacts = contacts.find(tx, addresses)
        self.customers = contacts.customers(tx, {one.customer_id for one in self.contacts.values()})
        self.conversations = conversations.open_ones(tx, {one.id for one in self.contacts.values()})
        self.tickets = tickets.load(
            tx, {one.ticket_id for one in self.conversations.values() if one.ticket_id}
        )
        self._before = {one.id: one for one in self.conversations.values()}
        self._tickets_before = dict(self.tickets)
        self._new_contacts: list[ContactPoint] = []
        self._new_customers: list[str] = []
        self._identities: dict[str, str] = {}
        self._by_identity: dict[str, Customer] = {}
        self._learned: dict[str, dict[str, Any]] = {}
        self.closed: list[Conversation] = []
        self.messages: list[messages.Message] = []
        self.remembered: list[tuple[Inbound, str]] = []
        self.deliveries: list[tuple[str, str, str, int]] = []
        self.decisions: list[decisions_store.Made] = []
        self.new_tickets: list[str] = []
        self.labels: list[labels.Given] = []

    def contact(self, envelope: Inbound) -> ContactPoint:
        """Who wrote, made with a customer of their own where they are new; what they told is learned."""
        sender = envelope.sender
        key = (envelope.channel_id, sender.address)
        contact = self.contacts.get(key)
        if contact is not None:
            person = self.customers[contact.customer_id]
            if sender.attributes and not sender.attributes.items() <= person.attributes.items():
                person = replace(person, attributes={**person.attributes, **sender.attributes})
                self.customers[person.id] = person
                self._learned[person.id] = {**self._learned.get(person.id, {}), **sender.attributes}
            return contact
        person = self._proven(sender.identity) or self._new_customer(sender)
        contact = ContactPoint(
            id=new_id("cp", self.tx.now),
            channel_id=envelope.channel_id,
            address=sender.address,
            customer_id=person.id,
            name=sender.name,
            verified=sender.verified,
        )
        self.contacts[key] = contact
        self._new_contacts.append(contact)
        self.customers[person.id] = person
        if sender.identity:
            self._identities[contact.id] = sender.identity
            self._by_identity[sender.identity] = person
        return contact

    def _new_customer(self, sender: Sender) -> Customer:
        person = Customer(
            id=new_id("cus", self.tx.now),
            name=sender.name,
            email=sender.email,
            attributes=sender.attributes,
        )
        self._new_customers.append(person.id)
        return person

    def _proven(self, identity: str) -> Customer | None:
        """The customer that an identity was proven for before."""
        if not identity or identity in self._by_identity:
            return self._by_identity.get(identity)
        found = joining.known(self.tx, [identity]).get(identity)
        return contacts.customers(self.tx, [found])[found] if found else None

    def conversation(self, contact: ContactPoint, thread: str, previous: str | None = None) -> Conversation:
        """The contact's open conversation in a thread, or the one that begins now.

        That is linked to its `previous` ticket: the thread's last one where none is given.
        """
        current = self.conversations.get((contact.id, thread))
        if current is not None and current.with_ != "closed":
            return current
        if current is not None:
            self.closed.append(current)
        previous = previous or self.previous_ticket(contact, thread)
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

    def previous_ticket(self, contact: ContactPoint, thread: str) -> str | None:
        """The last ticket of a thread of the contact's."""
        current = self.conversations.get((contact.id, thread))
        if current is not None:
            return current.ticket_id or current.previous_ticket_id
        return conversations.previous_ticket(self.tx, contact.id, thread)

    def move(self, channel_id: str, thread: str, to: str) -> None:
        """Let a thread's open conversations go on in another."""
        conversations.move(self.tx, channel_id, thread, to)
        for (contact, at), one in list(self.conversations.items()):
            free = (contact, to) not in self.conversations
            if free and (one.channel_id, at) == (channel_id, thread):
                self.conversations[contact, to] = replace(self.conversations.pop((contact, at)), thread=to)

    def ticket_of(self, conversation_id: str) -> str | None:
        """The ticket of a conversation, as the batch has it."""
        for conversation in (*self.conversations.values(), *self.closed):
            if conversation.id == conversation_id:
                return conversation.ticket_id
        return conversations.get(self.tx.sql, conversation_id).ticket_id

    def told(self, message_id: str, author: str, conversation: Conversation, **more: str) -> None:
        """Tell the live stream of a message."""
        self.tx.emit(
            "message.created",
            ticket=conversation.ticket_id,
            conversation=conversation.id,
            message_id=message_id,
            author=author,
            position=conversation.position,
            contact=conversation.contact_point_id,
            **more,
        )

    def store(self, entries: ledger.Entries, places: Mapping[str, Mark], live: Collection[str]) -> None:
        """Store what changed; messages to customers on `live` channels need no sending."""
        tx = self.tx
        contacts.add(tx, self._new_contacts, [self.customers[key] for key in self._new_customers])
        joining.prove(tx, self._identities)
        new = set(self._new_customers)
        contacts.learn(tx, {key: told for key, told in self._learned.items() if key not in new})
        self._store_conversations()
        self._store_tickets()
        messages.remember(
            tx, [(one.id, conversation, places[one.id]) for one, conversation in self.remembered]
        )
        for envelope, _ in self.remembered:
            entries.add(places[envelope.id], "stored" if type(envelope.event) in _SAID else "applied")
        messages.add(tx, self.messages)
        decisions_store.add(tx, self.decisions)
        labels.add(tx, self.labels)
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
            before = self._before.get(conversation.id)
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
        pairs = ((before, self.tickets[key]) for key, before in self._tickets_before.items())
        tickets.change(self.tx, [(before, after) for before, after in pairs if before is not after])
