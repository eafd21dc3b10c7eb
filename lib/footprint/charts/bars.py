"""A list of bars: a name and a figure above each, the range as a pale bar behind it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.measures import Measure
from footprint.charts.prepare import top_groups
from footprint.charts.text import named, safe
from footprint.charts.theme import GREEN, GREY, dress, faded, provider_colours
from footprint.ui.formats import Formats

ROW_HEIGHT = 42
AXIS_HEIGHT = 46
# Of the 42 pixels of a row, the bar takes so many.
BAR_PIXELS = 9
_BAR = {
    "orientation": "h",
    "width": BAR_PIXELS / ROW_HEIGHT,
    "marker_line_width": 0,
    "marker_cornerradius": 4,
}


def by_model(table: pd.DataFrame, measure: Measure, formats: Formats) -> go.Figure:
    """Draw a measure by model, in the colour of its provider.

    Args:
        table: columns ``provider``, ``model``, ``requests`` and the measure's.
        measure: what is drawn.
        formats: the reader's.
    """
    rows = top_groups(table, ["provider", "model"], measure, "{n} other models")
    colours = provider_colours(table["provider"])
    return _bar_list(
        rows, "model", [colours.get(p, GREY) for p in rows["provider"]], measure, formats
    )


def by_provider(table: pd.DataFrame, measure: Measure, formats: Formats) -> go.Figure:
    """Draw a measure by provider (columns ``provider``, ``requests`` and the measure's)."""
    rows = top_groups(table, ["provider"], measure, "{n} other providers")
    colours = provider_colours(table["provider"])
    return _bar_list(
        rows, "provider", [colours.get(p, GREY) for p in rows["provider"]], measure, formats
    )


def by_team(table: pd.DataFrame, measure: Measure, formats: Formats) -> go.Figure:
    """Draw a measure by team (columns ``team``, ``requests`` and the measure's)."""
    rows = top_groups(table, ["team"], measure, "{n} other teams")
    return _bar_list(
        rows, "team", [GREEN if team else GREY for team in rows["team"]], measure, formats
    )


def _bar_list(
    rows: pd.DataFrame, key: str, colours: list[str], measure: Measure, formats: Formats
) -> go.Figure:
    values = rows[measure.column].astype("float64")
    ends = rows[measure.high if measure.is_estimate else measure.column].astype("float64")
    unit = measure.unit_for(ends.max() if len(ends) else None)
    size = float(unit.size)
    places = list(range(len(rows)))
    labels = [safe(named(name, key)) for name in rows[key]]
    hover = {
        "customdata": _hover(rows, labels, measure, formats),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    figure = go.Figure()
    if measure.is_estimate:
        _add_bands(figure, rows, colours, measure, size, hover)
    figure.add_bar(x=values / size, y=places, marker={"color": colours}, **_BAR, **hover)
    if measure.is_estimate:
        _add_lows(figure, rows, measure, size)
    total = values.sum(min_count=1)
    for place, label, value in zip(places, labels, values, strict=True):
        figure.add_annotation(_caption(place, f"<b>{label}</b>", "left"))
        share = f" · {formats.share(value, total)}" if len(rows) > 1 and pd.notna(value) else ""
        figure.add_annotation(_caption(place, f"{measure.text(value, formats)}{share}", "right"))
    dress(figure, formats, AXIS_HEIGHT + ROW_HEIGHT * max(len(rows), 1))
    figure.update_yaxes(visible=False, range=[len(rows) - 0.6, -0.75], rangemode="normal")
    figure.update_xaxes(
        rangemode="tozero",
        nticks=4,
        ticklabelposition="outside right",
        **measure.axis(unit, formats),
    )
    figure.update_layout(margin_r=0, showlegend=False, hovermode="closest", barmode="overlay")
    if measure.is_estimate:
        figure.update_xaxes(title={"text": "pale: 90% range", "font": {"size": 12}})
    return figure


def _add_bands(
    figure: go.Figure,
    rows: pd.DataFrame,
    colours: list[str],
    measure: Measure,
    size: float,
    hover: Mapping[str, object],
) -> None:
    """Draw each range as a pale bar; the estimate's solid one will cover its lower part."""
    low, high = (rows[column].astype("float64") / size for column in (measure.low, measure.high))
    pale = [faded(colour, 0.3) for colour in colours]
    figure.add_bar(
        x=high - low, base=low, y=list(range(len(rows))), marker={"color": pale}, **_BAR, **hover
    )


def _add_lows(figure: go.Figure, rows: pd.DataFrame, measure: Measure, size: float) -> None:
    """Mark where each range begins, on the solid bar, where there is room for a mark."""
    low, ends = (rows[column].astype("float64") for column in (measure.low, measure.high))
    figure.add_scatter(
        x=low.where(low > ends.max() / 100) / size,
        y=list(range(len(rows))),
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": BAR_PIXELS - 3,
            "line": {"color": "rgba(255, 255, 255, 0.9)", "width": 1.5},
        },
        hoverinfo="skip",
    )


def _hover(rows: pd.DataFrame, labels: list[str], measure: Measure, formats: Formats) -> list[str]:
    texts = []
    for label, (_, row) in zip(labels, rows.iterrows(), strict=True):
        text = f"<b>{label}</b><br>{measure.text(row[measure.column], formats)}"
        if measure.is_estimate and measure.quantity is not None:
            text += (
                f"<br>range {formats.span(row[measure.low], row[measure.high], measure.quantity)}"
            )
        texts.append(f"{text}<br>{formats.number(row['requests'])} requests")
    return texts


def _caption(place: int, text: str, side: str) -> dict[str, object]:
    """Return a text that stands just above the bar at ``place``, at the left or right edge."""
    return {
        "text": text,
        "x": 0 if side == "left" else 1,
        "xref": "paper",
        "xanchor": side,
        "y": place,
        "yshift": 15,
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": 13},
    }
