"""The knowledge base as workers use it: an immutable snapshot, rebuilt off the loop when articles change."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from knowledgebase.article import Article
from knowledgebase.calibration import UNCALIBRATED, Calibration, Label, fit
from knowledgebase.encoder import Encoder
from knowledgebase.match import Match, Snapshot
from router.decision import Known
from router.telling import known
from storage import articles, labels
from storage.store import Clock, Store, StoreError
from storage.target_precision import in_force

T = TypeVar("T")
log = structlog.get_logger()
# How often the articles' stamp and the target are looked at, in seconds: a new article answers within two.
LOOK_EVERY = 0.5
# How often the desk's labels are looked at anew, in turns of the same: every minute.
_CALIBRATE_EVERY = 120
# So many new texts are indexed by their words first: an encoder takes a millisecond for each.
MOST_AT_ONCE = 200
_WITHOUT = "no encoder; matches are by words alone"


class Knowledge:
    """Matches texts and keeps the snapshot fresh. Open with `async with`.

    Matches run on one thread of their own and snapshots are built on another: the event loop is never held,
    and no match waits for a build. The encoder is made when the first text is matched, so that an idle desk
    does without its memory and starts without its time; until it is there, matches are by words alone.
    `target_precision` holds until an admin has chosen another.
    """

    def __init__(
        self,
        store: Store,
        target_precision: float,
        clock: Clock,
        make_encoder: Callable[[], Encoder] | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._setting = self._target = target_precision
        self._make_encoder = make_encoder
        self._matching = ThreadPoolExecutor(1, thread_name_prefix="match")
        self._building = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._stamp: object = None
        self._found: Mapping[str, articles.Versioned] = {}
        self._snapshot = self._encoded = Snapshot.build(())
        self._encoder: Encoder | None = None
        self._asked = asyncio.Event()
        self._ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.articles: Mapping[str, Known] = {}
        self.calibration: Calibration = UNCALIBRATED

    async def __aenter__(self) -> "Knowledge":
        await self._aim()
        await self._refresh()
        self._tasks = [
            asyncio.create_task(self._keep_aim(), name="target precision"),
            asyncio.create_task(self._keep_fresh(), name="knowledge"),
        ]
        if self._make_encoder is None:
            self._ready.set()
        else:
            self._tasks.append(asyncio.create_task(self._load(self._make_encoder), name="encoder"))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._matching.shutdown(cancel_futures=True)
        self._building.shutdown(cancel_futures=True)

    async def match(self, texts: Mapping[str, str]) -> dict[str, Match]:
        """Matches by the texts' keys."""
        self._asked.set()
        return await asyncio.get_running_loop().run_in_executor(self._matching, self._match, texts)

    async def match_one(self, text: str, language: str | None = None) -> Match:
        """The match of one text in a language that may be known, once the encoder is there."""
        self._asked.set()
        await self._ready.wait()
        loop = asyncio.get_running_loop()
        snapshot, target, calibration = self._snapshot, self._target, self.calibration
        return await loop.run_in_executor(
            self._matching,
            lambda: snapshot.match(text, language, target_precision=target, calibration=calibration),
        )

    def _match(self, texts: Mapping[str, str]) -> dict[str, Match]:
        snapshot, target, calibration = self._snapshot, self._target, self.calibration
        return {
            key: snapshot.match(text, target_precision=target, calibration=calibration)
            for key, text in texts.items()
        }

    async def _keep_aim(self) -> None:
        """Apart from the articles: what an admin chose does not wait for a build."""
        while True:
            with contextlib.suppress(StoreError):
                await self._aim()
            await asyncio.sleep(LOOK_EVERY)

    async def _aim(self) -> None:
        self._target = await self._store.read(lambda sql: in_force(sql, self._setting))

    async def _keep_fresh(self) -> None:
        for turn in itertools.count():
            try:
                await self._refresh()
                if turn % _CALIBRATE_EVERY == 0:
                    await self._calibrate()
            except StoreError as error:
                log.warning("articles not reloaded; the last ones stay in use", error=str(error))
            await asyncio.sleep(LOOK_EVERY)

    async def _refresh(self) -> None:
        now = self._clock()
        stamp = await self._store.read(lambda sql: articles.stamp(sql, now))
        if stamp == self._stamp:
            return
        held = self._found
        self._found = await self._store.read(lambda sql: articles.published(sql, now, held))
        await self._build()
        found = self._articles()
        self.articles = await self._in_background(lambda: known(found))
        self._stamp = stamp

    def _articles(self) -> Sequence[Article]:
        return [one.article for one in self._found.values()]

    async def _calibrate(self) -> None:
        encoder = self._snapshot.encoder
        judged = await self._store.read(lambda sql: labels.judged(sql, encoder))
        shown = [Label(confidence=confidence, right=right) for confidence, right in judged]
        self.calibration = await self._in_background(lambda: fit(shown))

    async def _load(self, make: Callable[[], Encoder]) -> None:
        await self._asked.wait()
        try:
            self._encoder = await self._in_background(make)
            await self._build()
        except Exception as error:
            log.error(_WITHOUT, error=repr(error))
        finally:
            self._ready.set()

    async def _build(self) -> None:
        found, encoded = self._articles(), self._encoded
        if self._encoder is None or await self._in_background(lambda: encoded.lacks(found)) > MOST_AT_ONCE:
            self._snapshot = await self._by_words(found)
        if self._encoder is None:
            return
        encoder, before = self._encoder, self._encoded
        try:
            self._encoded = await self._in_background(lambda: Snapshot.build(found, encoder, before))
            self._snapshot = self._encoded
        except Exception as error:
            # Whatever an encoder raises: a desk that answers by words is better than one that doesn't.
            log.error(_WITHOUT, error=repr(error))
            self._encoder = None
            self._snapshot = await self._by_words(found)

    async def _by_words(self, found: Sequence[Article]) -> Snapshot:
        before = self._snapshot
        return await self._in_background(lambda: Snapshot.build(found, None, before))

    async def _in_background(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._building, work)
