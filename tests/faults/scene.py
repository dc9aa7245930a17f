"""A desk of roles on servers under load, and whatever can go wrong with it: the stage of the experiments."""

import asyncio
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import aiohttp
import asyncpg
import redis.asyncio
from aiohttp import web

from tests.customer_system import CustomerSystem
from tests.eventually import eventually
from tests.roles import Fleet, RoleProcess, fleet_on
from tests.services.proxy import Proxy, proxied
from tests.services.servers import Servers

CUSTOMERS = 125
DUPLICATES = 0.03
FAILURES = 0.05
# Longer than a sender waits for an answer.
HANG_SECONDS = 20.0
# How often one may have to be started until it stays.
SUPERVISED = 20
ECHO = {
    "id": "echo",
    "name": "Echo",
    "stage": "respond",
    "on": True,
    "then": [{"reply": "{{ message.text }}"}],
}


class Unreliable(CustomerSystem):
    """A customer's system that fails, or lets wait, a share of what it is sent, each message once at most."""

    def __init__(self, chance: random.Random, hangs: float) -> None:
        super().__init__()
        self._chance, self._hangs = chance, hangs
        self._failed: set[str] = set()

    async def _callback(self, request: web.Request) -> web.Response:
        key = request.headers["webhook-id"]
        if key not in self._failed:
            drawn = self._chance.random()
            if drawn < FAILURES + self._hangs:
                self._failed.add(key)
                if drawn < self._hangs:
                    await asyncio.sleep(HANG_SECONDS)
                return web.Response(status=500)
        return await super()._callback(request)


class Scene:
    """A desk with an echo, and everything that may befall it. Each fault is over when its method returns."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        servers: Servers,
        broker: Proxy,
        database: Proxy,
        system: CustomerSystem,
        chance: random.Random,
    ) -> None:
        self._fleet, self._servers, self._broker, self._database = fleet, servers, broker, database
        self._system, self._chance = system, chance
        self._stopping: RoleProcess | None = None

    # --- the load ---------------------------------------------------------------------------------------

    async def withstands(
        self, messages: int, faults: Callable[["Scene"], Coroutine[Any, Any, None]], patience: float
    ) -> None:
        """Customers write while `faults` happen; in the end each message is stored and answered once.

        Both in the order of its conversation; what is answered twice has the same id.
        """
        supervisor = asyncio.create_task(self._supervise())
        try:
            await self._withstands(messages, faults, patience)
        finally:
            supervisor.cancel()

    async def _withstands(
        self, messages: int, faults: Callable[["Scene"], Coroutine[Any, Any, None]], patience: float
    ) -> None:
        each = messages // CUSTOMERS
        happening = asyncio.create_task(faults(self))
        await asyncio.gather(
            *(
                self._write(customer, each, random.Random(self._chance.random()))
                for customer in range(CUSTOMERS)
            )
        )
        await happening

        async def all_answered() -> bool:
            return len(set(self._system.webhook_ids)) >= each * CUSTOMERS

        await eventually(all_answered, seconds=patience)
        expected = {f"u-{one}": [f"{one}: {number}" for number in range(each)] for one in range(CUSTOMERS)}
        assert await stored(self._fleet.database) == expected
        assert answered(self._system) == expected

    async def _write(self, customer: int, count: int, chance: random.Random) -> None:
        for number in range(count):
            said = {"from": {"id": f"u-{customer}"}, "text": f"{customer}: {number}"}
            body = {"id": f"m-{customer}-{number}", **said}
            await self._until_taken(body)
            if chance.random() < DUPLICATES:
                await self._until_taken(body)

    async def _until_taken(self, body: dict[str, Any]) -> None:
        while True:
            try:
                status, _ = await self._system.post(body)
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.1)
                continue
            if status == 202:
                return
            assert status == 503

    # --- what happens to processes ----------------------------------------------------------------------

    def _one(self, role: str) -> RoleProcess:
        return self._chance.choice([one for one in self._fleet.processes if one.role == role])

    async def _supervise(self) -> None:
        """Start again what ends by itself: one that can't reach its database when it starts does."""
        while True:
            for one in self._fleet.processes:
                if one.ended and one is not self._stopping:
                    one.start()
            await asyncio.sleep(0.5)

    async def killed(self, role: str) -> None:
        """kill -9, and started again as a supervisor would."""
        chosen = self._one(role)
        chosen.kill9()
        chosen.start()

    async def told_to_stop(self, role: str) -> None:
        """SIGTERM under load: it ends by itself within 30 s, and well."""
        chosen = self._one(role)
        # One that is still starting has nothing in hand and just ends.
        await self._ready(chosen)
        self._stopping = chosen
        async with asyncio.timeout(32):
            assert await asyncio.to_thread(chosen.stop) == 0, chosen.errors[-2000:]
        chosen.start()
        self._stopping = None

    async def _ready(self, chosen: RoleProcess) -> None:
        # One that could not reach its database when it started has ended, and is started again.
        for _ in range(SUPERVISED):
            with suppress(AssertionError):
                return await asyncio.to_thread(chosen.wait_until_ready)
            await asyncio.sleep(1)
        await asyncio.to_thread(chosen.wait_until_ready)

    async def paused(self, role: str, seconds: float) -> None:
        """It stands still with its connections open, and goes on."""
        chosen = self._one(role)
        chosen.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        chosen.signal(signal.SIGCONT)

    # --- what happens to servers ------------------------------------------------------------------------

    async def broker_hangs(self, seconds: float) -> None:
        """Nothing passes the proxy in front of it."""
        self._broker.hang()
        await asyncio.sleep(seconds)
        self._broker.go_on()

    async def broker_is_away(self, seconds: float) -> None:
        """Killed, and started after so many seconds."""
        await asyncio.to_thread(self._servers.rabbitmq.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._servers.rabbitmq.start)

    async def database_is_away(self, seconds: float) -> None:
        """Killed, and started after so many seconds."""
        await asyncio.to_thread(self._servers.postgresql.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._servers.postgresql.start)

    async def database_hangs(self, seconds: float) -> None:
        """Nothing passes the proxy in front of it."""
        self._database.hang()
        await asyncio.sleep(seconds)
        self._database.go_on()

    async def backends_are_ended(self, times: int) -> None:
        """Every connection of the desk, again and again."""
        for _ in range(times):
            connection = await asyncpg.connect(self._fleet.database)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.close()
            await asyncio.sleep(self._chance.uniform(0.1, 1.0))

    async def cache_is_flushed(self) -> None:
        """Whatever was in Redis is gone."""
        async with redis.asyncio.from_url(self._servers.redis.url) as client:
            await client.flushall()

    async def cache_is_away(self, seconds: float) -> None:
        """Killed, and started after so many seconds, empty."""
        await asyncio.to_thread(self._servers.redis.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._servers.redis.start)


