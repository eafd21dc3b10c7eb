"""A measure over time: stacked by model, its mix, or one line within the band of its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.measures import Measure
from footprint.charts.prepare import Series
from footprint.charts.text import safe
from footprint.charts.theme import GREEN, dress, faded, filled, look_of
from footprint.ui.formats import Formats

HEIGHT = 300


def stacked_by_day(
    series: Series, measure: Measure, formats: Formats, places: Mapping[str, int]
) -> go.Figure:
    """Draw a measure by day (or week), one bar stacked by model.

    Args:
        series: one column a model, largest first, in the measure's base unit.
        measure: what is drawn.
        formats: the reader's.
        places: the place of each model in the palette.
    """
    table = series.table
    totals = table.sum(axis=1, min_count=1)
    unit = measure.unit_for(totals.max() if len(totals) else None)
    figure = go.Figure()
    for model in table.columns:
        # A gap would have Plotly stack that day in another order; the hover says "unknown".
        hover = [measure.text(value, formats) for value in table[model]]
        _add_layer(figure, table, model, table[model].fillna(0) / float(unit.size), hover, places)
    if len(table.columns) > 1:
        figure.add_scatter(
            x=table.index,
            y=totals / float(unit.size),
            name="In all",
            mode="markers",
            marker={"opacity": 0},
            showlegend=False,
            customdata=[measure.text(value, formats) for value in totals],
            hovertemplate="<b>%{customdata}</b>",
        )
    figure.update_layout(barmode="stack", showlegend=True)
    return along_time(figure, series, measure.axis(unit, formats), formats)


def mix_by_day(
    series: Series, measure: Measure, formats: Formats, places: Mapping[str, int]
) -> go.Figure:
    """Draw which share of a measure each model has by day (or week).

    Args:
        series: as for ``stacked_by_day``.
        measure: what the shares are of.
        formats: the reader's.
        places: the place of each model in the palette.
    """
    shares = mix(series)
    figure = go.Figure()
    for model in shares.columns:
        hover = [
            f"{formats.share(share, 1)}, {measure.text(value, formats)}"
            for share, value in zip(shares[model].fillna(0), series.table[model], strict=True)
        ]
        _add_layer(figure, shares, model, shares[model] * 100, hover, places)
    figure.update_layout(barmode="stack", showlegend=True)
    axis = {"ticksuffix": f"{formats.locale.percent_gap}%"}
    return along_time(figure, series, axis, formats).update_yaxes(range=[0, 100])


def mix(series: Series) -> pd.DataFrame:
    """Return the shares (0–1) of each column in the sum of its row; NaN where that is nothing."""
    known = series.table.fillna(0)
    totals = known.sum(axis=1)
    return known.div(totals.where(totals > 0), axis=0)


def _add_layer(
    figure: go.Figure,
    table: pd.DataFrame,
    model: str,
    heights: pd.Series[float],
    hover: list[str],
    places: Mapping[str, int],
) -> None:
    figure.add_bar(
        x=table.index,
        y=heights,
        name=safe(model, 24),
        marker=filled(look_of(model, places)),
        customdata=hover,
        hovertemplate="%{customdata}",
    )


def band_by_day(series: Series, measure: Measure, formats: Formats) -> go.Figure:
    """Draw an estimate by day (or week): its line, and the band from low to high.

    Args:
        series: the columns ``measure.column``, ``measure.low`` and ``measure.high``.
        measure: what is drawn.
        formats: the reader's.
    """
    low, mid, high = (
        series.table[column] for column in (measure.low, measure.column, measure.high)
    )
    unit = measure.unit_for(high.max() if len(high) else None)
    size = float(unit.size)
    spans = _spans(low, high, measure, formats)
    figure = go.Figure()
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=low.index, y=low / size, showlegend=False, **edge)
    figure.add_scatter(
        x=high.index,
        y=high / size,
        fill="tonexty",
        fillcolor=faded(GREEN, 0.28),
        name="90% range",
        **edge,
    )
    figure.add_scatter(
        x=mid.index,
        y=mid / size,
        name="Estimate",
        mode="lines+markers" if len(mid) <= 31 else "lines",
        line={"color": GREEN, "width": 2.5},
        marker={"size": 5},
        customdata=[
            f"<b>{measure.text(value, formats)}</b><br>{span}"
            for value, span in zip(mid, spans, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    return along_time(figure, series, measure.axis(unit, formats), formats)


def _spans(
    low: pd.Series[float], high: pd.Series[float], measure: Measure, formats: Formats
) -> Sequence[str]:
    assert measure.quantity is not None
    quantity = measure.quantity
    return [
        f"range {formats.span(least, most, quantity)}"
        for least, most in zip(low, high, strict=True)
    ]


def along_time(
    figure: go.Figure, series: Series, axis: Mapping[str, str], formats: Formats
) -> go.Figure:
    """Give a figure over days or weeks the house look, its axes, and return it.

    Args:
        figure: drawn over the index of the series.
        series: what it draws.
        axis: how the upright axis writes its figures, for Plotly.
        formats: the reader's.
    """
    dress(figure, formats, HEIGHT)
    figure.update_layout(hovermode="x unified")
    figure.update_yaxes(nticks=6, **axis)
    # Half a bar of air on both sides, or the outermost bars and names would be cut.
    half_bar = pd.Timedelta(days=7 if series.is_weekly else 1) * 0.6
    figure.update_xaxes(range=[series.table.index[0] - half_bar, series.table.index[-1] + half_bar])
    ticks = _ticks(pd.DatetimeIndex(series.table.index))
    figure.update_xaxes(
        tickvals=ticks,
        tickangle=0,
        ticktext=[_tick_text(day, series, formats) for day in ticks],
        unifiedhovertitle={"text": f"{'Week of ' if series.is_weekly else ''}%{{x|%-d %b %Y}}"},
    )
    return figure


def _ticks(days: pd.DatetimeIndex) -> list[pd.Timestamp]:
    """Return at most five days to be named under the axis: what a phone has room for."""
    step = max(1, -(-len(days) // 5))
    return list(days[::-1][::step][::-1])


def _tick_text(day: pd.Timestamp, series: Series, formats: Formats) -> str:
    if series.is_running and day == series.table.index[-1]:
        return "this week" if series.is_weekly else "today"
    return formats.day(day.date()).rsplit(" ", 1)[0].rstrip(",")
