"""The whole desk on PostgreSQL, RabbitMQ, Redis and an S3-compatible store."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.customer_system import CustomerSystem
from tests.desk import Desk, running_desk
from tests.eventually import eventually
from tests.services.servers import Servers


@pytest.fixture
def desk(servers: Servers) -> Iterator[Desk]:
    """A desk with no embedded part."""
    with running_desk(
        database_url=servers.postgresql.new_database(),
        amqp_url=servers.rabbitmq.new_vhost(),
        redis_url=servers.redis.url,
        blobs_url=servers.s3.new_bucket("whole-desk"),
        hook_rate=100_000,
    ) as running:
        yield running
    servers.rabbitmq.revive()


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    """An administrator's client."""
    headers = {"Authorization": f"Bearer {desk.token()}"}
    async with aiohttp.ClientSession(desk.url, headers=headers) as session:
        yield session


@pytest.fixture
async def shop(desk: Desk, api: aiohttp.ClientSession) -> AsyncIterator[CustomerSystem]:
    """A customer's system, connected by a webhook channel."""
    async with CustomerSystem() as system:
        body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
        async with api.post("/api/v1/channels", json=body) as answer:
            made = await answer.json()
        system.connect(desk.url, made["id"], made["secrets"]["secret"])
        yield system


async def texts(api: aiohttp.ClientSession) -> list[str]:
    """What customers wrote, of every ticket."""
    async with api.get("/api/v1/tickets", params={"limit": 100}) as answer:
        tickets = (await answer.json())["data"]
    found: list[str] = []
    for ticket in tickets:
        async with api.get(f"/api/v1/conversations/{ticket['conversation_id']}/messages") as answer:
            lines = (await answer.json())["data"]
        found += [line["text"] for line in lines if line["author"] == "customer"]
    return found


async def test_a_message_goes_all_the_way_and_no_file_is_kept(
    servers: Servers, desk: Desk, api: aiohttp.ClientSession, shop: CustomerSystem
) -> None:
    """Taken, stored and shown; what is too large for the bus is in the bucket; only the key is on disk."""
    long = "Where is my parcel? " * 5000
    for number, text in enumerate(("hello", long)):
        status, _ = await shop.post({"id": f"m-{number}", "from": {"id": f"u-{number}"}, "text": text})
        assert status == 202

    async def both() -> bool:
        return len(await texts(api)) == 2

    await eventually(both)
    assert set(await texts(api)) == {"hello", long}
    assert servers.s3.ask("GET", "whole-desk?list-type=2").count(b"<Contents>") == 1
    assert [path.name for path in desk.data.rglob("*") if path.is_file()] == ["secret.key"]


def test_doctor_looks_at_every_server(desk: Desk) -> None:
    """Each is asked, and named in what is found."""
    found = json.loads(desk.run("doctor", "--json"))
    told = {one["check"]: (one["ok"], one["found"]) for one in found}
    assert told["bus"] == (True, "RabbitMQ, 0 messages wait in 5 lanes")
    assert told["live"] == (True, "Redis answers")
    assert told["blobs"] == (True, "the bucket can be written")


async def test_while_the_broker_is_away_messages_are_spooled(
    servers: Servers, desk: Desk, api: aiohttp.ClientSession, shop: CustomerSystem
) -> None:
    """Hooks answer 202 and the desk is ready, also through a kill -9; with the broker each arrives once."""
    # Queues that were made just now would not survive: see tests/integration/test_rabbitmq.py.
    await asyncio.sleep(2)
    await asyncio.to_thread(servers.rabbitmq.kill)
    said = [f"still there? {number}" for number in range(6)]
    messages = [{"id": f"m-{n}", "from": {"id": "u-1"}, "text": text} for n, text in enumerate(said)]
    assert [(await shop.post(message))[0] for message in messages[:3]] == [202] * 3
    desk.kill9()
    await asyncio.to_thread(desk.restart)
    async with api.get("/readyz") as answer:
        assert (await answer.json())["checks"]["bus"] == "ok"
    assert [(await shop.post(message))[0] for message in messages[2:5]] == [202] * 3
    await asyncio.to_thread(servers.rabbitmq.start)
    assert (await shop.post(messages[5]))[0] == 202

    async def all_there() -> bool:
        return len(await texts(api)) == len(said)

    await eventually(all_there)
    assert await texts(api) == said
    assert {path.name for path in desk.data.rglob("*") if path.is_file()} == {"secret.key", "owner"}
