"""Where people arrive from outside: links in e-mails, and sign-in providers (OAuth with PKCE)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from footprint.auth import gotrue
from footprint.auth.cookies import (
    FLOW_LIFETIME_S,
    cookie_names,
    seal_flow,
    set_cookie,
    unseal_flow,
)
from footprint.auth.gotrue import LINK_KINDS, LinkKind, Tokens
from footprint.auth.origin import is_from_own_page
from footprint.auth.routes import enter, page, read_form, refusal, safe_next
from footprint.auth.sessions import STORE
from footprint.config import get_settings
from footprint.errors import FootprintError

_TOKEN_HASH = re.compile(r"[A-Za-z0-9_-]{8,200}")
_BUTTON = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Footprint</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:30rem;
margin:20vh auto 0;padding:0 1.5rem}}button{{font:inherit;padding:.6rem 1.2rem;border:0;
border-radius:8px;background:#0B6E4F;color:#fff;cursor:pointer}}</style>
<h1>Sign in to Footprint</h1><p>One click, and you are in.</p>
<form method="post" action="/session/confirm"><input type="hidden" name="token_hash"
value="{token_hash}"><input type="hidden" name="type" value="{kind}">
<button type="submit">Sign in</button></form></html>"""


async def show_confirm(request: Request) -> Response:
    """Show the button that spends a link: mail scanners open links, and press no button."""
    token_hash, kind = _link(request.query_params.get("token_hash"), request.query_params)
    if kind is None:
        return _bad_link(gotrue.LINK_REFUSED)
    return HTMLResponse(
        _BUTTON.format(token_hash=escape(token_hash), kind=escape(kind)),
        headers={"cache-control": "no-store"},
    )


async def confirm(request: Request) -> Response:
    """Spend a link from an e-mail and sign its person in."""
    if not is_from_own_page(request):
        return refusal()
    form = await read_form(request)
    token_hash, kind = _link(form.get("token_hash"), form)
    if kind is None:
        return _bad_link(gotrue.LINK_REFUSED)
    try:
        tokens = await run_in_threadpool(gotrue.verify_link, token_hash, kind)
    except FootprintError as error:
        return _bad_link(str(error))
    return await enter(request, STORE.create(tokens), _first_page(kind, tokens))


def _first_page(kind: LinkKind, tokens: Tokens) -> str | None:
    """Return where somebody without a password sets one; ``None`` for the home page.

    A link without a password that also confirms the address opens an account that has none.
    """
    is_new_guest = tokens.is_first and (tokens.invited or kind == "magiclink")
    return "/account" if is_new_guest or kind in ("invite", "recovery") else None


async def leave_for_provider(request: Request) -> Response:
    """Send the browser to a sign-in provider, with the proof that it comes back by sealed."""
    settings = get_settings()
    provider = request.path_params["provider"]
    if not is_from_own_page(request):
        return refusal()
    if provider not in settings.oauth_providers:
        return page(404, "Not found", "This way of signing in is not offered here.")
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    back = f"{settings.app_url}/session/callback"
    response = RedirectResponse(gotrue.authorize_url(provider, challenge, back), status_code=303)
    sealed = seal_flow(verifier, safe_next(request.query_params.get("next")), settings)
    _set_flow(response, sealed, FLOW_LIFETIME_S)
    return response


async def come_back(request: Request) -> Response:
    """Exchange the provider's code, which only the browser that left can do."""
    settings = get_settings()
    flow = unseal_flow(request.cookies.get(cookie_names(settings).flow), settings)
    code = request.query_params.get("code", "")
    if flow is None or not code or len(code) > 500:
        response = page(
            400,
            "That sign-in was not finished",
            "It was cancelled, took too long, or was begun in another browser. Please try again.",
        )
    else:
        try:
            tokens = await run_in_threadpool(gotrue.exchange_code, code, flow[0])
        except FootprintError as error:
            response = page(400, "That sign-in was not finished", str(error))
        else:
            response = await enter(request, STORE.create(tokens), flow[1])
    _set_flow(response, "", 0)
    return response


def _link(token_hash: str | None, fields: object) -> tuple[str, LinkKind | None]:
    """Return what a link carries; no kind where it cannot be one of ours."""
    asked = fields.get("type") if hasattr(fields, "get") else None
    kind = next((kind for kind in LINK_KINDS if kind == asked), None)
    if kind is None or not token_hash or not _TOKEN_HASH.fullmatch(token_hash):
        return "", None
    return token_hash, kind


def _bad_link(sentence: str) -> Response:
    return page(400, "This link does not work", sentence)


def _set_flow(response: Response, value: str, max_age_s: int) -> None:
    names = cookie_names(get_settings())
    cookie = set_cookie(names.flow, value, secure=names.secure, max_age_s=max_age_s)
    response.headers.append("set-cookie", cookie)
    response.headers["cache-control"] = "no-store"


ROUTES = [
    Route("/session/confirm", show_confirm, methods=["GET"]),
    Route("/session/confirm", confirm, methods=["POST"]),
    Route("/session/oauth/{provider}", leave_for_provider, methods=["GET"]),
    Route("/session/callback", come_back, methods=["GET"]),
]
