"""Periods and months: the days a preset names, worked out with a calendar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.data.period import PRESETS, Period, preset_period
from footprint.ui.filters import chosen_period, months_between, usual_month

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("Last 7 days", date(2026, 3, 25), TODAY),
        ("Last 30 days", date(2026, 3, 2), TODAY),
        ("Last 90 days", date(2026, 1, 1), TODAY),
        ("This month", date(2026, 3, 1), TODAY),
        ("Last month", date(2026, 2, 1), date(2026, 2, 28)),
        ("Last 12 months", date(2025, 4, 1), TODAY),
    ],
)
def test_a_preset_names_its_days(preset: str, first: date, last: date) -> None:
    assert preset_period(preset, TODAY) == Period(first, last)


def test_a_leap_day_has_a_year_before_it() -> None:
    assert preset_period("Last 12 months", date(2028, 2, 29)).first == date(2027, 3, 1)
    assert preset_period("Last month", date(2028, 3, 1)).last == date(2028, 2, 29)


@given(st.sampled_from(PRESETS), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_period_before_is_as_long_and_ends_the_day_before(preset: str, today: date) -> None:
    period = preset_period(preset, today)
    assert period.length >= 1
    assert period.previous.length == period.length
    assert (period.first - period.previous.last).days == 1


@pytest.mark.parametrize(
    ("chosen", "period"),
    [
        ((date(2026, 1, 1), date(2026, 1, 5)), Period(date(2026, 1, 1), date(2026, 1, 5))),
        ((date(2026, 1, 1),), Period(date(2026, 1, 1), TODAY)),
        (date(2026, 1, 1), Period(date(2026, 1, 1), TODAY)),
        ((), preset_period("Last 30 days", TODAY)),
        (None, preset_period("Last 30 days", TODAY)),
    ],
)
def test_a_calendar_half_filled_in_is_still_a_period(chosen: object, period: Period) -> None:
    assert chosen_period(chosen, TODAY) == period


def test_months_are_offered_from_the_newest_to_the_oldest() -> None:
    assert months_between(date(2025, 11, 30), date(2026, 2, 1)) == [
        date(2026, 2, 1),
        date(2026, 1, 1),
        date(2025, 12, 1),
        date(2025, 11, 1),
    ]
    assert months_between(TODAY, TODAY) == [date(2026, 3, 1)]


def test_finance_begins_with_the_last_month_that_is_over() -> None:
    months = months_between(date(2026, 1, 1), TODAY)
    assert usual_month(months, TODAY) == date(2026, 2, 1)
    assert usual_month(months[:1], TODAY) == date(2026, 3, 1)
