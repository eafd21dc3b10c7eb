"""Security headers, with a Content-Security-Policy as tight as Streamlit works under."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footprint.config import get_settings
from footprint.shell.bridge import SCRIPTS

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# What may stand in a policy from a Host header: a name or an address, and a port.
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


class SecurityHeaders:
    """Adds the headers to every HTTP answer, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(host).items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, dressed)


def security_headers(host: str) -> dict[str, str]:
    """Return the headers for an answer to a request that named ``host``."""
    headers = {
        "content-security-policy": _policy(host if _HOST.fullmatch(host) else ""),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        # `no-referrer` would make browsers send `Origin: null` with our own forms.
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if get_settings().app_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def _policy(host: str) -> str:
    """Return the policy. Streamlit needs inline styles, and nothing else inline.

    The few inline scripts, Streamlit's one and ours, are allowed by their hashes. The websocket's
    address is named beside ``'self'``, which older Safari does not stretch to ``ws:``.
    """
    sockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' {' '.join(_script_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


@cache
def _script_hashes() -> tuple[str, ...]:
    import streamlit

    index = Path(streamlit.__file__).parent / "static" / "index.html"
    inline = _INLINE_SCRIPT.findall(index.read_text(encoding="utf-8"))
    return tuple(_hash(script) for script in (*inline, *SCRIPTS))


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
