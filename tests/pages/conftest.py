"""Two Supabases: one with the story in it, one with nothing; and an app that knows of either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footprint.local.stack import Stack
from house import Database
from story import tell_story
from web import Web, knowing, no_v1_pages, web_over


@pytest.fixture(scope="module")
def served_full(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        tell_story(web.database)
        yield web


@pytest.fixture
def full(served_full: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """An app over the story."""
    yield from knowing(served_full, monkeypatch)


@pytest.fixture
def empty(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """An app over an organisation that has recorded nothing."""
    with web_over(stack, database) as web:
        yield from knowing(web, monkeypatch)


@pytest.fixture(autouse=True)
def only_our_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    no_v1_pages(monkeypatch)
