"""The live port: fan-out, heartbeats and rate limits. Nothing in it is precious."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Rate(NamedTuple):
    """`per_second` sustained, `burst` at once."""

    per_second: float
    burst: int


class Live(Protocol):
    """`bus.memory` and `bus.redis` are its two ends."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Tell whoever listens now; a listener that is away or slow misses it and asks the store."""
        ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listen; a slow listener loses the oldest payloads, never blocks the publisher."""
        ...

    def idle(self) -> bool:
        """Whether nobody in this process listens to anything: then nothing need be looked up to be told."""
        ...

    async def beat(self, key: str, seconds: float) -> None:
        """Say that `key` is alive for the next `seconds`."""
        ...

    async def alive(self, key: str) -> bool:
        """Whether `key` has said so lately."""
        ...

    async def limit(self, key: str, rate: Rate) -> float:
        """Take one from `key`'s allowance: 0.0 when granted, else the seconds to wait.

        GCRA (ITU-T I.371): one stored instant per key.
        """
        ...
