"""What is made of decisions beside the message path: counts of rules' hits, shadows, canaries, backtests.

It reads decisions after they were stored, in their order, and keeps how far it got. A shadow decides anew
what was just decided, by a draft, and counts the differences. A canary's decisions are compared with those
of the published rules: where its rules fail, or hand over, more or less often than the band allows, it ends.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from router.comparing import failed, handed_over
from router.decision import Decision
from storage import exclusive, restoring, rule_counts, rule_trials, rules
from storage.paging import Sql
from storage.restoring import Restored
from storage.rule_counts import Count
from storage.rule_trials import Trial
from storage.store import Store, StoreUnavailable, Tx
from workers.backtest import Backtest
from workers.setup import compiled_version

log = structlog.get_logger()
_EVERY_S: Final = 1.0
_AT_ONCE: Final = 1_000
_DECIDED_AT_ONCE: Final = 100
_BREATH_S: Final = 0.01
_LOCK: Final = "rule watch"
LEAST: Final = 50
"""Decisions of the canary before it is judged."""
# A hit's count never has to be exact to the second; a commit each second for it would be too dear.
_COUNT_EVERY: Final = 10
_CHUNKS: Final = 50


Decided = tuple[int, Decision, datetime]
"""A decision with its number and its instant."""


class Judged(NamedTuple):
    """A rate of the canary and of the published rules, and how far apart they may be."""

    what: str
    canary: float
    published: float
    band: float

    @property
    def left(self) -> bool:
        """Whether the rate has left its band."""
        return abs(self.canary - self.published) > self.band


class RuleWatch:
    """One process of all that run it works at a time."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Look every second, until cancelled."""
        second = 0
        while True:
            with suppress(StoreUnavailable):
                await self.step()
                if second % _COUNT_EVERY == 0:
                    for _ in range(_CHUNKS):
                        if not await self.count():
                            break
            second += 1
            await asyncio.sleep(_EVERY_S)

    async def count(self) -> int:
        """Add the hits of decisions not yet counted; returns how many decisions that were.

        They are read and added up beside the writer, which has messages to store.
        """
        place, found = await self._store.read(_uncounted)
        if place is None:
            return await self._store.write(_begin_counting)
        if not found:
            return 0
        counts = await asyncio.to_thread(_counts, found)
        return await self._store.write(partial(_keep, place=place, found=found, counts=counts))

    async def step(self) -> None:
        """Take every running trial as far as it goes now."""
        for trial in await self._store.read(rule_trials.running):
            if trial.kind in ("backtest", "shadow"):
                await self._decide(trial)
            elif trial.kind == "canary":
                while await self._store.write(partial(watch_canary, trial_id=trial.id)):
                    pass

    async def _decide(self, trial: Trial) -> None:
        try:
            backtest = await self._prepared(trial)
        except Exception as error:
            log.exception("a trial of rules can't begin", trial=trial.id)
            why = f"{type(error).__name__}: {error}"[:200]
            await self._store.write(partial(_end, trial_id=trial.id, state="failed", error=why))
            return
        until = trial.settings.get("until")
        cursor, done = trial.cursor, trial.done
        while True:
            chunk = await self._store.read(partial(restoring.after, seq=cursor, limit=_DECIDED_AT_ONCE))
            chunk = [one for one in chunk if until is None or one.seq <= until]
            if chunk:
                # On a thread, and giving way after each chunk, so that messages go first.
                report = await asyncio.to_thread(_taken, backtest, chunk)
                cursor, done = chunk[-1].seq, done + len(chunk)
                kept = partial(
                    rule_trials.advance, trial_id=trial.id, cursor=cursor, done=done, report=report
                )
                if not await self._store.write(kept):
                    return
            if len(chunk) < _DECIDED_AT_ONCE:
                break
            await asyncio.sleep(_BREATH_S)
        if until is not None:
            await self._store.write(partial(_end, trial_id=trial.id, state="done"))

    async def _prepared(self, trial: Trial) -> Backtest:
        draft = await self._store.read(partial(rules.get, version=trial.version))
        compiled = await asyncio.to_thread(compiled_version, draft)
        published = None
        if trial.kind == "backtest":
            published = await asyncio.to_thread(compiled_version, await self._published(trial))
        return Backtest(published, compiled, trial.report)

    async def _published(self, trial: Trial) -> rules.Version:
        if not trial.against:
            return rules.NONE
        return await self._store.read(partial(rules.get, version=trial.against))


