"""What a person chose: which kinds of notification reach them which way, and when they want quiet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from router.calendar import WEEKDAYS, Calendar, opening, parse
from router.notices import KINDS, Kind
from router.values import Value

Way = Literal["desk", "email", "robot"]
ROBOTS: Final = ("wecom", "dingtalk", "feishu", "slack")
Robot = Literal["", "wecom", "dingtalk", "feishu", "slack"]

_ALL: Final[tuple[Way, ...]] = ("desk", "email", "robot")
USUAL: Final[Mapping[Kind, tuple[Way, ...]]] = {
    "sla_risk": _ALL,
    "sla_alarm": _ALL,
    "sla_breach": _ALL,
    "queue_step": _ALL,
    "declined": _ALL,
    "away": _ALL,
    "rule": ("desk", "robot"),
    "offer": ("desk",),
    "test": _ALL,
}
"""The ways of each kind while nothing else is chosen."""


class Choices(Value, frozen=True, kw_only=True):
    """`ways` of the kinds that don't go the usual ones.

    Quiet hours are from `quiet_from` to `quiet_to` ("22:00", "07:00") by `timezone`, or while the calendar
    `quiet_calendar` is closed. What falls into them goes by mail and robot once they are over (`wait`), or
    not at all (`desk`); the desk always shows it. `language` "" is the desk's.
    """

    ways: dict[Kind, tuple[Way, ...]] = {}
    language: Literal["", "en", "zh"] = ""
    timezone: str = "UTC"
    quiet_from: str = ""
    quiet_to: str = ""
    quiet_calendar: str = ""
    in_quiet_hours: Literal["wait", "desk"] = "wait"
    robot: Robot = ""

    def of(self, kind: Kind) -> tuple[Way, ...]:
        """The ways of a kind; what tries them out goes all."""
        return _ALL if kind == "test" else self.ways.get(kind, USUAL[kind])

    def on_the_desk(self) -> frozenset[Kind]:
        """The kinds that the desk shows."""
        return frozenset(kind for kind in KINDS if "desk" in self.of(kind))

    def sent(self, kind: Kind, now: datetime, calendars: Mapping[str, Calendar]) -> dict[Way, datetime]:
        """The ways by which it leaves the desk, each with its instant."""
        awake = now if kind == "test" else self._awake(now, calendars)
        if awake is None or (awake > now and self.in_quiet_hours == "desk"):
            return {}
        ways = [way for way in self.of(kind) if way != "desk" and (way != "robot" or self.robot)]
        return dict.fromkeys(ways, awake)

    def _awake(self, now: datetime, calendars: Mapping[str, Calendar]) -> datetime | None:
        """The first instant from now on that is not within quiet hours."""
        if self.quiet_calendar in calendars and self.quiet_calendar:
            return opening(calendars[self.quiet_calendar], now)
        if not self.quiet_from or self.quiet_from == self.quiet_to:
            return now
        awake = [[self.quiet_to, self.quiet_from]]
        return opening(parse({"tz": self.timezone, "weekly": dict.fromkeys(WEEKDAYS, awake)}), now)
