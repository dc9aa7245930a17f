"""What waits where, looked up when somebody asks for the metrics, at most once a second.

Store and bus are shared, so each process gives the same figures of them: of several take the maximum,
not the sum. What store or bus can't tell at the moment is left out, and `frontdesk_up` says so.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.port import BusError
from bus.topology import OUTBOUND, inbound_lanes
from gateway.parts import Process
from gateway.readiness import OK, outcomes
from storage import gauges
from storage.gauges import Gauges, Waiting
from storage.store import StoreError

_EVERY = 1.0
# Together below the ten seconds that Prometheus waits.
_SECONDS = 4.0


class Waits(Collector):
    """The figures of `process`; `refresh` before they are collected."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lanes = (*inbound_lanes(process.settings.partitions), OUTBOUND)
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._gauges: Gauges | None = None
        self._turn = 0.0
        self._depths: dict[str, int] | None = None
        self._checks: dict[str, str] = {}
        self._last_event: int | None = None
        self._happened: Counter[tuple[str, str]] = Counter()

    async def refresh(self) -> None:
        """Look, unless somebody just has."""
        async with self._looking:
            if self._process.tick() - self._looked < _EVERY:
                return
            self._gauges, self._depths, self._checks = await asyncio.gather(
                self._store(), self._bus(), outcomes(self._process.checks)
            )
            self._looked = self._process.tick()

    async def _store(self) -> Gauges | None:
        after = self._last_event
        try:
            async with asyncio.timeout(_SECONDS):
                started = time.perf_counter()
                await self._process.store.write(lambda tx: None)
                self._turn = time.perf_counter() - started
                found = await self._process.store.read(lambda sql: gauges.read(sql, after))
        except (StoreError, TimeoutError):
            return None
        self._happened.update(found.happened)
        self._last_event = found.last_event
        return found

    async def _bus(self) -> dict[str, int] | None:
        try:
            async with asyncio.timeout(_SECONDS):
                return {lane: await self._process.bus.depth(lane) for lane in self._lanes}
        except (BusError, TimeoutError):
            return None

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: there are figures only after a look."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What the last look found."""
        yield _by(
            "frontdesk_up",
            "Whether the store and the bus answered.",
            "part",
            {"store": self._gauges is not None, "bus": self._depths is not None},
        )
        yield _by(
            "frontdesk_check",
            "Whether a condition of being ready is met.",
            "check",
            {name: outcome == OK for name, outcome in self._checks.items()},
        )
        if self._depths is not None:
            yield _by("frontdesk_lane_depth", "What a lane of the bus holds.", "lane", self._depths)
        if self._gauges is not None:
            yield from self._stored(self._gauges)

    def _stored(self, found: Gauges) -> Iterator[Metric]:
        age = _age(self._process.clock())
        yield GaugeMetricFamily(
            "frontdesk_store_turn_seconds", "How long a transaction of no work took.", self._turn
        )
        yield GaugeMetricFamily("frontdesk_dead_letters", "Messages set aside.", found.dead_letters)
        yield GaugeMetricFamily("frontdesk_outbox", "What waits to be published.", found.outbox.size)
        yield GaugeMetricFamily("frontdesk_outbox_age_seconds", "How long the first has.", age(found.outbox))
        yield GaugeMetricFamily(
            "frontdesk_deliveries_waiting", "Messages to customers that wait.", found.deliveries.size
        )
        yield GaugeMetricFamily(
            "frontdesk_delivery_age_seconds", "How long the first has been due.", age(found.deliveries)
        )
        waiting = {queue: waits.size for queue, waits in found.tickets.items()}
        yield _by("frontdesk_tickets_waiting", "Tickets that wait for an agent.", "queue", waiting)
        longest = {queue: age(waits) for queue, waits in found.tickets.items()}
        yield _by("frontdesk_ticket_age_seconds", "How long the first has.", "queue", longest)
        yield from self._counted()

    def _counted(self) -> Iterator[Metric]:
        events = CounterMetricFamily("frontdesk_events", "What happened.", labels=["type"])
        types: Counter[str] = Counter()
        for (type_, _), count in self._happened.items():
            types[type_] += count
        for type_, count in sorted(types.items()):
            events.add_metric([type_], count)
        yield events
        lost = CounterMetricFamily("frontdesk_deliveries_lost", "Deliveries given up.", labels=["state"])
        for state in ("failed", "in_doubt"):
            lost.add_metric([state], self._happened["message.updated", state])
        yield lost
        yield CounterMetricFamily(
            "frontdesk_sla_breaches", "Promises not kept.", self._happened["sla.step", "breached"]
        )


def _by(
    name: str, text: str, label: str, values: "dict[str, int] | dict[str, float] | dict[str, bool]"
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family


def _age(now: datetime) -> Callable[[Waiting], float]:
    return lambda waits: 0.0 if waits.since is None else max(0.0, (now - waits.since).total_seconds())
