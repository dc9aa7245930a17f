"""Several processes on one PostgreSQL: workers, agents and the clock, on the same customers at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select

from bus.envelope import Inbound
from storage import schema
from storage.postgres import PostgresStore
from storage.store import Store, Tx
from tests.integration.office import STRANGE, Office, office_on
from tests.services.servers import Servers
from workers import inbox
from workers.assign import AssignWorker
from workers.clock import ClockWorker
from workers.inbox import Words
from workers.setup import SetupLoader

T = TypeVar("T")
PEOPLE = [f"p{number:02}" for number in range(40)]
ROUNDS = 12


class Counted:
    """A store that counts how often its steps are run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.read, self.on_commit, self.now = store.read, store.on_commit, store.now
        self.steps = self.runs = 0

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`."""
        self.steps += 1

        def counted(tx: Tx) -> T:
            self.runs += 1
            return step(tx)

        return await self._store.write(counted)


@pytest.fixture
async def offices(servers: Servers, tmp_path: Path) -> AsyncIterator[list[Office]]:
    """Two processes of one office."""
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(office_on(servers.postgresql, tmp_path))
        assert isinstance(office.store, PostgresStore)
        store = await stack.enter_async_context(PostgresStore(office.store.url, office.clock))
        other = Office(store, office.bus, office.knowledge, office.clock)
        yield [office, other]


async def lines(office: Office) -> dict[str, list[int]]:
    """The positions of what customers said, by whose conversation it is."""
    message, contact = schema.messages.c, schema.contact_points.c
    query = (
        select(contact.address, message.position)
        .join_from(schema.messages, schema.contact_points, contact.id == message.contact_point_id)
        .where(message.author == "customer")
        .order_by(message.position)
    )
    found: dict[str, list[int]] = {}
    for address, position in await office.store.read(lambda sql: sql.execute(query).all()):
        found.setdefault(address, []).append(position)
    return found


async def test_workers_that_meet_new_customers_at_once_make_each_once(offices: list[Office]) -> None:
    """Whoever comes second finds what the first has made, and adds to it."""
    one, other = offices
    await asyncio.gather(
        one.take(*(one.envelope(STRANGE, who=who, id=f"a-{who}") for who in PEOPLE)),
        other.take(*(other.envelope(STRANGE, who=who, id=f"b-{who}") for who in reversed(PEOPLE))),
    )
    assert {who: len(positions) for who, positions in (await lines(one)).items()} == dict.fromkeys(PEOPLE, 2)
    assert len(await one.rows("customers", "id")) == len(PEOPLE)
    assert len(await one.rows("conversations", "id")) == len(PEOPLE)


async def test_what_two_workers_were_given_both_is_taken_once(offices: list[Office]) -> None:
    """The same envelopes in opposite orders, at once: each is stored once."""
    one, other = offices
    batch = [one.envelope(STRANGE, who=who) for who in PEOPLE]
    taken = await asyncio.gather(one.take(*batch), other.take(*reversed(batch)))
    assert sorted((each.stored, each.duplicates) for each in taken) == [(0, len(PEOPLE)), (len(PEOPLE), 0)]
    assert await lines(one) == {who: [1] for who in PEOPLE}


async def test_nobody_waits_for_somebody_who_waits_for_them(offices: list[Office]) -> None:
    """Batches of the same customers, replies, clock and assigner at once: no step has to be run twice."""
    one, other = offices
    await one.take(*(one.envelope("I want to talk to a human", who=who) for who in PEOPLE))
    tickets = [ticket.id for ticket in await one.tickets()]
    assert len(tickets) == len(PEOPLE)
    counted = [Counted(office.store) for office in offices]
    for office, store in zip(offices, counted, strict=True):
        office.store, office.setup = store, SetupLoader(store, lambda desk: desk)
        await office.setup.reload()

    async def customers(office: Office, order: list[str], name: str) -> None:
        for number in range(ROUNDS):
            await office.take(
                *(office.envelope("more", who=who, id=f"{name}{number}-{who}") for who in order)
            )

    async def agent(office: Office) -> None:
        desk = (await office.setup.get()).desk
        for ticket in tickets:
            answer = partial(inbox.reply, ticket_id=ticket, agent_id=None, words=Words("yes"), desk=desk)
            await office.store.write(answer)

    async def desk(office: Office) -> None:
        clock = ClockWorker(setup=office.setup)
        assigner = AssignWorker(
            store=office.store, setup=office.setup, clock=office.clock, owner="one", alone=True
        )
        for _ in range(ROUNDS):
            office.clock.forward(minutes=30)
            await clock.step()
            await assigner.step()

    await asyncio.wait_for(
        asyncio.gather(
            customers(one, PEOPLE, "a"),
            customers(other, PEOPLE[::-1], "b"),
            *(work(office) for office in offices for work in (agent, desk)),
        ),
        60,
    )
    assert [store.runs - store.steps for store in counted] == [0, 0]
    said = await lines(one)
    assert {who: len(positions) for who, positions in said.items()} == dict.fromkeys(PEOPLE, 1 + 2 * ROUNDS)


async def test_every_delivery_20_times_at_once_and_in_any_order_is_one(offices: list[Office]) -> None:
    """Two processes are given all of it in small batches at once: each message is stored and decided once."""
    chance = random.Random(20261121)
    envelopes = [office.envelope(STRANGE, who=who) for who in PEOPLE[:8] for office in offices[:1] * 5]
    copies = envelopes * 20
    chance.shuffle(copies)
    batches = [copies[at : at + 40] for at in range(0, len(copies), 40)]

    async def work(office: Office, mine: list[list[Inbound]]) -> None:
        for batch in mine:
            await office.take(*batch)

    one, other = offices
    await asyncio.gather(work(one, batches[::2]), work(other, batches[1::2]), work(one, batches[::-3]))
    found = await lines(one)
    assert {who: len(set(positions)) for who, positions in found.items()} == dict.fromkeys(PEOPLE[:8], 5)
    assert sum(map(len, found.values())) == len(envelopes)
    assert len(await one.rows("decisions", "seq")) == len(envelopes)
