"""What every request passes through before Streamlit sees it. Pure ASGI, so websockets too."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from footprint.api.headers import SecurityHeaders
from footprint.auth.cookies import Sealed, cookie_names, set_cookie, unseal
from footprint.auth.origin import is_own_origin
from footprint.auth.routes import session_cookie
from footprint.auth.sessions import STORE, AuthSession
from footprint.config import get_settings
from footprint.errors import ConfigurationError

# The header by which Streamlit learns whose websocket this is. Only we may send it.
IDENTITY_HEADER = "x-footprint-sub"
IDENTITY_KEY = "sub"

# Streamlit answers these without asking who is there.
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
SIGNED_IN_ONLY = "/media/"

# RFC 6455, 7.4.1: the peer broke a policy. Before the handshake it becomes an HTTP 403.
FOREIGN_PAGE = 1008


class Gate:
    """Knows the browser by its cookie, tells Streamlit, and closes what must not be open."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        sealed = _sealed(connection)
        scope = _with_identity(scope, sealed)
        if scope["type"] == "websocket":
            if not is_own_origin(connection):
                await send({"type": "websocket.close", "code": FOREIGN_PAGE})
                return
            _trust_identity_header()
            await self._app(scope, receive, send)
            return
        path = _inner_path(scope["path"])
        session = STORE.resolve(sealed)
        signed_in = session is not None and session.verified
        if path.startswith(CLOSED) or (path.startswith(SIGNED_IN_ONLY) and not signed_in):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, _answering(connection, session, path, send))


def _inner_path(path: str) -> str:
    """Return the path below Streamlit's base path, if it has one."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return path.removeprefix(f"/{base}") if base else path


def _sealed(connection: HTTPConnection) -> Sealed | None:
    settings = get_settings()
    try:
        return unseal(connection.cookies.get(cookie_names(settings).session), settings)
    except ConfigurationError:  # a bad key: the screen says so, nobody is signed in meanwhile
        return None


def _with_identity(scope: Scope, sealed: Sealed | None) -> Scope:
    """Return the scope with the identity header as the cookie has it, whatever the client sent.

    Streamlit hands a reconnecting websocket its old session state only where this header agrees,
    so that a tab left open by one person never speaks to the next one in the same browser.
    """
    name = IDENTITY_HEADER.encode()
    headers = [(k, v) for k, v in scope["headers"] if k.lower() != name]
    if sealed is not None:
        headers.append((name, sealed.auth_user_id.encode()))
    return {**scope, "headers": headers}


def _trust_identity_header() -> None:
    """Have Streamlit read the header, also after its configuration file was read anew."""
    trusted = config.get_option("server.trustedUserHeaders")
    if not isinstance(trusted, dict) or trusted.get(IDENTITY_HEADER) != IDENTITY_KEY:
        config.set_option("server.trustedUserHeaders", {IDENTITY_HEADER: IDENTITY_KEY})


def _answering(
    connection: HTTPConnection, session: AuthSession | None, path: str, send: Send
) -> Send:
    """Return a ``send`` that adds cookies to pages and keeps downloads out of shared caches."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if path.startswith(SIGNED_IN_ONLY):
                headers["cache-control"] = "private, no-store"
            elif headers.get("content-type", "").startswith("text/html"):
                _dress_page(connection, session, headers)
        await send(message)

    return answer


def _dress_page(
    connection: HTTPConnection, session: AuthSession | None, headers: MutableHeaders
) -> None:
    """Give a page its browser cookie, and the session cookie where a newer one is due."""
    settings = get_settings()
    names = cookie_names(settings)
    headers["cache-control"] = "no-store"
    if names.browser not in connection.cookies:
        value = secrets.token_urlsafe(24)
        headers.append("set-cookie", set_cookie(names.browser, value, secure=names.secure))
    if session is not None:
        session.profile = None  # a reload shows a changed role at once
        if session.needs_sealing:
            headers.append("set-cookie", session_cookie(session, settings))


MIDDLEWARE = [Middleware(SecurityHeaders), Middleware(Gate)]
