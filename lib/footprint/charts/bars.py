"""A list of bars: a name and a figure above each, the range as a whisker on it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.measures import Measure
from footprint.charts.prepare import top_groups
from footprint.charts.text import safe
from footprint.charts.theme import GREEN, GREY, dress, provider_colours
from footprint.ui.formats import Formats

ROW_HEIGHT = 42
AXIS_HEIGHT = 46


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
    labels = [_label(name, key) for name in rows[key]]
    figure = go.Figure(
        go.Bar(
            x=values / size,
            y=places,
            orientation="h",
            width=0.22,
            marker={"color": colours, "line": {"width": 0}, "cornerradius": 4},
            error_x=_whiskers(rows, measure, size),
            customdata=_hover(rows, labels, measure, formats),
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    total = values.sum(min_count=1)
    for place, label, value in zip(places, labels, values, strict=True):
        figure.add_annotation(_caption(place, f"<b>{label}</b>", "left"))
        share = f" · {formats.share(value, total)}" if len(rows) > 1 and pd.notna(value) else ""
        figure.add_annotation(_caption(place, f"{measure.text(value, formats)}{share}", "right"))
    dress(figure, formats, AXIS_HEIGHT + ROW_HEIGHT * max(len(rows), 1))
    figure.update_yaxes(visible=False, range=[len(rows) - 0.6, -0.75], rangemode="normal")
    figure.update_xaxes(
        title=measure.axis_title(unit), rangemode="tozero", nticks=5, ticks="outside"
    )
    figure.update_layout(showlegend=False, hovermode="closest")
    return figure


def _label(name: object, key: str) -> str:
    return safe(str(name)) if name else {"team": "No team"}.get(key, "Unknown")


def _whiskers(rows: pd.DataFrame, measure: Measure, size: float) -> dict[str, object] | None:
    if not measure.is_estimate:
        return None
    low, mid, high = (
        rows[column].astype("float64") / size
        for column in (measure.low, measure.column, measure.high)
    )
    return {
        "type": "data",
        "symmetric": False,
        "array": high - mid,
        "arrayminus": mid - low,
        "color": GREY,
        "thickness": 1.5,
        "width": 4,
    }


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
