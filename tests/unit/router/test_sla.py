"""SLA clocks as values: what begins, stops and pauses them, and what a change of target does."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from router.calendar import Calendar, parse
from router.sla import KEPT_SPANS, Clock, Event, EventType, Metric, apply, due, fire, report, start

DAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
CALENDARS: dict[str, Calendar] = {
    "office": parse({"tz": "UTC", "weekly": DAYS}),
    "early": parse({"tz": "UTC", "weekly": {day: [["06:00", "14:00"]] for day in DAYS}}),
    "never": parse({"tz": "UTC"}),
}
NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a Monday


def at(hour: float, day: int = 1) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC) + timedelta(hours=hour)


def begun(metric: Metric = "resolution", hours: float = 4, calendar: str = "office") -> Clock:
    return start(metric=metric, at=NINE, target_s=hours * 3600, calendar=calendar)


def after(clock: Clock, *events: tuple[float, EventType, str] | Event) -> Clock:
    for event in events:
        given = event if isinstance(event, Event) else Event(at=at(event[0]), type=event[1], value=event[2])
        clock = apply(clock, given, CALENDARS)
    return clock


def change(hour: float, *, hours: float | None = None, calendar: str | None = None) -> Event:
    target = None if hours is None else timedelta(hours=hours)
    return Event(at=at(hour), type="change", target=target, calendar=calendar)


def deadline(clock: Clock) -> datetime | None:
    return report(clock, CALENDARS, clock.seen or NINE).deadline


def test_a_first_response_is_over_with_the_first_human_reply() -> None:
    """Bot, notes and statuses change nothing; later messages of the customer don't begin it again."""
    clock = after(
        begun("first_response"), (9, "bot_reply", ""), (9.5, "internal_note", ""), (10, "status", "customer")
    )
    assert deadline(clock) == at(13)
    clock = after(clock, (11, "agent_reply", ""), (12, "customer_message", ""))
    reading = report(clock, CALENDARS, at(16))
    assert (reading.state, reading.deadline, reading.breached) == ("done", None, False)
    assert reading.remaining == timedelta(hours=2)


def test_a_late_first_response_stays_breached() -> None:
    """The clock stops at the reply, and what was missed by then was missed."""
    clock = after(begun("first_response"), (14, "agent_reply", ""))
    reading = report(clock, CALENDARS, at(9, day=2))
    assert (reading.state, reading.breached, reading.remaining) == ("done", True, timedelta(hours=-1))
    assert reading.escalations == {50: at(11), 75: at(12), 90: at(12.6), 100: at(13)}


def test_a_next_response_runs_from_the_earliest_unanswered_message() -> None:
    """Further messages don't move the deadline; after an answer the next message begins anew."""
    clock = after(begun("next_response"), (10, "customer_message", ""), (11, "bot_reply", ""))
    assert deadline(clock) == at(13)
    clock = after(clock, (14, "agent_reply", ""))
    assert report(clock, CALENDARS, at(14)).breached
    clock = after(clock, (15, "customer_message", ""), (16, "customer_message", ""))
    reading = report(clock, CALENDARS, at(16))
    assert (reading.deadline, reading.breached) == (at(11, day=2), False)


def test_a_next_response_is_never_paused() -> None:
    """Neither waiting for the customer nor resolving answers a message."""
    clock = after(begun("next_response"), (10, "status", "customer"), (11, "status", "resolved"))
    assert deadline(clock) == at(13)


def test_a_resolution_pauses_only_where_the_policy_says() -> None:
    """Waiting internally goes on counting unless it is in `pause_on`."""
    assert deadline(after(begun(), (10, "status", "internal"))) == at(13)
    both = start(metric="resolution", at=NINE, target_s=14_400, calendar="office", pause_on=("internal",))
    paused = after(both, (10, "status", "internal"))
    assert (paused.state, deadline(paused)) == ("paused", None)
    assert deadline(after(paused, (12, "status", "open"))) == at(15)


def test_a_paused_clock_is_frozen_whenever_it_is_read() -> None:
    """Hours later the same time remains."""
    paused = after(begun(), (10, "status", "customer"))
    assert report(paused, CALENDARS, at(10)) == report(paused, CALENDARS, at(16, day=5))
    assert report(paused, CALENDARS, at(10)).remaining == timedelta(hours=3)


def test_reopening_resumes_with_the_elapsed_time_kept() -> None:
    """Resolved at 11 after two hours and reopened at 15: two of four hours remain."""
    resolved = after(begun(), (11, "status", "resolved"))
    assert (resolved.state, deadline(resolved)) == ("done", None)
    assert deadline(after(resolved, (15, "status", "open"))) == at(17)


