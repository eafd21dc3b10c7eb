"""The rule of style for charts that no option of the theme reaches."""

from __future__ import annotations

import streamlit as st

# Plotly's words are a grey that is too pale for their size in the light theme (WCAG AA): they take
# the colour of the page's text, in either theme.
_LEGIBLE_CHARTS = """<style>
[data-testid=stPlotlyChart]
  :is(.annotation-text, .legendtext, .xtick text, .ytick text, .xtitle, .ytitle)
  { fill: currentColor !important; }
</style>"""


def draw_style() -> None:
    """Put the rule on the page; it takes no room."""
    st.html(_LEGIBLE_CHARTS)
