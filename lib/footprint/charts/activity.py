"""Requests over time: how many failed, which share that is, and a calendar of all days. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.by_day import along_time
from footprint.charts.prepare import Series
from footprint.charts.theme import GREEN, PALETTE, dress, faded
from footprint.data.period import Period
from footprint.ui.formats import Formats

FAILED = PALETTE[2]
# Days of the calendar: half a year at least, a year at most, in whole weeks.
FEWEST_DAYS, MOST_DAYS = 26 * 7, 53 * 7
_DAY_PIXELS = 18
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def failures_over_time(series: Series, formats: Formats) -> go.Figure:
    """Draw how many requests failed by day (or week).

    Args:
        series: the columns ``requests`` and ``failures``.
        formats: the reader's.
    """
    table = series.table
    figure = go.Figure()
    figure.add_bar(
        x=table.index,
        y=table["failures"],
        marker={"color": FAILED, "line": {"width": 0}},
        customdata=[
            f"{formats.number(failed)} of {formats.number(made)} failed"
            for failed, made in zip(table["failures"], table["requests"], strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_layout(showlegend=False)
    along_time(figure, series, {}, formats)
    most = max(table["failures"].max(), 1)
    return figure.update_yaxes(range=[0, most * 1.1], tickformat=",d", nticks=int(min(6, most + 1)))


def error_rate_over_time(series: Series, formats: Formats) -> go.Figure:
    """Draw the share of requests that failed by day (or week), with gaps where there were none.

    Args:
        series: the columns ``requests`` and ``failures``.
        formats: the reader's.
    """
    rate = error_rate(series.table)
    figure = go.Figure()
    figure.add_scatter(
        x=rate.index,
        y=rate * 100,
        mode="lines+markers",
        line={"color": FAILED, "width": 2.5},
        marker={"size": 5},
        customdata=[
            f"{formats.share(failed, made)} of {formats.number(made)} requests"
            for failed, made in zip(series.table["failures"], series.table["requests"], strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_layout(showlegend=False)
    along_time(figure, series, {"ticksuffix": f"{formats.locale.percent_gap}%"}, formats)
    most = rate.max()
    return figure.update_yaxes(range=[0, max(most * 110, 1) if pd.notna(most) else 1])


def error_rate(table: pd.DataFrame) -> pd.Series[float]:
    """Return failures ÷ requests (0–1); NaN where there was no request."""
    return table["failures"] / table["requests"].where(table["requests"] > 0)


def calendar_period(period: Period) -> Period:
    """Return the days of the calendar that ends with a period, from a Monday on."""
    days = min(max(period.length, FEWEST_DAYS), MOST_DAYS)
    first = period.last - timedelta(days=days - 1)
    return Period(first - timedelta(days=first.weekday()), period.last)


def calendar(by_day: pd.Series[float], formats: Formats) -> go.Figure:
    """Draw a calendar of requests: a column a week, a row a weekday.

    Args:
        by_day: requests by day, without a missing day, from a Monday on.
        formats: the reader's.
    """
    days = pd.DatetimeIndex(by_day.index)
    weeks = pd.DatetimeIndex(days - pd.to_timedelta(days.day_of_week, unit="D"))
    frame = pd.DataFrame({"week": weeks, "weekday": days.day_of_week, "requests": by_day.values})
    frame["text"] = [
        f"{formats.day(day.date())}<br><b>{formats.number(count)}</b> requests"
        for day, count in zip(days, by_day, strict=True)
    ]
    grid = frame.pivot(index="weekday", columns="week", values="requests")
    texts = frame.pivot(index="weekday", columns="week", values="text").fillna("")
    figure = go.Figure()
    figure.add_heatmap(
        x=grid.columns,
        y=list(grid.index),
        z=grid.to_numpy(),
        zmin=0,
        zmax=max(by_day.max(), 1),
        customdata=texts.to_numpy(),
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        colorscale=[
            [0, "rgba(127, 138, 133, 0.16)"],
            [1e-6, faded(GREEN, 0.25)],
            [1, GREEN],
        ],
        showscale=False,
        xgap=2,
        ygap=2,
    )
    dress(figure, formats, _DAY_PIXELS * 7 + 48)
    firsts = [week for week in pd.DatetimeIndex(grid.columns) if week.day <= 7]
    named = firsts[:: max(1, -(-len(firsts) // 6))]
    figure.update_xaxes(
        tickvals=named,
        ticktext=[f"{week:%b}" for week in named],
        tickangle=0,
        title={
            "text": f"pale: few, full green: {formats.number(by_day.max())} requests",
            "font": {"size": 12},
        },
    )
    return figure.update_yaxes(
        tickvals=[0, 2, 4, 6],
        ticktext=[_WEEKDAYS[day] for day in (0, 2, 4, 6)],
        showgrid=False,
        autorange="reversed",
        rangemode="normal",
    )


def describe_activity(table: pd.DataFrame, first: date, last: date, formats: Formats) -> str:
    """Say what charts of requests show: how many, how many failed, and the busiest day."""
    made, failed = table["requests"].sum(), table["failures"].sum()
    said = f"{formats.days(first, last)}: {formats.number(made)} requests"
    if not made:
        return f"{said}."
    busiest = pd.Timestamp(str(table["requests"].idxmax())).date()
    return (
        f"{said}, {formats.number(failed)} failed ({formats.share(failed, made)}). "
        f"Most on {formats.day(busiest)}: {formats.number(table['requests'].max())}."
    )
