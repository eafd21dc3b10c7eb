"""Two Supabases: one with the story in it, one with nothing; and an app that knows of either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from footprint.config import get_settings
from footprint.local.stack import Stack
from house import Database
from story import tell_story
from web import Web, forget_everything, no_v1_pages, tell_settings, web_over


@pytest.fixture(scope="module")
def served_full(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        tell_story(web.database)
        yield web


@pytest.fixture
def full(served_full: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """An app over the story."""
    yield from _knowing(served_full, monkeypatch)


@pytest.fixture
def empty(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """An app over an organisation that has recorded nothing."""
    with web_over(stack, database) as web:
        yield from _knowing(web, monkeypatch)


def _knowing(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    tell_settings(monkeypatch, web.environment)
    forget_everything(monkeypatch)
    st.cache_data.clear()
    yield web
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def only_our_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    no_v1_pages(monkeypatch)
