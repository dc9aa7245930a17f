"""The engine kept in step with the desk: what is stored now, compared with what the engine was told last.

Whoever follows the desk tells of tickets and agents as they are; what the engine is told are the differences,
as quiet lines, and then one tick that brings the offers. Every line is kept until it is taken with `logged`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from router.assignment import Engine
from router.assignment_events import Declined, Event, Expired, Finished, Offer, Tick, Withdrawn
from router.desk import Desk
from router.pull import (
    NO_KIND,
    Before,
    Seen,
    agent_line,
    alerts_by,
    config,
    taken_line,
    ticket_line,
    units,
)
from router.values import Ticket

_encode = msgspec.json.Encoder().encode


class _Known(NamedTuple):
    """A ticket as the engine knows it: with an agent, or (None) waiting."""

    ticket: Ticket
    agent: str | None


class Following:
    """One run of the engine. `kinds` are the channels' kinds by id; instants are seconds since 1970."""

    def __init__(self, desk: Desk, kinds: Mapping[str, str], handled: tuple[float, int]) -> None:
        self._desk, self._kinds = desk, kinds
        self._engine = Engine()
        self._known: dict[str, _Known] = {}
        self._agents: dict[str, Seen] = {}
        self._lines: list[bytes] = []
        self._begins = True
        self._stirred = True
        self._now = 0.0
        self._alerts: dict[str, int] = {}
        self.wake_at: float | None = None
        self._tell(config(desk, handled))

    @property
    def handled(self) -> tuple[float, int]:
        """Seconds and tickets finished."""
        return self._engine.handled

    def logged(self) -> tuple[list[bytes], bool]:
        """The lines told since this was last asked, and whether a run begins with them."""
        lines, begins = self._lines, self._begins
        self._lines, self._begins = [], False
        return lines, begins

    def alerts(self) -> dict[str, int]:
        """Tickets that went past steps that nobody could serve since this was last asked.

        With how many of the steps that alert each has got to.
        """
        found, self._alerts = self._alerts, {}
        return found

    def seen(self, ticket_id: str) -> Ticket | None:
        """The ticket as it was when the engine was told of it."""
        known = self._known.get(ticket_id)
        return None if known is None else known.ticket

    def agent(self, seen: Seen, now: float) -> None:
        """An agent is there, or has changed."""
        before = self._agents.get(seen.agent.id)
        if before == seen:
            return
        if before is not None:
            # What the engine has counted since is more exact.
            line = replace(
                agent_line(seen, self._desk, self._all_kinds(), now), idle_since=None, missed_at=None
            )
        else:
            line = agent_line(seen, self._desk, self._all_kinds(), now)
        self._agents[seen.agent.id] = seen
        self._tell(line)

    def ended(self, what: str, ticket_id: str, agent_id: str, now: float) -> None:
        """An offer was declined or has expired."""
        known = self._known.get(ticket_id)
        if known is None or known.agent != agent_id:
            return
        kind = Declined if what == "offer.declined" else Expired
        self._tell(kind(at=now, ticket=ticket_id, agent=agent_id, quiet=True))
        self._known[ticket_id] = known._replace(agent=None)

    def gone(self, ticket_id: str, now: float) -> None:
        """The ticket neither waits nor is with anybody: its agent has done with it."""
        known = self._known.pop(ticket_id, None)
        if known is None:
            return
        if known.agent is None:
            self._tell(Withdrawn(at=now, ticket=ticket_id, quiet=True))
        else:
            self._tell(Finished(at=now, ticket=ticket_id, agent=known.agent, quiet=True))

    def ticket(self, ticket: Ticket, holder: str | None, before: Before, now: float) -> None:
        """The ticket as it is stored; `holder` has it or is offered it, `before` come first for it."""
        if holder is not None:
            self._taken(ticket, holder, now)
        elif ticket.status == "queued":
            self._waits(ticket, before, now)
        else:
            self.gone(ticket.id, now)

    def _waits(self, ticket: Ticket, before: Before, now: float) -> None:
        known = self._known.get(ticket.id)
        if known is not None and known.agent is None and not _differ(known.ticket, ticket):
            self._known[ticket.id] = _Known(ticket, None)
            return
        if known is not None:
            self._tell(Withdrawn(at=now, ticket=ticket.id, quiet=True))
        self._known[ticket.id] = _Known(ticket, None)
        self._tell(ticket_line(ticket, self._desk, self._kind(ticket), before, now))

    def _taken(self, ticket: Ticket, agent_id: str, now: float) -> None:
        known = self._known.get(ticket.id)
        if agent_id not in self._agents:
            self.gone(ticket.id, now)
            return
        self._known[ticket.id] = _Known(ticket, agent_id)
        if known is not None and known.agent == agent_id:
            return
        if known is not None and known.agent is not None:
            self._tell(Withdrawn(at=now, ticket=ticket.id, quiet=True))
        self._tell(taken_line(ticket, agent_id, self._desk, self._kind(ticket), now))

    def has_room(self, agent_id: str, ticket: Ticket) -> bool:
        """Whether the agent is there and could have the ticket too."""
        known = self._known.get(ticket.id)
        if known is not None and known.agent == agent_id:
            return True
        kind = self._kind(ticket)
        wanted = units(self._desk.queues.get(ticket.queue), kind)
        return self._engine.has_room(agent_id, kind, ticket.queue, wanted)

    def offers(self, now: float) -> tuple[Offer, ...]:
        """What can be offered now; nothing where nothing has happened and nothing is due."""
        if not self._stirred and (self.wake_at is None or now < self.wake_at):
            return ()
        result = self._tell(Tick(at=now))
        self._stirred = False
        for offer in result:
            self._known[offer.ticket] = self._known[offer.ticket]._replace(agent=offer.agent)
        return result

    def _tell(self, event: Event) -> tuple[Offer, ...]:
        # Instants never go back, whatever the clocks of machines do.
        self._now = max(self._now, event.at)
        event = replace(event, at=self._now)
        self._lines.append(_encode(event))
        result = self._engine.apply(event)
        self._stirred = True
        self.wake_at = result.wake_at
        for alert in result.alerts:
            ticket = self._known[alert.ticket].ticket
            self._alerts[ticket.id] = alerts_by(ticket, self._desk, alert.step)
        return result.offers

    def _kind(self, ticket: Ticket) -> str:
        return self._kinds.get(ticket.channel_id) or NO_KIND

    def _all_kinds(self) -> list[str]:
        return sorted(set(self._kinds.values()))


def _differ(one: Ticket, other: Ticket) -> bool:
    return any(
        getattr(one, name) != getattr(other, name)
        for name in (
            "queue",
            "tier",
            "skills",
            "channel_id",
            "declined_by",
            "waiting_since",
            "clocks",
            "pinned_to",
        )
    )
