"""What the audit log page draws."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.audit_log import PAGE_ROWS, read_audit_log
from footprint.ui.acts import NOTHING, moment

KINDS = {
    "Everything": "",
    "Looks, exports and erasures": "person.",
    "Invitations": "invitation.",
    "Roles": "role.",
    "Teams": "team.",
    "Settings": "setting.",
    "Ingest keys": "ingest_key.",
    "Sessions": "session.",
    "Donations": "donation.",
    "Ledger": "transaction.",
    "Stored content": "content.",
}
_PAGES = "audit_pages"


def draw_log(me: Me, timezone: str) -> None:
    """Draw the filters and the entries they leave, newest first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input("Who", placeholder="Actor or target", max_chars=200)
        kind = st.selectbox("What", list(KINDS), width=260)
    pages = st.session_state.get(_PAGES, 1)
    entries = read_audit_log(me, KINDS[kind], who or "", pages)
    if not entries:
        st.info("No entry is about that.", icon=":material/search_off:")
        return
    st.dataframe(
        pd.DataFrame([_row(entry, timezone) for entry in entries]),
        hide_index=True,
        placeholder=NOTHING,
        height=min(560, 37 + 35 * len(entries)),
        column_config={"When": st.column_config.Column(pinned=True, width=130)},
        alt="Entries of the audit log, newest first",
    )
    if len(entries) == pages * PAGE_ROWS and st.button("Show older", icon=":material/history:"):
        st.session_state[_PAGES] = pages + 1
        st.rerun()


def _row(entry: dict[str, Any], timezone: str) -> dict[str, str | None]:
    return {
        "When": moment(datetime.fromisoformat(entry["occurred_at"]), timezone),
        "Who": entry["actor"] or entry["actor_role"].title(),
        "Role": entry["actor_role"].title(),
        "What": entry["action"],
        "On": entry["target_name"],
        "Reason": entry["reason"],
        "Before": _value(entry["before"]),
        "After": _value(entry["after"]),
    }


def _value(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
