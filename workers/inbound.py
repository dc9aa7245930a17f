"""The inbound worker: takes what is queued on one lane, matches, stores and decides it, then acks.

What a batch wants sent stands in the outbox from the same commit on, and the relay publishes it.

A batch that fails is divided until the envelope that fails alone is found; it is parked as a dead letter and
its neighbours flow, in order. A batch that a process may have died of is taken one envelope at a time, each
attempt counted first. While the store is away nothing is parked and nothing is acked: the batch waits.
"""

import asyncio
import hashlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import structlog

from bus.envelope import Action, EnvelopeError, Inbound, Message, decode
from bus.port import Bus, BusUnavailable, Delivery, Subscription
from knowledgebase.match import Match
from storage import conversations, dead_letters, tickets, waits
from storage.leases import Fence, LeaseLost
from storage.store import Store, StoreUnavailable, Tx
from workers.bot_runs import said_together, surer
from workers.intake import Frozen, NeedsMatch, Taken, take_in
from workers.knowledge import Knowledge
from workers.mail import MAIL, Letters, SetAside
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
T = TypeVar("T")
# What is queued is taken whole up to this; more would hold the writer from its other callers.
BATCH = 200
# How old queue figures may be, in seconds.
FIGURES_AGE = 1.0
# How customers have lately waited changes slowly.
WAITS_AGE = 60.0
# An envelope that was in hand this often when a process died is parked, not tried again.
MOST_ATTEMPTS = 4
# How many are taken at once that were in hand at so many deaths before: most processes die of something else,
# and what one had in hand would hold up the lane, taken one by one. What kills them is alone in the end.
AT_ONCE = (BATCH, 16, 1)
RETRY_AFTER = 0.5


class Read(NamedTuple):
    """A delivery and the envelope in it."""

    delivery: Delivery
    envelope: Inbound


def _unfenced(_tx: Tx) -> None:
    """Nobody else can have the lane."""


