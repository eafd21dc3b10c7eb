"""The routes that may set the session cookie: a script cannot, only an HTTP answer can."""

from __future__ import annotations

import asyncio
from html import escape
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from footprint.auth import flows
from footprint.auth.cookies import cookie_names, seal, set_cookie, unseal
from footprint.auth.origin import is_from_own_page
from footprint.auth.sessions import STORE, AuthSession
from footprint.config import Settings, get_settings

# Bytes. A ticket and an address are all that anybody has to send.
LONGEST_BODY = 8192
# Seconds that it may take to arrive.
BODY_TIMEOUT_S = 10.0
LONGEST_NEXT = 2000
OWN_PREFIXES = ("/session/", "/api/", "/export/", "/_stcore/", "/media/", "/component/", "/static/")

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Footprint</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:30rem;
margin:20vh auto 0;padding:0 1.5rem}}</style>
<h1>{title}</h1><p>{sentence}</p><p><a href="/">Back to Footprint</a></p></html>"""


async def claim(request: Request) -> Response:
    """Exchange a ticket for the session cookie and go to where the person was heading."""
    if not is_from_own_page(request):
        return refusal()
    settings = get_settings()
    names = cookie_names(settings)
    form = await read_form(request)
    browser = request.cookies.get(names.browser)
    session = STORE.redeem_ticket(form.get("ticket", ""), browser) if browser else None
    if session is None:
        return page(
            400,
            "That took too long",
            "This sign-in was not finished in time, or was begun in another browser. "
            "Go back and sign in again.",
        )
    return await enter(request, session, form.get("next"))


async def enter(request: Request, session: AuthSession, target: str | None) -> Response:
    """Give the browser a session in place of the one it had, and send it on its way."""
    settings = get_settings()
    former = _session_of(request, settings)
    if former is not None and former is not session:
        await run_in_threadpool(flows.sign_out, former)
    response = RedirectResponse(safe_next(target), status_code=303)
    return _with_session_cookie(response, session, settings)


async def touch(request: Request) -> Response:
    """Give the browser a cookie with the session's newest refresh token."""
    if not is_from_own_page(request):
        return refusal()
    settings = get_settings()
    session = _session_of(request, settings)
    if session is None:
        return Response(status_code=401)
    if not session.needs_sealing:
        return Response(status_code=204)
    return _with_session_cookie(Response(status_code=204), session, settings)


async def logout(request: Request) -> Response:
    """End the session, here and at Supabase Auth, and clear the cookie; or all of the person's."""
    if not is_from_own_page(request):
        return refusal()
    settings = get_settings()
    session = _session_of(request, settings)
    everywhere = (await read_form(request)).get("everywhere") == "yes"
    if session is not None:
        await run_in_threadpool(flows.sign_out, session, everywhere=everywhere)
    response = RedirectResponse("/", status_code=303)
    names = cookie_names(settings)
    cleared = set_cookie(names.session, "", secure=names.secure, max_age_s=0)
    response.headers.append("set-cookie", cleared)
    return response


def safe_next(target: str | None) -> str:
    """Return ``target`` where it is a page of this app, else ``/``.

    A browser reads ``//host``, ``/\\host`` and control characters as ways out; none passes.
    """
    if not target or len(target) > LONGEST_NEXT or not target.startswith("/"):
        return "/"
    if target.startswith(("//", "/\\")) or any(ord(c) < 0x21 or c == "\\" for c in target):
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or f"{parts.path}/".startswith(OWN_PREFIXES):
        return "/"
    return quote(target, safe="/?&=%+,:;@~-._")


async def read_form(request: Request) -> dict[str, str]:
    """Read a small form; one that is too long, or too slow in coming, is as good as none."""
    body = b""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LONGEST_BODY:
                    return {}
        fields = parse_qs(body.decode("ascii"), max_num_fields=8)
    except (TimeoutError, ValueError):
        return {}
    return {name: values[0] for name, values in fields.items()}


def _session_of(request: Request, settings: Settings) -> AuthSession | None:
    return STORE.resolve(unseal(request.cookies.get(cookie_names(settings).session), settings))


def _with_session_cookie(response: Response, session: AuthSession, settings: Settings) -> Response:
    response.headers.append("set-cookie", session_cookie(session, settings))
    response.headers["cache-control"] = "no-store"
    return response


def session_cookie(session: AuthSession, settings: Settings) -> str:
    """Return the ``Set-Cookie`` value that gives the browser this session."""
    names = cookie_names(settings)
    value = seal(session.to_seal(), settings)
    return set_cookie(
        names.session, value, secure=names.secure, max_age_s=int(settings.session_lifetime_s)
    )


def refusal() -> Response:
    """Answer a request that no page of this app has made."""
    return page(403, "Not from here", "This request did not come from Footprint's own page.")


def page(status: int, title: str, sentence: str) -> Response:
    """Return a page of one sentence, for answers that no script run can give."""
    body = _PAGE.format(title=escape(title), sentence=escape(sentence))
    return HTMLResponse(body, status_code=status)


ROUTES = [
    Route("/session/claim", claim, methods=["POST"]),
    Route("/session/touch", touch, methods=["POST"]),
    Route("/session/logout", logout, methods=["POST"]),
]
