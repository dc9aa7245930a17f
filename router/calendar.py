"""Business calendars: how much opening time lies between two instants, and when it is used up, exactly.

Windows are half-open `[open, close)` in local wall time. A close at or before its open belongs to the next
day; 24:00 is allowed. A window belongs to the date it is listed under: holidays drop that date's windows,
special hours replace them and win over a holiday. With a country its public holidays count as well, and a day
of the weekend that is worked in exchange has the hours of the first weekday that has any.

Hours that were changed count from then on: what lay before goes by those that were (`before`).

Each bound is turned into UTC before anything is counted:
a local time that a clock change skips becomes the end of the gap, an ambiguous open its first occurrence and
an ambiguous close its second. Windows that overlap merge.

Opening time is laid out in blocks of 28 UTC days, built on first use and kept per calendar; within a block an
instant is found by bisection, so that asking costs a few microseconds however long the span.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from router.public_holidays import known, year_of

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = tuple[tuple[int, int], ...]
"""Windows of one date as minutes after its local midnight; an overnight close is past 1440."""

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_EARLIER = 20
"""So many changes of its hours a calendar remembers."""
HORIZON_DAYS = 3650
"""How far a deadline is looked for; what is not used up by then has none."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_DAY = 24 * 60
_BLOCK_DAYS = 28
_BLOCK = _BLOCK_DAYS * 86_400 * _SECOND
_HORIZON = HORIZON_DAYS // _BLOCK_DAYS + 1
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")


class CalendarError(ValueError):
    """A calendar that can't be: the message names the part at fault."""


_Time = Annotated[str, Meta(max_length=5)]
_Windows = Annotated[list[tuple[_Time, _Time]], Meta(max_length=24)]


class CalendarSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar as JSON: times are "HH:MM" pairs, dates "YYYY-MM-DD", `tz` an IANA name.

    `country` is an ISO 3166 code, of a country or of a part such as `DE-BY`, whose public holidays count.
    `earlier` are the hours it had before, the last ones first.
    """

    tz: Annotated[str, Meta(min_length=1, max_length=64)]
    weekly: dict[Weekday, _Windows] = {}
    holidays: Annotated[list[date], Meta(max_length=5000)] = []
    special_hours: Annotated[dict[date, _Windows], Meta(max_length=5000)] = {}
    country: Annotated[str, Meta(max_length=8)] = ""
    earlier: "Annotated[list[Earlier], Meta(max_length=MOST_EARLIER)]" = []


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """The hours that were, until they were changed."""

    until: datetime
    hours: CalendarSpec


@dataclass(frozen=True, slots=True)
class _Block:
    """Opening time within 28 days: merged windows in µs since 1970, and what has passed at each close."""

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    passed: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.passed[-1] if self.passed else 0

    def before(self, instant: int) -> int:
        """Opening time from the block's start to `instant`."""
        index = bisect_right(self.opens, instant) - 1
        return self.passed[index] - max(0, self.closes[index] - instant) if index >= 0 else 0

    def reaching(self, amount: int) -> int:
        """The earliest instant with `amount` (1 to `total`) behind it."""
        index = bisect_left(self.passed, amount)
        return self.closes[index] - (self.passed[index] - amount)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Opening hours in one time zone. `weekly` has seven entries, Monday first.

    `before`: until when it had other hours, and those.
    """

    tz: ZoneInfo
    weekly: tuple[Hours, ...]
    holidays: frozenset[date] = frozenset()
    special_hours: Mapping[date, Hours] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    country: str = ""
    before: "tuple[datetime, Calendar] | None" = None
    always: bool = field(init=False, compare=False)
    _block: Callable[[int], _Block] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole = all((0, _DAY) in hours for hours in self.weekly)
        closed = self.holidays or self.special_hours or self.country
        object.__setattr__(self, "always", whole and not closed)
        # Twice what a deadline may walk through.
        object.__setattr__(self, "_block", lru_cache(maxsize=2 * _HORIZON)(self._lay_out))

    def hours(self, day: date) -> Hours:
        """The windows listed for a local date."""
        special = self.special_hours.get(day)
        if special is not None:
            return special
        if day in self.holidays:
            return ()
        usual = self.weekly[day.weekday()]
        if self.country:
            year = year_of(self.country, day.year)
            if day in year.worked:
                return usual or next(filter(None, self.weekly), ())
            if day in year.off:
                return ()
        return usual

    def _lay_out(self, index: int) -> _Block:
        start, end = index * _BLOCK, (index + 1) * _BLOCK
        merged: list[list[int]] = []
        for opens, closes in self._windows(index):
            first, last = max(opens, start), min(closes, end)
            if first >= last:
                continue
            if merged and first <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        passed = accumulate(last - first for first, last in merged)
        return _Block(tuple(m[0] for m in merged), tuple(m[1] for m in merged), tuple(passed))

    def _windows(self, index: int) -> Iterator[tuple[int, int]]:
        """Windows that may touch a block, in UTC, by opening."""
        day = (_EPOCH + timedelta(days=index * _BLOCK_DAYS)).date()
        # A window listed under a date can end two days later, and local dates are up to a day off UTC's.
        for offset in range(-3, _BLOCK_DAYS + 2):
            listed = day + timedelta(days=offset)
            for opens, closes in self.hours(listed):
                yield _instant(self.tz, listed, opens, fold=0), _instant(self.tz, listed, closes, fold=1)


ALWAYS = Calendar(tz=ZoneInfo("UTC"), weekly=(((0, _DAY),),) * 7)
"""Round the clock."""


class Calendars(dict[str, Calendar]):
    """A desk's calendars by id; one that is gone is round the clock, so that what names it still goes on."""

    def __missing__(self, _id: str) -> Calendar:
        return ALWAYS


