"""One run of the load against one subject, and what it came to."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench import load, mix
from tests.bench.load import LoadError
from tests.bench.subjects import Looker, Subject, cpu_seconds, looking

_LOOK_EVERY = 0.002
# A desk that is this far behind with what it has accepted is not measured any more.
_PATIENCE_S = 60


class Throughput(NamedTuple):
    """Messages a second from the first post until the last was stored and decided, and µs of CPU for each."""

    per_second: float
    cpu_us: float


class Latency(NamedTuple):
    """Milliseconds from when a post was due: until it was answered, until it was stored and decided."""

    answer_p50: float
    answer_p99: float
    stored_p50: float
    stored_p99: float


async def saturate(subject: Subject, posts: Sequence[mix.Post]) -> Throughput:
    """Post as fast as is answered."""
    requests = signed(subject, posts)
    with looking(subject) as looker:
        expected = looker.newest() + len(posts)
        cpu, start = cpu_seconds(subject.pid), time.perf_counter()
        await load.saturate(subject.address.port, requests)
        await _until(lambda: looker.newest() >= expected)
        took = time.perf_counter() - start
        await _until(lambda: not looker.left())
        cpu = cpu_seconds(subject.pid) - cpu
    return Throughput(len(posts) / took, cpu / len(posts) * 1e6)


async def pace(subject: Subject, posts: Sequence[mix.Post], rate: float) -> Latency:
    """Post at a fixed rate."""
    requests = signed(subject, posts)
    with looking(subject) as looker:
        before = looker.newest()
        watching = asyncio.create_task(_watch(looker, before + len(posts)))
        answered = await load.pace(subject.address.port, requests, rate)
        async with asyncio.timeout(_PATIENCE_S):
            seen = await watching
        numbers = looker.numbers(before)
    counts = [count for count, _ in seen]
    stored = [seen[bisect_left(counts, numbers[subject.id_of(post)])][1] for post in posts]
    answers = sorted(at - due for due, at in zip(answered.due, answered.at, strict=True))
    wholes = sorted(at - due for due, at in zip(answered.due, stored, strict=True))
    return Latency(*(_percentile(times, share) for times in (answers, wholes) for share in (0.5, 0.99)))


async def _watch(looker: Looker, expected: int) -> list[tuple[int, float]]:
    seen: list[tuple[int, float]] = []
    while not seen or seen[-1][0] < expected:
        count = looker.newest()
        if not seen or count != seen[-1][0]:
            seen.append((count, time.perf_counter()))
        await asyncio.sleep(_LOOK_EVERY)
    return seen


async def _until(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not reached():
        if time.monotonic() > until:
            raise LoadError("what was accepted was not stored")
        await asyncio.sleep(_LOOK_EVERY)


def signed(subject: Subject, posts: Sequence[mix.Post]) -> list[bytes]:
    """The requests that carry these posts now."""
    now = int(time.time())
    return [load.request(subject.address, post.id, post.body, now) for post in posts]


def _percentile(ordered: Sequence[float], share: float) -> float:
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]
