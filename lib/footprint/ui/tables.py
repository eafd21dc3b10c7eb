"""The tables behind the charts: figures as the reader writes them, still sorted as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from footprint.charts.by_day import mix
from footprint.charts.measures import COST, MEASURES, Measure
from footprint.charts.prepare import Series
from footprint.charts.text import named
from footprint.shell.text import plain
from footprint.ui.formats import AREA, UNKNOWN, Formats

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

Writer = Callable[[Any], str]
# Pixels of a row, and of the header, in the theme's font size.
_ROW = 33


def table_height(rows: int, most: int = 520) -> int:
    """Return how tall a table of so many rows is, in pixels; beyond ``most`` it scrolls."""
    return min(most, _ROW * (rows + 1) + 2)


def series_table(series: Series, measure: Measure, formats: Formats) -> Styler:
    """Return what a chart over time draws: one row a day or week, newest first.

    For ``st.table``, whose cells are markdown.
    """
    table = series.table
    if measure.is_estimate:
        columns = _range_columns(measure)
        figures = table[list(columns)].rename(columns=columns)
    else:
        figures = table.rename(columns=lambda model: plain(str(model)) or "Unknown")
        figures.insert(0, "In all", table.sum(axis=1, min_count=1))
    figures = figures.iloc[::-1]
    days = [formats.day(pd.Timestamp(str(start)).date()) for start in figures.index]
    writers = {name: _writer(measure, formats) for name in figures.columns}
    figures.insert(0, "Week of" if series.is_weekly else "Day", days)
    return styled(figures.reset_index(drop=True), writers)


def mix_table(series: Series, formats: Formats) -> Styler:
    """Return the shares that a chart of the mix draws, newest first, for ``st.table``."""
    shares = mix(series).rename(columns=lambda model: plain(str(model)) or "Unknown").iloc[::-1]
    writers: dict[str, Writer] = dict.fromkeys(
        shares.columns, lambda share: "nothing" if pd.isna(share) else formats.share(share, 1)
    )
    days = [formats.day(pd.Timestamp(str(start)).date()) for start in shares.index]
    shares.insert(0, "Week of" if series.is_weekly else "Day", days)
    return styled(shares.reset_index(drop=True), writers)


def groups_table(
    table: pd.DataFrame, keys: Mapping[str, str], measure: Measure, formats: Formats
) -> Styler:
    """Return what a list of bars draws, with every group by name.

    For ``st.table``, whose cells are markdown.

    Args:
        table: the groups.
        keys: the columns that name a group → their headings.
        measure: what is drawn.
        formats: the reader's.
    """
    writers: dict[str, Writer] = {}
    if measure.is_estimate:
        columns = _range_columns(measure)
    else:
        columns = {measure.column: measure.name, "requests": "Requests"}
        writers["Requests"] = formats.number
    figures = with_names(table, keys)[[*keys.values(), *columns]].rename(columns=columns)
    figures = figures.astype(dict.fromkeys(columns.values(), "float64"))
    for heading in keys.values():
        figures[heading] = [plain(name) for name in figures[heading]]
    writers = {name: _writer(measure, formats) for name in columns.values()} | writers
    ordered = figures.sort_values(measure.name, ascending=False, na_position="last")
    return styled(ordered.reset_index(drop=True), writers)


def _range_columns(measure: Measure) -> dict[str, str]:
    return {measure.column: measure.name, measure.low: "Low", measure.high: "High"}


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
    columns: dict[str, str] = {"requests": "Requests"}
    writers: dict[str, Writer] = {"Requests": formats.number}
    ranges: dict[str, Measure] = {}
    for measure in MEASURES:
        columns[measure.column] = measure.name
        writers[measure.name] = _writer(measure, formats)
        if with_dollars and measure is COST:
            columns["cost_usd"] = "Cost (USD)"
            writers["Cost (USD)"] = lambda value: formats.money(value, "USD")
        if measure.is_estimate and measure.quantity is not None:
            ranges[f"{measure.name} range"] = measure
    areas = {"restored_m2_verified": "Restored", "restored_m2_pending": "Restoration pending"}
    writers |= {name: lambda value: formats.quantity(value, AREA) for name in areas.values()}
    columns |= areas
    figures = with_names(table, keys)[[*keys.values(), *columns]].rename(columns=columns)
    figures = figures.astype(dict.fromkeys(columns.values(), "float64"))
    for heading, measure in ranges.items():
        ends = zip(table[measure.low], table[measure.high], strict=True)
        assert measure.quantity is not None
        figures[heading] = [formats.span(*pair, measure.quantity) for pair in ends]
    return styled(figures, writers)


def with_names(table: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with its keys under their headings, and words where a name is missing."""
    names = {heading: [named(name, key) for name in table[key]] for key, heading in keys.items()}
    return table.drop(columns=list(keys)).assign(**names)


def styled(table: pd.DataFrame, writers: Mapping[str, Writer]) -> Styler:
    """Return the table with columns written by their writers."""
    return table.style.format(dict(writers))


def _writer(measure: Measure, formats: Formats) -> Writer:
    return lambda value: measure.text(value, formats)
