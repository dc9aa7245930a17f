"""Roles as processes, on real servers: lanes are shared, and move when an owner dies or joins."""

import asyncio
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from tests.customer_system import CustomerSystem
from tests.desk import FRONTDESK, environment
from tests.eventually import eventually
from tests.roles import Fleet, RoleProcess, fleet_on
from tests.services.servers import Servers

# What is promised is 5 s; a machine that is busy with other tests takes its time.
MOVED_WITHIN = 15.0
LANES = 4


@pytest.fixture
def fleet(servers: Servers) -> Iterator[Fleet]:
    """A desk on servers, of which nothing runs yet."""
    with fleet_on(servers, partitions=LANES) as made:
        yield made


@pytest.fixture
async def rows(fleet: Fleet) -> AsyncIterator[asyncpg.Connection]:
    """The desk's database."""
    connection = await asyncpg.connect(fleet.database)
    yield connection
    await connection.close()


async def shares(rows: asyncpg.Connection) -> dict[int, int]:
    """How many lanes each live process has, by its id."""
    found = await rows.fetch(
        "SELECT lane.owner FROM leases lane JOIN leases process ON process.name = 'inbound/' || lane.owner"
        " WHERE lane.name LIKE 'inbound.%' AND process.expires_at > clock_timestamp()"
    )
    return dict(Counter(int(row["owner"].split("-")[-2]) for row in found))


async def shared(rows: asyncpg.Connection, expected: dict[int, int]) -> float:
    """Wait until the lanes are shared like this; returns the seconds it took."""
    started = time.monotonic()

    async def look() -> bool:
        return await shares(rows) == expected

    await eventually(look, seconds=MOVED_WITHIN)
    return time.monotonic() - started


async def customers(rows: asyncpg.Connection) -> list[str]:
    """What customers said, as it was stored."""
    found = await rows.fetch("SELECT text FROM messages WHERE author = 'customer' ORDER BY created_at, id")
    return [row["text"] for row in found]


async def all_stored(rows: asyncpg.Connection, sent: list[str]) -> None:
    """Wait until everything is there, and see that it is there once."""

    async def look() -> bool:
        return len(await customers(rows)) >= len(sent)

    await eventually(look, seconds=30)
    assert sorted(await customers(rows)) == sorted(sent)


async def open_shop(fleet: Fleet, gateway: RoleProcess, system: CustomerSystem) -> None:
    """Connect a customer's system by a webhook channel."""
    token = (await asyncio.to_thread(fleet.run, "token", "create", "--name", "t", "--role", "admin")).strip()
    body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
    async with (
        aiohttp.ClientSession(gateway.url, headers={"Authorization": f"Bearer {token}"}) as api,
        api.post("/api/v1/channels", json=body) as answer,
    ):
        made = await answer.json()
    system.connect(gateway.url, made["id"], made["secrets"]["secret"])


async def post(system: CustomerSystem, numbers: range) -> list[str]:
    """Messages of sixteen customers; returns their texts."""
    for number in numbers:
        status, _ = await system.post(
            {"id": f"m-{number}", "from": {"id": f"u-{number % 16}"}, "text": f"text {number}"}
        )
        assert status == 202
    return [f"text {number}" for number in numbers]


async def test_lanes_move_when_a_process_joins_or_dies(fleet: Fleet, rows: asyncpg.Connection) -> None:
    """Two share evenly; a killed one's part goes to the other; a third gets its own. No message is lost."""
    gateway, first, second = fleet.start("gateway", "inbound", "inbound")
    await shared(rows, {first.pid: 2, second.pid: 2})
    async with CustomerSystem() as system:
        await open_shop(fleet, gateway, system)
        sent = await post(system, range(40))
        first.kill9()
        posting = asyncio.create_task(post(system, range(40, 120)))
        await shared(rows, {second.pid: 4})
        sent += await posting
        (third,) = await asyncio.to_thread(fleet.start, "inbound")
        posting = asyncio.create_task(post(system, range(120, 160)))
        await shared(rows, {second.pid: 2, third.pid: 2})
        sent += await posting
        await all_stored(rows, sent)


