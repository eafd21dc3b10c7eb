"""A cost stays in the currency it was reported in; the others follow the exchange rates."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event

OCTOBER_15 = "2026-10-15T10:00:00Z"
COSTS = "select reported_cost, reported_currency, cost_eur, cost_usd from public.request_logs"


def reported(cost: str, currency: str, **fields: Any) -> dict[str, Any]:
    return event(cost_usd=None, reported_cost=cost, reported_currency=currency, **fields)


def dollars(database: Database, **rates: str) -> int:
    days = {day.replace("_", "-").removeprefix("d"): rate for day, rate in rates.items()}
    return int(database.one("select private.set_fx_rates(%s, 'test')", [json.dumps(days)]))


def rates(database: Database, currency: str, days: dict[str, str]) -> int:
    """Enter EUR for one unit of a currency, by day; return how many rates changed."""
    told = json.dumps({currency: days})
    return int(database.one("select private.set_currency_rates(%s, 'test')", [told]))


def in_usd(eur: Decimal, rate: str) -> Decimal:
    return (eur / Decimal(rate)).quantize(Decimal("1e-12"))


def test_euros_stay_and_dollars_follow_a_corrected_rate(any_database: Database) -> None:
    dollars(any_database, d2026_10_01="0.87")
    any_database.store(reported("5.00", "EUR"), reported("0", "eur"), event(cost_usd="2"))
    five, zero = Decimal(5), Decimal(0)
    for rate in ("0.87", "0.91", "0.0123456789"):
        dollars(any_database, d2026_10_01=rate)
        assert any_database.rows(f"{COSTS} order by cost_eur") == sorted(
            [
                (five, "EUR", five, in_usd(five, rate)),
                (zero, "EUR", zero, zero),
                (None, None, 2 * Decimal(rate), Decimal(2)),
            ],
            key=lambda row: row[2],
        )
        assert any_database.rollup_differences() == 0
    # Nothing is not unknown: all three have a known cost.
    assert any_database.one("select sum(priced) from public.usage_org_daily") == 3


def test_a_planning_rate_changes_the_dollars_of_a_cost_in_euros(database: Database) -> None:
    database.store(reported("5", "EUR"), event(cost_usd="10"))
    preview = "select public.preview_setting('fx_planning_rate_eur_per_usd', '0.8')"
    said = database.one(preview, actor="admin")
    assert said["before"] == {"requests": 2, "cost_eur": 14.00}
    assert said["after"] == {"requests": 2, "cost_eur": 13.00}
    database.one("select public.set_setting('fx_planning_rate_eur_per_usd', '0.8')", actor="admin")
    assert database.rows(f"{COSTS} order by reported_currency") == [
        (Decimal(5), "EUR", Decimal(5), Decimal("6.25")),
        (None, None, Decimal(8), Decimal(10)),
    ]
    assert database.rollup_differences() == 0


def test_another_currency_is_converted_by_the_rate_of_its_day(any_database: Database) -> None:
    dollars(any_database, d2026_10_14="0.9")
    rates(any_database, "CNY", {"2026-10-14": "0.1283", "2026-10-16": "0.5"})
    any_database.store(reported("36.00", "cny"))
    eur = Decimal("4.6188")
    assert any_database.rows(COSTS) == [(Decimal(36), "CNY", eur, in_usd(eur, "0.9"))]
    # Either rate corrected changes what was derived, and nothing else.
    assert rates(any_database, "CNY", {"2026-10-14": "0.13", "2026-10-16": "0.5"}) == 1
    dollars(any_database, d2026_10_14="0.8")
    eur = Decimal("4.68")
    assert any_database.rows(COSTS) == [(Decimal(36), "CNY", eur, in_usd(eur, "0.8"))]
    # A rate of a day between that was not known before; one of another currency changes nothing.
    rates(any_database, "CNY", {"2026-10-15": "0.25"})
    rates(any_database, "GBP", {"2026-10-15": "1.15"})
    assert any_database.rows(COSTS) == [(Decimal(36), "CNY", Decimal(9), Decimal("11.25"))]
    assert any_database.rollup_differences() == 0


def test_correcting_a_currency_leaves_every_other_request_untouched(database: Database) -> None:
    rates(database, "CNY", {"2026-10-01": "0.1283"})
    rates(database, "GBP", {"2026-10-01": "1.15"})
    database.store(
        reported("1", "CNY"),
        reported("1", "GBP"),
        reported("1", "EUR"),
        event(),
        reported("1", "CNY", started_at="2026-10-25T10:00:00Z"),
    )
    rates(database, "CNY", {"2026-10-20": "0.1283"})
    version = "select event_id, xmin::text from public.request_logs order by event_id"
    before = dict(database.rows(version))
    rates(database, "CNY", {"2026-10-01": "0.13"})
    after = dict(database.rows(version))
    [changed] = [event_id for event_id in before if before[event_id] != after[event_id]]
    query = "select reported_currency, started_at::date::text from public.request_logs where event_id = %s"
    assert database.rows(query, [changed]) == [("CNY", "2026-10-15")]


@pytest.mark.parametrize(
    ("currency", "cost", "started_at", "reason"),
    [
        ("CNY", "36", "2026-09-30T10:00:00Z", "no exchange rate of CNY is known for 2026-09-30"),
        ("CHF", "36", OCTOBER_15, "no exchange rate of CHF is known for 2026-10-15"),
        ("YUAN", "36", OCTOBER_15, "reported_currency is not a currency's three letters"),
        ("EUR", "10000000.000000000001", OCTOBER_15, "reported_cost is above 10^7"),
        ("KWD", "9000000", OCTOBER_15, "reported_cost is above 10^7 EUR"),
        ("CNY", "1e400", OCTOBER_15, "reported_cost is above 10^7"),
        ("CNY", "-1", OCTOBER_15, "reported_cost is negative"),
        ("CNY", None, OCTOBER_15, "reported_cost is missing beside reported_currency"),
    ],
)
def test_a_cost_that_cannot_be_converted_is_refused_in_a_sentence(
    database: Database, currency: str, cost: str | None, started_at: str, reason: str
) -> None:
    rates(database, "CNY", {"2026-10-01": "0.1283"})
    rates(database, "KWD", {"2026-10-01": "2.8"})
    answer = database.store(
        event(), event(cost_usd=None) | {
            "reported_cost": cost, "reported_currency": currency, "started_at": started_at,
        },
    )  # fmt: skip
    assert answer["inserted"] == 1
    [refused] = answer["rejected"]
    assert refused["reason"].startswith(reason)


def test_a_refused_cost_can_be_sent_again_once_its_rate_is_known(database: Database) -> None:
    sent = reported("36", "CNY")
    assert database.store(sent)["inserted"] == 0
    rates(database, "CNY", {"2026-10-14": "0.1283"})
    assert database.store(sent)["inserted"] == 1
    assert database.store(sent)["changed"] == []


@pytest.mark.parametrize(
    "change",
    [
        "delete from public.currency_rates where currency = 'CNY'",
        "delete from public.currency_rates where day < '2026-10-15'",
        "update public.currency_rates set day = '2026-10-20' where day = '2026-10-01'",
        "update public.currency_rates set currency = 'JPY' where currency = 'CNY'",
    ],
)
def test_a_rate_that_a_cost_needs_cannot_go(database: Database, change: str) -> None:
    rates(database, "CNY", {"2026-10-01": "0.1283", "2026-10-16": "0.13"})
    rates(database, "GBP", {"2026-11-01": "1.15"})
    database.store(reported("36", "CNY"), reported("1", "CNY", started_at="2026-10-14T00:00:00Z"))
    before = database.rows(f"{COSTS} order by 1")
    with pytest.raises(psycopg.Error, match="from 2026-10-14 on have a cost in CNY") as refused:
        database.execute(change)
    assert refused.value.sqlstate == "PT409"
    assert database.rows(f"{COSTS} order by 1") == before
    assert database.one("select count(*) from public.currency_rates") == 3


def test_a_rate_that_no_cost_needs_can_go_and_the_one_before_it_holds(database: Database) -> None:
    rates(database, "CNY", {"2026-10-01": "0.125", "2026-10-14": "0.5", "2026-10-16": "0.13"})
    database.store(reported("8", "CNY"))
    assert database.one("select cost_eur from public.request_logs") == 4
    database.execute("delete from public.currency_rates where day >= '2026-10-14'")
    assert database.one("select cost_eur from public.request_logs") == 1
    assert database.rollup_differences() == 0


def test_a_weekend_at_a_months_end_has_fridays_rate_and_each_its_month(
    any_database: Database,
) -> None:
    any_database.one(
        "select public.set_setting('reporting_timezone', '\"Europe/Berlin\"')", actor="admin"
    )
    # 2026-10-30 is a Friday; summer time is over.
    rates(any_database, "GBP", {"2026-10-30": "1.15", "2026-11-02": "1.25"})
    any_database.store(
        reported("2.00", "GBP", started_at="2026-10-31T22:59:59.999999Z"),
        reported("4.00", "GBP", started_at="2026-10-31T23:00:00Z"),
        reported("8.00", "GBP", started_at="2026-11-01T23:00:00Z"),
    )
    months = (
        "select month::text, sum(cost_eur) from public.usage_user_monthly group by 1 order by 1"
    )
    assert any_database.rows(months) == [
        ("2026-10-01", Decimal("2.30")),
        ("2026-11-01", Decimal("14.60")),  # Sunday by Friday's rate, and Monday
    ]
    rates(any_database, "GBP", {"2026-10-31": "1.5"})  # a Saturday: not the ECB's
    assert any_database.rows(months) == [
        ("2026-10-01", Decimal("3.00")),
        ("2026-11-01", Decimal("16.00")),
    ]
    assert any_database.rollup_differences() == 0


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("10000000", "10000000"),
        ("9999999.999999999999", "9999999.999999999999"),
        ("0.000000000001", "0.000000000001"),
        ("0.30000000000000004", "0.3"),
        ("1e-40", "0"),
        ("0." + "0" * 39 + "1", "0"),
        ("5e0", "5"),
    ],
)
def test_the_largest_and_the_smallest_amounts_stay(
    database: Database, sent: str, kept: str
) -> None:
    dollars(database, d2026_10_01="0.87")
    rates(database, "IDR", {"2026-10-01": "0.0000512345678901234"})
    database.store(reported(sent, "EUR"), reported(sent, "IDR"))
    dollars(database, d2026_10_01="0.93")
    rates(database, "IDR", {"2026-10-01": "0.0000500000000000001"})
    eur, idr = database.rows(f"{COSTS} order by reported_currency")
    assert (eur[0], eur[2], eur[3]) == (
        Decimal(kept), Decimal(kept), in_usd(Decimal(kept), "0.93"),
    )  # fmt: skip
    assert idr[0] == Decimal(kept)
    assert idr[2] == (Decimal(kept) * Decimal("0.0000500000000000001")).quantize(Decimal("1e-12"))
    assert database.rollup_differences() == 0


def test_deriving_again_with_the_same_rates_changes_nothing(database: Database) -> None:
    dollars(database, d2026_10_01="0.8712345678")
    rates(database, "CNY", {"2026-10-01": "0.12834567890123456789"})
    database.store(
        *(reported(f"{n / 7:.17f}", code) for n in range(20) for code in ("EUR", "CNY")),
    )
    assert database.one("select private.rederive_cost(null, null)") == 0


def test_dollars_that_are_named_so_are_dollars(database: Database) -> None:
    sent = reported("5", "usd")
    database.store(sent)
    assert database.rows(COSTS) == [(None, None, Decimal("4.5"), Decimal(5))]
    assert database.store(sent)["changed"] == []


EUROS = {"reported_cost": "5", "reported_currency": "EUR", "price_source": "caller, in EUR"}
POUNDS = {"reported_cost": "5", "reported_currency": "GBP", "price_source": "caller, in GBP"}
DOLLARS = {"cost_usd": "5", "price_source": "caller"}


@pytest.mark.parametrize(
    ("first", "then", "is_another"),
    [
        (EUROS, EUROS | {"reported_cost": "5.00"}, False),
        (EUROS, EUROS | {"reported_cost": "6"}, True),
        (EUROS, POUNDS, True),
        (EUROS, DOLLARS, True),
        (POUNDS, POUNDS | {"reported_cost": "6"}, True),
        (DOLLARS, DOLLARS | {"cost_usd": "6"}, True),
        (DOLLARS, EUROS, True),
        (DOLLARS, {"reported_cost": "5", "reported_currency": "USD", "price_source": "caller"}, False),
    ],
)  # fmt: skip
def test_another_cost_under_the_same_id_is_named_as_changed(
    database: Database, first: dict[str, str], then: dict[str, str], is_another: bool
) -> None:
    rates(database, "GBP", {"2026-10-01": "1.15"})
    bare = {name: value for name, value in event().items() if name != "cost_usd"}
    assert database.store(bare | first)["inserted"] == 1
    changed = database.store(bare | then)["changed"]
    assert len(changed) == is_another


def test_back_filled_prices_and_rebuilt_sums_leave_reported_costs_alone(
    database: Database,
) -> None:
    rates(database, "CNY", {"2026-10-01": "0.125"})
    database.store(reported("8", "CNY"), reported("5", "EUR"), event(cost_usd=None))
    before = database.rows(f"{COSTS} where reported_currency is not null order by 1")
    price = "select public.price_unpriced('openai', 'gpt-4o', 1, 1, 1, 1, 'a list', true)"
    assert database.one(price, actor="admin")["requests"] == 1
    database.execute("select private.rebuild_rollups()")
    assert database.rows(f"{COSTS} where reported_currency is not null order by 1") == before
    assert database.one("select sum(cost_eur) from public.usage_org_daily") == Decimal("6.00108")
    assert database.rollup_differences() == 0


def test_entered_rates_are_counted_and_in_the_audit_log(database: Database) -> None:
    days = {"2026-10-01": "0.1283", "2026-10-02": "0.1284"}
    assert rates(database, "CNY", days) == 2
    assert rates(database, "CNY", days) == 0
    assert rates(database, "CNY", days | {"2026-10-02": "0.1285"}) == 1
    entries = (
        "select target, after from public.audit_log where action = 'fx_rates.set' order by audit_id"
    )
    assert database.rows(entries) == [
        ("test", {"currencies": "CNY", "rates": 2}),
        ("test", {"currencies": "CNY", "rates": 1}),
    ]
