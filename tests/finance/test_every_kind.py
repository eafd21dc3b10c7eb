"""Page = function = statement = requests file = FOCUS = database, to the last digit, in every month.

One organisation with every kind of request in it, held after everything that changes past figures; then months
that hold next to nothing, or as much as a number can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from added_up import Row, added, every_request, month_of
from every_kind import (
    MONTHS,
    NO_TOKENS,
    NOTHING,
    SESSION,
    TEAMS,
    UNPRICED,
    ZERO,
    ZONE,
    end_of_call,
    ended,
    send,
    tell_everything,
)
from everywhere import Everywhere
from factor_sets import activate, add_set
from footprint.data.data_quality import Prices, apply_prices, unpriced_models
from footprint.data.people import erase_person, map_person_session
from footprint.data.zero_prices import make_unknown, zero_priced_models
from footprint.errors import ServiceUnavailable
from footprint.local.stack import Stack
from house import Database, event
from web import Web, knowing, web_over

BOOKS = (
    "select transaction_id, kind, amount_eur, created_at from public.transactions order by 1",
    "select to_jsonb(d) from public.donations d order by donation_id",
    "select scope, team, from_month, amount_eur, set_at from public.budgets order by 1, 2, 3",
)


@pytest.fixture
def served(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_over(stack, database) as web:
        yield from knowing(web, monkeypatch)


def dollars(everywhere: Everywhere) -> None:
    told = json.dumps({"2026-10-14": "0.91", "2026-08-01": "0.77"})
    everywhere.web.database.one("select private.set_fx_rates(%s, 'test')", [told])


def yuan(everywhere: Everywhere) -> None:
    told = json.dumps({"CNY": {"2026-10-10": "0.13", "2026-11-05": "0.1111111111111111111"}})
    everywhere.web.database.one("select private.set_currency_rates(%s, 'test')", [told])


def planning_rate(everywhere: Everywhere) -> None:
    everywhere.web.database.execute("delete from public.fx_rates where day < '2026-09-20'")
    setting(everywhere, "fx_planning_rate_eur_per_usd", "0.93")


def job_ends(everywhere: Everywhere) -> None:
    send(everywhere.web.database, ended(everywhere.user_ids))
    jobs = "select flags, cost_usd from public.request_logs where job_id is not null order by 2"
    assert everywhere.web.database.rows(jobs) == [
        (None, Decimal("0.00142")),
        (None, Decimal("0.4")),
    ]


def call_ends(everywhere: Everywhere) -> None:
    send(everywhere.web.database, end_of_call(everywhere.user_ids))
    call = "select status from public.request_logs where litellm_call_id like 'a call%%'"
    assert everywhere.web.database.rows(call) == [("success",)]


def prices_come(everywhere: Everywhere) -> None:
    admin = everywhere.people["ada"]
    [model] = [model for model in unpriced_models(admin) if model.model == UNPRICED]
    prices = Prices(2.5, 1.25, 3.125, 10.0000001)
    assert list(apply_prices(admin, model, prices, "contract"))[-1] == 6


def zeros_become_unknown(everywhere: Everywhere) -> None:
    admin = everywhere.people["ada"]
    [model] = zero_priced_models(admin)
    assert (model.model, list(make_unknown(admin, model))[-1]) == (ZERO, 12)


def session_is_mapped(everywhere: Everywhere) -> None:
    assert map_person_session(everywhere.people["ada"], SESSION, everywhere.user_ids["bob"]) == 12


def factors_change(everywhere: Everywhere) -> None:
    database = everywhere.web.database
    add_set(database, "2027.01", 1.7, but="gpt-4o-mini")
    activate(database, "2027.01")
    before = added(every_request(database, ZONE))
    begin = "select private.begin_restatement('2027.01', null, null, 'corrected')"
    number = database.one(begin)
    while not database.one("select private.restate_next(%s, 40) ->> 'finished' = 'true'", [number]):
        pass
    after = added(every_request(database, ZONE))
    for name in ("energy_kwh", "carbon_gco2e", "water_l"):
        [log] = everywhere.asked("fin", "public.restatement_log()")
        changed = log["totals"][f"new_{name}"] - log["totals"][f"old_{name}"]
        assert changed == after[name] - before[name] != 0


def people_go(everywhere: Everywhere) -> None:
    everywhere.web.database.one("select public.delete_person('eve')", actor="admin")
    assert erase_person(everywhere.people["ada"], "dee", "asked for it") > 6


def pseudonyms(everywhere: Everywhere) -> None:
    setting(everywhere, "privacy_people", "pseudonymous")


def no_people(everywhere: Everywhere) -> None:
    setting(everywhere, "privacy_people", "off")


def another_zone(everywhere: Everywhere) -> None:
    setting(everywhere, "privacy_people", "named")
    setting(everywhere, "reporting_timezone", "America/Los_Angeles")


# What is of one kind comes at once: holding every place takes seconds.
CHANGES: tuple[tuple[Callable[[Everywhere], None], ...], ...] = (
    *((dollars, yuan, planning_rate), (job_ends, call_ends), (prices_come, zeros_become_unknown)),
    *((session_is_mapped,), (factors_change,), (people_go, pseudonyms), (no_people,)),
    (another_zone,),
)


def test_every_place_tells_the_same_of_every_kind_whatever_changes(
    served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_everything(served.database)
    everywhere = Everywhere.of(served, monkeypatch, guests=tuple(TEAMS))
    write_books(everywhere)
    rows = everywhere.hold(MONTHS)
    assert all(added(month_of(rows, month).rows)["requests"] > 110 for month in MONTHS)
    books = booked(served.database)
    for changes in CHANGES:
        for change in changes:
            change(everywhere)
        changed = everywhere.hold(MONTHS)
        assert booked(served.database) == books, changes
        nothing_reported_is_rewritten(rows, changed)
        rows = changed


FAULTS = (
    # Unknown shown as 0, a cache's answer with a cost, and what has no tokens counted nowhere.
    ("figures()", "case when sum(c.priced) > 0 then sum(c.cost_eur) end as", "sum(c.cost_eur) as"),
    ("export_columns(text)", "case when s.cache_hit then 0 else s.cost_eur end", "s.cost_eur"),
    ("export_columns(text)", "s.billable - s.priced", "s.measurable - s.priced"),
    ("unpriced_models()", "d.billable - d.priced", "d.measurable - d.priced"),
    ("ledger(text, timestamptz, uuid, integer)", "u.cost_eur, 0)", "round(u.cost_eur, 11), 0)"),
)


def test_a_place_that_tells_anything_else_is_found(
    served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_everything(served.database)
    everywhere = Everywhere.of(served, monkeypatch)
    for function, right, wrong in FAULTS:
        source = "select pg_get_functiondef(('private.' || %s)::regprocedure)"
        made = served.database.one(source, [function])
        assert right in made, function
        served.database.execute(made.replace(right, wrong))
        # A file that is not what its head promised breaks off.
        with pytest.raises((AssertionError, ServiceUnavailable)):
            everywhere.hold(MONTHS[1:2])
        served.database.execute(made)
    everywhere.hold(MONTHS[1:2])


def test_every_month_that_the_database_can_hold_can_be_had(
    served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = served.database
    setting_ = (
        "update public.settings set value = to_jsonb(%s::text) where key = 'reporting_timezone'"
    )
    database.execute(setting_, [ZONE])
    everywhere = Everywhere.of(served, monkeypatch)
    today = datetime.now(ZoneInfo(ZONE)).date()
    months = {
        "the first that may be": date(2000, 1, 1),
        "only unknown costs": date(2025, 1, 1),
        "only the gateway's cache": date(2025, 2, 1),
        "one without tokens": date(2025, 3, 1),
        "without a request": date(2025, 4, 1),
        "only refused": date(2025, 5, 1),
        "beyond 2^53": date(2025, 6, 1),
        "this one": today.replace(day=1),
    }
    ann = {"user_id": everywhere.user_ids["ann"], "team": "research"}

    def at(name: str, day: int = 9) -> str:
        return f"{months[name]:%Y-%m}-{day:02d}T12:00:00Z"

    tomorrow = (datetime.now(ZoneInfo("UTC")) + timedelta(days=1)).isoformat()
    send(
        database,
        event(**ann, started_at="2000-01-01T00:00:00Z", cost_usd="0.000000000001"),
        event(user_id=None, started_at="2000-01-31T22:59:59.999999Z", cost_usd="3"),
        event(**ann, started_at=at("only unknown costs"), cost_usd=None),
        event(user_id=None, started_at=at("only unknown costs"), cost_usd=None, **NOTHING),
        event(**ann, started_at=at("only the gateway's cache"), cost_usd="7", cache_hit=True),
        event(**ann, started_at=at("only the gateway's cache"), cost_usd=None, cache_hit=True),
        event(**ann, started_at=at("one without tokens"), cost_usd="0.006", **NO_TOKENS),
        event(**ann, **NOTHING, started_at=at("only refused"), cost_usd="0", status="failure"),
        event(**ann, started_at=tomorrow, cost_usd="0.5", tags=["a"]),
    )
    most = dict.fromkeys(NOTHING, 10**12)
    for _ in range(3):
        much = (
            event(
                **ann | most,
                started_at=at("beyond 2^53", n % 30 + 1),
                cost_usd="9999999.1234567890123",
            )
            for n in range(700)
        )
        send(database, *much)
    rows = everywhere.hold(months.values())
    assert added(month_of(rows, months["beyond 2^53"]).rows)["tokens_used"] == 2100 * 5 * 10**12
    # The first moment that may be is of the last month of 1999 in California.
    database.execute(setting_, ["America/Los_Angeles"])
    everywhere.hold([date(1999, 12, 1), date(2000, 1, 1), date(2025, 6, 1)])


def write_books(everywhere: Everywhere) -> None:
    """Enter credit, budgets, and for September a donation with its receipt."""
    database = everywhere.web.database
    for name in ("ann", "dee"):
        credit = "select public.record_transaction(%s, 'topup', 50.01, %s, 'for ' || %s)"
        user_id = everywhere.user_ids[name]
        database.one(credit, [user_id, f"credit of {name}", name], actor="finance")
    budgets: tuple[tuple[str, str | None, str], ...] = (
        *(("organisation", None, "30000000"), ("team", "research", "5")),
        ("person", everywhere.user_ids["ann"], "20"),
    )
    for scope, of, amount in budgets:
        budget = "select public.set_budget(%s, %s, '2026-09-01', %s)"
        database.one(budget, [scope, of, amount], actor="finance")
    donation = {
        **{"month": "2026-09-01", "donated_on": "2026-10-05", "organisation": "Wetlands"},
        **{"claim_type": "restored", "amount": 90, "currency": "EUR", "area_m2": 123.4567},
    }
    given = database.one(
        "select public.record_donation(%s)", [json.dumps(donation)], actor="finance"
    )
    database.one("select public.verify_donation(%s, %s)", [given, "a" * 64], actor="finance")


def booked(database: Database) -> list[Any]:
    """Return what is in the books; an erased person's credit goes on under another name."""
    return [database.rows(query) for query in BOOKS]


def nothing_reported_is_rewritten(before: list[Row], after: list[Row]) -> None:
    """Hold what was reported of each cost against what it was; only zeros of nobody may go."""
    told = {row["event_id"]: reported(row) for row in after}
    for row in before:
        was = reported(row)
        if was is not None and row["model"] != ZERO and row["event_id"] in told:
            assert told[row["event_id"]] == was, row["event_id"]


def reported(row: Row) -> tuple[Decimal, str] | None:
    if row["reported_currency"]:
        return row["reported_cost"], row["reported_currency"]
    return None if row["cost_usd"] is None else (row["cost_usd"], "USD")


def setting(everywhere: Everywhere, key: str, value: str) -> None:
    told = json.dumps(Decimal(value), default=float) if value[0].isdigit() else json.dumps(value)
    everywhere.web.database.one("select public.set_setting(%s, %s)", [key, told], actor="admin")
