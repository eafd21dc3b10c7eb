"""The screens for when a page cannot be shown: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from footprint.config import get_settings
from footprint.errors import (
    ConfigurationError,
    FootprintError,
    ServiceUnavailable,
    WrongRelease,
)
from footprint.shell import bridge
from footprint.shell.places import PLACES, Place
from footprint.shell.text import plain

ROLE_TITLES = {"member": "Member", "admin": "Administrator", "finance": "Finance"}
ROLE_NAMES = {"member": "members", "admin": "administrators", "finance": "finance"}


class NoProfile(FootprintError):
    """The account exists, but the organisation does not know it yet."""


@contextmanager
def card(width: int = 440) -> Iterator[None]:
    """Centre what follows in a card ``width`` pixels wide, or as wide as a small screen."""
    st.space("small")
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, width=width, gap="small"),
    ):
        yield


def failure(error: FootprintError, *, offer_sign_out: bool = False) -> None:
    """Show the screen for an error that a person can do something about.

    Args:
        error: what happened.
        offer_sign_out: whether this screen is all there is, without the frame's own button.
    """
    with card(560 if isinstance(error, ConfigurationError) else 440):
        if isinstance(error, ConfigurationError):
            _misconfigured(error)
            return
        if isinstance(error, ServiceUnavailable):
            _service_down(error)
        elif isinstance(error, NoProfile):
            _no_profile()
        elif isinstance(error, WrongRelease):
            _heading(":material/sync_problem:", "App and database do not fit together")
            st.write(plain(str(error)))
            st.write("Nothing is lost: requests are still recorded.")
            _try_again()
        else:
            _heading(":material/block:", "That did not work")
            st.write(plain(str(error)))
            _try_again()
        if offer_sign_out:
            sign_out_button()


def wrong_role(role: str, roles: Sequence[str], place: Place | None = None) -> None:
    """Say whom a page is for, and where this person's own figures are."""
    with card():
        _heading(":material/lock:", "This page is not for your account")
        if place is not None:
            st.write(f"**{place.title}** shows {place.purpose}.")
        st.write(
            f"It is open to {_listed(roles)}, and your role is {ROLE_TITLES.get(role, role)}. "
            "If you need it, ask an administrator to change your role."
        )
        if place is not None:
            st.page_link(PLACES[0].file, label="Go to your own footprint", icon=PLACES[0].icon)


def _misconfigured(error: ConfigurationError) -> None:
    _heading(":material/settings_alert:", "Footprint is not set up yet")
    st.write(plain(str(error)))
    settings = get_settings()
    if not settings.supabase_url or not settings.supabase_publishable_key:
        st.code(
            "SUPABASE_URL=https://your-project.supabase.co\n"
            "SUPABASE_PUBLISHABLE_KEY=sb_publishable_…",
            language="bash",
        )
    st.caption("Settings are read when the server starts: start it again afterwards.")


def _service_down(error: ServiceUnavailable) -> None:
    _heading(":material/cloud_off:", "A service is not answering")
    st.write(plain(str(error)))
    st.write("You stay signed in, and nothing is lost.")
    _try_again()


def _no_profile() -> None:
    _heading(":material/mark_email_unread:", "Nearly there")
    st.write(
        "Your account has no profile in this organisation yet. Confirm your e-mail address "
        "with the link we sent you, then check again. If you did, ask an administrator to invite "
        "you."
    )
    _try_again("Check again")


def sign_out_button() -> None:
    """Offer to sign out; the browser leaves the page by the route that clears the cookie."""
    if st.button("Sign out", icon=":material/logout:", key="footprint_sign_out", width="stretch"):
        bridge.post("/session/logout")


def _heading(icon: str, title: str) -> None:
    st.header(f"{icon} {title}", anchor=False)


def _try_again(label: str = "Try again") -> None:
    # A click is a rerun, and a rerun is another try.
    st.button(label, icon=":material/refresh:", type="primary", width="stretch")


def _listed(roles: Sequence[str]) -> str:
    return " and ".join(ROLE_NAMES.get(role, role) for role in roles)
