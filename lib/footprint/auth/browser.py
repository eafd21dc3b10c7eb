"""What a script run knows about the browser it runs for."""

from __future__ import annotations

import streamlit as st

from footprint.auth.cookies import cookie_names, unseal
from footprint.auth.sessions import STORE, AuthSession
from footprint.config import get_settings

# Where a tab's session state notes whom it belongs to.
OWNER = "_footprint_owner"


def browser_cookie(name: str) -> str | None:
    """Return a cookie as the browser sent it when this tab connected."""
    value = st.context.cookies.get(name)
    return value if isinstance(value, str) else None


def browser_id() -> str | None:
    """Return the random value that tells this browser from others; ``None`` without cookies."""
    return browser_cookie(cookie_names(get_settings()).browser)


def current() -> AuthSession | None:
    """Return the session of whoever sits at this browser; ``None`` where nobody is signed in."""
    settings = get_settings()
    return STORE.resolve(unseal(browser_cookie(cookie_names(settings).session), settings))


def hold_state_for(owner: str | None) -> None:
    """Wipe the tab's state where it was somebody else's, and note whose it is now."""
    if OWNER in st.session_state and st.session_state[OWNER] != owner:
        st.session_state.clear()
    if owner is not None:
        st.session_state[OWNER] = owner
