"""The sign-in screen."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from footprint.auth.browser import browser_cookie, browser_id
from footprint.auth.cookies import cookie_names
from footprint.auth.flows import (
    send_code,
    send_recovery,
    sign_in_with_code,
    sign_in_with_password,
    sign_up,
)
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

BY_PASSWORD, BY_CODE, NEW_ACCOUNT = "Password", "E-mail code", "New account"
PROVIDER_TITLES = {
    "google": "Google",
    "github": "GitHub",
    "gitlab": "GitLab",
    "azure": "Microsoft",
    "keycloak": "Keycloak",
    "linkedin_oidc": "LinkedIn",
}
_SENT_TO = "footprint_code_sent_to"
_FORGOTTEN = "footprint_password_forgotten"


def sign_in_screen() -> None:
    """Show the form; once it is right, hand the browser over to the page it came for."""
    browser = browser_id()
    with card():
        with st.container(horizontal_alignment="center", gap="xxsmall"):
            st.space("small")
            st.image(brand.favicon(), width=48, alt="")
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
        _providers(get_settings().oauth_providers)
        way = _way(get_settings().sign_up)
        if way == BY_CODE:
            _by_code(browser)
            return
        if way == NEW_ACCOUNT:
            _new_account(browser)
            return
        if st.session_state.get(_FORGOTTEN):
            _recovery(browser)
            return
        given = _form()
        answer = st.container()
        if st.button("Forgot your password?", type="tertiary"):
            st.session_state[_FORGOTTEN] = True
            st.rerun()
        demo = read_demo(get_settings())
        chosen = _demo_choice(demo.accounts) if demo and demo.accounts else None
        if chosen is not None:
            given = (chosen.email, chosen.password)
        if given is not None:
            with answer:
                _sign_in(*given, browser)


def _providers(names: tuple[str, ...]) -> None:
    """Draw a way out to each sign-in provider: plain links, for the browser has to leave."""
    for name in names:
        title = PROVIDER_TITLES.get(name, name.removeprefix("custom:").title())
        address = f"/session/oauth/{quote(name)}?{urlencode({'next': _here()})}"
        st.html(
            f'<a href="{escape(address)}" target="_self" style="display:block;text-align:center;'
            "padding:.55rem;border:1px solid currentColor;border-radius:8px;color:inherit;"
            f'text-decoration:none">Continue with {escape(title)}</a>'
        )


def _way(may_sign_up: bool) -> str:
    ways = [BY_PASSWORD, BY_CODE, *([NEW_ACCOUNT] if may_sign_up else [])]
    chosen = st.segmented_control(
        "Sign in with",
        ways,
        default=BY_PASSWORD,
        required=True,
        key="footprint_way",
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen or BY_PASSWORD


def _by_code(browser: str) -> None:
    """Draw the two steps: have a code sent, enter it."""
    sent_to = st.session_state.get(_SENT_TO)
    if sent_to is None:
        with st.form("footprint_send_code", border=False):
            email = st.text_input("E-mail", type="email", autocomplete="username")
            sent = st.form_submit_button("Send me a code", type="primary", width="stretch")
        if sent and _tried(lambda: send_code(email or "", browser)):
            st.session_state[_SENT_TO] = (email or "").strip().lower()
            st.rerun()
        return
    st.write(
        f"If {plain(sent_to)} has an account here, an e-mail with a code is on its way. "
        "Its link works too."
    )
    with st.form("footprint_code", border=False):
        code = st.text_input("Code", autocomplete="one-time-code", max_chars=12)
        sent = st.form_submit_button("Sign in", type="primary", width="stretch")
    if sent:
        _enter(lambda: sign_in_with_code(sent_to, code, browser))
    if st.button("Send another", type="tertiary"):
        del st.session_state[_SENT_TO]
        st.rerun()


def _recovery(browser: str) -> None:
    """Draw the form that has a link sent, with which to set a new password."""
    with st.form("footprint_recovery", border=False):
        email = st.text_input("E-mail", type="email", autocomplete="username")
        sent = st.form_submit_button("Send me a link", type="primary", width="stretch")
    if sent and _tried(lambda: send_recovery(email or "", browser)):
        st.success(
            f"If {plain((email or '').strip().lower())} has an account here, an e-mail with a link "
            "to set a new password is on its way."
        )
    if st.button("Back to signing in", type="tertiary"):
        del st.session_state[_FORGOTTEN]
        st.rerun()


def _new_account(browser: str) -> None:
    """Draw the form that makes an account."""
    with st.form("footprint_sign_up", border=False):
        name = st.text_input("Name", autocomplete="name", max_chars=200)
        email = st.text_input("E-mail", type="email", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="new-password")
        sent = st.form_submit_button("Create account", type="primary", width="stretch")
    if sent:
        _enter(lambda: sign_up(email or "", password or "", name or "", browser))


def _tried(deed: Callable[[], object]) -> bool:
    """Do something; where it is refused, say why and return False."""
    try:
        with st.spinner("One moment…"):
            deed()
    except FootprintError as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True


def _enter(deed: Callable[[], str | None]) -> None:
    """Have the browser claim the ticket that ``deed`` returns; without one, it waits for a mail."""
    tickets: list[str | None] = []
    if not _tried(lambda: tickets.append(deed())):
        return
    if tickets[0] is None:
        st.success("Check your e-mail and follow the link in it, then sign in.")
    else:
        bridge.post("/session/claim", ticket=tickets[0], next=_here())


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
    _enter(lambda: sign_in_with_password(email, password, browser))


def _here() -> str:
    """Return the page and filters this browser is asking for, to come back to."""
    path = urlsplit(st.context.url or "/").path or "/"
    query = urlencode(st.query_params.to_dict())
    return f"{path}?{query}" if query else path
