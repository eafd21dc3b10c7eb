"""The sign-in screen."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import streamlit as st

from footprint.auth.browser import browser_cookie, browser_id
from footprint.auth.cookies import cookie_names
from footprint.auth.flows import sign_in_with_password
from footprint.config import get_settings
from footprint.errors import FootprintError
from footprint.shell import brand, bridge
from footprint.shell.demo import DemoAccount, read_demo
from footprint.shell.screens import card
from footprint.shell.text import plain

ROLE_ICONS = {
    "member": ":material/person:",
    "admin": ":material/groups:",
    "finance": ":material/receipt_long:",
}


def sign_in_screen() -> None:
    """Show the form; once it is right, hand the browser over to the page it came for."""
    browser = browser_id()
    with card():
        with st.container(horizontal_alignment="center", gap="xxsmall"):
            st.space("small")
            st.image(brand.favicon(), width=48)
            st.title(brand.NAME, anchor=False, text_alignment="center")
            st.caption(brand.PROMISE, text_alignment="center")
        if browser is None:
            st.warning(
                "Your browser sent no cookie, and without one nobody can stay signed in. "
                "Allow cookies for this site, then reload the page."
            )
            return
        if browser_cookie(cookie_names(get_settings()).session):
            st.info("Your session has ended: sign in to go on.")
        given = _form()
        answer = st.container()
        demo = read_demo(get_settings())
        chosen = _demo_choice(demo.accounts) if demo and demo.accounts else None
        if chosen is not None:
            given = (chosen.email, chosen.password)
        if given is not None:
            with answer:
                _sign_in(*given, browser)


def _form() -> tuple[str, str] | None:
    """Draw the form; return the e-mail address and password when it is sent."""
    with st.form("footprint_sign_in", border=False):
        email = st.text_input("E-mail", type="email", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        sent = st.form_submit_button("Sign in", type="primary", width="stretch")
    return (email or "", password or "") if sent else None


def _demo_choice(accounts: tuple[DemoAccount, ...]) -> DemoAccount | None:
    """Offer the demo's accounts, one click each; return the one chosen."""
    st.caption("Or look around the demo as", text_alignment="center")
    chosen = None
    for account in accounts:
        icon = ROLE_ICONS.get(account.role)
        if st.button(
            plain(account.name),
            key=f"demo_{account.email}",
            help=plain(account.what) or None,
            icon=icon,
            width="stretch",
        ):
            chosen = account
    return chosen


def _sign_in(email: str, password: str, browser: str) -> None:
    try:
        with st.spinner("Signing in…"):
            ticket = sign_in_with_password(email, password, browser)
    except FootprintError as error:
        st.error(str(error), icon=":material/error:")
        return
    bridge.post("/session/claim", ticket=ticket, next=_here())


def _here() -> str:
    """Return the page and filters this browser is asking for, to come back to."""
    path = urlsplit(st.context.url or "/").path or "/"
    query = urlencode(st.query_params.to_dict())
    return f"{path}?{query}" if query else path
