"""How long somebody in a chat likely waits for a person, told to them as it is known now."""

import math
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from router.expected_wait import Wait, expected_wait
from storage import assignment, tickets, visitors, waits
from storage.paging import Sql

_RENEWED: Final = timedelta(minutes=1)


class Waiting(NamedTuple):
    """`seconds` are whole minutes, rounded up: better to be early than late; None where nothing is known."""

    seconds: int | None


class _Past(NamedTuple):
    """What past waits of a queue say, and when they were read."""

    at: datetime
    found: list[Wait]
    usual: dict[str, int]


class Waits:
    """What past waits say, read once a minute for each queue, however many wait in it."""

    def __init__(self) -> None:
        self._past: dict[str, _Past] = {}

    def of_contact(self, sql: Sql, contact_point_id: str, now: datetime) -> Waiting | None:
        """Of whoever waits for a person; None for everybody else.

        Four of five that came when as many waited before them waited no longer; where too little is known
        for that, what was usual lately, as hand-over notices tell it.
        """
        ticket_id = visitors.waiting_ticket(sql, contact_point_id)
        if ticket_id is None:
            return None
        ticket = tickets.get(sql, ticket_id)
        past, ahead = self._of_queue(sql, ticket.queue, now), assignment.ahead(sql, ticket)
        seconds = expected_wait(past.found, ahead)
        if seconds is None:
            each = past.usual.get("")
            seconds = past.usual.get(ticket.queue, None if each is None else each * (ahead + 1))
        return Waiting(None if seconds is None else max(1, math.ceil(seconds / 60)) * 60)

    def _of_queue(self, sql: Sql, queue: str, now: datetime) -> _Past:
        past = self._past.get(queue)
        if past is None or now - past.at >= _RENEWED:
            past = self._past[queue] = _Past(now, assignment.last_waits(sql, queue), waits.lately(sql))
        return past