def test_a_ticket_that_begins_waiting_begins_paused() -> None:
    """A status that came before the ticket counts once it begins."""
    blank = Clock(metric="resolution", target=timedelta(hours=4), calendar="office")
    clock = after(blank, (8, "status", "customer"), (9, "created", ""))
    assert clock.state == "paused"
    assert deadline(after(clock, (10, "status", "open"))) == at(14)


def test_an_idle_clock_has_nothing_to_say() -> None:
    """A reply to nothing stops nothing."""
    blank = Clock(metric="next_response", target=timedelta(hours=4), calendar="office")
    idle = report(after(blank, (9, "agent_reply", "")), CALENDARS, at(12))
    assert (idle.state, idle.deadline, idle.remaining, idle.breached) == ("idle", None, None, False)
    assert due(blank, CALENDARS) is None


def test_a_breach_begins_at_the_deadline() -> None:
    """A microsecond before it is still in time."""
    clock = begun()
    assert not report(clock, CALENDARS, at(13) - timedelta(microseconds=1)).breached
    assert report(clock, CALENDARS, at(13)).breached


def test_a_new_target_goes_on_from_what_was_used() -> None:
    """Two hours used, eight wanted: six more, over the night."""
    assert deadline(after(begun(), change(11, hours=8))) == at(17)
    assert deadline(after(begun(), change(11, hours=10))) == at(11, day=2)


def test_a_target_that_is_used_up_is_due_at_the_change() -> None:
    """Never earlier; and a smaller one later moves no deadline back either."""
    clock = after(begun(), change(12, hours=2))
    assert deadline(clock) == at(12)
    assert due(clock, CALENDARS) == at(12)


def test_a_change_while_paused_counts_when_it_resumes() -> None:
    """Two hours used, six wanted from now on: four remain after the pause."""
    paused = after(begun(), (11, "status", "customer"), change(12, hours=6))
    assert (deadline(paused), report(paused, CALENDARS, at(12)).remaining) == (None, timedelta(hours=4))
    assert deadline(after(paused, (13, "status", "open"))) == at(17)


def test_a_target_used_up_while_paused_is_due_at_the_change() -> None:
    """Resuming shows the instant of the change, and the breach is there all along."""
    paused = after(begun(), (12, "status", "customer"), change(14, hours=1))
    reading = report(paused, CALENDARS, at(14))
    assert (reading.deadline, reading.breached) == (None, True)
    assert deadline(after(paused, (15, "status", "open"))) == at(14)


def test_a_new_calendar_measures_only_what_comes() -> None:
    """An hour of office time was used; the three that remain run on the early shift from its next opening."""
    clock = after(begun(), (10, "status", "customer"), change(16, calendar="early"), (16.5, "status", "open"))
    assert deadline(clock) == at(9, day=2)


def test_what_pauses_may_change() -> None:
    """Two hours were used; then waiting for a colleague pauses, or for the customer counts."""
    internally = after(begun(), (10, "status", "internal"))
    stopped = after(internally, Event(at=at(11), type="change", pause_on=("internal",)))
    assert (stopped.state, report(stopped, CALENDARS, at(15)).remaining) == ("paused", timedelta(hours=2))
    waiting = after(begun(), (11, "status", "customer"))
    goes_on = after(waiting, Event(at=at(12), type="change", pause_on=()))
    assert deadline(goes_on) == at(14)


def test_a_change_to_the_same_changes_nothing() -> None:
    """A breach keeps its instant."""
    clock = begun()
    assert after(clock, change(15, hours=4, calendar="office")) == clock


def test_a_change_after_the_answer_is_for_the_next_time() -> None:
    """A finished clock keeps its outcome; the next message has the new target."""
    answered = after(begun("next_response"), (10, "agent_reply", ""), change(11, hours=0.5))
    assert not report(answered, CALENDARS, at(12)).breached
    assert deadline(after(answered, (13, "customer_message", ""))) == at(13.5)


def test_steps_passed_before_a_pause_keep_their_instants() -> None:
    """Half was used at 11; what the pause postponed comes after it."""
    clock = after(begun(), (11.5, "status", "customer"))
    assert report(clock, CALENDARS, at(12)).escalations == {50: at(11), 75: None, 90: None, 100: None}
    clock = after(clock, (14, "status", "open"))
    assert report(clock, CALENDARS, at(14)).escalations == {
        50: at(11),
        75: at(14.5),
        90: at(15.1),
        100: at(15.5),
    }


def test_each_step_fires_once() -> None:
    """`due` names the next step not acted on; several that are late fire together."""
    clock = begun()
    assert due(clock, CALENDARS) == at(11)
    clock, fired = fire(clock, CALENDARS, at(12))
    assert (fired, due(clock, CALENDARS)) == ((50, 75), at(12.6))
    assert fire(clock, CALENDARS, at(12)) == (clock, ())
    clock, fired = fire(clock, CALENDARS, at(16))
    assert (fired, due(clock, CALENDARS)) == ((90, 100), None)


