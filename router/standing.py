"""Whether a notification still stands when it is about to be sent: everything is derived again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from router.desk import Desk
from router.notices import Kind
from router.sla import STOPPING, report
from router.values import Agent, Ticket


def stands(
    kind: Kind,
    details: Mapping[str, Any],
    agent: Agent,
    ticket: Ticket | None,
    *,
    holder: str | None,
    now: datetime,
    desk: Desk,
) -> bool:
    """Whether to tell the agent now; `ticket` is as it is stored, `holder` has it or is offered it."""
    match kind:
        case "rule" | "test":
            return True
        case "away":
            return agent.presence == "away"
    if ticket is None:
        return False
    if kind == "sla_breach":
        return _reached(ticket, details, now, desk)
    if kind in ("sla_risk", "sla_alarm"):
        clock = ticket.clocks.get(details["metric"])
        runs = clock is not None and clock.state in ("running", "paused") and ticket.status not in STOPPING
        waits = details.get("how") == "waiting" and ticket.status == "queued"
        mine = kind == "sla_alarm" or holder == agent.id or waits
        return runs and mine and _reached(ticket, details, now, desk)
    if kind == "offer":
        return holder == agent.id and ticket.status in ("offered", "open")
    if details.get("how") == "skipped":
        return ticket.status not in STOPPING
    return ticket.status in ("queued", "offered")


def _reached(ticket: Ticket, details: Mapping[str, Any], now: datetime, desk: Desk) -> bool:
    clock = ticket.clocks.get(details["metric"])
    if clock is None:
        return False
    instant = report(clock, desk.calendars, now).escalations[details["percent"]]
    return instant is not None and instant <= now
