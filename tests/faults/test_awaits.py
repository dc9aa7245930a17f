"""Faults at every await between accept and ack: it fails before, it fails after, or the process dies there.

Whatever the faults and their order: each accepted message is stored once, in its customer's order, and
answered by one reply. Hypothesis draws them, and shrinks what breaks it.
"""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Connection

from bus.port import BusUnavailable, Delivery, Subscription
from gateway.acceptance import Acceptance
from gateway.tally import Tally
from storage.blobs import FolderBlobs
from storage.store import Store, StoreUnavailable, Tx
from tests.integration.office import LANE, Office, office_in
from workers import inbound
from workers.inbound import InboundWorker
from workers.relay import Relay
from workers.setup import SetupLoader

T = TypeVar("T")
FULL = os.environ.get("FRONTDESK_FAULTS") == "full"
EXAMPLES, STEPS = (200, 40) if FULL else (6, 20)
CUSTOMERS = ("ann", "bob")
# One that was in hand at more deaths is parked: another promise, with tests of its own.
MOST_DEATHS = 2
FAULTS = st.lists(st.sampled_from(["ok", "ok", "before", "after", "dies"]), max_size=8)
ECHO = {"stage": "respond", "then": [{"reply": "{{ message.text }}"}]}


class Died(BaseException):
    """The process is gone at this await."""


class Trouble:
    """What happens at the next awaits."""

    def __init__(self) -> None:
        self.coming: deque[str] = deque()
        self.deaths = 0

    async def at(self, error: type[Exception], work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """One await."""
        what = self.coming.popleft() if self.coming else "ok"
        if what == "dies" and self.deaths == MOST_DEATHS:
            what = "before"
        if what == "before":
            raise error("away")
        if what == "dies":
            self.deaths += 1
            raise Died
        found = await work()
        if what == "after":
            raise error("it may have been kept")
        return found


class ShakyStore:
    """A store at whose every await something may happen."""

    def __init__(self, store: Store, trouble: Trouble) -> None:
        self._store, self._trouble = store, trouble
        self.on_commit, self.now = store.on_commit, store.now

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`."""

        async def work() -> T:
            return await self._store.write(step)

        return await self._trouble.at(StoreUnavailable, work)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """See `Store`."""

        async def work() -> T:
            return await self._store.read(query)

        return await self._trouble.at(StoreUnavailable, work)


class ShakyBus:
    """A way in at whose await something may happen."""

    def __init__(self, office: Office, trouble: Trouble) -> None:
        self._office, self._trouble = office, trouble

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`."""

        async def work() -> None:
            await self._office.bus.publish(lane, bodies)

        await self._trouble.at(BusUnavailable, work)


class ShakySubscription:
    """A reader whose ack may come to nothing."""

    def __init__(self, subscription: Subscription, trouble: Trouble) -> None:
        self._subscription, self._trouble = subscription, trouble

    async def batch(self, limit: int) -> list[Delivery]:
        """See `Subscription`."""
        return await self._subscription.batch(limit)

    async def ack(self, tag: int) -> None:
        """See `Subscription`."""
        await self._trouble.at(BusUnavailable, partial(self._subscription.ack, tag))


class Desk(RuleBasedStateMachine):
    """Customers, a gateway, an inbound worker and a relay."""

    @initialize()
    def open(self) -> None:
        """A furnished desk with an echo."""
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory(prefix="frontdesk-awaits-")
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.office = await self.stack.enter_async_context(office_in(Path(self.folder.name)))
        await self.office.rule(ECHO)
        self.trouble = Trouble()
        self.accepted: dict[str, list[str]] = {who: [] for who in CUSTOMERS}
        self.pending: dict[str, int] = dict.fromkeys(CUSTOMERS, 0)
        self._gateway_starts()

    def _gateway_starts(self) -> None:
        store = ShakyStore(self.office.store, self.trouble)
        self.acceptance = Acceptance(
            bus=ShakyBus(self.office, self.trouble),
            store=store,
            blobs=FolderBlobs(Path(self.folder.name) / "blobs"),
            tally=Tally(store),
            partitions=1,
        )

    @rule(who=st.sampled_from(CUSTOMERS), faults=FAULTS)
    def writes(self, who: str, faults: list[str]) -> None:
        """A customer's next message, or once more the one that was not taken."""
        self.trouble.coming = deque(faults)
        self.runner.run(self._writes(who))

    async def _writes(self, who: str) -> None:
        number = self.pending[who]
        envelope = self.office.envelope(f"{who} {number}", who=who, id=f"{who}-{number}")
        try:
            await self.acceptance.take(envelope)
        except (BusUnavailable, StoreUnavailable):
            return
        except Died:
            self._gateway_starts()
            return
        self.accepted[who].append(f"{who} {number}")
        self.pending[who] += 1

    @rule(faults=FAULTS)
    def works(self, faults: list[str]) -> None:
        """The inbound worker takes what is there."""
        self.trouble.coming = deque(faults)
        self.runner.run(self._works())

    async def _works(self) -> None:
        if not await self.office.bus.depth(LANE):
            return
        store = ShakyStore(self.office.store, self.trouble)
        worker = InboundWorker(
            LANE,
            bus=self.office.bus,
            store=store,
            setup=SetupLoader(store, lambda desk: desk),
            knowledge=self.office.knowledge,
            wake_relay=lambda: None,
        )
        async with self.office.bus.subscribe(LANE) as subscription:
            try:
                await worker.step(ShakySubscription(subscription, self.trouble))
            except (Died, BusUnavailable, StoreUnavailable):
                return

    @rule(faults=FAULTS, alone=st.booleans())
    def relays(self, faults: list[str], alone: bool) -> None:
        """The relay publishes what is there."""
        self.trouble.coming = deque(faults)
        self.runner.run(self._relays(alone))

    async def _relays(self, alone: bool) -> None:
        store = ShakyStore(self.office.store, self.trouble)
        bus: Any = ShakyBus(self.office, self.trouble)
        try:
            await Relay(bus=bus, store=store, alone=alone).step()
        except (Died, BusUnavailable, StoreUnavailable):
            return

    def teardown(self) -> None:
        """When everything is well again, nothing is missing, double, or out of its order."""
        if not hasattr(self, "office"):
            return
        try:
            self.runner.run(self._end())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def _end(self) -> None:
        self.trouble.coming.clear()
        for who in CUSTOMERS:
            await self._writes(who)
        while await self.office.bus.depth(LANE):
            await self._works()
        messages = await self.office.messages()
        said = {
            who: [one.text for one in messages if one.author == "customer" and one.text.startswith(who)]
            for who in CUSTOMERS
        }
        assert said == self.accepted
        echoes = [one.text for one in messages if one.details.get("reason") == "rule"]
        assert sorted(echoes) == sorted(text for texts in self.accepted.values() for text in texts)
        assert await self.office.rows("dead_letters", "id") == []
        self.office.clock.forward(minutes=1)
        while await self.office.relay.step():
            pass
        assert await self.office.rows("outbox", "seq") == []


def test_faults_at_every_await_between_accept_and_ack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers, gateway, worker and relay in any order, with any faults."""
    monkeypatch.setattr(inbound, "RETRY_AFTER", 0.0)
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
