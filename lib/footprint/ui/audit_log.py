"""What the audit log page draws."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.audit_log import PAGE_ROWS, read_audit_log
from footprint.shell.screens import ROLE_TITLES
from footprint.ui.acts import NOTHING, moment
from footprint.ui.audit_words import KINDS, deed, target, values
from footprint.ui.tables import table_height

NO_ENTRY = (
    "Nothing is written down yet. Whoever invites somebody, changes a role or a setting, makes a "
    "key or looks at a person's requests stands here from then on."
)
NO_MATCH = "No entry is about that: choose Everything, or search for less."
# Pixels of the columns beside the pinned one.
_WIDTHS = {"Who": 115, "What": 165, "On": 150, "Before": 100, "After": 190, "Reason": 220}
_PAGES = "audit_pages"


def draw_log(me: Me, timezone: str) -> None:
    """Draw the filters and the entries they leave, newest first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input("By or about", placeholder="Name, e-mail or id", max_chars=200)
        kind = st.selectbox("What", list(KINDS), width=260)
    pages = st.session_state.get(_PAGES, 1)
    entries = read_audit_log(me, KINDS[kind], who or "", pages)
    if not entries:
        st.info(NO_MATCH if who or KINDS[kind] else NO_ENTRY, icon=":material/search_off:")
        return
    st.dataframe(
        pd.DataFrame([_row(entry, timezone) for entry in entries]),
        hide_index=True,
        placeholder=NOTHING,
        height=table_height(len(entries), 560),
        column_config={
            "When": st.column_config.Column(pinned=True, width=130),
            **{name: st.column_config.Column(width=pixels) for name, pixels in _WIDTHS.items()},
        },
        alt="Entries of the audit log, newest first",
    )
    st.caption("A cell that is cut off opens by a double click.")
    if len(entries) == pages * PAGE_ROWS and st.button("Show older", icon=":material/history:"):
        st.session_state[_PAGES] = pages + 1
        st.rerun()


def _row(entry: dict[str, Any], timezone: str) -> dict[str, str | None]:
    return {
        "When": moment(datetime.fromisoformat(entry["occurred_at"]), timezone),
        "Who": entry["actor"] or entry["actor_role"].title(),
        "What": deed(entry["action"]),
        "On": target(entry["action"], entry["target_name"]),
        "Before": values(entry["before"]),
        "After": values(entry["after"]),
        "Reason": entry["reason"],
        "In the role": ROLE_TITLES.get(entry["actor_role"], entry["actor_role"].title()),
    }
