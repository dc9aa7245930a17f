"""SLA clocks: one metric of one ticket, how much of its target is used, and when the next step is due.

A clock is a value that is stored with its ticket; events make a new one. It carries what was used up to
the last stop and since when it runs; everything else is derived from that and the calendars.

    idle ──begins──► running ◄──► paused      paused: a status the policy names (resolution only)
                        │  ▲
                     stops  begins again      done: answered, or resolved
                        ▼  │
                        done

| metric | begins | stops | pauses |
| --- | --- | --- | --- |
| first_response | created | first agent reply, for good | never |
| next_response | earliest customer message not yet answered, from nothing | agent reply | never |
| resolution | created | resolved; reopening goes on from what was used | a status in `pause_on` |
| assignment | entered the queue | an agent has it; waiting again goes on from what was used | never |
| ownership | entered the queue | as resolution | as resolution |

The last two are a queue's: a ticket that goes to another queue begins with that one's, from nothing. What the
bot says and internal notes neither start nor stop anything. A change of target or calendar keeps what was
used; a step whose share is used up already is due at the instant of the change.

Callers hand in `calendars`: by id, with "" (round the clock) always known. An id that is missing raises
KeyError. Instants are timezone-aware.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from router.calendar import ALWAYS, Calendar, deadline, elapsed

Metric = Literal["first_response", "next_response", "resolution", "assignment", "ownership"]
State = Literal["idle", "running", "paused", "done"]
EventType = Literal[
    "created", "customer_message", "agent_reply", "bot_reply", "internal_note", "status", "change"
]
Calendars = Mapping[str, Calendar]

STEPS: tuple[int, ...] = (50, 75, 90, 100)
"""Escalation steps in percent of the target; the last is the breach."""

STOPPING: frozenset[str] = frozenset({"resolved", "closed", "merged"})
"""Statuses in which a ticket is done."""

PROMISED: tuple[Metric, ...] = ("first_response", "next_response", "assignment")
"""What a ticket that waits is promised: the first that runs out says how urgent it is."""

KEPT_SPANS = 32
"""Running spans kept to explain a clock; older ones are only in the sum."""

_BY_STATUS: frozenset[Metric] = frozenset({"resolution", "assignment", "ownership"})
_UNASSIGNED = frozenset({"queued", "offered"})


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a ticket.

    `value` is a status event's new status: a ticket's, or for `waiting` its reason (`customer`, `internal`,
    `snoozed`). A change event has `calendar`, `target`, `pause_on`, or several of them.
    """

    at: datetime
    type: EventType
    value: str = ""
    calendar: str | None = None
    target: timedelta | None = None
    pause_on: tuple[str, ...] | None = None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A time the clock ran, what of it was opening time, and what ended it (`paused: customer`)."""

    start: datetime
    end: datetime
    calendar: str
    used: timedelta
    ended_by: str


class Clock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One metric's clock. As constructed it is idle; `start` gives one that begins at an instant.

    `used` is opening time up to `since`, from when it runs (None: it doesn't). `reached` holds the instants
    of the first steps that were passed by then, `fired` counts the steps already acted on, and `seen` is the
    latest event: one that comes late counts from there, so that no time counts twice.
    """

    metric: Metric
    target: timedelta
    calendar: str = ""
    pause_on: tuple[str, ...] = ("customer",)
    status: str = "open"
    state: State = "idle"
    since: datetime | None = None
    used: timedelta = timedelta()
    reached: tuple[datetime, ...] = ()
    fired: int = 0
    spans: tuple[Span, ...] = ()
    seen: datetime | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A clock read at an instant.

    `deadline` is None unless it runs (and its calendar ever gets there). `remaining` is target less opening
    time used, negative once overdue, None while idle. `escalations` has an instant for each step: passed, or
    to come while the clock runs; else None.
    """

    state: State
    deadline: datetime | None
    remaining: timedelta | None
    breached: bool
    escalations: dict[int, datetime | None]


def start(
    *,
    metric: Metric,
    at: datetime,
    target_s: float,
    calendar: str = "",
    pause_on: tuple[str, ...] = ("customer",),
    status: str = "open",
) -> Clock:
    """A clock that begins at `at`, with a target in seconds (kept to the microsecond)."""
    target = timedelta(seconds=target_s)
    clock = Clock(metric=metric, target=target, calendar=calendar, pause_on=pause_on, status=status)
    return _begin(clock, at)


def apply(clock: Clock, event: Event, calendars: Calendars) -> Clock:
    """The clock after an event; events come in order of (instant, id), each once."""
    at = event.at.astimezone(UTC) if clock.seen is None else max(event.at.astimezone(UTC), clock.seen)
    match event.type:
        case "created" if clock.state == "idle":
            return _begin(clock, at)
        case "created" | "customer_message" if clock.metric == "next_response":
            return clock if clock.state == "running" else _begin(clock, at)
        case "agent_reply" if clock.metric not in _BY_STATUS and clock.state == "running":
            return _stop(clock, at, "done", "answered", calendars)
        case "status" if clock.metric in _BY_STATUS:
            return _set_status(clock, at, event.value, calendars)
        case "change":
            return _change(clock, at, event, calendars)
    return clock


def report(clock: Clock, calendars: Calendars, now: datetime) -> Report:
    """What the clock says at `now`, which is not before its latest event."""
    instants = [_instant(clock, calendars, step) for step in range(len(STEPS))]
    end = instants[-1]
    used = clock.used
    if clock.since is not None:
        used += elapsed(_hours(clock, calendars), clock.since, now)
    return Report(
        state=clock.state,
        deadline=end if clock.state == "running" else None,
        remaining=None if clock.state == "idle" else clock.target - used,
        breached=end is not None and end <= now,
        escalations=dict(zip(STEPS, instants, strict=True)),
    )


def due(clock: Clock, calendars: Calendars) -> datetime | None:
    """The instant of the next step not acted on; past when it is late, None when none is in sight."""
    return _instant(clock, calendars, clock.fired) if clock.fired < len(STEPS) else None


def fire(clock: Clock, calendars: Calendars, now: datetime) -> tuple[Clock, tuple[int, ...]]:
    """Mark the steps due by `now` as acted on, and say which they are."""
    passed = clock.fired
    while passed < len(STEPS):
        instant = _instant(clock, calendars, passed)
        if instant is None or instant > now:
            break
        passed += 1
    return replace(clock, fired=passed), STEPS[clock.fired : passed]


def _begin(clock: Clock, at: datetime) -> Clock:
    """Run from nothing, unless the ticket's status says otherwise."""
    at = at.astimezone(UTC)
    fresh = replace(clock, used=timedelta(), reached=(), fired=0, seen=at)
    return _enter(fresh, _state_in(clock), at)


