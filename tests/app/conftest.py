"""A Supabase with people in it, and an app in this process that knows of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footprint.local.stack import Stack
from house import Database
from web import Web, knowing, no_v1_pages, web_over


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        yield web


@pytest.fixture
def web(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    yield from knowing(served, monkeypatch)


@pytest.fixture(autouse=True)
def only_our_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    no_v1_pages(monkeypatch)
