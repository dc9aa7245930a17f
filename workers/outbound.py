"""The outbound worker: claims what is to be sent, sends it, and keeps how that ended.

What the lane `outbound` brings are hints; the table of deliveries is the truth, and a look at it once a
second finds what no hint told of: retries that are due, and hints that were lost. Each turn is one
transaction that keeps the outcomes so far and claims what comes next, so a busy desk commits for many
messages at once.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from msgspec.structs import replace

from bus.envelope import EnvelopeError, Wake, decode_wake
from bus.live import Live, Rate
from bus.port import Bus, BusError
from bus.topology import OUTBOUND
from channels.protocol import (
    Channel,
    Doubtful,
    Gone,
    Rejected,
    Retryable,
    SendError,
    Sent,
    Slowed,
    Unreachable,
)
from storage import channels, deliveries, delivery_log, leases
from storage.deliveries import Claim, Outcome
from storage.leases import LASTS
from storage.store import Clock, Store, StoreUnavailable, Tx
from workers.connections import Connected, Connections
from workers.mail import MAIL, Letters

log = structlog.get_logger()
# At once to one channel, so that a slow receiver holds up its own channel and no other.
PER_CHANNEL = 8
SEND_TIMEOUT_S = 15.0
# The group of the processes that send: each tells in its lease's row that it lives.
GROUP: Final = "outbound"
# A process that has not told so for this long sends nothing it has claimed: it may be another's by now.
_SURE_S: Final = LASTS.total_seconds() * 0.75
# Standard Webhooks 1.0, "Deliverability and reliability": seconds from each failed attempt to the next.
SCHEDULE_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Retries of many messages that failed together are spread over this much more of their delay.
JITTER = 0.2
_HINTS = 10_000
_BATCH = 500
_EVERY_S = 1.0
_AGAIN_AFTER_S = 0.5
_GRACE_S = 5.0
_DOUBT = "the process that was sending it ended: it may or may not have arrived"


def delay(attempts: int, after: float | None, random: Callable[[], float]) -> float | None:
    """Seconds to the next attempt when `attempts` have failed, None when that was the last one.

    `after` is the platform's own wish and is not shortened; `random` draws from 0 to below 1.
    """
    if attempts > len(SCHEDULE_S):
        return None
    wanted = SCHEDULE_S[attempts - 1] if after is None else after
    return wanted * (1 + JITTER * random())


class OutboundWorker:
    """One process's sender. `owner` names it in its claims and is never used again after it ends.

    `alone`: no other process sends, so that whatever another owner has claimed was left by a dead one.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        store: Store,
        connections: Connections,
        live: Live,
        clock: Clock,
        random: Callable[[], float],
        owner: str,
        alone: bool,
        letters: Letters | None = None,
    ) -> None:
        self._bus, self._store, self._connections, self._live = bus, store, connections, live
        self._letters = letters
        self._clock, self._random = clock, random
        self._owner, self._alone = owner, alone
        # By channel: conversations with something to send, those in which customers wrote and those not.
        self._hints: dict[str, dict[str, None]] = {}
        self._bulk: dict[str, dict[str, None]] = {}
        self._in_hand: Counter[str] = Counter()
        self._ended: list[Outcome] = []
        self._sends: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._beaten = float("-inf")

    async def run(self) -> None:
        """Send until cancelled; what is being sent then gets a few seconds to end."""
        await self._persist(self.beat)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._look())
                tasks.create_task(self._beats())
                tasks.create_task(self._turns())
        finally:
            await self._stop()

    # --- what there is to send ------------------------------------------------------------------------

    def _hint(self, channel_id: str, conversation_id: str, *, bulk: bool = False) -> None:
        waiting = (self._bulk if bulk else self._hints).setdefault(channel_id, {})
        # One too many is not lost: the look at the table finds it.
        if len(waiting) < _HINTS:
            waiting[conversation_id] = None
            self._news.set()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._bus.subscribe(OUTBOUND) as subscription:
                    while True:
                        batch = await subscription.batch(_BATCH)
                        for delivery in batch:
                            self._hear(delivery.body)
                        await subscription.ack(batch[-1].tag)
            except BusError as error:
                log.warning("hints of what to send don't come through", reason=str(error))
                await asyncio.sleep(_EVERY_S)

    def _hear(self, body: bytes) -> None:
        try:
            wake = decode_wake(body)
        except EnvelopeError as error:
            log.error("a hint of what to send can't be read", error=str(error))
        else:
            self._take_hint(wake)

    def _take_hint(self, wake: Wake) -> None:
        self._hint(wake.channel_id, wake.conversation_id, bulk=wake.bulk)

    async def _look(self) -> None:
        while True:
            await self._persist(self.look)
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Find what is due and was not hinted at; raises `StoreUnavailable`."""
        now = self._clock()
        # A channel with hints or without room has enough to do; its rows must not fill the look.
        busy = {
            channel for hints in (self._hints, self._bulk) for channel, waiting in hints.items() if waiting
        }
        full = {channel for channel, count in self._in_hand.items() if count >= PER_CHANNEL}
        off = {connected.id for connected in self._connections if not connected.enabled}
        found = await self._store.read(lambda sql: deliveries.due(sql, now, busy | full | off, _BATCH))
        for wake in found:
            self._take_hint(wake)

    async def _beats(self) -> None:
        while not self._alone:
            await asyncio.sleep(_EVERY_S)
            await self._persist(self.beat)

    async def beat(self) -> None:
        """Tell that this process lives, and settle what the dead have left; raises `StoreUnavailable`.

        Who has not told so for a while only does that: with a store that was away nobody else could either.
        """
        now = asyncio.get_running_loop().time()
        steady = self._alone or self._sure(now)
        idempotent = {one.id for one in self._connections if one.channel.capabilities.idempotent}

        def step(tx: Tx) -> None:
            living = {self._owner} if self._alone else leases.present(tx, GROUP, self._owner)
            if steady:
                deliveries.take_over(tx, living, idempotent, _DOUBT)

        await self._store.write(step)
        self._beaten = now

    def _sure(self, now: float) -> bool:
        return now - self._beaten < _SURE_S

    async def _persist(self, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await action()
                return
            except StoreUnavailable as error:
                log.warning("the sender waits for the store", reason=str(error))
                await asyncio.sleep(_AGAIN_AFTER_S)

    # --- turns ----------------------------------------------------------------------------------------

    async def _turns(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._persist(self.turn)

    async def turn(self) -> None:
        """Keep how sends ended, claim what may go next, and begin to send it; raises `StoreUnavailable`."""
        if not (self._alone or self._sure(asyncio.get_running_loop().time())):
            await self.beat()
        ended, self._ended = self._ended, []
        picked = self._pick()
        if not ended and not picked:
            return
        conversations = [conversation for _, conversation in picked]
        try:
            claims = await self._store.write(
                partial(_settle, owner=self._owner, ended=ended, conversations=conversations)
            )
        except StoreUnavailable:
            self._ended = ended + self._ended
            for channel, conversation in picked:
                self._hint(channel, conversation)
            raise
        for claim in claims:
            self._begin(claim)
        if len(claims) < len(picked):
            # Hints that came to nothing have left room, and no send that ends will ask for it.
            self._news.set()

    def _pick(self) -> list[tuple[str, str]]:
        picked: list[tuple[str, str]] = []
        # What answers a customer goes before what they did not ask for.
        for hints in (self._hints, self._bulk):
            for channel, waiting in list(hints.items()):
                connected = self._connections.get(channel)
                if connected is not None and not connected.enabled:
                    del hints[channel]
                    continue
                room = PER_CHANNEL - self._in_hand[channel] - sum(one == channel for one, _ in picked)
                for conversation in list(waiting)[: max(0, room)]:
                    del waiting[conversation]
                    picked.append((channel, conversation))
                if not waiting:
                    del hints[channel]
        return picked

    async def _pace(self, channel: Channel, claim: Claim) -> None:
        """Wait until the platform takes another message, on the channel and in the conversation."""
        able = channel.capabilities
        if able.conversation_rate is not None:
            await self._granted(f"send:{claim.channel_id}:{claim.conversation_id}", able.conversation_rate)
        if able.rate is not None:
            await self._granted(f"send:{claim.channel_id}", able.rate)

    async def _granted(self, key: str, rate: Rate) -> None:
        wait = await self._live.limit(key, rate)
        while wait:
            await asyncio.sleep(wait)
            wait = await self._live.limit(key, rate)

    def _begin(self, claim: Claim) -> None:
        self._in_hand[claim.channel_id] += 1
        task = asyncio.create_task(self._send(claim))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, claim: Claim) -> None:
        try:
            outcome = await self._outcome(claim)
        except asyncio.CancelledError:
            self._ended.append(self._cut_off(claim))
            raise
        finally:
            self._in_hand[claim.channel_id] -= 1
        self._ended.append(outcome)
        # What comes next in the conversation was held back by this one.
        self._hint(claim.channel_id, claim.conversation_id)
        self._news.set()

    async def _outcome(self, claim: Claim) -> Outcome:
        if not (self._alone or self._sure(asyncio.get_running_loop().time())):
            # This process stood still; what it has claimed may have been sent by another since.
            return Outcome(claim, "queued", self._clock(), "its sender stood still", _parts(claim))
        connected: Connected | None = None
        try:
            connected = await self._connections.find(claim.channel_id)
            sent = await self._give(connected, claim)
        except SendError as error:
            return await self._refused(_continued(claim, error), error)
        except StoreUnavailable:
            return self._later(claim, "the store was away", _EVERY_S)
        except TimeoutError:
            why = f"no answer within {SEND_TIMEOUT_S:.0f} seconds"
            if connected is None or connected.channel.capabilities.idempotent:
                return await self._refused(claim, Retryable(why))
            return await self._refused(claim, Doubtful(why))
        except Exception:
            log.exception("an error of ours while sending", message=claim.message_id)
            return await self._refused(claim, Retryable("an error of the desk's own; its log says which"))
        self._connections.health.tell(claim.channel_id, "sending", None)
        return Outcome(claim, "kept" if sent.kept else "sent", self._clock(), external_id=sent.external_id)

    async def _refused(self, claim: Claim, error: SendError) -> Outcome:
        """What follows from an error, for the message and for what is told of its channel."""
        why, parts = str(error), _parts(claim)
        if isinstance(error, Retryable | Doubtful | Gone):
            told = None if isinstance(error, Slowed) else why
            self._connections.health.tell(claim.channel_id, "sending", told)
        match error:
            case Retryable():
                return self._later(claim, why, error.after)
            case Doubtful():
                return Outcome(claim, "in_doubt", self._clock(), why, parts)
            case Gone():
                log.warning("a platform takes nothing any more", channel=claim.channel_id, why=why)
                amend = partial(channels.amend, channel_id=claim.channel_id, changes=error.settings)
                # Should it not be kept, the next message hears the same.
                with suppress(StoreUnavailable):
                    await self._store.write(amend)
        log.warning("a message can't be sent", message=claim.message_id, why=why)
        return Outcome(claim, "failed", self._clock(), why, parts, unreachable=isinstance(error, Unreachable))

    async def _give(self, connected: Connected | None, claim: Claim) -> Sent:
        if connected is None:
            raise Rejected("the channel is not set up, or can't be opened")
        outbound = claim.outbound
        if connected.kind == MAIL and self._letters is not None:
            outbound = await self._letters.address(connected, claim)
        await self._pace(connected.channel, claim)
        async with asyncio.timeout(SEND_TIMEOUT_S):
            return await connected.channel.send(outbound)

    def _later(self, claim: Claim, why: str, after: float | None) -> Outcome:
        attempts = claim.attempts + 1
        seconds = delay(attempts, after, self._random)
        now = self._clock()
        if seconds is None:
            log.warning("a message was given up", message=claim.message_id, why=why)
            why = f"given up after {attempts} attempts: {why}"
            return Outcome(claim, "failed", now, why, _parts(claim))
        log.info("a message will be sent again", message=claim.message_id, why=why, seconds=round(seconds))
        return Outcome(claim, "queued", now + timedelta(seconds=seconds), why, _parts(claim))

    def _cut_off(self, claim: Claim) -> Outcome:
        connected = self._connections.get(claim.channel_id)
        if connected is not None and connected.channel.capabilities.idempotent:
            why = "the desk stopped while it was sending this"
            return Outcome(claim, "queued", self._clock(), why, _parts(claim))
        return Outcome(claim, "in_doubt", self._clock(), _DOUBT, _parts(claim))

    async def _stop(self) -> None:
        if self._sends:
            await asyncio.wait(self._sends, timeout=_GRACE_S)
        for task in self._sends:
            task.cancel()
        if self._sends:
            await asyncio.wait(self._sends)
        # What could not be kept is found claimed by a dead owner.
        with suppress(StoreUnavailable):
            await self._store.write(partial(_settle, owner=self._owner, ended=self._ended, conversations=()))
            if not self._alone:
                await self._store.write(partial(leases.leave, group=GROUP, owner=self._owner))


def _continued(claim: Claim, error: SendError) -> Claim:
    """The claim with the parts that the platform took in this attempt."""
    return claim._replace(outbound=replace(claim.outbound, sent=error.sent)) if error.sent else claim


def _parts(claim: Claim) -> str:
    return " ".join(claim.outbound.sent)


def _settle(tx: Tx, owner: str, ended: Sequence[Outcome], conversations: Sequence[str]) -> list[Claim]:
    deliveries.finish(tx, owner, ended)
    delivery_log.keep(tx, ended)
    return deliveries.claim(tx, owner, conversations)
