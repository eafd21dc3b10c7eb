"""How every chart looks: colours that stay with their model, quiet axes, no ink to spare. Pure.

One palette serves both themes, so that a chart is right at once when the reader changes between
them: each colour has at least 3:1 against either background, and any two can be told apart with
the common colour-vision deficiencies (tested).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.ui.formats import Formats

GREEN: Final = "#108968"
PALETTE: Final = (GREEN, "#5E90FD", "#AA4D0A", "#735ED1", "#829821", "#406690", "#AE85B1")
# For "everything else" and for axes; told from the palette by having no hue.
GREY: Final = "#7F8A85"
GRID: Final = "rgba(127, 138, 133, 0.22)"


@dataclass(frozen=True)
class Look:
    """How the bars of one model are filled: a colour and a Plotly pattern ("" for none)."""

    colour: str
    pattern: str = ""


def look_of(model: str, places: Mapping[str, int]) -> Look:
    """Return how a model is drawn: the same on every page, for every reader.

    Args:
        model: its name; models without a place, and "others", are grey.
        places: the place of each model in the palette, from the database: the first seven are
            plain, the next seven hatched, so that fourteen can be told apart by every eye.
    """
    place = places.get(model)
    if place is None:
        return Look(GREY)
    return Look(PALETTE[place % len(PALETTE)], "/" if place >= len(PALETTE) else "")


def filled(looks: Look | list[Look]) -> dict[str, object]:
    """Return Plotly's ``marker`` for bars of one look, or of these looks, one a bar."""
    # A colour for all is checked once, a list of them one by one.
    one = looks if isinstance(looks, Look) else None
    several = [] if isinstance(looks, Look) else looks
    return {
        "color": one.colour if one else [look.colour for look in several],
        "pattern": {
            "shape": one.pattern if one else [look.pattern for look in several],
            "fillmode": "overlay",
            "size": 6,
            "solidity": 0.35,
            "fgcolor": "rgba(255, 255, 255, 0.75)",
        },
        "line": {"width": 0},
    }


def faded(colour: str, opacity: float) -> str:
    """Return ``#RRGGBB`` as an ``rgba()`` of that opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def dress(figure: go.Figure, formats: Formats, height: int) -> go.Figure:
    """Give a figure the house look and return it."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 28, "t": 8, "b": 0},
        separators=formats.locale.decimal + formats.locale.group,
        hoverlabel={"align": "left"},
        dragmode=False,
        bargap=0.25,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "y": 1.02,
            "xanchor": "left",
            "yanchor": "bottom",
        },
    )
    figure.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(
        gridcolor=GRID, zeroline=False, fixedrange=True, automargin=True, rangemode="tozero"
    )
    return figure
