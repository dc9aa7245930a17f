"""Where the bot's answers are posted to: takes everything, looks at nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Taker(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            at = self._buffer.find(b"ontent-Length: ")
            end = head + 4 + int(self._buffer[at + 15 : self._buffer.index(b"\r", at)])
            if len(self._buffer) < end:
                return
            self._buffer = self._buffer[end:]
            self._transport.write(_ANSWER)


@asynccontextmanager
async def sink() -> AsyncIterator[str]:
    """Its address, while the block lasts."""
    server = await asyncio.get_running_loop().create_server(_Taker, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
