"""The composition root: the parts of one process, opened in order and closed in reverse.

A process has every role (`composed`: embedded, or for a start on real servers) or one of them
(`composed_worker`), and opens only what its roles need.
"""

import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from aiohttp import web
from prometheus_client import Gauge

from bus.live import Live
from channels.mail.reader import Readers
from channels.protocol import Tools
from gateway import callbacks, database, encoders, ends, roles
from gateway.acceptance import Acceptance
from gateway.http import express, ops
from gateway.http.app import build_app
from gateway.library import Library
from gateway.loops import Loops
from gateway.parts import Parts, Process, with_settings
from gateway.roles import Role, Run, Runs
from gateway.settings import Settings
from gateway.spool import Spool
from gateway.tally import Tally
from storage.blobs import Blobs
from storage.secrets import Secrets
from storage.store import Store
from workers.connections import Connections
from workers.knowledge import Knowledge
from workers.mail import Letters
from workers.reaching import Reaching
from workers.relay import Relay
from workers.setup import SetupLoader

# Requests that are being answered when the end comes get this long, in seconds. Loops get as long after them,
# at most; together with the store's last commits that is within the 30 s that a process has.
DRAIN = 12.0


@asynccontextmanager
async def composed(settings: Settings, listening: socket.socket) -> AsyncIterator[Parts]:
    """Every role, serving on `listening` until the block is left; what is in hand then is finished."""
    async with AsyncExitStack() as stack:
        parts = await _parts(stack, await _process(stack, settings))
        owner = _owner()
        letters = await _letters(stack, parts, parts.connections, parts.blobs)
        runs = (
            roles.gateway(parts)
            | roles.inbound(
                parts, parts.setup, parts.knowledge, letters, wake_relay=parts.relay.wake, owner=owner
            )
            | roles.outbound(parts, parts.connections, letters, live=parts.live, owner=owner)
            | roles.calls(parts, parts.connections, parts.secrets)
            | roles.notifier(
                parts, parts.setup, _reaching(parts, parts.connections, parts.secrets, parts.live), owner
            )
            | roles.poll(parts, parts.connections, parts.acceptance, parts.tally, owner)
            | roles.relay(parts.relay)
            | roles.assign(parts, parts.setup, owner)
            | roles.clock(parts, parts.setup)
        )
        _start(stack, parts, runs)
        await _serve(stack, build_app(parts), listening)
        yield parts


@asynccontextmanager
async def composed_worker(settings: Settings, listening: socket.socket, role: Role) -> AsyncIterator[Process]:
    """One role. But for the gateway's, only `/livez`, `/readyz` and `/metrics` are served, to the end."""
    async with AsyncExitStack() as stack:
        process = await _process(stack, settings)
        if role == "gateway":
            parts = await _parts(stack, process)
            _start(stack, parts, roles.gateway(parts))
            await _serve(stack, build_app(parts), listening)
            yield parts
            return
        runs = await _worker(stack, process, role)
        app = web.Application()
        ops.mount(app, process)
        await _serve(stack, app, listening)
        _start(stack, process, runs)
        yield process


@asynccontextmanager
async def trial(settings: Settings, store: Store) -> AsyncIterator[Connections]:
    """Connections with no channel open, to try one."""
    blobs = ends.blobs(settings)
    async with callbacks.session(settings.callback_allow) as http:
        tools = Tools(http=http, fetch=blobs.get, now=partial(datetime.now, UTC))
        yield Connections(store, tools, ends.secrets(settings).open)


async def _worker(stack: AsyncExitStack, process: Process, role: Role) -> Runs:
    match role:
        case "inbound":
            knowledge = await _knowledge(stack, process)
            secrets, blobs = ends.secrets(process.settings), ends.blobs(process.settings)
            connections = await _connections(stack, process, secrets, blobs)
            letters = await _letters(stack, process, connections, blobs)
            # Whoever relays is told of commits by the store.
            return roles.inbound(
                process, await _setup(process), knowledge, letters, wake_relay=lambda: None, owner=_owner()
            )
        case "outbound":
            secrets, blobs = ends.secrets(process.settings), ends.blobs(process.settings)
            connections = await _connections(stack, process, secrets, blobs)
            letters = await _letters(stack, process, connections, blobs)
            live = await stack.enter_async_context(ends.live(process.settings))
            owner = _owner()
            sending = roles.outbound(process, connections, letters, live=live, owner=owner)
            telling = roles.notifier(
                process, await _setup(process), _reaching(process, connections, secrets, live), owner
            )
            return sending | telling | roles.calls(process, connections, secrets)
        case "poll":
            secrets, blobs = ends.secrets(process.settings), ends.blobs(process.settings)
            connections, tally = await _connections(stack, process, secrets, blobs), Tally(process.store)
            return roles.poll(process, connections, _acceptance(process, blobs, tally), tally, _owner())
        case "relay":
            relay = Relay(bus=process.bus, store=process.store, alone=roles.alone(process))
            process.store.on_commit(lambda _seq: relay.wake())
            return roles.relay(relay)
        case "assign":
            return roles.assign(process, await _setup(process), _owner())
        case "clock":
            return roles.clock(process, await _setup(process))
        case "gateway":
            raise ValueError("the gateway has parts of its own")


