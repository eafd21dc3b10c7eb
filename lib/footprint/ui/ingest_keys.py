"""What the ingest keys page draws: the keys, and the form that makes one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.config import get_settings
from footprint.data.filters import usage_choices
from footprint.data.ingest_keys import IngestKey, add_ingest_key, list_ingest_keys, stop_ingest_key
from footprint.data.people import find_people
from footprint.errors import FootprintError
from footprint.shell.text import plain
from footprint.ui.acts import act, moment

SCOPES = ("Organisation", "One person", "One team")
EXPIRIES = {"Never": None, "30 days": 30, "90 days": 90, "1 year": 365}
# Pages of people to choose from; others are typed by their id.
_PAGES = 4
SNIPPET = """\
SUPABASE_URL={url}
SUPABASE_PUBLISHABLE_KEY={publishable_key}
FOOTPRINT_INGEST_KEY={key}
"""


def make_key(me: Me) -> None:
    """Draw the form; show the key that it makes, once."""
    with st.container(border=True):
        st.header("Make a key", anchor=False)
        scope = st.segmented_control("For", SCOPES, default=SCOPES[0], required=True)
        with st.form("make_key", border=False):
            user_id = team = None
            with st.grid(2, min_column_width=240):
                label = st.text_input("Label", placeholder="LiteLLM proxy", max_chars=100)
                expiry = st.selectbox("Expires after", list(EXPIRIES))
                if scope == SCOPES[1]:
                    user_id = _whose(me)
                elif scope == SCOPES[2]:
                    team = st.selectbox(
                        "Team",
                        usage_choices(me, of_organisation=True).teams,
                        index=None,
                        accept_new_options=True,
                        placeholder="Choose a team, or type one",
                    )
            sent = st.form_submit_button("Make the key", type="primary", icon=":material/key:")
        if sent and scope != SCOPES[0] and not (user_id or team or "").strip():
            st.error("Say for whom the key is.", icon=":material/error:")
        elif sent:
            _make(me, label, user_id, team, EXPIRIES[expiry])


def _whose(me: Me) -> str | None:
    """Draw the choice of a person; return their id."""
    labels = {person.user_id: person.label for person in find_people(me, "", "active", _PAGES)}
    return st.selectbox(
        "Person",
        list(labels),
        index=None,
        format_func=lambda user_id: labels.get(user_id, user_id),
        accept_new_options=True,
        placeholder="Choose a person, or type an id",
        help="Requests sent with the key are theirs.",
    )


def draw_keys(me: Me, timezone: str) -> None:
    """Draw all keys, and the way to revoke one."""
    keys = list_ingest_keys(me)
    if not keys:
        st.info(
            "No key yet: nothing can send requests. Make one above and give it to what sends them: "
            "a LiteLLM proxy, a script or an importer.",
            icon=":material/key_off:",
        )
        return
    st.header("Keys", anchor=False)
    st.dataframe(
        pd.DataFrame([_row(key, timezone) for key in keys]),
        hide_index=True,
        column_config={"Label": st.column_config.Column(pinned=True, width=150)},
        alt="Ingest keys with scope, state and last use",
    )
    working = {key.ingest_key_id: key for key in keys if key.state == "active"}
    if not working:
        return
    with st.form("stop_key"):
        chosen = st.selectbox(
            "Revoke a key",
            list(working),
            index=None,
            format_func=lambda key_id: f"{working[key_id].label} ({working[key_id].scope})",
            placeholder="Choose a key",
        )
        sent = st.form_submit_button("Revoke it now", icon=":material/block:")
    if sent and chosen:
        act(lambda: f"{stop_ingest_key(me, chosen)} is revoked: what uses it is refused from now.")


def _make(me: Me, label: str, user_id: str | None, team: str | None, days: int | None) -> None:
    try:
        key = add_ingest_key(me, label, user_id=user_id or None, team=team or None, days=days)
    except FootprintError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    url, publishable_key = get_settings().require_api()
    st.success(
        "Copy it now, into the settings of what sends requests: the key is shown this once.",
        icon=":material/check_circle:",
    )
    st.code(SNIPPET.format(url=url, publishable_key=publishable_key, key=key), language="bash")


def _row(key: IngestKey, timezone: str) -> dict[str, str]:
    return {
        "Label": key.label,
        "For": key.scope,
        "State": key.state.title(),
        "Last used": moment(key.last_used_at, timezone),
        "Expires": moment(key.expires_at, timezone),
        "Made": moment(key.created_at, timezone),
    }
