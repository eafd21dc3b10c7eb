"""``GET /api/metrics``: counters of ingest as Prometheus text, for the holder of a token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from footprint.api.problems import Problem
from footprint.config import Settings, get_settings
from footprint.ingest import health
from footprint.ingest.spools import spools
from footprint.ingest.survey import survey

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_HELP: Final = {
    "footprint_ingest_events_total": (
        "counter",
        "Requests by what became of them, over all processes that shared the spool.",
    ),
    "footprint_spool_waiting_events": ("gauge", "Requests on disk that are not delivered yet."),
    "footprint_spool_bytes": ("gauge", "Size of the spool's files in bytes."),
    "footprint_spool_oldest_seconds": ("gauge", "Age of what waits longest, in seconds."),
    "footprint_spool_dead_events": ("gauge", "Requests that became dead letters so far."),
    "footprint_spool_healthy": ("gauge", "1 where nothing is late, dropped or misconfigured."),
}


async def metrics(request: Request) -> Response:
    """Return the metrics; 404 where no token is set, 401 without it."""
    settings = get_settings()
    if settings.metrics_token is None:
        return Problem(404, "There are no metrics: FOOTPRINT_METRICS_TOKEN is not set.").response()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    right = secrets.compare_digest(token.encode(), settings.metrics_token.encode())
    if scheme.lower() != "bearer" or not right:
        return Problem(
            401, "Send the token of FOOTPRINT_METRICS_TOKEN as a bearer token."
        ).response()
    text = await run_in_threadpool(lambda: "".join(_lines(settings)))
    return PlainTextResponse(text, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)


def _lines(settings: Settings) -> Iterator[str]:
    """Yield the text, metric by metric: one spool for the callback, one for each reporting key."""
    found: dict[str, list[str]] = {name: [] for name in _HELP}
    for label, folder in spools(settings):
        for name, labels, value in _of(folder):
            where = ",".join([f'spool="{label}"', *labels])
            found[name].append(f"{name}{{{where}}} {value}\n")
    for name, (kind, text) in _HELP.items():
        yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        yield from found[name]


def _of(folder: Path) -> Iterator[tuple[str, list[str], float]]:
    counted = health.read(folder)
    seen = survey(folder)
    for what, count in counted["counts"].items():
        kind, _, reason = str(what).partition(": ")
        labels = [f'outcome="{_escaped(kind)}"', f'reason="{_escaped(reason)}"']
        yield "footprint_ingest_events_total", labels, count
    yield "footprint_spool_waiting_events", [], seen.waiting
    yield "footprint_spool_bytes", [], seen.bytes
    yield "footprint_spool_oldest_seconds", [], round(seen.oldest_s or 0.0, 1)
    yield "footprint_spool_dead_events", [], counted["counts"].get(health.DEAD, 0)
    yield "footprint_spool_healthy", [], int(not seen.problems(counted, time.time()))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