def _taken(backtest: Backtest, chunk: Sequence[Restored]) -> dict[str, Any]:
    for one in chunk:
        backtest.take(one)
    return backtest.report()


def _end(tx: Tx, trial_id: str, state: str, **report: Any) -> bool:
    return rule_trials.end(tx, trial_id, state, **report)


def _uncounted(sql: Sql) -> tuple[Trial | None, Sequence[Decided]]:
    place = next((one for one in rule_trials.running(sql) if one.kind == "counts"), None)
    return place, restoring.hits_after(sql, place.cursor, _AT_ONCE) if place is not None else ()


def _counts(found: Sequence[Decided]) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for _, decision, at in found:
        rule_counts.count(counts, decision.hits, at)
    return counts


def _keep(tx: Tx, place: Trial, found: Sequence[Decided], counts: dict[str, Count]) -> int:
    # Another process may have counted them meanwhile.
    if not exclusive.take(tx, _LOCK) or rule_trials.get(tx.sql, place.id).cursor != place.cursor:
        return 0
    rule_counts.add(tx, counts)
    rule_trials.advance(tx, place.id, cursor=found[-1][0], done=place.done + len(found), report={})
    return len(found)


def _begin_counting(tx: Tx) -> int:
    if not exclusive.take(tx, _LOCK):
        return 0
    rule_trials.add(tx, "counts", version=0, against=0, settings={}, cursor=0, total=0, author="")
    return 1


def watch_canary(tx: Tx, trial_id: str) -> int:
    """Count what a canary and the published rules decided since; end it where it has left its band."""
    trial = rule_trials.get(tx.sql, trial_id)
    if trial.state != "running" or not exclusive.take(tx, _LOCK):
        return 0
    found = restoring.hits_after(tx.sql, trial.cursor, _DECIDED_AT_ONCE)
    counts = Counter(trial.report.get("counts", {}))
    for _, decision, _ in found:
        _add(counts, decision, trial)
    ended = over(trial, tx.now.timestamp()) and not found
    if found:
        report = {"counts": dict(counts), "rates": _rates(counts)}
        done = trial.done + len(found)
        rule_trials.advance(tx, trial_id, cursor=found[-1][0], done=done, report=report)
    for judged in judge(counts, trial.settings):
        if judged.left:
            why = (
                f"{judged.what} is {judged.canary:.1%} with the draft and {judged.published:.1%} without: "
                f"further apart than {judged.band:.1%}"
            )
            log.warning("a canary is rolled back", trial=trial_id, version=trial.version, reason=why)
            rule_trials.end(tx, trial_id, "rolled_back", why=why)
            return 0
    if ended:
        rule_trials.end(tx, trial_id, "done")
    return len(found)


def over(trial: Trial, now: float) -> bool:
    """Whether a canary has run for as long as it was to."""
    hours = trial.settings.get("hours")
    return hours is not None and now >= (trial.created_at + timedelta(hours=hours)).timestamp()


def judge(counts: Counter[str], settings: dict[str, Any]) -> list[Judged]:
    """The rates, once there are enough decisions on both sides."""
    rates = _rates(counts)
    if min(counts["canary"], counts["published"]) < settings.get("least", LEAST):
        return []
    return [
        Judged(
            "the rate of failing rules", rates["canary_failed"], rates["published_failed"], settings["errors"]
        ),
        Judged(
            "the rate of hand-overs",
            rates["canary_handed_over"],
            rates["published_handed_over"],
            settings["handovers"],
        ),
    ]


def _add(counts: Counter[str], decision: Decision, trial: Trial) -> None:
    side = {trial.version: "canary", trial.against: "published"}.get(decision.rules_version)
    if side is not None:
        counts[side] += 1
        counts[f"{side}_failed"] += failed(decision)
        counts[f"{side}_handed_over"] += handed_over([decision])


def _rates(counts: Counter[str]) -> dict[str, float]:
    return {
        f"{side}_{what}": counts[f"{side}_{what}"] / counts[side] if counts[side] else 0.0
        for side in ("canary", "published")
        for what in ("failed", "handed_over")
    }
