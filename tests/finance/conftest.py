"""An app in this process over a Supabase of one's own, with an October to export."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footprint.local.stack import Stack
from house import Database, event
from web import Web, knowing, web_over


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        tell_october(web.database)
        yield web


@pytest.fixture
def october(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """October, for tests that leave it as it is."""
    yield from knowing(served, monkeypatch)


@pytest.fixture
def own_october(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """October, for a test that changes it."""
    with web_over(stack, database) as web:
        tell_october(database)
        yield from knowing(web, monkeypatch)


def tell_october(database: Database) -> None:
    """Store six requests of October 2026 in Berlin, and one just before and after it.

    A dollar is 0.90 €. Ann: 1.0000000001 $, and one from the gateway's cache; Bob, whose name is a
    formula: 2 $, and one without a price; nobody: 4 $ and 8 $.
    """
    database.execute(
        "update public.settings set value = '\"Europe/Berlin\"' where key = 'reporting_timezone'"
    )
    ann, bob = (
        database.one("select user_id from public.user_profiles where email = %s", [address])
        for address in ("ann@example.net", "bob@example.net")
    )
    database.execute(
        "update public.user_profiles set full_name = '=1+1', team = 'R#D' where user_id = %s",
        [bob],
    )
    stored = database.store(
        event(user_id=ann, cost_usd="1.0000000001", started_at="2026-09-30T22:00:00Z"),
        event(user_id=ann, cost_usd="5", cache_hit=True),
        event(user_id=bob, cost_usd="2", team="R#D", model="@SUM(A1)"),
        event(user_id=bob, cost_usd=None, team="R#D", model="nobody-prices-this"),
        event(user_id=None, cost_usd="4"),
        event(user_id=None, cost_usd="8", started_at="2026-10-31T22:59:59.999999Z"),
        event(user_id=ann, cost_usd="16", started_at="2026-09-30T21:59:59Z"),
        event(user_id=ann, cost_usd="32", started_at="2026-10-31T23:00:00Z"),
    )
    assert stored["inserted"] == 8, stored
