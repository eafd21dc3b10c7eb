"""When the demo organisation asks: how many requests fall into each hour of its year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Final

# From the first day of a period to its last, use grows to this multiple.
GROWTH: Final = 2.4
# Monday to Sunday.
WEEKDAYS: Final = (1.0, 1.05, 1.05, 1.0, 0.85, 0.12, 0.08)
# Each hour of the day, UTC: an office in western Europe, with somebody at night.
HOURS: Final = (
    *(0.02, 0.02, 0.02, 0.02, 0.03, 0.08, 0.3, 0.8, 1.0, 1.0, 0.95, 0.6),
    *(0.8, 1.0, 1.0, 0.9, 0.6, 0.3, 0.15, 0.12, 0.1, 0.06, 0.04, 0.03),
)
# 24 December to 1 January.
HOLIDAYS: Final = 0.15


@dataclass(frozen=True)
class Period:
    """The days the demo covers, both included: twelve whole months and the one that has begun."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def month_of(self, day: date) -> int:
        """Return the month of the demo a day is in, from 0."""
        return (day.year - self.first.year) * 12 + day.month - self.first.month

    def closed_months(self) -> list[date]:
        """Return the first days of the months that are over."""
        total = self.month_of(self.last + timedelta(days=1))
        return [_months_after(self.first, number) for number in range(total)]


def period_before(today: date) -> Period:
    """Return the period that ends yesterday and begins with the month twelve months earlier."""
    last = today - timedelta(days=1)
    return Period(_months_after(today.replace(day=1), -12), last)


def hours_of(period: Period, requests: int) -> list[datetime]:
    """Return the beginning of the hour of each of so many requests, rising.

    An hour gets its share of the requests by weight: growth × weekday × hour × holidays, whole
    requests by cumulative rounding, so that they add up exactly.
    """
    days = [period.first + timedelta(days=number) for number in range(period.days)]
    weights = [
        _day_weight(day, number / max(1, period.days - 1)) * hour
        for number, day in enumerate(days)
        for hour in HOURS
    ]
    total = sum(weights)
    begin = datetime(period.first.year, period.first.month, period.first.day, tzinfo=UTC)
    found: list[datetime] = []
    for number, reached in enumerate(accumulate(weights)):
        wanted = round(requests * reached / total)
        found += [begin + timedelta(hours=number)] * (wanted - len(found))
    return found


def _day_weight(day: date, elapsed: float) -> float:
    weight = (1 + (GROWTH - 1) * elapsed) * WEEKDAYS[day.weekday()]
    return (
        weight * HOLIDAYS
        if (day.month, day.day) >= (12, 24) or day.timetuple().tm_yday == 1
        else weight
    )


def _months_after(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
