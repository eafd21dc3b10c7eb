"""Rollups equal a full recomputation, exactly, whatever happens to the rows."""

from __future__ import annotations

import json
import random
import threading
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from factor_sets import add_set
from house import Database, event


def batch(seed: int, size: int) -> list[dict[str, Any]]:
    r = random.Random(seed)
    return [
        event(
            event_id=f"{seed:08x}-0000-4000-8000-{i:012x}",
            started_at=f"2026-{r.randint(1, 10):02d}-{r.randint(1, 28):02d}T{r.randint(0, 23):02d}:30:00Z",
            user_id=r.choice(
                [None, "user-of-member", "user-of-other", *(f"u{n}" for n in range(20))]
            ),
            team=r.choice([None, "a", "b"]),
            provider=r.choice(["openai", "gemini"]),  # Gemini's has a market-based figure too
            model=r.choice(["gpt-4o", "gemini-2.5-flash", "nobody-knows-this-model"]),
            status=r.choice(["success", "success", "failure"]),
            tokens_output_text=r.choice([None, 0, r.randint(1, 9000)]),
            cost_usd=r.choice([None, "0", f"0.{r.randint(1, 10**9):012d}"]),
            cache_hit=r.random() < 0.1,
            tags=r.choice([None, ["x"], ["x", "y"]]),
        )
        for i in range(size)
    ]


def test_rollups_follow_inserts_updates_deletes_late_rows_and_reattribution(
    any_database: Database,
) -> None:
    database = any_database
    database.store(*batch(1, 400))
    assert database.rollup_differences() == 0
    database.execute(
        "update public.request_logs set cost_eur = cost_eur * 2 where model = 'gpt-4o'"
    )
    database.execute(
        "update public.request_logs set user_profile_id = 'user-of-other', team = 'moved', "
        "started_at = started_at - interval '40 days' where user_profile_id = 'user-of-member'"
    )
    assert database.rollup_differences() == 0
    database.execute("delete from public.request_logs where status = 'failure'")
    assert database.rollup_differences() == 0
    database.store(event(started_at="2019-02-28T23:59:59Z"))
    assert database.rollup_differences() == 0
    assert database.one("select count(*) from public.usage_user_daily where requests = 0") == 0
    database.execute("delete from public.request_logs")
    assert database.one("select count(*) from public.usage_org_daily") == 0
    assert database.one("select count(*) from public.user_usage_totals") == 0


def test_the_check_finds_a_figure_that_is_off_by_a_trillionth(database: Database) -> None:
    database.store(*batch(2, 50))
    database.execute(
        "update public.usage_org_daily set cost_eur = cost_eur + 0.000000000001 "
        "where (day, team, provider, model) in "
        "(select day, team, provider, model from public.usage_org_daily limit 1)"
    )
    assert database.rollup_differences() == 2  # the wrong row and the right one
    database.execute("select private.rebuild_rollups()")
    assert database.rollup_differences() == 0


def test_the_tokens_counter_is_exact_at_all_times(database: Database) -> None:
    database.store(event(tokens_output_text=7), event(tokens_output_text=5, cache_hit=True))
    shown = "select tokens_used from public.profiles where user_id = 'user-of-member'"
    assert database.one(shown, actor="member") == Decimal(1007)
    database.execute("delete from public.request_logs")
    assert database.one(shown, actor="member") == Decimal(0)


def test_a_restatement_moves_every_measure_of_impact_and_no_other(any_database: Database) -> None:
    database = any_database
    database.store(*batch(3, 300))
    facts = (
        "select sum(requests), sum(priced), sum(tokens_used), sum(tokens_priced),"
        " sum(tokens_attributed), sum(cost_eur), sum(cost_eur_attributed)"
        " from public.usage_org_daily"
    )
    impacts = (
        "select sum(measured), sum(tokens_measured), sum(cost_eur_measured), sum(market_measured),"
        " sum(carbon_market_gco2e_high) from public.usage_org_daily where model = 'gemini-2.5-flash'"
    )
    [before], [measured] = database.rows(facts), database.rows(impacts)
    assert all(figure > 0 for figure in measured)
    add_set(database, "2099.01", 3, but="gemini-2.5-flash")
    number = database.one("select private.begin_restatement('2099.01', null, null, 'a test')")
    while not database.one("select private.restate_next(%s)", [number])["finished"]:
        pass
    assert database.rollup_differences() == 0
    assert database.rows(facts) == [before]
    assert database.rows(impacts) == [(0, 0, 0, 0, 0)]


def test_a_new_reporting_timezone_cuts_days_and_months_anew(any_database: Database) -> None:
    database = any_database
    database.store(event(started_at="2026-10-31T23:30:00Z"))
    assert str(database.one("select month from public.usage_user_monthly")) == "2026-10-01"
    database.execute(
        "update public.settings set value = '\"Europe/Paris\"' where key = 'reporting_timezone'"
    )
    assert str(database.one("select month from public.usage_user_monthly")) == "2026-11-01"
    assert str(database.one("select day from public.usage_org_daily")) == "2026-11-01"
    assert database.rollup_differences() == 0


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_eight_concurrent_writers_never_deadlock_and_lose_nothing(
    any_database: Database, size: int
) -> None:
    database = any_database
    rounds = {1: 40, 100: 6, 1000: 2}[size]
    shared = [json.dumps(batch(900 + n, size)) for n in range(rounds)]
    failures: list[str] = []
    inserted: list[int] = []

    def write(writer: int) -> None:
        own = [json.dumps(batch(writer * 50 + n, size)) for n in range(rounds)]
        order = own + shared  # every writer also retries the same batches: overlapping keys
        random.Random(writer).shuffle(order)
        try:
            with psycopg.connect(database.url, autocommit=True) as connection:
                connection.execute("set deadlock_timeout = '100ms'")
                for events in order:
                    row = connection.execute(
                        "select private.store_events(%s::jsonb)", [events]
                    ).fetchone()
                    assert row
                    inserted.append(row[0]["inserted"])
        except psycopg.Error as error:
            failures.append(str(error))

    threads = [threading.Thread(target=write, args=(w,)) for w in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(inserted) == (8 + 1) * rounds * size
    assert database.one("select count(*) from public.request_logs") == (8 + 1) * rounds * size
    assert database.rollup_differences() == 0


def test_concurrent_reattribution_and_ingest_leave_exact_sums(database: Database) -> None:
    failures: list[str] = []

    def store(writer: int) -> None:
        for n in range(10):
            database.store(
                *(event(user_id=None, session_id=f"s{i % 5}") for i in range(n, n + 30)),
            )

    def reattribute(writer: int) -> None:
        for n in range(10):
            try:
                database.execute(
                    "select private.map_session(%s, %s)",
                    [f"s{n % 5}", f"user-of-{('member', 'other')[writer % 2]}"],
                )
            except psycopg.Error as error:
                failures.append(str(error))

    threads = [threading.Thread(target=store, args=(w,)) for w in range(2)]
    threads += [threading.Thread(target=reattribute, args=(w,)) for w in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert database.rollup_differences() == 0
