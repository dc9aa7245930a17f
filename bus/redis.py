"""The live layer on Redis: what one process publishes, beats or takes, every process sees.

Nothing here is precious. While Redis is away each process goes on by itself in memory: fan-out reaches its
own listeners, limits count its own callers, and nobody is called dead. Commands that come while others are
on their way travel together as the next pipeline.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError

from bus.live import Rate
from bus.memory import MemoryLive

log = structlog.get_logger()
ANSWER_SECONDS: Final = 1.0
# While it is away it is tried this often, in seconds, and nobody waits for that.
AGAIN_AFTER: Final = 0.5
# A Redis that comes back may have forgotten who was alive; by then everyone has beaten again.
GRACE_SECONDS: Final = 60.0
# A connection that only listens is asked after so much silence whether it is still one.
_SILENCE_SECONDS = 5.0
_TOGETHER = 1000

# GCRA (ITU-T I.371): the key holds the theoretical arrival time in microseconds of Redis's own clock. ARGV:
# the interval and the tolerance, in microseconds. Returns the microseconds to wait.
_GCRA = """
local at = redis.call('TIME')
local now = at[1] * 1000000 + at[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
local wait = arrival - tonumber(ARGV[2]) - now
if wait > 0 then return math.ceil(wait) end
arrival = arrival + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return 0
"""


class _Away(Exception):
    """Redis did not answer."""


class RedisLive:
    """The production end of the live port. Open with `async with`; Redis may come later.

    `clock` gives seconds that never go back, from any zero.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "frontdesk:",
        clock: Callable[[], float] = time.monotonic,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._client: Redis = Redis.from_url(
            url,
            client_name="frontdesk",
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # Once more where the connection is gone, which may have been idle; silence is not tried again.
            retry=Retry(NoBackoff(), 1, (ConnectionError,)),
        )
        self._prefix, self._clock, self._grace = prefix, clock, grace
        self._memory = MemoryLive(clock)
        self._waiting: list[tuple[tuple[str | bytes | int, ...], asyncio.Future[Any]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._pubsub: PubSub | None = None
        self._topics: Counter[str] = Counter()
        self._heard_from: dict[str, asyncio.Event] = {}
        self._returning: asyncio.Task[None] | None = None
        self._doubt_until = float("-inf")

    async def __aenter__(self) -> "RedisLive":
        self._hearing = asyncio.create_task(self._hear(), name="live")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._hearing, self._returning):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._asking is not None:
            await asyncio.wait([self._asking])
        await self._client.aclose()

    @property
    def away(self) -> bool:
        """Whether this process goes on by itself at the moment."""
        return self._returning is not None

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Live`. While Redis is away, this process's listeners hear it."""
        try:
            await self._ask("PUBLISH", self._prefix + topic, payload)
        except _Away:
            await self._memory.publish(topic, payload)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `Live`. Goes on by itself when Redis comes back; what was published meanwhile is missed."""
        async with self._memory.subscribe(topic) as listener:
            await self._join(topic)
            try:
                yield listener
            finally:
                await self._leave(topic)

    def idle(self) -> bool:
        """See `Live`."""
        return not self._topics

    async def beat(self, key: str, seconds: float) -> None:
        """See `Live`."""
        with suppress(_Away):
            await self._ask("SET", f"{self._prefix}alive:{key}", b"", "PX", round(seconds * 1000))

    async def alive(self, key: str) -> bool:
        """See `Live`. While nobody can know, and for the grace after, everyone is."""
        try:
            return bool(await self._ask("EXISTS", f"{self._prefix}alive:{key}")) or self._in_doubt()
        except _Away:
            return True

    async def limit(self, key: str, rate: Rate) -> float:
        """See `Live`. While Redis is away, each process counts for itself."""
        interval = round(1_000_000 / rate.per_second)
        tolerance = (rate.burst - 1) * interval
        try:
            wait: int = await self._ask("EVAL", _GCRA, 1, f"{self._prefix}limit:{key}", interval, tolerance)
        except _Away:
            return await self._memory.limit(key, rate)
        return wait / 1_000_000

    # --- asking --------------------------------------------------------------------------------------

    async def _ask(self, *command: str | bytes | int) -> Any:
        if self.away:
            raise _Away
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                answers = await self._pipelined([command for command, _ in taken])
                for (_, answer), found in zip(taken, answers, strict=True):
                    if answer.done():
                        continue
                    if isinstance(found, Exception):
                        answer.set_exception(_Away())
                    else:
                        answer.set_result(found)
        finally:
            self._asking = None

    async def _pipelined(self, commands: list[tuple[str | bytes | int, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        try:
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            self._lost(error)
            return [error] * len(commands)
        if refused := next((answer for answer in answers if isinstance(answer, Exception)), None):
            # It runs and does not serve: it loads its data, is full, or may only be read.
            self._lost(refused)
        return answers

    def _lost(self, error: Exception) -> None:
        if not self.away:
            log.warning("Redis is away; each process goes on by itself", reason=str(error))
            self._returning = asyncio.create_task(self._return(), name="waiting for Redis")

    async def _return(self) -> None:
        served = False
        while not served:
            await asyncio.sleep(AGAIN_AFTER)
            with suppress(RedisError, OSError):
                served = bool(await self._client.set(f"{self._prefix}-", b"", px=1000))
        self._returning = None
        self._doubt_until = self._clock() + self._grace
        log.info("Redis is back")

    def _in_doubt(self) -> bool:
        return self._clock() < self._doubt_until

    # --- hearing -------------------------------------------------------------------------------------

    async def _join(self, topic: str) -> None:
        self._topics[topic] += 1
        heard_from = self._heard_from.setdefault(topic, asyncio.Event())
        if self._topics[topic] == 1 and self._pubsub is not None:
            with suppress(RedisError, OSError):
                await self._pubsub.subscribe(self._prefix + topic)
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self.away else ANSWER_SECONDS):
                await heard_from.wait()

    async def _leave(self, topic: str) -> None:
        self._topics[topic] -= 1
        if not self._topics[topic]:
            del self._topics[topic], self._heard_from[topic]
            if self._pubsub is not None:
                with suppress(RedisError, OSError):
                    await self._pubsub.unsubscribe(self._prefix + topic)

    async def _hear(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as pubsub:
                    # A topic that nobody publishes to: so the connection, and its loss, is there always.
                    await pubsub.subscribe(f"{self._prefix}-")
                    # From here on, whoever joins subscribes for itself.
                    self._pubsub = pubsub
                    if self._topics:
                        await pubsub.subscribe(*(self._prefix + topic for topic in self._topics))
                    await self._follow(pubsub)
            except (RedisError, OSError) as error:
                self._lost(error)
            finally:
                self._pubsub = None
                for event in self._heard_from.values():
                    event.clear()
            await asyncio.sleep(AGAIN_AFTER)

    async def _follow(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=_SILENCE_SECONDS)
            if message is None:
                if asked:
                    raise TimeoutError("no answer on the connection that listens")
                await pubsub.ping()
                asked = True
                continue
            asked = False
            topic = (message["channel"] or b"").decode().removeprefix(self._prefix)
            if message["type"] == "message":
                await self._memory.publish(topic, message["data"])
            elif message["type"] == "subscribe" and topic in self._heard_from:
                self._heard_from[topic].set()