def parse(spec: CalendarSpec | Mapping[str, object]) -> Calendar:
    """The calendar that JSON describes. Raises `CalendarError` naming the part at fault."""
    try:
        spec = msgspec.convert(spec, CalendarSpec)
    except msgspec.ValidationError as error:
        raise CalendarError(str(error)) from None
    if spec.country and not known(spec.country):
        raise CalendarError(f"country: no public holidays are known for {spec.country!r}")
    before: tuple[datetime, Calendar] | None = None
    for one in reversed(spec.earlier):
        before = (one.until, _calendar(one.hours, before))
    return _calendar(spec, before)


def _calendar(spec: CalendarSpec, before: tuple[datetime, Calendar] | None) -> Calendar:
    return Calendar(
        before=before,
        tz=_zone(spec.tz),
        weekly=tuple(_hours(f"weekly.{name}", spec.weekly.get(name, [])) for name in WEEKDAYS),
        holidays=frozenset(spec.holidays),
        special_hours=MappingProxyType(
            {day: _hours(f"special_hours.{day}", windows) for day, windows in spec.special_hours.items()}
        ),
        country=spec.country,
    )


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Opening time in `[start, end)`, counted in real (UTC) time; nothing when `end` is not later."""
    if calendar.before is not None and start < calendar.before[0]:
        until, past = calendar.before
        return elapsed(past, start, min(end, until)) + elapsed(calendar, until, end)
    first, last = _since_epoch(start), _since_epoch(end)
    if last <= first:
        return timedelta()
    if calendar.always:
        return timedelta(microseconds=last - first)
    index, final = first // _BLOCK, last // _BLOCK
    passed = calendar._block(final).before(last) - calendar._block(index).before(first)
    return timedelta(microseconds=passed + sum(calendar._block(i).total for i in range(index, final)))


def deadline(calendar: Calendar, start: datetime, amount: timedelta) -> datetime | None:
    """The earliest instant with `amount` of opening time since `start`, in UTC; it may be a closing instant.

    None when it is not reached within `HORIZON_DAYS`.
    """
    if calendar.before is not None and start < calendar.before[0]:
        until, past = calendar.before
        ran = elapsed(past, start, until)
        return deadline(past, start, amount) if amount <= ran else deadline(calendar, until, amount - ran)
    if amount <= timedelta() or calendar.always:
        return _EPOCH + (start - _EPOCH) + max(amount, timedelta())
    if not any(calendar.weekly) and not calendar.special_hours:
        return None
    instant = _since_epoch(start)
    index = instant // _BLOCK
    needed = amount // _MICROSECOND + calendar._block(index).before(instant)
    for ahead in range(index, index + _HORIZON):
        block = calendar._block(ahead)
        if needed <= block.total:
            return _EPOCH + timedelta(microseconds=block.reaching(needed))
        needed -= block.total
    return None


def opening(calendar: Calendar, now: datetime) -> datetime | None:
    """`now` while it is open, else when it opens next; None when that is not within `HORIZON_DAYS`."""
    first = deadline(calendar, now, _MICROSECOND)
    return None if first is None else first - _MICROSECOND


def _since_epoch(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(tz: ZoneInfo, day: date, minutes: int, *, fold: int) -> int:
    """A local wall time in µs since 1970; `fold` picks the occurrence of an ambiguous one."""
    wall = datetime(day.year, day.month, day.day, tzinfo=tz) + timedelta(minutes=minutes)
    local = (day.toordinal() - _EPOCH_DAY) * 86_400 + minutes * 60
    first = local - _whole(wall.utcoffset())
    second = local - _whole(wall.replace(fold=1).utcoffset())
    if first <= second:
        return (second if fold else first) * _SECOND
    # Skipped by a clock change: the offsets after and before put it on either side of the change.
    before, after = second, first
    offset = _offset(tz, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(tz, middle) == offset:
            before = middle
        else:
            after = middle
    return after * _SECOND


def _offset(tz: ZoneInfo, seconds: int) -> int:
    return _whole((_EPOCH + timedelta(seconds=seconds)).astimezone(tz).utcoffset())


def _whole(offset: timedelta | None) -> int:
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise CalendarError(f"tz: no such time zone: {name!r}") from None


def _hours(where: str, windows: list[tuple[str, str]]) -> Hours:
    hours = []
    for opens, closes in windows:
        start, end = _minutes(where, opens), _minutes(where, closes)
        hours.append((start, end if end > start else end + _DAY))
    return tuple(sorted(hours))


def _minutes(where: str, text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise CalendarError(f"{where}: not a time from 00:00 to 24:00: {text!r}")
    return int(text[:2]) * 60 + int(text[3:])
