"""What the people page draws: the list, and one person with what an admin may do to them."""

from __future__ import annotations

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
    map_person_session,
    person_requests,
    restore_person,
    set_person_role,
    set_person_team,
)
from footprint.errors import FootprintError
from footprint.shell.screens import ROLE_TITLES
from footprint.shell.text import plain
from footprint.ui.acts import NOTHING, act
from footprint.ui.formats import UNKNOWN, Formats
from footprint.ui.page import View

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
    rows = []
    for person in people:
        row = {
            "Name": person.name,
            "E-mail": person.email,
            "Role": ROLE_TITLES[person.role],
            "Team": person.team,
            "State": person.state,
        }
        if are_named:
            row["Requests"] = formats.number(person.requests)
            row["Tokens"] = formats.number(person.tokens_used)
        rows.append(row)
    table = pd.DataFrame(rows)
    st.dataframe(
        table,
        hide_index=True,
        placeholder=NOTHING,
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
        format_func=lambda user_id: _label(by_id.get(user_id)),
        placeholder="Choose a person",
    )
    return by_id.get(chosen) if chosen else None


def draw_person(me: Me, person: Person) -> None:
    """Draw one person, with what an admin may do."""
    with st.container(border=True):
        st.header(plain(person.name), anchor=False)
        known = [ROLE_TITLES[person.role], person.team, person.email, person.user_id, person.state]
        st.caption(" · ".join(plain(part) for part in known if part))
        role, requests, data, access = st.tabs(["Role and team", "Requests", "Data", "Access"])
        with role:
            _role_and_team(me, person)
        with requests:
            _requests(me, person)
        with data:
            _session(me, person)
        with access:
            _access(me, person)


def _label(person: Person | None) -> str:
    if person is None:
        return ""
    return person.name if person.email in (None, person.name) else f"{person.name}, {person.email}"


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


def _requests(me: Me, person: Person) -> None:
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
        columns = ["started_at", "provider", "model", "status", "tokens_used", "cost_eur"]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, placeholder=UNKNOWN)
        st.caption(f"The newest {len(rows)} requests, at most 100; times in UTC.")
        st.download_button(
            "Download everything held about them",
            lambda: export_person(me, person.user_id),
            file_name="footprint-person.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def _session(me: Me, person: Person) -> None:
    st.write("A chat session that belongs to this person: its requests become theirs.")
    with st.form(f"session_{person.user_id}", border=False, clear_on_submit=True):
        session_id = st.text_input("Session id", max_chars=300)
        sent = st.form_submit_button("Map the session")
    if sent:
        act(
            lambda: (
                f"Mapped; {map_person_session(me, session_id, person.user_id)} earlier requests "
                f"became {person.name}'s."
            )
        )


def _access(me: Me, person: Person) -> None:
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
        act(
            lambda: f"Erased; {erase_person(me, person.user_id, reason)} requests are nobody's now."
        )
