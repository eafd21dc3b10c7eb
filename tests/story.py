"""A small organisation whose every figure can be worked out in one's head.

Rates: a dollar is half a euro. ``gpt-4o`` needs 1 kWh for 1,000 output tokens, ×/÷ 2;
``claude-haiku`` half as much, ×/÷ 4; nothing else needs any. A kilowatt-hour weighs 100 g and
takes 2 L.

Yesterday: Ann three requests, Bob two (one to a model nobody has figures or prices for), nobody
known one. Forty days ago, and a hundred: Ann one.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from house import Database

FACTOR_SET = "2001.01"
HAIKU = ("anthropic", "claude-haiku")
GPT = ("openai", "gpt-4o")
MYSTERY = ("openai", "mystery-*model*")


def tell_story(database: Database) -> None:
    """Store the story in a database that has Ann and Bob."""
    settle_rates(database)
    ann, bob = (
        database.one("select user_id from public.user_profiles where email = %s", [address])
        for address in ("ann@example.net", "bob@example.net")
    )
    for user_id, team in ((ann, "Research"), (bob, "Law & Order")):
        database.execute(
            "update public.user_profiles set team = %s where user_id = %s", [team, user_id]
        )
    stored = database.store(
        *(_request(1, GPT, 1000, cost, ann, "Research") for cost in ("1.00", "0.50", "0.25")),
        _request(40, GPT, 1000, "0.70", ann, "Research"),
        _request(100, GPT, 1000, "0.10", ann, "Research"),
        _request(1, HAIKU, 2000, "3.00", bob, "Law & Order"),
        _request(1, MYSTERY, 100, None, bob, "Law & Order"),
        _request(1, HAIKU, 2000, "0.01", None, None),
    )
    assert stored["inserted"] == 8, stored


def yesterday() -> datetime:
    """Noon of the day before today, UTC (the reporting time zone of a new database)."""
    return _days_ago(1)


def _days_ago(days: int) -> datetime:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=days)


def _request(
    days_ago: int,
    model: tuple[str, str],
    tokens_out: int,
    cost_usd: str | None,
    user_id: str | None,
    team: str | None,
) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "started_at": _days_ago(days_ago).isoformat(),
        "provider": model[0],
        "model": model[1],
        "status": "success",
        "tokens_input_uncached": 0,
        "tokens_cache_read": 0,
        "tokens_cache_write": 0,
        "tokens_output_text": tokens_out,
        "tokens_reasoning": 0,
        "cost_usd": cost_usd,
        "user_id": user_id,
        "attribution": "verified" if user_id else "none",
        "team": team,
    }


def settle_rates(database: Database) -> None:
    """Store the story's exchange rate and factors."""
    database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values ('2000-01-01', 0.5, 'story')"
    )
    database.execute(
        "insert into public.factor_sets values (%s, 'story', now(), '{\"story\": \"made up\"}')",
        [FACTOR_SET],
    )
    database.execute(
        "insert into public.grid_factors values (%s, 'WOR', 100, 2, 'story')", [FACTOR_SET]
    )
    database.execute(
        "insert into public.provider_facilities values (%s, '', 1, 0, 'WOR', 'story')", [FACTOR_SET]
    )
    for (provider, model), joules, evidence, band in (
        (GPT, 3600, "closed", 2),
        (HAIKU, 1800, "open", 4),
    ):
        database.execute(
            "insert into public.impact_factors (factor_id, factor_set, provider, model, match,"
            " evidence, energy_j_per_token_out, embodied_gco2e_per_token_out, band, weight_input,"
            " weight_cached, host_overhead, sources)"
            " values (%s, %s, %s, %s, 'exact', %s, %s, 0, %s, 0, 0, 1, '{\"story\": \"made up\"}')",
            [f"story/{provider}/{model}", FACTOR_SET, provider, model, evidence, joules, band],
        )
    database.execute(
        "insert into public.settings (key, value) values ('active_factor_set', %s::jsonb)"
        " on conflict (key) do update set value = excluded.value",
        [json.dumps(FACTOR_SET)],
    )
