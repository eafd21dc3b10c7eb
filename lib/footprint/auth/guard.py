"""The first statement of every page: who is asking, and whether this page is for them.

The database decides what anybody may read; the guard decides which screen they are shown.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import streamlit as st

from footprint.auth.browser import current, hold_state_for
from footprint.auth.cookies import check_keys
from footprint.auth.gotrue import SessionEnded
from footprint.auth.sessions import AuthSession
from footprint.auth.sign_in import sign_in_screen
from footprint.config import get_settings
from footprint.data.client import rpc
from footprint.data.release import check_release
from footprint.errors import FootprintError
from footprint.shell import screens
from footprint.shell.screens import NoProfile

Role = Literal["member", "admin", "finance"]

# Seconds for which a person's role is believed; a reload asks at once.
PROFILE_LIFETIME_S = 60.0


@dataclass(frozen=True)
class Me:
    """The signed-in person, as the database knows them."""

    user_id: str
    email: str
    full_name: str | None
    role: Role
    team: str | None
    timezone: str | None
    session: AuthSession = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What to call them."""
        return self.full_name or self.email


@dataclass(frozen=True)
class _Profile:
    me: Me
    read_at: float


def require_user() -> Me:
    """Return the signed-in person, or show the screen that helps instead and stop the page."""
    try:
        me = identify()
    except FootprintError as error:
        screens.failure(error)
        st.stop()
    if me is None:
        sign_in_screen()
        st.stop()
    return me


def require_role(*roles: Role) -> Me:
    """Return the signed-in person where they have one of ``roles``, or refuse kindly and stop."""
    me = require_user()
    if me.role not in roles:
        screens.wrong_role(me.role, roles)
        st.stop()
    return me


def identify() -> Me | None:
    """Return who is signed in, ``None`` for nobody.

    Raises:
        ConfigurationError: where the app is not set up.
        ServiceUnavailable: where Supabase does not answer.
        WrongRelease: where app and database are of releases that do not fit.
        NoProfile: where the organisation does not know the account yet.
    """
    settings = get_settings()
    settings.require_api()
    check_keys(settings)
    session = current()
    hold_state_for(session.auth_user_id if session else None)
    if session is None:
        return None
    try:
        me = _profile(session)
    except SessionEnded:
        hold_state_for(None)
        return None
    if me is None:
        raise NoProfile("Your account has no profile in this organisation yet.")
    return me


def _profile(session: AuthSession) -> Me | None:
    """Return the person as the database knows them, asking it at most once a minute."""
    _ = session.access_token  # renews it before the page asks for data, or finds it revoked
    kept = session.profile
    if isinstance(kept, _Profile) and time.monotonic() - kept.read_at < PROFILE_LIFETIME_S:
        return kept.me
    check_release(session)
    person = rpc(session, "me")
    me = _me(person, session) if person else None
    # No profile yet is not remembered: the confirmation may be a click away.
    session.profile = _Profile(me, time.monotonic()) if me else None
    return me


def _me(person: dict[str, Any], session: AuthSession) -> Me:
    return Me(
        user_id=person["user_id"],
        email=person.get("email") or "",
        full_name=person.get("full_name"),
        role=cast(Role, person["role"]),
        team=person.get("team"),
        timezone=person.get("timezone"),
        session=session,
    )
