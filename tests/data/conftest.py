"""The story behind a real API, and people who ask it with their own token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from footprint.auth import Me
from footprint.auth.guard import _me
from footprint.data.client import rpc
from footprint.local.stack import Stack
from house import Database
from story import tell_story
from web import Web, knowing, session_for, web_over


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        tell_story(web.database)
        yield web


@pytest.fixture
def web(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    yield from knowing(served, monkeypatch)


@pytest.fixture
def person(web: Web) -> Callable[[str], Me]:
    """Return somebody of the story, signed in."""

    def signed_in(name: str) -> Me:
        session = session_for(name)
        return _me(rpc(session, "me"), session)

    return signed_in
