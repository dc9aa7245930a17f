"""Straw men S1 and S3 on RabbitMQ and PostgreSQL: a webhook's way with nothing but its bones.

A signed webhook, checked → a confirmed publish → 202; consumed → dedupe, customer, conversation, message rows
→ a confirmed publish for what goes out → ack. S1 does it as most services do: aio-pika, a transaction a
message. S3 as fast as Python can: a client by hand, a transaction for all that has come, few statements.

    python -m tests.bench.strawman_servers s1|s3 gateway|worker DATABASE BROKER PORT KEY
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from itertools import count

import aio_pika
import asyncpg
import orjson
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from aiohttp import web

from tests.bench.amqp_by_hand import connect
from tests.bench.strawman_e1 import Refused, check, message_id

IN, OUT = "straw.in", "straw.out"
# What S1 works on at once, with a connection each.
AT_ONCE = 10
PREFETCH = 1000
BATCH = 500
SCHEMA = """
CREATE TABLE dedupe (id text PRIMARY KEY);
CREATE TABLE customers (seq bigserial PRIMARY KEY, address text NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE conversations (seq bigserial PRIMARY KEY, customer bigint NOT NULL UNIQUE,
    position int NOT NULL);
CREATE TABLE messages (seq bigserial PRIMARY KEY, message_id text NOT NULL, conversation bigint NOT NULL,
    position int NOT NULL, text text NOT NULL, raw bytea NOT NULL);
"""
_DEDUPE = "INSERT INTO dedupe SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id"
_CUSTOMERS = """
INSERT INTO customers (address, name) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (address) DO UPDATE SET name = excluded.name RETURNING address, seq
"""
_CONVERSATIONS = """
INSERT INTO conversations (customer, position) SELECT * FROM unnest($1::bigint[], $2::int[])
ON CONFLICT (customer) DO UPDATE SET position = conversations.position + excluded.position
RETURNING customer, seq, position
"""
_MESSAGES = """
INSERT INTO messages (message_id, conversation, position, text, raw)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[], $5::bytea[])
"""
Publish = Callable[[bytes], Awaitable[object]]


async def serve(publish: Publish, port: int, key: bytes) -> None:
    """Take webhooks until cancelled."""

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            check(key, request.headers, body)
        except (Refused, KeyError, ValueError):
            return web.Response(status=401)
        await publish(body)
        answer = b'{"id":"%b"}' % message_id(body).encode()
        return web.Response(status=202, body=answer, content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/hooks/straw", hook)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


# --- S1 ----------------------------------------------------------------------------------------------


async def s1_gateway(_database: str, broker: str, port: int, key: bytes) -> None:
    """Each webhook a confirmed publish."""
    connection = await aio_pika.connect_robust(broker)
    channel = await connection.channel()
    exchange = channel.default_exchange
    numbers = count()

    async def publish(body: bytes) -> None:
        name = f"{next(numbers):x}"
        message = aio_pika.Message(body, message_id=name, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(message, routing_key=IN)

    await serve(publish, port, key)


async def s1_worker(database: str, broker: str, _port: int, _key: bytes) -> None:
    """Each message a transaction, a confirmed publish and an ack."""
    pool = await asyncpg.create_pool(database, min_size=AT_ONCE, max_size=AT_ONCE)
    connection = await aio_pika.connect_robust(broker)
    channel = await connection.channel()
    await channel.set_qos(AT_ONCE)
    queue = await channel.get_queue(IN)

    async def handle(message: AbstractIncomingMessage) -> None:
        id_ = message_id(message.body)
        async with pool.acquire() as sql, sql.transaction():
            await _one(sql, id_, message.body)
        out = aio_pika.Message(id_.encode(), message_id=id_, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(out, routing_key=OUT)
        await message.ack()

    await queue.consume(handle)
    await asyncio.Event().wait()


async def _one(sql: "asyncpg.Connection", id_: str, body: bytes) -> None:
    if not await sql.fetch(_DEDUPE, [id_]):
        return
    event = orjson.loads(body)
    sender = event["from"]
    ((_, customer),) = await sql.fetch(_CUSTOMERS, [sender["id"]], [sender.get("name", "")])
    ((_, conversation, position),) = await sql.fetch(_CONVERSATIONS, [customer], [1])
    await sql.execute(_MESSAGES, [id_], [conversation], [position], [event["text"]], [body])


# --- S3 ----------------------------------------------------------------------------------------------


async def s3_gateway(_database: str, broker: str, port: int, key: bytes) -> None:
    """What comes within a tick leaves in one write."""
    client = await connect(broker)
    await serve(lambda body: client.publish(IN, body), port, key)


async def s3_worker(database: str, broker: str, _port: int, _key: bytes) -> None:
    """What has come is one transaction."""
    sql = await asyncpg.connect(database)
    client = await connect(broker)
    await client.consume(IN, PREFETCH)
    while True:
        client.news.clear()
        if not client.delivered:
            await client.news.wait()
        batch = [client.delivered.popleft() for _ in range(min(BATCH, len(client.delivered)))]
        ids = {message_id(one.body): one.body for one in batch}
        async with sql.transaction():
            await _many(sql, ids)
        await asyncio.gather(*(client.publish(OUT, id_.encode()) for id_ in ids))
        client.ack(batch[-1].tag)


async def _many(sql: "asyncpg.Connection", bodies: dict[str, bytes]) -> None:
    new = {row[0] for row in await sql.fetch(_DEDUPE, list(bodies))}
    events = {id_: orjson.loads(body) for id_, body in bodies.items() if id_ in new}
    names = {event["from"]["id"]: event["from"].get("name", "") for event in events.values()}
    customers = dict(await sql.fetch(_CUSTOMERS, list(names), list(names.values())))
    counts = dict.fromkeys(names, 0)
    for event in events.values():
        counts[event["from"]["id"]] += 1
    found = await sql.fetch(_CONVERSATIONS, [customers[one] for one in names], [counts[one] for one in names])
    at = {customer: (seq, position) for customer, seq, position in found}
    rows = []
    for id_, event in events.items():
        address = event["from"]["id"]
        conversation, last = at[customers[address]]
        counts[address] -= 1
        rows.append((id_, conversation, last - counts[address], event["text"], bodies[id_]))
    if rows:
        await sql.execute(_MESSAGES, *map(list, zip(*rows, strict=True)))


PARTS = {
    ("s1", "gateway"): s1_gateway,
    ("s1", "worker"): s1_worker,
    ("s3", "gateway"): s3_gateway,
    ("s3", "worker"): s3_worker,
}

if __name__ == "__main__":
    name, part, database, broker, port, key = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(PARTS[name, part](database, broker, int(port), bytes.fromhex(key)))
