"""When the steps of a queue open for a ticket."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from router.calendar import Calendars
from router.desk import Desk
from router.queue_steps import openings
from router.sla import start
from router.values import Queue, QueueStep, Ticket

BEGAN = datetime(2026, 6, 1, 9, tzinfo=UTC)
STEPS = tuple(QueueStep(after_seconds=seconds, anybody=True) for seconds in (0, 1800, 7200, 9000))
TICKET = Ticket(
    id="t1",
    number=1,
    conversation_id="cv_1",
    customer_id="cus_1",
    channel_id="ch_1",
    created_at=BEGAN,
    updated_at=BEGAN,
    waiting_since=BEGAN,
    queue="general",
    clocks={"first_response": start(metric="first_response", at=BEGAN, target_s=3600)},
)


def minutes(ticket: Ticket, *, hurry: bool) -> list[float]:
    """After how many minutes of waiting each step opens."""
    queue = Queue(id="general", name="General", steps=STEPS, hurry=hurry)
    desk = Desk(queues={"general": queue}, calendars=Calendars())
    return [(at - ticket.waiting_since) / timedelta(minutes=1) for at, _ in openings(ticket, desk)]


def test_steps_open_by_the_ticket_s_age() -> None:
    """Each at its own time, whatever is promised."""
    assert minutes(TICKET, hurry=False) == [0, 30, 120, 150]


def test_a_queue_that_hurries_opens_one_step_at_risk() -> None:
    """The one that would be the next when 90 % of the promise are used; the ones after it keep their time."""
    assert minutes(TICKET, hurry=True) == [0, 30, 54, 150]


def test_without_a_promise_there_is_no_hurry() -> None:
    """And one that was at risk before the ticket waited opens its step at once."""
    assert minutes(replace(TICKET, clocks={}), hurry=True) == [0, 30, 120, 150]
    late = replace(TICKET, waiting_since=BEGAN + timedelta(minutes=70))
    assert minutes(late, hurry=True) == [0, 0, 120, 150]


def test_a_queue_that_is_gone_has_no_steps() -> None:
    """Its tickets wait all the same."""
    assert openings(TICKET, Desk()) == []
