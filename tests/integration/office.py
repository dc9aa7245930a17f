"""A desk's store, bus and workers without HTTP, and a clock that moves only when it is told to."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from bus.embedded import EmbeddedBus
from bus.envelope import Event, Inbound, Message, Sender, encode
from bus.ids import message_id
from bus.topology import inbound_lane
from knowledgebase.article import Article
from router.values import Agent, Conversation, Ticket
from storage import (
    agents,
    articles,
    catalogue,
    channels,
    conversations,
    messages,
    postgres,
    rules,
    schema,
    tickets,
)
from storage.decisions import Stored, of_conversation
from storage.events import LoggedEvent, events_after
from storage.journal import SqliteJournal
from storage.postgres import PostgresStore
from storage.sqlite import SqliteStore, engine
from storage.store import Store, Tx, log_events
from tests.database import migrated, migrated_postgres
from tests.services.postgresql import PostgreSql
from workers.assign import AssignWorker
from workers.clock import ClockWorker
from workers.inbound import InboundWorker
from workers.intake import Frozen, Taken, take_in
from workers.knowledge import Knowledge
from workers.relay import Relay
from workers.setup import SetupLoader

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
LANE = inbound_lane("ch_web", "anyone", 1)
PARCEL = Article(
    id="art_parcel",
    title="Where is my parcel?",
    answer="It is on its way.",
    phrasings=("where is my parcel", "track my parcel"),
    language="en",
)
REFUND = Article(
    id="art_refund",
    title="How do refunds work?",
    answer="Within 14 days.",
    phrasings=("how do refunds work", "I want my money back"),
    language="en",
)
# Known to no article.
STRANGE = "My kitchen ceiling dripped purple paint"
ASKS = "Where is my parcel?"


class Clock:
    """The time, which stands still between two calls of `forward`."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **units: float) -> datetime:
        """Let time go by, in units as `timedelta` names them."""
        self.now += timedelta(**units)
        return self.now


class Office:
    """The parts, and short words for what tests do with them."""

    def __init__(self, store: Store, bus: EmbeddedBus, knowledge: Knowledge, clock: Clock) -> None:
        self.store, self.bus, self.knowledge, self.clock = store, bus, knowledge, clock
        self.setup = SetupLoader(store, lambda desk: desk)
        self.relay = Relay(bus=bus, store=store, alone=True)
        self.assign = AssignWorker(store=store, setup=self.setup, clock=clock, owner="office", alone=True)
        self.clocks = ClockWorker(setup=self.setup)
        self.wakes = Counter[str]()
        self._ids = count(1)

    def inbound(self) -> InboundWorker:
        """A worker on the only lane."""
        return InboundWorker(
            LANE,
            bus=self.bus,
            store=self.store,
            setup=self.setup,
            knowledge=self.knowledge,
            wake_relay=lambda: self.wakes.update(["relay"]),
        )

    def envelope(
        self, said: str | Event, *, who: str = "ann", channel: str = "ch_web", id: str = "", **rest: Any
    ) -> Inbound:
        """What the channel hears; every envelope has an id of its own unless one is given."""
        external = id or f"ext-{next(self._ids)}"
        sender = {"address": who, "name": who.title()} | rest.pop("sender", {})
        return Inbound(
            id=message_id(channel, external),
            channel_id=channel,
            channel_kind="widget" if channel == "ch_widget" else "webhook",
            external_id=external,
            sender=Sender(**sender),
            event=Message(text=said) if isinstance(said, str) else said,
            received_at=self.clock.now,
            **rest,
        )

    async def take(self, *envelopes: Inbound) -> Taken:
        """Take a batch in, as the inbound worker would."""
        texts = {one.id: getattr(one.event, "text", "") for one in envelopes}
        matches = await self.knowledge.match(texts)
        known = self.knowledge.articles
        return await self.setup.write(
            lambda tx, setup: take_in(tx, envelopes, Frozen(setup, known, matches, {}))
        )

    async def say(self, *said: str | Event, **rest: Any) -> Taken:
        """Take in what one customer says, in one batch."""
        return await self.take(*(self.envelope(one, **rest) for one in said))

    async def publish(self, *envelopes: Inbound | bytes) -> None:
        """Put these on the lane."""
        bodies = [one if isinstance(one, bytes) else encode(one) for one in envelopes]
        await self.bus.publish(LANE, bodies)

    async def rule(self, *given: dict[str, Any]) -> int:
        """Publish these rules; returns their version."""
        named = [{"id": f"r{number}", "stage": "act", **rule} for number, rule in enumerate(given, 1)]
        return await self.store.write(lambda tx: rules.add(tx, named, "", "test", publish=True))

    # --- what is there -------------------------------------------------------------------------------

    async def rows(self, table: str, *columns: str) -> list[Any]:
        """These columns of every row of a table, in the order of their keys; one column comes bare."""
        found = schema.metadata.tables[table]
        keys = list(found.primary_key.columns)
        query = select(*(found.c[name] for name in columns)).order_by(*keys)
        lines = await self.store.read(lambda sql: sql.execute(query).all())
        return [line[0] if len(columns) == 1 else tuple(line) for line in lines]

    async def conversations(self) -> list[Conversation]:
        """Every conversation, oldest first."""

        def query(sql: Connection) -> list[Conversation]:
            order = (schema.conversations.c.created_at, schema.conversations.c.position.desc())
            ids = sql.execute(select(schema.conversations.c.id).order_by(*order)).scalars().all()
            return [conversations.get(sql, one) for one in ids]

        return await self.store.read(query)

    async def talk(self, conversation: Conversation | None = None) -> list[tuple[str, str]]:
        """(author, text) of a conversation's lines; of the only one there is, unless one is given."""
        if conversation is None:
            (conversation,) = await self.conversations()
        id_ = conversation.id
        return [(one.author, one.text) for one in await self.store.read(lambda s: lines(s, id_))]

    async def messages(self) -> list[messages.Message]:
        """Every message, in the order in which they were stored."""

        def query(sql: Connection) -> list[messages.Message]:
            ids = sql.execute(select(schema.messages.c.id).order_by(schema.messages.c.seq)).scalars().all()
            return [found for one in ids if (found := messages.find(sql, one)) is not None]

        return await self.store.read(query)

    async def tickets(self) -> list[Ticket]:
        """Every ticket, by number."""

        def query(sql: Connection) -> list[Ticket]:
            ids = sql.execute(select(schema.tickets.c.id).order_by(schema.tickets.c.number)).scalars().all()
            return [tickets.get(sql, one) for one in ids]

        return await self.store.read(query)

    async def ticket(self) -> Ticket:
        """The only ticket there is."""
        (only,) = await self.tickets()
        return only

    async def decisions(self, conversation: Conversation) -> list[Stored]:
        """The decisions about a conversation, oldest first."""
        id_ = conversation.id
        return (await self.store.read(lambda sql: of_conversation(sql, id_)))[::-1]

    async def events(self, *types: str, after: int = 0) -> list[LoggedEvent]:
        """The event log, of these types."""
        found = await self.store.read(lambda sql: events_after(sql, after, 100_000))
        return [event for event in found if not types or event.type in types]


