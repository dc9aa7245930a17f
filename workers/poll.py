"""The poll worker: listens to the channels whose platforms do not call, each under a lease.

What a channel heard is made durable, then its cursor is saved in a transaction of the lease's owner, and only
then is the channel asked for more. A process that dies in between hears the same again from the saved cursor,
and what was taken already is known by its id. While bus or store is away nothing more is asked for.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Final

import structlog

from bus.port import BusError
from channels.protocol import Heard, Received, Unheard
from storage import channel_status, cursors, leases
from storage.leases import Fence, LeaseLost
from storage.store import Store, StoreUnavailable, Tx
from workers.connections import Connected, Connections
from workers.shares import EVERY, Shares

log = structlog.get_logger()
GROUP: Final = "poll"
# How soon it is noticed that a channel was changed while nothing came in, in seconds.
_LOOK_EVERY: Final = 2.0
_KEEP_AGAIN_AFTER: Final = 0.5
# After the first failure, then twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# Whoever listened so long before it failed begins anew.
_WELL: Final = 60.0
_JITTER: Final = 0.2
_PROVE_EVERY: Final = 20.0

Take = Callable[[Received], Awaitable[object]]
"""Makes what was heard durable; raises `BusError` or `StoreUnavailable`, and is harmless when done again."""


def pause(failures: int, after: float | None, random: Callable[[], float]) -> float:
    """Seconds until a platform is listened to again, after so many failures in a row (at least one).

    `after` is the platform's own wish and is not shortened; `random` draws from 0 to below 1.
    """
    doubled = _FIRST_PAUSE * 2.0 ** min(failures - 1, 10)
    wanted = min(doubled, _LONGEST_PAUSE) if after is None else after
    return wanted * (1 + _JITTER * random())


class Listener:
    """One channel's listener. `run` is forever; each transaction begins with `fence`."""

    def __init__(
        self,
        channel_id: str,
        *,
        connections: Connections,
        store: Store,
        take: Take,
        fence: Fence,
        random: Callable[[], float],
    ) -> None:
        self._id = channel_id
        self._connections, self._store, self._take = connections, store, take
        self._fence, self._random = fence, random
        self._left = asyncio.Event()

    async def run(self) -> None:
        """Listen until told to leave; what is in hand then is kept. Raises `LeaseLost`."""
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._left.is_set():
            begun = loop.time()
            connected = self._connections.get(self._id)
            if connected is None or not connected.enabled or not connected.channel.polls:
                await self._rest(_LOOK_EVERY)
                continue
            try:
                await self._listen(connected)
            except StoreUnavailable as error:
                log.warning("listening waits for the store", channel=self._id, reason=str(error))
                await self._rest(_KEEP_AGAIN_AFTER)
            except LeaseLost:
                raise
            except Exception as error:
                if self._connections.get(self._id) is not connected:
                    # It was closed, because another took its place.
                    continue
                failures = 1 if loop.time() - begun > _WELL else failures + 1
                await self._failed(error, failures)

    def leave(self) -> None:
        """Let `run` end once what is in hand is kept; while it waits for something to come, at once."""
        self._left.set()

    async def _listen(self, connected: Connected) -> None:
        cursor = await self._store.read(partial(cursors.find, channel_id=self._id))
        async with aclosing(connected.channel.listen(cursor)) as stream:
            while (heard := await self._next(stream, connected)) is not None:
                self._connections.health.tell(self._id, "receiving", None)
                if not await self._keep(heard, moved=heard.cursor != cursor):
                    return
                cursor = heard.cursor
        # A stream that ends by itself must not be begun again without end.
        if self._connections.get(self._id) is connected:
            await self._rest(_FIRST_PAUSE)

    async def _next(self, stream: AsyncGenerator[Heard, None], connected: Connected) -> Heard | None:
        """What comes next; None once the channel is changed, or this is told to leave."""
        coming = asyncio.ensure_future(anext(stream, None))
        left = asyncio.ensure_future(self._left.wait())
        try:
            while not (coming.done() or left.done()):
                if self._connections.get(self._id) is not connected:
                    return None
                await asyncio.wait({coming, left}, timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else None
        finally:
            coming.cancel()
            left.cancel()
            await asyncio.gather(coming, left, return_exceptions=True)

    async def _keep(self, heard: Heard, *, moved: bool) -> bool:
        """Make it durable, then save where to go on; False when told to leave before that could be done."""
        while True:
            try:
                await self._take(heard.received)
                if moved:
                    await self._store.write(partial(self._save, cursor=heard.cursor))
                return True
            except (BusError, StoreUnavailable) as error:
                log.warning("what was heard waits to be kept", channel=self._id, reason=str(error))
            if self._left.is_set():
                return False
            await self._rest(_KEEP_AGAIN_AFTER)

    def _save(self, tx: Tx, cursor: str) -> None:
        self._fence(tx)
        cursors.save(tx, self._id, cursor)

    async def _failed(self, error: Exception, failures: int) -> None:
        if isinstance(error, Unheard):
            seconds = pause(failures, error.after, self._random)
            log.warning("a channel can't be listened to", channel=self._id, why=str(error), seconds=seconds)
            self._connections.health.tell(self._id, "receiving", str(error))
        else:
            seconds = pause(failures, None, self._random)
            log.error("an error of ours while listening", channel=self._id, exc_info=error)
            self._connections.health.tell(
                self._id, "receiving", "an error of the desk's own; its log says which"
            )
        await self._rest(seconds)

    async def _rest(self, seconds: float) -> None:
        """Wait, unless told to leave."""
        try:
            async with asyncio.timeout(seconds):
                await self._left.wait()
        except TimeoutError:
            return


class Polls:
    """One process's share of the channels that have to be listened to; `run` is forever.

    `hook` says where a channel's platform calls, by the channel's id.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        store: Store,
        take: Take,
        hook: Callable[[str], str],
        random: Callable[[], float],
        owner: str,
        alone: bool,
    ) -> None:
        self._connections, self._store = connections, store
        self._take, self._hook, self._random = take, hook, random
        self._shares = Shares(GROUP, store=store, owner=owner, alone=alone, worker=self._listener)

    async def run(self) -> None:
        """Listen until cancelled; what is in hand then is kept, for a few seconds at most."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shares.run())
            tasks.create_task(self._look())
            tasks.create_task(self._prove())

    async def look(self) -> None:
        """Bring the lanes in step with the channels that are set up; raises `StoreUnavailable`."""
        wanted = {
            f"{GROUP}.{connected.id}"
            for connected in self._connections
            if connected.enabled and connected.channel.polls
        }
        known = await self._store.read(partial(leases.known, group=GROUP))
        if wanted - known:
            await self._store.write(partial(leases.add, lanes=wanted - known))
            self._shares.look()
        for name, lane in self._shares.lanes.items():
            if name not in wanted and not lane.leaving:
                self._shares.let_go(lane, unneeded=True)

    async def _look(self) -> None:
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("the channels' leases wait for the store", reason=str(error))
            await asyncio.sleep(EVERY)

    async def _prove(self) -> None:
        """Ask again for channels whose platforms could not be asked when they were saved."""
        while True:
            await asyncio.sleep(_PROVE_EVERY)
            with suppress(StoreUnavailable):
                for channel_id in await self._store.read(channel_status.unproved):
                    await self._connections.prove_again(channel_id, self._hook(channel_id))

    def _listener(self, lane: str, fence: Fence) -> Listener:
        return Listener(
            lane.removeprefix(f"{GROUP}."),
            connections=self._connections,
            store=self._store,
            take=self._take,
            fence=fence,
            random=self._random,
        )
