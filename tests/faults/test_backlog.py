"""A receiver that takes one message a second while thousands wait for it: nobody else notices."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bus.envelope import Wake, encode
from bus.topology import OUTBOUND
from router.values import ContactPoint, Conversation, Customer
from storage import contacts, conversations, deliveries, messages, outbox
from storage.postgres import PostgresStore
from storage.sqlite import SqliteStore
from storage.store import Store, Tx
from tests.customer_system import CustomerSystem
from tests.desk import Desk, running_desk
from tests.faults.scene import ECHO
from tests.services.servers import Servers

FULL = os.environ.get("FRONTDESK_FAULTS") == "full"
WAITING = 50_000 if FULL else 2_000
ASKED = 1_000 if FULL else 100
AT_ONCE = 5
CHUNK = 1_000
# What the desk may need more than without the backlog: its hints are bounded, its rows stay where they are.
MORE_MB = 40.0
# A factor for what is shared (the database, the process), and a tick of a busy machine.
FACTOR, TICK = 3.0, 0.3


class Slow(CustomerSystem):
    """Takes one message after the other, a second each."""

    def __init__(self) -> None:
        super().__init__()
        self._one = asyncio.Lock()

    async def _callback(self, request: web.Request) -> web.Response:
        async with self._one:
            await asyncio.sleep(1)
            return await super()._callback(request)


class Quick(CustomerSystem):
    """Tells how long each answer took."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, asyncio.Event] = {}

    async def _callback(self, request: web.Request) -> web.Response:
        answer = await super()._callback(request)
        self._asked[self.received[-1]["data"]["text"]].set()
        return answer

    async def p99(self, name: str) -> float:
        """Ask so many times; returns the 99th percentile of the seconds to the answer."""
        took: list[float] = []

        async def customer(number: int) -> None:
            for turn in range(ASKED // AT_ONCE):
                text = f"{name} {number} {turn}"
                came = self._asked[text] = asyncio.Event()
                began = time.monotonic()
                body = {"id": text, "from": {"id": f"u-{number}"}, "text": text}
                assert (await self.post(body))[0] == 202
                await asyncio.wait_for(came.wait(), 60)
                took.append(time.monotonic() - began)

        await asyncio.gather(*(customer(number) for number in range(AT_ONCE)))
        return quantiles(took, n=100)[98]


def queued(tx: Tx, channel_id: str, first: int) -> None:
    """A chunk of messages that wait to be sent on a channel, each in a conversation of its own."""
    numbers = range(first, first + CHUNK)
    people = [Customer(id=f"cus_w{n}") for n in numbers]
    points = [
        ContactPoint(id=f"cp_w{n}", channel_id=channel_id, address=f"w-{n}", customer_id=f"cus_w{n}")
        for n in numbers
    ]
    contacts.add(tx, points, people)
    talks = [
        Conversation(
            id=f"cv_w{n}",
            channel_id=channel_id,
            contact_point_id=f"cp_w{n}",
            customer_id=f"cus_w{n}",
            thread="",
            position=1,
        )
        for n in numbers
    ]
    conversations.add(tx, talks)
    lines = [
        messages.Message(
            id=f"msg_w{n}",
            conversation_id=f"cv_w{n}",
            contact_point_id=f"cp_w{n}",
            position=1,
            author="bot",
            text=f"news {n}",
            created_at=tx.now,
        )
        for n in numbers
    ]
    messages.add(tx, lines)
    deliveries.queue(tx, [(f"msg_w{n}", channel_id, f"cv_w{n}", 1) for n in numbers])
    hints = [Wake(channel_id=channel_id, conversation_id=f"cv_w{n}") for n in numbers]
    outbox.put(tx, OUTBOUND, [encode(hint) for hint in hints])


async def connect(desk: Desk, *systems: CustomerSystem) -> list[str]:
    """A channel for each, and an echo; returns the channels' ids."""
    made = []
    async with aiohttp.ClientSession(desk.url, headers={"Authorization": f"Bearer {desk.token()}"}) as api:
        for system in systems:
            body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
            async with api.post("/api/v1/channels", json=body) as answer:
                channel: dict[str, Any] = await answer.json()
            system.connect(desk.url, channel["id"], channel["secrets"]["secret"])
            made.append(channel["id"])
        rules = {"publish": True, "note": "echo", "rules": [ECHO]}
        async with api.put("/api/v1/routing/rules", json=rules) as answer:
            assert answer.status == 200
    return made


def peak_mb(pid: int) -> float:
    """The most memory a process has had, of proc(5)."""
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


@asynccontextmanager
async def store_of(desk: Desk, database: str) -> AsyncIterator[Store]:
    """The desk's store, beside the desk."""
    clock = partial(datetime.now, UTC)
    async with (
        PostgresStore(database, clock) if database else SqliteStore(desk.data / "frontdesk.db", clock)
    ) as store:
        yield store


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
async def test_a_slow_receiver_with_thousands_waiting_slows_nobody_else(
    servers: Servers, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory stays bounded, and another channel's answers come as they did before."""
    database = servers.postgresql.new_database() if end == "postgresql" else ""
    given: dict[str, Any] = {"database_url": database} if database else {}
    with running_desk(hook_rate=100_000, **given) as desk:
        quick, slow = Quick(), Slow()
        async with quick, slow:
            _, waits = await connect(desk, quick, slow)
            # The first start also made the database, in memory that is not given back.
            await asyncio.to_thread(desk.restart)
            before = await quick.p99("before")
            had = peak_mb(desk.pid)
            async with store_of(desk, database) as store:
                for first in range(0, WAITING, CHUNK):
                    await store.write(partial(queued, channel_id=waits, first=first))
            await slow.said(1, seconds=60)
            began, taken = time.monotonic(), len(slow.received)
            meanwhile = await quick.p99("meanwhile")
            rate = (len(slow.received) - taken) / (time.monotonic() - began)
            more = peak_mb(desk.pid) - had
            with capsys.disabled():
                print(  # noqa: T201 - the experiment's record
                    f"\n{end}: {WAITING} waiting, p99 {before * 1000:.0f} -> {meanwhile * 1000:.0f} ms,"
                    f" {more:+.1f} MB on {had:.0f}, the slow one took {rate:.2f}/s"
                )
            assert more < MORE_MB
            assert meanwhile < FACTOR * before + TICK
            assert len(slow.received) < WAITING
