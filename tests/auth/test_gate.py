"""The gate in front of Streamlit: whose websocket it is, and what stays shut."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from streamlit import config

from footprint.api.middleware import IDENTITY_HEADER, MIDDLEWARE, Gate
from footprint.auth.cookies import unseal
from footprint.auth.sessions import STORE
from footprint.config import get_settings
from web import Web, ask, cookies_of, session_for, tell_settings


async def streamlit(request: Request) -> Response:
    """Answer as Streamlit does: a page anywhere, a file under /media, and who it was told."""
    if request.url.path.startswith(("/media/", "/_stcore/", "/base/media/")):
        return PlainTextResponse("content", headers={"cache-control": "public"})
    return HTMLResponse(request.headers.get(IDENTITY_HEADER, "nobody"))


APP = Starlette(routes=[Route("/{path:path}", streamlit)], middleware=MIDDLEWARE)


def get(
    path: str, cookies: dict[str, str], headers: dict[str, str] | None = None
) -> httpx.Response:
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return ask(APP, "GET", path, headers={"cookie": jar, **(headers or {})})


def handshake(cookies: dict[str, str], *sent: tuple[bytes, bytes]) -> Scope | None:
    """Open a websocket; return what Streamlit would see of it, ``None`` where it is refused."""
    seen: list[Scope] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        return {}

    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    scope: Scope = {
        "type": "websocket",
        "path": "/_stcore/stream",
        "headers": [(b"cookie", jar.encode()), *sent],
    }
    asyncio.run(Gate(inner)(scope, nothing, nothing))
    return seen[0] if seen else None


def seen_by_websocket(cookies: dict[str, str], *sent: tuple[bytes, bytes]) -> list[bytes]:
    """Return the identity headers Streamlit would read in a websocket's handshake."""
    scope = handshake(cookies, *sent)
    assert scope is not None
    return [value for name, value in scope["headers"] if name.lower() == b"x-footprint-sub"]


def test_a_websocket_carries_the_identity_in_the_cookie(web: Web) -> None:
    session = session_for("ann")

    assert seen_by_websocket(cookies_of(session)) == [session.auth_user_id.encode()]
    assert seen_by_websocket(cookies_of(None)) == []


@pytest.mark.parametrize("name", [b"x-footprint-sub", b"X-Footprint-Sub", b"X-FOOTPRINT-SUB"])
def test_an_identity_that_the_client_sends_is_dropped(web: Web, name: bytes) -> None:
    session = session_for("ann")

    assert seen_by_websocket(cookies_of(None), (name, b"admin")) == []
    assert seen_by_websocket(cookies_of(session), (name, b"admin"), (name, b"root")) == [
        session.auth_user_id.encode()
    ]
    assert get("/", cookies_of(None), {name.decode(): "admin"}).text == "nobody"


