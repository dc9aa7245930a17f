"""Waiting for what has to come, as long as it may take and no longer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(probe: Callable[[], Awaitable[T]], seconds: float = 60) -> T:
    """What `probe` gives once that is true."""
    until = time.monotonic() + seconds
    while not (found := await probe()):
        assert time.monotonic() < until, "it never came"
        await asyncio.sleep(0.02)
    return found
