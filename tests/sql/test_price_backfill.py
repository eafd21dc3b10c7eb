"""Prices by hand: only what a price is for is priced, by tier of service and by what bills it."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from footprint.event import UNITS
from house import Database, event

UNPRICED: dict[str, Any] = {
    "provider": "acme",
    "model": "m",
    "cost_usd": None,
    "price_source": None,
}
TOKENLESS = UNPRICED | {"tokens_input_uncached": None, "tokens_output_text": None}
# 1,000 × 2 + 200 × 10 = 4,000 millionths of a dollar for an event of the house.
PRICES = "'acme', 'm', 2, 0.5, 2.5, 10, 'a list'"
HARMLESS = {
    *("accepted_prediction_tokens", "rejected_prediction_tokens", "image_input_tokens"),
    *("document_input_tokens", "tool_input_tokens", "web_fetches", "tool_calls"),
    *("requests", "failed_requests"),
}


def ask(database: Database, call: str, actor: str = "admin") -> Any:
    return database.one(f"select public.{call}", actor=actor)


def unit_price(
    unit: str, usd: str, apply: bool = False, tier: str = "null", model: str = "m"
) -> str:
    return f"price_unpriced_unit('acme', '{model}', {tier}, '{unit}', {usd}, 'a list', {apply})"


@pytest.fixture
def rated(any_database: Database) -> Database:
    any_database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
    return any_database


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize("call", ["unpriced_parts('acme', 'm')", unit_price("pages", "1")])
def test_only_admins_ask(module_database: Database, call: str, actor: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refusal:
        ask(module_database, call, actor)
    assert refusal.value.sqlstate == "PT403"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (unit_price("pages", "-1"), "from 0 to 100000 USD for one unit"),
        (unit_price("pages", "null"), "from 0 to 100000 USD for one unit"),
        (unit_price("pages", "'NaN'"), "from 0 to 100000 USD for one unit"),
        (unit_price("text tokens", "1"), "Say which unit"),
        ("price_unpriced_unit('acme', 'm', null, null, 1, 'x')", "Say which unit"),
        ("price_unpriced_unit('acme', 'm', null, 'pages', 1, ' ')", "a source is needed"),
        (
            f"price_unpriced({PRICES}, p_usd_per_m_cache_write_1h => -1)",
            "from 0 to 100000 USD for a million",
        ),
    ],
)
def test_what_cannot_be_done_is_said(module_database: Database, call: str, said: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match=said) as refusal:
        ask(module_database, call)
    assert refusal.value.sqlstate == "PT400"


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_a_price_of_tokens_is_for_text_alone(module_database: Database, unit: str) -> None:
    of_its_own = UNPRICED | {"model": unit}
    module_database.store(
        event(**of_its_own, quantities={unit: 3}), event(**of_its_own, quantities={unit: 0})
    )
    found = ask(module_database, f"price_unpriced('acme', '{unit}', 2, 0.5, 2.5, 10, 'a list')")
    if unit in HARMLESS:
        assert (found["requests"], found["left"], found["reasons"]) == (2, 0, {})
    else:
        assert (found["requests"], found["left"], found["reasons"]) == (1, 1, {unit: 1})


def test_requests_that_a_price_is_not_for_are_left_with_their_reasons(rated: Database) -> None:
    searched = {"quantities": {"web_searches": 2}}
    rated.store(
        event(**UNPRICED),
        *(event(**UNPRICED, **searched) for _ in range(2)),
        event(**UNPRICED, quantities={"web_searches": 1, "audio_output_tokens": 9}),
        event(**UNPRICED, service_tier="flex"),
        event(**UNPRICED, service_tier="flex", **searched),
        event(**UNPRICED, call_type="batch"),
        event(**UNPRICED, flags=["unread: magic_tokens"]),
        event(**UNPRICED, flags=["several_models"]),
        event(**UNPRICED, flags=["job_open"], job_id="j"),
        event(**UNPRICED, flags=["tokens_from_total"]),
        event(**UNPRICED | {"tokens_output_text": None}),
        # Neither of these is about tokens.
        event(**TOKENLESS, quantities={"pages": 3}),
        event(**UNPRICED, cache_hit=True),
    )
    reasons = {
        "web_searches": 3, "audio_output_tokens": 1, "another tier": 3, "not understood": 1,
        "several models": 1, "not ended": 1, "tokens unknown": 1,
    }  # fmt: skip
    found = ask(rated, f"price_unpriced({PRICES})")
    assert (found["requests"], found["left"], found["reasons"]) == (2, 10, reasons)
    done = ask(rated, f"price_unpriced({PRICES}, true)")
    assert (done["requests"], done["left"], done["reasons"]) == (2, 10, reasons)
    priced = "select count(*), sum(cost_usd) from public.request_logs where cost_usd is not null and not cache_hit"
    assert rated.rows(priced) == [(2, Decimal("0.008"))]

    tier = ask(rated, f"price_unpriced({PRICES}, true, 'flex')")
    assert (tier["requests"], tier["reasons"]["web_searches"]) == (1, 1)
    assert ask(rated, f"price_unpriced({PRICES}, true, 'batch')")["requests"] == 1
    assert ask(rated, f"price_unpriced({PRICES}, true, 'priority')")["requests"] == 0
    assert rated.rollup_differences() == 0
    tiers = rated.rows("select after ->> 'tier' from public.audit_log")
    assert sorted(tiers, key=str) == [("batch",), ("flex",), (None,)]


def test_what_is_cached_for_an_hour_has_a_price_of_its_own_or_stays_unknown(
    rated: Database,
) -> None:
    hour = {"tokens_cache_write": 500, "quantities": {"cache_write_1h_tokens": 300}}
    rated.store(event(**UNPRICED), event(**UNPRICED, **hour))
    [part] = ask(rated, "unpriced_parts('acme', 'm')")["parts"]
    assert (part["billed_by"], part["requests"], part["tokens_cache_write_1h"]) == (
        ["text tokens"], 2, 300,
    )  # fmt: skip
    found = ask(rated, f"price_unpriced({PRICES})")
    assert (found["requests"], found["reasons"]) == (1, {"cache_write_1h_tokens": 1})
    # 4,000 + 200 × 2.5 + 300 × 4 = 5,700 millionths.
    done = ask(rated, f"price_unpriced({PRICES}, true, null, 4)")
    assert (done["requests"], Decimal(done["cost_usd"])) == (2, Decimal("0.0097"))
    assert rated.rollup_differences() == 0


def test_the_parts_of_a_model_are_told_by_tier_and_by_what_bills_them(rated: Database) -> None:
    pages = {"quantities": {"pages": 2.5, "requests": 1}}
    rated.store(
        *(event(**TOKENLESS, **pages) for _ in range(3)),
        event(**TOKENLESS, **pages, service_tier="batch", started_at="2026-10-17T10:00:00Z"),
        event(**UNPRICED),
        event(**UNPRICED, quantities={"web_searches": 1}),
        event(**TOKENLESS),
        event(**TOKENLESS, quantities={"pages": 1, "images": 1}),
        event(**TOKENLESS, flags=["tokens_unread"]),
        event(**TOKENLESS, **pages, status="failure"),  # not billable
        event(**TOKENLESS, **pages, cache_hit=True),
        event(**TOKENLESS | {"cost_usd": "1"}, **pages),
        event(**TOKENLESS | {"model": "other"}, **pages),
    )
    found = ask(rated, "unpriced_parts('acme', 'm')")
    assert found["cut"] is False
    assert [
        (p["tier"], p["billed_by"], p["requests"], p["tokens"], p["amount"], p["first_day"])
        for p in found["parts"]
    ] == [
        (None, ["pages"], 3, 0, "7.5", "2026-10-15"),
        (None, [], 1, 0, None, "2026-10-15"),
        (None, ["not understood"], 1, 0, None, "2026-10-15"),
        (None, ["text tokens"], 1, 1200, None, "2026-10-15"),
        (None, ["pages", "images"], 1, 0, None, "2026-10-15"),
        (None, ["text tokens", "web_searches"], 1, 1200, None, "2026-10-15"),
        ("batch", ["pages"], 1, 0, "2.5", "2026-10-17"),
    ]
    [listed] = [m for m in ask(rated, "unpriced_models()") if m["model"] == "m"]
    assert listed["requests"] == sum(part["requests"] for part in found["parts"])


def test_what_has_no_tokens_is_priced_by_its_unit_and_nothing_else_is(rated: Database) -> None:
    rated.store(
        event(**TOKENLESS, quantities={"audio_seconds": 90.5}),
        event(**TOKENLESS, quantities={"audio_seconds": 10, "requests": 1}),
        event(**TOKENLESS, quantities={"audio_seconds": 10}, service_tier="flex"),
        event(**TOKENLESS, quantities={"audio_seconds": 10, "characters": 5}),
        event(**TOKENLESS, quantities={"pages": 1}),
        event(**TOKENLESS),
        event(**TOKENLESS, flags=["tokens_unread"], quantities={"audio_seconds": 1}),
        event(**TOKENLESS, quantities={"audio_seconds": 1}, status="failure"),
        event(**TOKENLESS, quantities={"audio_seconds": 1}, cache_hit=True),
        event(**TOKENLESS | {"cost_usd": "7"}, quantities={"audio_seconds": 1}),
        event(**UNPRICED, quantities={"audio_seconds": 1}),
    )
    reasons = {
        "another tier": 1, "characters": 1, "pages": 1, "nothing said": 1, "not understood": 1,
    }  # fmt: skip
    found = ask(rated, unit_price("audio_seconds", "0.0001"))
    assert {**found, "cost_usd": Decimal(found["cost_usd"]), "cost_eur": Decimal(found["cost_eur"])} == {
        "requests": 2, "tokens": 0, "cost_usd": Decimal("0.01005"), "cost_eur": Decimal("0.005025"),
        "left": 5, "reasons": reasons, "more": False,
    }  # fmt: skip
    assert rated.one("select count(*) from public.audit_log") == 0

    done = ask(rated, unit_price("audio_seconds", "0.0001", apply=True))
    assert (done["requests"], done["left"], done["reasons"]) == (2, 5, reasons)
    assert rated.rows(
        "select cost_usd, cost_eur, fx_eur_per_usd, price_source from public.request_logs"
        " where cost_usd > 0 order by cost_usd"
    ) == [
        (Decimal("0.001"), Decimal("0.0005"), Decimal("0.5"), "back-filled: a list"),
        (Decimal("0.00905"), Decimal("0.004525"), Decimal("0.5"), "back-filled: a list"),
        (7, Decimal("3.5"), Decimal("0.5"), None),
    ]
    assert rated.rollup_differences() == 0
    [(action, target, after)] = rated.rows("select action, target, after from public.audit_log")
    assert (action, target) == ("prices.backfill", "acme/m")
    assert (after["unit"], after["usd_per_unit"], after["requests"]) == ("audio_seconds", 0.0001, 2)
    assert ask(rated, unit_price("audio_seconds", "0.0001", apply=True))["requests"] == 0
    assert rated.one("select count(*) from public.audit_log") == 1
    assert ask(rated, unit_price("audio_seconds", "1", True, "'flex'"))["requests"] == 1


def test_a_price_of_0_is_a_known_price(rated: Database) -> None:
    rated.store(event(**TOKENLESS, quantities={"pages": 1}))
    assert ask(rated, unit_price("pages", "0", apply=True))["requests"] == 1
    assert ask(rated, "unpriced_models()") == []
    assert ask(rated, "zero_priced_models()") == []


def test_a_price_that_cannot_be_is_refused_in_a_sentence(rated: Database) -> None:
    rated.store(
        event(**TOKENLESS, quantities={"characters": 1000}),
        event(**TOKENLESS | {"model": "n"}, quantities={"characters": 10**12}),
    )
    for model in ("m", "n"):
        for apply in (False, True):
            with pytest.raises(psycopg.DatabaseError, match="more than 10 million USD") as refusal:
                ask(rated, unit_price("characters", "100000", apply, model=model))
            assert refusal.value.sqlstate == "PT400"
    assert rated.one("select count(*) from public.request_logs where cost_usd is null") == 2


def test_the_months_figures_have_the_cost_and_only_that_changes(rated: Database) -> None:
    rated.store(
        event(),
        event(**TOKENLESS, quantities={"pages": 4}, tags=["t"], team="sales"),
        event(**TOKENLESS, quantities={"pages": 6}, user_id=None),
    )
    totals = (
        "select to_jsonb(t) from (select sum(requests) as requests, sum(billable) as billable, sum(priced) as priced,"
        " sum(tokens_used) as tokens, sum(cost_usd) as cost_usd, sum(cost_eur) as cost_eur, sum(energy_kwh) as energy_kwh"
        " from public.usage_org_daily where day between '2026-10-01' and '2026-10-31') t"
    )
    before = rated.one(totals)
    assert (before["billable"], before["priced"]) == (3, 1)
    ask(rated, unit_price("pages", "0.002", apply=True))
    after = rated.one(totals)
    assert after == before | {"priced": 3, "cost_usd": 0.0245, "cost_eur": 0.01225}
    assert rated.rollup_differences() == 0


def many(database: Database, count: int, extra: str = "") -> None:
    """Store many unpriced requests of one page each."""
    database.execute(
        "insert into public.request_logs (event_id, started_at, provider, model, quantities, status, source,"
        " impact_reason, call_type, attribution)"
        " select gen_random_uuid(), '2026-10-15', 'acme', 'm', '{\"pages\": 1}', 'success', 'proxy',"
        f" 'no_tokens', 'ocr', 'none' from generate_series(1, {count}) {extra}"
    )


def test_many_are_priced_in_bounded_steps(database: Database) -> None:
    many(database, 20001)
    steps = [ask(database, unit_price("pages", "0.01", apply=True)) for _ in range(2)]
    assert [(s["requests"], s["more"], s["left"]) for s in steps] == [
        (20000, True, None),
        (1, False, 0),
    ]
    assert ask(database, "unpriced_models()") == []
    assert database.rollup_differences() == 0


def test_of_very_many_a_sample_is_read_and_said_to_be_one(database: Database) -> None:
    with database.connect() as connection:
        # The rollups are not what is looked at.
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "insert into public.request_logs (event_id, started_at, provider, model, quantities, status, source,"
            " impact_reason, call_type, attribution)"
            " select gen_random_uuid(), '2026-10-15', 'acme', 'm', '{\"pages\": 1}', 'success', 'proxy',"
            " 'no_tokens', 'ocr', 'none' from generate_series(1, 50001)"
        )
    found = ask(database, "unpriced_parts('acme', 'm')")
    assert (found["cut"], found["parts"][0]["requests"]) == (True, 50000)


def test_prices_and_arrivals_at_once_leave_the_sums_right(database: Database) -> None:
    database.store(*(event(**TOKENLESS, quantities={"pages": 1}) for _ in range(300)))
    failures: list[BaseException] = []

    def arrive() -> None:
        try:
            for _ in range(20):
                database.store(
                    *(event(**TOKENLESS, quantities={"pages": 1}) for _ in range(10)),
                    *(event(**UNPRICED) for _ in range(10)),
                )
        except BaseException as error:
            failures.append(error)

    def price() -> None:
        try:
            for _ in range(10):
                ask(database, unit_price("pages", "0.01", apply=True))
                ask(database, f"price_unpriced({PRICES}, true)")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=each) for each in (arrive, arrive, price, price)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    ask(database, unit_price("pages", "0.01", apply=True))
    ask(database, f"price_unpriced({PRICES}, true)")
    assert database.rollup_differences() == 0
    assert database.one("select sum(cost_usd) from public.usage_org_daily") == Decimal("8.6")


@pytest.mark.parametrize(
    ("half", "index"),
    [("with", "request_logs_unpriced_idx"), ("without", "request_logs_unpriced_tokenless_idx")],
)
def test_each_half_is_found_by_its_own_index_in_order(
    any_database: Database, half: str, index: str
) -> None:
    with any_database.connect() as connection:
        connection.execute("set enable_seqscan = off")
        connection.execute("set enable_bitmapscan = off")
        plan = str(
            connection.execute(
                f"explain select * from private.unpriced_{half}_tokens('acme', 'm') r order by r.event_id limit 10"
            ).fetchall()
        )
    assert index in plan
    assert "Sort" not in plan
    assert "Function Scan" not in plan