@asynccontextmanager
async def scene(
    servers: Servers, chance: random.Random, *roles: str, hangs: float = 0.0
) -> AsyncIterator[Scene]:
    """A desk of these roles, on servers of which each may go."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(proxied(servers.rabbitmq.new_vhost()))
        direct = servers.postgresql.new_database()
        database = await stack.enter_async_context(proxied(direct))
        given = {"amqp_url": broker.url, "partitions": 4}
        made = fleet_on(servers, database=direct, through=database.url, **given)
        # Its commands are waited for, and the proxy is this loop's.
        fleet = await asyncio.to_thread(stack.enter_context, made)
        stack.callback(_revive, servers)
        system = await stack.enter_async_context(Unreliable(chance, hangs))
        with _what_they_said(fleet):
            await asyncio.to_thread(fleet.start, *roles)
            await _set_up(fleet, system)
            yield Scene(
                fleet=fleet, servers=servers, broker=broker, database=database, system=system, chance=chance
            )


@contextmanager
def _what_they_said(fleet: Fleet) -> Iterator[None]:
    """A failure within the block carries the errors in the logs of all processes: those go with the desk."""
    try:
        yield
    except BaseException as failed:
        for one in fleet.processes:
            errors = [line for line in one.errors.splitlines() if '"level":"error"' in line]
            state = "ended" if one.ended else "runs"
            told = f"{one.role} on port {one.port} {state}, {len(errors)} errors"
            failed.add_note("\n".join([told, *errors[-5:], *one.errors.splitlines()[-1:]]))
        raise


def _revive(servers: Servers) -> None:
    for server in (servers.rabbitmq, servers.redis, servers.postgresql):
        server.revive()


async def _set_up(fleet: Fleet, system: CustomerSystem) -> None:
    """A webhook channel, and a rule that says back what was said."""
    gateway = next(one for one in fleet.processes if one.role == "gateway")
    token = (await asyncio.to_thread(fleet.run, "token", "create", "--name", "t", "--role", "admin")).strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(gateway.url, headers=headers) as api:
        body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
        async with api.post("/api/v1/channels", json=body) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        rules = {"publish": True, "note": "echo", "rules": [ECHO]}
        async with api.put("/api/v1/routing/rules", json=rules) as answer:
            assert answer.status == 200, await answer.text()
    system.connect(gateway.url, made["id"], made["secrets"]["secret"])


async def stored(database: str) -> dict[str, list[str]]:
    """What each customer said, in the order of the conversation."""
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT contact.address, message.text FROM messages message"
            " JOIN contact_points contact ON contact.id = message.contact_point_id"
            " WHERE message.author = 'customer' ORDER BY message.conversation_id, message.position"
        )
    finally:
        await connection.close()
    said: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        said[row["address"]].append(row["text"])
    return dict(said)


def answered(system: CustomerSystem) -> dict[str, list[str]]:
    """What each customer was told, in the order in which it first came; a repeated id comes to nothing."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    for key, one in zip(system.webhook_ids, system.received, strict=True):
        if key not in seen:
            seen.add(key)
            told[one["data"]["to"]["id"]].append(one["data"]["text"])
    return dict(told)
