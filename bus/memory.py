"""The live layer in memory, for one process: fan-out, heartbeats, rate limits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bus.live import Rate

# What a listener may have waiting; beyond it the oldest is dropped.
BACKLOG = 1000
# Keys are swept of what has run out when their number has doubled since the last sweep, and passes this.
SWEEP = 1024


class _Listener:
    """One listener's queue. There are as many as sockets, most of them empty: hence no deque and no event."""

    __slots__ = ("_backlog", "_queue", "_waiter")

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._queue: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    def put(self, payload: bytes) -> None:
        if len(self._queue) == self._backlog:
            del self._queue[0]
        self._queue.append(payload)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> "_Listener":
        return self

    async def __anext__(self) -> bytes:
        while not self._queue:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._queue.pop(0)


class _Instants:
    """An instant for each key, forgotten once it has passed."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._sweep_at = SWEEP

    def get(self, key: str, default: float) -> float:
        return self._at.get(key, default)

    def set(self, key: str, instant: float, now: float) -> None:
        self._at[key] = instant
        if len(self._at) >= self._sweep_at:
            self._at = {key: instant for key, instant in self._at.items() if instant > now}
            self._sweep_at = max(SWEEP, 2 * len(self._at))

    def __len__(self) -> int:
        return len(self._at)


class MemoryLive:
    """The embedded end of the live port. `clock` gives seconds that never go back, from any zero."""

    def __init__(self, clock: Callable[[], float], *, backlog: int = BACKLOG) -> None:
        self._clock = clock
        self._backlog = backlog
        self._listeners: dict[str, list[_Listener]] = {}
        self._alive_until = _Instants()
        self._arrivals = _Instants()

    def __len__(self) -> int:
        """How many keys are held."""
        return len(self._alive_until) + len(self._arrivals)

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Live`."""
        for listener in self._listeners.get(topic, ()):
            listener.put(payload)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `Live`."""
        listener = _Listener(self._backlog)
        self._listeners.setdefault(topic, []).append(listener)
        try:
            yield listener
        finally:
            self._listeners[topic].remove(listener)
            if not self._listeners[topic]:
                del self._listeners[topic]

    def idle(self) -> bool:
        """See `Live`."""
        return not self._listeners

    async def beat(self, key: str, seconds: float) -> None:
        """See `Live`."""
        now = self._clock()
        self._alive_until.set(key, now + seconds, now)

    async def alive(self, key: str) -> bool:
        """See `Live`."""
        now = self._clock()
        return self._alive_until.get(key, now) > now

    async def limit(self, key: str, rate: Rate) -> float:
        """See `Live`. What is stored is GCRA's theoretical arrival time."""
        now = self._clock()
        interval = 1 / rate.per_second
        arrival = max(self._arrivals.get(key, now), now)
        wait = arrival - (rate.burst - 1) * interval - now
        if wait > 0:
            return wait
        self._arrivals.set(key, arrival + interval, now)
        return 0.0
