"""Signing in and out in a real browser, against the real app and a real Supabase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from footprint.auth import gotrue
from footprint.auth.cookies import seal
from footprint.auth.sessions import SessionStore
from footprint.config import get_settings
from web import PASSWORD, Web, email, free_port, running_app

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed here.")


@pytest.fixture(scope="module")
def app(served: Web) -> Iterator[str]:
    with running_app(served.environment) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(20_000)
    yield context
    context.close()


def complaints(page: Page) -> list[str]:
    """Collect what the browser refuses or fetches from elsewhere, from now on."""
    found: list[str] = []
    page.on("console", lambda m: found.append(m.text) if "Content Security" in m.text else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def sign_in(page: Page, address: str, person: str, password: str = PASSWORD) -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill(email(person))
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def expect_person(page: Page, person: str) -> None:
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(person.title(), exact=True)).to_be_visible(timeout=20_000)


def expect_sign_in(page: Page) -> None:
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=20_000)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect_sign_in(page)


def session_cookie(context: BrowserContext) -> dict[str, Any] | None:
    return next((dict(c) for c in context.cookies() if c.get("name") == "footprint"), None)


def test_a_deep_link_survives_signing_in_and_a_reload_stays_in(
    app: str, context: BrowserContext
) -> None:
    page = context.new_page()
    refused = complaints(page)
    sign_in(page, f"{app}/finance?month=2026-10", "fin")
    expect_person(page, "fin")
    assert page.url == f"{app}/finance?month=2026-10"

    page.reload()
    expect_person(page, "fin")
    cookie = session_cookie(context)
    assert cookie is not None and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert "footprint" not in page.evaluate("document.cookie")
    other = context.new_page()
    other.goto(f"{app}/organisation")
    expect_person(other, "fin")
    assert refused == []


def test_the_wrong_password_is_refused_in_a_sentence(app: str, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, app, "ann", "wrong")

    expect(page.get_by_test_id("stAlert")).to_contain_text("do not match")
    assert session_cookie(context) is None


def test_signing_out_takes_every_tab_of_this_browser_along_and_no_other_browser(
    app: str, browser: Browser, context: BrowserContext
) -> None:
    page, second_tab = context.new_page(), context.new_page()
    sign_in(page, app, "ann")
    expect_person(page, "ann")
    second_tab.goto(app)
    expect_person(second_tab, "ann")
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    sign_in(other, app, "bob")
    expect_person(other, "bob")
    kept = session_cookie(context)
    assert kept is not None

    sign_out(page)

    assert session_cookie(context) is None
    expect_sign_in(second_tab)
    page.reload()
    expect_sign_in(page)
    other.reload()
    expect_person(other, "bob")
    context.add_cookies([{"name": "footprint", "value": kept["value"], "url": app}])
    page.goto(app)
    expect_sign_in(page)  # the cookie of a session that was signed out opens nothing
    elsewhere.close()


def test_another_person_in_the_same_browser_finds_nothing_of_the_last_one(
    app: str, context: BrowserContext
) -> None:
    page, left_open = context.new_page(), context.new_page()
    sign_in(page, app, "ann")
    expect_person(page, "ann")
    left_open.goto(app)
    expect_person(left_open, "ann")
    sign_out(page)
    sign_in(page, app, "bob")
    expect_person(page, "bob")

    expect_person(left_open, "bob")
    assert "Ann" not in left_open.inner_text("body")


def test_a_restart_of_the_app_signs_nobody_out(served: Web, context: BrowserContext) -> None:
    port = free_port()
    page = context.new_page()
    with running_app(served.environment, port) as address:
        sign_in(page, address, "ann")
        expect_person(page, "ann")
    with running_app(served.environment, port):
        page.goto(address)
        expect_person(page, "ann")
        page.reload()
        expect_person(page, "ann")


def test_a_page_that_is_opened_first_after_a_start_still_asks_to_sign_in(
    served: Web, context: BrowserContext
) -> None:
    """Streamlit's older discovery would run the page file alone, until the first st.navigation."""
    page = context.new_page()
    with running_app(served.environment) as address:
        page.goto(f"{address}/finance")
        expect_sign_in(page)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        # The older discovery lists the files of pages/ to everybody.
        expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)


def test_an_app_without_settings_starts_and_says_what_to_set(context: BrowserContext) -> None:
    page = context.new_page()
    empty = {"SUPABASE_URL": "", "SUPABASE_PUBLISHABLE_KEY": "", "SUPABASE_ANON_KEY": ""}
    with running_app(empty) as address:
        page.goto(address)
        expect(page.get_by_text("Footprint is not set up yet")).to_be_visible(timeout=20_000)
        health = httpx.get(f"{address}/api/health", trust_env=False).json()
        assert (health["status"], health["supabase"]) == ("ok", "not configured")


def websocket_session(address: str, cookies: str, former: str | None = None) -> str:
    """Connect as Streamlit's page does, asking for a ``former`` session; return the one given."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    protocols = ["streamlit", "no-xsrf-token"] + ([former] if former else [])
    offered = [Subprotocol(protocol) for protocol in protocols]
    url = address.replace("http", "ws") + "/_stcore/stream"
    with connect(
        url, subprotocols=offered, additional_headers={"Cookie": cookies}, origin=Origin(address)
    ) as socket:
        run = BackMsg()
        run.rerun_script.query_string = ""
        socket.send(run.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=20))
            if message.WhichOneof("type") == "new_session":
                return str(message.new_session.initialize.session_id)


def test_a_reconnecting_websocket_gets_its_state_back_only_for_the_same_person(
    app: str, web: Web
) -> None:
    def cookie(person: str) -> str:
        session = SessionStore().create(gotrue.sign_in(email(person), PASSWORD))
        return f"footprint={seal(session.to_seal(), get_settings())}"

    anns = websocket_session(app, cookie("ann"))

    assert websocket_session(app, cookie("ann"), anns) == anns
    assert websocket_session(app, cookie("bob"), anns) != anns
    assert websocket_session(app, "footprint=forged", anns) != anns
    assert websocket_session(app, "", anns) != anns


def test_a_stranger_gets_no_metrics_no_agent_and_no_download(app: str) -> None:
    with httpx.Client(base_url=app, trust_env=False) as stranger:
        for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/media/a.csv"):
            assert stranger.get(path).status_code == 404
        page = stranger.get("/finance")
        assert page.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
