"""Times in conditions: before and after an instant or a time of day, longer or shorter ago than a while."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from router.rules.fields import Kind, Values

_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_WHILE: Final = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_UNITS: Final = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def problem(kind: Kind, op: str, value: Any) -> str | None:
    """What is wrong with the value of a comparison of times, in words; None where it is right."""
    if op in ("older_than", "newer_than"):
        return None if duration(value) is not None else f"'{op}' takes a while such as 30m, 2h, 3d or 1w"
    if kind == "hour":
        right = isinstance(value, str) and _HOUR.fullmatch(value)
        return None if right else f"'{op}' takes a time of day such as 18:00"
    return None if instant(value) is not None else f"'{op}' takes a time such as 2026-11-21T10:00:00Z"


def test(name: str, kind: Kind, op: str, value: Any) -> Callable[[Values], bool]:
    """The test of a comparison nothing is wrong with; what is no time is a miss."""
    if kind == "hour":
        earlier = op == "before"
        return lambda values: isinstance(x := values[name], str) and (x < value if earlier else x > value)
    if op in ("before", "after"):
        bound = instant(value)
        return _compare(name, op == "before", lambda values: bound)
    age = duration(value)
    return _compare(name, op == "older_than", lambda values: values.context.now - age if age else None)


def _compare(
    name: str, earlier: bool, bound: Callable[[Values], datetime | None]
) -> Callable[[Values], bool]:
    def holds(values: Values) -> bool:
        at, limit = instant(values[name]), bound(values)
        if at is None or limit is None:
            return False
        return at < limit if earlier else at > limit

    return holds


def instant(value: Any) -> datetime | None:
    """The instant of a time in RFC 3339, or of a date, which is its first moment in UTC; else None."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) > len("2026-11-21T10:00:00.000000+00:00"):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def duration(value: Any) -> timedelta | None:
    """How long "30m", "2h", "3d" or "1w" is; None for anything else."""
    found = _WHILE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else None
