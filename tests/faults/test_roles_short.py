"""kill -9 of one role after another, under load: whatever was answered with 2xx is there once, in its order.

The full form, for make faults, is longer and draws its seed; a failure is reported with it.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from tests.customer_system import CustomerSystem
from tests.eventually import eventually
from tests.roles import Fleet, RoleProcess, fleet_on
from tests.services.servers import Servers

CUSTOMERS = 125
DUPLICATES = 0.03
FAILURES = 0.05
ECHO = {
    "id": "echo",
    "name": "Echo",
    "stage": "respond",
    "on": True,
    "then": [{"reply": "{{ message.text }}"}],
}


class Experiment(NamedTuple):
    """`pause`: seconds from one kill to the next, at least and at most; `patience`: for all to settle."""

    seed: int
    messages: int
    kills: int
    pause: tuple[float, float]
    patience: float


SHORT = Experiment(seed=20261121, messages=1000, kills=4, pause=(0.5, 2.0), patience=150)
FULL = Experiment(
    seed=random.SystemRandom().randrange(10**9), messages=10_000, kills=50, pause=(2.0, 8.0), patience=900
)


class Unreliable(CustomerSystem):
    """A customer's system that answers a share of what it is sent with 500, each message once at most."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._failed: set[str] = set()

    async def _callback(self, request: web.Request) -> web.Response:
        key = request.headers["webhook-id"]
        if key not in self._failed and self._chance.random() < FAILURES:
            self._failed.add(key)
            return web.Response(status=500)
        return await super()._callback(request)


@pytest.fixture
def fleet(servers: Servers) -> Iterator[Fleet]:
    """A desk on servers, of which nothing runs yet."""
    with fleet_on(servers, partitions=4) as made:
        yield made


@pytest.mark.parametrize(
    "experiment",
    [
        pytest.param(SHORT, id=f"short, seed {SHORT.seed}"),
        pytest.param(FULL, id=f"full, seed {FULL.seed}", marks=pytest.mark.faults),
    ],
)
async def test_no_kill_loses_doubles_or_disorders(fleet: Fleet, experiment: Experiment) -> None:
    """Each message is stored once and answered under one id, both in the order of its conversation."""
    chance = random.Random(experiment.seed)
    gateway, *others = fleet.start("gateway", "inbound", "inbound", "outbound", "relay")
    async with Unreliable(chance) as system:
        await set_up(fleet, gateway, system)
        killing = asyncio.create_task(kill(chance, [gateway, *others], experiment))
        each = experiment.messages // CUSTOMERS
        await asyncio.gather(
            *(write(system, customer, each, random.Random(chance.random())) for customer in range(CUSTOMERS))
        )
        await killing

        async def all_answered() -> bool:
            return len(set(system.webhook_ids)) >= experiment.messages

        await eventually(all_answered, seconds=experiment.patience)
        expected = {f"u-{one}": [f"{one}: {number}" for number in range(each)] for one in range(CUSTOMERS)}
        assert await stored(fleet.database) == expected
        assert answered(system) == expected


async def set_up(fleet: Fleet, gateway: RoleProcess, system: CustomerSystem) -> None:
    """A webhook channel, and a rule that says back what was said."""
    token = (await asyncio.to_thread(fleet.run, "token", "create", "--name", "t", "--role", "admin")).strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(gateway.url, headers=headers) as api:
        body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
        async with api.post("/api/v1/channels", json=body) as answer:
            made = await answer.json()
        rules = {"publish": True, "note": "echo", "rules": [ECHO]}
        async with api.put("/api/v1/routing/rules", json=rules) as answer:
            assert answer.status == 200, await answer.text()
    system.connect(gateway.url, made["id"], made["secrets"]["secret"])


async def kill(chance: random.Random, processes: list[RoleProcess], experiment: Experiment) -> None:
    """Kill one after another, the roles in a random order, and start each again as a supervisor would."""
    order: list[str] = []
    for _ in range(experiment.kills):
        await asyncio.sleep(chance.uniform(*experiment.pause))
        if not order:
            # The sender's claims wait a minute for their owner: its turn comes first.
            rest = ["gateway", "inbound", "relay"]
            chance.shuffle(rest)
            order = ["outbound", *rest]
        role = order.pop(0)
        chosen = chance.choice([one for one in processes if one.role == role])
        chosen.kill9()
        chosen.start()


async def write(system: CustomerSystem, customer: int, count: int, chance: random.Random) -> None:
    """What one customer writes, each once the one before was taken, some of it twice."""
    for number in range(count):
        body = {
            "id": f"m-{customer}-{number}",
            "from": {"id": f"u-{customer}"},
            "text": f"{customer}: {number}",
        }
        await until_taken(system, body)
        if chance.random() < DUPLICATES:
            await until_taken(system, body)


async def until_taken(system: CustomerSystem, body: dict[str, Any]) -> None:
    """Post until it is answered with 202; a gateway that is dead comes back."""
    while True:
        try:
            status, _ = await system.post(body)
        except (aiohttp.ClientError, ConnectionError):
            await asyncio.sleep(0.1)
            continue
        if status == 202:
            return
        assert status == 503


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
