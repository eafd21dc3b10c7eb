"""Signing in, from the form to the ticket with which the browser claims its cookie."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from footprint.auth import gotrue
from footprint.auth.gotrue import SessionEnded, SignInRefused
from footprint.auth.limits import (
    FAILURES_PER_BROWSER,
    FAILURES_PER_EMAIL,
    INVITATIONS_PER_ADMIN,
    Limiter,
)
from footprint.auth.process import process_wide
from footprint.auth.sessions import STORE, AuthSession
from footprint.errors import ServiceUnavailable

LOG = logging.getLogger(__name__)

# A refusal takes at least this long, so that its speed does not tell who has an account.
REFUSAL_S = 0.6
# Longer than any address or password that Supabase Auth accepts.
LONGEST_EMAIL = 320
LONGEST_PASSWORD = 1024
# NIST SP 800-63B asks for eight at least, and for no rule about kinds of characters.
SHORTEST_PASSWORD = 8

BY_EMAIL = process_wide("limit_by_email", lambda: Limiter(FAILURES_PER_EMAIL))
INVITATIONS = process_wide("limit_invitations", lambda: Limiter(INVITATIONS_PER_ADMIN))
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


def send_code(email: str, browser: str) -> None:
    """Have a code sent to an address, where it has an account; whoever asks is not told which.

    Raises:
        SignInRefused: where the address cannot be one, or too many codes were asked for.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    _have_sent(gotrue.send_code, email, browser)


def send_recovery(email: str, browser: str) -> None:
    """Have a link sent with which to set a password; whoever asks is not told who has an account.

    Raises:
        SignInRefused: where the address cannot be one, or too many links were asked for.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    _have_sent(gotrue.send_recovery, email, browser)


def _have_sent(send: Callable[[str], None], email: str, browser: str) -> None:
    email = email.strip().lower()
    if not email or len(email) > LONGEST_EMAIL:
        raise SignInRefused("Enter your e-mail address.")
    _take_attempt(email, browser)
    began = time.monotonic()
    send(email)
    time.sleep(max(0.0, began + REFUSAL_S - time.monotonic()))


def invite(session: AuthSession, email: str) -> None:
    """Have a link sent to an address that was invited, making its account where it has none.

    Args:
        session: of the admin who invites; it bounds how many mails leave in a while.
        email: the address, in lower case.

    Raises:
        SignInRefused: where too many were sent, or Supabase Auth makes no accounts by itself.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    wait_s = INVITATIONS.take(session.auth_user_id)
    if wait_s:
        raise SignInRefused(f"Many invitations just now: send it in {_minutes(wait_s)}.")
    gotrue.send_invitation(email)


def sign_in_with_code(email: str, code: str, browser: str) -> str:
    """Sign somebody in by a code from an e-mail and return the ticket for this browser's claim.

    Raises:
        SignInRefused: where the code is wrong, used or too old, or was guessed too often.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    email, code = email.strip().lower(), "".join(code.split())
    if not code.isdecimal() or not 4 <= len(code) <= 10:
        raise SignInRefused("Enter the code from the e-mail, digits only.")
    _take_attempt(email, browser)
    tokens = gotrue.verify_code(email, code)
    BY_EMAIL.forget(email)
    BY_BROWSER.give_back(browser)
    return STORE.issue_ticket(STORE.create(tokens), browser)


def sign_up(email: str, password: str, full_name: str, browser: str) -> str | None:
    """Make an account; return a ticket, or ``None`` where its address is to be confirmed first.

    Raises:
        SignInRefused: where no account can be made so, in one sentence.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    email = email.strip().lower()
    if "@" not in email or len(email) > LONGEST_EMAIL:
        raise SignInRefused("Enter your e-mail address.")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise SignInRefused(f"A password has at least {SHORTEST_PASSWORD} characters.")
    _take_attempt(email, browser)
    began = time.monotonic()
    tokens = gotrue.sign_up(email, password, full_name.strip()[:200])
    if tokens is None:
        time.sleep(max(0.0, began + REFUSAL_S - time.monotonic()))
        return None
    return STORE.issue_ticket(STORE.create(tokens), browser)


def change_password(session: AuthSession, email: str, current: str, new: str) -> None:
    """Set a password; the one before is needed unless the person has only just signed in.

    Raises:
        SignInRefused: where the current password is wrong, or the new one too weak.
        ServiceUnavailable: where Supabase Auth does not answer.
    """
    if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
        raise SignInRefused(f"A password has at least {SHORTEST_PASSWORD} characters.")
    if not session.is_fresh:
        _take_attempt(email, session.sid)
        try:
            proof = gotrue.sign_in(email, current)
        except SignInRefused:
            raise SignInRefused("Your current password is not right.") from None
        BY_EMAIL.forget(email)
        gotrue.sign_out(proof.access_token)
    gotrue.set_password(session.access_token, new)


def sign_out(session: AuthSession, *, everywhere: bool = False) -> None:
    """End a session, or all of its person's, here at once and at Supabase Auth if it answers."""
    try:
        token = session.access_token
    except (SessionEnded, ServiceUnavailable):
        token = None
    STORE.end(session)
    if everywhere:
        STORE.end_all_of(session.auth_user_id)
    if token is None:
        return
    try:
        gotrue.sign_out(token, everywhere=everywhere)
    except ServiceUnavailable:
        LOG.warning("A session was ended here, but the sign-in service could not be told.")


def _take_attempt(email: str, browser: str) -> None:
    wait_s = BY_EMAIL.take(email)
    if not wait_s:
        wait_s = BY_BROWSER.take(browser)
        if wait_s:
            BY_EMAIL.give_back(email)
    if wait_s:
        raise SignInRefused(f"Too many attempts: try again in {_minutes(wait_s)}.")


def _minutes(wait_s: int) -> str:
    minutes = -(-wait_s // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
