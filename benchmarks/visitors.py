"""People at the running app, without a browser: they speak Streamlit's own protocol.

A click is a rerun asked for over the websocket; its time ends with the message that the script has
finished, so it is the whole run on the server and nothing of a browser.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks.filling import EMAIL, LAST_DAY, PASSWORD
from footprint.auth import gotrue
from footprint.auth.cookies import cookie_names, seal
from footprint.auth.sessions import STORE
from footprint.config import get_settings

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class App:
    """The app as `streamlit run` starts it: where it is, and its process."""

    address: str
    pid: int
    cookie_key: str

    @property
    def resident_mb(self) -> float:
        """Return the memory that the process holds now, MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("Linux says how much memory a process holds; this is another system.")


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[App]:
    """Start the app; stop it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    key = Fernet.generate_key().decode()
    own = {"APP_COOKIE_KEYS": key, "APP_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "streamlit", "run", "Home.py"]
    child = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
        cwd=ROOT,
        env={**os.environ, **environment, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, child)
        yield App(address, child.pid, key)
    finally:
        child.terminate()
        child.wait(20)


def _await(address: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if child.poll() is not None:
            raise RuntimeError("The app ended while it was starting.")
        try:
            if httpx.get(f"{address}/_stcore/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("The app did not start within a minute.")


def sign_in(app: App, environment: Mapping[str, str]) -> str:
    """Sign the benchmark's admin in; return the cookies of their browser."""
    own = {**environment, "APP_COOKIE_KEYS": app.cookie_key, "APP_URL": app.address}
    os.environ.update(own)
    get_settings.cache_clear()
    session = STORE.create(gotrue.sign_in(EMAIL, PASSWORD))
    names = cookie_names(get_settings())
    sealed = seal(session.to_seal(), get_settings())
    return f"{names.browser}={secrets.token_urlsafe(16)}; {names.session}={sealed}"


class Visitor:
    """Somebody with a page open.

    Args:
        app: the running app.
        cookie: of their browser.
        page: its path without the slash; empty for Home.
    """

    def __init__(self, app: App, cookie: str, page: str) -> None:
        self._page = page
        self._socket: ClientConnection = connect(
            app.address.replace("http", "ws", 1) + "/_stcore/stream",
            additional_headers={"Cookie": cookie},
            origin=Origin(app.address),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            proxy=None,
        )
        self._turn = secrets.randbelow(300)

    def click(self) -> float:
        """Choose other days, so that nothing comes from a cache; return the seconds it took."""
        self._turn += 1
        last = date.fromisoformat(LAST_DAY) - timedelta(days=self._turn % 7)
        first = last - timedelta(days=29 + self._turn % 300)
        query = [("period", "Custom"), ("days", f"{first:%F}"), ("days", f"{last:%F}")]
        asked = BackMsg()
        asked.rerun_script.query_string = urlencode(query)
        asked.rerun_script.page_name = self._page
        begin = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        self._finish()
        return time.perf_counter() - begin

    def _finish(self) -> None:
        while True:
            said = ForwardMsg()
            said.ParseFromString(self._socket.recv(timeout=60))
            if said.WhichOneof("type") == "script_finished":
                return

    def leave(self) -> None:
        """Close the page."""
        self._socket.close()
