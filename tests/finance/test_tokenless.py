"""A cost is known or unknown whatever a request is billed by: page = file = function = database.

Re-enacted: speech by the second, images, pages and searches come with a cost and no tokens. Their month could
not be downloaded, their cost was hidden by model, and a missing price of theirs was counted nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from exporting import file_of, read
from footprint.local.stack import Stack
from house import Database, event
from web import Web, email, knowing, web_over

NOTHING = {"tokens_input_uncached": None, "tokens_output_text": None}
NO_TOKENS = {"tokens_input_uncached": 0, "tokens_output_text": 0}
MONTH = "2026-10"
# Model → its known cost in dollars, and how many of its requests have none.
SPEECH, PICTURES, PAGES, SEARCHES = "whisper-1", "gpt-image-1", "mistral-ocr", "rerank-v3"
UNPRICED = {PICTURES: 1, "gpt-9-unheard": 1, "dall-e-9": 2, "abandoned-model": 1}


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        ann = web.database.one(
            "select user_id from public.user_profiles where email = 'ann@example.net'"
        )
        mine = {"user_id": ann, "team": "research"}
        stored = web.database.store(
            event(**mine, **NOTHING, model=SPEECH, call_type="transcription", cost_usd="0.006"),
            event(**mine, cost_usd="0.00045"),
            event(
                **mine, **NO_TOKENS, model=PICTURES, call_type="image_generation", cost_usd="0.04"
            ),
            event(**mine, **NO_TOKENS, model=PICTURES, call_type="image_generation", cost_usd=None),
            event(
                **NOTHING,
                user_id=None,
                provider="mistral",
                model=PAGES,
                call_type="ocr",
                cost_usd="0.002",
            ),
            event(
                **NO_TOKENS,
                user_id=None,
                provider="cohere",
                model=SEARCHES,
                call_type="rerank",
                cost_usd="0",
                tags=["s"],
            ),
            # Without a price, whatever they were billed by.
            event(**mine, model="gpt-9-unheard", cost_usd=None),
            event(
                **NO_TOKENS,
                user_id=None,
                model="dall-e-9",
                call_type="image_generation",
                cost_usd=None,
            ),
            event(
                **NO_TOKENS,
                user_id=None,
                model="dall-e-9",
                call_type="image_generation",
                cost_usd=None,
            ),
            event(**mine, **NOTHING, model="abandoned-model", status="abandoned", cost_usd=None),
            # Nothing that could be billed: refused before any use, and the gateway's own cache.
            event(
                **mine,
                **NOTHING,
                model="refused",
                status="failure",
                error_class="RateLimitError",
                cost_usd=None,
            ),
            event(**mine, **NO_TOKENS, model="cached", cache_hit=True, cost_usd=None),
            # That a refused request costs nothing says nothing of what its model costs.
            event(**mine, **NOTHING, model="gpt-9-unheard", status="failure", cost_usd="0"),
        )
        assert stored["inserted"] == 13, stored
        yield web


@pytest.fixture
def october(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    yield from knowing(served, monkeypatch)


def asked(web: Web, person: str, function: str) -> Any:
    """Ask a function as PostgREST does for a signed-in person; return its JSON value."""
    with web.database.connect() as connection:
        account = connection.execute(
            "select auth_user_id::text from public.user_profiles where email = %s", [email(person)]
        ).fetchone()
        assert account is not None
        connection.execute("select set_config('request.jwt.claim.sub', %s, false)", account)
        connection.execute("set role authenticated")
        row = connection.execute(f"select {function}").fetchone()
    assert row is not None
    return row[0]


def cost(web: Web, where: str = "true") -> Decimal:
    known = f"select coalesce(sum(cost_eur) filter (where not cache_hit), 0) from public.request_logs where {where}"
    return Decimal(web.database.one(known))


@pytest.mark.parametrize(
    ("kind", "column"),
    [("statement", "cost_eur"), ("requests", "cost_eur"), ("focus", "BilledCost")],
)
def test_every_file_of_the_month_can_be_had_and_adds_up(
    october: Web, kind: str, column: str
) -> None:
    _, lines = read(file_of(f"/export/{kind}.csv?month={MONTH}"))
    assert sum(Decimal(line[column] or 0) for line in lines) == cost(october)


def test_a_statement_says_for_each_line_what_is_known_and_how_many_are_not(october: Web) -> None:
    about, lines = read(file_of(f"/export/statement.csv?month={MONTH}"))
    assert Decimal(about["total_cost_eur"]) == cost(october)
    for line in lines:
        person = f"user_profile_id is not distinct from nullif('{line['user_id']}', '')"
        known = cost(october, f"model = '{line['model']}' and {person}")
        assert (
            line["cost_eur"] == "" if line["priced"] == "0" else Decimal(line["cost_eur"]) == known
        )
    missing = {line["model"]: int(line["billable"]) - int(line["priced"]) for line in lines}
    assert {model: n for model, n in missing.items() if n} == UNPRICED
    # A price of zero that somebody gave is a known zero.
    assert next(line["cost_eur"] for line in lines if line["model"] == SEARCHES) == "0"


def test_focus_counts_the_requests_without_a_price(october: Web) -> None:
    _, lines = read(file_of(f"/export/focus.csv?month={MONTH}"))
    missing = {line["x_Model"]: int(line["x_RequestsWithoutPrice"]) for line in lines}
    assert {model: n for model, n in missing.items() if n} == UNPRICED


def test_the_organisation_by_model_provider_team_and_day_is_its_total(october: Web) -> None:
    report = asked(october, "ada", "public.organisation_footprint('2026-10-01', '2026-10-31')")
    for group in ("by_model", "by_provider", "by_team", "by_day", "by_time_model"):
        known = sum(Decimal(str(row["cost_eur"] or 0)) for row in report[group])
        assert known == cost(october), group
    totals = report["totals"]
    assert Decimal(str(totals["cost_eur"])) == cost(october)
    assert int(totals["billable"]) - int(totals["priced"]) == sum(UNPRICED.values())
    by_model = {row["model"]: row["cost_eur"] for row in report["by_model"]}
    assert by_model["gpt-9-unheard"] is None and by_model["dall-e-9"] is None
    assert Decimal(str(by_model[SPEECH])) == cost(october, f"model = '{SPEECH}'")


def test_data_quality_lists_what_has_no_price_whatever_it_is_billed_by(october: Web) -> None:
    found = {
        row["model"]: row["requests"] for row in asked(october, "ada", "public.unpriced_models()")
    }
    assert found == UNPRICED
    assert october.database.rollup_differences() == 0


def test_known_and_unknown_are_all_in_every_rollup(october: Web) -> None:
    for rollup in (
        "usage_user_daily",
        "usage_user_monthly",
        "usage_org_daily",
        "usage_tag_monthly",
    ):
        wrong = f"select count(*) from public.{rollup} where priced > billable or billable > billed or (priced = 0 and cost_eur <> 0)"
        assert october.database.one(wrong) == 0


def test_a_cost_of_which_nothing_is_known_is_null_in_the_analytics_too(october: Web) -> None:
    breakdown = asked(october, "ann", "public.get_user_token_breakdown()")
    [month] = asked(october, "ann", "public.get_user_monthly_usage(null, 600)")
    costs = {row["model"]: (row["priced"], row["cost_eur"]) for row in breakdown}
    assert costs["gpt-9-unheard"] == (0, None)
    assert costs[SPEECH][0] == 1 and costs[SPEECH][1] > 0
    assert month["models"]["gpt-9-unheard"]["cost_eur"] is None
    assert month["models"][PICTURES] == {"requests": 2, "tokens": 0, "priced": 1, "cost_eur": 0.036}
