"""Routes of the app that are not screens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from footprint.api.metrics import metrics
from footprint.api.openapi import openapi
from footprint.api.reports import litellm, request_event
from footprint.auth.arrivals import ROUTES as ARRIVAL_ROUTES
from footprint.auth.routes import ROUTES as SESSION_ROUTES
from footprint.config import get_settings
from footprint.data.transport import http

# Seconds that Supabase may take to answer a health check.
PROBE_TIMEOUT_S = 2.0
# Seconds for which an answer is repeated: anybody may ask, so asking must cost nothing.
PROBE_LIFETIME_S = 5.0


@dataclass
class _Probe:
    answer: str = ""
    until: float = 0.0


_LAST = _Probe()
_LOCK = Lock()


async def health(_: Request) -> JSONResponse:
    """Say that the app answers, and whether Supabase does; HTTP 200 either way."""
    answer = await run_in_threadpool(_supabase)
    return JSONResponse({"status": "ok", "supabase": answer}, headers={"cache-control": "no-store"})


def _supabase() -> str:
    """Return ``reachable``, ``unreachable`` or ``not configured``."""
    settings = get_settings()
    if not settings.supabase_url or not settings.supabase_publishable_key:
        return "not configured"
    with _LOCK:
        if time.monotonic() >= _LAST.until:
            _LAST.answer = _probe(settings.supabase_url, settings.supabase_publishable_key)
            _LAST.until = time.monotonic() + PROBE_LIFETIME_S
        return _LAST.answer


def _probe(url: str, key: str) -> str:
    try:
        response = http().get(
            f"{url}/auth/v1/health", headers={"apikey": key}, timeout=PROBE_TIMEOUT_S
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return "unreachable"
    return "reachable" if response.status_code < 500 else "unreachable"


API_ROUTES = [
    Route("/api/health", health, methods=["GET"]),
    Route("/api/metrics", metrics, methods=["GET"]),
    Route("/api/openapi.json", openapi, methods=["GET"]),
    Route("/api/request-event", request_event, methods=["POST"]),
    Route("/api/litellm", litellm, methods=["POST"]),
]
ROUTES = [*API_ROUTES, *SESSION_ROUTES, *ARRIVAL_ROUTES]
