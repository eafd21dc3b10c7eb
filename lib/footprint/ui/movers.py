"""What moved since the period before: models, teams and people, largest change first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.charts.measures import Measure
from footprint.charts.text import named
from footprint.data.filters import Filters
from footprint.data.organisation import OrganisationFootprint, people_movers
from footprint.shell.text import plain
from footprint.ui.formats import Formats
from footprint.ui.page import View

MOVERS_KEY = "movers"
MOST = 8
_MODELS, _TEAMS, _PEOPLE = "Models", "Teams", "People"


@st.fragment
def draw_movers(
    view: View, footprint: OrganisationFootprint, filters: Filters, measure: Measure
) -> None:
    """Draw who and what changed most against the period before, by the chosen measure."""
    with st.container(border=True):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        head.header("What moved", anchor=False)
        if not footprint.is_comparable:
            st.write("The period before was not recorded in full: there is nothing to compare.")
            return
        # Teams and people are told apart only where people are named.
        offered = [_MODELS, _TEAMS, _PEOPLE] if footprint.people_are_named else [_MODELS]
        shown = head.segmented_control(
            "Movers",
            offered,
            default=_MODELS,
            required=True,
            key=MOVERS_KEY,
            label_visibility="collapsed",
            width="content",
        )
        if shown == _PEOPLE:
            everybody = people_movers(view.me, footprint.period, filters)
            moved = everybody[everybody["measure"] == measure.column]
            moved = moved.rename(columns={"person": "name"})[["name", "now", "before"]]
        elif shown == _TEAMS:
            moved = changes(footprint.by_team, footprint.previous_by_team, "team", measure)
        else:
            moved = changes(footprint.by_model, footprint.previous_by_model, "model", measure)
        _draw(moved, f"{measure.name} by {str(shown)[:-1].lower()}", measure, view.formats)


def changes(now: pd.DataFrame, before: pd.DataFrame, key: str, measure: Measure) -> pd.DataFrame:
    """Return the groups whose known amount changed, largest change first.

    Args:
        now: columns ``key`` and the measure's.
        before: the same of the period before.
        key: what names a group; groups of one name are added up.
        measure: what is compared.

    Returns:
        Columns ``name``, ``now`` and ``before``; 0 where there was none.
    """
    sums = {
        name: table.assign(amount=table[measure.column].astype("float64"))
        .groupby(key)["amount"]
        .sum()
        for name, table in (("now", now), ("before", before))
    }
    both = pd.DataFrame(sums).fillna(0.0).rename_axis("name").reset_index()
    both["name"] = [named(name, key) for name in both["name"]]
    size = (both["now"] - both["before"]).abs()
    return both.loc[size[size > 0].sort_values(ascending=False, kind="stable").index]


def movers_table(moved: pd.DataFrame, measure: Measure, formats: Formats) -> pd.DataFrame:
    """Return the largest changes as the reader writes them."""
    rows = [
        {
            "Name": plain(str(row["name"])),
            "Before": measure.text(row["before"], formats),
            "Now": measure.text(row["now"], formats),
            "Change": _change(row["now"] - row["before"], measure, formats),
            "": _relative(row["now"], row["before"], formats),
        }
        for row in moved.head(MOST).to_dict("records")
    ]
    return pd.DataFrame(rows)


def _draw(moved: pd.DataFrame, what: str, measure: Measure, formats: Formats) -> None:
    if moved.empty:
        st.write("Nothing changed.")
        return
    st.table(
        movers_table(moved, measure, formats),
        border="horizontal",
        hide_index=True,
        alt=f"{what}: the largest changes against the period before",
    )
    if len(moved) > MOST:
        st.caption(f"The {MOST} largest changes of {formats.number(len(moved))}.")


def _change(difference: float, measure: Measure, formats: Formats) -> str:
    arrow = ":material/arrow_upward:" if difference > 0 else ":material/arrow_downward:"
    return f"{arrow} {plain(measure.text(abs(difference), formats))}"


def _relative(now: float, before: float, formats: Formats) -> str:
    if not before:
        return "new"
    return "gone" if not now else (formats.change(now, before) or "").replace("-", "−")