def test_a_forged_or_foreign_cookie_is_nobody(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = cookies_of(session_for("ann"))
    assert seen_by_websocket({"footprint": "forged"}) == []

    other_key = {**web.environment, "APP_COOKIE_KEYS": Fernet.generate_key().decode()}
    tell_settings(monkeypatch, other_key)
    assert seen_by_websocket(cookies) == []


@pytest.mark.parametrize(
    ("origin", "host", "let_in"),
    [
        (b"http://here.example:8501", b"here.example:8501", True),
        (None, b"here.example:8501", True),  # no browser: it has no cookies of anybody's
        (b"http://127.0.0.1:8501", b"internal:80", True),  # APP_URL, behind a proxy
        (b"http://localhost:9999", b"localhost:8501", False),  # another app on this machine
        (b"http://127.0.0.1:9999", b"127.0.0.1:8501", False),
        (b"https://evil.example", b"here.example:8501", False),
        (b"https://here.example.evil.example", b"here.example", False),
        (b"null", b"here.example:8501", False),
        (b"", b"", False),
    ],
)
def test_a_websocket_from_somebody_elses_page_is_refused(
    web: Web, origin: bytes | None, host: bytes, let_in: bool
) -> None:
    sent = [(b"host", host)] + ([(b"origin", origin)] if origin is not None else [])

    assert (handshake(cookies_of(session_for("ann")), *sent) is not None) == let_in


def test_streamlit_is_told_to_read_the_identity_even_after_its_configuration_was_read_anew(
    web: Web,
) -> None:
    config.set_option("server.trustedUserHeaders", {})
    seen_by_websocket(cookies_of(None))

    assert config.get_option("server.trustedUserHeaders") == {IDENTITY_HEADER: "sub"}


def test_downloads_are_for_those_who_are_signed_in_and_kept_out_of_caches(web: Web) -> None:
    session = session_for("ann")

    assert get("/media/a.csv", cookies_of(None)).status_code == 404
    assert get("/media/a.csv", {"footprint": "forged"}).status_code == 404
    allowed = get("/media/a.csv", cookies_of(session))
    assert allowed.status_code == 200
    assert allowed.headers["cache-control"] == "private, no-store"

    cookies = cookies_of(session)
    STORE.end(session)
    assert get("/media/a.csv", cookies).status_code == 404


def test_a_cookie_from_before_a_restart_downloads_nothing_until_supabase_has_vouched_for_it(
    web: Web,
) -> None:
    session = session_for("ann")
    cookies = cookies_of(session)
    STORE._sessions.clear()

    assert get("/media/a.csv", cookies).status_code == 404
    restored = STORE.resolve(unseal(cookies["footprint"], get_settings()))
    assert restored is not None and restored.access_token
    assert get("/media/a.csv", cookies).status_code == 200


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/interact"]
)
def test_what_streamlit_would_tell_anybody_is_shut_for_everybody(web: Web, path: str) -> None:
    assert get(path, cookies_of(None)).status_code == 404
    assert get(path, cookies_of(session_for("ada"))).status_code == 404


def test_the_gate_holds_under_a_base_path_too(web: Web) -> None:
    config.set_option("server.baseUrlPath", "/base/")
    try:
        assert get("/base/media/a.csv", cookies_of(None)).status_code == 404
        assert get("/base/_stcore/metrics", cookies_of(None)).status_code == 404
    finally:
        config.set_option("server.baseUrlPath", "")


def test_a_page_gives_a_browser_its_own_cookie_once(web: Web) -> None:
    first = get("/finance", {}).headers.get_list("set-cookie")
    second = get("/finance", {}).headers.get_list("set-cookie")

    assert len(first) == 1 and first[0].startswith("footprint-browser=")
    assert "HttpOnly" in first[0] and "Max-Age" not in first[0]
    assert first != second
    assert get("/finance", cookies_of(None)).headers.get_list("set-cookie") == []


def test_a_page_renews_the_session_cookie_only_when_it_has_fallen_behind(web: Web) -> None:
    session = session_for("ann")
    cookies = cookies_of(session)
    assert "set-cookie" not in get("/", cookies).headers

    session.renewed(session.access_token)
    response = get("/", cookies)

    assert response.headers["set-cookie"].startswith("footprint=")
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in get("/", cookies).headers


def test_loading_a_page_anew_forgets_the_role_that_was_remembered(web: Web) -> None:
    session = session_for("ann")
    session.profile = "remembered"
    get("/media/a.csv", cookies_of(session))
    assert session.profile == "remembered"

    get("/", cookies_of(session))

    assert session.profile is None


def test_with_an_unusable_cookie_key_the_server_answers_and_nobody_is_signed_in(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies = cookies_of(session_for("ann"))
    tell_settings(monkeypatch, {**web.environment, "APP_COOKIE_KEYS": "no key"})

    assert get("/", cookies).text == "nobody"
    assert get("/media/a.csv", cookies).status_code == 404
