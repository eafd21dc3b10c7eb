"""What the days ahead are likely to add up to, from the complete days behind. Pure.

Method, reasons in docs/decisions.md: each weekday is expected to be as its own mean over the
newest eight weeks; the days scatter around those means with one standard deviation; the 90 %
interval of a sum is Student's. Amounts may be money, tokens, kWh: the unit of what goes in is the
unit of what comes out. There is no forecast from fewer than four complete weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile
from math import sqrt
from statistics import NormalDist
from typing import Final

FEWEST_DAYS: Final = 28
MOST_DAYS: Final = 56
# Beyond this many days from now nobody's habits are known.
HORIZON_DAYS: Final = 730
NOT_ENOUGH: Final = "not enough history"
WHY_NOT_ENOUGH: Final = (
    f"A forecast needs {FEWEST_DAYS} complete days since the first request, every weekday 4 times."
)
_ONE_SIDED = 0.95


@dataclass(frozen=True)
class Outlook:
    """An expected amount and its 90 % interval, in the unit of the history."""

    low: float
    mid: float
    high: float

    def plus(self, amount: float) -> Outlook:
        """Return the outlook with an amount that is certain added to all three."""
        return Outlook(self.low + amount, self.mid + amount, self.high + amount)


@dataclass(frozen=True)
class RunOut:
    """The days on which a balance is used up: expected, at the earliest, at the latest.

    None where that is beyond ``HORIZON_DAYS`` from the last day known.
    """

    earliest: date | None
    expected: date | None
    latest: date | None


@dataclass(frozen=True)
class Pace:
    """How much is used a day: the mean of each weekday (Monday first) and the scatter around it.

    Attributes:
        means: mean amount of a Monday … Sunday.
        counts: how many Mondays … Sundays those are means of.
        deviation: standard deviation of a day around its weekday's mean.
        last_day: the newest complete day; forecasts begin on the next one.
    """

    means: tuple[float, ...]
    counts: tuple[int, ...]
    deviation: float
    last_day: date

    def over(self, days: Iterable[date]) -> Outlook:
        """Return what the given days to come add up to.

        Mid: sum of the weekdays' means. Variance: ``s² · (h + Σ h_w² / n_w)`` for h days of which
        h_w fall on weekday w with n_w days behind it: the scatter of the days to come, and the
        error of the means. Interval: Student's t at 95 % on either side, never below zero.
        """
        ahead = [0] * 7
        for day in days:
            ahead[day.weekday()] += 1
        mid = sum(n * mean for n, mean in zip(ahead, self.means, strict=True))
        spread = sum(n * n / known for n, known in zip(ahead, self.counts, strict=True))
        reach = student_t(sum(self.counts) - 7) * self.deviation * sqrt(sum(ahead) + spread)
        return Outlook(max(0.0, mid - reach), mid, mid + reach)

    def runs_out(self, balance: float) -> RunOut:
        """Return when a balance will be used up; it stands as it does after ``last_day``."""
        ends: list[date | None] = [None, None, None]
        days: list[date] = []
        for step in range(1, HORIZON_DAYS + 1):
            days.append(self.last_day + timedelta(days=step))
            so_far = self.over(days)
            for place, used in enumerate((so_far.high, so_far.mid, so_far.low)):
                if ends[place] is None and used >= balance:
                    ends[place] = days[-1]
            if ends[2] is not None:
                break
        return RunOut(*ends)


def pace_of(amounts: Sequence[float], last_day: date) -> Pace | None:
    """Return the pace of the newest complete days; None where there are too few of them.

    Args:
        amounts: one a day, oldest first, without a gap (a day without requests is 0); the last is
            of ``last_day``. Zeros before the first amount are before the first request.
        last_day: the newest day that is over.
    """
    known = list(dropwhile(lambda amount: amount == 0, amounts))[-MOST_DAYS:]
    if len(known) < FEWEST_DAYS:
        return None
    by_weekday: list[list[float]] = [[] for _ in range(7)]
    for back, amount in enumerate(reversed(known)):
        by_weekday[(last_day - timedelta(days=back)).weekday()].append(amount)
    means = [sum(days) / len(days) for days in by_weekday]
    squares = sum(
        (amount - mean) ** 2
        for days, mean in zip(by_weekday, means, strict=True)
        for amount in days
    )
    deviation = sqrt(squares / (len(known) - 7))
    return Pace(tuple(means), tuple(len(days) for days in by_weekday), deviation, last_day)


def month_end(pace: Pace, month_so_far: float, today_so_far: float) -> Outlook:
    """Return what the running month will add up to.

    The complete days of the month count as they are, today and the days after it as forecast; the
    interval never begins below what there is already.

    Args:
        pace: up to yesterday.
        month_so_far: the month's amount, today's part included.
        today_so_far: of that, today's part.
    """
    today = pace.last_day + timedelta(days=1)
    days = [today]
    while (following := days[-1] + timedelta(days=1)).month == today.month:
        days.append(following)
    outlook = pace.over(days).plus(month_so_far - today_so_far)
    return Outlook(
        max(outlook.low, month_so_far),
        max(outlook.mid, month_so_far),
        max(outlook.high, month_so_far),
    )


def student_t(freedom: int) -> float:
    """Return Student's t at 95 % for ``freedom`` degrees (21 or more: right to three decimals).

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.5 (1964), two terms.
    """
    z = NormalDist().inv_cdf(_ONE_SIDED)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
