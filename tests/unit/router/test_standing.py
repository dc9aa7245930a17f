"""Whether a notification still stands when it is about to be sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from router.calendar import Calendars
from router.desk import Desk
from router.notices import Kind
from router.sla import Event, apply, start
from router.standing import stands
from router.values import Agent, Presence, Ticket

BEGAN = datetime(2026, 6, 1, 9, tzinfo=UTC)
DESK = Desk(calendars=Calendars())
ANA = Agent(id="ana", name="Ana", presence="online")
RISK = {"metric": "first_response", "percent": 75}
WAITS = RISK | {"how": "waiting"}
SKIPPED = {"how": "skipped"}
ALARM = {"metric": "first_response", "percent": 90}
BREACH = {"metric": "first_response", "percent": 100}
CLOCK = start(metric="first_response", at=BEGAN, target_s=3600)
ANSWERED_LATE = apply(CLOCK, Event(at=BEGAN + timedelta(minutes=70), type="agent_reply"), {})
ANSWERED = apply(CLOCK, Event(at=BEGAN + timedelta(minutes=50), type="agent_reply"), {})
LONGER = apply(CLOCK, Event(at=BEGAN + timedelta(minutes=50), type="change", target=timedelta(hours=9)), {})


def ticket(**rest: Any) -> Ticket:
    """Ana's ticket, with an hour for its first reply."""
    parts: dict[str, Any] = {
        "id": "t1",
        "number": 1,
        "conversation_id": "cv_1",
        "customer_id": "cus_1",
        "channel_id": "ch_1",
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "waiting_since": BEGAN,
        "status": "open",
        "assignee": "ana",
        "clocks": {"first_response": CLOCK},
    }
    return Ticket(**parts | rest)


@pytest.mark.parametrize(
    ("kind", "details", "about", "minutes", "still"),
    [
        ("sla_risk", RISK, ticket(), 44, False),
        ("sla_risk", RISK, ticket(), 45, True),
        ("sla_risk", RISK, ticket(), 500, True),
        ("sla_risk", RISK, ticket(assignee="bob"), 50, False),
        ("sla_risk", RISK, ticket(clocks={"first_response": ANSWERED}), 55, False),
        ("sla_risk", RISK, ticket(clocks={"first_response": LONGER}), 55, False),
        ("sla_risk", RISK, ticket(clocks={}), 55, False),
        ("sla_risk", RISK, ticket(status="resolved"), 55, False),
        ("sla_risk", WAITS, ticket(status="queued", assignee=None), 50, True),
        ("sla_risk", WAITS, ticket(assignee="bob"), 50, False),
        ("queue_step", SKIPPED, ticket(assignee="bob"), 1, True),
        ("queue_step", SKIPPED, ticket(status="resolved"), 1, False),
        ("sla_alarm", ALARM, ticket(assignee="bob"), 54, True),
        ("sla_alarm", ALARM, ticket(), 53, False),
        ("sla_breach", BREACH, ticket(), 60, True),
        ("sla_breach", BREACH, ticket(clocks={"first_response": ANSWERED}), 80, False),
        ("sla_breach", BREACH, ticket(clocks={"first_response": ANSWERED_LATE}), 80, True),
        ("sla_breach", BREACH, None, 80, False),
        ("offer", {"how": "accepted"}, ticket(), 1, True),
        ("offer", {"how": "accepted"}, ticket(assignee="bob"), 1, False),
        ("declined", {}, ticket(status="queued", assignee=None), 1, True),
        ("declined", {}, ticket(), 1, False),
        ("queue_step", {}, ticket(status="offered", assignee=None), 1, True),
        ("queue_step", {}, ticket(), 1, False),
        ("rule", {"text": "Look"}, None, 1, True),
    ],
)
def test_what_is_told_is_derived_again(
    kind: Kind, details: dict[str, Any], about: Ticket | None, minutes: int, still: bool
) -> None:
    """From the ticket's clocks, status and agent as they are now; a broken promise stays one."""
    holder = None if about is None else about.assignee
    now = BEGAN + timedelta(minutes=minutes)
    assert stands(kind, details, ANA, about, holder=holder, now=now, desk=DESK) is still


@pytest.mark.parametrize(("presence", "still"), [("away", True), ("online", False)])
def test_who_is_back_need_not_hear_that_they_were_set_away(presence: Presence, still: bool) -> None:
    """They know."""
    agent = replace(ANA, presence=presence)
    assert stands("away", {"how": "shift"}, agent, None, holder=None, now=BEGAN, desk=DESK) is still
