"""What the pages ask equals an independent recomputation from the requests."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event

OCTOBER = ("2026-10-01", "2026-10-31")


def report(database: Database, actor: str, name: str, *arguments: str) -> dict[str, Any]:
    """Return a report with its numbers as exact decimals."""
    call = f"select public.{name}({', '.join(['%s'] * len(arguments))})::text"
    text = database.one(call, arguments, actor=actor)
    value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    assert isinstance(value, dict)
    return value


@pytest.fixture
def october(database: Database) -> Database:
    """Nine requests in October and the period before it, of three people and nobody."""
    database.store(
        event(started_at="2026-10-01T00:00:00Z", cost_usd="1.0000000001"),
        event(started_at="2026-10-31T23:59:59.999999Z", cost_usd="2", model="gpt-4o-mini"),
        event(started_at="2026-10-15T12:00:00Z", cost_usd=None),
        event(started_at="2026-10-15T12:00:01Z", cache_hit=True, cost_usd="0"),
        event(started_at="2026-10-15T12:00:02Z", status="failure", tokens_input_uncached=None,
              tokens_output_text=None, cost_usd=None),
        event(started_at="2026-10-20T12:00:00Z", user_id="user-of-other", team="sales", cost_usd="4"),
        event(started_at="2026-10-20T12:00:00Z", user_id=None, cost_usd="8", provider="acme",
              model="nobody-knows-this-model"),
        event(started_at="2026-09-30T23:59:59.999999Z", cost_usd="16"),
        event(started_at="2026-11-01T00:00:00Z", cost_usd="32"),
    )  # fmt: skip
    return database


def test_my_footprint_holds_the_days_asked_for_and_not_one_request_more(october: Database) -> None:
    mine = report(october, "member", "my_footprint", *OCTOBER)
    totals = mine["totals"]
    assert totals["requests"] == 5
    assert totals["cost_usd"] == Decimal("3.0000000001")
    assert totals["cost_eur"] == Decimal("2.70000000009")  # at the planning rate of 0.90
    assert (totals["failures"], totals["cache_hits"], totals["billed"]) == (1, 1, 4)
    assert (totals["measurable"], totals["priced"], totals["measured"]) == (3, 2, 3)
    assert totals["tokens_used"] == 3600  # the cache hit and the failure add none
    assert mine["previous"]["cost_usd"] == 16
    assert mine["period"]["previous_from"] == "2026-08-31"
    assert [day["day"] for day in mine["by_day"]] == ["2026-10-01", "2026-10-15", "2026-10-31"]
    assert "by_team" not in mine
    assert (mine["first_day"], mine["last_day"]) == ("2026-09-30", "2026-11-01")


def test_groups_add_up_to_the_totals_exactly(october: Database) -> None:
    whole = report(october, "admin", "organisation_footprint", *OCTOBER)
    for group in ("by_day", "by_model", "by_provider", "by_team", "by_time_model"):
        for figure in (
            "requests",
            "tokens_used",
            "cost_eur",
            "energy_kwh",
            "carbon_gco2e",
            "water_l",
        ):
            parts = sum((row[figure] or Decimal(0)) for row in whole[group])
            assert parts == whole["totals"][figure], (group, figure)
    assert whole["people_active"] == 2
    assert whole["people_active_previous"] == 1


def test_every_figure_equals_a_recomputation_from_the_requests(october: Database) -> None:
    whole = report(october, "finance", "organisation_footprint", *OCTOBER)["totals"]
    rows = october.rows(
        "select to_jsonb(r)::text from public.request_logs r "
        "where started_at >= '2026-10-01Z' and started_at < '2026-11-01Z' and not cache_hit"
    )
    requests = [json.loads(text, parse_float=Decimal, parse_int=Decimal) for (text,) in rows]
    for figure in (
        "tokens_input_uncached", "tokens_output_text", "tokens_used", "cost_usd", "cost_eur",
        "energy_kwh", "energy_kwh_low", "energy_kwh_high", "carbon_gco2e", "carbon_gco2e_low",
        "carbon_gco2e_high", "water_l", "water_l_low", "water_l_high",
    ):  # fmt: skip
        assert whole[figure] == sum(r[figure] or 0 for r in requests), figure
    assert whole["energy_kwh_low"] < whole["energy_kwh"] < whole["energy_kwh_high"]


def test_what_is_unknown_in_a_group_is_null_and_never_zero(october: Database) -> None:
    whole = report(october, "admin", "organisation_footprint", *OCTOBER)
    [unknown] = [m for m in whole["by_model"] if m["provider"] == "acme"]
    assert unknown["cost_usd"] == 8
    assert unknown["energy_kwh"] is None
    assert unknown["carbon_gco2e_high"] is None


def test_coverage_counts_requests_tokens_and_cost(database: Database) -> None:
    """Worked by hand: 100, 200, 300 and 400 tokens, at 1, 2, unknown and 5 dollars.

    The second has no factor, the fourth no person; a cache hit and a failure stand beside them.
    """
    tokens = {"tokens_input_uncached": 0}
    database.store(
        event(**tokens, tokens_output_text=100, cost_usd="1"),
        event(**tokens, tokens_output_text=200, cost_usd="2", provider="acme", model="unknown"),
        event(**tokens, tokens_output_text=300, cost_usd=None),
        event(**tokens, tokens_output_text=400, cost_usd="5", user_id=None),
        event(cache_hit=True, cost_usd="0"),
        event(**tokens, tokens_output_text=0, status="failure", cost_usd=None),
    )
    totals = report(database, "admin", "organisation_footprint", *OCTOBER)["totals"]
    assert (totals["measurable"], totals["priced"], totals["measured"]) == (4, 3, 3)
    assert totals["tokens_used"] == 1000
    assert totals["tokens_priced"] == 100 + 200 + 400
    assert totals["tokens_measured"] == 100 + 300 + 400
    assert totals["tokens_attributed"] == 100 + 200 + 300
    assert totals["cost_eur"] == Decimal("7.2")  # 8 dollars at the planning rate of 0.90
    assert totals["cost_eur_measured"] == Decimal("5.4")
    assert totals["cost_eur_attributed"] == Decimal("2.7")
    [shares] = database.rows(
        "select requests, measurable, requests_priced_share, requests_measured_share,"
        " requests_attributed_share, tokens_priced_share, tokens_measured_share,"
        " tokens_attributed_share, cost_measured_share, cost_attributed_share"
        " from public.coverage_org_monthly",
        actor="finance",
    )
    assert [float(share) for share in shares] == [
        6, 4, 0.75, 0.75, 0.833333, 0.7, 0.8, 0.6, 0.75, 0.375,
    ]  # fmt: skip
    own = "select tokens_measured_share, cost_measured_share from public.coverage_user_monthly"
    assert database.rows(own, actor="member") == [(Decimal("0.666667"), Decimal("0.333333"))]


def test_a_market_based_figure_stands_beside_the_location_based_one(database: Database) -> None:
    """Google's 96 gCO2e/kWh (arXiv:2508.15734); the making of the hardware weighs the same in both."""
    database.store(event(provider="gemini", model="gemini-2.5-flash", grid_zone="POL"), event())
    whole = report(database, "admin", "organisation_footprint", *OCTOBER)
    by_provider = {row["provider"]: row for row in whole["by_provider"]}
    google, other = by_provider["gemini"], by_provider["openai"]
    [(band, embodied, grid)] = database.rows(
        "select f.band, f.embodied_gco2e_per_token_out, g.carbon_gco2e_per_kwh"
        " from public.request_logs r join public.impact_factors f using (factor_id)"
        " join public.grid_factors g on g.factor_set = f.factor_set and g.zone = 'POL'"
        " where r.provider = 'gemini'"
    )
    market = google["energy_kwh"] * 96 + embodied * 200
    assert google["carbon_market_gco2e"] == pytest.approx(market, rel=Decimal("1e-9"))
    assert google["carbon_market_gco2e_low"] == pytest.approx(market / band, rel=Decimal("1e-9"))
    assert google["carbon_market_gco2e_high"] == pytest.approx(market * band, rel=Decimal("1e-9"))
    difference = google["carbon_gco2e"] - google["carbon_market_gco2e"]
    assert difference == pytest.approx(google["energy_kwh"] * (grid - 96), rel=Decimal("1e-6"))
    assert (google["market_measured"], other["market_measured"]) == (1, 0)
    assert other["carbon_market_gco2e"] is None
    assert whole["totals"]["carbon_market_gco2e"] == google["carbon_market_gco2e"]
    assert {row["provider"] for row in whole["market_figures"]} == {"gemini", "vertex_ai"}
    assert "arXiv:2508.15734" in whole["market_figures"][0]["source"]