async def _process(stack: AsyncExitStack, settings: Settings) -> Process:
    clock = partial(datetime.now, UTC)
    store = await stack.enter_async_context(database.opened(settings, clock))
    bus = await stack.enter_async_context(ends.bus(settings, store))
    return Process(settings=settings, store=store, bus=bus, clock=store.now, checks={"bus": bus.healthy})


async def _parts(stack: AsyncExitStack, process: Process) -> Parts:
    settings, store, bus = process.settings, process.store, process.bus
    live = await stack.enter_async_context(ends.live(settings))
    blobs = ends.blobs(settings)
    secrets = ends.secrets(settings)
    setup = await _setup(process)
    knowledge = await _knowledge(stack, process)
    tally = Tally(store)
    connections = await _connections(stack, process, secrets, blobs)
    spool = await _spool(stack, process)
    return Parts(
        settings=settings,
        store=store,
        bus=bus,
        clock=process.clock,
        checks=process.checks,
        metrics=process.metrics,
        live=live,
        blobs=blobs,
        secrets=secrets,
        setup=setup,
        knowledge=knowledge,
        library=Library(store, process.clock),
        connections=connections,
        relay=Relay(bus=bus, store=store, alone=roles.alone(process)),
        acceptance=_acceptance(process, blobs, tally, spool),
        tally=tally,
        spool=spool,
    )


async def _setup(process: Process) -> SetupLoader:
    setup = SetupLoader(process.store, partial(with_settings, settings=process.settings))
    await setup.reload()
    return setup


async def _knowledge(stack: AsyncExitStack, process: Process) -> Knowledge:
    settings = process.settings
    encoder = encoders.chosen(settings.encoder)
    knowledge = Knowledge(process.store, settings.target_precision, process.clock, encoder)
    return await stack.enter_async_context(knowledge)


async def _spool(stack: AsyncExitStack, process: Process) -> Spool | None:
    """What bridges a bus that is a server's; an embedded one is the disk's already."""
    spool = ends.spool(process.settings, process.bus)
    size = Gauge("frontdesk_spool_bytes", "Accepted and not on the bus yet.", registry=process.metrics)
    if spool is not None:
        await stack.enter_async_context(spool)
        size.set_function(lambda: spool.size)
        process.checks["bus"] = spool.healthy
    return spool


def _acceptance(process: Process, blobs: Blobs, tally: Tally, spool: Spool | None = None) -> Acceptance:
    return Acceptance(
        bus=spool or process.bus,
        store=process.store,
        blobs=blobs,
        tally=tally,
        partitions=process.settings.partitions,
    )


async def _connections(
    stack: AsyncExitStack, process: Process, secrets: Secrets, blobs: Blobs
) -> Connections:
    http = await stack.enter_async_context(callbacks.session(process.settings.callback_allow))
    tools = Tools(http=http, fetch=blobs.get, now=process.clock)
    return await stack.enter_async_context(Connections(process.store, tools, secrets.open))


async def _letters(
    stack: AsyncExitStack, process: Process, connections: Connections, blobs: Blobs
) -> Letters:
    """A process that reads mail is started with the first mail."""
    readers = await stack.enter_async_context(Readers())
    return Letters(
        store=process.store, blobs=blobs, connections=connections, readers=readers, clock=process.clock
    )


def _reaching(process: Process, connections: Connections, secrets: Secrets, live: Live) -> Reaching:
    return Reaching(
        connections=connections,
        unseal=secrets.open,
        live=live,
        clock=process.clock,
        link=process.settings.link,
        language=process.settings.default_language,
    )


def _owner() -> str:
    """This process's name in what it claims; never used again."""
    return f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"


def _start(stack: AsyncExitStack, process: Process, runs: Mapping[str, Run]) -> None:
    loops = Loops(runs)
    process.checks["workers"] = loops.check
    stack.push_async_callback(loops.stop)
    loops.start()


async def _serve(stack: AsyncExitStack, app: web.Application, listening: socket.socket) -> None:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=DRAIN)
    await runner.setup()
    express.install(app, runner.server)
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening, backlog=1024).start()
