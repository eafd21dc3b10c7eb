"""What the people page draws: the list, and one person with what an admin may do to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.people import (
    PAGE_ROWS,
    Person,
    delete_person,
    erase_person,
    export_person,
    find_people,
    look_at_person,
    person_requests,
    restore_person,
    set_person_role,
    set_person_team,
)
from footprint.errors import FootprintError
from footprint.shell.screens import ROLE_TITLES
from footprint.shell.text import plain
from footprint.ui.acts import NOTHING, act, moment
from footprint.ui.formats import UNKNOWN, Formats
from footprint.ui.page import View
from footprint.ui.request_list import STATUSES
from footprint.ui.session_mapping import map_session
from footprint.ui.tables import styled, table_height

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

STATES = {"Active": "active", "Deleted": "deleted", "Everybody": "all"}
_PAGES = "people_pages"
_LOOKED = "people_looked"


def search_people(view: View) -> list[Person]:
    """Draw the search and return whom it finds."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            placeholder="Name, e-mail, id or team",
            key="search",
            bind="query-params",
            max_chars=200,
        )
        state = st.selectbox("Show", list(STATES), key="state", bind="query-params", width=160)
    pages = st.session_state.get(_PAGES, 1)
    return find_people(view.me, search or "", STATES[state], pages)


def draw_people(people: list[Person], formats: Formats) -> None:
    """Draw the list, and a button for more of it where there is more."""
    are_named = any(person.requests is not None for person in people)
    known = {
        "Name": [person.name for person in people],
        "E-mail": [person.email for person in people],
        "Role": [ROLE_TITLES[person.role] for person in people],
        "Team": [person.team for person in people],
        "State": [person.state for person in people],
    }
    used = {
        "Requests": [person.requests for person in people],
        "Tokens": [person.tokens_used for person in people],
    }
    table = pd.DataFrame(known | used if are_named else known)
    st.dataframe(
        styled(table, dict.fromkeys(used, formats.number) if are_named else {}),
        hide_index=True,
        placeholder=NOTHING,
        height=table_height(len(people), 560),
        column_config={"Name": st.column_config.Column(pinned=True, width=150)},
        alt="People with their role, team and state",
    )
    if not are_named:
        st.caption(
            "How much each of them uses is not shown: the organisation does not name people beside "
            "figures (Settings, People)."
        )
    pages = st.session_state.get(_PAGES, 1)
    if len(people) == pages * PAGE_ROWS and st.button("Show more", icon=":material/expand_more:"):
        st.session_state[_PAGES] = pages + 1
        st.rerun()


def choose_person(people: list[Person]) -> Person | None:
    """Draw the choice of whom to manage."""
    by_id = {person.user_id: person for person in people}
    chosen = st.selectbox(
        "Manage",
        list(by_id),
        index=None,
        format_func=lambda user_id: by_id[user_id].label if user_id in by_id else "",
        placeholder="Choose a person",
    )
    return by_id.get(chosen) if chosen else None


def draw_person(view: View, person: Person, timezone: str) -> None:
    """Draw one person, with what an admin may do; times in ``timezone``."""
    me = view.me
    with st.container(border=True):
        st.header(plain(person.name), anchor=False)
        known = [ROLE_TITLES[person.role], person.team, person.email, person.user_id, person.state]
        st.caption(" · ".join(plain(part) for part in known if part))
        names = ["Role and team", "Requests", "Chat sessions", "Access"]
        role, requests, sessions, access = st.tabs(names)
        with role:
            _role_and_team(me, person)
        with requests:
            _requests(view, person, timezone)
        with sessions:
            _session(view, person)
        with access:
            _access(view, person)


def _role_and_team(me: Me, person: Person) -> None:
    with st.form(f"role_{person.user_id}", border=False):
        roles = list(ROLE_TITLES)
        role = st.selectbox(
            "Role", roles, index=roles.index(person.role), format_func=ROLE_TITLES.__getitem__
        )
        team = st.text_input(
            "Team",
            person.team or "",
            max_chars=100,
            help="Counts from their next request on; earlier ones keep the team of their time.",
        )
        sent = st.form_submit_button("Save", type="primary")

    def save() -> str:
        if role != person.role:
            set_person_role(me, person.user_id, role)
        if team.strip() != (person.team or ""):
            set_person_team(me, person.user_id, team)
        return f"{person.name} is {ROLE_TITLES[role].lower()}, team {team.strip() or 'none'}."

    if sent:
        act(save)


