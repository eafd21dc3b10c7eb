"""What has no price, what has no person, and whether the rollups are right: asked and mended by an admin."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event

UNPRICED = {"provider": "acme", "model": "m", "cost_usd": None, "price_source": None}
PRICES = "'acme', 'm', 2, 0.5, 2.5, 10"
RATE = "insert into public.fx_rates values ('2000-01-01', 0.5, 'test')"


def ask(database: Database, call: str, actor: str = "admin") -> Any:
    return database.one(f"select public.{call}", actor=actor)


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize(
    "call",
    [
        "unpriced_models()",
        "unattributed_requests()",
        f"price_unpriced({PRICES}, 'x')",
        "check_rollup_day('2026-10-15')",
        "check_rollup_month('2026-10-01')",
        "rebuild_rollup_day('2026-10-15')",
    ],
)
def test_only_admins_ask(module_database: Database, call: str, actor: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refusal:
        ask(module_database, call, actor)
    assert refusal.value.sqlstate == "PT403"


def test_what_has_no_price_is_listed_by_model_the_most_tokens_first(
    any_database: Database,
) -> None:
    any_database.store(
        event(),
        event(**UNPRICED),
        event(**UNPRICED, started_at="2026-10-17T10:00:00Z"),
        event(cost_usd=None, tokens_output_text=9000),
        event(**UNPRICED, cache_hit=True),  # not billed: needs no price
        # Billed by something else than tokens, or nobody knows by what: unknown all the same.
        event(cost_usd=None, tokens_input_uncached=None, tokens_output_text=None),
        event(cost_usd=None, tokens_input_uncached=None, tokens_output_text=None, status="failure"),
        event(cost_usd="0", tokens_input_uncached=None, tokens_output_text=None, status="failure"),
    )
    assert ask(any_database, "unpriced_models()") == [
        {"provider": "openai", "model": "gpt-4o", "requests": 2, "tokens": 10000,
         "first_day": "2026-10-15", "last_day": "2026-10-15"},
        {"provider": "acme", "model": "m", "requests": 2, "tokens": 2400,
         "first_day": "2026-10-15", "last_day": "2026-10-17"},
    ]  # fmt: skip


def test_a_preview_says_what_a_price_would_make_and_stores_nothing(any_database: Database) -> None:
    any_database.execute(RATE)
    any_database.store(
        # 1000 × 2 + 400 × 0.5 + 200 × 2.5 + (200 + 50) × 10 = 5,200 millionths of a dollar
        event(**UNPRICED, tokens_cache_read=400, tokens_cache_write=200, tokens_reasoning=50),
        event(**UNPRICED, tokens_output_text=None),
    )
    found = ask(any_database, f"price_unpriced({PRICES}, 'price list')")
    assert {**found, "cost_usd": Decimal(found["cost_usd"]), "cost_eur": Decimal(found["cost_eur"])} == {
        "requests": 1, "tokens": 1850, "cost_usd": Decimal("0.0052"), "cost_eur": Decimal("0.0026"),
        "left": 1, "reasons": {"tokens unknown": 1}, "more": False,
    }  # fmt: skip
    assert any_database.one("select count(*) from public.request_logs where cost_usd is null") == 2
    assert any_database.one("select count(*) from public.audit_log") == 0


def test_back_filling_prices_what_has_none_and_never_what_has_one(any_database: Database) -> None:
    any_database.execute(RATE)
    any_database.store(
        event(**UNPRICED),  # 1000 × 2 + 200 × 10 = 4,000 millionths
        event(**{**UNPRICED, "cost_usd": "7", "price_source": "invoice"}),
        event(**{**UNPRICED, "cost_usd": "0", "price_source": "free"}),
        event(**{**UNPRICED, "model": "other"}),
        event(**UNPRICED, cache_hit=True),
    )
    done = ask(any_database, f"price_unpriced({PRICES}, ' price list ', true)")
    assert (done["requests"], done["left"], done["more"]) == (1, 0, False)
    assert any_database.rows(
        "select cost_usd, cost_eur, price_source from public.request_logs"
        " where provider = 'acme' and model = 'm' and not cache_hit order by cost_usd"
    ) == [
        (0, 0, "free"),
        (Decimal("0.004"), Decimal("0.002"), "back-filled: price list"),
        (7, Decimal("3.5"), "invoice"),
    ]
    assert (
        any_database.one("select cost_usd from public.request_logs where model = 'other'") is None
    )
    assert any_database.rollup_differences() == 0
    [(action, target, reason, after)] = any_database.rows(
        "select action, target, reason, after from public.audit_log"
    )
    assert (action, target, reason) == ("prices.backfill", "acme/m", "price list")
    assert (after["requests"], after["usd_per_m_out"]) == (1, 10)
    again = ask(any_database, f"price_unpriced({PRICES}, 'price list', true)")
    assert again["requests"] == 0
    assert any_database.one("select count(*) from public.audit_log") == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (f"price_unpriced({PRICES}, ' ')", "a source is needed"),
        ("price_unpriced('acme', 'm', -1, 0, 0, 0, 'x')", "from 0 to 100000 USD"),
        ("price_unpriced('acme', 'm', null, 0, 0, 0, 'x')", "from 0 to 100000 USD"),
        ("unattributed_requests(0)", "1 to 20000"),
        ("rebuild_rollup_day(null)", "which day"),
    ],
)
def test_what_cannot_be_done_is_said(module_database: Database, call: str, said: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match=said) as refusal:
        ask(module_database, call)
    assert refusal.value.sqlstate == "PT400"


def test_sessions_of_nobody_are_listed_until_they_are_mapped(any_database: Database) -> None:
    any_database.store(
        event(user_id=None, session_id="a"),
        *(event(user_id=None, session_id="b") for _ in range(2)),
        event(user_id=None),
        event(),
    )
    found = ask(any_database, "unattributed_requests()")
    assert (found["requests"], found["sampled"], found["without_session"]) == (4, 4, 1)
    assert [(s["session_id"], s["requests"], s["tokens"]) for s in found["sessions"]] == [
        ("b", 2, 2400),
        ("a", 1, 1200),
    ]
    assert ask(any_database, "map_person_session('b', 'user-of-other')") == 2
    found = ask(any_database, "unattributed_requests()")
    assert (found["requests"], [s["session_id"] for s in found["sessions"]]) == (2, ["a"])


def differences(database: Database, day: str) -> dict[str, int]:
    found: dict[str, int] = ask(database, f"check_rollup_day('{day}')")
    found |= ask(database, f"check_rollup_month('{day}')")
    return found


GOOD = dict.fromkeys(
    ("usage_user_daily", "usage_org_daily", "usage_user_monthly", "usage_tag_monthly", "user_usage_totals"), 0
)  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_a_day_that_was_tampered_with_is_found_and_mended(
    any_database: Database, zone: str
) -> None:
    any_database.execute(
        "update public.settings set value = %s::jsonb where key = 'reporting_timezone'",
        [json.dumps(zone)],
    )
    moments = (
        "2026-10-14T23:59:59",
        "2026-10-15T00:00:00",
        "2026-10-15T13:59:59",
        "2026-11-01T05:30:00",
    )
    any_database.store(
        *(event(started_at=moment + "Z", tags=["x"]) for moment in moments),
        event(user_id=None),
    )
    day = any_database.one(
        "select day from public.usage_org_daily order by requests desc, day limit 1"
    )
    assert isinstance(day, date)
    assert differences(any_database, str(day)) == GOOD

    any_database.execute(
        "update public.usage_user_daily set cost_eur = cost_eur + 0.000000000001 where day = %s",
        [day],
    )
    any_database.execute("delete from public.usage_org_daily where day = %s", [day])
    any_database.execute(
        "update public.usage_tag_monthly set requests = 99 where month = date_trunc('month', %s::date)",
        [day],
    )
    any_database.execute("update public.user_usage_totals set tokens_used = 0")
    found = differences(any_database, str(day))
    assert all(found.values()), found
    ask(any_database, f"rebuild_rollup_day('{day}')")
    assert differences(any_database, str(day)) == GOOD
    assert any_database.rollup_differences() == 0
    assert any_database.one(
        "select target from public.audit_log where action = 'rollups.rebuild'"
    ) == str(day)
