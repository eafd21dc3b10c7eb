"""Chart cards: a chart, its words for those who do not see it, and its table a click away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from footprint.charts import bars
from footprint.charts.by_day import band_by_day, mix_by_day, stacked_by_day
from footprint.charts.measures import COST, MEASURES, Measure
from footprint.charts.prepare import models_over_time, over_time
from footprint.charts.text import describe_groups, describe_mix, describe_series
from footprint.data.footprint import Footprint
from footprint.ui.formats import Formats
from footprint.ui.tables import groups_table, mix_table, series_table

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

MEASURE_KEY = "measure"
TABLE_HEIGHT = 300
_CHART, _TABLE = "Chart", "Table"
_ICONS = {_CHART: ":material/bar_chart:", _TABLE: ":material/table_rows:"}
# No toolbar over the figure: nothing in it serves a reader whose table is a click away.
_PLOTLY = {"displayModeBar": False, "responsive": True}


@dataclass(frozen=True)
class Drawing:
    """A chart before it is drawn: the figure, what it says, and the table behind it."""

    key: str
    title: str
    figure: Callable[[], Any]
    alt: str
    table: Callable[[], Styler]


@dataclass(frozen=True)
class Paint:
    """What all charts of a page are drawn with."""

    formats: Formats
    # The current day in the reporting time zone.
    today: date
    # The place of each model in the palette.
    places: Mapping[str, int]


def measure_picker() -> Measure:
    """Draw the charts' heading and the choice of what they show; it lives in the address."""
    by_name = {measure.name: measure for measure in MEASURES}
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    head.header("What makes it up", anchor=False)
    name = head.segmented_control(
        "Show",
        list(by_name),
        default=COST.name,
        key=MEASURE_KEY,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
        width="content",
    )
    return by_name[name or COST.name]


def time_drawing(footprint: Footprint, measure: Measure, paint: Paint) -> Drawing:
    """Return the chart over time: a stack by model, or an estimate within its range."""
    formats = paint.formats
    if measure.is_estimate:
        columns = [measure.low, measure.column, measure.high]
        series = over_time(footprint.by_day, columns, footprint.period, paint.today)
    else:
        series = models_over_time(footprint.by_time_model, measure, footprint.period, paint.today)
    return Drawing(
        key="by_day",
        title=f"{measure.name} by {series.grain}",
        figure=lambda: (
            band_by_day(series, measure, formats)
            if measure.is_estimate
            else stacked_by_day(series, measure, formats, paint.places)
        ),
        alt=describe_series(series, measure, formats),
        table=lambda: series_table(series, measure, formats),
    )


def mix_drawing(footprint: Footprint, measure: Measure, paint: Paint) -> Drawing:
    """Return the chart of the models' shares over time."""
    series = models_over_time(footprint.by_time_model, measure, footprint.period, paint.today)
    return Drawing(
        key="mix",
        title=f"Model mix by {series.grain}, share of {_in_text(measure)}",
        figure=lambda: mix_by_day(series, measure, paint.formats, paint.places),
        alt=describe_mix(series, measure, paint.formats),
        table=lambda: mix_table(series, paint.formats),
    )


def model_drawing(table: pd.DataFrame, measure: Measure, paint: Paint) -> Drawing:
    """Return the chart by model."""
    return Drawing(
        key="by_model",
        title=f"{measure.name} by model",
        figure=lambda: bars.by_model(table, measure, paint.formats, paint.places),
        alt=describe_groups(table, "model", measure, "model", paint.formats),
        table=lambda: groups_table(
            table, {"model": "Model", "provider": "Provider"}, measure, paint.formats
        ),
    )


def group_drawing(
    table: pd.DataFrame, key: str, measure: Measure, paint: Paint, title: str = ""
) -> Drawing:
    """Return the chart by provider, team or tag: whatever the column ``key`` names."""
    return Drawing(
        key=f"by_{key}",
        title=title or f"{measure.name} by {key}",
        figure=lambda: bars.by_group(table, key, measure, paint.formats),
        alt=describe_groups(table, key, measure, key, paint.formats),
        table=lambda: groups_table(table, {key: key.capitalize()}, measure, paint.formats),
    )


def chart_row(*cards: tuple[int, Drawing]) -> None:
    """Draw charts in cards side by side, below each other where there is no room for that.

    Args:
        cards: how many eighths of the row a chart takes, and the chart.
    """
    # Eight tracks shrink to fewer on a small screen, and a wider card then takes its whole row.
    grid = st.grid(8, min_column_width=80, border=True)
    for eighths, drawing in cards:
        with grid.cell(column_span=eighths):
            _chart_or_table(drawing)


@st.fragment
def _chart_or_table(drawing: Drawing) -> None:
    """Draw one chart, or its table where the reader asks for it; only this card runs anew."""
    head = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        wrap=False,
    )
    head.subheader(drawing.title, anchor=False)
    shown = head.segmented_control(
        f"{drawing.title}: show as",
        [_CHART, _TABLE],
        default=_CHART,
        required=True,
        format_func=lambda view: _ICONS[view],
        key=f"view_{drawing.key}",
        label_visibility="collapsed",
        width="content",
    )
    if shown == _TABLE:
        table = drawing.table()
        st.table(
            table,
            border="horizontal",
            hide_index=True,
            height=TABLE_HEIGHT if len(table.index) > 7 else "content",
            alt=f"{drawing.title}, as a table",
        )
    else:
        st.plotly_chart(
            drawing.figure(), key=f"chart_{drawing.key}", alt=drawing.alt, config=_PLOTLY
        )


def _in_text(measure: Measure) -> str:
    return measure.name if measure.name.isupper() or "₂" in measure.name else measure.name.lower()
