"""The tables behind the charts: figures as the reader writes them, still sorted as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from footprint.charts.measures import (
    CARBON_EMITTED,
    COST,
    ENERGY_USED,
    TOKENS_USED,
    WATER_USED,
    Measure,
)
from footprint.charts.prepare import Series
from footprint.ui.formats import AREA, UNKNOWN, Formats

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

Writer = Callable[[Any], str]

_NO_NAME = {"team": "No team", "person": "Nobody known"}


def series_table(series: Series, measure: Measure, formats: Formats) -> Styler:
    """Return what a chart over time draws: one row a day or week, newest first."""
    table = series.table
    if measure.is_estimate:
        columns = {measure.column: measure.name, measure.low: "Low", measure.high: "High"}
        figures = table[list(columns)].rename(columns=columns)
    else:
        figures = table.rename(columns=lambda provider: str(provider) or "Unknown")
        figures.insert(0, "In all", table.sum(axis=1, min_count=1))
    figures = figures.iloc[::-1]
    days = [formats.day(pd.Timestamp(str(start)).date()) for start in figures.index]
    writers = {name: _writer(measure, formats) for name in figures.columns}
    figures.insert(0, "Week of" if series.is_weekly else "Day", days)
    return styled(figures.reset_index(drop=True), writers)


def groups_table(
    table: pd.DataFrame, keys: Mapping[str, str], measure: Measure, formats: Formats
) -> Styler:
    """Return what a list of bars draws, with every group by name.

    Args:
        table: the groups.
        keys: the columns that name a group → their headings.
        measure: what is drawn.
        formats: the reader's.
    """
    columns = {measure.column: measure.name, "requests": "Requests"}
    if measure.is_estimate:
        columns = {
            measure.column: measure.name,
            measure.low: "Low",
            measure.high: "High",
            "requests": "Requests",
        }
    figures = named(table, keys)[[*keys.values(), *columns]].rename(columns=columns)
    figures = figures.astype(dict.fromkeys(columns.values(), "float64"))
    writers = {name: _writer(measure, formats) for name in columns.values()}
    writers["Requests"] = formats.number
    ordered = figures.sort_values(measure.name, ascending=False, na_position="last")
    return styled(ordered.reset_index(drop=True), writers)


def every_measure(by_model: pd.DataFrame, formats: Formats) -> None:
    """Draw all measures of every model in one table."""
    with st.container(border=True):
        st.subheader("Every model, every measure", anchor=False)
        keys = {"model": "Model", "provider": "Provider"}
        st.dataframe(
            every_measure_table(by_model, keys, formats),
            hide_index=True,
            placeholder=UNKNOWN,
            column_config={"Model": st.column_config.Column(pinned=True)},
            alt="Requests, tokens, cost, energy, CO₂e, water and nature restored of every model",
        )


def every_measure_table(
    table: pd.DataFrame, keys: Mapping[str, str], formats: Formats, with_dollars: bool = False
) -> Styler:
    """Return groups with all their measures: requests, tokens, cost, impact and nature restored.

    Args:
        table: the groups, with the columns of ``Usage``.
        keys: the columns that name a group → their headings.
        formats: the reader's.
        with_dollars: whether dollars stand beside the euros.
    """
    measures = (TOKENS_USED, COST, ENERGY_USED, CARBON_EMITTED, WATER_USED)
    columns = {"requests": "Requests", **{m.column: m.name for m in measures}}
    writers: dict[str, Writer] = {m.name: _writer(m, formats) for m in measures}
    writers["Requests"] = formats.number
    if with_dollars:
        columns["cost_usd"] = "Cost (USD)"
        writers["Cost (USD)"] = lambda value: formats.money(value, "USD")
    areas = {"restored_m2_verified": "Restored", "restored_m2_pending": "Restoration pending"}
    writers |= {name: lambda value: formats.quantity(value, AREA) for name in areas.values()}
    columns |= areas
    figures = named(table, keys)[[*keys.values(), *columns]].rename(columns=columns)
    return styled(figures.astype(dict.fromkeys(columns.values(), "float64")), writers)


def named(table: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with its keys under their headings, and a word where a name is missing."""
    names = {
        heading: table[key].fillna("").replace("", _NO_NAME.get(key, "Unknown"))
        for key, heading in keys.items()
    }
    return table.drop(columns=list(keys)).assign(**names)


def styled(table: pd.DataFrame, writers: Mapping[str, Writer]) -> Styler:
    """Return the table with columns written by their writers."""
    return table.style.format(dict(writers))


def _writer(measure: Measure, formats: Formats) -> Writer:
    return lambda value: measure.text(value, formats)
