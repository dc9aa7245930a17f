"""The intake transaction: a batch of envelopes becomes conversations, messages, decisions and tickets.

Everything is loaded in a few statements, each envelope is decided in turn on what the ones before it left,
and everything that changed is stored in a few statements. It touches nothing but its transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from bus.envelope import Action, Apart, Delete, Edit, Inbound, Message, Move, Receipt
from bus.ids import album_key, message_id, new_id
from knowledgebase.match import Match
from router.decide import decide
from router.decision import (
    CallWebhook,
    ChangeConversation,
    ChangeTicket,
    CloseTicket,
    Context,
    Decision,
    Discard,
    Effect,
    Known,
    Learned,
    Note,
    Notify,
    OpenTicket,
    Reply,
    Snooze,
)
from router.desk import Desk
from router.lifecycle import brought_back, customer_wrote, move, opened, snooze
from router.phrases import ARTICLE, NUMBER
from router.telling import for_customer
from router.values import GOES_ON, Author, ChannelRef, ContactPoint, Conversation, Ticket
from storage import decisions as decisions_store
from storage import deliveries, drafts, labels, ledger, messages, tickets
from storage.store import Tx
from workers import consequences, inbox
from workers.amend import amend, join
from workers.batch import Batch
from workers.bot_runs import Runs, runs
from workers.deciding_code import deciding_code
from workers.looking import about, looked_at
from workers.setup import Setup

# What is stored for these channels has reached the customer: their sockets read it from the store.
LIVE_KINDS = frozenset({"widget"})
_ASKING = frozenset({"answer", "suggest"})


class Frozen(NamedTuple):
    """What a batch is decided with, fixed before its transaction begins.

    `matches` by message id, for the messages whose conversation is with the bot; `articles` by id, as a
    customer would be told them; `waiting` tickets by queue; `waits` as in `Context`.
    """

    setup: Setup
    articles: Mapping[str, Known]
    matches: Mapping[str, Match]
    waiting: dict[str, int]
    waits: dict[str, int] = {}


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
    batch = Batch(tx, list(fresh.values()))
    intake = _Intake(batch, frozen, runs(fresh.values()))
    for envelope in fresh.values():
        intake.take(envelope)
    if intake.unmatched:
        raise NeedsMatch(intake.unmatched)
    live = {key for key, channel in frozen.setup.channels.items() if channel.kind in LIVE_KINDS}
    batch.store(entries, known, live)
    return Taken(
        stored=len(fresh),
        duplicates=len(envelopes) - len(fresh),
        outgoing=bool(batch.deliveries),
    )


class _Intake:
    """Decides the envelopes of a batch, each on what the ones before it left."""

    def __init__(self, batch: Batch, frozen: Frozen, runs: Runs) -> None:
        self._batch, self._frozen, self._tx = batch, frozen, batch.tx
        self._runs, self._said = runs, ""
        self._looked_at = looked_at(batch.tx, frozen.setup, batch.customers)
        self.unmatched: list[str] = []

    def take(self, envelope: Inbound) -> None:
        """Store one envelope's event and what follows from it.

        Only what the customer says begins a conversation; an edit or a receipt is about one that was.
        """
        match envelope.event:
            case Message(album=album) if album:
                self._join_album(envelope, message_id(envelope.channel_id, album_key(album)))
            case Message(apart=Apart() as apart) as said:
                self._take_aside(envelope, said, apart)
            case Message() | Action():
                contact = self._batch.contact(envelope)
                conversation = self._batch.conversation(contact, envelope.thread)
                self._batch.remembered.append((envelope, conversation.id))
                self._decide(envelope, contact, conversation)
            case Edit() | Delete():
                self._batch.remembered.append((envelope, amend(self._batch, envelope)))
            case Receipt(target=target, state=state):
                self._batch.remembered.append((envelope, ""))
                deliveries.receipt(self._tx, envelope.channel_id, target, state)
            case Move(thread=thread):
                self._batch.remembered.append((envelope, ""))
                self._batch.move(envelope.channel_id, envelope.thread, thread)

    def _take_aside(self, envelope: Inbound, said: Message, apart: Apart) -> None:
        """An answer to what was passed on is a note while its ticket goes on, then a mail like any other."""
        contact = self._batch.contacts.get((envelope.channel_id, envelope.sender.address))
        about = self._batch.conversations.get((contact.id, envelope.thread)) if contact else None
        ticket = self._batch.tickets.get(about.ticket_id or "") if about else None
        if contact and about and about.with_ != "closed" and ticket and ticket.status in GOES_ON:
            self._batch.remembered.append((envelope, about.id))
            self._decide(envelope, contact, about)
            return
        over = self._batch.previous_ticket(contact, envelope.thread) if contact else None
        envelope = replace(
            envelope,
            channel_id=apart.channel_id,
            channel_kind=apart.channel_kind,
            sender=apart.sender,
            thread=apart.thread,
            event=replace(said, apart=None),
            through="",
        )
        contact = self._batch.contact(envelope)
        conversation = self._batch.conversation(contact, envelope.thread, over)
        self._batch.remembered.append((envelope, conversation.id))
        self._decide(envelope, contact, conversation)

    def _join_album(self, envelope: Inbound, target: str) -> None:
        """The first part of an album that comes is the message; the others join it."""
        joined = join(self._batch, envelope, target)
        if joined is not None:
            self._batch.remembered.append((envelope, joined))
            return
        contact = self._batch.contact(envelope)
        conversation = self._batch.conversation(contact, envelope.thread)
        self._batch.remembered.append((envelope, conversation.id))
        self._decide(envelope, contact, conversation, stored_as=target)

    def _decide(
        self, envelope: Inbound, contact: ContactPoint, conversation: Conversation, stored_as: str = ""
    ) -> None:
        match = self._frozen.matches.get(envelope.id)
        if match is None and conversation.with_ == "bot" and not _automatic(envelope):
            self.unmatched.append(envelope.id)
            return
        if stored_as:
            envelope = replace(envelope, id=stored_as)
        context = self._context(envelope, conversation, match)
        decision = decide(envelope, context, self._frozen.setup.rules_for(conversation.id))
        self._said = envelope.id
        conversation = self._say_customer(envelope, conversation, decision)
        for effect in decision.effects:
            conversation = self._apply(effect, conversation, decision)
        self._batch.conversations[contact.id, conversation.thread] = conversation
        self._batch.decisions.append(
            decisions_store.Made(envelope.id, conversation.id, conversation.ticket_id, context, decision)
        )

    def _context(self, envelope: Inbound, conversation: Conversation, match: Match | None) -> Context:
        named: set[str] = set()
        if conversation.with_ == "bot":
            named |= self._frozen.setup.answers
            named |= {candidate.article_id for candidate in match.candidates} if match else set()
            named |= {value.partition(":")[2] for value in conversation.offered}
            named.update(conversation.answered)
            if isinstance(envelope.event, Action):
                # Buttons of earlier messages are still there to be pressed.
                named.add(envelope.event.value.removeprefix(ARTICLE))
        ticket = self._batch.tickets.get(conversation.ticket_id) if conversation.ticket_id else None
        channel = self._frozen.setup.channels.get(envelope.channel_id) or ChannelRef(
            id=envelope.channel_id, kind=envelope.channel_kind
        )
        customer = self._batch.customers[conversation.customer_id]
        articles = {key: self._frozen.articles[key] for key in named if key in self._frozen.articles}
        if any(one.variants for one in articles.values()):
            articles = for_customer(articles, customer, channel)
        return Context(
            now=self._tx.now,
            channel=channel,
            conversation=conversation,
            customer=customer,
            ticket=ticket,
            match=match if conversation.with_ == "bot" else None,
            articles=articles,
            waiting=self._frozen.waiting,
            default_queue=self._frozen.setup.desk.default_queue,
            waits=self._frozen.waits,
            bot_turns=self._frozen.setup.desk.bot_turns,
            followed=envelope.id in self._runs.followed,
            follows=envelope.id in self._runs.following,
            about=about(envelope),
            oldest=self._looked_at.oldest,
            history=self._looked_at.histories.get(conversation.customer_id),
            hours=self._looked_at.hours,
            made_by=deciding_code(),
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
        customers = message.apart is None
        author: Author = "customer" if customers else "system"
        self._batch.messages.append(
            messages.Message(
                id=envelope.id,
                conversation_id=conversation.id,
                contact_point_id=conversation.contact_point_id,
                position=conversation.position,
                author=author,
                author_id=conversation.customer_id if customers else None,
                kind="public" if customers else "note",
                text=event.text if isinstance(event, Message | Action) else "",
                html=message.html,
                attachments=message.attachments,
                details=details,
                external_id=envelope.external_id,
                created_at=self._tx.now,
                raw=envelope.raw or None,
                raw_blob=envelope.raw_blob,
            )
        )
        self._batch.told(envelope.id, author, conversation, **({} if customers else {"kind": "note"}))
        return conversation

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
                last = self._batch.messages.pop()
                self._batch.messages.append(replace(last, details={**last.details, "discarded": reason}))
            case Note(text=text):
                return self._note(text, conversation)
            case Learned():
                self._batch.labels.append(
                    labels.Given(
                        conversation_id=conversation.id,
                        message_id=self._said,
                        article_id=effect.article_id,
                        right=effect.right,
                        how=effect.how,
                    )
                )
            case Notify() | CallWebhook() | Snooze() | CloseTicket():
                self._follow(effect, conversation)
        return conversation

    def _follow(self, effect: Effect, conversation: Conversation) -> None:
        ticket_id = conversation.ticket_id
        said = next(one for one in reversed(self._batch.messages) if one.author == "customer")
        match effect:
            case Notify(to=to):
                consequences.notify(self._tx, to, said.text, ticket=ticket_id, conversation=conversation.id)
            case CallWebhook(to=to):
                message = {"id": said.id, "text": said.text}
                data = {"conversation": conversation.id, "ticket": ticket_id, "message": message}
                consequences.call(self._tx, to, data, ticket=ticket_id)
            case Snooze(minutes=minutes) if ticket_id:
                until = self._tx.now + timedelta(minutes=minutes)
                self._move(ticket_id, lambda one, desk: snooze(one, until, self._tx.now, desk))
            case CloseTicket() if ticket_id:
                self._move(ticket_id, lambda one, desk: move(one, "closed", self._tx.now, desk))
                drafts.forget_ticket(self._tx, ticket_id)

    def _move(self, ticket_id: str, change: Callable[[Ticket, Desk], Ticket]) -> None:
        before = self._batch.tickets[ticket_id]
        after = change(before, self._frozen.setup.desk)
        self._batch.tickets[ticket_id] = after
        inbox.follow_offer(self._tx, before, after)
        self._tx.emit(
            "ticket.updated", ticket=ticket_id, conversation=after.conversation_id, status=after.status
        )

    def _silence(self, conversation: Conversation, decision: Decision) -> datetime | None:
        # After an answer or a question of the bot's the customer may simply leave.
        spoke = any(isinstance(one, Reply) and one.reason in _ASKING for one in decision.effects)
        if conversation.with_ != "bot" or not spoke:
            return None
        return self._tx.now + timedelta(hours=self._frozen.setup.desk.self_served_hours)

    def _reply(self, reply: Reply, conversation: Conversation) -> Conversation:
        conversation = replace(conversation, position=conversation.position + 1)
        text = reply.text
        if reply.reason == "handover" and conversation.ticket_id:
            text = text.replace(NUMBER, str(self._batch.tickets[conversation.ticket_id].number))
        details: dict[str, Any] = {"reason": reply.reason}
        if reply.article_id:
            details["article_id"] = reply.article_id
        if reply.asks:
            details["asks"] = reply.asks
        message = messages.Message(
            id=new_id("msg", self._tx.now),
            conversation_id=conversation.id,
            contact_point_id=conversation.contact_point_id,
            position=conversation.position,
            author=reply.author,
            text=text,
            options=reply.options,
            attachments=reply.attachments,
            details=details,
            created_at=self._tx.now,
        )
        self._batch.messages.append(message)
        self._batch.deliveries.append(
            (message.id, conversation.channel_id, conversation.id, conversation.position)
        )
        self._batch.told(message.id, reply.author, conversation)
        return conversation

    def _note(self, text: str, conversation: Conversation) -> Conversation:
        conversation = replace(conversation, position=conversation.position + 1)
        message = messages.Message(
            id=new_id("msg", self._tx.now),
            conversation_id=conversation.id,
            contact_point_id=conversation.contact_point_id,
            position=conversation.position,
            author="system",
            kind="note",
            text=text,
            details={"reason": "tried"},
            created_at=self._tx.now,
        )
        self._batch.messages.append(message)
        self._batch.told(message.id, "system", conversation, kind="note")
        return conversation

    def _open(self, request: OpenTicket, conversation: Conversation) -> Conversation:
        number = tickets.numbers(self._tx, 1)[0]
        # One that was merged leaves its conversation to the other, which may close before it.
        previous = conversation.ticket_id or conversation.previous_ticket_id
        ticket = opened(
            request,
            replace(conversation, previous_ticket_id=previous),
            self._tx.now,
            self._frozen.setup.desk,
            id=new_id("tkt", self._tx.now),
            number=number,
        )
        self._batch.tickets[ticket.id] = ticket
        self._batch.new_tickets.append(ticket.id)
        self._tx.emit(
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
        before = self._batch.tickets[conversation.ticket_id]
        now, desk = self._tx.now, self._frozen.setup.desk
        after = brought_back(before, now, desk) if change.aside else customer_wrote(before, change, now, desk)
        self._batch.tickets[after.id] = after
        if (after.status, after.priority, after.tags) != (before.status, before.priority, before.tags):
            self._tx.emit(
                "ticket.updated",
                ticket=after.id,
                conversation=conversation.id,
                status=after.status,
                by="customer",
            )
            inbox.follow_offer(self._tx, before, after)
        return conversation


def _automatic(envelope: Inbound) -> bool:
    return isinstance(envelope.event, Message) and envelope.event.automatic
