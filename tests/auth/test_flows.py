"""Signing in with a password: what is answered to whom, how fast, and how often."""

from __future__ import annotations

import time

import httpx
import pytest

from footprint.auth import flows
from footprint.auth.flows import sign_in_with_password, sign_out
from footprint.auth.gotrue import SessionEnded, SignInRefused
from footprint.auth.limits import FAILURES_PER_BROWSER, FAILURES_PER_EMAIL
from footprint.auth.sessions import STORE
from footprint.data.client import rpc
from footprint.errors import ConfigurationError, ServiceUnavailable
from footprint.local.stack import LiteOptions, Stack
from house import Database
from web import BROWSER, PASSWORD, Web, email, tell_settings


def refusal(address: str, password: str = "wrong", browser: str = BROWSER) -> str:
    with pytest.raises(SignInRefused) as refused:
        sign_in_with_password(address, password, browser)
    return str(refused.value)


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "REFUSAL_S", 0.0)


def test_the_right_password_gives_a_ticket_for_this_browser(web: Web) -> None:
    ticket = sign_in_with_password(email("ann"), PASSWORD, BROWSER)
    session = STORE.redeem_ticket(ticket, BROWSER)

    assert session is not None
    assert rpc(session, "me")["email"] == email("ann")


def test_spaces_and_capitals_in_the_address_do_not_matter(web: Web) -> None:
    assert sign_in_with_password("  ANN@Example.net ", PASSWORD, BROWSER)


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(web: Web) -> None:
    began = time.monotonic()
    wrong = refusal(email("ann"))
    unknown = refusal("nobody@example.net")
    took = time.monotonic() - began

    assert wrong == unknown
    assert took >= 2 * flows.REFUSAL_S


@pytest.mark.parametrize(
    ("address", "password"),
    [("x" * 400 + "@example.net", "p"), (email("ann"), "p" * 2000), ("'; drop table x--", "p")],
)
def test_impossible_input_gets_the_same_answer_as_a_wrong_password(
    web: Web, no_delay: None, address: str, password: str
) -> None:
    assert refusal(address, password) == refusal(email("ann"))


@pytest.mark.parametrize(("address", "password"), [("", ""), ("   ", "p"), (email("ann"), "")])
def test_an_empty_field_is_named(web: Web, address: str, password: str) -> None:
    assert refusal(address, password) == "Enter your e-mail address and your password."


def test_an_address_is_locked_for_a_while_after_ten_failures_from_anywhere(
    web: Web, no_delay: None
) -> None:
    for number in range(FAILURES_PER_EMAIL):
        refusal(email("bob"), browser=f"browser {number}")

    assert refusal(email("bob"), PASSWORD, "yet another") == (
        "Too many attempts: try again in 15 minutes."
    )
    assert sign_in_with_password(email("ann"), PASSWORD, "yet another")


def test_a_locked_address_answers_alike_whether_it_exists_or_not(web: Web, no_delay: None) -> None:
    for number in range(FAILURES_PER_EMAIL):
        refusal("nobody@example.net", browser=f"browser {number}")

    assert refusal("nobody@example.net").startswith("Too many attempts")


def test_a_browser_is_locked_for_a_while_after_twenty_failures_with_any_address(
    web: Web, no_delay: None
) -> None:
    for number in range(FAILURES_PER_BROWSER):
        refusal(f"{number}@example.net")

    assert refusal(email("ann"), PASSWORD).startswith("Too many attempts")
    assert sign_in_with_password(email("ann"), PASSWORD, "another browser")


def test_signing_in_rightly_is_never_counted(web: Web) -> None:
    for _ in range(FAILURES_PER_BROWSER + 5):
        assert sign_in_with_password(email("ann"), PASSWORD, BROWSER)


def test_a_service_that_is_down_is_said_so_and_not_counted_as_a_failure(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": "http://127.0.0.1:9"})
    for _ in range(FAILURES_PER_EMAIL + 1):
        with pytest.raises(ServiceUnavailable):
            sign_in_with_password(email("ann"), PASSWORD, BROWSER)

    tell_settings(monkeypatch, web.environment)
    assert sign_in_with_password(email("ann"), PASSWORD, BROWSER)


def test_a_key_that_supabase_does_not_know_is_not_blamed_on_the_password(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**web.environment, "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_wrong"}
    tell_settings(monkeypatch, wrong)

    with pytest.raises(ServiceUnavailable):
        sign_in_with_password(email("ann"), PASSWORD, BROWSER)


def test_an_app_that_is_not_set_up_says_what_to_set(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_settings(monkeypatch, {})

    with pytest.raises(ConfigurationError, match="SUPABASE_URL"):
        sign_in_with_password(email("ann"), PASSWORD, BROWSER)


def test_signing_out_ends_the_session_here_and_at_supabase(web: Web) -> None:
    ticket = sign_in_with_password(email("ann"), PASSWORD, BROWSER)
    session = STORE.redeem_ticket(ticket, BROWSER)
    assert session is not None
    cookie = session.to_seal()

    sign_out(session)

    assert STORE.resolve(cookie) is None
    with pytest.raises(SessionEnded):
        STORE._renew(cookie.refresh_token)


def test_signing_out_works_while_supabase_is_down(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = sign_in_with_password(email("ann"), PASSWORD, BROWSER)
    session = STORE.redeem_ticket(ticket, BROWSER)
    assert session is not None
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": "http://127.0.0.1:9"})

    sign_out(session)

    assert STORE.resolve(session.to_seal()) is None


def test_an_address_that_is_not_confirmed_gets_the_same_answer_whatever_the_password(
    stack: Stack, database: Database, web: Web, monkeypatch: pytest.MonkeyPatch, no_delay: None
) -> None:
    with stack.serve(database.name, options=LiteOptions(confirm_email=True)) as server:
        httpx.post(
            f"{server.api_url}/auth/v1/signup",
            headers={"apikey": server.publishable_key},
            json={"email": "new@example.net", "password": PASSWORD},
        ).raise_for_status()
        address = {
            "SUPABASE_URL": server.api_url,
            "SUPABASE_PUBLISHABLE_KEY": server.publishable_key,
        }
        tell_settings(monkeypatch, {**web.environment, **address})

        answers = {
            refusal("new@example.net", PASSWORD),
            refusal("new@example.net"),
            refusal("nobody@example.net"),
        }

    assert len(answers) == 1
    assert "confirm its address" in answers.pop()
