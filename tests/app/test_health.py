"""The health check: what it says, and what it must not cost or tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.applications import Starlette

from footprint.api import routes
from footprint.api.routes import ROUTES
from web import Web, ask, tell_settings

APP = Starlette(routes=ROUTES)
COUNTERS = ("accepted", "delivered", "duplicates", "rejected", "dropped", "waiting")
IDLE = {"healthy": True, **dict.fromkeys(COUNTERS, 0), "lag_s": 0.0}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    routes._LAST.until = 0.0


@pytest.fixture
def slow_and_counted() -> Iterator[tuple[str, list[str]]]:
    """A stand-in for Supabase that takes each request and never answers."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            time.sleep(5)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_it_says_that_supabase_is_reachable(web: Web) -> None:
    response = ask(APP, "GET", "/api/health")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "supabase": "reachable", "ingest": IDLE}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://[bad", "not an address"])
def test_it_answers_while_supabase_does_not(
    web: Web, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": address})
    response = ask(APP, "GET", "/api/health")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "supabase": "unreachable", "ingest": IDLE}


def test_it_says_that_nothing_is_set_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    tell_settings(monkeypatch, {})

    assert ask(APP, "GET", "/api/health").json()["supabase"] == "not configured"


def test_it_gives_up_after_two_seconds_and_does_not_ask_for_everybody_who_asks(
    web: Web, monkeypatch: pytest.MonkeyPatch, slow_and_counted: tuple[str, list[str]]
) -> None:
    address, asked = slow_and_counted
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": address})
    began = time.monotonic()
    for _ in range(20):
        assert ask(APP, "GET", "/api/health").json()["supabase"] == "unreachable"

    assert time.monotonic() - began < 4
    assert len(asked) == 1


def test_it_tells_no_secret_and_no_address(web: Web) -> None:
    text = ask(APP, "GET", "/api/health").text

    assert web.server.publishable_key not in text
    assert "127.0.0.1" not in text
