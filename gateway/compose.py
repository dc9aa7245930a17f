"""The composition root: the parts of one process, opened in order and closed in reverse.

Embedded, everything is one process: gateway, inbound workers (one a lane), outbound, relay, assign, clock.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

import structlog
from aiohttp import web

from bus.topology import inbound_lanes
from channels.protocol import Tools
from gateway import callbacks, database, ends
from gateway.acceptance import Acceptance
from gateway.differences import differences
from gateway.fanout import Fanout
from gateway.http.app import build_app
from gateway.parts import Parts, with_settings
from gateway.settings import Settings
from gateway.tally import Tally
from storage.secrets import Secrets, load_key
from workers.assign import AssignWorker
from workers.auditor import Auditor
from workers.clock import ClockWorker
from workers.connections import Connections
from workers.inbound import InboundWorker
from workers.knowledge import Knowledge
from workers.outbound import OutboundWorker
from workers.relay import Relay
from workers.setup import SetupLoader

log = structlog.get_logger()
# A worker that fails is started again after this many seconds; what it had in hand comes again.
RESTART_AFTER = 1.0
# Requests that are being answered when the end comes get this long, in seconds.
DRAIN = 20.0

Run = Callable[[], Awaitable[None]]


@asynccontextmanager
async def composed(settings: Settings, listening: socket.socket) -> AsyncIterator[Parts]:
    """Everything, serving on `listening` until the block is left; what is in hand then is finished."""
    async with AsyncExitStack() as stack:
        parts = await _open(stack, settings)
        workers = _Workers(_embedded(parts))
        parts.checks.update(workers.checks())
        stack.push_async_callback(workers.stop)
        workers.start()
        await _serve(stack, parts, listening)
        yield parts


async def _open(stack: AsyncExitStack, settings: Settings) -> Parts:
    clock = partial(datetime.now, UTC)
    store = await stack.enter_async_context(database.opened(settings, clock))
    bus = await stack.enter_async_context(ends.bus(settings, store))
    live = await stack.enter_async_context(ends.live(settings))
    blobs = ends.blobs(settings)
    secrets = Secrets(load_key(settings.key_file))
    http = await stack.enter_async_context(callbacks.session(settings.callback_allow))
    setup = SetupLoader(store, partial(with_settings, settings=settings))
    await setup.reload()
    knowledge = await stack.enter_async_context(Knowledge(store, settings.target_precision))
    tally = Tally(store)
    tools = Tools(http=http, fetch=blobs.get, now=clock)
    connections = await stack.enter_async_context(Connections(store, tools, secrets.open))
    return Parts(
        settings=settings,
        store=store,
        bus=bus,
        live=live,
        blobs=blobs,
        secrets=secrets,
        clock=clock,
        setup=setup,
        knowledge=knowledge,
        connections=connections,
        relay=Relay(bus=bus, store=store),
        acceptance=Acceptance(bus=bus, store=store, blobs=blobs, tally=tally, partitions=settings.partitions),
        tally=tally,
        checks={"bus": bus.healthy},
    )


def _embedded(parts: Parts) -> dict[str, Run]:
    """Every role, in this process."""
    runs: dict[str, Run] = {
        lane: InboundWorker(
            lane,
            bus=parts.bus,
            store=parts.store,
            setup=parts.setup,
            knowledge=parts.knowledge,
            wake_relay=parts.relay.wake,
        ).run
        for lane in inbound_lanes(parts.settings.partitions)
    }
    outbound = OutboundWorker(
        bus=parts.bus,
        store=parts.store,
        connections=parts.connections,
        clock=parts.clock,
        random=random.SystemRandom().random,
        owner=f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}",
        alone=parts.settings.database_url is None,
    )
    return runs | {
        "outbound": outbound.run,
        "relay": parts.relay.run,
        "assign": AssignWorker(store=parts.store, setup=parts.setup).run,
        "clock": ClockWorker(setup=parts.setup).run,
        "tally": parts.tally.run,
        "ledger": Auditor(store=parts.store, clock=parts.clock, tell=differences(parts.metrics)).run,
        "fanout": Fanout(store=parts.store, live=parts.live).run,
    }


async def _serve(stack: AsyncExitStack, parts: Parts, listening: socket.socket) -> None:
    runner = web.AppRunner(build_app(parts), access_log=None, handle_signals=False, shutdown_timeout=DRAIN)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening, backlog=1024).start()


class _Workers:
    """The loops of a process: one that fails is started again, and readiness tells while it is down."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self._runs = runs
        self._tasks: list[asyncio.Task[None]] = []
        self._down: dict[str, str] = {}

    def start(self) -> None:
        """Start them all."""
        self._tasks = [
            asyncio.create_task(self._keep(name, run), name=name) for name, run in self._runs.items()
        ]

    async def stop(self) -> None:
        """Cancel them; each gives back what it had in hand."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What readiness asks."""

        async def _running() -> None:
            if self._down:
                raise RuntimeError("; ".join(f"{name}: {why}" for name, why in sorted(self._down.items())))

        return {"workers": _running}

    async def _keep(self, name: str, run: Run) -> None:
        while True:
            try:
                await run()
            except Exception as error:
                log.exception("a worker failed and starts again", worker=name)
                self._down[name] = type(error).__name__
            await asyncio.sleep(RESTART_AFTER)
            self._down.pop(name, None)
