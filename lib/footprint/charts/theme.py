"""How every chart looks: colours that stay with their provider, quiet axes, no ink to spare. Pure.

One palette serves both themes, so that a chart is right at once when the reader changes between
them: each colour has at least 3:1 against either background, and any two can be told apart with
the common colour-vision deficiencies (tested).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import plotly.graph_objects as go  # type: ignore[import-untyped]

from footprint.ui.formats import Formats

GREEN: Final = "#108968"
PALETTE: Final = (GREEN, "#5E90FD", "#AA4D0A", "#735ED1", "#829821", "#406690", "#AE85B1")
# For "everything else" and for axes; told from the palette by having no hue.
GREY: Final = "#7F8A85"
GRID: Final = "rgba(127, 138, 133, 0.22)"

# A provider that many people use keeps its colour in every organisation.
_SLOTS: Final = {
    "openai": 0,
    "azure": 5,
    "google": 1,
    "gemini": 1,
    "vertex_ai": 1,
    "anthropic": 2,
    "mistral": 3,
    "bedrock": 4,
    "groq": 6,
}


def provider_colours(providers: Iterable[str]) -> dict[str, str]:
    """Return a colour for each provider: the same on every page, different within a chart.

    Well-known providers have their place in the palette, others one that follows from their name;
    where two want the same place, the second in alphabetical order takes the next free one. When
    the palette is used up, grey remains.
    """
    names = sorted(set(providers), key=lambda name: (name not in _SLOTS, name))
    taken: dict[int, str] = {}
    for name in names:
        wanted = _SLOTS.get(name, int(hashlib.sha256(name.encode()).hexdigest(), 16))
        places = ((wanted + step) % len(PALETTE) for step in range(len(PALETTE)))
        free = next((place for place in places if place not in taken), None)
        if free is not None:
            taken[free] = name
    by_name = {name: PALETTE[place] for place, name in taken.items()}
    return {name: by_name.get(name, GREY) for name in names}


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
