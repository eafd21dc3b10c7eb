"""A Supabase with people in it, and an app in this process that knows of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footprint.config import get_settings
from footprint.local.stack import Stack
from house import Database
from web import Web, forget_everything, no_v1_pages, tell_settings, web_over


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        yield web


@pytest.fixture
def web(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    tell_settings(monkeypatch, served.environment)
    forget_everything(monkeypatch)
    yield served
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def only_our_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    no_v1_pages(monkeypatch)
