"""The connection to RabbitMQ and the queues there: opened when needed, again after each loss.

aio-pika's robust connection is not used: it hides a consumer that the broker cancelled, and answers passive
declarations from its memory.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from pamqp.common import FieldTable
from yarl import URL

from bus.port import BusUnavailable

CONNECT_SECONDS: Final = 5.0
# After a failed attempt others wait this long, so that a server that is away is not hammered.
AGAIN_AFTER: Final = 0.5
# A connection is taken for lost after three of them here, after two by the broker.
HEARTBEAT_SECONDS: Final = 5

# What the client raises when the server is away or refuses; a channel that is closed is a RuntimeError.
_TROUBLE: Final = (*aio_pika.exceptions.CONNECTION_EXCEPTIONS, TimeoutError)

DEAD: Final = "dead"
# What a worker can't bear it parks itself; this many deliveries mean that none lived long enough to.
DELIVERY_LIMIT: Final = 100
_QUORUM: Final[FieldTable] = {"x-queue-type": "quorum"}


@contextmanager
def trouble() -> Iterator[None]:
    """Let what the client raises be `BusUnavailable`."""
    try:
        yield
    except _TROUBLE as error:
        end_if_told()
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error
    except asyncio.CancelledError as error:
        # What waits for a connection that is lost is cancelled by the client, though nobody wanted it to end.
        end_if_told()
        raise BusUnavailable("the connection was lost") from error


def end_if_told() -> None:
    """Raise the cancellation of the current task where the client has lost it.

    It may answer one with what that did to its channel; and `asyncio.wait_for`, which it uses, loses before
    Python 3.12 one that comes together with the result.
    """
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise asyncio.CancelledError


class Link:
    """One connection. `name` is what the broker's operator sees."""

    def __init__(self, url: str, name: str) -> None:
        address = URL(url)
        known = {"name": name, "heartbeat": str(HEARTBEAT_SECONDS)}
        self._url = address.update_query(known | dict(address.query))
        self._connection: AbstractConnection | None = None
        self._attempt: asyncio.Task[AbstractConnection | None] | None = None
        self._failure: BusUnavailable | None = None
        self._failed_at = 0.0
        self._closed = False

    async def connection(self) -> AbstractConnection:
        """The open connection; raises `BusUnavailable`."""
        if self._closed:
            raise BusUnavailable("the bus is closed")
        if self._connection is not None and self._connection.connected.is_set():
            return self._connection
        if self._attempt is None:
            if self._failure is not None and self._now() - self._failed_at < AGAIN_AFTER:
                raise self._failure
            self._attempt = asyncio.create_task(self._connect())
        # Shared, so that a caller who gives up takes the attempt from nobody.
        if (connection := await asyncio.shield(self._attempt)) is None:
            raise self._failure or BusUnavailable("no connection")
        return connection

    async def channel(self, *, confirms: bool) -> AbstractChannel:
        """A new channel; with `confirms`, what can't be routed or kept raises. Raises `BusUnavailable`."""
        connection = await self.connection()
        with trouble():
            channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            async with asyncio.timeout(CONNECT_SECONDS):
                await channel.initialize()
            return channel

    async def unblocked(self) -> None:
        """Wait until the broker takes messages: it stops when it runs out of memory or disk."""
        transport = (await self.connection()).transport
        if transport is not None:
            await transport.ready()

    async def close(self) -> None:
        """Close for good."""
        self._closed = True
        if self._attempt is not None:
            await asyncio.wait([self._attempt])
        if self._connection is not None:
            await self._connection.close()

    async def _connect(self) -> AbstractConnection | None:
        before, self._connection, self._failure = self._connection, None, None
        try:
            with trouble():
                if before is not None:
                    await before.close()
                self._connection = await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)
        except BusUnavailable as error:
            self._failure, self._failed_at = error, self._now()
        finally:
            self._attempt = None
        return self._connection

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class Queue(NamedTuple):
    """A lane's queue, and how many read it."""

    name: str
    consumers: int


async def declare(channel: AbstractChannel, prefix: str, lane: str) -> Queue:
    """Make a lane's queue and the one for dead letters, unless they are there; returns the former.

    A dead letter leaves its queue only when the other has it (at-least-once), for which RabbitMQ wants
    quorum queues that refuse what they have no room for.
    """
    dead = f"{prefix}{DEAD}"
    await channel.declare_queue(dead, durable=True, arguments=_QUORUM, timeout=CONNECT_SECONDS)
    arguments: FieldTable = _QUORUM | {
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    name = f"{prefix}{lane}"
    made = await channel.declare_queue(name, durable=True, arguments=arguments, timeout=CONNECT_SECONDS)
    return Queue(name, made.declaration_result.consumer_count or 0)