def lines(sql: Connection, conversation_id: str) -> list[messages.Message]:
    """A conversation's messages, in order."""
    return messages.of_conversation(sql, conversation_id, limit=10_000)


def furnish(tx: Tx) -> None:
    """A small desk: two channels, two queues, two tiers, a policy, two articles, nobody online."""
    channels.add(tx, "ch_web", "webhook", "Website", settings={}, sealed=b"")
    channels.add(tx, "ch_widget", "widget", "Widget", settings={}, sealed=b"")
    catalogue.add(tx, "queue", "general", "General", {"default": True, "offer_seconds": 60})
    catalogue.add(tx, "queue", "billing", "Billing", {"offer_seconds": 0})
    catalogue.add(tx, "tier", "gold", "Gold", {"order": 0})
    catalogue.add(tx, "tier", "silver", "Silver", {"order": 1})
    catalogue.add(tx, "policy", "all", "All", {"first_response": 60, "resolution": 600})
    for article in (PARCEL, REFUND):
        articles.add(tx, article)


def joins(name: str, **rest: Any) -> Any:
    """A step that lets an agent in, online."""
    agent = Agent(**{"id": name, "name": name, "email": f"{name}@example.org", "presence": "online"} | rest)
    return lambda tx: agents.add(tx, agent)


@cache
def _furnished() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = migrated(Path(folder))
        made = engine(path)
        _furnish(made)
        made.dispose()
        return path.read_bytes()


@cache
def _furnished_postgres(server: PostgreSql) -> str:
    url = migrated_postgres(server)
    postgres.run(url, _furnish)
    return url


def _furnish(database: Engine) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        tx = Tx(connection, MONDAY)
        furnish(tx)
        log_events([tx])
        connection.exec_driver_sql("COMMIT")


@asynccontextmanager
async def office_in(folder: Path) -> AsyncIterator[Office]:
    """An office in a folder, furnished."""
    clock = Clock()
    path = folder / "frontdesk.db"
    path.write_bytes(_furnished())
    async with (
        SqliteStore(path, clock) as store,
        EmbeddedBus(SqliteJournal(store)) as bus,
        Knowledge(store, 0.9, clock) as knowledge,
    ):
        yield Office(store, bus, knowledge, clock)


@asynccontextmanager
async def office_on(server: PostgreSql, folder: Path) -> AsyncIterator[Office]:
    """An office, furnished, in a database of its own; only its bus is in the folder."""
    clock = Clock()
    url = server.new_database(_furnished_postgres(server))
    async with (
        PostgresStore(url, clock) as store,
        SqliteStore(migrated(folder), clock) as lanes,
        EmbeddedBus(SqliteJournal(lanes)) as bus,
        Knowledge(store, 0.9, clock) as knowledge,
    ):
        yield Office(store, bus, knowledge, clock)
