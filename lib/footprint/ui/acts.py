"""Doing something for good: what was done is said after the page was drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from footprint.errors import FootprintError
from footprint.shell.text import plain

# In a cell where there is nothing to say.
NOTHING = "–"
_SAID = "footprint_said"


def act(deed: Callable[[], str]) -> None:
    """Do something and draw the page anew, or say beside the form why it was refused.

    Args:
        deed: does it and returns what to say of it, in a sentence.
    """
    try:
        with st.spinner("One moment…"):
            said = deed()
    except FootprintError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.session_state[_SAID] = said
    st.rerun()


def say_what_was_done() -> None:
    """Say what the last act did, once."""
    said = st.session_state.pop(_SAID, None)
    if said:
        st.success(plain(said), icon=":material/check_circle:")


def moment(at: datetime | None, timezone: str, missing: str = "Never") -> str:
    """Return a time to the minute in the reporting time zone."""
    if at is None:
        return missing
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")
