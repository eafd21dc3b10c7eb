"""A list of bars: a name and a figure above each, the range as a pale bar behind it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.measures import Measure
from footprint.charts.prepare import MOST_GROUPS, top_groups
from footprint.charts.text import named, safe
from footprint.charts.theme import GREEN, GREY, Look, dress, faded, filled, look_of
from footprint.ui.formats import Formats

ROW_HEIGHT = 42
AXIS_HEIGHT = 46
# Of the 42 pixels of a row, the bar takes so many.
BAR_PIXELS = 9
# Of the colour, a range: enough to be seen on the dark background too.
PALE = 0.42
_BAR = {
    "orientation": "h",
    "width": BAR_PIXELS / ROW_HEIGHT,
}
_CORNERS = {"cornerradius": 4}


def by_model(
    table: pd.DataFrame, measure: Measure, formats: Formats, places: Mapping[str, int]
) -> go.Figure:
    """Draw a measure by model, each in its own colour.

    Args:
        table: columns ``provider``, ``model``, ``requests`` and the measure's.
        measure: what is drawn.
        formats: the reader's.
        places: the place of each model in the palette.
    """
    rows = top_groups(table, ["provider", "model"], measure, "{n} other models")
    looks = [look_of(model, places) for model in rows["model"]]
    return _bar_list(rows, "model", looks, measure, formats)


def by_group(table: pd.DataFrame, key: str, measure: Measure, formats: Formats) -> go.Figure:
    """Draw a measure by provider, team or tag, all in one colour.

    Args:
        table: the columns ``key``, ``requests`` and the measure's.
        key: the column that names a group; a group without a name is grey.
        measure: what is drawn.
        formats: the reader's.
    """
    overlap = key == "tag"
    if overlap:
        # A sum of the other tags would count requests twice: the largest stand for themselves.
        largest = table[measure.column].astype("float64").sort_values(ascending=False)
        table = table.loc[largest.index[:MOST_GROUPS]]
    rows = top_groups(table, [key], measure, f"{{n}} other {key}s")
    looks = [Look(GREEN if name else GREY) for name in rows[key]]
    return _bar_list(rows, key, looks, measure, formats, has_shares=not overlap)


def _bar_list(
    rows: pd.DataFrame,
    key: str,
    looks: list[Look],
    measure: Measure,
    formats: Formats,
    has_shares: bool = True,
) -> go.Figure:
    """Draw the rows as bars; shares of the sum stand beside groups that do not overlap."""
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
        _add_bands(figure, rows, looks, measure, size, hover)
    figure.add_bar(x=values / size, y=places, marker=filled(looks) | _CORNERS, **_BAR, **hover)
    if measure.is_estimate:
        _add_lows(figure, rows, measure, size)
    total = values.sum(min_count=1)
    captions = []
    for place, label, value in zip(places, labels, values, strict=True):
        captions.append(_caption(place, f"<b>{label}</b>", "left"))
        is_part = has_shares and len(rows) > 1 and pd.notna(value)
        share = f" · {formats.share(value, total)}" if is_part else ""
        captions.append(_caption(place, f"{measure.text(value, formats)}{share}", "right"))
    figure.layout.annotations = captions  # All at once: each one added would check all again.
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
    looks: list[Look],
    measure: Measure,
    size: float,
    hover: Mapping[str, object],
) -> None:
    """Draw each range as a pale bar; the estimate's solid one will cover its lower part."""
    low, high = (rows[column].astype("float64") / size for column in (measure.low, measure.high))
    pale = [faded(look.colour, PALE) for look in looks]
    marker = {"color": pale, "line": {"width": 0}, **_CORNERS}
    figure.add_bar(x=high - low, base=low, y=list(range(len(rows))), marker=marker, **_BAR, **hover)


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
