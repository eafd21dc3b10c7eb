"""A cost that was reported in a currency: over HTTP, on the pages and in the files, before and after.

Re-enacted: `costEUR` 5.00 became 4.79 when the exchange rate of its day was corrected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.conftest import APP
from exporting import file_of, read
from footprint.api.mailroom import mailroom
from footprint.auth.guard import identify
from footprint.data.activity import Wanted, every_request, one_request
from footprint.data.period import Period
from footprint.data.rates import currency_rate
from footprint.finance.activity_csv import activity_csv
from footprint.local.stack import Stack
from footprint.ui.formats import Formats
from footprint.ui.locales import NO_BREAK_SPACE
from footprint.ui.request_detail import cost_facts
from house import Database
from web import Web, ask, cookies_of, email, knowing, session_for, sit_at_browser, web_over

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
COSTS = (
    "select reported_cost, reported_currency, price_source, cost_eur, cost_usd"
    " from public.request_logs"
)


@pytest.fixture
def own(
    stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Web]:
    """A Supabase of one's own; a dollar is 0.87 €, a yuan 0.1283 €, since 2026-10-14."""
    with web_over(stack, database) as web:
        monkeypatch.setenv("FOOTPRINT_SPOOL_DIR", str(tmp_path / "spool"))
        correct(web, dollar="0.87", yuan="0.1283")
        yield from knowing(web, monkeypatch)
        mailroom().close()


def correct(web: Web, **rates: str) -> None:
    """Enter the rates of 2026-10-14."""
    if "dollar" in rates:
        told = json.dumps({"2026-10-14": rates["dollar"]})
        web.database.one("select private.set_fx_rates(%s, 'test')", [told])
    if "yuan" in rates:
        told = json.dumps({"CNY": {"2026-10-14": rates["yuan"]}})
        web.database.one("select private.set_currency_rates(%s, 'test')", [told])


def report(web: Web, *items: dict[str, Any]) -> httpx.Response:
    """Report requests of Ann's as a program does; the amounts as they are written here."""
    ann = web.database.one(
        "select user_id from public.user_profiles where email = %s", [email("ann")]
    )
    usual = {"userId": ann, "ts": "2026-10-15T10:00:00Z", "model": "gpt-4o", "provider": "openai"}
    usual |= {"tokens_in": 1000, "tokens_out": 200}
    key = {"x-ingest-key": web.database.make_key(), "content-type": "application/json"}
    body = json.dumps([usual | item for item in items])
    return ask(APP, "POST", "/api/request-event", content=body, headers=key)


def in_usd(eur: str, rate: str) -> Decimal:
    return (Decimal(eur) / Decimal(rate)).quantize(Decimal("1e-12"))


def sat_down(monkeypatch: pytest.MonkeyPatch, person: str) -> Any:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    me = identify()
    assert me is not None
    return me


def everywhere_is(web: Web, eur: Decimal, usd: Decimal) -> None:
    """Hold every sum of October, on pages and in files, against what it must be."""
    for page in (
        "public.finance_month('2026-10-01')",
        "public.organisation_footprint('2026-10-01', '2026-10-31')",
    ):
        # As text: no digit is lost on the way.
        told = web.database.one(f"select ({page} -> 'totals')::text", actor="finance")
        totals = json.loads(told, parse_float=Decimal)
        assert (Decimal(totals["cost_eur"]), Decimal(totals["cost_usd"])) == (eur, usd), page
    for kind, in_eur, in_usd_ in (
        ("statement", "cost_eur", "cost_usd"),
        ("requests", "cost_eur", "cost_usd"),
        ("focus", "BilledCost", "PricingCurrencyEffectiveCost"),
    ):
        about, lines = read(file_of(f"/export/{kind}.csv?month=2026-10"))
        assert sum(Decimal(line[in_eur]) for line in lines) == eur, kind
        assert sum(Decimal(line[in_usd_]) for line in lines) == usd, kind
        if kind != "focus":
            assert Decimal(about["total_cost_eur"]) == eur
            assert Decimal(about["total_cost_usd"]) == usd
            assert about["currency"].startswith("EUR; cost_usd in USD; whichever was not reported")
    assert web.database.rollup_differences() == 0


@pytest.mark.parametrize(
    "stated", [{"costEUR": 5.00}, {"cost": "5.00", "currency": "EUR"}, {"costEUR": "5"}]
)
def test_five_euros_stay_five_euros_when_the_dollar_is_corrected(
    own: Web, stated: dict[str, Any]
) -> None:
    answer = report(own, stated)
    assert answer.status_code == 201, answer.text
    assert answer.json()["events"][0]["impact"]["cost_eur"] == 5
    for rate in ("0.87", "0.8333", "1.02"):
        correct(own, dollar=rate)
        usd = in_usd("5", rate)
        assert own.database.rows(COSTS) == [(Decimal(5), "EUR", "caller, in EUR", Decimal(5), usd)]
        everywhere_is(own, Decimal(5), usd)


def test_yuan_stay_yuan_when_their_rate_or_the_dollars_is_corrected(own: Web) -> None:
    answer = report(own, {"cost": 36.6, "currency": "cny"})
    assert answer.status_code == 201, answer.text
    for dollar, yuan, eur in (
        ("0.87", "0.1283", "4.69578"),
        ("0.87", "0.13", "4.758"),
        ("0.9", "0.13", "4.758"),
    ):
        correct(own, dollar=dollar, yuan=yuan)
        usd = in_usd(eur, dollar)
        assert own.database.rows(COSTS) == [
            (Decimal("36.6"), "CNY", "caller, in CNY", Decimal(eur), usd)
        ]
        everywhere_is(own, Decimal(eur), usd)


