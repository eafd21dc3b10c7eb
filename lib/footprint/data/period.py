"""A period of whole days in the reporting time zone, and the ones a reader can choose. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

CUSTOM: Final = "Custom"
DEFAULT: Final = "Last 30 days"
# Days back from today, today included.
_ROLLING: Final = {"Last 30 days": 30, "Last 7 days": 7, "Last 90 days": 90}
PRESETS: Final = (*_ROLLING, "This month", "Last month", "Last 12 months", CUSTOM)
# How many months before the running one are offered by their names.
NAMED_MONTHS: Final = 24


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    def arguments(self) -> dict[str, object]:
        """Return the days as a database function takes them."""
        return {"p_from": self.first.isoformat(), "p_to": self.last.isoformat()}

    @property
    def previous(self) -> Period:
        """The days just before, as many of them."""
        return Period(self.first - timedelta(days=self.length), self.first - timedelta(days=1))


def whole_month(first: date, today: date) -> Period:
    """Return the days of the month that begins on ``first``, of the running one up to today."""
    following = (first + timedelta(days=31)).replace(day=1)
    return Period(first, min(following - timedelta(days=1), today))


def named_months(today: date) -> list[date]:
    """Return the first days of the running month and of those before it, newest first."""
    months = [today.replace(day=1)]
    while len(months) <= NAMED_MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def preset_period(preset: str, today: date) -> Period:
    """Return the days of a preset (``CUSTOM`` has none: it falls back to the default).

    Args:
        preset: one of ``PRESETS``.
        today: the current day in the reporting time zone.
    """
    first_of_month = today.replace(day=1)
    if preset == "This month":
        return Period(first_of_month, today)
    if preset == "Last month":
        last = first_of_month - timedelta(days=1)
        return Period(last.replace(day=1), last)
    if preset == "Last 12 months":
        return Period(_year_before(today) + timedelta(days=1), today)
    days = _ROLLING.get(preset, _ROLLING[DEFAULT])
    return Period(today - timedelta(days=days - 1), today)


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
