"""What the desk's calendars say of an instant, for the rules that ask."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from router.calendar import WEEKDAYS, Calendar, elapsed
from router.decision import Hours
from router.rules.fields import calendar_of

_MOMENT: Final = timedelta(microseconds=1)


def hours(calendars: Mapping[str, Calendar], fields: Iterable[str], now: datetime) -> dict[str, Hours]:
    """Hours by calendar, of those that the fields name and that there are; `hours` itself names all."""
    asked = set(fields)
    named = {name for field in asked if (name := calendar_of(field)) is not None}
    wanted = set(calendars) if "hours" in asked else named
    return {name: _at(calendars[name], now) for name in sorted(wanted) if name in calendars}


def _at(calendar: Calendar, now: datetime) -> Hours:
    local = now.astimezone(calendar.tz)
    return Hours(
        open=elapsed(calendar, now, now + _MOMENT) > timedelta(),
        time=local.strftime("%H:%M"),
        weekday=WEEKDAYS[local.weekday()],
    )
