"""Requests of nobody, and the chat sessions by which they become somebody's."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.data.data_quality import Unattributed, unattributed_requests
from footprint.data.people import Person, find_people, map_person_session
from footprint.shell.text import plain
from footprint.ui.acts import act, moment
from footprint.ui.formats import TOKENS, UNKNOWN, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled

DOCS = "docs/ingest.md"


def draw_unattributed(view: View, timezone: str) -> bool:
    """Draw the requests of nobody and the form that maps a session; return if all is well."""
    found = unattributed_requests(view.me)
    if not found.requests:
        st.success("Every request belongs to a person.", icon=":material/check_circle:")
        return True
    st.warning(plain(told(found, view.formats)), icon=":material/person_off:")
    if found.sessions.empty:
        return False
    st.dataframe(
        styled(
            sessions_table(found.sessions, timezone),
            {
                "Requests": view.formats.number,
                "Tokens": lambda value: view.formats.quantity(value, TOKENS),
                "Known cost": view.formats.money,
            },
        ),
        hide_index=True,
        placeholder=UNKNOWN,
        column_config={"Session": st.column_config.Column(pinned=True, width=200)},
        alt="Chat sessions that belong to nobody",
    )
    with st.expander("Say whose a session is", icon=":material/person_add:"):
        _form(view, list(found.sessions["session_id"]))
    return False


def told(found: Unattributed, formats: Formats) -> str:
    """Return how many requests are nobody's and what can be done, in sentences."""
    nameless = (
        f"neither a person nor a chat session: have the caller send a user ({DOCS} says how), so "
        "that the next ones have one."
    )
    if found.without_session == found.requests:
        return f"{formats.counted(found.requests, 'request')} with {nameless}"
    text = f"{formats.counted(found.requests, 'request')} without a person."
    if found.sampled < found.requests:
        text += f" Of the newest {formats.number(found.sampled)}:"
    in_sessions = found.sampled - found.without_session
    if in_sessions:
        text += f" {formats.number(in_sessions)} in chat sessions, which you can map below."
    if found.without_session:
        text += f" {formats.number(found.without_session)} with {nameless}"
    return text


def sessions_table(sessions: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Return the sessions under their headings."""
    return pd.DataFrame(
        {
            "Session": sessions["session_id"],
            "Requests": sessions["requests"],
            "Tokens": sessions["tokens"],
            "Known cost": sessions["cost_eur"],
            "First request": [moment(at, timezone) for at in sessions["first_at"]],
            "Last request": [moment(at, timezone) for at in sessions["last_at"]],
        }
    )


def _form(view: View, sessions: list[str]) -> None:
    session = st.selectbox("Session", sessions, key="unattributed_session")
    search = st.text_input(
        "Find the person", placeholder="Name, e-mail, id or team", max_chars=200, key="owner_search"
    )
    people = find_people(view.me, search, "active")
    if not people:
        st.info("Nobody is found by that.", icon=":material/person_search:")
        return
    person = st.selectbox(
        "Whose it is",
        people,
        index=None,
        format_func=lambda one: one.label,
        placeholder="Choose a person",
    )
    if st.button("Map the session", type="primary", icon=":material/link:", disabled=not person):
        owner = person
        if owner is not None:
            act(lambda: map_session(view, session, owner))


def map_session(view: View, session: str, person: Person) -> str:
    """Map a chat session to a person; return what that did, in a sentence."""
    count = map_person_session(view.me, session, person.user_id)
    st.cache_data.clear()  # figures by person and team rest on it
    return (
        f"Mapped: {view.formats.counted(count, 'request')} went to {person.name}, and later ones "
        "of this session will."
    )
