"""What the activity page draws beside the list: filters, failures, error rate and days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.charts.activity import (
    calendar,
    calendar_period,
    describe_activity,
    error_rate,
    error_rate_over_time,
    failures_over_time,
)
from footprint.charts.prepare import Series, over_time
from footprint.data.activity import Wanted, request_days
from footprint.ui.cards import Card
from footprint.ui.charts import Drawing, Paint, chart_row
from footprint.ui.filters import Chosen
from footprint.ui.formats import UNKNOWN, Formats
from footprint.ui.request_list import STATUSES, is_fine
from footprint.ui.tables import styled

_COUNTS = ["requests", "failures"]


def activity_filter(chosen: Chosen) -> Wanted:
    """Draw what narrows the list further, by status and tag, and return what is left.

    Args:
        chosen: what the filters shared with other pages leave.
    """
    with st.container(horizontal=True):
        status = st.selectbox(
            "Status",
            list(STATUSES.values()),
            index=None,
            placeholder="All",
            key="status",
            bind="query-params",
            width=180,
        )
        tag = st.text_input(
            "Tag", key="tag", bind="query-params", placeholder="Any", max_chars=200, width=220
        )
    by_name = {name: status for status, name in STATUSES.items()}
    return Wanted(
        chosen.period, chosen.filters, by_name.get(status or ""), (tag or "").strip() or None
    )


def activity_cards(days: pd.DataFrame, wanted: Wanted, formats: Formats) -> list[Card]:
    """Return how many requests there were, how many failed, and the error rate.

    Args:
        days: requests and failures by day, model and provider.
        wanted: what the reader narrowed the page to.
        formats: the reader's.
    """
    days = narrowed(days, wanted)
    whatever = ("of any status and tag",) if is_fine(wanted) else ()
    by_day = days.groupby("day")["requests"].sum()
    made, failed = int(days["requests"].sum()), int(days["failures"].sum())
    return [
        Card(
            label="Requests",
            icon=":material/forum:",
            value=formats.number(made),
            change=None,
            notes=(f"on {formats.counted(len(by_day), 'day')}", *whatever),
            source="Every request recorded as yours, failed ones and cache answers included.",
        ),
        Card(
            label="Failed",
            icon=":material/error:",
            value=formats.number(failed),
            change=None,
            notes=("the provider or the gateway answered with an error",),
            source="Cancelled and abandoned requests are not counted as failed.",
        ),
        Card(
            label="Error rate",
            icon=":material/percent:",
            value=formats.share(failed, made) if made else UNKNOWN,
            change=None,
            notes=("failed ÷ requests",),
            source="Of the requests of the period, by provider and model where chosen.",
        ),
    ]


def draw_activity(me: Me, wanted: Wanted, paint: Paint) -> None:
    """Draw failures, error rate and the calendar of days."""
    formats = paint.formats
    shown = calendar_period(wanted.period)
    days = narrowed(request_days(me, shown), wanted)
    by_day = days.groupby("day", as_index=False)[_COUNTS].sum()
    inside = by_day[by_day["day"] >= pd.Timestamp(wanted.period.first)]
    if wanted.period.first < shown.first:
        period_days = narrowed(request_days(me, wanted.period), wanted)
        inside = period_days.groupby("day", as_index=False)[_COUNTS].sum()
    series = over_time(inside, _COUNTS, wanted.period, paint.today)
    whole = by_day.set_index("day").reindex(pd.date_range(shown.first, shown.last), fill_value=0)
    said = describe_activity(series.table, series.period.first, series.period.last, formats)
    chart_row(
        (
            4,
            Drawing(
                "failures",
                f"Failures by {series.grain}",
                lambda: failures_over_time(series, formats),
                f"Failures by {series.grain}, {said}",
                lambda: _counts_table(series.table, series, formats),
            ),
        ),
        (
            4,
            Drawing(
                "error_rate",
                f"Error rate by {series.grain}",
                lambda: error_rate_over_time(series, formats),
                f"Error rate by {series.grain}, {said}",
                lambda: _counts_table(series.table, series, formats),
            ),
        ),
    )
    chart_row(
        (
            8,
            Drawing(
                "calendar",
                f"Requests by day, {formats.days(shown.first, shown.last)}",
                lambda: calendar(whole["requests"], formats),
                "Calendar of requests, "
                + describe_activity(whole, shown.first, shown.last, formats),
                lambda: _counts_table(whole[whole["requests"] > 0], None, formats),
            ),
        )
    )


def narrowed(days: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """Return the days of the models and providers that are wanted; status and tag are not here."""
    for column, names in (("model", wanted.filters.models), ("provider", wanted.filters.providers)):
        if names:
            days = days[days[column].isin(names)]
    return days


def _counts_table(table: pd.DataFrame, series: Series | None, formats: Formats) -> Any:
    newest = table.iloc[::-1]
    shown = pd.DataFrame(
        {
            "Week of" if series and series.is_weekly else "Day": [
                formats.day(pd.Timestamp(str(start)).date()) for start in newest.index
            ],
            "Requests": newest["requests"].to_numpy(),
            "Failed": newest["failures"].to_numpy(),
            "Error rate": error_rate(newest).to_numpy(),
        }
    )
    writers: Mapping[str, Any] = {
        "Requests": formats.number,
        "Failed": formats.number,
        "Error rate": lambda rate: "none made" if pd.isna(rate) else formats.share(rate, 1),
    }
    return styled(shown, writers)
