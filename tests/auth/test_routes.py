"""The routes that give and take the session cookie, and everybody who should not reach them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from footprint.auth import routes
from footprint.auth.cookies import Sealed, unseal
from footprint.auth.routes import LONGEST_BODY, ROUTES, safe_next
from footprint.auth.sessions import STORE, AuthSession, SessionStore
from footprint.config import get_settings
from footprint.data.client import rpc
from web import BROWSER, ORIGIN, Web, ask, cookies_of, email, session_for, tell_settings

APP = Starlette(routes=ROUTES)
OWN_PAGE = {"sec-fetch-site": "same-origin", "origin": ORIGIN}


def post(
    path: str,
    fields: dict[str, str] | None = None,
    cookies: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Post a form as a browser does from our own page, unless ``headers`` say otherwise."""
    jar = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    sent = {"cookie": jar, **(OWN_PAGE if headers is None else headers)}
    return ask(APP, "POST", path, data=fields or {}, headers=sent)


def given_session(response: httpx.Response) -> Sealed | None:
    """Return what the answer's session cookie says; ``None`` where it gives none."""
    for header in response.headers.get_list("set-cookie"):
        name, _, rest = header.partition("=")
        if name == "footprint":
            return unseal(rest.split(";")[0], get_settings())
    return None


def claim(session: AuthSession, **changes: object) -> httpx.Response:
    ticket = STORE.issue_ticket(session, BROWSER)
    request: dict[str, object] = {
        "fields": {"ticket": ticket, "next": "/finance?month=2026-10"},
        "cookies": cookies_of(None),
    }
    return post("/session/claim", **(request | changes))  # type: ignore[arg-type]


