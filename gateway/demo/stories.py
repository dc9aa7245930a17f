"""Plays the demo's conversations through the desk's own intake and inbox, each step at its past instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id, new_id
from gateway.demo.content import Person, Story
from knowledgebase.article import Article
from knowledgebase.match import Snapshot
from router.lifecycle import assign, move, snooze
from router.rules.engine import compile_rules
from router.rules.form import parse
from router.telling import known
from router.values import ChannelRef, ContactPoint, Conversation, Customer, Ticket
from storage import contacts, conversations, deliveries, outbox, setup, tickets
from storage.store import Tx
from workers import inbox
from workers.intake import Frozen, take_in
from workers.setup import Setup, answers

_OWNER = "demo"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who takes part: customers and channels by key, agents' ids by key, and what answers them."""

    people: Mapping[str, Person]
    channels: Mapping[str, ChannelRef]
    agents: Mapping[str, str]
    articles: Sequence[Article]
    target_precision: float


def play(tx: Tx, stories: Sequence[Story], cast: Cast) -> None:
    """Play all of them in the order of time; the set-up has been stored in the same transaction."""
    stage = _Stage(tx, cast)
    stage.gather(stories)
    steps = [
        (tx.now - timedelta(minutes=story.ago - step[0]), number, step)
        for number, story in enumerate(stories)
        for step in story.steps
    ]
    for at, number, step in sorted(steps, key=lambda one: one[:2]):
        stage.step(at, number, stories[number], step)
    # What was said is history: nothing of it is to be sent now.
    stage.deliver()
    outbox.remove(tx, [row.seq for row in outbox.take(tx.sql, len(steps) * 4)])


@dataclass
class _Stage:
    tx: Tx
    cast: Cast
    contacts: dict[tuple[str, str], ContactPoint] = field(default_factory=dict)
    conversations: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        loaded = setup.load(self.tx.sql)
        rules = parse(loaded.unknown[0].rules if loaded.unknown else [])
        self.frozen = Frozen(
            setup=Setup(
                loaded.version,
                loaded.desk,
                compile_rules(rules, loaded.rules),
                answers(rules),
                loaded.channels,
            ),
            articles=known(self.cast.articles),
            matches={},
            waiting={},
        )
        self.desk = loaded.desk
        self.snapshot = Snapshot.build(self.cast.articles)

    def gather(self, stories: Sequence[Story]) -> None:
        """Store the customers and where they write from, as of the day before the first word."""
        early = self._at(self.tx.now - timedelta(minutes=max(story.ago for story in stories), days=1))
        customers = {key: _customer(person, early.now) for key, person in self.cast.people.items()}
        for story in stories:
            person, channel = customers[story.customer], self.cast.channels[story.channel]
            self.contacts[story.customer, story.channel] = ContactPoint(
                id=new_id("cp", early.now),
                channel_id=channel.id,
                address=f"{story.customer}@{story.channel}",
                customer_id=person.id,
                name=person.name,
                verified=channel.kind == "webhook",
            )
        contacts.add(early, list(self.contacts.values()), list(customers.values()))

    def step(self, at: datetime, number: int, story: Story, step: tuple[Any, ...]) -> None:
        """One step of one story."""
        tx = self._at(at)
        _, who, *rest = step
        if who == "customer":
            self._write(tx, number, story, rest[0], step[0])
        elif (ticket := self._ticket(tx, number)) is not None:
            self._work(tx, ticket, self.cast.agents[who], rest)
        else:
            inbox.take_over(tx, self.conversations[number], self.cast.agents[who], self.desk)

    def deliver(self) -> None:
        """Mark what is queued for platforms as taken by them."""
        everywhere = list(self.conversations.values())
        while claims := deliveries.claim(self.tx, _OWNER, everywhere):
            done = [deliveries.Outcome(claim, "sent", self.tx.now) for claim in claims]
            deliveries.finish(self.tx, _OWNER, done)

    def _at(self, instant: datetime) -> Tx:
        # The same transaction at another time. What it emits is dropped: nobody was there to be told.
        return Tx(self.tx.sql, instant)

    def _write(self, tx: Tx, number: int, story: Story, text: str, minute: int) -> None:
        contact = self.contacts[story.customer, story.channel]
        channel, person = self.cast.channels[story.channel], self.cast.people[story.customer]
        external = f"demo-{number}-{minute}"
        inbound = Inbound(
            id=message_id(channel.id, external),
            channel_id=channel.id,
            channel_kind=channel.kind,
            external_id=external,
            sender=Sender(address=contact.address, name=person.name, email=person.email),
            event=Message(text=text),
            received_at=tx.now,
            context={"page": story.page} if story.page else {},
        )
        match = self.snapshot.match(text, target_precision=self.cast.target_precision)
        take_in(tx, [inbound], self.frozen._replace(matches={inbound.id: match}))
        if number not in self.conversations:
            self.conversations[number] = self._open_one(tx, contact).id

    def _open_one(self, tx: Tx, contact: ContactPoint) -> Conversation:
        return conversations.open_ones(tx, [contact.id])[contact.id, ""]

    def _ticket(self, tx: Tx, number: int) -> Ticket | None:
        conversation = conversations.get(tx.sql, self.conversations[number])
        return None if conversation.ticket_id is None else tickets.get(tx.sql, conversation.ticket_id)

    def _work(self, tx: Tx, ticket: Ticket, agent: str, deed: Sequence[Any]) -> None:
        match deed:
            case ["take"]:
                inbox.save(tx, ticket, assign(ticket, agent, tx.now, self.desk))
            case ["reply", text]:
                inbox.reply(tx, ticket.id, agent, inbox.Words(text), self.desk)
            case ["note", text]:
                inbox.note(tx, ticket.id, agent, inbox.Words(text))
            case ["wait", reason]:
                inbox.save(tx, ticket, move(ticket, "waiting", tx.now, self.desk, reason=reason))
            case ["snooze", minutes]:
                until = tx.now + timedelta(minutes=minutes)
                inbox.save(tx, ticket, snooze(ticket, until, tx.now, self.desk))
            case ["resolve"]:
                inbox.save(tx, ticket, move(ticket, "resolved", tx.now, self.desk))
            case ["close"]:
                inbox.save(tx, ticket, move(ticket, "closed", tx.now, self.desk))
            case ["merge", into]:
                target = self._ticket(tx, into)
                merged = replace(
                    move(ticket, "merged", tx.now, self.desk),
                    assignee=agent,
                    merged_into=target.id if target else None,
                )
                inbox.save(tx, ticket, merged)
            case _:
                raise ValueError(f"the demo knows no deed {deed!r}")


def _customer(person: Person, at: datetime) -> Customer:
    return Customer(
        id=new_id("cus", at),
        name=person.name,
        email=person.email,
        tier=person.tier,
        language=person.language,
        country=person.country,
        timezone=person.timezone,
        attributes=person.attributes,
    )
