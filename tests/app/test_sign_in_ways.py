"""The ways to sign in that the screen offers, and what each leads to."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from web import ROOT, Web, cookies_of, email, session_for, sit_at_browser, tell_settings


def open_app(monkeypatch: pytest.MonkeyPatch, page: str | None = None, **session: str) -> AppTest:
    someone = session_for(session["person"]) if session else None
    sit_at_browser(monkeypatch, cookies_of(someone))
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30).run()
    if page:
        at.switch_page(page).run()
    assert not at.exception, at.exception[0].message
    return at


def ways(at: AppTest) -> list[str]:
    [group] = [group for group in at.button_group if group.key == "footprint_way"]
    return [str(option) for option in group.options]


def test_accounts_and_providers_are_offered_only_where_the_deployment_says_so(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ways(open_app(monkeypatch)) == ["Password", "E-mail code"]
    own = {"FOOTPRINT_SIGN_UP": "1", "FOOTPRINT_OAUTH_PROVIDERS": "google,keycloak"}
    tell_settings(monkeypatch, web.environment | own)
    at = open_app(monkeypatch)
    assert ways(at) == ["Password", "E-mail code", "New account"]
    links = "".join(element.proto.body for element in at.get("html"))
    assert 'href="/session/oauth/google?next=%2F"' in links
    assert "Continue with Keycloak" in links


def test_a_code_is_asked_for_and_a_wrong_one_refused(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_app(monkeypatch)
    at.button_group(key="footprint_way").set_value("E-mail code").run()
    at.text_input[0].set_value(email("bob"))
    at.button[0].click().run()
    assert [field.label for field in at.text_input] == ["Code"]
    at.text_input[0].set_value("000000")
    at.button[0].click().run()
    assert "wrong or too old" in at.error[0].value
    assert not [e for e in at.get("html") if "/session/claim" in e.proto.body]


def test_a_new_account_is_signed_in_or_told_to_look_at_its_mail(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_settings(monkeypatch, web.environment | {"FOOTPRINT_SIGN_UP": "1"})
    at = open_app(monkeypatch)
    at.button_group(key="footprint_way").set_value("New account").run()
    for field, value in zip(
        at.text_input, ["Zoë", "zoe@example.net", "a long password"], strict=True
    ):
        field.set_value(value)
    at.button[0].click().run()
    assert [e for e in at.get("html") if "/session/claim" in e.proto.body]
    role = "select role from public.user_profiles where email = 'zoe@example.net'"
    assert web.database.one(role) == "member"


def test_the_account_page_sets_a_password_and_signs_out_everywhere(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_app(monkeypatch, "pages/account.py", person="bob")
    next(field for field in at.text_input if field.label == "New password").set_value("short")
    next(button for button in at.button if button.label == "Set the password").click().run()
    assert "at least 8" in at.error[0].value
    next(button for button in at.button if button.label == "Sign out everywhere").click().run()
    forms = [e.proto.body for e in at.get("html") if "/session/logout" in e.proto.body]
    assert 'name="everywhere" value="yes"' in forms[0]
