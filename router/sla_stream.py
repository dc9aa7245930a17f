"""SLA clocks driven from outside: a JSON object with calendars, a policy and events in, its reading out.

The form has words of its own for statuses: `pending` (waiting for the customer), `on_hold` (waiting
internally) and `solved` (resolved). Bounds: a line of 1 MB, 10,000 events, 100 calendars, instants from 1970
to 2100, targets up to ten years.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from router.calendar import Calendar, CalendarError, CalendarSpec, parse
from router.sla import Clock, Event, EventType, Report, apply, report

MAX_LINE = 1_000_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_STATUS = {"pending": "customer", "on_hold": "internal", "solved": "resolved"}

_Word = Annotated[str, Meta(max_length=200)]
_At = Annotated[datetime, Meta(tz=True)]
_Minutes = Annotated[float, Meta(ge=0, le=5_256_000)]


class _Policy(msgspec.Struct, frozen=True):
    metric: Literal["first_response", "next_response", "resolution"]
    target_minutes: _Minutes
    pause_on: Annotated[tuple[_Word, ...], Meta(max_length=20)] = ("pending",)


class _Event(msgspec.Struct, frozen=True):
    id: _Word
    at: _At
    type: EventType
    value: _Word | None = None
    calendar: _Word | None = None
    target_minutes: _Minutes | None = None


class _Line(msgspec.Struct, frozen=True):
    calendars: Annotated[dict[str, CalendarSpec], Meta(max_length=100)]
    calendar: _Word
    policy: _Policy
    events: Annotated[list[_Event], Meta(max_length=10_000)]
    now: _At | None = None


_DECODER = msgspec.json.Decoder(_Line)


class _Refused(ValueError):
    """What is wrong with a line, in words."""


def answer(line: str) -> dict[str, Any]:
    """The clock's reading at `now` (default: the last event), or `{"error": what is wrong}`.

    Events later than `now` have not happened yet.
    """
    try:
        return _read(_decode(line))
    except (_Refused, CalendarError) as error:
        return {"error": str(error)}


def _decode(line: str) -> _Line:
    if len(line) > MAX_LINE:
        raise _Refused(f"the line is longer than {MAX_LINE} characters")
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise _Refused(str(error)) from None
    except RecursionError:
        raise _Refused("nested too deeply") from None
    except UnicodeEncodeError:
        raise _Refused("not valid UTF-8") from None


def _read(line: _Line) -> dict[str, Any]:
    calendars = dict(_calendars(line))
    _check(line, calendars)
    events = list(_in_order(line.events))
    now = line.now or (events[-1].at if events else EARLIEST)
    clock = Clock(
        metric=line.policy.metric,
        target=timedelta(minutes=line.policy.target_minutes),
        calendar=line.calendar,
        pause_on=tuple(_STATUS.get(word, word) for word in line.policy.pause_on),
    )
    for event in events:
        if event.at <= now:
            clock = apply(clock, _event(event), calendars)
    return _answer(report(clock, calendars, now))


def _calendars(line: _Line) -> Iterator[tuple[str, Calendar]]:
    for name, spec in line.calendars.items():
        try:
            yield name, parse(spec)
        except CalendarError as error:
            raise _Refused(f"calendars.{name}.{error}") from None


def _check(line: _Line, calendars: dict[str, Calendar]) -> None:
    """What the types can't say. Raises _Refused naming the part at fault."""
    named = [("calendar", line.calendar)]
    instants = [("now", line.now)]
    for index, event in enumerate(line.events):
        named.append((f"events[{index}].calendar", event.calendar or line.calendar))
        instants.append((f"events[{index}].at", event.at))
        if event.type == "status" and not event.value:
            raise _Refused(f"events[{index}].value: a status event needs the new status")
    for where, name in named:
        if not name or name not in calendars:
            raise _Refused(f"{where}: no such calendar: {name!r}")
    for where, instant in instants:
        if instant is not None and not EARLIEST <= instant < LATEST:
            raise _Refused(f"{where}: not from 1970 to 2100")


def _in_order(events: list[_Event]) -> Iterator[_Event]:
    seen: set[str] = set()
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        if event.id not in seen:
            seen.add(event.id)
            yield event


def _event(event: _Event) -> Event:
    return Event(
        at=event.at,
        type=event.type,
        value=_STATUS.get(event.value or "", event.value or ""),
        calendar=event.calendar,
        target=None if event.target_minutes is None else timedelta(minutes=event.target_minutes),
    )


def _answer(reading: Report) -> dict[str, Any]:
    return {
        "deadline_utc": _text(reading.deadline),
        "remaining_seconds": None if reading.remaining is None else _seconds(reading.remaining),
        "breached": reading.breached,
        "escalations": {str(step): _text(at) for step, at in reading.escalations.items()},
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _seconds(amount: timedelta) -> int | float:
    seconds = amount.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds
