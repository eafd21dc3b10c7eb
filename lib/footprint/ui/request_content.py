"""What was asked and answered in a request, for the person whose request it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from footprint.data.activity import Request, Turn, content_of
from footprint.shell.text import plain
from footprint.ui.page import View

CONTENT_TITLE = "What was asked and answered"
_NAMES = {"user": "You", "assistant": "The model", "system": "Instructions", "tool": "A tool"}
_PICTURES = {
    "user": ":material/person:",
    "assistant": ":material/smart_toy:",
    "tool": ":material/build:",
}


def draw_content(view: View, request: Request, timezone: str) -> None:
    """Draw prompt and answer where they are kept, shut until the person opens them."""
    found = content_of(view.me, request["event_id"])
    if found is None:
        return
    until = view.formats.day(found.expires_at.astimezone(ZoneInfo(timezone)).date())
    with st.expander(CONTENT_TITLE, icon=":material/forum:"):
        st.caption(
            "Only you can read this. What looked like an address, a number or a key of somebody "
            f"was taken out before it was stored; the rest is erased on {until}."
        )
        for turn in (*found.asked, *found.answered):
            _draw_turn(turn)
        if not found.answered:
            st.caption("No answer was kept.")


def _draw_turn(turn: Turn) -> None:
    name = _NAMES.get(turn.role, turn.role)
    with st.chat_message(turn.role, avatar=_PICTURES.get(turn.role, ":material/settings:")):
        st.markdown(f"**{plain(name)}**")
        # Never as Markdown: a model writes what it likes.
        st.text(turn.text)
