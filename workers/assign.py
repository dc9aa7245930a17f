"""The assign worker: offers waiting tickets to the agents who should have them, one transaction a claim."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog
from msgspec.structs import replace

from router.desk import Desk
from router.lifecycle import assign, move
from router.pull import Room
from router.pull import offers as choose
from router.values import Ticket
from storage import agents, exclusive, offers, tickets
from storage.offers import Offer
from storage.store import Store, StoreUnavailable, Tx
from workers import inbox
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
# Room and tickets that commits brought are looked at no more often than this, in seconds.
EVERY = 0.25
# An agent who let an offer lapse is offered nothing for this long.
COOL_DOWN = timedelta(seconds=180)


class AssignWorker:
    """Looks when something was committed and each second; `step` is one look."""

    def __init__(self, *, store: Store, setup: SetupLoader) -> None:
        self._store, self._setup = store, setup
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        self._store.on_commit(lambda _seq: self._news.set())
        while True:
            with suppress(StoreUnavailable):
                await self.step()
            await asyncio.sleep(EVERY)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 1.0)
            self._news.clear()

    async def step(self) -> int:
        """Offer what can be offered now; returns how many claims were made."""
        return await self._setup.write(_claim)


def _claim(tx: Tx, setup: Setup) -> int:
    if not exclusive.take(tx, "assign"):
        return 0
    rooms = _rooms(tx)
    waiting = tickets.waiting(tx.sql) if rooms else []
    claims = choose(setup.desk, rooms, waiting, tx.now) if waiting else ()
    tickets.lock_all(tx, [claim.ticket for claim in claims])
    for claim in claims:
        hold_out(tx, claim.ticket, claim.agent, claim.why, setup.desk)
    return len(claims)


def _rooms(tx: Tx) -> list[Room]:
    missed = {offer.agent_id for offer in offers.expired_since(tx.sql, tx.now - COOL_DOWN)}
    online = agents.online(tx.sql)
    held = tickets.held(tx.sql, [agent.id for agent, _ in online])
    for offer in offers.all_pending(tx.sql):
        held[offer.agent_id] = held.get(offer.agent_id, 0) + 1
    return [
        Room(agent=agent, held=held.get(agent.id, 0), idle_since=idle_since)
        for agent, idle_since in online
        if agent.id not in missed and held.get(agent.id, 0) < agent.capacity
    ]


def hold_out(tx: Tx, ticket_id: str, agent_id: str, why: str, desk: Desk) -> None:
    """Claim a queued ticket for an agent: offered, or where the queue says so assigned at once."""
    before = tickets.lock(tx, ticket_id)
    if before.status != "queued":
        return
    queue = desk.queues.get(before.queue)
    seconds = queue.offer_seconds if queue is not None else 0
    offers.make(tx, ticket_id, agent_id, why, seconds)
    agents.claimed(tx, agent_id)
    after = move(before, "offered", tx.now, desk) if seconds else assign(before, agent_id, tx.now, desk)
    inbox.save(tx, before, after)


def give_back(tx: Tx, offer: Offer, state: str, desk: Desk) -> Ticket:
    """An offer was declined or has expired: the ticket waits again, at its age; who declined is spared it."""
    before = tickets.lock(tx, offer.ticket_id)
    if not offers.end(tx, offer, state) or before.status != "offered":
        return before
    after = move(before, "queued", tx.now, desk)
    if state == "declined":
        after = replace(after, declined_by=(*after.declined_by, offer.agent_id))
    return inbox.save(tx, before, after)


def accept(tx: Tx, offer: Offer, desk: Desk) -> Ticket:
    """The agent takes what was offered."""
    before = tickets.lock(tx, offer.ticket_id)
    offers.end(tx, offer, "accepted")
    return inbox.save(tx, before, assign(before, offer.agent_id, tx.now, desk))
