"""The notifier: brings notifications to people who don't look at the desk.

A notification is a row (`workers.notices`). First it is seen which ways it goes, as its agent chose; then
each way is claimed, derived again, and given away once. How a claim that was left ends is told in
`storage.notification_deliveries`: no mail is sent twice without anybody knowing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

import structlog

from channels.protocol import Doubtful, Rejected, Retryable, SendError
from router.standing import stands
from storage import agents, notification_choices, notification_deliveries
from storage.notification_choices import Kept
from storage.notification_deliveries import Claim, State
from storage.store import Store, StoreUnavailable, Tx
from workers import notices
from workers.outbound import delay
from workers.reaching import Reaching, Reader
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
_EVERY_S: Final = 1.0
_AT_ONCE: Final = 20
_SPREAD_AT_ONCE: Final = 200
# Well within what a claim lasts.
_ATTEMPT_S: Final = 30.0
_GRACE_S: Final = 5.0
# What is older is no news any more.
_LATEST: Final = timedelta(days=1)
_DOUBT: Final = "its sender ended while it was being given away: it may or may not have arrived"


class ClaimLost(Exception):
    """The claim has lapsed: another process may have it."""


class Ready(NamedTuple):
    """A claim that still stands."""

    claim: Claim
    reader: Reader


class Notifier:
    """Any number of processes may run one. `owner` is never used again; `alone`: no other process sends."""

    def __init__(
        self,
        *,
        store: Store,
        setup: SetupLoader,
        reaching: Reaching,
        random: Callable[[], float],
        owner: str,
        alone: bool,
    ) -> None:
        self._store, self._setup, self._reaching, self._random = store, setup, reaching, random
        self._owner, self._alone = owner, alone
        self._sends: set[asyncio.Task[None]] = set()
        # Whoever begins alone finds what the one before it left.
        self._began = False

    async def run(self) -> None:
        """Look every second, until cancelled; what is being given away then gets a few seconds to end."""
        try:
            while True:
                with suppress(StoreUnavailable):
                    await self.step()
                await asyncio.sleep(_EVERY_S)
        finally:
            if self._sends:
                await asyncio.wait(self._sends, timeout=_GRACE_S)
            for task in self._sends:
                task.cancel()

    async def step(self) -> int:
        """Begin to send what is due, as far as there is room; returns how many."""
        now = self._store.now()
        if self._began and not await self._store.read(partial(notification_deliveries.waiting, now=now)):
            return 0
        ready = await self._setup.write(self._take)
        self._began = True
        for one in ready:
            task = asyncio.create_task(self._send(one))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)
        return len(ready)

    async def rest(self) -> None:
        """Wait until what was begun has ended."""
        if self._sends:
            await asyncio.wait(self._sends)

    def _take(self, tx: Tx, setup: Setup) -> list[Ready]:
        _spread(tx, setup, mails=self._reaching.sender() is not None)
        dead = notification_deliveries.lapsed(tx.now)
        if self._alone and not self._began:
            dead |= notification_deliveries.of_others(self._owner)
        if lost := notification_deliveries.settle(tx, dead, _DOUBT):
            log.warning("notifications may or may not have arrived", count=lost)
        room = _AT_ONCE - len(self._sends)
        claims = notification_deliveries.claim(tx, self._owner, room) if room > 0 else []
        readers = _readers(tx, {claim.notification.agent_id for claim in claims})
        found = [self._ready(tx, setup, one, readers.get(one.notification.agent_id)) for one in claims]
        return [ready for ready in found if ready is not None]

    def _ready(self, tx: Tx, setup: Setup, claim: Claim, reader: Reader | None) -> Ready | None:
        """The claim if it still stands; what does not is dropped."""
        why = _obsolete(tx, setup, claim, reader)
        if why or reader is None:
            notification_deliveries.finish(tx, self._owner, claim, "dropped", error=why)
            return None
        return Ready(claim, reader)

    async def _send(self, ready: Ready) -> None:
        handed = False

        async def about_to() -> None:
            nonlocal handed
            handed = await self._store.write(
                lambda tx: notification_deliveries.hand(tx, self._owner, ready.claim)
            )
            if not handed:
                raise ClaimLost

        error: SendError | None = None
        way = self._reaching.mail if ready.claim.way == "email" else self._reaching.robot
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                await way(ready.claim.notification, ready.reader, about_to)
        except ClaimLost:
            return
        except SendError as refused:
            error = refused
        except TimeoutError:
            error = Doubtful("no answer in time") if handed else Retryable("no answer in time")
        except StoreUnavailable:
            error = Retryable("the store was away")
        except Exception:
            log.exception("an error of ours while telling somebody", notification=ready.claim.notification.id)
            why = "an error of the desk's own; its log says which"
            error = Doubtful(why) if handed else Rejected(why)
        await self._keep(ready.claim, error)

    async def _keep(self, claim: Claim, error: SendError | None) -> None:
        state, seconds = self._ended(claim, error)

        def keep(tx: Tx) -> None:
            again = tx.now + timedelta(seconds=seconds)
            late = state == "queued" and again > claim.notification.created_at + _LATEST
            ended: State = "failed" if late else state
            at = again if ended == "queued" else None
            notification_deliveries.finish(tx, self._owner, claim, ended, error=str(error or ""), again_at=at)

        if error is not None:
            told = {"notification": claim.notification.id, "way": claim.way, "state": state}
            log.warning("a notification did not go out", **told, why=str(error))
        # What can't be kept is settled once the claim has lapsed.
        with suppress(StoreUnavailable):
            await self._store.write(keep)

    def _ended(self, claim: Claim, error: SendError | None) -> tuple[State, float]:
        """The state an attempt leads to, and in how many seconds the next one is."""
        match error:
            case None:
                return "sent", 0
            case Doubtful():
                return "in_doubt", 0
            case Retryable():
                seconds = delay(claim.attempts, error.after, self._random)
                return ("failed", 0) if seconds is None else ("queued", seconds)
        return "failed", 0


def _spread(tx: Tx, setup: Setup, *, mails: bool) -> None:
    fresh = notification_deliveries.to_spread(tx.sql, _SPREAD_AT_ONCE)
    readers = _readers(tx, {one.agent_id for one in fresh})
    ways: notification_deliveries.Ways = {}
    for one in fresh:
        reader = readers.get(one.agent_id)
        chosen = reader.kept.choices.sent(one.kind, tx.now, setup.desk.calendars) if reader else {}
        ways[one.id] = {way: at for way, at in chosen.items() if mails or way != "email"}
    if ways:
        notification_deliveries.spread(tx, ways)


def _readers(tx: Tx, ids: set[str]) -> dict[str, Reader]:
    """Of those who may still work here."""
    if not ids:
        return {}
    chosen = notification_choices.of(tx.sql, ids)
    found = [agent for agent in agents.some(tx.sql, ids) if agent.active]
    return {agent.id: Reader(agent, chosen.get(agent.id, Kept())) for agent in found}


def _obsolete(tx: Tx, setup: Setup, claim: Claim, reader: Reader | None) -> str:
    """Why it need not be sent any more; "" where it must."""
    told = claim.notification
    if reader is None:
        return "its reader does not work here any more"
    if told.read_at is not None:
        return "it was read in the desk"
    ticket, holder = notices.now_at(tx, told.ticket_id)
    still = stands(told.kind, told.details, reader.agent, ticket, holder=holder, now=tx.now, desk=setup.desk)
    return "" if still else "it is no longer so"
