"""Signing in, from the form to the ticket with which the browser claims its cookie."""

from __future__ import annotations

import logging
import time

from footprint.auth import gotrue
from footprint.auth.gotrue import SessionEnded, SignInRefused
from footprint.auth.limits import FAILURES_PER_BROWSER, FAILURES_PER_EMAIL, Limiter
from footprint.auth.process import process_wide
from footprint.auth.sessions import STORE, AuthSession
from footprint.errors import ServiceUnavailable

LOG = logging.getLogger(__name__)

# A refusal takes at least this long, so that its speed does not tell who has an account.
REFUSAL_S = 0.6
# Longer than any address or password that Supabase Auth accepts.
LONGEST_EMAIL = 320
LONGEST_PASSWORD = 1024

BY_EMAIL = process_wide("limit_by_email", lambda: Limiter(FAILURES_PER_EMAIL))
BY_BROWSER = process_wide("limit_by_browser", lambda: Limiter(FAILURES_PER_BROWSER))


def sign_in_with_password(email: str, password: str, browser: str) -> str:
    """Sign somebody in and return the ticket for this browser's claim.

    Args:
        email: as typed; spaces around it and its case do not matter.
        password: as typed.
        browser: the random value of the browser's own cookie.

    Raises:
        SignInRefused: one sentence; the same for an unknown address and a wrong password.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    email = email.strip().lower()
    if not email or not password:
        raise SignInRefused("Enter your e-mail address and your password.")
    if len(email) > LONGEST_EMAIL or len(password) > LONGEST_PASSWORD:
        raise SignInRefused(gotrue.NO_MATCH)
    _take_attempt(email, browser)
    began = time.monotonic()
    try:
        tokens = gotrue.sign_in(email, password)
    except SignInRefused:
        time.sleep(max(0.0, began + REFUSAL_S - time.monotonic()))
        raise
    except ServiceUnavailable:
        BY_EMAIL.give_back(email)
        BY_BROWSER.give_back(browser)
        raise
    BY_EMAIL.forget(email)
    BY_BROWSER.give_back(browser)
    return STORE.issue_ticket(STORE.create(tokens), browser)


def sign_out(session: AuthSession) -> None:
    """End a session here at once, and at Supabase Auth if it answers."""
    try:
        token = session.access_token
    except (SessionEnded, ServiceUnavailable):
        token = None
    STORE.end(session)
    if token is None:
        return
    try:
        gotrue.sign_out(token)
    except ServiceUnavailable:
        LOG.warning("A session was ended here, but the sign-in service could not be told.")


def _take_attempt(email: str, browser: str) -> None:
    wait_s = BY_EMAIL.take(email)
    if not wait_s:
        wait_s = BY_BROWSER.take(browser)
        if wait_s:
            BY_EMAIL.give_back(email)
    if wait_s:
        minutes = -(-wait_s // 60)
        unit = "minute" if minutes == 1 else "minutes"
        raise SignInRefused(f"Too many attempts: try again in {minutes} {unit}.")
