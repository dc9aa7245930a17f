"""The bus port: durable lanes between processes. `bus.embedded` and `bus.rabbitmq` are its two ends.

BusError
└── BusUnavailable   nowhere durable to put it now; nothing was half-done
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class BusError(Exception):
    """The bus could not do what was asked."""


class BusUnavailable(BusError):
    """Nothing was taken: try again."""


class Delivery(NamedTuple):
    """One message from a lane. `tag` grows along the lane; `redelivered`: someone may have seen it before."""

    tag: int
    body: bytes
    redelivered: bool


class Subscription(Protocol):
    """The one reader of a lane."""

    async def batch(self, limit: int) -> list[Delivery]:
        """What is queued, oldest first, at most `limit`; waits for the first, never lingers for more."""
        ...

    async def ack(self, tag: int) -> None:
        """Forget everything up to and including `tag`. What is not acked comes again to the next reader.

        What one `publish` brought may come again as a whole until its last message is acked.
        """
        ...


class Publisher(Protocol):
    """The way into the lanes. When `publish` returns, a kill -9 of any process loses nothing."""

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """Append to a lane, in order; raises `BusUnavailable`."""
        ...


class Bus(Publisher, Protocol):
    """Durable lanes."""

    def subscribe(self, lane: str) -> AbstractAsyncContextManager[Subscription]:
        """Become the lane's reader; leaving gives back what was not acked."""
        ...

    async def depth(self, lane: str) -> int:
        """How many messages wait or are in hand; of one `publish`, at least one until the last is acked."""
        ...

    async def healthy(self) -> None:
        """Return when messages can be published and every reader is fed; raises `BusUnavailable`."""
        ...
