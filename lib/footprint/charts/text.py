"""Words in and about charts: names safe for Plotly, and what a chart says to the ear. Pure."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from footprint.charts.measures import Measure
from footprint.charts.prepare import Series
from footprint.ui.formats import Formats

LONGEST_NAME = 34
# What a group without a name is called, by the column that would name it.
NO_NAME = {"team": "No team", "person": "Nobody known"}


def named(name: Any, key: str) -> str:
    """Return a group's name, or the words for its having none."""
    return str(name) if name and not pd.isna(name) else NO_NAME.get(key, "Unknown")


def safe(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that Plotly shows letter by letter: no markup, cut in the middle if long."""
    text = " ".join(name.split()) or "Unknown"
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return escape(text, quote=False)


def describe_series(series: Series, measure: Measure, formats: Formats) -> str:
    """Say what a chart over time shows: the sum, the highest and the lowest day."""
    table = series.table
    column = table[measure.column] if measure.is_estimate else table.sum(axis=1, min_count=1)
    totals = [(start, value) for start, value in column.items() if pd.notna(value)]
    head = (
        f"{measure.name} by {series.grain}, {formats.days(series.period.first, series.period.last)}"
    )
    if not any(value for _, value in totals):
        return f"{head}: nothing known."
    most = max(totals, key=lambda total: total[1])
    least = min(totals, key=lambda total: total[1])
    return (
        f"{head}: {measure.text(sum(value for _, value in totals), formats)} in all; most in the "
        f"{series.grain} of {_day(most[0], formats)} with {measure.text(most[1], formats)}, least "
        f"in that of {_day(least[0], formats)} with {measure.text(least[1], formats)}."
    )


def describe_mix(series: Series, measure: Measure, formats: Formats) -> str:
    """Say what a chart of the mix shows: each model's share in the whole period."""
    sums = series.table.sum().sort_values(ascending=False)
    head = (
        f"Model mix by {series.grain}, "
        f"{formats.days(series.period.first, series.period.last)}, share of {measure.name}"
    )
    if not sums.sum():
        return f"{head}: nothing known."
    shares = [f"{name} {formats.share(value, sums.sum())}" for name, value in sums.items()]
    return f"{head}. In all: {'; '.join(shares)}."


def describe_groups(
    table: pd.DataFrame, key: str, measure: Measure, what: str, formats: Formats
) -> str:
    """Say what a list of bars shows: how many there are, and the three largest."""
    values = table[measure.column].astype("float64")
    total = values.sum(min_count=1)
    head = f"{measure.name} by {what}"
    if pd.isna(total) or total == 0:
        return f"{head}: nothing known."
    known = [
        (name, value) for name, value in zip(table[key], values, strict=True) if pd.notna(value)
    ]
    largest = [
        f"{named(name, key)} {measure.text(value, formats)} ({formats.share(value, total)})"
        for name, value in sorted(known, key=lambda group: group[1], reverse=True)[:3]
    ]
    return f"{head}, {len(table)} in all. Largest: {'; '.join(largest)}."


def _day(start: object, formats: Formats) -> str:
    return formats.day(pd.Timestamp(str(start)).date())
