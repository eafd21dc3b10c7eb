"""An app in this process, over a real Supabase or over one that fails on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from footprint.api import reports
from footprint.api.mailroom import mailroom
from footprint.api.middleware import MIDDLEWARE
from footprint.api.routes import ROUTES
from footprint.auth.limits import Limiter
from footprint.config import get_settings
from footprint.local.stack import Server
from ingest_callback.receiver import Receiver, serving
from web import COOKIE_KEY, tell_settings

APP = Starlette(routes=ROUTES, middleware=MIDDLEWARE)


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for limiter in (reports.BY_KEY, reports.BY_ADDRESS):
        monkeypatch.setattr(limiter, "_attempts", Limiter(1)._attempts)
    yield
    mailroom().close()
    get_settings.cache_clear()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def point_app(monkeypatch: pytest.MonkeyPatch, url: str, key: str, spool: Path) -> None:
    """Have the app in this process use a Supabase."""
    found = {
        "SUPABASE_URL": url,
        "SUPABASE_PUBLISHABLE_KEY": key,
        "APP_COOKIE_KEYS": COOKIE_KEY,
        "FOOTPRINT_SPOOL_DIR": str(spool),
        "FOOTPRINT_METRICS_TOKEN": "let me look",
    }
    tell_settings(monkeypatch, found)


@pytest.fixture
def over_database(api: Server, monkeypatch: pytest.MonkeyPatch, spool: Path) -> None:
    point_app(monkeypatch, api.api_url, api.publishable_key, spool)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, spool: Path) -> Iterator[Receiver]:
    with serving(Receiver()) as found:
        point_app(monkeypatch, found.url, "sb_publishable_test", spool)
        yield found
