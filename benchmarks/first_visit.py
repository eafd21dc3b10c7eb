"""A first visit: bytes on the wire and time to the first figure, with and without compression.

A signed-in browser with an empty cache opens Home: once straight at the app, once through nginx with
`examples/nginx/footprint.conf`, by turns. Both on an unlimited local wire and on one of 10 Mbit/s with
40 ms, where bytes are time. Needs Chromium; without nginx only the first is measured.

Usage: ``make bench``, or ``python -m benchmarks.first_visit [--rounds 3]``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks.common import report
from benchmarks.filling import Filled, filled
from benchmarks.visitors import ROOT, running, sign_in

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SNIPPET = ROOT / "examples" / "nginx" / "footprint.conf"
# Bytes a second and milliseconds; None: as fast as the machine.
WIRES = {"local wire": None, "10 Mbit/s, 40 ms": (1_250_000, 40)}
_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{}}
http {{
  access_log off;
  types {{ application/javascript js; text/css css; text/html html; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $footprint_connection {{ default upgrade; '' close; }}
  server {{ listen 127.0.0.1:{port}; {snippet} }}
}}
"""


@contextmanager
def behind_nginx(address: str) -> Iterator[str]:
    """Put nginx in front of the app as the deployment guide says; yield its address."""
    with tempfile.TemporaryDirectory(prefix="footprint-nginx-") as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        snippet = SNIPPET.read_text().replace("http://127.0.0.1:8501", address)
        config = folder / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=port, snippet=snippet))
        child = subprocess.Popen(["nginx", "-c", str(config), "-p", name])
        try:
            _await(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.wait(20)


def _await(url: str) -> None:
    for _ in range(100):
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("nginx did not start.")


def visit(browser: Browser, address: str, cookie: str, wire: tuple[int, int] | None) -> list[float]:
    """Open Home with an empty cache; return MB on the wire and seconds to the first figure."""
    context = browser.new_context(locale="en-GB")
    host = urlsplit(address).hostname or ""
    context.add_cookies(
        [
            {"name": name, "value": value, "domain": host, "path": "/"}
            for name, _, value in (part.partition("=") for part in cookie.split("; "))
        ]
    )
    page = context.new_page()
    chrome = context.new_cdp_session(page)
    chrome.send("Network.enable")
    if wire:
        speed, latency = wire
        chrome.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": latency,
                "downloadThroughput": speed,
                "uploadThroughput": speed,
            },
        )
    received: list[float] = []
    chrome.on("Network.loadingFinished", lambda done: received.append(done["encodedDataLength"]))
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_test_id("stMetricValue").first.wait_for(timeout=120_000)
    took = time.perf_counter() - begin
    page.wait_for_timeout(3000)
    context.close()
    return [sum(received) / 1e6, took]


def measure(database: Filled, rounds: int) -> dict[str, list[float]]:
    """Return median MB and seconds of each way and wire."""
    with ExitStack() as open_:
        app = open_.enter_context(running(database.environment))
        cookie = sign_in(app, database.environment)
        ways = {"as it is": app.address}
        if shutil.which("nginx"):
            ways["through nginx"] = open_.enter_context(behind_nginx(app.address))
        browser = open_.enter_context(sync_playwright()).chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        taken: dict[str, list[list[float]]] = {}
        visit(browser, app.address, cookie, None)
        for _ in range(rounds):
            for wire_name, wire in WIRES.items():
                for way, address in ways.items():
                    name = f"{way}, {wire_name}"
                    taken.setdefault(name, []).append(visit(browser, address, cookie, wire))
    return {
        name: [statistics.median(of) for of in zip(*visits, strict=True)]
        for name, visits in taken.items()
    }


def main() -> int:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print("Chromium is not there: nothing was measured.", file=sys.stderr)
        return 0
    with filled((20_000,)) as [database]:
        figures = measure(database, options.rounds)
    for name, (size, took) in figures.items():
        print(f"{name:34} {size:6.2f} MB   first figure after {took:5.2f} s")
    print(report("first_visit", megabytes_and_seconds=figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
