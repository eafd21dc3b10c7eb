"""Bodies that are huge or slow, against every route of ours, in an app that was really started."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from footprint.api import reports
from footprint.api.routes import ROUTES
from web import running_app

HUGE = 50 * 1024 * 1024
CHUNK = b"x" * 65536
EVERY = sorted(
    (method, route.path.format(provider="google", kind="statement", name="a" * 64))
    for route in ROUTES
    for method in route.methods or ()
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("spool")
    # Nothing has to be behind it: no body gets as far.
    environment = {
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_none",
        "FOOTPRINT_SPOOL_DIR": str(folder),
    }
    with running_app(environment) as address:
        yield address


def opened(address: str, method: str, path: str, *headers: str) -> socket.socket:
    """Send a request without its body."""
    host = urlsplit(address)
    assert host.hostname and host.port
    connection = socket.create_connection((host.hostname, host.port), timeout=20)
    own = [f"Host: {host.netloc}", f"Origin: {address}", "Sec-Fetch-Site: same-origin"]
    key = ["X-Ingest-Key: fpk_guessed", "Content-Type: application/x-www-form-urlencoded"]
    lines = [f"{method} {path} HTTP/1.1", *own, *key, *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def status(connection: socket.socket) -> int:
    """Return the status of the answer; 0 where the connection was cut instead."""
    with contextlib.suppress(ConnectionError):
        first = connection.recv(4096)
        return int(first.split()[1]) if first else 0
    return 0


def memory_kib(address: str) -> int:
    """Return what the app holds in memory now."""
    port = str(urlsplit(address).port)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"--server.port\0{port}\0".encode() in (process / "cmdline").read_bytes():
                found = (process / "status").read_text()
                return int(found.split("VmRSS:")[1].split()[0])
    raise AssertionError("the app is not running")


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize("stated", [True, False])
def test_fifty_megabytes_are_refused_or_left_alone_and_never_kept(
    app: str, method: str, path: str, stated: bool
) -> None:
    before = memory_kib(app)
    header = f"Content-Length: {HUGE}" if stated else "Transfer-Encoding: chunked"
    began = time.monotonic()
    connection = opened(app, method, path, header)
    sent = CHUNK if stated else b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK)
    with connection:
        with contextlib.suppress(ConnectionError, TimeoutError):
            for _ in range(HUGE // len(CHUNK)):
                connection.sendall(sent)
            connection.sendall(b"" if stated else b"0\r\n\r\n")
        code = status(connection)
    assert time.monotonic() - began < 20
    assert code < 500 or code == 503
    if method == "POST":
        # Nothing that came with it was taken.
        assert code not in (200, 201, 202), code
    assert memory_kib(app) - before < 40 * 1024
    assert httpx.get(f"{app}/api/health", timeout=20).status_code == 200


def test_a_slow_body_on_every_route_at_once_keeps_nobody_waiting(app: str) -> None:
    waiting = [
        (method, path, opened(app, method, path, "Content-Length: 100"))
        for method, path in EVERY * 5
    ]
    for _, _, connection in waiting:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"t")
    began = time.monotonic()
    assert httpx.get(f"{app}/api/health", timeout=20).status_code == 200
    assert time.monotonic() - began < 5
    for method, path, connection in waiting:
        with connection:
            # Reports may take a minute (below); everything else is answered within ten seconds.
            if path.startswith("/session/") or method in ("GET", "HEAD"):
                assert status(connection) < 500, (method, path)


def test_a_report_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "BODY_TIMEOUT_S", 0.2)

    async def endless() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(30)

    async def receive_slowly() -> dict[str, object]:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    body = endless()
    headers = [(b"x-ingest-key", b"fpk_guessed")]
    scope = {"type": "http", "method": "POST", "headers": headers, "client": ("192.0.2.1", 1)}
    began = time.monotonic()
    answer = asyncio.run(reports.request_event(Request(scope, receive_slowly)))
    assert answer.status_code == 408
    assert time.monotonic() - began < 5
