"""Two processes that assign, on PostgreSQL: one is paused amid its claims, the other goes on."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from router.values import Agent, Ticket
from storage import agents, catalogue, tickets
from storage.postgres import PostgresStore
from storage.store import Tx
from tests.eventually import eventually
from tests.roles import Fleet, fleet_on
from tests.services.servers import Servers

TICKETS = 1000 if os.environ.get("FRONTDESK_FAULTS") == "full" else 200
AGENTS, ROOM = 21, TICKETS // 20


@pytest.fixture
def fleet(servers: Servers) -> Iterator[Fleet]:
    """A desk on servers, of which nothing runs yet."""
    with fleet_on(servers) as made:
        yield made


@pytest.fixture
async def store(fleet: Fleet) -> AsyncIterator[PostgresStore]:
    """Its store."""
    async with PostgresStore(fleet.database, lambda: datetime.now(UTC)) as opened:
        yield opened


def _furnish(tx: Tx) -> None:
    catalogue.add(tx, "queue", "rush", "Rush", {"offer_seconds": 0, "hold_seconds": 0, "default": True})
    for number in range(AGENTS):
        name = f"agt_{number:02}"
        given = Agent(id=name, name=name, email=f"{name}@example.org", presence="online", capacity=ROOM)
        agents.add(tx, given)
    made = [
        Ticket(
            id=f"tkt_{number:04}",
            number=number,
            conversation_id=f"cv_{number:04}",
            customer_id="cus_1",
            channel_id="",
            created_at=tx.now,
            updated_at=tx.now,
            waiting_since=tx.now,
            queue="rush",
        )
        for number in range(TICKETS)
    ]
    tickets.add(tx, made)
    tx.emit("ticket.created", ticket=made[0].id)


async def test_two_processes_give_each_ticket_once_and_nobody_too_much(
    fleet: Fleet, store: PostgresStore
) -> None:
    """The other takes over while the first still believes that it assigns; then the first wakes."""
    started = fleet.start("assign", "assign")
    await store.write(_furnish)

    async def given(at_least: int) -> bool:
        found = await store.read(lambda sql: sql.exec_driver_sql("SELECT count(*) FROM offers").scalar_one())
        return int(found) >= at_least

    await eventually(lambda: given(50), seconds=60)
    owner = await store.read(
        lambda sql: sql.exec_driver_sql("SELECT owner FROM leases WHERE name = 'assign'").scalar_one()
    )
    active = next(one for one in started if str(one.pid) in owner.split("-"))
    active.signal(signal.SIGSTOP)
    before = await store.read(lambda sql: sql.exec_driver_sql("SELECT count(*) FROM offers").scalar_one())
    # What the first has begun must not hold the other up: it ends, all of it at once.
    await eventually(lambda: given(int(before) + 1), seconds=60)
    active.signal(signal.SIGCONT)
    await eventually(lambda: given(TICKETS), seconds=120)
    lines = await store.read(
        lambda sql: sql.exec_driver_sql("SELECT ticket_id, agent_id, state FROM offers").all()
    )
    held = [line.agent_id for line in lines]
    assert sorted(line.ticket_id for line in lines) == [f"tkt_{number:04}" for number in range(TICKETS)]
    assert {line.state for line in lines} == {"accepted"}
    assert max(held.count(name) for name in set(held)) <= ROOM
