"""Tables made ready to be drawn: no missing days, weeks for long periods, a short tail. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import pandas as pd

from footprint.charts.measures import Measure
from footprint.data.period import Period

# Days beyond which a chart shows weeks: bars of single days would be thinner than a finger.
LONGEST_BY_DAY: Final = 100
# Groups that a list shows by name; the rest are added up.
MOST_GROUPS: Final = 8
# Models that a stack shows by name; a legend of more is longer than a phone is wide.
MOST_LAYERS: Final = 6
OTHERS: Final = "Other models"


@dataclass(frozen=True)
class Series:
    """Figures in time: one row a day or a week (by its Monday), a column for each group.

    Zero where there was no request; NaN where there were requests of which nothing is known.
    """

    table: pd.DataFrame
    is_weekly: bool
    # The days drawn: the period, cut at the newest request there can be.
    period: Period
    # Whether the last row is still growing.
    is_running: bool

    @property
    def grain(self) -> str:
        """What one row stands for."""
        return "week" if self.is_weekly else "day"

    def days_of(self, start: date) -> Period:
        """Return the days that a row stands for; the first and last week may be short."""
        last = start + timedelta(days=6) if self.is_weekly else start
        return Period(max(start, self.period.first), min(last, self.period.last))


def over_time(
    table: pd.DataFrame, columns: list[str], period: Period, today: date, group: str | None = None
) -> Series:
    """Return one column's groups (or several columns) by day, or by week in a long period.

    Args:
        table: a column ``day`` and the ``columns`` (and the ``group`` column).
        columns: to be drawn; exactly one where there is a ``group``.
        period: the days asked for.
        today: no day after it is drawn.
        group: the column whose values become columns of the result, in alphabetical order.
    """
    shown = Period(period.first, max(period.first, min(period.last, today)))
    days = pd.date_range(shown.first, shown.last, name="start")
    known = table.astype(dict.fromkeys(columns, "float64"))
    if group is None:
        wide = known.set_index("day")[columns].reindex(days)
    else:
        wide = known.pivot(index="day", columns=group, values=columns[0]).reindex(days)
        with_requests = known.assign(there=True).pivot(index="day", columns=group, values="there")
        wide = wide.where(with_requests.reindex(days).notna(), 0.0)
    wide.loc[days.difference(pd.DatetimeIndex(known["day"]))] = 0.0
    wide = wide.rename_axis(index="start", columns=None)
    is_weekly = shown.length > LONGEST_BY_DAY
    is_running = shown.last == today
    return Series(_weekly(wide) if is_weekly else wide, is_weekly, shown, is_running)


def models_over_time(table: pd.DataFrame, measure: Measure, period: Period, today: date) -> Series:
    """Return the largest models by day or week, largest first, and the sum of the others last.

    A model that several providers serve is one model.

    Args:
        table: columns ``day``, ``model`` (None: others already added up) and the measure's.
        measure: what is added up.
        period: the days asked for.
        today: no day after it is drawn.
    """
    known = table.assign(amount=table[measure.column].astype("float64"))
    sums = known.groupby("model")["amount"].sum().sort_values(ascending=False, kind="stable")
    named = list(sums.index[:MOST_LAYERS])
    layer = known["model"].where(known["model"].isin(named), OTHERS)
    grouped = known.assign(layer=layer).groupby(["day", "layer"], as_index=False)[["amount"]]
    series = over_time(grouped.sum(min_count=1), ["amount"], period, today, "layer")
    order = [name for name in (*named, OTHERS) if name in series.table]
    return replace(series, table=series.table[order])


def top_groups(table: pd.DataFrame, keys: list[str], measure: Measure, rest: str) -> pd.DataFrame:
    """Return the largest groups by a measure, largest first, and the sum of the others.

    Groups of which the measure is unknown come last by name, so that they are not overlooked.

    Args:
        table: the ``keys`` and the measure's columns.
        keys: columns that name a group.
        measure: what to sort and add up.
        rest: how the others are called, with ``{n}`` for their number.

    Returns:
        Columns: the keys, ``requests``, the measure's column and, for an estimate, its ends.
    """
    amounts = [measure.column, *((measure.low, measure.high) if measure.is_estimate else ())]
    columns = [*keys, "requests", *amounts]
    numbers = table[columns].astype(dict.fromkeys(amounts, "float64"))
    ordered = numbers.sort_values(
        [measure.column, "requests"], ascending=False, na_position="last", ignore_index=True
    )
    if len(ordered) <= MOST_GROUPS + 1:
        return ordered
    tail = ordered.iloc[MOST_GROUPS:]
    others: dict[str, object] = dict.fromkeys(keys, "")
    others[keys[-1]] = rest.format(n=len(tail))
    others |= {name: tail[name].sum(min_count=1) for name in ["requests", *amounts]}
    return pd.concat([ordered.iloc[:MOST_GROUPS], pd.DataFrame([others])], ignore_index=True)


def _weekly(daily: pd.DataFrame) -> pd.DataFrame:
    """Add days up to weeks, each named by its Monday."""
    index = pd.DatetimeIndex(daily.index)
    mondays = index - pd.to_timedelta(index.day_of_week, unit="D")
    return daily.groupby(mondays).sum(min_count=1).rename_axis(index="start")
