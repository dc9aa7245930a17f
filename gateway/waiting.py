"""How long somebody in a chat likely waits for a person, told to them as it is known now."""

import math
from typing import Final, NamedTuple

from router.expected_wait import expected_wait
from storage import assignment, tickets, visitors, waits
from storage.paging import Sql

_MINUTE: Final = 60


class Waiting(NamedTuple):
    """`seconds` are whole minutes, rounded up: better to be early than late; None where nothing is known."""

    seconds: int | None


def of_contact(sql: Sql, contact_point_id: str) -> Waiting | None:
    """Of whoever waits for a person; None for everybody else.

    Four of five that came when as many waited before them waited no longer; where too little is known for
    that, what was usual lately, as hand-over notices tell it.
    """
    ticket_id = visitors.waiting_ticket(sql, contact_point_id)
    if ticket_id is None:
        return None
    ticket = tickets.get(sql, ticket_id)
    found, ahead = assignment.waits(sql, ticket)
    seconds = expected_wait(found, ahead)
    if seconds is None:
        usual = waits.lately(sql)
        each = usual.get("")
        seconds = usual.get(ticket.queue, None if each is None else each * (ahead + 1))
    return Waiting(None if seconds is None else max(1, math.ceil(seconds / _MINUTE)) * _MINUTE)
