"""When a queue's steps open for a ticket: by its age, the next one sooner where its promise is at risk."""

from datetime import datetime, timedelta

from router.desk import Desk
from router.sla import PROMISED, report
from router.values import QueueStep, Ticket

AT_RISK = 90
"""The share of a response's promise, in percent, that may open the next step."""


def openings(ticket: Ticket, desk: Desk) -> list[tuple[datetime, QueueStep]]:
    """The steps of the ticket's queue, in order, each with its instant.

    Where the queue hurries, the step that would be the next one when 90 % of the promise are used opens then.
    """
    queue = desk.queues.get(ticket.queue)
    if queue is None or not queue.steps:
        return []
    since = ticket.waiting_since
    steps = sorted(queue.steps, key=lambda step: step.after_seconds)
    found = [(since + timedelta(seconds=step.after_seconds), step) for step in steps]
    risk = _at_risk(ticket, desk) if queue.hurry else None
    hurried = None if risk is None else max(risk, since)
    for index, (at, step) in enumerate(found):
        if hurried is not None and at > hurried:
            found[index] = (hurried, step)
            break
    return found


def _at_risk(ticket: Ticket, desk: Desk) -> datetime | None:
    """When the first of what it is promised is at risk."""
    instants = [
        report(clock, desk.calendars, clock.since).escalations[AT_RISK]
        for metric in PROMISED
        if (clock := ticket.clocks.get(metric)) and clock.state == "running" and clock.since
    ]
    return min((instant for instant in instants if instant is not None), default=None)
