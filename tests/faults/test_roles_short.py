"""Processes and servers that fail under load: whatever was answered with 2xx is there once, in its order.

The full forms, for make faults, are longer and draw their seed; a failure is reported with it.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.faults.scene import Scene, scene
from tests.services.servers import Servers

Fault = Callable[[Scene], Coroutine[Any, Any, None]]
SEED = 20261121
DRAWN = random.SystemRandom().randrange(10**9)
PATH = ("gateway", "inbound", "inbound", "outbound", "outbound", "relay", "relay")
EVERY = (*PATH, "assign", "clock")
OFF = tuple(f"{role}@{shift}" for role in sorted(set(EVERY)) for shift in (-3600, 3600))


async def test_no_kill_loses_doubles_or_disorders(servers: Servers) -> None:
    """In short: each role beside the listener killed five times, servers that hang, clocks an hour off."""
    chance = random.Random(SEED)

    async def faults(desk: Scene) -> None:
        order = ["gateway", "inbound", "outbound", "relay", "assign", "clock"] * 5
        chance.shuffle(order)
        for number, role in enumerate(order):
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            await desk.killed(role)
            if number % 7 == 6:
                await other[number // 7](desk)

    other: list[Fault] = [
        lambda desk: desk.broker_hangs(3),
        lambda desk: desk.backends_are_ended(3),
        lambda desk: desk.told_to_stop("outbound"),
        lambda desk: desk.database_hangs(2),
    ]
    roles = ("gateway", "inbound@3600", "outbound@-3600", "relay", "assign", "clock")
    async with scene(servers, chance, *roles) as desk:
        await desk.withstands(1000, faults, patience=240)


async def _killed(desk: Scene) -> None:
    chance = random.Random(DRAWN)
    for _ in range(50):
        await asyncio.sleep(chance.uniform(1.0, 5.0))
        await desk.killed(chance.choice(sorted(set(EVERY))))


async def _terminated(desk: Scene) -> None:
    for role in ("gateway", "inbound", "outbound", "relay", "assign", "clock", "gateway"):
        await asyncio.sleep(2)
        await desk.told_to_stop(role)


async def _paused(desk: Scene) -> None:
    for role in ("inbound", "outbound", "relay", "inbound", "outbound"):
        await asyncio.sleep(2)
        await desk.paused(role, 12)


async def _soon(fault: Coroutine[Any, Any, None]) -> None:
    # Queues that were made just now would not survive: see tests/integration/test_rabbitmq.py.
    await asyncio.sleep(3)
    await fault


FULL: dict[str, Fault] = {
    "50 kills of any role": _killed,
    "clocks that are an hour off": lambda desk: _soon(desk.killed("inbound")),
    "SIGTERM of each role": _terminated,
    "roles that stand still for 12 s": _paused,
    "RabbitMQ stopped for 30 s": lambda desk: _soon(desk.broker_is_away(30)),
    "RabbitMQ killed": lambda desk: _soon(desk.broker_is_away(0)),
    "RabbitMQ hung for 60 s": lambda desk: _soon(desk.broker_hangs(60)),
    "PostgreSQL restarted": lambda desk: _soon(desk.database_is_away(0)),
    "PostgreSQL's backends ended 20 times": lambda desk: _soon(desk.backends_are_ended(20)),
    "PostgreSQL hung for 30 s": lambda desk: _soon(desk.database_hangs(30)),
    "Redis flushed": lambda desk: _soon(desk.cache_is_flushed()),
    "Redis away for 10 s": lambda desk: _soon(desk.cache_is_away(10)),
}


@pytest.mark.faults
@pytest.mark.parametrize("name", FULL)
async def test_in_full(servers: Servers, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """3 % duplicates, a receiver that fails 5 % and hangs 1 %, one kind of fault; kills under 10,000."""
    with capsys.disabled():
        print(f"\n{name}, seed {DRAWN}", flush=True)  # noqa: T201 - the experiment's record
    roles = OFF if name.startswith("clocks") else EVERY
    async with scene(servers, random.Random(DRAWN), *roles, hangs=0.01) as desk:
        await desk.withstands(10_000 if "kills" in name else 2_000, FULL[name], patience=900)
