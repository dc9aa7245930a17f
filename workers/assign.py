"""The assign worker: offers waiting tickets to the agents who should have them, one transaction a claim.

One process at a time does it, by a lease that lapses after seconds; the others stand by. Whoever takes it
over builds the engine from the store and then follows the event log, so that nothing is read again that has
not changed. The engine says who should have what; the claim's transaction looks whether that still holds.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from router.assignment_events import Offer as Chosen
from router.following import Following
from router.lifecycle import move
from router.pull import Before, units
from router.values import Ticket
from storage import agents, assignment, leases, tickets
from storage.leases import Lease, LeaseLost
from storage.store import Clock, Missing, Store, StoreUnavailable, Tx
from workers import inbox
from workers.offering import hold_out, skipped
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
# Room and tickets that commits brought are looked at no more often than this, in seconds.
EVERY = 0.25
LEASE = "assign"
_RENEW_EVERY = 1.0
# So many claims are on their way at once, each in a transaction of its own.
_AT_ONCE = 16
# A large desk is read and told to the engine for longer than the lease lasts: it is renewed every so many
# tickets.
_AT_A_TIME = 2000
# More lines are packed in a thread.
_FEW_LINES = 200
# A run begins anew after this, so that its log can be forgotten.
_LONGEST_RUN = timedelta(days=1)
# Nothing is kept for anybody of what has waited for so long when a run begins.
_HELD_NO_MORE = timedelta(minutes=10)


class AssignWorker:
    """Looks when something was committed and each second; `step` is one look.

    `owner` names this process and is never used again. `alone`: no other process is there to take turns with.
    """

    def __init__(
        self,
        *,
        store: Store,
        setup: SetupLoader,
        clock: Clock,
        owner: str,
        alone: bool,
    ) -> None:
        self._store, self._setup, self._clock = store, setup, clock
        self._owner, self._alone = owner, alone
        self._lease: Lease | None = None
        self._renew_at: datetime | None = None
        self._news = asyncio.Event()
        self._following: Following | None = None
        self._position = 0
        self._began: datetime | None = None
        self._version = -1
        self._doubtful: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled; then let another process take over at once."""
        self._store.on_commit(lambda _seq: self._news.set())
        try:
            while True:
                with suppress(StoreUnavailable):
                    await self.step()
                await asyncio.sleep(EVERY)
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._news.wait()
                self._news.clear()
        finally:
            await self._leave()

    async def step(self) -> int:
        """Offer what can be offered now; returns how many claims were made."""
        if not await self._lead():
            self._following = None
            return 0
        try:
            following = await self._up_to_date()
            chosen = following.offers(self._clock().timestamp())
            keep = await self._logged(following)
            # A single claim keeps them in its own transaction.
            if keep is not None and len(chosen) != 1:
                await self._log(keep)
                keep = None
            await self._alert(following.alerts())
            return await self._claim_all(chosen, keep)
        except LeaseLost:
            log.warning("another process assigns now")
            self._lease, self._following = None, None
            return 0
        except BaseException:
            # What the engine was told and what was stored may differ: begin again from what is stored.
            self._following = None
            raise

    # --- turns ----------------------------------------------------------------------------------------

    async def _lead(self) -> bool:
        now = self._clock()
        if self._lease is not None and self._renew_at is not None and (self._alone or now < self._renew_at):
            return True
        lead = partial(leases.lead, work=LEASE, owner=self._owner, alone=self._alone)
        epoch = await self._store.write(lead)
        if epoch is None:
            self._lease = None
            return False
        if self._lease is None or self._lease.since != epoch:
            log.info("assigns tickets", epoch=epoch)
            self._following = None
        self._lease = Lease(LEASE, self._owner, epoch)
        self._renew_at = now + timedelta(seconds=_RENEW_EVERY)
        return True

    async def _keep_leading(self) -> None:
        """Renew the lease where it is time; raises `LeaseLost` when it is another's."""
        held = self._lease
        if not await self._lead() or (held is not None and self._lease != held):
            raise LeaseLost("another process assigns now")

    async def _leave(self) -> None:
        if self._lease is not None:
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(_RENEW_EVERY):
                    await self._store.write(partial(leases.free, lease=self._lease))
            self._lease = None

    # --- following ------------------------------------------------------------------------------------

    async def _up_to_date(self) -> Following:
        now = self._clock()
        following = self._following
        if following is None or self._began is None or now - self._began > _LONGEST_RUN:
            return await self._begin(now)
        position, doubtful = self._position, self._doubtful
        found = await self._store.read(lambda sql: assignment.changes(sql, position, doubtful, now))
        set_up = any(one.type in ("catalogue.updated", "channel.updated") for one in found.news.events)
        if set_up or found.news.missed or (await self._setup.get()).version != self._version:
            return await self._begin(now)
        self._position, self._doubtful = found.news.last, set()
        for seen in found.agents:
            following.agent(seen, now.timestamp())
        await self._tell(following, found, doubtful, now)
        return following

    async def _tell(
        self, following: Following, found: assignment.Changes, doubtful: set[str], now: datetime
    ) -> None:
        events = found.news.events
        back = {one.ticket_id for one in events if one.data.get("by") == "customer"}
        for one in events:
            if one.type in ("offer.declined", "offer.expired") and one.ticket_id:
                following.ended(one.type, one.ticket_id, str(one.data.get("agent")), one.at.timestamp())
        for ticket_id in sorted({one.ticket_id for one in events if one.ticket_id} | doubtful):
            ticket = found.tickets.get(ticket_id)
            holder = None if ticket is None else _holder(ticket, found.offered)
            if ticket is None:
                following.gone(ticket_id, now.timestamp())
            elif holder and ticket_id in back and not following.has_room(holder, ticket):
                await self._return(ticket, holder)
            else:
                following.ticket(ticket, holder, found.before.get(ticket_id, Before()), now.timestamp())

    async def _begin(self, now: datetime) -> Following:
        setup = await self._setup.reload()
        desk = await self._store.read(lambda sql: assignment.beginning(sql, now))
        handled = await self._store.read(assignment.handled)
        if self._following is not None:
            handled = self._following.handled
        kinds = {channel.id: channel.kind for channel in setup.channels.values()}
        following = self._following = Following(setup.desk, kinds, handled)
        for seen in desk.agents:
            following.agent(seen, now.timestamp())
        for first in range(0, len(desk.tickets), _AT_A_TIME):
            await self._keep_leading()
            await self._begin_with(following, desk.tickets[first : first + _AT_A_TIME], now)
        self._position, self._began, self._version = desk.last, now, setup.version
        self._doubtful = set()
        return following

    async def _begin_with(self, following: Following, ids: list[str], now: datetime) -> None:
        stored, offered = await self._store.read(lambda sql: assignment.some(sql, ids))
        oldest = now - _HELD_NO_MORE
        young = [one for one in stored.values() if one.status == "queued" and one.waiting_since > oldest]
        before = await self._store.read(lambda sql: assignment.before(sql, young)) if young else {}
        for ticket in stored.values():
            found = before.get(ticket.id, Before())
            following.ticket(ticket, _holder(ticket, offered), found, now.timestamp())

    async def _logged(self, following: Following) -> Callable[[Tx], None] | None:
        """What keeps the lines that were told, within a transaction; None where there are none."""
        lines, begins = following.logged()
        if not lines:
            return None
        few = len(lines) <= _FEW_LINES
        kept = assignment.packed(lines) if few else await asyncio.to_thread(assignment.packed, lines)
        handled = following.handled

        def keep(tx: Tx) -> None:
            assignment.log(tx, kept, handled, begins=begins)
            if begins:
                assignment.prune(tx)

        return keep

    async def _log(self, keep: Callable[[Tx], None]) -> None:
        fence = self._fence()

        def log(tx: Tx) -> None:
            fence(tx)
            keep(tx)

        await self._store.write(log)

    async def _alert(self, reached: dict[str, int]) -> None:
        """Tell the supervisors of what went past steps that nobody who is there could serve."""
        ids, fence = sorted(reached), self._fence()
        for first in range(0, len(ids), _AT_A_TIME):
            some = {one: reached[one] for one in ids[first : first + _AT_A_TIME]}

            def tell(tx: Tx, setup: Setup, some: dict[str, int] = some) -> None:
                fence(tx)
                skipped(tx, some, setup.desk)

            await self._setup.write(tell)

    # --- claims ---------------------------------------------------------------------------------------

    def _fence(self) -> Callable[[Tx], None]:
        if self._lease is None:
            raise LeaseLost("nobody assigns here")
        return leases.lead_fence(self._lease)

    async def _claim_all(self, chosen: Iterable[Chosen], keep: Callable[[Tx], None] | None) -> int:
        rest, made = list(chosen), 0
        while rest:
            now, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
            results = await asyncio.gather(*(self._claim(one, keep) for one in now), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
                made += result
        return made

    async def _claim(self, chosen: Chosen, keep: Callable[[Tx], None] | None) -> bool:
        """Whether the ticket was claimed; if not, ticket and agent are looked at again.

        `keep`: what is stored with it all the same.
        """
        seen = self._following.seen(chosen.ticket) if self._following else None
        fence = self._fence()

        def claim(tx: Tx, setup: Setup) -> list[str] | None:
            fence(tx)
            if keep is not None:
                keep(tx)
            if seen is not None and _claimed(tx, setup, chosen, seen):
                return None
            return [chosen.ticket, *assignment.holdings(tx.sql, chosen.agent)]

        doubtful = await self._setup.write(claim)
        if doubtful is not None:
            log.info("a claim came too late", ticket=chosen.ticket, agent=chosen.agent)
            self._doubtful.update(doubtful)
        return doubtful is None

    async def _return(self, ticket: Ticket, agent_id: str) -> None:
        """Its customer wrote and its agent has no room or is not there: it waits again, at its age."""
        fence = self._fence()

        def back(tx: Tx, setup: Setup) -> None:
            fence(tx)
            before = tickets.lock(tx, ticket.id)
            if before.status == "open" and before.assignee == agent_id:
                inbox.save(tx, before, move(before, "queued", tx.now, setup.desk), actor="clock")

        await self._setup.write(back)


def _holder(ticket: Ticket, offered: dict[str, str]) -> str | None:
    if ticket.status == "offered":
        return offered.get(ticket.id)
    return ticket.assignee if ticket.status == "open" or ticket.wrap_up_until is not None else None


def _claimed(tx: Tx, setup: Setup, chosen: Chosen, seen: Ticket) -> bool:
    """Claim it, if ticket and agent are as the engine knows them: nobody gets more than they have room."""
    before = tickets.lock(tx, chosen.ticket)
    if before.status != "queued" or before.version != seen.version or chosen.agent in before.declined_by:
        return False
    try:
        agent = agents.lock(tx, chosen.agent).agent
    except Missing:
        return False
    kind = setup.channels[before.channel_id].kind if before.channel_id in setup.channels else ""
    queues = setup.desk.queues
    used = sum(units(queues.get(queue), one) for queue, one in assignment.taken_room(tx.sql, agent.id))
    if not agent.active or agent.presence != "online":
        return False
    if used + units(queues.get(before.queue), kind) > agent.capacity:
        return False
    hold_out(tx, before, agent.id, chosen.why, setup.desk)
    return True
