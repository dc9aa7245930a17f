"""The learner: finds what labels were about, proposes phrasings, and watches whether the bot stays right.

Nothing of it stands on a message's way: what customers and agents show is one row each, and the rest happens
here, off the path.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from knowledgebase.phrasing_check import objection
from knowledgebase.precision import Judged, Quality, quality
from storage import article_health, exclusive, labels, phrasing_proposals
from storage.labels import Label
from storage.paging import Sql
from storage.store import Clock, Store, StoreUnavailable, Tx
from storage.target_precision import in_force

log = structlog.get_logger()
AT_ONCE = 50
# How often the target is looked at, in seconds: another one counts within two.
LOOK_EVERY = 1.0
# How often it learns, and how often the real precision is looked at, in turns of the loop.
_LEARN_EVERY, _WATCH_EVERY = 10, 600
# What is longer is a story, no phrasing.
LONGEST = 300
WINDOW = timedelta(days=30)
"""Labels older than this say nothing of how right the bot is now."""


class Learner:
    """`tell` is given the bot's quality at each look; `target_precision` holds until an admin has chosen."""

    def __init__(
        self, *, store: Store, clock: Clock, target_precision: float, tell: Callable[[Quality], None]
    ) -> None:
        self._store, self._clock, self._setting, self._tell = store, clock, target_precision, tell
        self._target, self._state = target_precision, ""
        self._turn = 0

    async def run(self) -> None:
        """Learn every ten seconds; measure every ten minutes, and when the target is another."""
        while True:
            with suppress(StoreUnavailable):
                if self._turn % _LEARN_EVERY == 0:
                    while await self._store.write(learn):
                        pass
                target = await self._store.read(self._in_force)
                if self._turn % _WATCH_EVERY == 0 or target != self._target:
                    await self.watch()
                self._turn += 1
            await asyncio.sleep(LOOK_EVERY)

    async def watch(self) -> Quality:
        """Measure; a drift is logged when it begins."""
        begin = self._clock() - WINDOW
        judged, target = await self._store.read(lambda sql: (judged_since(sql, begin), self._in_force(sql)))
        found = quality(judged, target)
        self._tell(found)
        if found.state == "drift" and self._state != "drift":
            log.error(
                "answers are less often right than they should be",
                precision=found.precision.value,
                at_most=found.precision.high,
                target=found.target,
                labels=found.precision.of,
            )
        self._target, self._state = target, found.state
        return found

    def _in_force(self, sql: Sql) -> float:
        return in_force(sql, self._setting)


def learn(tx: Tx) -> int:
    """One step: expose some labels and propose what they teach; returns how many."""
    if not exclusive.take(tx, "learning"):
        return 0
    pending = labels.pending(tx.sql, AT_ONCE)
    exposed = [labels.expose(tx, label) for label in pending]
    teaching = [one for one in exposed if one.right and 0 < len(one.question.strip()) <= LONGEST]
    if teaching:
        _propose(tx, teaching)
    return len(pending)


def _propose(tx: Tx, teaching: list[Label]) -> None:
    articles = article_health.all_articles(tx.sql)
    known = {article.id: article for article in articles}
    for label in teaching:
        text = " ".join(label.question.split())
        article = known.get(label.article_id)
        if article is None or text in (article.title, *article.phrasings):
            continue
        phrasing_proposals.propose(tx, article.id, text, label.how, objection(text, article.id, articles))


def judged_since(sql: Sql, begin: datetime) -> list[Judged]:
    """The last word on each question since then, of those whose confidence is known."""
    return [
        Judged(confidence=one.confidence, right=one.right, answered=one.exposure == "answer")
        for one in labels.last_words(labels.since(sql, begin))
        if one.confidence is not None
    ]