class InboundWorker:
    """One lane's worker; `step` is one batch, `run` is forever. `finished` counts batches."""

    def __init__(
        self,
        lane: str,
        *,
        bus: Bus,
        store: Store,
        setup: SetupLoader,
        knowledge: Knowledge,
        wake_relay: Callable[[], None],
        fence: Fence = _unfenced,
        letters: Letters | None = None,
    ) -> None:
        self.finished = 0
        self.in_hand = False
        self._lane, self._fence, self._letters = lane, fence, letters
        self._bus, self._store = bus, store
        self._setup, self._knowledge, self._wake_relay = setup, knowledge, wake_relay
        self._waiting: dict[str, int] = {}
        self._waiting_at = self._waits_at = float("-inf")
        self._waits_told: dict[str, int] = {}
        self._leaving = self._waits = False
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Take batches until told to `leave`; cancelled, it gives back what it has in hand.

        Raises `LeaseLost`.
        """
        self._running = asyncio.current_task()
        async with self._bus.subscribe(self._lane) as subscription:
            while not self._leaving:
                await self.step(subscription)

    def leave(self) -> None:
        """Let `run` end once the batch in hand is acked; while it waits for one, at once, as if cancelled."""
        if not self._leaving and self._running is not None and self._waits:
            self._running.cancel()
        self._leaving = True

    async def step(self, subscription: Subscription) -> None:
        """Take one batch and ack it; waits out a store or bus that is away. Raises `LeaseLost`."""
        self._waits = True
        try:
            batch = await subscription.batch(BATCH)
        finally:
            self._waits = False
        self.in_hand = True
        try:
            await self._finish(batch)
            await subscription.ack(batch[-1].tag)
            self.finished += 1
        finally:
            self.in_hand = False

    async def _finish(self, batch: Sequence[Delivery]) -> None:
        # A store that comes and goes is no reason to count an attempt again.
        counted: set[str] = set()
        while True:
            try:
                await self._handle(batch, counted)
                break
            except (StoreUnavailable, BusUnavailable) as error:
                log.warning("waiting to take messages in", lane=self._lane, reason=str(error))
                await asyncio.sleep(RETRY_AFTER)

    async def _handle(self, batch: Sequence[Delivery], counted: set[str]) -> None:
        reads = await self._read(batch)
        if self._letters is not None and any(read.envelope.channel_kind == MAIL for read in reads):
            reads = await self._opened(reads, self._letters)
        if any(read.delivery.redelivered for read in reads):
            await self._again(reads, counted)
        elif reads:
            await self._divide(reads)

    async def _read(self, batch: Sequence[Delivery]) -> list[Read]:
        reads: list[Read] = []
        for delivery in batch:
            try:
                reads.append(Read(delivery, decode(delivery.body)))
            except EnvelopeError as error:
                # Named by its bytes, so that it is parked once however often it comes.
                name = f"unreadable-{hashlib.sha256(delivery.body).hexdigest()[:32]}"
                await self._park(delivery, name, str(error))
        return reads

    async def _opened(self, reads: Sequence[Read], letters: Letters) -> list[Read]:
        """With what is in their mails; one that can't be read is set aside with its bytes."""
        opened: list[Read] = []
        for read in reads:
            try:
                opened.append(Read(read.delivery, await letters.read(read.envelope)))
            except SetAside as why:
                await self._park(read.delivery, read.envelope.id, str(why))
        return opened

    async def _divide(self, reads: Sequence[Read]) -> None:
        try:
            await self._take([read.envelope for read in reads])
        except (StoreUnavailable, BusUnavailable, LeaseLost):
            raise
        except Exception as error:
            if len(reads) == 1:
                await self._park(reads[0].delivery, reads[0].envelope.id, _in_words(error))
                return
            log.warning("a batch failed and is divided", lane=self._lane, size=len(reads), error=repr(error))
            middle = len(reads) // 2
            await self._divide(reads[:middle])
            await self._divide(reads[middle:])

    async def _again(self, reads: Sequence[Read], counted: set[str]) -> None:
        """Someone may have died of one of these: each is counted before it is touched."""
        names = [read.envelope.id for read in reads]
        tried = await self._store.read(partial(dead_letters.tried, envelope_ids=names))
        while reads:
            size = _at_once(reads, tried)
            group, reads = reads[:size], reads[size:]
            names = [read.envelope.id for read in group]
            if fresh := [name for name in names if name not in counted]:
                tried |= await self._write(partial(dead_letters.attempt, envelope_ids=fresh))
                counted.update(fresh)
            # What was taken before the store went away is no longer counted.
            suspects = [read for read in group if tried.get(read.envelope.id, 0) > MOST_ATTEMPTS]
            for read in suspects:
                await self._park(read.delivery, read.envelope.id, "a worker died with it in hand, repeatedly")
            if rest := [read for read in group if read not in suspects]:
                await self._divide(rest)
            await self._write(partial(dead_letters.forget, envelope_ids=names))

    async def _park(self, delivery: Delivery, envelope_id: str, error: str) -> None:
        log.error("message parked as a dead letter", envelope=envelope_id, error=error)
        await self._write(lambda tx: dead_letters.park(tx, self._lane, delivery.body, envelope_id, error))

    async def _take(self, envelopes: Sequence[Inbound]) -> None:
        matches = await self._matches(envelopes)
        try:
            taken = await self._decide(envelopes, matches)
        except NeedsMatch:
            # A conversation went back to the bot since it was looked at: match them all, once.
            matches = await self._knowledge.match({one.id: _text(one) for one in envelopes})
            taken = await self._decide(envelopes, matches)
        if taken.outgoing:
            self._wake_relay()

    async def _decide(self, envelopes: Sequence[Inbound], matches: Mapping[str, Match]) -> Taken:
        articles, waiting, waits = self._knowledge.articles, await self._figures(), self._waits_told

        def _step(tx: Tx, setup: Setup) -> Taken:
            self._fence(tx)
            return take_in(tx, envelopes, Frozen(setup, articles, matches, waiting, waits))

        return await self._setup.write(_step)

    async def _write(self, step: Callable[[Tx], T]) -> T:
        def _fenced(tx: Tx) -> T:
            self._fence(tx)
            return step(tx)

        return await self._store.write(_fenced)

    async def _matches(self, envelopes: Sequence[Inbound]) -> dict[str, Match]:
        addresses = {_address(envelope) for envelope in envelopes}
        with_person = await self._store.read(lambda sql: conversations.answerers(sql, addresses))
        texts = {
            envelope.id: _text(envelope)
            for envelope in envelopes
            if _address(envelope) not in with_person and _has_text(envelope)
        }
        if not texts:
            return {}
        matches = await self._knowledge.match(texts)
        if together := said_together(envelopes, matches):
            for key, match in (await self._knowledge.match(together)).items():
                matches[key] = surer(match, matches[key])
        return matches

    async def _figures(self) -> dict[str, int]:
        now = asyncio.get_running_loop().time()
        if now - self._waiting_at > FIGURES_AGE:
            self._waiting = await self._store.read(tickets.queue_lengths)
            self._waiting_at = now
        if now - self._waits_at > WAITS_AGE:
            self._waits_told = await self._store.read(waits.lately)
            self._waits_at = now
        return self._waiting


def _at_once(reads: Sequence[Read], tried: Mapping[str, int]) -> int:
    """How many of the first may be taken together."""
    most = BATCH
    for number, read in enumerate(reads):
        most = min(most, AT_ONCE[min(tried.get(read.envelope.id, 0), len(AT_ONCE) - 1)])
        if number >= most:
            return max(number, 1)
    return len(reads)


def _in_words(error: Exception) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def _address(envelope: Inbound) -> tuple[str, str, str]:
    return envelope.channel_id, envelope.sender.address, envelope.thread


def _has_text(envelope: Inbound) -> bool:
    return isinstance(envelope.event, Message | Action)


def _text(envelope: Inbound) -> str:
    event = envelope.event
    return event.text if isinstance(event, Message | Action) else ""
