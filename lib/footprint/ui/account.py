"""What the account page draws: one's name, one's data, and who looked at it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.auth.flows import change_password
from footprint.data.account import looks_at_me, rename_myself
from footprint.data.people import export_person
from footprint.shell import bridge
from footprint.shell.screens import ROLE_TITLES
from footprint.ui.acts import NOTHING, act, moment

# Pixels. A name or a password needs no more.
_FIELD = 420
DEEDS = {
    "person.look": "Looked at your requests",
    "person.export": "Exported your data",
    "person.delete": "Took your access away",
    "person.restore": "Gave your access back",
}


def draw_name(me: Me) -> None:
    """Draw one's name and what else is known, for the person to change what is theirs."""
    with st.container(border=True):
        st.header("You", anchor=False)
        known = {
            "E-mail": me.email,
            "Role": ROLE_TITLES[me.role],
            "Team": me.team or "None",
            "Your id in requests": me.user_id,
        }
        with st.grid(2, min_column_width=300):
            for title, value in known.items():
                with st.container(gap="xxsmall"):
                    st.caption(title)
                    st.text(value)
        with st.form("rename", border=False):
            name = st.text_input("Name", me.full_name or "", max_chars=200, width=_FIELD)
            sent = st.form_submit_button("Save the name", type="primary")
        if sent:
            act(lambda: _renamed(me, name.strip()))


def draw_access(me: Me) -> None:
    """Draw the change of one's password, and the way to sign out on every device."""
    with st.container(border=True):
        st.header("Signing in", anchor=False)
        with st.form("password", border=False, clear_on_submit=True):
            current = ""
            if not me.session.is_fresh:
                current = st.text_input(
                    "Current password",
                    type="password",
                    autocomplete="current-password",
                    width=_FIELD,
                )
            new = st.text_input(
                "New password", type="password", autocomplete="new-password", width=_FIELD
            )
            sent = st.form_submit_button("Set the password")
        if sent:
            act(lambda: _changed(me, current, new))
        st.divider()
        st.write("Lost a device, or signed in on one that is not yours? This ends every session.")
        if st.button("Sign out everywhere", icon=":material/devices:"):
            bridge.post("/session/logout", everywhere="yes")


def draw_my_data(me: Me) -> None:
    """Draw the download of everything held about oneself."""
    with st.container(border=True):
        st.header("Your data", anchor=False)
        st.write("Everything that is held about you, each request included, as one JSON file.")
        st.download_button(
            "Download my data",
            lambda: export_person(me),
            file_name="footprint-my-data.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def draw_looks(me: Me, timezone: str) -> None:
    """Draw who looked at one's data, when and why."""
    with st.container(border=True):
        st.header("Who looked at your data", anchor=False)
        looks = looks_at_me(me)
        if not looks:
            st.write(
                "Nobody has looked at your requests. Whoever does has to say why, and stands here."
            )
            return
        rows = [
            {
                "When": moment(look.occurred_at, timezone),
                "Who": look.who,
                "What": DEEDS.get(look.action, look.action),
                "Reason": look.reason,
            }
            for look in looks
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            placeholder=NOTHING,
            alt="Who looked at your data, when and why",
        )
        st.caption(f"Times in {timezone}.")


def _changed(me: Me, current: str, new: str) -> str:
    change_password(me.session, me.email, current, new)
    return "Your new password is set."


def _renamed(me: Me, name: str) -> str:
    rename_myself(me, name)
    return "Your name is saved."
