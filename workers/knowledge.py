"""The knowledge base as workers use it: an immutable snapshot, rebuilt off the loop when articles change."""

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from knowledgebase.match import Match, Snapshot
from router.decision import Known
from router.telling import known
from storage import articles
from storage.store import Clock, Store, StoreError

log = structlog.get_logger()
# How often the articles' stamp is looked at, in seconds: a new article answers within two.
LOOK_EVERY = 0.5


class Knowledge:
    """Matches texts and keeps the snapshot fresh. Open with `async with`.

    A match runs on one thread of its own: the event loop is never held, and one slow text delays no socket.
    """

    def __init__(self, store: Store, target_precision: float, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._precision = target_precision
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="match")
        self._stamp: object = None
        self._snapshot = Snapshot.build(())
        self._task: asyncio.Task[None] | None = None
        self.articles: Mapping[str, Known] = {}

    async def __aenter__(self) -> "Knowledge":
        await self._refresh()
        self._task = asyncio.create_task(self._keep_fresh(), name="knowledge")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(cancel_futures=True)

    async def match(self, texts: Mapping[str, str]) -> dict[str, Match]:
        """Matches by the texts' keys."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._match, texts)

    async def match_one(self, text: str, language: str | None = None) -> Match:
        """The match of one text in a language that may be known."""
        loop = asyncio.get_running_loop()
        snapshot, precision = self._snapshot, self._precision
        return await loop.run_in_executor(
            self._thread, lambda: snapshot.match(text, language, target_precision=precision)
        )

    def _match(self, texts: Mapping[str, str]) -> dict[str, Match]:
        snapshot = self._snapshot
        return {key: snapshot.match(text, target_precision=self._precision) for key, text in texts.items()}

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._refresh()
            except StoreError as error:
                log.warning("articles not reloaded; the last ones stay in use", error=str(error))

    async def _refresh(self) -> None:
        now = self._clock()
        stamp = await self._store.read(lambda sql: articles.stamp(sql, now))
        if stamp == self._stamp:
            return
        found = await self._store.read(lambda sql: articles.published(sql, now))
        loop = asyncio.get_running_loop()
        self._snapshot = await loop.run_in_executor(self._thread, Snapshot.build, found)
        self.articles = known(found)
        self._stamp = stamp