def test_an_empty_period_has_no_totals(october: Database) -> None:
    empty = report(october, "member", "my_footprint", "2020-01-01", "2020-01-31")
    assert empty["totals"] is None
    assert empty["previous"] is None
    assert empty["by_day"] == empty["by_model"] == []


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-10-02", "2026-10-01"), (None, "2026-10-01"), ("1900-01-01", "2026-10-01")],
)
def test_an_impossible_period_is_refused_in_words(
    october: Database, first: str | None, last: str
) -> None:
    with pytest.raises(psycopg.Error, match="A period needs") as caught:
        october.one("select public.my_footprint(%s, %s)", [first, last], actor="member")
    assert caught.value.sqlstate == "PT400"


def test_finances_lines_add_up_to_the_month_with_the_unattributed_as_a_line(
    october: Database,
) -> None:
    month = report(october, "finance", "finance_month", "2026-10-15")
    assert month["month"] == "2026-10-01"
    total = Decimal(month["totals"]["cost_eur"])
    assert total == sum(Decimal(line["cost_eur"] or 0) for line in month["lines"])
    assert total == Decimal("13.50000000009")  # (3.0000000001 + 4 + 8) x 0.90
    assert [line["user_id"] for line in month["lines"]][-1] is None
    assert isinstance(month["totals"]["cost_eur"], str)  # exact, whatever parses it