async def test_an_owner_that_was_paused_stores_nothing_with_its_old_epoch(
    fleet: Fleet, rows: asyncpg.Connection
) -> None:
    """Its lanes are another's when it wakes; it gives up what it had in hand, and takes its share anew."""
    gateway, first = fleet.start("gateway", "inbound")
    await shared(rows, {first.pid: LANES})
    async with CustomerSystem() as system:
        await open_shop(fleet, gateway, system)
        sent = await post(system, range(8))
        await all_stored(rows, sent)
        first.signal(signal.SIGSTOP)
        (second,) = await asyncio.to_thread(fleet.start, "inbound")
        await shared(rows, {second.pid: LANES})
        sent += await post(system, range(8, 48))
        first.signal(signal.SIGCONT)
        await shared(rows, {first.pid: 2, second.pid: 2})
        await all_stored(rows, sent)
        epochs = await rows.fetch("SELECT epoch FROM leases WHERE name LIKE 'inbound.%' ORDER BY epoch")
        assert [row["epoch"] for row in epochs] == [2, 2, 3, 3]


async def test_a_process_that_is_told_to_stop_gives_its_lanes_back(
    fleet: Fleet, rows: asyncpg.Connection
) -> None:
    """It ends by itself with status 0, and the other has them without waiting for a lease."""
    first, second = fleet.start("inbound", "inbound")
    await shared(rows, {first.pid: 2, second.pid: 2})
    assert await asyncio.to_thread(first.stop) == 0
    assert await shared(rows, {second.pid: LANES}) < 2.0


async def test_each_role_runs_alone_and_together_they_answer(fleet: Fleet) -> None:
    """A message is answered to the customer; workers serve what operators ask and nothing else; all stop."""
    started = fleet.start("gateway", "inbound", "outbound", "poll", "relay", "assign", "clock")
    async with CustomerSystem() as system, aiohttp.ClientSession() as client:
        await open_shop(fleet, started[0], system)
        await post(system, range(1))
        (said,) = await system.said(1)
        assert (said["author"], said["to"]) == ("system", {"id": "u-0"})
        for worker in started[1:]:
            found: dict[str, Any] = {}
            for path in ("/livez", "/readyz", "/metrics", "/api/v1/tickets", "/"):
                async with client.get(worker.url + path) as answer:
                    found[path] = answer.status
            assert found == {"/livez": 200, "/readyz": 200, "/metrics": 200, "/api/v1/tickets": 404, "/": 404}
    for one in started:
        one.signal(signal.SIGTERM)
    assert [await asyncio.to_thread(one.wait) for one in started] == [0] * 7


async def test_a_second_signal_ends_it_at_once(fleet: Fleet, rows: asyncpg.Connection) -> None:
    """Told once, it is not ready any more and finishes what it has in hand; told twice, it goes."""
    gateway, worker = fleet.start("gateway", "inbound")
    await shared(rows, {worker.pid: LANES})
    async with CustomerSystem() as system, aiohttp.ClientSession() as client:
        await open_shop(fleet, gateway, system)
        other = await asyncpg.connect(fleet.database)
        async with other.transaction():
            await other.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
            sent = await post(system, range(1))

            async def in_hand() -> bool:
                return bool(await rows.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await eventually(in_hand)
            worker.signal(signal.SIGTERM)

            async def stopping() -> bool:
                async with client.get(f"{worker.url}/readyz") as answer:
                    checks = (await answer.json())["checks"]
                    return (answer.status, checks.get("stopping")) == (503, "it was told to stop")

            await eventually(stopping)
            worker.signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait) == -signal.SIGTERM
        await other.close()
        (next_one,) = await asyncio.to_thread(fleet.start, "inbound")
        await shared(rows, {next_one.pid: LANES})
        await all_stored(rows, sent)


def test_there_are_no_other_roles(tmp_path: Path) -> None:
    """One that there never was is wrong usage."""
    done = subprocess.run(
        [str(FRONTDESK), "worker", "--role", "postman"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is none of gateway," in " ".join(done.stderr.split())
