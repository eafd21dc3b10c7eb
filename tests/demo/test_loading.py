"""Loading the demo into a real database: whole, resumable, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from footprint.demo.loading import NOTICE, claim, load
from footprint.demo.people import PEOPLE
from footprint.demo.trace import read_trace
from footprint.errors import InputError
from footprint.ingest.pricing import price_map
from house import Database, event

TODAY = date(2026, 11, 21)


class Interruption(Exception):
    pass


def test_an_interrupted_load_goes_on_and_ends_with_the_whole_organisation(
    database: Database,
) -> None:
    def interrupt(done: int, fraction: float) -> None:
        if done >= 5000:
            raise Interruption

    claim(database.url, TODAY)
    with pytest.raises(Interruption):
        load(database.url, price_map(), interrupt)
    count = "select count(*) from public.request_logs"
    begun = database.one(count)
    assert 5000 <= begun < 10_000
    # The next start is on another day: the first one's still counts.
    claim(database.url, date(2027, 2, 1))
    loaded = load(database.url, price_map())
    assert loaded.added == loaded.requests - begun
    assert database.one(count) == loaded.requests
    tokens = 6 * sum(a.context_tokens + a.generated_tokens for a in read_trace())
    assert database.one("select sum(tokens_used) from public.request_logs") == tokens
    assert database.one("select max(started_at)::date from public.request_logs") == date(
        2026, 11, 20
    )
    assert database.rollup_differences() == 0
    assert load(database.url, price_map()) == type(loaded)(0, loaded.requests)
    assert database.one(count) == loaded.requests

    notice = database.one("select private.setting('demo_notice')")
    assert {key: notice[key] for key in NOTICE} == NOTICE
    assert (notice["first_day"], notice["last_day"]) == ("2025-11-01", "2026-11-20")
    roles = database.rows(
        "select role, count(*) from public.user_profiles where user_id like 'demo-%' group by 1 order by 1"
    )
    assert roles == [("admin", 1), ("finance", 1), ("member", len(PEOPLE) - 2)]
    unknown = "select count(*) from public.request_logs where (cost_usd is null or impact_reason = 'no_factor')"
    assert database.one(f"{unknown} and model <> 'meadow-summariser'") == 0
    rates = database.rows(
        "select month, status, pledged_eur, donated_eur, area_m2 from private.restoration_rates(null, null)"
    )
    assert [row[1] for row in rates] == ["verified"] * 12 + ["pending"]
    for _, _, pledged, donated, area in rates[:12]:
        assert Decimal("0.85") < donated / pledged < Decimal("1.2")
        assert area > 0


def test_a_database_with_requests_of_its_own_is_left_alone(database: Database) -> None:
    database.store(event())
    with pytest.raises(InputError, match="not the demo's"):
        claim(database.url, TODAY)
    assert database.one("select private.setting('demo_notice') #>> '{}'") is None
    assert (
        database.one("select count(*) from public.user_profiles where user_id like 'demo-%'") == 0
    )