def test_dollars_under_the_new_name_are_dollars(own: Web) -> None:
    report(own, {"cost": 5, "currency": "usd"})
    correct(own, dollar="0.9")
    assert own.database.rows(COSTS) == [(None, None, "caller", Decimal("4.5"), Decimal(5))]
    everywhere_is(own, Decimal("4.5"), Decimal(5))


def test_no_euros_at_all_is_a_known_cost(own: Web) -> None:
    report(own, {"costEUR": 0}, {"cost": "0", "currency": "CNY"})
    assert own.database.one("select sum(priced) from public.usage_org_daily") == 2
    everywhere_is(own, Decimal(0), Decimal(0))


def test_costs_in_every_currency_add_up_on_every_page_and_in_every_file(own: Web) -> None:
    answer = report(
        own,
        {"costEUR": "0.000000000001"},
        {"costEUR": "9999999.999999999999"},
        {"cost": "0.000007", "currency": "CNY"},
        {"cost": "1234567.891", "currency": "CNY"},
        {"cost": "3.3", "currency": "USD"},
        {"ts": "2026-10-01T00:00:00Z", "costEUR": "1"},
    )
    assert answer.json()["accepted"] == 6, answer.text
    correct(own, dollar="0.9137", yuan="0.12345678901234567890")
    known = own.database.rows("select sum(cost_eur), sum(cost_usd) from public.request_logs")
    everywhere_is(own, *known[0])
    # The first of October is before the first known rate: by the planning rate of 0.90.
    early = "select cost_usd from public.request_logs where started_at < '2026-10-02'"
    assert own.database.one(early) == in_usd("1", "0.9")


def test_what_cannot_be_converted_or_is_said_twice_is_refused_in_a_sentence(own: Web) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"cost": 1, "currency": "CHF"}, "no exchange rate of CHF is known for 2026-10-15"),
        (
            {"cost": 1, "currency": "CNY", "ts": "2026-10-13T10:00:00Z"},
            "no exchange rate of CNY is known for 2026-10-13: import rates with `footprint fx",
        ),
        ({"cost": 1}, "cost has no currency beside it"),
        ({"currency": "EUR"}, "currency has no cost beside it"),
        ({"costEUR": 1, "cost": 1, "currency": "EUR"}, "costEUR cannot stand beside cost"),
        ({"costEUR": 1, "currency": "EUR"}, "costEUR cannot stand beside cost"),
        ({"cost": 1, "currency": "yuan"}, "currency must be a currency's three letters"),
        ({"cost": 1, "currency": "€"}, "currency must be a currency's three letters"),
        ({"cost": -1, "currency": "EUR"}, "cost must be from 0 to 10^7"),
        ({"cost": "1e8", "currency": "EUR"}, "cost must be from 0 to 10^7"),
        ({"cost": "1,5", "currency": "EUR"}, "cost is not a number"),
    ]
    answer = report(own, {"costEUR": 1}, *(item for item, _ in wrong))
    assert answer.status_code == 201
    assert answer.json()["accepted"] == 1
    rejected = answer.json()["rejected"]
    for error, (item, reason) in zip(rejected, wrong, strict=True):
        assert error["reason"].startswith(reason), (item, error)
    alone = report(own, wrong[0][0])
    assert alone.status_code == 422
    assert alone.json()["errors"][0]["reason"].startswith(wrong[0][1])


def test_a_persons_own_page_and_file_say_what_was_reported_and_at_which_rate(
    own: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(
        own,
        {"costEUR": "5.00", "ts": "2026-10-15T12:00:00Z"},
        {"cost": "36.6", "currency": "CNY", "ts": "2026-10-15T11:00:00Z"},
        {"cost": "3", "currency": "USD", "ts": "2026-10-15T10:00:00Z"},
    )
    me = sat_down(monkeypatch, "ann")
    wanted = Wanted(OCTOBER)
    listed = list(every_request(me, wanted))
    shown = []
    for request in listed:
        found = one_request(me, request["event_id"])
        assert found is not None
        currency = found["reported_currency"]
        rate = currency_rate(me, currency, date(2026, 10, 15)) if currency == "CNY" else None
        facts = dict(cost_facts(found, Formats.of("en"), rate))
        shown.append({name: text.replace(NO_BREAK_SPACE, " ") for name, text in facts.items()})
    euros, yuan, dollars = shown
    assert (euros["Reported"], euros["Cost"], euros["In dollars"]) == ("5.00 EUR", "€5.00", "$5.75")
    assert euros["Exchange rate"] == "0.87 € per $, 2026-10-14"
    assert (yuan["Reported"], yuan["Cost"]) == ("36.60 CNY", "€4.70")
    assert yuan["Exchange rate"] == "7.7942 CNY per €, 2026-10-14"
    assert yuan["Exchange rate of the dollar"] == "0.87 € per $, 2026-10-14"
    assert "Reported" not in dollars
    assert dollars["Exchange rate"] == "0.87 € per $, 2026-10-14"

    text = activity_csv(listed, wanted, "UTC").decode()
    _, own_file = read(text)
    _, everybodys = read(file_of("/export/requests.csv?month=2026-10"))
    for lines in (own_file, list(reversed(everybodys))):
        told = [(line["reported_cost"], line["reported_currency"]) for line in lines]
        assert [currency for _, currency in told] == ["EUR", "CNY", ""]
        assert [cost and Decimal(cost) for cost, _ in told] == [5, Decimal("36.6"), ""]
