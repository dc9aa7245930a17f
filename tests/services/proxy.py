"""A TCP proxy in front of a server, which can stand still (no byte passes), cut connections, or be away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """`url` is the server's address by way of the proxy."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._goes = asyncio.Event()
        self._goes.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._left: int | None = None
        self._away = False
        self.port = 0

    @property
    def url(self) -> str:
        """The server's address, through here."""
        user = self._target.netloc.rpartition("@")[0]
        place = f"{user}@127.0.0.1:{self.port}" if user else f"127.0.0.1:{self.port}"
        return urlunsplit(self._target._replace(netloc=place))

    def hang(self) -> None:
        """Pass nothing on."""
        self._goes.clear()

    def strand(self) -> None:
        """Pass nothing on for those who are connected now, as where a router forgot them; later ones pass."""
        self._goes.clear()
        self._goes = asyncio.Event()
        self._goes.set()

    def go_on(self) -> None:
        """Pass on what has come meanwhile, and all that comes."""
        self._goes.set()

    def cut_after(self, answers: int) -> None:
        """Once: so many of the server's answers pass and half of the next, then every connection ends."""
        self._left = answers

    @property
    def uncut(self) -> bool:
        """Whether what `cut_after` asked for has not come yet; it will not come any more."""
        uncut, self._left = self._left is not None, None
        return uncut

    def go_away(self) -> None:
        """End every connection and take none."""
        self._away = True
        self._end_all()

    def come_back(self) -> None:
        """Take connections again."""
        self._away = False

    def _end_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _cuts(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self._left = None
        return True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        if self._away:
            writer.close()
            return
        try:
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.close()
            return
        self._writers |= {back, writer}
        for source, sink, answers in ((reader, back, False), (there, writer, True)):
            pump = asyncio.create_task(self._pump(source, sink, self._goes, answers))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, goes: asyncio.Event, answers: bool
    ) -> None:
        with suppress(OSError):
            while content := await source.read(65536):
                await goes.wait()
                if answers and self._cuts():
                    sink.write(content[: len(content) // 2])
                    await sink.drain()
                    self._end_all()
                sink.write(content)
                await sink.drain()
        sink.close()
        with suppress(OSError):
            await sink.wait_closed()
        self._writers.discard(sink)

    async def stop(self) -> None:
        """End every connection."""
        for pump in self._pumps:
            pump.cancel()
        if self._pumps:
            await asyncio.wait(set(self._pumps))
        for writer in self._writers:
            writer.close()
        # Of those whose pump was ended in the middle, waiting tells just that.
        waits = [writer.wait_closed() for writer in self._writers]
        await asyncio.gather(*waits, return_exceptions=True)


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[Proxy]:
    """A proxy in front of `target` while the block lasts."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
