"""The channels that this process has open, kept in step with what is set up in the store."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, Self

import structlog
from aiohttp import ClientSession

from channels.protocol import Channel, Retryable, SendError, Tools
from channels.registry import UnknownKind, kind
from channels.settings import Configuration, SettingsError
from storage import channels
from storage.channels import Stored
from storage.secrets import SecretError
from storage.store import Store, StoreUnavailable
from workers.health import Health

log = structlog.get_logger()
Unseal = Callable[[str, bytes], Mapping[str, str]]
"""`storage.secrets.Secrets.open`: a channel's id and its sealed secrets."""
# The least time between two looks, in seconds: a busy desk commits all the time.
_BETWEEN_LOOKS = 0.2
_AGAIN_AFTER = 1.0
# What a platform gets to say whether settings are right, in seconds.
PROVE_TIMEOUT_S = 10.0


class Connected(NamedTuple):
    """A channel that is set up; a channel that is not `enabled` takes and sends nothing."""

    id: str
    kind: str
    name: str
    version: int
    enabled: bool
    channel: Channel


class Connections:
    """Open with `async with`: every channel is opened, and later ones as they are set up."""

    def __init__(self, store: Store, tools: Tools, unseal: Unseal) -> None:
        self._store = store
        self._tools = tools
        self._unseal = unseal
        self.health = Health(store)
        self._open: dict[str, Connected] = {}
        self._version = -1
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.refresh()
        self._store.on_commit(lambda _last: self._stale.set())
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self.health.run())]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connected in self._open.values():
            await connected.channel.__aexit__(None, None, None)
        self._open.clear()

    def __iter__(self) -> Iterator[Connected]:
        return iter(tuple(self._open.values()))

    @property
    def http(self) -> ClientSession:
        """The guarded client for addresses that somebody typed in."""
        return self._tools.http

    def get(self, channel_id: str) -> Connected | None:
        """The channel as last heard of; at most a moment old."""
        return self._open.get(channel_id)

    async def find(self, channel_id: str) -> Connected | None:
        """The channel, looked for in the store if it is not known here; raises `StoreUnavailable`."""
        if (known := self._open.get(channel_id)) is None:
            await self.refresh()
            known = self._open.get(channel_id)
        return known

    async def refresh(self) -> None:
        """Read what is set up, if anything has changed since; raises `StoreUnavailable`."""
        async with self._lock:
            version = await self._store.read(channels.version)
            if version == self._version:
                return
            stored = await self._store.read(channels.every)
            for gone in self._open.keys() - {one.id for one in stored}:
                await self._open.pop(gone).channel.__aexit__(None, None, None)
            for one in stored:
                await self._keep(one)
            self._version = version

    async def _keep(self, stored: Stored) -> None:
        before = self._open.get(stored.id)
        if before is not None and before.version == stored.version:
            return
        try:
            channel = self._channel(stored)
            await channel.__aenter__()
        # Whatever a channel's folder raises, the others stay open.
        except Exception as error:
            words = (
                str(error)
                if isinstance(error, UnknownKind | SettingsError | SecretError)
                else type(error).__name__
            )
            log.error("a channel can't be opened", channel=stored.id, kind=stored.kind, error=words)
            self.health.tell(stored.id, "setup", words)
            return
        if self.health.failing(stored.id, "setup"):
            self.health.tell(stored.id, "setup", None)
        self._open[stored.id] = Connected(
            stored.id, stored.kind, stored.name, stored.version, stored.enabled, channel
        )
        if before is not None:
            await before.channel.__aexit__(None, None, None)

    async def prove(
        self, channel_id: str, kind_: str, configured: Configuration, hook: str, *, probe: bool = False
    ) -> None:
        """Let a channel that is to be saved ask its platform, and `probe` it; raises `SendError`.

        One that takes too long is an error as well.
        """
        type_ = kind(kind_)
        settings = type_.settings_type.load(configured.public, configured.secret)
        try:
            async with asyncio.timeout(PROVE_TIMEOUT_S), type_(channel_id, settings, self._tools) as channel:
                await channel.connect(hook)
                if probe:
                    await channel.probe()
        except TimeoutError:
            raise Retryable(f"no answer within {PROVE_TIMEOUT_S:.0f} seconds") from None

    async def prove_again(self, channel_id: str, hook: str) -> None:
        """Ask for a channel that is saved, and say how it is; raises `StoreUnavailable`."""
        stored = await self._store.read(partial(channels.find, channel_id=channel_id))
        if stored is None or not stored.enabled:
            return
        try:
            opened = self._unseal(stored.id, stored.sealed)
            await self.prove(stored.id, stored.kind, Configuration(stored.settings, dict(opened), {}), hook)
        except (SendError, UnknownKind, SettingsError, SecretError) as error:
            self.health.tell(stored.id, "setup", str(error))
        else:
            self.health.tell(stored.id, "setup", None)

    def _channel(self, stored: Stored) -> Channel:
        type_ = kind(stored.kind)
        settings = type_.settings_type.load(stored.settings, self._unseal(stored.id, stored.sealed))
        return type_(stored.id, settings, self._tools)

    async def _watch(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.refresh()
                await asyncio.sleep(_BETWEEN_LOOKS)
            except StoreUnavailable:
                self._stale.set()
                await asyncio.sleep(_AGAIN_AFTER)
