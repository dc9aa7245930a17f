"""The live port, at every end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bus.live import Rate
from tests.contract.ends import LIVE_ENDS, LiveEnd
from tests.services.servers import Servers


@pytest.fixture(params=LIVE_ENDS)
async def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[LiveEnd]:
    """Each end in turn, with nothing in it."""
    made: AbstractAsyncContextManager[LiveEnd] = request.param(tmp_path, servers)
    async with made as opened:
        yield opened


async def heard(listener: AsyncIterator[bytes], count: int) -> list[bytes]:
    """The next `count` payloads."""
    return [await asyncio.wait_for(anext(listener), 60) for _ in range(count)]


async def heard_until(listener: AsyncIterator[bytes], last: bytes) -> list[bytes]:
    """Every payload up to `last`."""
    payloads = [await anext(listener)]
    while payloads[-1] != last:
        payloads.append(await anext(listener))
    return payloads


async def test_everyone_who_listens_hears_it(end: LiveEnd) -> None:
    """A payload reaches each listener of its topic, in order, and nobody else."""
    live = end.live
    async with live.subscribe("a") as first, live.subscribe("a") as second, live.subscribe("b") as other:
        for payload in (b"1", b"2"):
            await live.publish("a", payload)
        await live.publish("b", b"3")
        assert [await heard(first, 2), await heard(second, 2), await heard(other, 1)] == [
            [b"1", b"2"],
            [b"1", b"2"],
            [b"3"],
        ]


async def test_a_listener_waits_for_what_is_next(end: LiveEnd) -> None:
    """A listener with nothing to hear waits until something is published."""
    async with end.live.subscribe("a") as listener:
        waiting = asyncio.ensure_future(heard(listener, 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await end.live.publish("a", b"now")
        assert await waiting == [b"now"]


async def test_nobody_hears_what_was_before(end: LiveEnd) -> None:
    """Nothing is kept for those who are away."""
    live = end.live
    await live.publish("a", b"before")
    async with live.subscribe("a"):
        pass
    await live.publish("a", b"between")
    async with live.subscribe("a") as listener:
        await live.publish("a", b"after")
        assert await heard(listener, 1) == [b"after"]


async def test_a_slow_listener_loses_the_oldest(end: LiveEnd) -> None:
    """Publishing never waits for a listener: one that keeps up gets all, a slow one the newest."""
    payloads = [b"%d" % number for number in range(5000)]
    async with end.live.subscribe("a") as slow, end.live.subscribe("a") as quick:
        hearing = asyncio.ensure_future(heard_until(quick, payloads[-1]))
        for payload in payloads:
            await end.live.publish("a", payload)
            await asyncio.sleep(0)
        assert await asyncio.wait_for(hearing, 60) == payloads
        first = (await heard(slow, 1))[0]
        kept = [first, *await heard(slow, len(payloads) - int(first) - 1)]
    assert kept == payloads[int(first) :]
    assert 0 < int(first) < len(payloads)


async def test_a_beat_keeps_a_key_alive_for_its_time(end: LiveEnd) -> None:
    """A key is alive from a beat until its seconds are over, and a new beat prolongs it."""
    live, states = end.live, []
    states.append(await live.alive("agent:1"))
    await live.beat("agent:1", 1.0)
    states.append(await live.alive("agent:1"))
    await end.pass_time(0.6)
    await live.beat("agent:1", 1.0)
    await end.pass_time(0.6)
    states.append(await live.alive("agent:1"))
    states.append(await live.alive("agent:2"))
    await end.pass_time(0.6)
    states.append(await live.alive("agent:1"))
    assert states == [False, True, True, False, False]


async def test_a_burst_is_granted_and_then_the_rate(end: LiveEnd) -> None:
    """`burst` at once are granted; after that one for each `1 / per_second`, and the wait says how long."""
    live, rate = end.live, Rate(per_second=2.0, burst=3)
    granted = [await live.limit("k", rate) for _ in range(3)]
    wait = await live.limit("k", rate)
    assert granted == [0.0, 0.0, 0.0]
    assert wait == pytest.approx(0.5, abs=0.1)
    await end.pass_time(wait)
    assert await live.limit("k", rate) == 0.0
    assert await live.limit("k", rate) > 0.0


async def test_what_was_refused_costs_nothing(end: LiveEnd) -> None:
    """Asking again and again does not push the next grant away, and other keys are not touched."""
    live, rate = end.live, Rate(per_second=2.0, burst=1)
    await live.limit("k", rate)
    refused = [await live.limit("k", rate) for _ in range(50)]
    assert max(refused) == pytest.approx(0.5, abs=0.1)
    assert await live.limit("other", rate) == 0.0
    await end.pass_time(0.51)
    assert await live.limit("k", rate) == 0.0
