"""What a person sees, run by Streamlit's own test runner against a real Supabase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from footprint.auth.browser import OWNER
from footprint.auth.gotrue import Tokens
from footprint.auth.sessions import STORE
from footprint.shell.places import PLACES
from web import (
    PASSWORD,
    ROLES,
    ROOT,
    Web,
    cookies_of,
    email,
    session_for,
    sit_at_browser,
    tell_settings,
)

NOTICE = {
    "title": "Demo: real token counts, invented *people*",
    "real": "token counts and arrival times.",
    "synthetic": "people, teams and [models](https://evil.example).",
    "source": "A trace",
    "licence": "CC-BY 4.0",
}


def words(at: AppTest) -> str:
    """Return everything readable on the screen."""
    kinds = ["title", "header", "subheader", "markdown", "caption", "text", "info", "error"]
    kinds += ["warning", "success"]
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def html(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def open_app(page: str | None = None) -> AppTest:
    st.cache_data.clear()
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30)
    at.run()
    if page:
        at.switch_page(page).run()
    assert not at.exception, at.exception[0].message
    return at


def as_person(
    monkeypatch: pytest.MonkeyPatch, person: str | None, page: str | None = None
) -> AppTest:
    session = session_for(person) if person else None
    sit_at_browser(monkeypatch, cookies_of(session))
    return open_app(page)


PAGES = [place.file for place in PLACES]
SIGN_IN = ["Sign in", "Forgot your password?"]


@pytest.mark.parametrize("page", PAGES)
def test_signed_out_every_page_is_the_sign_in_screen_and_nothing_else(
    web: Web, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    at = as_person(monkeypatch, None, page)

    assert [title.value for title in at.title] == ["Footprint"]
    assert [field.label for field in at.text_input] == ["E-mail", "Password"]
    assert buttons(at) == SIGN_IN
    assert not at.metric


@pytest.mark.parametrize("page", PAGES)
def test_a_page_run_on_its_own_asks_to_sign_in_too(
    web: Web, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """The guard is on every page's first line, not only in the frame around it."""
    sit_at_browser(monkeypatch, cookies_of(None))
    at = AppTest.from_file(str(ROOT / page), default_timeout=30).run()

    assert not at.exception
    assert [title.value for title in at.title] == ["Footprint"]
    assert buttons(at) == SIGN_IN


