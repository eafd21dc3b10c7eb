"""What the people page draws of invitations: the form, and those that nobody has accepted yet."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.invitations import (
    Invitation,
    invitations,
    invite_person,
    send_again,
    withdraw_invitation,
)
from footprint.shell.screens import ROLE_TITLES
from footprint.ui.acts import NOTHING, act, moment


def draw_invitations(me: Me, timezone: str) -> None:
    """Draw the form to invite somebody, and what waits for an answer."""
    waiting = invitations(me)
    title = f"Invite somebody ({len(waiting)} waiting)" if waiting else "Invite somebody"
    with st.expander(title, icon=":material/person_add:"):
        _form(me)
        if waiting:
            _waiting(me, waiting, timezone)


def _form(me: Me) -> None:
    with st.form("invite", border=False, clear_on_submit=True):
        with st.grid(4, min_column_width=200):
            email = st.text_input("Their e-mail", type="email", max_chars=320, key="invite_email")
            role = st.selectbox(
                "Their role",
                list(ROLE_TITLES),
                format_func=ROLE_TITLES.__getitem__,
                key="invite_role",
            )
            team = st.text_input("Their team", max_chars=100, placeholder="None", key="invite_team")
            days = st.number_input("Good for (days)", 1, 90, 14, key="invite_days")
        st.caption(
            "They get a link by e-mail. Whoever proves the address, by that link or by any other "
            "way to sign in, has this role and team."
        )
        sent = st.form_submit_button("Send the invitation", type="primary")
    if sent:
        act(lambda: invite_person(me, email or "", role, team or "", int(days)))


def _waiting(me: Me, waiting: list[Invitation], timezone: str) -> None:
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "E-mail": each.email,
                    "Role": ROLE_TITLES[each.role],
                    "Team": each.team,
                    "Until": moment(each.expires_at, timezone) if each.is_good else "Ended",
                    "Invited by": each.invited_by,
                }
                for each in waiting
            ]
        ),
        hide_index=True,
        placeholder=NOTHING,
        alt="Invitations that nobody has accepted yet",
    )
    by_id = {each.invitation_id: each for each in waiting}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Invitation",
            list(by_id),
            index=None,
            format_func=lambda invitation_id: _address(by_id.get(invitation_id)),
            placeholder="Choose one",
            width=320,
        )
        again = st.button("Send again", disabled=chosen is None, icon=":material/forward_to_inbox:")
        withdraw = st.button("Withdraw", disabled=chosen is None, icon=":material/block:")
    if chosen and again:
        act(lambda: send_again(me, by_id[chosen]))
    if chosen and withdraw:
        act(lambda: withdraw_invitation(me, by_id[chosen]))


def _address(invitation: Invitation | None) -> str:
    return invitation.email if invitation else ""
