"""The assignment engine: which waiting ticket is offered to which agent, now, and when to look again.

Events go in, each with its instant; offers come out. The same events give the same offers: there is no clock
and no chance in here. After each event nothing is left that could be offered: a ticket that nobody can take
holds up no other, and only what the event touched is looked at again.

An agent may take a ticket when they are online, have each skill at the level it needs, have room (units in
all, tickets at once on its channel and of its queue), have not declined it, have not missed an offer in the
cool-down, and have not been offered more than is fair. One that is pinned to an agent is for that one alone,
who needs no skill for it. `urgency_key` orders the tickets. Among the agents
that may take one: who missed an offer lately comes last; then who ties up the least scarce skill (for each
skill the ticket does not need, one over the agents online who have it); then the least busy for their
capacity, the longest idle, and the agent's id.

    assignment_staff      the agents: who is there, who has room, whose skills are scarce
    assignment_waiting    the tickets: kept for whom, waiting where, who may take them next
    assignment_offers     which ticket goes first, to which agent, and why

Instants and durations are whole microseconds, so that ties are ties.
"""

from collections.abc import Iterator

from router.assignment_check import checked
from router.assignment_events import (
    AgentChanged,
    Config,
    Declined,
    Event,
    Expired,
    Finished,
    Requeued,
    Result,
    Taken,
    TicketWaits,
    Withdrawn,
)
from router.assignment_offers import Offering
from router.assignment_order import SECOND
from router.assignment_pool import Agent, Bucket, within_reach
from router.assignment_staff import Staff
from router.assignment_waiting import Waiting

PRIOR_HANDLING = 600 * SECOND
"""Mean handling time before anything was finished; it weighs as much as `PRIOR_WEIGHT` tickets."""
PRIOR_WEIGHT = 20


class Engine:
    """The queue and the agents. Begins empty; the first event is `Config`."""

    def __init__(self) -> None:
        self._staff = Staff()
        self._waiting = Waiting(self._staff)
        self._offering = Offering(self._staff, self._waiting)
        self._handled = PRIOR_HANDLING * PRIOR_WEIGHT
        self._finished = PRIOR_WEIGHT

    def apply(self, event: Event) -> Result:
        """Take in an event and offer what can be offered. Raises `AssignmentError`, changing nothing."""
        staff, waiting = self._staff, self._waiting
        staff.now = checked(event, staff.now, waiting.tiers, staff.agents, waiting.tickets)
        staff.pass_time()
        waiting.pass_time()
        match event:
            case Config():
                self._configure(event)
            case AgentChanged():
                needs = staff.change(event)
                waiting.let_go(staff.agents[event.id])
                waiting.skip_steps(needs)
            case TicketWaits():
                waiting.add(event)
            case Taken():
                self._take(event)
            case Withdrawn():
                self._withdraw(event.ticket)
            case Expired() | Declined() | Requeued() | Finished():
                self._take_back(event)
        if event.quiet:
            return Result(offers=(), wake_at=None)
        offers = self._offering.drain(self._handled // self._finished)
        return Result(offers=offers, wake_at=self._wake_at(), alerts=waiting.alerts())

    @property
    def handled(self) -> tuple[float, int]:
        """Seconds and tickets that were finished, without the prior."""
        prior = PRIOR_HANDLING * PRIOR_WEIGHT
        return (self._handled - prior) / SECOND, self._finished - PRIOR_WEIGHT

    def has_room(self, agent_id: str, channel: str, queue: str, units: int) -> bool:
        """Whether the agent is there and within every limit with one more such ticket."""
        agent = self._staff.agents.get(agent_id)
        return agent is not None and agent.online and agent.has_room(channel, queue, units)

    def _configure(self, event: Config) -> None:
        self._staff.config = event
        self._waiting.tiers = {tier: index for index, tier in enumerate(event.tiers)}
        self._handled += round(event.handled_s * SECOND)
        self._finished += event.handled

    def _take(self, event: Taken) -> None:
        since = self._staff.now if event.since is None else round(event.since * SECOND)
        ticket = self._waiting.taken(event, since)
        self._staff.occupy(self._staff.agents[event.agent], ticket, since)

    def _take_back(self, event: Expired | Declined | Requeued | Finished) -> None:
        staff, waiting = self._staff, self._waiting
        ticket, agent = waiting.tickets[event.ticket], staff.agents[event.agent]
        if isinstance(event, Declined):
            ticket.declined.add(event.agent)
        if isinstance(event, Expired):
            staff.missed(agent, staff.now)
            waiting.let_go(agent)
        staff.free(agent, ticket)
        if isinstance(event, Finished):
            del waiting.tickets[event.ticket]
            self._handled += staff.now - ticket.offered_at
            self._finished += 1
        else:
            waiting.enter(ticket)

    def _withdraw(self, ticket_id: str) -> None:
        ticket = self._waiting.tickets.pop(ticket_id)
        if ticket.holder is None:
            self._waiting.leave(ticket)
        else:
            self._staff.free(ticket.holder, ticket)

    def _wake_at(self) -> float | None:
        """When a rest ends that keeps somebody from a ticket that waits, or a hold or a step."""
        soonest = self._waiting.soonest()
        for end, name in self._staff.resting:
            if soonest is not None and end >= soonest:
                break
            agent = self._staff.agents[name]
            if agent.rests_until == end and agent.online and self._awaited(agent):
                return _seconds(end)
        return None if soonest is None else _seconds(soonest)

    def _awaited(self, agent: Agent) -> bool:
        tickets = self._waiting.tickets
        pinned = (tickets[one] for one in agent.holding)
        return any(agent.id not in one.declined and agent.has_room_for(one.spec) for one in pinned) or any(
            bucket.settled or any(agent.id not in tickets[one].declined for _, one in _all(bucket))
            for bucket in within_reach(agent)
        )


def _all(bucket: Bucket) -> Iterator[tuple[int, str]]:
    yield from bucket.fresh
    yield from bucket.late


def _seconds(amount: int) -> float:
    return amount // SECOND if amount % SECOND == 0 else amount / SECOND
