"""One's own month beside the median of the others, or why that is not told."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.charts.measures import MEASURES
from footprint.data.peers import Peers
from footprint.shell.text import plain
from footprint.ui.formats import UNKNOWN, Formats, month_name

WHY_NOT = {
    "few": "Fewer than five other people made requests: a median would say too much about one.",
    "privacy": "Your organisation does not work out figures by person, so there is no median.",
}


def draw_peers(peers: Peers, formats: Formats) -> None:
    """Draw the reader's month beside the median, to two digits, of at least five others."""
    st.header(f"Beside the others, {month_name(peers.month)}", anchor=False)
    if peers.reason is not None:
        st.write(WHY_NOT[peers.reason])
        return
    st.table(
        peers_table(peers, formats),
        border="horizontal",
        hide_index=True,
        alt="Your month beside the median of the others",
    )
    st.caption(
        plain(
            f"Half of {formats.number(peers.others)} other people used less than the median, "
            "half used more. Whole months only, so that nobody can be told from it."
        )
    )


def peers_table(peers: Peers, formats: Formats) -> pd.DataFrame:
    """Return a row for each measure: one's own, the median, and how the two compare."""
    rows = []
    for measure in MEASURES:
        mine, median = peers.mine.get(measure.column), peers.median.get(measure.column)
        change = formats.change(mine, median) if median else None
        rows.append(
            {
                "": measure.name,
                "You": measure.text(mine, formats) if peers.mine else "none",
                "Median": measure.text(median, formats),
                "You against it": (change or UNKNOWN).replace("-", "−"),
            }
        )
    return pd.DataFrame(rows)