def test_a_step_missed_before_the_answer_is_still_due() -> None:
    """The reply came a minute after the breach, before anyone had acted on it."""
    clock, _ = fire(begun("first_response"), CALENDARS, at(12.6))
    clock = after(clock, (13 + 1 / 60, "agent_reply", ""))
    assert due(clock, CALENDARS) == at(13)


def test_a_step_fires_again_when_a_longer_target_puts_it_ahead() -> None:
    """Half of four hours was acted on; half of eight is yet to come. A shorter target repeats nothing."""
    clock, _ = fire(begun(), CALENDARS, at(11))
    assert due(after(clock, change(11.5, hours=8)), CALENDARS) == at(13)
    assert due(after(clock, change(11.5, hours=3)), CALENDARS) == at(11.5)


def test_an_event_that_comes_late_counts_no_time_twice() -> None:
    """A pause reported before the last resume takes effect at that resume."""
    clock = after(begun(), (10, "status", "customer"), (12, "status", "open"), (11, "status", "customer"))
    assert report(clock, CALENDARS, at(12)).remaining == timedelta(hours=3)


def test_no_calendar_is_round_the_clock() -> None:
    """A policy without one counts nights too."""
    clock = start(metric="resolution", at=NINE, target_s=86_400)
    assert report(clock, {}, NINE).deadline == at(9, day=2)


def test_a_calendar_that_never_opens_breaches_nothing() -> None:
    """Nothing is used and nothing is due."""
    clock = begun(calendar="never")
    reading = report(clock, CALENDARS, at(9, day=30))
    assert (reading.deadline, reading.remaining, reading.breached) == (None, timedelta(hours=4), False)
    assert due(clock, CALENDARS) is None


def test_an_unknown_calendar_is_an_error() -> None:
    """Nothing is guessed in its place."""
    with pytest.raises(KeyError):
        report(begun(calendar="gone"), CALENDARS, NINE)


def test_a_clock_tells_when_it_ran_and_why_it_stopped() -> None:
    """Spans explain the sum: their opening time adds up to what was used."""
    clock = after(begun(), (10, "status", "customer"), (12, "status", "open"), (13, "status", "resolved"))
    told = [(span.start, span.end, span.ended_by) for span in clock.spans]
    assert told == [(at(9), at(10), "paused: customer"), (at(12), at(13), "resolved")]
    assert sum((span.used for span in clock.spans), timedelta()) == clock.used == timedelta(hours=2)


def test_a_clock_stays_small() -> None:
    """However often a ticket goes back and forth, the value is bounded and the sum right."""
    clock = begun(hours=100)
    for minute in range(0, 400, 2):
        clock = after(
            clock, (9 + minute / 60, "status", "customer"), (9 + (minute + 1) / 60, "status", "open")
        )
    assert (len(clock.spans), clock.used) == (KEPT_SPANS, timedelta(minutes=199))


def test_a_clock_survives_storage() -> None:
    """JSON and back is the same value, to the microsecond."""
    clock, _ = fire(begun(hours=1 / 7), CALENDARS, at(9.1))
    clock = after(clock, (9.5, "status", "customer"))
    assert msgspec.json.decode(msgspec.json.encode(clock), type=Clock) == clock


# --- a queue's own -----------------------------------------------------------------------------------------


def waiting(metric: Metric) -> Clock:
    """A queue's clock of a ticket that has just entered it."""
    return start(metric=metric, at=NINE, target_s=4 * 3600, calendar="office", status="queued")


def test_an_assignment_is_over_when_an_agent_has_it() -> None:
    """An offer alone is none; back in the queue it goes on from what was used, and replies don't matter."""
    clock = after(waiting("assignment"), (10, "status", "offered"), (11, "agent_reply", ""))
    assert deadline(clock) == at(13)
    clock = after(clock, (12, "status", "open"))
    assert (report(clock, CALENDARS, at(16)).state, deadline(clock)) == ("done", None)
    assert deadline(after(clock, (15, "status", "queued"))) == at(16)


def test_an_ownership_runs_until_it_is_resolved_and_pauses_for_the_customer() -> None:
    """Whoever has the ticket; by opening hours."""
    clock = after(waiting("ownership"), (10, "status", "open"), (11, "status", "customer"))
    assert report(clock, CALENDARS, at(15)).state == "paused"
    clock = after(clock, (15, "status", "open"))
    assert deadline(clock) == at(17)
    reading = report(after(clock, (16, "status", "resolved")), CALENDARS, at(9, day=3))
    assert (reading.state, reading.breached, reading.remaining) == ("done", False, timedelta(hours=1))
