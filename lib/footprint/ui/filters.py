"""The one period filter of every page; it lives in the address, so that a link shows the same."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from footprint.data.period import CUSTOM, DEFAULT, PRESETS, Period, preset_period
from footprint.ui.formats import month_name
from footprint.ui.page import View

PERIOD_KEY = "period"
DAYS_KEY = "days"
MONTH_KEY = "month"


def period_filter(view: View, today: date) -> Period:
    """Draw the filter beside the title and return the days it names.

    Args:
        view: the page.
        today: the current day in the reporting time zone.
    """
    with view.controls:
        preset = st.selectbox(
            "Period",
            PRESETS,
            index=PRESETS.index(DEFAULT),
            key=PERIOD_KEY,
            bind="query-params",
            width=180,
        )
        if preset != CUSTOM:
            return preset_period(preset, today)
        start = preset_period(DEFAULT, today).first
        chosen = st.date_input(
            "Days",
            (start, today),
            min_value=today - timedelta(days=3650),
            max_value=today,
            key=DAYS_KEY,
            bind="query-params",
            format="YYYY-MM-DD",
            width=240,
        )
    return chosen_period(chosen, today)


def chosen_period(chosen: object, today: date) -> Period:
    """Return the days of a calendar: while only the first is chosen, the period runs to today."""
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    if not days or not all(isinstance(day, date) for day in days):
        return preset_period(DEFAULT, today)
    return Period(days[0], days[1] if len(days) > 1 else max(days[0], today))


def month_filter(view: View, months: list[date], today: date) -> date:
    """Draw the month picker beside the title and return the first day of the month chosen.

    Args:
        view: the page.
        months: first days of the months on offer, newest first.
        today: the current day in the reporting time zone.
    """
    names = {month_name(month): month for month in months}
    with view.controls:
        name = st.selectbox(
            "Month",
            list(names),
            index=months.index(usual_month(months, today)),
            key=MONTH_KEY,
            bind="query-params",
            width=180,
        )
    return names[name]


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of all months from ``first`` to ``last``, newest first."""
    months = [last.replace(day=1)]
    while months[-1] > first:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def usual_month(months: list[date], today: date) -> date:
    """Return the month that finance is most likely after: the last one that is over."""
    over = [month for month in months if month < today.replace(day=1)]
    return (over or months)[0]