def test_a_ticket_buys_the_cookie_and_the_way_back_to_the_page(web: Web) -> None:
    session = session_for("ann")
    response = claim(session)

    assert response.status_code == 303
    assert response.headers["location"] == "/finance?month=2026-10"
    assert response.headers["cache-control"] == "no-store"
    given = given_session(response)
    assert given is not None and given.sid == session.sid
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_secure_and_bound_to_the_host(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("ann")
    tell_settings(monkeypatch, {**web.environment, "APP_URL": "https://footprint.example.org"})
    response = claim(session, cookies={"__Host-footprint-browser": BROWSER})

    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-footprint=")
    assert cookie.endswith("; Secure")


def test_a_ticket_is_spent_by_its_first_use(web: Web) -> None:
    ticket = STORE.issue_ticket(session_for("ann"), BROWSER)
    fields, cookies = {"ticket": ticket}, cookies_of(None)

    assert post("/session/claim", fields, cookies).status_code == 303
    assert post("/session/claim", fields, cookies).status_code == 400


@pytest.mark.parametrize(
    "cookies", [{}, {"footprint-browser": "another"}, {"footprint-browser": ""}]
)
def test_a_ticket_in_another_browser_gives_nothing(web: Web, cookies: dict[str, str]) -> None:
    """Login CSRF: a stranger cannot have somebody's browser sign in as the stranger."""
    response = claim(session_for("ann"), cookies=cookies)

    assert response.status_code == 400
    assert given_session(response) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://other.testserver"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": ORIGIN},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8080"},
        {"referer": ORIGIN + "/"},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/session/claim", "/session/touch", "/session/logout"])
def test_a_request_from_elsewhere_is_refused_and_changes_nothing(
    web: Web, path: str, headers: dict[str, str]
) -> None:
    session = session_for("ann")
    cookies = cookies_of(session)
    ticket = STORE.issue_ticket(session, BROWSER)
    response = post(path, {"ticket": ticket}, cookies, headers)

    assert response.status_code == 403
    assert "set-cookie" not in response.headers
    assert STORE.resolve(unseal(cookies["footprint"], get_settings())) is session


def test_where_browsers_send_no_fetch_metadata_the_origin_decides(web: Web) -> None:
    assert claim(session_for("ann"), headers={"origin": ORIGIN}).status_code == 303


def test_behind_a_proxy_that_hides_the_host_the_apps_own_address_decides(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_settings(monkeypatch, {**web.environment, "APP_URL": "http://footprint.example.org"})

    own = claim(session_for("ann"), headers={"origin": "http://footprint.example.org"})
    foreign = claim(session_for("ann"), headers={"origin": "http://example.org"})
    assert (own.status_code, foreign.status_code) == (303, 403)


@pytest.mark.parametrize("path", ["/session/claim", "/session/touch", "/session/logout"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_link_cannot_do_what_a_form_does(web: Web, path: str, method: str) -> None:
    assert ask(APP, method, path, headers=OWN_PAGE).status_code == 405


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "finance",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/finance\r\nset-cookie: a=b",
        " //evil.example",
        "/a\\b",
        "/session/logout",
        "/session/claim?ticket=x",
        "/api/health",
        "/media/x.csv",
        "/_stcore/health",
        "/" + "x" * 3000,
    ],
    ids=repr,
)
def test_the_way_back_never_leads_out(target: str | None) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize(
    ("target", "becomes"),
    [
        ("/", "/"),
        ("/finance", "/finance"),
        ("/finance?month=2026-10&team=R%26D", "/finance?month=2026-10&team=R%26D"),
        ("/?period=30+days", "/?period=30+days"),
        ("/sessions", "/sessions"),
        ("/organisation?team=Zürich", "/organisation?team=Z%C3%BCrich"),
    ],
)
def test_the_way_back_leads_to_any_page_with_its_filters(target: str, becomes: str) -> None:
    assert safe_next(target) == becomes


def test_a_claim_with_a_way_out_still_signs_in_and_stays(web: Web) -> None:
    ticket = STORE.issue_ticket(session_for("ann"), BROWSER)
    fields = {"ticket": ticket, "next": "//evil.example"}
    response = post("/session/claim", fields, cookies_of(None))

    assert (response.status_code, response.headers["location"]) == (303, "/")


def test_a_body_that_is_too_long_is_not_read_to_its_end(web: Web) -> None:
    ticket = STORE.issue_ticket(session_for("ann"), BROWSER)
    fields = {"padding": "x" * LONGEST_BODY, "ticket": ticket}

    assert post("/session/claim", fields, cookies_of(None)).status_code == 400


def test_a_body_that_never_ends_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BODY_TIMEOUT_S", 0.2)

    async def endless() -> AsyncIterator[bytes]:
        yield b"ticket="
        await asyncio.sleep(30)

    async def receive_slowly() -> dict[str, object]:
        chunk = await anext(body)
        return {"type": "http.request", "body": chunk, "more_body": True}

    body = endless()
    request = Request({"type": "http", "method": "POST", "headers": []}, receive_slowly)
    began = time.monotonic()

    assert asyncio.run(routes.read_form(request)) == {}
    assert time.monotonic() - began < 5


def test_a_new_sign_in_ends_the_one_before_in_the_same_browser(web: Web) -> None:
    ann = session_for("ann")
    former = cookies_of(ann)
    response = claim(session_for("bob"), cookies={**cookies_of(None), **former})

    given = given_session(response)
    assert given is not None and given.sid != ann.sid
    assert STORE.resolve(unseal(former["footprint"], get_settings())) is None


def test_a_sign_in_never_takes_over_an_identifier_from_the_browser(web: Web) -> None:
    """Session fixation: the identifier is always made here, whatever cookie was planted."""
    planted = session_for("ann")
    response = claim(session_for("ann"), cookies={**cookies_of(None), **cookies_of(planted)})

    given = given_session(response)
    assert given is not None and given.sid != planted.sid


def test_touch_gives_the_browser_the_newest_refresh_token(web: Web) -> None:
    session = session_for("ann")
    cookies = cookies_of(session)
    assert given_session(post("/session/touch", cookies=cookies)) is None

    session.renewed(session.access_token)
    response = post("/session/touch", cookies=cookies)

    assert response.status_code == 204
    given = given_session(response)
    assert given is not None
    # What the browser now holds brings the session back after a restart.
    restored = SessionStore().resolve(given)
    assert restored is not None
    assert rpc(restored, "me")["email"] == email("ann")


def test_touch_gives_a_stranger_nothing(web: Web) -> None:
    response = post("/session/touch", cookies=cookies_of(None))

    assert response.status_code == 401
    assert "set-cookie" not in response.headers


def test_logout_clears_the_cookie_and_refuses_it_ever_after(web: Web) -> None:
    session = session_for("ann")
    cookies = cookies_of(session)
    response = post("/session/logout", cookies=cookies)

    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert response.headers["set-cookie"].startswith("footprint=;")
    assert "Max-Age=0" in response.headers["set-cookie"]
    sealed = unseal(cookies["footprint"], get_settings())
    assert STORE.resolve(sealed) is None
    assert post("/session/touch", cookies=cookies).status_code == 401


def test_logout_without_a_session_is_no_error(web: Web) -> None:
    assert post("/session/logout", cookies=cookies_of(None)).status_code == 303


def test_a_refusal_is_a_sentence_in_a_page(web: Web) -> None:
    response = post("/session/claim", cookies=cookies_of(None))

    assert response.headers["content-type"].startswith("text/html")
    assert "sign in again" in response.text
    assert "Traceback" not in response.text
