"""A browser, and the story behind a running app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from browsing import CHROMIUM, FLAGS
from footprint.local.stack import Stack
from house import Database
from story import tell_story
from web import Web, running_app, web_over


@pytest.fixture(scope="module")
def web(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        tell_story(web.database)
        yield web


@pytest.fixture(scope="module")
def app(web: Web) -> Iterator[str]:
    with running_app(web.environment) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed here: the browser tests are skipped.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()
