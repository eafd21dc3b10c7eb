"""Zeros that nobody set: listed by model, and decided by an admin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from footprint.ingest.charge import DISCOUNTED, ESTIMATED, FREE
from footprint.ingest.pricing import GATEWAY_CACHE, NOT_BILLED
from house import Database, event

ZERO = {"provider": "acme", "model": "m", "cost_usd": "0", "price_source": "litellm 1.80.0"}
UNSET = "unknown: a zero that nobody set"


def ask(database: Database, call: str, actor: str = "admin") -> Any:
    return database.one(f"select public.{call}", actor=actor)


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize("call", ["zero_priced_models()", "decide_zero_price('acme', 'm', false)"])
def test_only_admins_ask(module_database: Database, call: str, actor: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refusal:
        ask(module_database, call, actor)
    assert refusal.value.sqlstate == "PT403"


@pytest.mark.parametrize("arguments", ["null, 'm', true", "'acme', '', true", "'acme', 'm', null"])
def test_what_is_not_said_is_not_decided(module_database: Database, arguments: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match="Say which model") as refusal:
        ask(module_database, f"decide_zero_price({arguments})")
    assert refusal.value.sqlstate == "PT400"


def test_zeros_that_nobody_set_are_listed_by_model_beside_no_other(any_database: Database) -> None:
    any_database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
    any_database.store(
        event(**ZERO),
        event(**ZERO | {"price_source": ESTIMATED}, started_at="2026-10-17T10:00:00Z"),
        # Others of the model have a cost: what is 0 is still to be decided.
        event(**ZERO | {"cost_usd": "1"}),
        event(**ZERO | {"cost_usd": None}),
        event(**ZERO | {"model": "pages"}, tokens_input_uncached=None, tokens_output_text=None),
        # Zeros that are known.
        event(**ZERO, cache_hit=True),
        event(**ZERO, status="failure"),
        *(
            event(**ZERO | {"model": f"free {number}", "price_source": source})
            for number, source in enumerate(
                (
                    *(GATEWAY_CACHE, NOT_BILLED, "caller", "back-filled: contract"),
                    *(f"litellm 1.106.2{FREE}", f"litellm, own price{FREE}", ESTIMATED + FREE),
                    f"litellm 1.106.2{DISCOUNTED}",
                )
            )
        ),
        event(provider="acme", model="euros", cost_usd=None, reported_cost="0", reported_currency="EUR"),
    )  # fmt: skip
    assert ask(any_database, "zero_priced_models()") == [
        {"provider": "acme", "model": "m", "requests": 2, "tokens": 2400, "first_day": "2026-10-15",
         "last_day": "2026-10-17", "price_sources": [ESTIMATED, "litellm 1.80.0"]},
        {"provider": "acme", "model": "pages", "requests": 1, "tokens": 0, "first_day": "2026-10-15",
         "last_day": "2026-10-15", "price_sources": ["litellm 1.80.0"]},
    ]  # fmt: skip


def test_a_preview_says_what_becomes_unknown_and_changes_nothing(any_database: Database) -> None:
    any_database.store(event(**ZERO), event(**ZERO, started_at="2026-10-17T10:00:00Z"))
    assert ask(any_database, "decide_zero_price('acme', 'm', false)") == {
        "requests": 2, "tokens": 2400, "days": 2, "first_day": "2026-10-15", "last_day": "2026-10-17",
        "more": False,
    }  # fmt: skip
    assert any_database.one("select count(*) from public.request_logs where cost_usd = 0") == 2
    assert any_database.one("select count(*) from private.zero_prices") == 0
    assert any_database.one("select count(*) from public.audit_log") == 0


def test_a_model_that_is_free_stays_at_0_and_is_asked_about_no_more(any_database: Database) -> None:
    any_database.store(event(**ZERO))
    assert ask(any_database, "decide_zero_price('acme', 'm', true, true)")["requests"] == 1
    any_database.store(event(**ZERO))
    assert ask(any_database, "zero_priced_models()") == []
    assert ask(any_database, "unpriced_models()") == []
    assert any_database.rows("select cost_usd, price_source from public.request_logs") == [
        (0, "litellm 1.80.0"),
        (0, "litellm 1.80.0"),
    ]
    [(action, target, after)] = any_database.rows(
        "select action, target, after from public.audit_log"
    )
    assert (action, target, after["is_free"]) == ("prices.decide_zero", "acme/m", True)
    decided = any_database.rows(
        "select provider, model, is_free, decided_by from private.zero_prices"
    )
    assert decided == [("acme", "m", True, "user-of-admin")]


def test_of_a_model_that_is_not_free_the_zeros_become_unknown_and_no_sum_changes(
    any_database: Database,
) -> None:
    any_database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
    any_database.store(
        *(event(**ZERO) for _ in range(3)),
        event(**ZERO | {"cost_usd": "7"}),
        event(**ZERO | {"price_source": f"litellm 1.106.2{FREE}"}),
        event(**ZERO | {"model": "other"}),
    )
    sums = "select sum(cost_usd), sum(cost_eur), sum(requests), sum(tokens_used) from public.usage_org_daily"
    before = any_database.rows(sums)
    done = ask(any_database, "decide_zero_price('acme', 'm', false, true)")
    assert (done["requests"], done["more"]) == (3, False)
    assert any_database.rows(sums) == before
    assert any_database.rows(
        "select cost_usd, cost_eur, fx_eur_per_usd, price_source, count(*) from public.request_logs"
        " where model = 'm' group by 1, 2, 3, 4 order by 1"
    ) == [
        (0, 0, Decimal("0.5"), f"litellm 1.106.2{FREE}", 1),
        (7, Decimal("3.5"), Decimal("0.5"), "litellm 1.80.0", 1),
        (None, None, None, UNSET, 3),
    ]
    assert any_database.rollup_differences() == 0
    [unpriced] = ask(any_database, "unpriced_models()")
    assert (unpriced["model"], unpriced["requests"]) == ("m", 3)
    assert [each["model"] for each in ask(any_database, "zero_priced_models()")] == ["other"]
    assert ask(any_database, "decide_zero_price('acme', 'm', false, true)")["requests"] == 0
    assert any_database.one("select count(*) from public.audit_log") == 1


def test_zeros_that_come_after_the_decision_are_listed_again(any_database: Database) -> None:
    any_database.store(event(**ZERO))
    ask(any_database, "decide_zero_price('acme', 'm', false, true)")
    any_database.store(event(**ZERO))
    [listed] = ask(any_database, "zero_priced_models()")
    assert listed["requests"] == 1


def test_many_zeros_are_decided_in_bounded_steps(database: Database) -> None:
    database.execute(
        "insert into public.request_logs (event_id, started_at, provider, model, cost_usd, cost_eur, fx_eur_per_usd,"
        " price_source, tokens_input_uncached, status, source, impact_reason, call_type, attribution)"
        " select gen_random_uuid(), '2026-10-15', 'acme', 'm', 0, 0, 1, 'litellm', 1, 'success', 'proxy',"
        " 'no_factor', 'chat', 'none' from generate_series(1, 20001)"
    )
    steps = [ask(database, "decide_zero_price('acme', 'm', false, true)") for _ in range(2)]
    assert [(step["requests"], step["more"]) for step in steps] == [(20000, True), (1, False)]
    assert ask(database, "zero_priced_models()") == []
    assert database.rollup_differences() == 0


def test_the_zeros_are_found_by_their_index(database: Database) -> None:
    definition = database.one(
        "select prosrc from pg_proc where proname = 'zero_priced_models' and pronamespace = 'private'::regnamespace"
    )
    condition = definition[
        definition.index("where r.cost_usd") : definition.index("and not exists")
    ]
    with database.connect() as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(
            f"explain select r.provider, r.model, count(*) from public.request_logs r {condition} group by 1, 2"
        ).fetchall()  # fmt: skip
    assert "request_logs_zero_cost_idx" in str(plan)
