"""The contribution by month: pledged beside donated, verified m² beside pending ones. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.charts.theme import GREEN, GREY, Look, dress, filled
from footprint.ui.formats import AREA, Formats, month_name
from footprint.ui.locales import NO_BREAK_SPACE

HEIGHT = 300


@dataclass(frozen=True)
class Pair:
    """Two columns of the months that stand side by side and are never added up or netted."""

    title: str
    # Columns, in the order they are drawn, and their names.
    names: dict[str, str]
    is_money: bool = False

    def text(self, formats: Formats) -> Callable[[float], str]:
        """Return what writes one figure of either column."""
        if self.is_money:
            return formats.money
        return lambda value: formats.quantity(value, AREA)


MONEY = Pair(
    "Pledged and donated by month",
    {"pledged_eur": "Pledged", "donated_eur": "Donated, by receipts"},
    is_money=True,
)
NATURE = Pair(
    "Nature restored by month", {"verified_m2": "Verified", "pending_m2": "Pending, no receipt yet"}
)


def side_by_side(months: pd.DataFrame, pair: Pair, formats: Formats) -> go.Figure:
    """Draw two columns of the months as bars next to each other.

    Args:
        months: a column ``month`` and the pair's, oldest first.
        pair: what is drawn.
        formats: the reader's.
    """
    write = pair.text(formats)
    # What is not there yet is hatched: a pale fill is lost on a dark background.
    looks = (Look(GREY, "/"), Look(GREEN)) if pair.is_money else (Look(GREEN), Look(GREEN, "/"))
    figure = go.Figure()
    for (column, name), look in zip(pair.names.items(), looks, strict=True):
        figure.add_bar(
            x=months["month"],
            y=months[column],
            name=name,
            marker=filled([look] * len(months)),
            customdata=[write(value) for value in months[column]],
            hovertemplate="%{customdata}",
        )
    dress(figure, formats, HEIGHT)
    figure.update_layout(barmode="group", showlegend=True, hovermode="x unified")
    before, after = formats.around_money() if pair.is_money else ("", f"{NO_BREAK_SPACE}m²")
    figure.update_yaxes(nticks=6, tickprefix=before, ticksuffix=after)
    step = max(1, -(-len(months) // 5))
    named = list(months["month"][::-1][::step][::-1])
    return figure.update_xaxes(
        tickvals=named,
        ticktext=[f"{month_name(month)[:3]} {month:%Y}" for month in named],
        tickangle=0,
        unifiedhovertitle={"text": "%{x|%B %Y}"},
    )


def describe_pair(months: pd.DataFrame, pair: Pair, formats: Formats) -> str:
    """Say what such a chart shows: the sums of both columns, each for itself."""
    write = pair.text(formats)
    sums = (f"{name.lower()} {write(months[column].sum())}" for column, name in pair.names.items())
    first, last = months["month"].iloc[0], months["month"].iloc[-1]
    span = month_name(first) if first == last else f"{month_name(first)} to {month_name(last)}"
    return f"{pair.title}, {span}: {'; '.join(sums)}."