def _enter(clock: Clock, state: State, at: datetime) -> Clock:
    return replace(clock, state=state, since=at if state == "running" else None, seen=at)


def _stop(clock: Clock, at: datetime, state: State, why: str, calendars: Calendars) -> Clock:
    """Add the time it ran to what is used, and the steps passed in it to those reached."""
    if clock.since is None:
        return _enter(clock, state, at)
    ran = elapsed(_hours(clock, calendars), clock.since, at)
    used = clock.used + ran
    passed = (_instant(clock, calendars, i) for i in range(len(STEPS)) if _share(clock.target, i) <= used)
    reached = tuple(instant for instant in passed if instant is not None)
    span = Span(start=clock.since, end=at, calendar=clock.calendar, used=ran, ended_by=why)
    spans = (*clock.spans[1 - KEPT_SPANS :], span)
    return _enter(replace(clock, used=used, reached=reached, spans=spans), state, at)


def _set_status(clock: Clock, at: datetime, status: str, calendars: Calendars) -> Clock:
    clock = replace(clock, status=status, seen=at)
    state = _state_in(clock)
    if clock.state in ("idle", state):
        return clock
    if clock.state == "running":
        why = status if state == "done" else f"paused: {status}"
        return _stop(clock, at, state, why, calendars)
    return _enter(clock, state, at)


def _state_in(clock: Clock) -> State:
    if clock.metric not in _BY_STATUS:
        return "running"
    if clock.metric == "assignment":
        return "running" if clock.status in _UNASSIGNED else "done"
    if clock.status in STOPPING:
        return "done"
    return "paused" if clock.status in clock.pause_on else "running"


def _change(clock: Clock, at: datetime, event: Event, calendars: Calendars) -> Clock:
    target = clock.target if event.target is None else event.target
    calendar = clock.calendar if event.calendar is None else event.calendar
    pause_on = clock.pause_on if event.pause_on is None else event.pause_on
    if (target, calendar, pause_on) == (clock.target, clock.calendar, clock.pause_on):
        return clock
    asked = replace(clock, pause_on=pause_on)
    if clock.state == "idle" or (clock.state == "done" and clock.metric not in _BY_STATUS):
        # Not begun, or answered: the change is for the next time, and what has been stays as it was.
        return replace(asked, target=target, calendar=calendar, seen=at)
    stopped = _stop(asked, at, _state_in(asked), "changed", calendars)
    clock = replace(stopped, target=target, calendar=calendar)
    reached = sum(_share(target, step) <= clock.used for step in range(len(STEPS)))
    return replace(clock, reached=(at,) * reached, fired=min(clock.fired, reached))


def _instant(clock: Clock, calendars: Calendars, step: int) -> datetime | None:
    """When a step (its index in `STEPS`) was passed, or will be if the clock runs on."""
    if step < len(clock.reached):
        return clock.reached[step]
    if clock.since is None:
        return None
    return deadline(_hours(clock, calendars), clock.since, _share(clock.target, step) - clock.used)


def _share(target: timedelta, step: int) -> timedelta:
    # Rounded up to the microsecond: a step is not due before its share is used.
    return -(-target * STEPS[step] // 100)


def _hours(clock: Clock, calendars: Calendars) -> Calendar:
    return calendars[clock.calendar] if clock.calendar else ALWAYS
