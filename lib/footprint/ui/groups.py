"""Teams and tags of the organisation, side by side, as far as people are named."""

from __future__ import annotations

import streamlit as st

from footprint.charts.measures import Measure
from footprint.data.organisation import OrganisationFootprint, usage_by_tag
from footprint.shell.text import plain
from footprint.ui.charts import Drawing, Paint, chart_row, group_drawing
from footprint.ui.filters import Chosen
from footprint.ui.page import View

OVERLAP = "They overlap: a request with two tags is in both, so that they do not add up."


def draw_groups(
    view: View, footprint: OrganisationFootprint, chosen: Chosen, measure: Measure, paint: Paint
) -> None:
    """Draw the measure by team and by tag, and say which days and requests each is of."""
    drawings: list[tuple[int, Drawing]] = []
    said = []
    if not footprint.by_team.empty:
        drawings.append((4, group_drawing(footprint.by_team, "team", measure, paint)))
    if not footprint.people_are_named:
        said.append(_unnamed(footprint, view))
    elif not chosen.filters.teams:
        tags = usage_by_tag(view.me, chosen.period, chosen.filters)
        if not tags.by_tag.empty:
            drawings.append((4, group_drawing(tags.by_tag, "tag", measure, paint)))
            days = view.formats.days(tags.days.first, tags.days.last)
            count = view.formats.number(len(tags.by_tag))
            said.append(f"The largest of {count} tags, of whole months: {days}. {OVERLAP}")
    if drawings:
        chart_row(*drawings)
    for words in said:
        st.caption(plain(words))


def _unnamed(footprint: OrganisationFootprint, view: View) -> str:
    if footprint.by_team_period is None:
        return (
            "People are not named here: teams are shown for whole months that are over, and not "
            "with a filter; tags are not shown."
        )
    days = footprint.by_team_period
    return (
        f"People are not named here: teams are of {view.formats.days(days.first, days.last)}, "
        "small ones together; tags are not shown."
    )