def _requests(view: View, person: Person, timezone: str) -> None:
    me = view.me
    st.write(
        "One person's requests are theirs. You can look at them for an hour when you state why; "
        "they see your name, the time and your reason on their account page."
    )
    with st.form(f"look_{person.user_id}", border=False):
        reason = st.text_input("Reason", max_chars=500, key=f"reason_{person.user_id}")
        sent = st.form_submit_button("Look at their requests", icon=":material/visibility:")
    if sent:
        try:
            look_at_person(me, person.user_id, reason)
        except FootprintError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        st.session_state[_LOOKED] = person.user_id
    if st.session_state.get(_LOOKED) == person.user_id:
        rows = person_requests(me, person.user_id)
        st.dataframe(
            looked_table(rows, view.formats, timezone),
            hide_index=True,
            placeholder=UNKNOWN,
            height=table_height(len(rows), 400),
            alt=f"The newest requests of {person.name}",
        )
        st.caption(f"The newest {len(rows)} requests, at most 100 · times in {timezone}")
        st.download_button(
            "Download everything held about them",
            lambda: export_person(me, person.user_id),
            file_name="footprint-person.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def looked_table(rows: list[dict[str, Any]], formats: Formats, timezone: str) -> Styler:
    """Return a person's requests under their headings, as the reader writes figures.

    Args:
        rows: of ``get_user_request_history``.
        formats: the reader's.
        timezone: of the organisation.
    """
    table = pd.DataFrame(
        {
            "When": [moment(datetime.fromisoformat(row["started_at"]), timezone) for row in rows],
            "Model": [row["model"] for row in rows],
            "Provider": [row["provider"] for row in rows],
            "Status": [STATUSES.get(row["status"], row["status"]) for row in rows],
            "Tokens": [row["tokens_used"] for row in rows],
            "Cost": [row["cost_eur"] for row in rows],
        }
    )
    return styled(table, {"Tokens": formats.number, "Cost": formats.money})


def _session(view: View, person: Person) -> None:
    st.write(
        "Requests that a chat front end sent under a session only become this person's once you "
        "map the session to them. Data quality lists such sessions."
    )
    with st.form(f"session_{person.user_id}", border=False, clear_on_submit=True):
        session_id = st.text_input("Session id", max_chars=300)
        sent = st.form_submit_button("Map the session", icon=":material/link:")
    if sent:
        act(lambda: map_session(view, session_id, person))


def _access(view: View, person: Person) -> None:
    me = view.me
    if person.deleted_at is None:
        st.write("Deleting takes their access and their ingest keys away; their history stays.")
        if st.button("Delete", icon=":material/person_off:"):
            act(lambda: delete_person(me, person))
    else:
        st.write("Restoring gives them access again, as a member.")
        if st.button("Restore", icon=":material/person_add:"):
            act(lambda: restore_person(me, person))
    with st.form(f"erase_{person.user_id}"):
        st.write(
            "**Erase for good.** Account, name, e-mail, sessions and stored content go; their "
            "requests become nobody's, and every total of the organisation stays as it is."
        )
        typed = st.text_input("Type their id to confirm", placeholder=person.user_id)
        reason = st.text_input("Reason", max_chars=500)
        sent = st.form_submit_button("Erase", icon=":material/delete_forever:")
    if sent and typed.strip() != person.user_id:
        st.error("That is not their id: nothing was erased.", icon=":material/error:")
    elif sent:
        act(lambda: _erased(view, person, reason))


def _erased(view: View, person: Person, reason: str) -> str:
    count = erase_person(view.me, person.user_id, reason)
    st.cache_data.clear()  # figures by person and team rest on it
    requests = view.formats.counted(count, "request")
    return f"{person.name} is erased for good. Nobody's from now on: {requests}."
