"""Routes of the app that are not screens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from footprint.api.exports import ROUTES as EXPORT_ROUTES
from footprint.api.metrics import metrics
from footprint.api.openapi import openapi
from footprint.api.reports import litellm, request_event
from footprint.auth.arrivals import ROUTES as ARRIVAL_ROUTES
from footprint.auth.routes import ROUTES as SESSION_ROUTES
from footprint.config import Settings, get_settings
from footprint.data.transport import http
from footprint.ingest.spools import spool_states

# Seconds that Supabase may take to answer a health check.
PROBE_TIMEOUT_S = 2.0
# Seconds for which an answer is repeated: anybody may ask, so asking must cost nothing.
PROBE_LIFETIME_S = 5.0


@dataclass
class _Probe:
    answer: str = ""
    ingest: Mapping[str, Any] = field(default_factory=dict)
    until: float = 0.0


_LAST = _Probe()
_LOCK = Lock()


async def health(_: Request) -> JSONResponse:
    """Say that the app answers, whether Supabase does, and how ingest is; HTTP 200 either way."""
    supabase, ingest = await run_in_threadpool(_look)
    body = {"status": "ok", "supabase": supabase, "ingest": ingest}
    return JSONResponse(body, headers={"cache-control": "no-store"})


def _look() -> tuple[str, Mapping[str, Any]]:
    settings = get_settings()
    with _LOCK:
        if time.monotonic() >= _LAST.until:
            _LAST.answer = _supabase(settings)
            _LAST.ingest = _ingest(settings)
            _LAST.until = time.monotonic() + PROBE_LIFETIME_S
        return _LAST.answer, _LAST.ingest


def _ingest(settings: Settings) -> Mapping[str, Any]:
    """Return the sums over this host's spools; what is wrong with one is for the token's holder."""
    found = spool_states(settings)
    sums = ("accepted", "delivered", "duplicates", "rejected", "dropped", "waiting")
    return {
        "healthy": not any(state.problems for state in found),
        **{name: sum(getattr(state, name) for state in found) for name in sums},
        "lag_s": max(state.lag_s for state in found),
    }


def _supabase(settings: Settings) -> str:
    """Return ``reachable``, ``unreachable`` or ``not configured``."""
    url, key = settings.supabase_url, settings.supabase_publishable_key
    if not url or not key:
        return "not configured"
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
ROUTES = [*API_ROUTES, *EXPORT_ROUTES, *SESSION_ROUTES, *ARRIVAL_ROUTES]
