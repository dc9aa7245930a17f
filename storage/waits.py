"""How long customers have lately waited for a person's first reply, by queue."""

from statistics import median
from typing import Final

from sqlalchemy import Connection, func, select

from storage import schema

_ticket = schema.tickets.c
_agent = schema.agents.c
_LATEST: Final = 300
"""Tickets that are looked at, those changed last."""
_ENOUGH: Final = 3
_HANDLING: Final = 600
"""Seconds that a ticket takes where nothing is known: the assignment's prior."""


def lately(sql: Connection) -> dict[str, int]:
    """Median seconds from opening to first reply, of queues with three such tickets among the last 300.

    Under "" the seconds that each waiting ticket adds, for the other queues: a usual handling time shared by
    who is online. Empty while nobody is: what was usual says nothing of tonight.
    """
    online = select(func.count()).where(_agent.presence == "online", _agent.active.is_(True))
    there = int(sql.execute(online).scalar_one())
    if not there:
        return {}
    latest = select(_ticket.queue, _ticket.created_at, _ticket.first_replied_at)
    lines = sql.execute(latest.order_by(_ticket.updated_at.desc()).limit(_LATEST))
    waited: dict[str, list[float]] = {}
    for queue, created, replied in lines:
        if replied is not None:
            waited.setdefault(queue, []).append((replied - created).total_seconds())
    known = {queue: round(median(some)) for queue, some in waited.items() if len(some) >= _ENOUGH}
    return {"": _HANDLING // there, **known}
