"""What tests of the web app share: people with accounts, settings, a browser's cookies, a server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import streamlit as st
from cryptography.fernet import Fernet
from starlette.types import ASGIApp
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.pages_manager import PagesManager

from footprint.auth import flows, gotrue
from footprint.auth.cookies import seal
from footprint.auth.limits import Limiter
from footprint.auth.sessions import STORE, AuthSession, SessionStore
from footprint.config import get_settings
from footprint.local.accounts import create_account
from footprint.local.stack import LiteOptions, Server, Stack
from house import Database

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery staple"
# Two members, an administrator, and finance; each is NAME@example.net.
ROLES = {"ann": "member", "bob": "member", "ada": "admin", "fin": "finance"}
BROWSER = "a-browser"
COOKIE_KEY = Fernet.generate_key().decode()
ORIGIN = "http://testserver"


@dataclass(frozen=True)
class Web:
    """A database with people in it, and the Supabase that serves it."""

    database: Database
    server: Server

    @property
    def environment(self) -> dict[str, str]:
        """What the app is told about its surroundings."""
        return {
            "SUPABASE_URL": self.server.api_url,
            "SUPABASE_PUBLISHABLE_KEY": self.server.publishable_key,
            "APP_COOKIE_KEYS": COOKIE_KEY,
            "APP_URL": "http://127.0.0.1:8501",
        }


@contextmanager
def web_over(stack: Stack, database: Database, options: LiteOptions | None = None) -> Iterator[Web]:
    """Serve ``database`` with the people of ``ROLES`` in it."""
    with stack.serve(database.name, options=options) as server:
        for person, role in ROLES.items():
            create_account(server, email(person), PASSWORD, {"full_name": person.title()})
            database.execute(
                "update public.user_profiles set role = %s where email = %s", [role, email(person)]
            )
        yield Web(database, server)


def email(person: str) -> str:
    return f"{person}@example.net"


def tell_settings(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Have the app in this process read ``environment``, and nothing that was there before."""
    for name in ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY", "APP_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("APP_COOKIE_KEYS", "FOOTPRINT_DEMO", "FOOTPRINT_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def forget_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no session and no failed attempt, as a process that has just started."""
    fresh = SessionStore()
    for name in ("_sessions", "_ended", "_tickets"):
        monkeypatch.setattr(STORE, name, getattr(fresh, name))
    for limiter in (flows.BY_EMAIL, flows.BY_BROWSER, flows.INVITATIONS):
        monkeypatch.setattr(limiter, "_attempts", Limiter(1)._attempts)


def knowing(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Yield a Supabase of which this process knows, with nothing remembered of another one."""
    tell_settings(monkeypatch, web.environment)
    forget_everything(monkeypatch)
    st.cache_data.clear()
    yield web
    get_settings.cache_clear()


def no_v1_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep AppTest from taking `pages/` for Streamlit's older kind of multipage app."""
    assert hasattr(PagesManager, "uses_pages_directory"), "Streamlit has changed: see api/server.py"
    original = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **named: object) -> None:
        original(self, *arguments, **named)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


def session_for(person: str) -> AuthSession:
    """Sign somebody in at Supabase Auth and keep the session in this process."""
    return STORE.create(gotrue.sign_in(email(person), PASSWORD))


def cookies_of(session: AuthSession | None) -> dict[str, str]:
    """Return the cookies of a browser, with or without a session."""
    cookies = {"footprint-browser": BROWSER}
    if session is not None:
        cookies["footprint"] = seal(session.to_seal(), get_settings())
    return cookies


def sit_at_browser(monkeypatch: pytest.MonkeyPatch, cookies: Mapping[str, str]) -> None:
    """Give AppTest a browser with these cookies, which it has no way to seed."""
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: cookies))


def ask(app: ASGIApp, method: str, path: str, **request: object) -> httpx.Response:
    """Send one HTTP request to an ASGI app in this process."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, **request)  # type: ignore[arg-type]

    return asyncio.run(send())


@contextmanager
def running_app(environment: Mapping[str, str], port: int | None = None) -> Iterator[str]:
    """Start the real app as `streamlit run` does; yield its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "Home.py"]
    child = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
        cwd=ROOT,
        env={**os.environ, "APP_COOKIE_KEYS": COOKIE_KEY, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, child)
        yield address
    finally:
        child.terminate()
        child.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(address: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert child.poll() is None, "the app ended while it was starting"
        try:
            if httpx.get(f"{address}/_stcore/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the app did not start within 30 s")
