"""What Home has beside one's own footprint: the organisation at a glance, the others, the month."""

from __future__ import annotations

import streamlit as st

from footprint.data.attention import attention
from footprint.data.budgets import budget_states
from footprint.data.filters import Filters
from footprint.data.footprint import Footprint
from footprint.data.organisation import organisation_footprint
from footprint.data.peers import my_peers
from footprint.data.period import Period
from footprint.ui.attention import draw_attention, findings
from footprint.ui.budgets import budget_findings
from footprint.ui.cards import draw_cards
from footprint.ui.footprint_cards import organisation_cards
from footprint.ui.outlook import draw_outlook
from footprint.ui.page import View
from footprint.ui.parts import part
from footprint.ui.peers import draw_peers

# The cards that tell how the organisation is doing in one look.
GLANCE = ("Cost", "People active", "CO₂e", "Nature restored")


def draw_glance(view: View, period: Period) -> None:
    """Draw, for admins and finance, what needs attention and the organisation in four cards.

    Nothing for members, whose home is their own footprint.
    """
    if view.me.role == "member":
        return
    with part("What needs attention"):
        facts = attention(view.me)
        over = budget_findings(budget_states(view.me, facts.today), view.formats)
        draw_attention([*over, *findings(facts, view.me.role, view.formats)])
    with part("The organisation"):
        _draw_organisation(view, period)
    st.header("Your own footprint", anchor=False)


def _draw_organisation(view: View, period: Period) -> None:
    whole = organisation_footprint(view.me, period)
    if not whole.totals.requests:
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header("The organisation", anchor=False)
        st.page_link("pages/organisation.py", label="All of it", icon=":material/arrow_forward:")
    cards = organisation_cards(whole, view.formats, st.context.locale or "")
    draw_cards([card for card in cards if card.label in GLANCE], 4, whole.previous_period)


def draw_beside(view: View, footprint: Footprint, filters: Filters) -> None:
    """Draw the month ahead and, of everything one did, one's place among the others."""
    grid = st.grid(2, min_column_width=320, border=True)
    with grid.cell():
        draw_outlook(footprint.recent, view.formats)
    if not filters.is_active:
        with grid.cell(), part("Your place among the others"):
            draw_peers(my_peers(view.me, footprint.period.last), view.formats)