@pytest.mark.parametrize("person", ROLES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_each_role_sees_its_own_pages_and_a_kind_refusal_elsewhere(
    web: Web, monkeypatch: pytest.MonkeyPatch, person: str, place: object
) -> None:
    assert isinstance(place, type(PLACES[0]))
    at = as_person(monkeypatch, person, place.file)
    refused = "This page is not for your account" in words(at)

    assert refused == (ROLES[person] not in place.roles)
    if refused:
        assert place.purpose in words(at)
        assert not at.metric
    assert person.title() in words(at)
    assert "Sign out" in buttons(at)


def test_a_page_run_on_its_own_refuses_the_wrong_role(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_browser(monkeypatch, cookies_of(session_for("ann")))
    at = AppTest.from_file(str(ROOT / "pages/finance.py"), default_timeout=30).run()

    assert not at.exception
    assert "This page is not for your account" in words(at)
    assert not at.metric


def test_the_form_signs_in_and_sends_the_browser_for_its_cookie(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = as_person(monkeypatch, None, "pages/finance.py")
    at.text_input[0].set_value(email("fin"))
    at.text_input[1].set_value(PASSWORD)
    at.button[0].click().run()

    assert 'action="/session/claim"' in html(at)
    assert 'name="ticket"' in html(at)
    assert PASSWORD not in html(at)
    assert len(STORE._tickets) == 1


def test_a_refusal_is_one_sentence_and_the_form_is_still_there(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = as_person(monkeypatch, None)
    at.text_input[0].set_value(email("ann"))
    at.text_input[1].set_value("wrong")
    at.button[0].click().run()

    assert "do not match" in at.error[0].value
    assert "/session/claim" not in html(at)
    assert buttons(at) == SIGN_IN


def test_signing_out_leaves_by_the_route_that_clears_the_cookie(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = as_person(monkeypatch, "ann")
    next(button for button in at.button if button.label == "Sign out").click().run()

    assert 'method="post" action="/session/logout"' in html(at)


def test_a_session_that_ended_elsewhere_says_so_and_keeps_the_address(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("ann")
    sit_at_browser(monkeypatch, cookies_of(session))
    at = open_app()
    STORE.end(session)
    at.run()

    assert "Your session has ended" in words(at)
    assert buttons(at) == SIGN_IN
    assert "ann" not in words(at).lower()


def test_a_session_revoked_at_supabase_ends_with_its_next_refresh(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("bob")
    sit_at_browser(monkeypatch, cookies_of(session))
    at = open_app()
    web.database.execute("delete from auth.sessions where user_id = %s", [session.auth_user_id])
    session._renew_at = session._expires_at = 0.0
    at.run()

    assert "Your session has ended" in words(at)
    assert not at.exception


def test_a_browser_without_cookies_is_told_what_to_allow(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_browser(monkeypatch, {})
    at = open_app()

    assert "Allow cookies" in at.warning[0].value
    assert not at.button


def test_a_role_that_changed_is_seen_when_the_memory_of_it_is_a_minute_old(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("bob")
    sit_at_browser(monkeypatch, cookies_of(session))
    at = open_app("pages/organisation.py")
    assert "not for your account" in words(at)

    change = "update public.user_profiles set role = %s where email = %s"
    web.database.execute(change, ["admin", email("bob")])
    try:
        session.profile = None  # what a reload does; a minute would do the same
        at.run()
        assert "not for your account" not in words(at)
        assert "Administrator" in words(at)
    finally:
        web.database.execute(change, ["member", email("bob")])


def test_an_account_without_a_profile_is_told_what_is_missing_and_may_sign_out(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "update public.user_profiles set deleted_at = %s where email = %s"
    web.database.execute(change, ["2026-11-01", email("bob")])
    try:
        at = as_person(monkeypatch, "bob")
    finally:
        web.database.execute(change, [None, email("bob")])

    assert "has no profile in this organisation yet" in words(at)
    assert buttons(at) == ["Check again", "Sign out"]
    at.button[0].click().run()
    assert "Sign out" in buttons(at)
    assert "has no profile" not in words(at)


def test_an_outage_says_so_keeps_the_session_and_passes_with_a_click(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("ann")
    sit_at_browser(monkeypatch, cookies_of(session))
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": "http://127.0.0.1:9"})
    at = open_app("pages/footprint.py")

    assert "A service is not answering" in words(at)
    assert "You stay signed in" in words(at)
    assert buttons(at) == ["Try again", "Sign out"]
    assert not at.metric

    tell_settings(monkeypatch, web.environment)
    next(button for button in at.button if button.label == "Try again").click().run()
    assert "A service is not answering" not in words(at)
    assert "Ann" in words(at)


def test_a_person_whose_tokens_the_database_refuses_can_still_sign_out(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Auth and PostgREST do not share a secret: every token is good here and bad there."""
    session = session_for("ann")
    forged = session.access_token.rpartition(".")[0] + ".c2lnbmF0dXJl"
    tokens = Tokens(session.auth_user_id, email("ann"), forged, "refresh", 3600.0)
    monkeypatch.setattr(session, "_renew", lambda _: tokens)
    session.adopt(tokens)
    sit_at_browser(monkeypatch, cookies_of(session))
    at = open_app()

    assert "please sign in again" in words(at)
    assert buttons(at) == ["Try again", "Sign out"]


@pytest.mark.parametrize("page", [None, *PAGES])
def test_an_app_without_settings_says_what_to_set(
    web: Web, monkeypatch: pytest.MonkeyPatch, page: str | None
) -> None:
    sit_at_browser(monkeypatch, cookies_of(None))
    tell_settings(monkeypatch, {})
    monkeypatch.chdir("/")  # no .env of a developer's
    at = open_app(page)

    assert "Footprint is not set up yet" in words(at)
    assert "SUPABASE\\_URL" in words(at)
    assert "SUPABASE_PUBLISHABLE_KEY=" in at.code[0].value


def test_an_unusable_cookie_key_is_named_on_the_screen_but_not_shown(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_browser(monkeypatch, cookies_of(None))
    tell_settings(monkeypatch, {**web.environment, "APP_COOKIE_KEYS": "hunter2"})
    at = open_app()

    assert "APP\\_COOKIE\\_KEYS" in words(at)
    assert "hunter2" not in words(at)


@pytest.fixture
def demo(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    account = {"email": email("ada"), "password": PASSWORD, "role": "admin", "name": "Ada"}
    body = {"accounts": [{**account, "what": "Everything"}], "notice": NOTICE}
    (tmp_path / "demo.json").write_text(json.dumps(body))
    environment = {**web.environment, "FOOTPRINT_DATA_DIR": str(tmp_path), "FOOTPRINT_DEMO": "1"}
    tell_settings(monkeypatch, environment)
    return environment


def test_the_demo_offers_its_accounts_at_one_click_each(
    demo: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = as_person(monkeypatch, None)
    assert buttons(at) == [*SIGN_IN, "Ada"]
    assert PASSWORD not in words(at) + html(at)

    next(button for button in at.button if button.label == "Ada").click().run()

    assert 'action="/session/claim"' in html(at)


@pytest.mark.parametrize("person", [None, "ann"])
@pytest.mark.parametrize("page", PAGES)
def test_in_a_demo_every_screen_says_what_is_real_and_what_is_not(
    demo: dict[str, str], monkeypatch: pytest.MonkeyPatch, person: str | None, page: str
) -> None:
    at = as_person(monkeypatch, person, page)
    (head,) = [expander for expander in at.expander if "Demo" in expander.label]
    notice = head.caption[0].value

    assert head.label == r"Demo\: real token counts, invented \*people\*"
    assert "**Real:** token counts and arrival times" in notice
    assert "**Synthetic:** people, teams and" in notice
    assert "](https" not in notice  # a notice is text, never a link
    assert "CC\\-BY 4\\.0" in notice


def test_outside_a_demo_nobody_is_offered_an_account(
    demo: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_settings(monkeypatch, {**demo, "FOOTPRINT_DEMO": "0"})
    at = as_person(monkeypatch, None)

    assert buttons(at) == SIGN_IN
    assert "Demo" not in words(at) and not at.expander


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"accounts": [{}]}', '{"accounts": 3}'])
def test_a_damaged_demo_file_leaves_the_form(
    demo: dict[str, str], monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    Path(demo["FOOTPRINT_DATA_DIR"], "demo.json").write_text(content)
    at = as_person(monkeypatch, None)

    assert buttons(at) == SIGN_IN


def test_names_are_shown_letter_by_letter(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    change = "update public.user_profiles set full_name = %s, team = %s where email = %s"
    hostile = ["<script>alert(1)</script>", "[x](https://evil.example) **b**", email("ann")]
    web.database.execute(change, hostile)
    try:
        at = as_person(monkeypatch, "ann")
    finally:
        web.database.execute(change, ["Ann", None, email("ann")])

    assert "<script>alert(1)</script>" in [text.value for text in at.text]  # text, not markdown
    assert any(r"\[x\]\(https\:" in caption.value for caption in at.caption)
    assert "<script>alert" not in html(at)


def test_state_of_another_person_in_the_same_tab_is_wiped() -> None:
    def script() -> None:
        import streamlit as st

        from footprint.auth.browser import hold_state_for

        hold_state_for(st.query_params.get("owner"))
        st.text(st.session_state.get("note", "nothing"))
        st.session_state["note"] = st.query_params.get("owner", "nobody")

    at = AppTest.from_function(script)
    seen = []
    for owner in ("ann", "ann", "bob", "bob", None, None, "ann"):
        if owner:
            at.query_params["owner"] = owner
        elif "owner" in at.query_params:
            del at.query_params["owner"]
        at.run()
        seen.append(at.text[0].value)

    # Ann's own state stays hers; Bob, nobody, and Ann again begin with nothing of the last one's.
    # What was noted while nobody was signed in is nobody's secret.
    assert seen == ["nothing", "ann", "nothing", "bob", "nothing", "nobody", "nobody"]


def test_each_tab_announces_whose_it_is(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_for("ann")
    sit_at_browser(monkeypatch, cookies_of(session))
    at = open_app()
    assert f'data-owner="{session.auth_user_id}"' in html(at)
    assert at.session_state[OWNER] == session.auth_user_id
    assert "/session/touch" not in html(at)

    session.renewed(session.access_token)
    at.run()

    assert "/session/touch" in html(at)
