"""kill -9 of the embedded desk: whatever was answered with 2xx is there, once."""

import asyncio
import random
from collections.abc import Awaitable

import aiohttp

from tests.customer_system import CustomerSystem
from tests.desk import running_desk
from tests.eventually import eventually

POSTS = 1_000
KILLS = 5
AT_ONCE = 20


async def test_every_message_that_was_accepted_before_a_kill_is_stored_once() -> None:
    """Killed five times amid 1,000 posts: reposts get their first ids, each text is there once."""
    chance = random.Random(1)
    with running_desk(hook_rate=100_000) as desk:
        headers = {"Authorization": f"Bearer {desk.token()}"}
        async with CustomerSystem() as shop, aiohttp.ClientSession(headers=headers) as api:
            body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": shop.callback_url}}
            async with api.post(f"{desk.url}/api/v1/channels", json=body) as answer:
                made = await answer.json()
            shop.connect(desk.url, made["id"], made["secrets"]["secret"])
            bodies: list[dict[str, object]] = [
                {"id": f"m-{n}", "from": {"id": f"u-{n % 40}"}, "text": f"text {n}"} for n in range(POSTS)
            ]
            accepted: dict[str, str] = {}
            kill_after = 0

            async def post(message: dict[str, object]) -> None:
                if len(accepted) >= kill_after:
                    desk.kill9()
                try:
                    status, answered = await shop.post(message)
                except (aiohttp.ClientError, ConnectionError):
                    return
                if status == 202:
                    accepted[str(message["id"])] = answered["id"]

            each = POSTS // KILLS
            for first in range(0, POSTS, each):
                part = bodies[first : first + each]
                kill_after = first + chance.randrange(each // 10, each * 9 // 10)
                await _at_once([post(message) for message in part])
                assert first < len(accepted) < first + each
                before = dict(accepted)
                kill_after = POSTS + 1
                desk.restart()
                await _at_once([post(message) for message in part])
                assert len(accepted) == first + each
                assert {key: accepted[key] for key in before} == before

            async def all_there() -> list[str]:
                found = await _texts(api, desk.url, made["id"])
                return found if len(found) >= POSTS else []

            texts = await eventually(all_there, seconds=60)
            assert sorted(texts) == sorted(str(message["text"]) for message in bodies)


async def _at_once(jobs: list[Awaitable[None]]) -> None:
    lanes = asyncio.Semaphore(AT_ONCE)

    async def run(job: Awaitable[None]) -> None:
        async with lanes:
            await job

    await asyncio.gather(*(run(job) for job in jobs))


async def _texts(api: aiohttp.ClientSession, url: str, channel: str) -> list[str]:
    """The customers' texts in all the channel's tickets."""
    async with api.get(f"{url}/api/v1/tickets", params={"channel": channel, "limit": 100}) as answer:
        tickets = (await answer.json())["data"]
    texts: list[str] = []
    for ticket in tickets:
        path = f"{url}/api/v1/conversations/{ticket['conversation_id']}/messages"
        async with api.get(path, params={"limit": 100}) as answer:
            lines = (await answer.json())["data"]
        texts += [line["text"] for line in lines if line["author"] == "customer"]
    return texts
