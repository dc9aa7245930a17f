"""A desk simulated: the production engine on given arrivals, handling times and staffing."""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush, merge
from typing import NamedTuple

from router.assignment import Engine
from router.assignment_events import AgentChanged, Config, Event, Finished, Offer, Tick, TicketWaits


class Arrival(NamedTuple):
    """A ticket that comes, and how long somebody will work on it, in seconds."""

    ticket: TicketWaits
    handling: float


class Served(NamedTuple):
    """What became of a ticket. `wait` in seconds until an agent had it; `agent` None: nobody ever had."""

    ticket: TicketWaits
    agent: str | None
    wait: float
    handling: float

    @property
    def kept(self) -> bool:
        """Whether its promise was kept."""
        return self.agent is not None and self.wait <= self.ticket.promise_s


def serve(config: Config, staffing: Iterable[AgentChanged], arrivals: Sequence[Arrival]) -> list[Served]:
    """Run the desk until all that can be is done; the result is in the order of arrival.

    `staffing` and `arrivals` are in the order of their instants. Offers are taken at once.
    """
    return _Run(config, arrivals).run(staffing)


class _Run:
    def __init__(self, config: Config, arrivals: Sequence[Arrival]) -> None:
        self._engine = Engine()
        self._engine.apply(config)
        self._arrivals = arrivals
        self._handling = {one.ticket.id: one.handling for one in arrivals}
        self._ends: list[tuple[float, int, str, str]] = []
        self._offered: dict[str, tuple[str, float]] = {}
        self._wake_at: float | None = None

    def run(self, staffing: Iterable[AgentChanged]) -> list[Served]:
        given: Iterable[Event] = merge(
            staffing, (one.ticket for one in self._arrivals), key=lambda event: event.at
        )
        for event in given:
            self._until(event.at)
            self._apply(event)
        self._until(float("inf"))
        end = max((one.ticket.at for one in self._arrivals), default=0.0)
        return [self._served(one, end) for one in self._arrivals]

    def _until(self, at: float) -> None:
        """Let work be finished and time pass up to an instant."""
        while True:
            done = self._ends[0][0] if self._ends else float("inf")
            wake = float("inf") if self._wake_at is None else self._wake_at
            if min(done, wake) > at or min(done, wake) == float("inf"):
                return
            if done <= wake:
                when, _, ticket, agent = heappop(self._ends)
                self._apply(Finished(at=when, ticket=ticket, agent=agent))
            else:
                self._apply(Tick(at=wake))

    def _apply(self, event: Event) -> None:
        result = self._engine.apply(event)
        self._wake_at = result.wake_at
        for offer in result.offers:
            self._begin(offer, event.at)

    def _begin(self, offer: Offer, now: float) -> None:
        self._offered[offer.ticket] = (offer.agent, now)
        end = now + self._handling[offer.ticket]
        heappush(self._ends, (end, len(self._offered), offer.ticket, offer.agent))

    def _served(self, one: Arrival, end: float) -> Served:
        agent, at = self._offered.get(one.ticket.id, (None, end))
        return Served(one.ticket, agent, at - one.ticket.at, one.handling)
