"""Public holidays by country, and the weekend days that are worked in exchange (调休 in China).

Source: the `holidays` package. What it does not know yet, such as the exchanges of a year that the
government has not announced, a calendar says itself with its own holidays and special hours.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple


class Year(NamedTuple):
    """One year of a place: days off, and days of a weekend that are worked."""

    off: frozenset[date]
    worked: frozenset[date]


def known(place: str) -> bool:
    """Whether there are holidays for an ISO 3166 code: a country (`CN`), or a part of one (`DE-BY`)."""
    import holidays  # noqa: PLC0415 - most of a second that a desk without such a calendar need not spend

    country, _, part = place.partition("-")
    parts = holidays.list_supported_countries().get(country)
    return parts is not None and (not part or part in parts)


@lru_cache(256)
def year_of(place: str, year: int) -> Year:
    """A place's year; raises KeyError for a place that is not `known`."""
    import holidays  # noqa: PLC0415

    if not known(place):
        raise KeyError(place)
    country, _, part = place.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year)
    return Year(
        frozenset(day for day in found if day.year == year),
        frozenset(day for day in found.weekend_workdays if day.year == year),
    )
