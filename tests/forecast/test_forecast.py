"""The forecast against values worked by hand, and against what its interval promises."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from footprint.forecast import Outlook, Pace, RunOut, month_end, pace_of, student_t

# A Sunday: the week ahead begins on Monday, 9 November 2026.
SUNDAY = date(2026, 11, 8)
WEEK = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0]


def days_ahead(count: int) -> list[date]:
    return [SUNDAY + timedelta(days=step) for step in range(1, count + 1)]


def test_weeks_that_repeat_are_expected_to_repeat_exactly() -> None:
    pace = pace_of(WEEK * 4, SUNDAY)

    assert pace is not None
    assert pace.means == (1, 2, 3, 4, 5, 0, 0)
    assert pace.over(days_ahead(9)) == Outlook(18, 18, 18)  # 15 and a Monday and a Tuesday


def test_the_interval_is_students_around_the_sum_of_the_means() -> None:
    # Every weekday twice 10 + 3 and twice 10 − 3: squares 28 · 9 = 252, 252 / 21 = 12.
    pace = pace_of([13.0] * 7 + [7.0] * 7 + [13.0] * 7 + [7.0] * 7, SUNDAY)

    assert pace is not None
    assert pace.deviation**2 == pytest.approx(12)
    # One week: 12 · (7 + 7 · 1/4) = 105; t of 21 degrees is 1.7207; 1.7207 · √105 = 17.632.
    outlook = pace.over(days_ahead(7))
    assert (outlook.low, outlook.mid, outlook.high) == pytest.approx((52.368, 70, 87.632), abs=1e-3)


@pytest.mark.parametrize(("freedom", "t"), [(21, 1.7207), (49, 1.6766)])
def test_students_t_is_the_one_in_the_tables(freedom: int, t: float) -> None:
    assert student_t(freedom) == pytest.approx(t, abs=1e-4)


def test_fewer_than_four_complete_weeks_are_not_enough() -> None:
    assert pace_of([1.0] * 27, SUNDAY) is None
    assert pace_of([0.0] * 30 + [1.0] * 27, SUNDAY) is None  # recorded for 27 days only
    assert pace_of([1.0] * 28, SUNDAY) is not None


def test_only_the_newest_eight_weeks_count() -> None:
    pace = pace_of([1000.0] * 30 + [2.0] * 56, SUNDAY)

    assert pace is not None
    assert pace.over(days_ahead(10)).high == 20


def test_a_month_ends_with_its_complete_days_as_they_are_and_the_rest_as_forecast() -> None:
    pace = pace_of([2.0] * 28, SUNDAY)
    assert pace is not None

    # 8 days at 2, today (Monday the 9th) 0.5 so far; 22 days from today on at 2.
    assert month_end(pace, 16.5, 0.5) == Outlook(60, 60, 60)


def test_a_month_never_ends_below_what_there_is_already() -> None:
    last = date(2026, 11, 29)
    pace = pace_of([2.0] * 28, last)
    assert pace is not None

    # Today, the 30th, is the last day and has brought 9 where 2 were expected.
    assert month_end(pace, 67, 9) == Outlook(67, 67, 67)


def test_a_balance_lasts_as_long_as_the_days_need_to_use_it_up() -> None:
    pace = pace_of([2.0] * 28, SUNDAY)
    assert pace is not None

    day = date(2026, 11, 13)  # five days at 2
    assert pace.runs_out(10) == RunOut(day, day, day)


def test_with_scatter_the_earliest_day_is_before_the_expected_and_the_latest_after() -> None:
    pace = pace_of([13.0] * 7 + [7.0] * 7 + [13.0] * 7 + [7.0] * 7, SUNDAY)
    assert pace is not None
    found = pace.runs_out(100)

    assert found.expected == date(2026, 11, 18)  # ten days at 10
    # Nine days: 12 · (9 + 2 · 4/4 + 5 · 1/4) = 147, so 90 + 1.7207 · √147 = 110.9; eight: 100.4
    # (12 · (8 + 4/4 + 6/4) = 126, 80 + 19.3 = 99.3).
    assert found.earliest == date(2026, 11, 17)
    # Twelve days: 12 · (12 + 5 · 4/4 + 2 · 1/4) = 210, 120 − 24.9 = 95.1; thirteen: 228, 104.0.
    assert found.latest == date(2026, 11, 21)


def test_what_uses_nothing_never_runs_out() -> None:
    assert Pace((0.0,) * 7, (4,) * 7, 0.0, SUNDAY).runs_out(5) == RunOut(None, None, None)


def test_nine_in_ten_months_end_within_the_interval() -> None:
    dice = random.Random(6)
    inside = 0
    for _ in range(500):
        amounts = [max(0.0, dice.gauss(10 if day % 7 < 5 else 2, 3)) for day in range(56 + 20)]
        pace = pace_of(amounts[:56], SUNDAY)
        assert pace is not None
        outlook = pace.over(days_ahead(20))
        inside += outlook.low <= sum(amounts[56:]) <= outlook.high

    # Nine in ten of 500, give or take three standard errors of 1.3 %.
    assert 0.86 <= inside / 500 <= 0.94