def test_a_closed_month_shares_its_receipts_by_cost_and_an_open_one_is_pending(
    database: Database,
) -> None:
    database.store(
        event(started_at="2020-01-10T00:00:00Z", cost_usd="30"),
        event(started_at="2020-01-11T00:00:00Z", cost_usd="10", user_id="user-of-other"),
        event(started_at="2020-02-10T00:00:00Z", cost_usd="10"),
    )
    give(database, month="2020-01-01", amount_eur=3, area_m2=2, claim_type="restored")
    give(database, month="2020-01-01", amount_eur=50, area_m2=900, claim_type="protected")
    give(
        database, month="2020-01-01", amount_eur=1, area_m2=7, claim_type="planted", verified=False
    )
    january = report(database, "member", "my_footprint", "2020-01-01", "2020-01-31")["totals"]
    # 30 of 40 USD of the month, of the 2 m2 with a verified receipt of restoration.
    assert january["restored_m2_verified"] == Decimal("1.5")
    assert january["restored_m2_pending"] == 0
    february = report(database, "member", "my_footprint", "2020-02-01", "2020-02-29")["totals"]
    # No receipt: 9 EUR x 5 % pledged / 1.5 EUR per m2 (3 EUR for 2 m2 in the twelve months before).
    assert february["restored_m2_verified"] == 0
    assert february["restored_m2_pending"] == Decimal("0.3")
    everybody = report(database, "admin", "organisation_footprint", "2020-01-01", "2020-01-31")
    assert everybody["totals"]["restored_m2_verified"] == 2  # sums to the receipts


