"""The embedded bus: lanes in a journal that shares the store's database and commits.

What is published within one tick of the event loop goes to the journal together. A lane's reader is fed from
memory as long as it keeps up; what it can't hold is read from the journal again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol

from bus.port import BusError, BusUnavailable, Delivery

# What a lane's reader may have waiting in memory; beyond it, the journal keeps it.
TAIL_COUNT = 2000
TAIL_BYTES = 2 * 1024 * 1024
# A batch is at most this long, so no more can have been in a reader's hands when its process died.
IN_HAND = 500
# A batch read from the journal stops at the message that brings it to this many bytes.
BATCH_BYTES = 4 * 1024 * 1024


class Journal(Protocol):
    """Where the lanes are kept; tags are numbered over all lanes and grow in the order of commits."""

    @property
    def alone(self) -> bool:
        """Whether no other process reads its lanes."""
        ...

    def apply(self, entries: Sequence[tuple[str, bytes]], acks: Mapping[str, int]) -> "asyncio.Future[int]":
        """Forget each lane's messages up to its ack, then append (lane, body) pairs, in one commit.

        Gives the last tag, the entries having consecutive ones; fails when nothing of it was kept.
        """
        ...

    async def after(self, lane: str, tag: int, limit: int, size: int) -> list[tuple[int, bytes]]:
        """The (tag, body) pairs of a lane after `tag`, ascending: at most `limit`, about `size` bytes."""
        ...

    async def last(self) -> int:
        """The last tag that was given."""
        ...

    async def depth(self, lane: str) -> int:
        """How many messages a lane holds."""
        ...

    def on_foreign_append(self, watcher: Callable[[], None]) -> None:
        """Call `watcher()` when another process may have appended."""
        ...


class _Lane:
    """What is known of a lane: `behind` when the journal holds more after `cursor` than the tail does."""

    __slots__ = (
        "acked",
        "behind",
        "cursor",
        "flagged",
        "handed",
        "left",
        "read",
        "size",
        "tail",
        "touched",
        "waiter",
    )

    def __init__(self) -> None:
        self.tail: deque[tuple[int, bytes]] = deque()
        self.size = 0
        self.cursor = 0
        self.acked = 0
        self.handed = 0
        self.flagged = 0
        self.left = 0
        self.behind = True
        self.touched = False
        self.read = False
        self.waiter: asyncio.Future[None] | None = None

    def feed(self, tag: int, body: bytes) -> None:
        """Take note of a message that was just committed."""
        if self.behind:
            self.touched = True
        elif len(self.tail) >= TAIL_COUNT or self.size + len(body) > TAIL_BYTES:
            self.behind = self.touched = True
        else:
            self.tail.append((tag, body))
            self.size += len(body)
        self.wake()

    def rewind(self, tag: int) -> None:
        """Go on from the journal, after `tag`."""
        self.tail.clear()
        self.size = 0
        self.cursor = tag
        self.behind = self.touched = True
        self.wake()

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class EmbeddedBus:
    """The embedded end of the bus port. Open with `async with`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lanes: dict[str, _Lane] = {}
        self._entries: list[tuple[str, bytes]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._acks: dict[str, int] = {}
        self._scheduled = False
        self._flights: set[asyncio.Future[int]] = set()
        self._last = 0
        self._left_at_open = 0
        self._open = False

    async def __aenter__(self) -> "EmbeddedBus":
        self._loop = asyncio.get_running_loop()
        self._last = self._left_at_open = await self._journal.last()
        self._journal.on_foreign_append(self._look_again)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await self._flushed()

    # --- publishing ----------------------------------------------------------------------------------

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`. A caller that is cancelled does not take the messages back."""
        if not self._open:
            raise BusUnavailable("the bus is closed")
        if not bodies:
            return
        for body in bodies:
            self._entries.append((lane, body))
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(done)
        self._schedule()
        await done

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if not self._entries and not self._acks:
            return
        entries, waiting, acks = self._entries, self._waiting, self._acks
        self._entries, self._waiting, self._acks = [], [], {}
        try:
            flight = self._journal.apply(entries, acks)
        except BusUnavailable as error:
            self._failed(waiting, acks, error)
            return
        self._flights.add(flight)
        flight.add_done_callback(lambda flight: self._landed(flight, entries, waiting, acks))

    def _landed(
        self,
        flight: "asyncio.Future[int]",
        entries: list[tuple[str, bytes]],
        waiting: list["asyncio.Future[None]"],
        acks: dict[str, int],
    ) -> None:
        self._flights.discard(flight)
        if (error := flight.exception()) is not None:
            self._failed(waiting, acks, error)
            return
        if not entries:
            return
        first = flight.result() - len(entries) + 1
        if first != self._last + 1:
            # Another process has appended in between: what it wrote is in the journal only.
            self._look_again()
        self._last = flight.result()
        for tag, (name, body) in enumerate(entries, first):
            if (lane := self._lanes.get(name)) is not None and lane.read:
                lane.feed(tag, body)
        for done in waiting:
            if not done.done():
                done.set_result(None)

    def _failed(
        self, waiting: list["asyncio.Future[None]"], acks: dict[str, int], error: BaseException
    ) -> None:
        # Acks are not lost: they go with the next flush, and until then the lane's `acked` stands for them.
        for name, tag in acks.items():
            self._acks[name] = max(tag, self._acks.get(name, 0))
        for done in waiting:
            if not done.done():
                failure = BusUnavailable(str(error))
                failure.__cause__ = error
                done.set_exception(failure)

    def _look_again(self) -> None:
        for lane in self._lanes.values():
            if lane.read:
                lane.rewind(lane.cursor)

    async def _flushed(self) -> None:
        """Wait for what has been handed in so far, and not for what comes meanwhile."""
        self._flush()
        if self._flights:
            await asyncio.wait(set(self._flights))

    # --- reading -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(self, lane: str) -> AsyncIterator["_Reader"]:
        """See `Bus`; raises `BusError` when the lane has a reader already."""
        state = self._lanes.setdefault(lane, _Lane())
        if state.read:
            raise BusError(f"lane {lane} has a reader already")
        state.read = True
        state.left = self._left_at_open
        try:
            if not self._journal.alone:
                # Whoever read the lane until now may have died of any of these.
                state.left, state.flagged = await self._journal.last(), 0
            state.rewind(state.acked)
            yield _Reader(self, lane, state)
        finally:
            state.read = False
            state.tail.clear()
            state.size = 0

    async def depth(self, lane: str) -> int:
        """See `Bus`."""
        await self._flushed()
        return await self._journal.depth(lane)

    async def healthy(self) -> None:
        """See `Bus`."""
        if not self._open:
            raise BusUnavailable("the bus is closed")

    async def _batch(self, name: str, lane: _Lane, limit: int) -> list[Delivery]:
        limit = min(limit, IN_HAND)
        while True:
            if lane.tail:
                return self._deliver(lane, [lane.tail.popleft() for _ in range(min(limit, len(lane.tail)))])
            if lane.behind:
                lane.touched = False
                rows = await self._journal.after(name, lane.cursor, limit, BATCH_BYTES)
                # Fewer than asked for, and nothing was committed meanwhile: the tail can take over.
                lane.behind = lane.touched or bool(rows)
                if rows:
                    return self._deliver(lane, rows, from_tail=False)
                continue
            lane.waiter = self._loop.create_future()
            try:
                await lane.waiter
            finally:
                lane.waiter = None

    def _deliver(
        self, lane: _Lane, rows: list[tuple[int, bytes]], *, from_tail: bool = True
    ) -> list[Delivery]:
        if from_tail:
            lane.size -= sum(len(body) for _, body in rows)
        lane.cursor = rows[-1][0]
        if rows[0][0] > lane.handed and rows[0][0] > lane.left:
            lane.handed = lane.cursor
            return [Delivery(tag, body, False) for tag, body in rows]
        return [Delivery(tag, body, self._seen(lane, tag)) for tag, body in rows]

    def _seen(self, lane: _Lane, tag: int) -> bool:
        if tag <= lane.handed:
            return True
        lane.handed = tag
        if tag <= lane.left and lane.flagged < IN_HAND:
            lane.flagged += 1
            return True
        return False

    def _ack(self, name: str, lane: _Lane, tag: int) -> None:
        if tag > lane.handed:
            raise BusError(f"tag {tag} of lane {name} was never delivered")
        if tag > lane.acked:
            lane.acked = self._acks[name] = tag
            self._schedule()


class _Reader:
    """`Subscription` of one lane."""

    def __init__(self, bus: EmbeddedBus, name: str, lane: _Lane) -> None:
        self._bus = bus
        self._name = name
        self._lane = lane

    async def batch(self, limit: int) -> list[Delivery]:
        """See `Subscription`."""
        return await self._bus._batch(self._name, self._lane, limit)

    async def ack(self, tag: int) -> None:
        """See `Subscription`. Does not wait for the commit: an ack lost with the process is a redelivery."""
        self._bus._ack(self._name, self._lane, tag)
