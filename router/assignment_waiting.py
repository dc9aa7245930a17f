"""The tickets as the assignment engine sees them: for whom each is kept, where it waits, who may take it.

A ticket that has begun to wait, or may be had by more agents than before, is noted in `arrived`.
"""

from heapq import heappop, heappush

from router.assignment_events import Alert, Taken, TicketWaits
from router.assignment_order import SECOND
from router.assignment_pool import Agent, Bucket, Need, SkillSet, Ticket
from router.assignment_staff import Staff


class Waiting:
    """Begins with no tickets. `tiers` are the desk's, by their place."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self.tiers: dict[str, int] = {}
        self.tickets: dict[str, Ticket] = {}
        self.arrived: dict[str, Ticket] = {}
        self._alerts: list[Alert] = []
        self._timers: list[tuple[int, int, str]] = []
        self._timer = 0

    # Time

    def pass_time(self) -> None:
        """Let more agents take what has waited long enough."""
        while self._timers and self._timers[0][0] <= self._staff.now:
            _, number, ticket_id = heappop(self._timers)
            ticket = self.tickets.get(ticket_id)
            if ticket is not None and ticket.timer == number and ticket.holder is None:
                self._move_on(ticket)

    def soonest(self) -> int | None:
        """When a hold or a step ends next."""
        while self._timers:
            _, number, ticket_id = self._timers[0]
            ticket = self.tickets.get(ticket_id)
            if ticket is not None and ticket.timer == number and ticket.holder is None:
                return self._timers[0][0]
            heappop(self._timers)
        return None

    def alerts(self) -> tuple[Alert, ...]:
        """What got to a step that alerts before its time since this was last asked, and is still here."""
        found = tuple(one for one in self._alerts if one.ticket in self.tickets)
        self._alerts = []
        return found

    def _set_timer(self, ticket: Ticket, at: int) -> None:
        self._timer += 1
        ticket.timer = self._timer
        heappush(self._timers, (at, self._timer, ticket.id))

    # Coming and going

    def add(self, event: TicketWaits) -> None:
        """A ticket begins to wait."""
        now = self._staff.now
        since = now if event.since is None else round(event.since * SECOND)
        promised = since + round(event.promise_s * SECOND)
        if event.promise_at is not None:
            promised = round(event.promise_at * SECOND)
        ticket = Ticket(event.id, event, promised, since, declined=set(event.declined))
        self.tickets[event.id] = ticket
        self.enter(ticket)

    def taken(self, event: Taken, since: int) -> Ticket:
        """One that waits, or of which nothing was known, is with somebody."""
        ticket = self.tickets.get(event.ticket)
        if ticket is not None:
            self.leave(ticket)
            return ticket
        spec = TicketWaits(
            at=event.at,
            id=event.ticket,
            skills={},
            tier=self._staff.config.tiers[0],
            channel=event.channel,
            units=event.units,
            promise_s=1,
            queue=event.queue,
        )
        ticket = self.tickets[event.ticket] = Ticket(event.ticket, spec, since, since, told=False)
        return ticket

    def enter(self, ticket: Ticket) -> None:
        """It waits, from its first hold and step on."""
        ticket.holder, ticket.hold, ticket.step = None, 0, 0
        self._move_on(ticket)

    def leave(self, ticket: Ticket) -> None:
        """It waits no longer."""
        self.arrived.pop(ticket.id, None)
        self._unkeep(ticket)
        for number, bucket in enumerate(ticket.places):
            bucket.remove(ticket.promise_at, ticket.id)
            bucket.settled -= number < ticket.settled
            if not bucket.fresh and not bucket.late:
                del bucket.need.buckets[bucket.place]
                if not bucket.need.buckets:
                    self._staff.forget(bucket.need)
        ticket.places, ticket.settled = [], 0

    def settle(self) -> None:
        """Everything that has come was looked at: nobody has room for what is left of it."""
        for ticket in self.arrived.values():
            if ticket.kept_for is None and not ticket.declined:
                for place in ticket.places[ticket.settled :]:
                    place.settled += 1
                ticket.settled = len(ticket.places)
        self.arrived = {}

    # For whom

    def _move_on(self, ticket: Ticket) -> None:
        """The next agent it is kept for; then who may take it, and by and by who else."""
        self._unkeep(ticket)
        spec, ticket.timer = ticket.spec, 0
        self.arrived[ticket.id] = ticket
        if spec.only is not None:
            ticket.kept_for = self._staff.agent(spec.only)
            ticket.kept_for.holding[ticket.id] = None
            return
        for number in range(ticket.hold, len(spec.holds)):
            ticket.hold = number + 1
            if self._keep(ticket, spec.holds[number].agent, round(spec.holds[number].seconds * SECOND)):
                return
        if not ticket.places:
            self._place(ticket, spec.skills)
        self._widen(ticket, spec)

    def _keep(self, ticket: Ticket, name: str, span: int) -> bool:
        agent = self._staff.agents.get(name)
        if agent is None or not self._may(agent, ticket):
            return False
        if not span and not agent.has_room_for(ticket.spec):
            return False
        ticket.kept_for = agent
        agent.holding[ticket.id] = None
        self._set_timer(ticket, self._staff.now + span)
        return True

    def _may(self, agent: Agent, ticket: Ticket) -> bool:
        """Whether the agent may take the ticket, once they have room."""
        spec = ticket.spec
        return (
            agent.online
            and agent.rests_until <= self._staff.now
            and agent.id not in ticket.declined
            and all(agent.group.levels.get(skill, 0) >= level for skill, level in spec.skills.items())
        )

    def _unkeep(self, ticket: Ticket) -> None:
        if ticket.kept_for is not None:
            del ticket.kept_for.holding[ticket.id]
            ticket.kept_for = None

    def let_go(self, agent: Agent) -> None:
        """Of what was kept for an agent, what they can't take any more is others', unless it is pinned."""
        for ticket_id in list(agent.holding):
            ticket = self.tickets[ticket_id]
            if ticket.spec.only is None and not self._may(agent, ticket):
                self._move_on(ticket)

    def _widen(self, ticket: Ticket, spec: TicketWaits) -> None:
        now = self._staff.now
        while ticket.step < len(spec.steps):
            step = spec.steps[ticket.step]
            at = ticket.eligible_at + round(step.after_s * SECOND)
            if at > now and any(place.need.holders for place in ticket.places):
                self._set_timer(ticket, at)
                return
            ticket.step += 1
            need = self._place(ticket, step.skills)
            if step.alert and at > now and need.holders:
                self._alerts.append(Alert(ticket=ticket.id, step=ticket.step))

    def skip_steps(self, needs: list[Need]) -> None:
        """Let what nobody who is there can serve any more go on to its next step."""
        for need in needs:
            if need.holders or not need.buckets:
                continue
            for bucket in list(need.buckets.values()):
                for _, ticket_id in (*bucket.fresh, *bucket.late):
                    ticket = self.tickets[ticket_id]
                    if ticket.step < len(ticket.spec.steps):
                        self.arrived[ticket_id] = ticket
                        self._widen(ticket, ticket.spec)

    def _place(self, ticket: Ticket, skills: dict[str, int]) -> Need:
        bucket = self._bucket(ticket, tuple(sorted(skills.items())))
        if bucket not in ticket.places:
            ticket.places.append(bucket)
            bucket.add(ticket.promise_at, ticket.id)
        return bucket.need

    def _bucket(self, ticket: Ticket, skills: SkillSet) -> Bucket:
        need, spec = self._staff.need(skills), ticket.spec
        tier, target = self.tiers[spec.tier], round(spec.promise_s * SECOND)
        place = (spec.tier, spec.channel, spec.queue, spec.units, target)
        bucket = need.buckets.get(place)
        if bucket is None:
            bucket = Bucket(need, tier, spec.channel, spec.queue, spec.units, target, place)
            need.buckets[place] = bucket
        return bucket
