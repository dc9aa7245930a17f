"""The live layer on Redis beyond the port: several processes; a Redis that dies, hangs, comes back empty."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from bus.live import Rate
from bus.redis import ANSWER_SECONDS, GRACE_SECONDS, RedisLive
from tests.eventually import eventually
from tests.services.redis import Redis
from tests.services.servers import Servers

RATE = Rate(per_second=1.0, burst=1)


@pytest.fixture
def server(servers: Servers) -> Iterator[Redis]:
    """A server, which a test may end: it is started again."""
    yield servers.redis
    servers.redis.revive()


class Clock:
    """The true time and what was added to it."""

    def __init__(self) -> None:
        self.added = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.added


@asynccontextmanager
async def processes(server: Redis, count: int) -> AsyncIterator[list[RedisLive]]:
    """The live layers of several processes of one desk."""
    prefix = f"{secrets.token_hex(4)}:"
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(RedisLive(server.url, prefix=prefix)) for _ in range(count)]


async def answers(live: RedisLive) -> bool:
    """Whether Redis answers: nobody there has ever said that this key is alive."""
    return not await live.alive("nobody")


async def test_every_process_hears_and_counts(server: Redis) -> None:
    """What one publishes or beats the other sees, and a limit is one for both."""
    async with processes(server, 2) as (one, other):
        async with other.subscribe("contact:1") as listener:
            await one.publish("contact:1", b"news")
            assert await asyncio.wait_for(anext(listener), 10) == b"news"
        await one.beat("agent:1", 30)
        rate = Rate(per_second=0.01, burst=2)
        waits = [await live.limit("k", rate) for live in (one, other, one)]
    assert (waits[:2], waits[2] > 90) == ([0.0, 0.0], True)


async def test_thousands_at_once_are_counted_once_each(server: Redis) -> None:
    """Commands that travel together are still one each."""
    async with processes(server, 1) as (live,):
        waits = await asyncio.gather(*(live.limit("k", Rate(0.001, 700)) for _ in range(2500)))
    assert waits.count(0.0) == 700


async def test_nothing_is_left_in_redis_for_good(server: Redis) -> None:
    """Every key runs out by itself."""
    async with processes(server, 1) as (live,), redis.asyncio.Redis.from_url(server.url) as beside:
        await live.beat("agent:1", 30)
        await live.limit("k", Rate(1.0, 5))
        kept = [key async for key in beside.scan_iter(f"{live._prefix}*")]
        lives = [await beside.pttl(key) for key in kept]
    assert (len(kept), all(0 < left <= 30_000 for left in lives)) == (2, True)


async def test_without_redis_each_process_goes_on_by_itself(server: Redis) -> None:
    """Its own listeners hear, its own callers are limited, nobody is dead; the log says it once."""
    async with processes(server, 1) as (live,):
        assert await answers(live)
        with capture_logs() as logs:
            async with live.subscribe("a") as listener:
                await asyncio.to_thread(server.kill)
                await eventually(lambda: live.alive("nobody"))
                await live.publish("a", b"here")
                heard = await asyncio.wait_for(anext(listener), 10)
            async with live.subscribe("b") as late:
                await live.publish("b", b"too")
                heard += await asyncio.wait_for(anext(late), 10)
            await live.beat("agent:1", 30)
            waits = [await live.limit("k", Rate(0.01, 2)) for _ in range(3)]
            for _ in range(100):
                await live.publish("a", b"")
    assert heard == b"heretoo"
    assert (waits[:2], waits[2] > 90) == ([0.0, 0.0], True)
    assert [entry["event"] for entry in logs] == ["Redis is away; each process goes on by itself"]


async def test_listeners_go_on_when_redis_is_back(server: Redis) -> None:
    """They hear other processes again without being asked to."""
    async with processes(server, 2) as (one, other), other.subscribe("a") as listener:
        await asyncio.to_thread(server.kill)
        await eventually(lambda: one.alive("nobody"))
        await asyncio.to_thread(server.start)

        async def heard() -> bytes:
            await one.publish("a", b"again")
            try:
                return await asyncio.wait_for(anext(listener), 0.2)
            except TimeoutError:
                return b""

        assert await eventually(heard) == b"again"


async def test_a_redis_that_comes_back_empty_takes_nobody_offline(server: Redis) -> None:
    """After an outage everyone counts as alive until they had time to say so again."""
    clock = Clock()
    async with RedisLive(server.url, prefix=f"{secrets.token_hex(4)}:", clock=clock) as live:
        await live.beat("agent:1", 3600)
        assert await answers(live)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        with capture_logs() as logs:

            async def back() -> bool:
                await live.beat("agent:2", 3600)
                return any(entry["event"] == "Redis is back" for entry in logs)

            await eventually(back)
        within = [await live.alive("agent:1"), await live.alive("agent:2")]
        clock.added = GRACE_SECONDS
        after = [await live.alive("agent:1"), await live.alive("agent:2")]
    assert (within, after) == ([True, True], [False, True])


async def test_a_redis_that_hangs_holds_nobody_up(server: Redis) -> None:
    """Who asks when it begins waits for a moment; from then on nobody does, until it answers again."""
    async with processes(server, 1) as (live,):
        assert await answers(live)
        server.freeze()
        try:
            async with asyncio.timeout(ANSWER_SECONDS + 1):
                await asyncio.gather(*(live.limit(f"k{number}", RATE) for number in range(50)))
            async with asyncio.timeout(ANSWER_SECONDS):
                for number in range(500):
                    await live.limit(f"k{number}", RATE)
        finally:
            server.thaw()
        await eventually(lambda: answers_again(live))


async def answers_again(live: RedisLive) -> bool:
    """Whether it counts in Redis again: what is counted there, another client sees."""
    await live.beat("probe", 30)
    async with redis.asyncio.Redis.from_pool(live._client.connection_pool) as beside:
        return bool(await beside.exists(f"{live._prefix}alive:probe"))
