"""Business calendars: opening time counted in UTC, across clock changes, midnights and holidays."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calendar import ALWAYS, WEEKDAYS, Calendar, CalendarError, deadline, elapsed, parse

NEW_YORK = "America/New_York"
EVERY_DAY_9_TO_17 = {day: [["09:00", "17:00"]] for day in WEEKDAYS}


def calendar(tz: str = NEW_YORK, windows: list[list[str]] | None = None, **parts: Any) -> Calendar:
    weekly = EVERY_DAY_9_TO_17 if windows is None else dict.fromkeys(WEEKDAYS, windows)
    return parse({"tz": tz, "weekly": weekly, **parts})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


def open_hours(of: Calendar, start: str, end: str) -> float:
    return elapsed(of, utc(start), utc(end)) / hours(1)


def test_only_opening_time_counts() -> None:
    """From noon to noon a nine-to-five day has eight hours, five today and three tomorrow."""
    assert open_hours(calendar(), "2026-06-01T16:00", "2026-06-02T16:00") == 8


def test_a_window_is_half_open() -> None:
    """The closing instant ends a window and the opening instant begins one."""
    nine_to_five = calendar()
    assert open_hours(nine_to_five, "2026-06-01T21:00", "2026-06-02T13:00") == 0
    assert elapsed(nine_to_five, utc("2026-06-01T20:59:59.999999"), utc("2026-06-02T13:00:00.000001")) == (
        timedelta(microseconds=2)
    )


def test_an_end_before_the_start_counts_nothing() -> None:
    """Time does not run backwards."""
    assert open_hours(calendar(), "2026-06-02T16:00", "2026-06-01T16:00") == 0


def test_a_deadline_may_be_a_closing_instant() -> None:
    """What is used up exactly at closing is due then, not at the next opening."""
    assert deadline(calendar(), utc("2026-06-01T20:00"), hours(1)) == utc("2026-06-01T21:00")


def test_a_deadline_is_exact_to_the_microsecond() -> None:
    """One microsecond past a full day's hours falls just after the next opening."""
    nine_to_five = calendar()
    amount = hours(8) + timedelta(microseconds=1)
    assert deadline(nine_to_five, utc("2026-06-01T13:00"), amount) == utc("2026-06-02T13:00:00.000001")


def test_nothing_to_use_up_is_due_at_once() -> None:
    """A deadline for no time at all is its start, also outside opening hours."""
    assert deadline(calendar(), utc("2026-06-01T03:00"), hours(0)) == utc("2026-06-01T03:00")


def test_an_overnight_window_ends_the_next_day() -> None:
    """A close at or before its open belongs to the next day."""
    night = parse({"tz": NEW_YORK, "weekly": {"mon": [["22:00", "06:00"]]}})
    assert open_hours(night, "2026-06-01T00:00", "2026-06-03T00:00") == 8
    assert deadline(night, utc("2026-06-01T12:00"), hours(8)) == utc("2026-06-02T10:00")


def test_equal_bounds_are_a_whole_day() -> None:
    """A close equal to its open is the same time a day later."""
    around = parse({"tz": "UTC", "weekly": {"mon": [["08:00", "08:00"]]}})
    assert open_hours(around, "2026-06-01T00:00", "2026-06-08T00:00") == 24


def test_midnight_is_24_00() -> None:
    """24:00 closes a window at the day's end, and the next day's 00:00 goes on without a gap."""
    late = calendar("UTC", [["00:00", "02:00"], ["22:00", "24:00"]])
    assert open_hours(late, "2026-06-01T21:00", "2026-06-02T03:00") == 4
    assert deadline(late, utc("2026-06-01T22:00"), hours(3)) == utc("2026-06-02T01:00")


def test_overlapping_windows_merge() -> None:
    """An hour covered by two windows counts once, within a date and across midnight."""
    same_day = calendar("UTC", [["09:00", "12:00"], ["11:00", "13:00"], ["09:30", "10:00"]])
    assert open_hours(same_day, "2026-06-01T00:00", "2026-06-02T00:00") == 4
    across = calendar("UTC", [["20:00", "06:00"], ["04:00", "08:00"]])
    assert open_hours(across, "2026-06-01T12:00", "2026-06-02T12:00") == 12


