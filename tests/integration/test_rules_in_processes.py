"""A published rule set in two worker processes: in force within a second, no batch decided by two."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator

import aiohttp
import asyncpg
import pytest

from tests.customer_system import CustomerSystem
from tests.eventually import eventually
from tests.integration.test_roles import open_shop, post
from tests.roles import Fleet, fleet_on
from tests.services.servers import Servers

# What is promised; the message itself takes a moment to come through a busy machine.
IN_FORCE_WITHIN = 1.0


@pytest.fixture
def fleet(servers: Servers) -> Iterator[Fleet]:
    """A desk on servers, of which nothing runs yet."""
    with fleet_on(servers, partitions=4) as made:
        yield made


async def test_publishing_takes_effect_in_every_worker(fleet: Fleet) -> None:
    """Messages flow meanwhile; what is posted a second later is decided by the new version everywhere."""
    gateway, *_ = fleet.start("gateway", "inbound", "inbound")
    token = (await asyncio.to_thread(fleet.run, "token", "create", "--name", "r", "--role", "admin")).strip()
    rows = await asyncpg.connect(fleet.database)
    headers = {"Authorization": f"Bearer {token}"}
    async with CustomerSystem() as system, aiohttp.ClientSession(gateway.url, headers=headers) as api:
        await open_shop(fleet, gateway, system)

        async def publish(tag: str) -> int:
            rules = [{"id": "mark", "stage": "enrich", "then": [{"tag": tag}]}]
            async with api.put("/api/v1/routing/rules", json={"rules": rules}) as answer:
                return int((await answer.json())["version"])

        await publish("one")
        flowing = asyncio.create_task(post(system, range(150)))
        await asyncio.sleep(0)
        second = await publish("two")
        published = time.monotonic()
        await flowing
        await asyncio.sleep(max(0.0, IN_FORCE_WITHIN - (time.monotonic() - published)))
        await post(system, range(150, 200))

        async def decided() -> bool:
            return bool(await rows.fetchval("SELECT count(*) >= 200 FROM decisions"))

        await eventually(decided, seconds=30)
    made = await rows.fetch(
        "SELECT d.rules_version, d.created_at, m.text FROM decisions d JOIN messages m ON m.id = d.message_id"
    )
    await rows.close()
    late = {row["rules_version"] for row in made if int(row["text"].split()[1]) >= 150}
    batches = defaultdict(set)
    for row in made:
        batches[row["created_at"]].add(row["rules_version"])
    assert late == {second}
    assert {len(versions) for versions in batches.values()} == {1}
