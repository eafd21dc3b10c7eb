"""Restatements: earlier requests derived anew, exactly, resumably, with the old figures kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from factor_sets import activate, add_set
from footprint.cli import main
from footprint.config import get_settings
from footprint.errors import InputError
from footprint.impact.restating import Scope, restate, resume, rows_on_other_sets
from house import Database, event

DAYS = ["2026-09-30T22:00:00+00:00", "2026-10-01T09:00:00+00:00", "2026-10-02T09:00:00+00:00"]


def request(day: int = 0, **fields: Any) -> dict[str, Any]:
    return event(started_at=DAYS[day], **fields)


def figures(database: Database, columns: str = "energy_kwh, carbon_gco2e, water_l") -> list[Any]:
    return database.rows(f"select {columns} from public.request_logs order by started_at, event_id")


def test_every_figure_follows_the_new_set_and_the_old_ones_are_kept(any_database: Database) -> None:
    database = any_database
    database.store(
        request(0), request(1), request(1, user_id="user-of-other"), request(2, tags=["t"])
    )
    before = figures(database)
    add_set(database, "2099.01", 2)
    done = restate(database.url, Scope("2099.01"), "twice the energy")
    assert (done.factor_set, done.rows_changed) == ("2099.01", 4)
    for old, new in zip(before, figures(database), strict=True):
        assert new[0] == pytest.approx(old[0] * 2, rel=Decimal("1e-6"))
        assert new[2] == pytest.approx(old[2] * 2, rel=Decimal("1e-6"))
        assert old[1] < new[1] < old[1] * 2  # making the hardware weighs what it did
    assert database.rollup_differences() == 0
    lines = database.rows(
        "select day, provider, model, old_factor_set, requests, old_energy_kwh, new_energy_kwh"
        " from public.restatement_lines order by day"
    )
    assert [line[:5] for line in lines] == [
        (date(2026, 9, 30), "openai", "gpt-4o", "2026.11", 1),
        (date(2026, 10, 1), "openai", "gpt-4o", "2026.11", 2),
        (date(2026, 10, 2), "openai", "gpt-4o", "2026.11", 1),
    ]
    assert sum(line[5] for line in lines) == sum(row[0] for row in before)
    assert sum(line[6] for line in lines) == sum(row[0] for row in figures(database))
    # And any single figure of before can be had from the old set, which never changes.
    again = database.rows(
        "select i.energy_kwh from private.impact_of('openai', 'gpt-4o', 'chat', null, false,"
        " '2026.11', 200, 1000, 0) as i"
    )
    assert again[0][0] == pytest.approx(float(before[0][0]), rel=1e-6)


def test_months_and_ranges_of_a_restatement_are_for_admins_and_finance(database: Database) -> None:
    database.store(request(0), request(1), request(2))
    number = restate(database.url, Scope(add_set(database, "2099.01", 3)), "why").restatement_id
    months = database.one("select public.restated_months(%s)", [number], actor="finance")
    assert [(m["month"], m["requests"]) for m in months] == [("2026-09-01", 1), ("2026-10-01", 2)]
    for m in months:
        assert m["new_energy_kwh"] == pytest.approx(3 * m["old_energy_kwh"], rel=1e-6)
        assert m["new_energy_kwh_low"] < m["new_energy_kwh"] < m["new_energy_kwh_high"]
    with pytest.raises(psycopg.Error) as caught:
        database.one("select public.restated_months(%s)", [number], actor="member")
    assert caught.value.sqlstate == "PT403"
    log = "select public.restatement_log() -> 0"
    assert database.one(log, actor="member")["reason"] == "why"
    assert database.one(log, actor="member")["totals"] is None
    assert database.one(log, actor="admin")["totals"]["requests"] == 3


def test_days_outside_the_restatement_keep_their_figures(database: Database) -> None:
    database.store(request(0), request(1), request(2))
    before = figures(database)
    add_set(database, "2099.01", 2)
    day = date(2026, 10, 1)
    assert restate(database.url, Scope("2099.01", day, day), "one day").rows_changed == 1
    after = figures(database)
    assert (after[0], after[2]) == (before[0], before[2]) and after[1] != before[1]
    assert rows_on_other_sets(database.url, "2099.01") == {"2026.11": 2}
    assert database.rollup_differences() == 0


def test_what_the_new_set_knows_is_filled_and_what_it_does_not_know_is_null(
    database: Database,
) -> None:
    database.store(
        request(0, provider="acme", model="mystery"),
        request(1),
        request(2, cache_hit=True),
        request(2, tokens_input_uncached=None, tokens_output_text=None, status="failure"),
    )
    add_set(database, "2099.01", 1, but="gpt-4o")
    database.execute(
        "insert into public.impact_factors select '2099.01/acme/mystery', '2099.01', 'acme', 'mystery',"
        " match, evidence, energy_j_per_token_out, embodied_gco2e_per_token_out, band, weight_input,"
        " weight_cached, host_overhead, parameters_active_b, parameters_total_b, sources"
        " from public.impact_factors where factor_id = '2026.11/openai/gpt-4o'"
    )
    assert restate(database.url, Scope("2099.01"), "other models").rows_changed == 2
    reasons = [row[0] for row in figures(database, "impact_reason")]
    assert reasons[:2] == [None, "no_factor"]
    assert sorted(reasons[2:]) == ["gateway_cache", "no_tokens"]
    lines = database.rows(
        "select model, old_factor_set, old_energy_kwh is null, new_energy_kwh is null"
        " from public.restatement_lines order by 1"
    )
    assert lines == [("gpt-4o", "2026.11", False, True), ("mystery", "", True, False)]
    assert database.rollup_differences() == 0


def test_an_interrupted_restatement_goes_on_where_it_stopped(database: Database) -> None:
    database.store(*(request(day) for day in (0, 1, 1, 2)))
    add_set(database, "2099.01", 2)
    begin = "select private.begin_restatement('2099.01', null, null, 'why')"
    number = database.one(begin)
    step = database.one("select private.restate_next(%s, 1)", [number])
    assert (step["changed"], step["next_day"], step["days_left"]) == (1, "2026-10-01", 2)
    with pytest.raises(InputError, match=r"Restatement \d+ \(to 2099.01\) is not finished"):
        restate(database.url, Scope("2026.11"), "something else")
    told: list[tuple[int, float]] = []
    done = resume(database.url, lambda rows, share: told.append((rows, share)))
    assert (done.restatement_id, done.rows_changed) == (number, 4)
    assert told[-1] == (4, 1.0)
    assert database.one("select sum(requests) from public.restatement_lines") == 4
    assert database.rollup_differences() == 0
    with pytest.raises(InputError, match="nothing to resume"):
        resume(database.url)


def test_a_second_restatement_with_the_same_set_changes_nothing(database: Database) -> None:
    database.store(request(0), request(1))
    add_set(database, "2099.01", 2)
    assert restate(database.url, Scope("2099.01"), "first").rows_changed == 2
    assert restate(database.url, Scope("2099.01"), "second").rows_changed == 0


def test_a_process_killed_within_a_batch_leaves_nothing_half_done(database: Database) -> None:
    database.store(*(request(day) for day in (0, 1, 2)))
    before = figures(database)
    number = database.one(
        "select private.begin_restatement(%s, null, null, 'why')", [add_set(database, "2099.01", 2)]
    )
    with pytest.raises(psycopg.errors.AdminShutdown), psycopg.connect(database.url) as connection:
        connection.execute("select private.restate_next(%s, 1)", [number])
        database.one("select pg_terminate_backend(%s)", [connection.info.backend_pid])
    assert figures(database) == before
    assert resume(database.url).rows_changed == 3
    assert database.rollup_differences() == 0


def test_requests_that_come_in_meanwhile_all_end_on_the_new_set(database: Database) -> None:
    database.store(*(request(day % 3) for day in range(60)))
    add_set(database, "2099.01", 2)
    stop = threading.Event()
    stored: list[int] = []

    def ingest() -> None:
        while not stop.is_set():
            stored.append(database.store(*(request(day) for day in (0, 1, 2)))["inserted"])

    writers = [threading.Thread(target=ingest) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(0.2)
        activate(database, "2099.01")
        restate(database.url, Scope(), "activated")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert sum(stored) > 3
    assert rows_on_other_sets(database.url, "2099.01") == {}
    assert database.one("select count(*) from public.request_logs") == 60 + sum(stored)
    assert database.rollup_differences() == 0


def test_activating_a_set_waits_for_the_batch_that_is_being_derived(database: Database) -> None:
    add_set(database, "2099.01", 2)
    with database.connect() as batch:
        batch.execute("begin")
        batch.execute("select private.store_events('[]')")
        with pytest.raises(psycopg.errors.LockNotAvailable), database.connect() as operator:
            operator.execute("set lock_timeout = '200ms'")
            operator.execute(
                "update public.settings set value = '\"2099.01\"' where key = 'active_factor_set'"
            )
        batch.execute("commit")
    activate(database, "2099.01")


def test_a_zone_changes_carbon_and_water_and_never_energy(database: Database) -> None:
    database.store(request(0, region="somewhere-1"), request(1, region="elsewhere-1"))
    before = figures(database)
    call = "select public.set_zone_override('openai', %s, %s, 'the contract')"
    database.one(call, ["Somewhere-1", "fra"], actor="admin")
    assert restate(database.url, Scope(), "the deployment is in France").rows_changed == 1
    after = figures(database)
    assert after[0][0] == before[0][0]
    assert after[0][1] < before[0][1] and after[0][2] != before[0][2]
    assert after[1] == before[1]
    assert database.rollup_differences() == 0
    database.one(call, ["somewhere-1", None], actor="admin")
    restate(database.url, Scope(), "it is not")
    assert figures(database) == before


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    yield database
    get_settings.cache_clear()


def test_the_command_restates_and_says_what_changed(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store(request(0), request(1))
    add_set(operator, "2099.01", 2)
    assert main(["restate", "--to", "2099.01", "--reason", "a better fit"]) == 0
    assert "2 requests now stand on 2099.01" in capsys.readouterr().out
    assert operator.one("select reason from public.restatements") == "a better fit"
    actions = operator.rows("select action from public.audit_log order by audit_id")
    assert actions == [("restatement.begin",), ("restatement.finish",)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Say why with --reason"),
        (["--resume", "--reason", "x"], "--resume goes on with"),
        (["--resume"], "nothing to resume"),
        (["--to", "1999.01", "--reason", "x"], "There is no factor set 1999.01"),
        (
            ["--from", "2026-10-02", "--until", "2026-10-01", "--reason", "x"],
            "must not be after the last",
        ),
    ],
)
def test_the_command_ends_in_one_sentence_where_it_cannot(
    operator: Database, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restate", *arguments]) == 2
    shown = capsys.readouterr().err
    assert sentence in shown and shown.count("\n") == 1


def test_a_set_that_is_not_there_cannot_become_active(database: Database) -> None:
    with pytest.raises(psycopg.Error, match=r"There is no factor set 1999.01"):
        activate(database, "1999.01")