def test_a_holiday_closes_windows_that_start_on_it() -> None:
    """The night shift that began the evening before still ends on the holiday's morning."""
    night = calendar(windows=[["22:00", "06:00"]], holidays=["2026-11-26"])
    assert open_hours(night, "2026-11-26T00:00", "2026-11-27T00:00") == 8
    assert open_hours(night, "2026-11-27T00:00", "2026-11-28T00:00") == 0


def test_special_hours_replace_a_date_and_win_over_a_holiday() -> None:
    """A date with special hours is open then and only then, holiday or not; none listed closes it."""
    special = {"2026-12-24": [["09:00", "13:00"]], "2026-12-25": [["10:00", "11:00"]], "2026-12-28": []}
    festive = calendar("UTC", holidays=["2026-12-25"], special_hours=special)
    assert open_hours(festive, "2026-12-24T00:00", "2026-12-25T00:00") == 4
    assert open_hours(festive, "2026-12-25T00:00", "2026-12-26T00:00") == 1
    assert open_hours(festive, "2026-12-28T00:00", "2026-12-29T00:00") == 0


def weekdays_in(place: str, **parts: Any) -> Calendar:
    """Monday to Friday from nine to five, UTC, with a place's public holidays."""
    weekly = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
    return parse({"tz": "UTC", "weekly": weekly, "country": place, **parts})


def test_a_countrys_public_holidays_are_closed() -> None:
    """Of the country, and of a part of it: Epiphany is a holiday in Bavaria alone of these two."""
    assert open_hours(weekdays_in("DE-BY"), "2026-01-06T00:00", "2026-01-07T00:00") == 0
    assert open_hours(weekdays_in("DE-BE"), "2026-01-06T00:00", "2026-01-07T00:00") == 8
    assert open_hours(weekdays_in("DE-BE"), "2026-12-25T00:00", "2026-12-26T00:00") == 0


def test_a_weekend_that_is_worked_in_exchange_is_open() -> None:
    """China 2026: the Friday after New Year is off, and the Sunday after it is worked."""
    china = weekdays_in("CN")
    assert open_hours(china, "2026-01-02T00:00", "2026-01-03T00:00") == 0
    assert open_hours(china, "2026-01-04T00:00", "2026-01-05T00:00") == 8
    assert open_hours(china, "2026-01-11T00:00", "2026-01-12T00:00") == 0


def test_a_calendars_own_dates_override_its_countrys() -> None:
    """Special hours open a public holiday and close a worked Sunday."""
    own = {"2026-01-02": [["10:00", "12:00"]], "2026-01-04": []}
    china = weekdays_in("CN", special_hours=own)
    assert open_hours(china, "2026-01-02T00:00", "2026-01-03T00:00") == 2
    assert open_hours(china, "2026-01-04T00:00", "2026-01-05T00:00") == 0


@pytest.mark.parametrize("place", ["XX", "DE-XX", "de", "-"])
def test_a_place_without_known_holidays_is_refused(place: str) -> None:
    """Rather than taken for one that has none."""
    with pytest.raises(CalendarError, match="country"):
        weekdays_in(place)


def test_the_hour_that_spring_skips_does_not_count() -> None:
    """A window across the gap is an hour shorter in real time, one inside it is empty."""
    assert open_hours(calendar(windows=[["00:00", "06:00"]]), "2026-03-08T05:00", "2026-03-08T12:00") == 5
    assert open_hours(calendar(windows=[["02:10", "02:50"]]), "2026-03-08T00:00", "2026-03-09T00:00") == 0


def test_a_skipped_bound_is_the_end_of_the_gap() -> None:
    """02:30 does not exist on the day clocks go forward: opening and closing then mean 03:00."""
    assert open_hours(calendar(windows=[["02:30", "04:00"]]), "2026-03-08T05:00", "2026-03-08T12:00") == 1
    assert open_hours(calendar(windows=[["01:00", "02:30"]]), "2026-03-08T05:00", "2026-03-08T12:00") == 1


