"""Agents and tickets as the engine is told of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from router.assignment_events import Fairness, Hold, Step
from router.calendar import parse
from router.desk import Desk
from router.pull import NO_PROMISE, OTHERS, Before, Seen, agent_line, config, ticket_line
from router.sla import start
from router.values import Agent, Queue, QueueStep, Requirement, Ticket, Tier

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NEEDS = (Requirement(skill="billing", level=2),)
LADDER = (
    QueueStep(skills=(Requirement(skill="billing", level=4),)),
    QueueStep(after_seconds=60, skills=(Requirement(skill="billing", level=1),)),
    QueueStep(after_seconds=120, queue="general"),
    QueueStep(after_seconds=300, anybody=True, alert=True),
)
DESK = Desk(
    queues={
        "general": Queue(id="general", name="General"),
        "billing": Queue(
            id="billing", name="Billing", steps=LADDER, units={"webhook": 3}, most_each=2, hold_seconds=20
        ),
    },
    tiers={
        "silver": Tier(id="silver", name="Silver", order=1),
        "gold": Tier(id="gold", name="Gold", order=0),
    },
    calendars={"office": parse({"tz": "UTC", "weekly": {"tue": [["09:00", "17:00"]]}})},
    reserve={"billing": 1, "general": 0},
    fair_offers=5,
)


def ticket(**rest: Any) -> Ticket:
    """A ticket that has waited for ten minutes."""
    since = NOW - timedelta(minutes=10)
    parts: dict[str, Any] = {
        "id": "t1",
        "number": 1,
        "conversation_id": "cv_1",
        "customer_id": "cus_1",
        "channel_id": "ch_1",
        "created_at": since,
        "updated_at": since,
        "waiting_since": since,
        "queue": "general",
    }
    return Ticket(**parts | rest)


def told(given: Ticket, before: Before = Before()) -> Any:  # noqa: B008 - a frozen value
    """What the engine is told of a ticket."""
    return ticket_line(given, DESK, "webhook", before, NOW.timestamp())


def test_tiers_come_best_first_and_nobodys_last() -> None:
    """With what the desk's settings say, and what was learned before."""
    first = config(DESK, (1200.0, 2))
    assert first.tiers == ("gold", "silver", OTHERS)
    assert (first.cool_down_s, first.last_choice_s) == (180, 600)
    assert (first.fairness, first.reserve) == (Fairness(most=5, seconds=3600), {"skill:billing": 1})
    assert (first.handled_s, first.handled) == (1200.0, 2)


def test_an_agent_is_told_with_skills_queues_and_limits() -> None:
    """Who is in no queue serves all; a kind of channel without a limit takes what the capacity allows."""
    agent = Agent(
        id="a1", name="Ann", presence="online", skills={"billing": 3}, channels={"webhook": 2}, capacity=6
    )
    seen = Seen(agent=agent, idle_since=NOW - timedelta(minutes=3))
    line = agent_line(seen, DESK, ["webhook", "widget"], NOW.timestamp())
    assert line.skills == {"skill:billing": 3, "queue:general": 1, "queue:billing": 1}
    assert line.channels == {"webhook": 2, "widget": 6, "(none)": 6}
    assert (line.queues, line.capacity, line.online) == ({"billing": 2}, 6, True)
    assert line.idle_since == NOW.timestamp() - 180


def test_who_is_inactive_or_away_is_not_there() -> None:
    """Whatever they chose before."""
    for agent in (
        Agent(id="a", name="A", presence="online", active=False),
        Agent(id="b", name="B", presence="away"),
    ):
        assert not agent_line(Seen(agent=agent, idle_since=NOW), DESK, [], NOW.timestamp()).online


def test_a_ticket_is_told_with_its_age_and_its_promise() -> None:
    """By business time: a promise of an hour made on a Monday ends on Tuesday at ten."""
    clock = start(metric="first_response", at=NOW, target_s=3600, calendar="office")
    line = told(ticket(tier="gold", clocks={"first_response": clock}))
    assert (line.tier, line.since, line.promise_s) == ("gold", NOW.timestamp() - 600, 3600)
    assert line.promise_at == datetime(2026, 6, 2, 10, tzinfo=UTC).timestamp()


def test_a_ticket_without_promise_or_tier_waits_a_day_after_all_others() -> None:
    """Its tier may be one that is no more."""
    line = told(ticket(tier="lead"))
    assert (line.tier, line.promise_s, line.promise_at) == (OTHERS, NO_PROMISE, None)


def test_the_steps_of_a_queue_never_drop_what_the_ticket_needs() -> None:
    """Level 4, then 2 (the ticket's own, though the step says 1), then the neighbours, then anybody."""
    line = told(ticket(queue="billing", skills=NEEDS))
    assert line.skills == {"skill:billing": 4, "queue:billing": 1}
    assert line.steps == (
        Step(after_s=60, skills={"skill:billing": 2, "queue:billing": 1}),
        Step(after_s=120, skills={"skill:billing": 2, "queue:general": 1}),
        Step(after_s=300, skills={"skill:billing": 2}, alert=True),
    )
    assert (line.units, line.queue) == (3, "billing")


def test_a_ticket_is_kept_for_those_who_know_its_customer() -> None:
    """Each once, in order, for as long as the queue says."""
    before = Before(agent="ann", owner="bob", stand_in="ann", served="cat")
    assert told(ticket(queue="billing"), before).holds == (
        Hold(agent="ann", seconds=20, why="had this ticket before"),
        Hold(agent="bob", seconds=20, why="the customer's owner"),
        Hold(agent="cat", seconds=20, why="served this customer last"),
    )


def test_a_pinned_ticket_is_told_so() -> None:
    """The rest is as for any other."""
    assert (told(ticket(pinned_to="a1")).only, told(ticket()).only) == ("a1", None)


def test_an_agent_promised_within_minutes_makes_a_ticket_urgent() -> None:
    """Where that is sooner than the first reply."""
    since = NOW - timedelta(minutes=1)
    clocks = {
        "first_response": start(metric="first_response", at=since, target_s=3600),
        "assignment": start(metric="assignment", at=since, target_s=300, status="queued"),
    }
    line = told(ticket(clocks=clocks))
    assert (line.promise_s, line.promise_at) == (300, NOW.timestamp() + 240)