def test_without_any_receipt_the_contract_price_counts(database: Database) -> None:
    database.store(event(started_at="2020-02-10T00:00:00Z", cost_usd="10"))
    february = report(database, "member", "my_footprint", "2020-02-01", "2020-02-29")["totals"]
    assert february["restored_m2_pending"] == Decimal("0.375")  # 9 x 0.05 / 1.20
    month = report(database, "finance", "finance_month", "2020-02-01")["restoration"]
    assert Decimal(month["pledged_eur"]) == Decimal("0.45")
    assert month["status"] == "pending"


def give(database: Database, *, verified: bool = True, **donation: Any) -> None:
    donation |= {
        "donated_on": "2020-02-01",
        "organisation": "Heath Trust",
        "amount": donation["amount_eur"],
    }
    donation_id = database.one(
        "select public.record_donation(%s)", [json.dumps(donation)], actor="finance"
    )
    if verified:
        database.execute(
            "select public.verify_donation(%s, %s)", [donation_id, "a" * 64], actor="finance"
        )


def test_a_mean_latency_is_of_successes_that_a_provider_answered_and_says_of_how_many(
    database: Database,
) -> None:
    at = {"started_at": "2026-10-12T10:00:00Z"}
    database.store(
        event(**at, latency_s=1),
        event(**at, latency_s=2.5),
        event(**at, latency_s=None),
        event(**at, latency_s=600, status="failure"),
        event(**at, latency_s=300, status="cancelled"),
        event(**at, latency_s=0.001, cache_hit=True),
    )
    for actor, name, arguments in (
        ("member", "my_footprint", OCTOBER),
        ("admin", "organisation_footprint", OCTOBER),
        ("finance", "finance_month", ("2026-10-01",)),
        ("member", "get_user_analytics", ()),
    ):
        found = report(database, actor, name, *arguments)
        figures = found.get("totals", found)
        assert (figures["latency_s_mean"], figures["latency_count"]) == (Decimal("1.75"), 2), name
    database.execute("delete from public.request_logs where latency_s < 5")
    mine = report(database, "member", "get_user_analytics")
    assert (mine["latency_s_mean"], mine["latency_count"]) == (None, 0)


def test_the_telemetry_view_has_the_agreed_shape_and_units(database: Database) -> None:
    database.store(
        event(
            started_at="2020-02-10T00:00:00Z",
            cost_usd="10",
            tokens_cache_read=5,
            tokens_reasoning=3,
        )
    )
    [row] = database.rows(
        "select tokens_in, tokens_out, e.cost_eur, m2, co2e * 1000 = carbon_gco2e, kwh = energy_kwh "
        "from public.request_events e join public.request_logs r on r.event_id = e.id",
        actor="member",
    )
    assert row == (1005, 203, Decimal(9), Decimal("0.375"), True, True)


def test_the_original_functions_answer_for_oneself(october: Database) -> None:
    def ask(call: str) -> Any:
        return october.one(f"select public.{call}", actor="member")

    analytics = ask("get_user_analytics()")
    assert analytics["requests"] == 7
    assert analytics["models_used"] == ["gpt-4o", "gpt-4o-mini"]
    assert analytics["failure_share"] == pytest.approx(1 / 7)
    first = ask("get_user_request_history(null, 3)")
    assert [row["started_at"][:10] for row in first] == ["2026-11-01", "2026-10-31", "2026-10-15"]
    last = first[-1]
    rest = ask(f"get_user_request_history(null, 100, '{last['started_at']}', '{last['event_id']}')")
    assert len(rest) == 4
    assert {row["event_id"] for row in first} & {row["event_id"] for row in rest} == set()
    breakdown = ask("get_user_token_breakdown(null, '2026-10-01', '2026-10-31')")
    assert [(row["model"], row["tokens_used"]) for row in breakdown] == [
        ("gpt-4o", 2400),
        ("gpt-4o-mini", 1200),
    ]
    months = ask("get_user_monthly_usage(null, 600)")
    assert [month["month"] for month in months][-1] == "2026-09-01"
    assert months[-1]["models"]["gpt-4o"]["requests"] == 1