def test_an_ambiguous_open_is_early_and_an_ambiguous_close_late() -> None:
    """On the day clocks go back a window from or to the repeated hour covers both passes."""
    assert open_hours(calendar(windows=[["01:30", "03:00"]]), "2026-11-01T04:00", "2026-11-01T12:00") == 2.5
    assert open_hours(calendar(windows=[["00:00", "01:30"]]), "2026-11-01T04:00", "2026-11-01T12:00") == 2.5
    assert open_hours(calendar(windows=[["01:15", "01:45"]]), "2026-11-01T04:00", "2026-11-01T12:00") == 1.5


def test_windows_that_meet_in_the_repeated_hour_count_it_once() -> None:
    """[00:00, 01:30) and [01:30, 03:00) overlap in real time when 01:30 comes twice."""
    meeting = calendar(windows=[["00:00", "01:30"], ["01:30", "03:00"]])
    assert open_hours(meeting, "2026-11-01T04:00", "2026-11-01T12:00") == 4


def test_a_night_across_a_clock_change_has_its_real_length() -> None:
    """22:00 to 06:00 lasts seven hours in spring and nine in autumn."""
    night = calendar(windows=[["22:00", "06:00"]])
    assert open_hours(night, "2026-03-08T00:00", "2026-03-08T14:00") == 7
    assert open_hours(night, "2026-11-01T00:00", "2026-11-01T14:00") == 9


def test_a_half_hour_change_is_found() -> None:
    """Lord Howe Island's clocks move by thirty minutes: 02:00 to 02:30 is skipped."""
    gap = calendar("Australia/Lord_Howe", [["02:15", "03:00"]])
    assert open_hours(gap, "2026-10-03T12:00", "2026-10-03T20:00") == 0.5


def test_a_date_that_never_was_is_closed() -> None:
    """Samoa skipped 30 December 2011 altogether."""
    samoa = calendar("Pacific/Apia")
    assert open_hours(samoa, "2011-12-29T12:00", "2011-12-31T12:00") == 16


def test_round_the_clock_is_real_time() -> None:
    """A calendar of seven full days without exceptions is known as such, whatever its zone."""
    full = calendar(windows=[["00:00", "24:00"]])
    assert (full.always, calendar(windows=[["00:00", "24:00"]], holidays=["2026-12-25"]).always) == (
        True,
        False,
    )
    assert deadline(full, utc("2026-03-08T05:00"), hours(24)) == utc("2026-03-09T05:00")
    assert open_hours(full, "2026-11-01T00:00", "2026-11-02T00:00") == 24


def test_instants_of_one_zone_are_told_apart_in_real_time() -> None:
    """Two instants given in the calendar's own zone are an hour further apart when clocks go back."""
    zone = ZoneInfo(NEW_YORK)
    start, end = datetime(2026, 11, 1, 0, tzinfo=zone), datetime(2026, 11, 1, 3, tzinfo=zone)
    assert elapsed(ALWAYS, start, end) == hours(4)
    assert deadline(ALWAYS, start, hours(4)) == end


def test_a_calendar_that_never_opens_has_no_deadline() -> None:
    """The search ends: no windows at all, or none within ten years."""
    assert deadline(parse({"tz": "UTC"}), utc("2026-06-01T00:00"), hours(1)) is None
    once = parse({"tz": "UTC", "special_hours": {"2026-06-01": [["09:00", "10:00"]]}})
    assert deadline(once, utc("2026-01-01T00:00"), hours(1)) == utc("2026-06-01T10:00")
    assert deadline(once, utc("2026-06-02T00:00"), hours(1)) is None


def test_long_spans_add_up() -> None:
    """A year of nine-to-five days, clock changes and all, has 365 times eight hours."""
    assert open_hours(calendar(), "2026-01-01T05:00", "2027-01-01T05:00") == 365 * 8


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"weekly": {}}, "Object missing required field `tz`"),
        ({"tz": "Mars/Olympus"}, "tz: no such time zone: 'Mars/Olympus'"),
        ({"tz": "../etc/passwd"}, "tz: no such time zone: '../etc/passwd'"),
        ({"tz": "America"}, "tz: no such time zone: 'America'"),
        ({"tz": "UTC", "weekly": {"monday": []}}, "Invalid enum value 'monday' - at `key` in `$.weekly`"),
        (
            {"tz": "UTC", "weekly": {"mon": [["9:00", "17:00"]]}},
            "weekly.mon: not a time from 00:00 to 24:00: '9:00'",
        ),
        (
            {"tz": "UTC", "special_hours": {"2026-12-24": [["09:00", "24:01"]]}},
            "special_hours.2026-12-24: not a time from 00:00 to 24:00: '24:01'",
        ),
        ({"tz": "UTC", "holidays": ["2026-02-30"]}, "Invalid RFC3339 encoded date - at `$.holidays[0]`"),
    ],
)
def test_a_bad_calendar_is_refused_by_name(spec: dict[str, Any], fault: str) -> None:
    """The error says which part of the calendar can't be."""
    with pytest.raises(CalendarError) as caught:
        parse(spec)
    assert str(caught.value) == fault


def test_hours_that_changed_count_from_then_on() -> None:
    """Open until five, from noon on until three, and before last week around the clock."""
    changed = parse(
        {
            "tz": "UTC",
            "weekly": {day: [["09:00", "15:00"]] for day in WEEKDAYS},
            "earlier": [
                {"until": "2026-06-01T12:00:00Z", "hours": {"tz": "UTC", "weekly": EVERY_DAY_9_TO_17}},
                {
                    "until": "2026-05-25T00:00:00Z",
                    "hours": {"tz": "UTC", "weekly": {day: [["00:00", "24:00"]] for day in WEEKDAYS}},
                },
            ],
        }
    )
    assert open_hours(changed, "2026-05-24T20:00", "2026-06-01T20:00") == 4 + 7 * 8 + 6
    assert open_hours(changed, "2026-06-01T12:00", "2026-06-02T12:00") == 3 + 3
    assert deadline(changed, utc("2026-06-01T10:00"), hours(1)) == utc("2026-06-01T11:00")
    assert deadline(changed, utc("2026-06-01T10:00"), hours(6)) == utc("2026-06-02T10:00")


def test_the_parsed_calendar_is_a_value() -> None:
    """The same JSON gives equal calendars, and what was listed is there in minutes."""
    spec = {"tz": NEW_YORK, "weekly": {"mon": [["22:00", "06:00"]]}, "holidays": ["2026-12-25"]}
    assert parse(spec) == parse(spec)
    assert parse(spec).hours(date(2026, 12, 21)) == ((1320, 1800),)
    assert parse(spec).hours(date(2026, 12, 25)) == ()


MINUTES = st.integers(min_value=0, max_value=1440).map(lambda m: f"{m // 60:02}:{m % 60:02}")
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (given a zone)


@given(
    tz=st.sampled_from([NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai"]),
    windows=st.lists(st.lists(MINUTES, min_size=2, max_size=2), min_size=1, max_size=4),
    start=INSTANTS,
    amount=st.timedeltas(timedelta(microseconds=1), timedelta(days=40)),
)
def test_a_deadline_is_the_earliest_instant_with_the_time_used(
    tz: str, windows: list[list[str]], start: datetime, amount: timedelta
) -> None:
    """Up to the deadline exactly the amount has passed; a microsecond before, less."""
    some = parse({"tz": tz, "weekly": {"tue": windows, "sat": windows, "sun": windows}})
    due = deadline(some, start, amount)
    if due is None:
        assert elapsed(some, start, start + timedelta(days=3600)) < amount
    else:
        assert elapsed(some, start, due) == amount
        assert elapsed(some, start, due - timedelta(microseconds=1)) == amount - timedelta(microseconds=1)
