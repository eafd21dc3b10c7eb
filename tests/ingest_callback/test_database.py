"""The real thing end to end: callback, spool, HTTP, Supabase, and a person reading it back."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from footprint.config import Settings
from footprint.errors import AccessDenied, ConfigurationError, InputError, ServiceUnavailable
from footprint.ingest import dead
from footprint.ingest.recorder import open_recorder
from footprint.ingest.session_map import SessionMap
from footprint.local.accounts import create_account
from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import environment, event, run, start
from ingest_callback.test_truth_table import FILES, payload_of

PASSWORD = "correct horse battery staple"


@pytest.fixture
def real(api: Server, database: Database, folder: Path) -> Settings:
    return Settings(
        supabase_url=api.api_url,
        supabase_publishable_key=api.publishable_key,
        ingest_key=database.make_key(),
        spool_dir=folder,
    )


def test_every_captured_payload_is_stored_once_with_the_providers_tokens(
    real: Settings, database: Database
) -> None:
    recorder = open_recorder(real)
    for path in FILES:
        payload = payload_of(path)
        failed = payload["status"] == "failure"
        recorder.finished({"standard_logging_object": payload}, None, None, None, failed=failed)
    assert recorder.courier.stop(20)
    # 96 hook calls; three calls fired two hooks (responses_stream_sync, async_badprovider,
    # proxy_nomodel).
    assert recorder.spool.health.counts["double_fired"] == 3
    assert database.one("select count(*) from request_logs") == 93
    assert recorder.spool.health.counts["delivered"] == 93
    assert not (real.spool_dir / dead.FILE).exists()
    usage = [payload_of(path) for path in FILES if "responses_stream_sync__async" not in path.name]
    said = sum((p["metadata"].get("usage_object") or {}).get("prompt_tokens", 0) for p in usage)
    stored = database.one(
        "select sum(coalesce(tokens_input_uncached, 0) + coalesce(tokens_cache_read, 0)"
        " + coalesce(tokens_cache_write, 0)) from request_logs"
    )
    # LiteLLM could not read the usage of one pass-through stream: 100 tokens went in.
    # Streams without usage are recounted only where LiteLLM is loaded.
    estimated = database.one(
        "select coalesce(sum(tokens_input_uncached), 0) from request_logs where tokens_estimated"
    )
    assert stored - estimated == said + 100
    assert database.one("select count(*) from request_logs where cost_usd < 0") == 0
    assert database.rollup_differences() == 0


def test_what_the_database_rejects_becomes_a_dead_letter(
    real: Settings, database: Database
) -> None:
    recorder = open_recorder(real)
    recorder.record(event(user_id="ann"))
    recorder.record(event(tokens_output_text=-5))
    assert recorder.courier.stop(10)
    assert database.one("select count(*) from request_logs") == 1
    [letter] = dead.letters(real.spool_dir)
    assert letter.reason == "a token count is negative"


def test_a_revoked_key_keeps_everything_until_there_is_a_new_one(
    real: Settings, database: Database
) -> None:
    database.execute("update private.ingest_keys set revoked_at = now()")
    recorder = open_recorder(real)
    recorder.record(event())
    assert not recorder.courier.stop(1)
    assert "footprint keys create" in str(recorder.spool.health.state["misconfigured"])
    again = open_recorder(replace(real, ingest_key=database.make_key()))
    assert again.courier.stop(10)
    assert database.one("select count(*) from request_logs") == 1


def test_a_session_names_its_person_before_and_after_the_calls(
    real: Settings, database: Database
) -> None:
    sessions = SessionMap(real)
    recorder = open_recorder(real)
    recorder.record(event(session_id="later"))
    recorder.courier.flush(10)
    assert sessions.register("later", "ann", "ann@example.net", "Ann") == 1
    assert sessions.register("before", "ann") == 0
    recorder.record(event(session_id="before"))
    recorder.courier.stop(10)
    assert database.rows(
        "select session_id, user_profile_id, attribution from request_logs order by 1"
    ) == [("before", "ann", "session"), ("later", "ann", "session")]
    with pytest.raises(InputError, match="A session id"):
        sessions.register("", "ann")
    sessions.close()


def test_a_call_taken_for_abandoned_becomes_the_one_request_it_was(
    real: Settings, database: Database
) -> None:
    recorder = open_recorder(real)
    call = {"litellm_call_id": "long", "model": "gpt-4o", "custom_llm_provider": "openai"}
    start = time.time()
    recorder.started(call)
    recorder.spool.abandon_overdue(age_s=0.0)  # as after ten minutes
    assert recorder.courier.flush(10)
    statuses = "select status, litellm_call_id from request_logs"
    assert database.rows(statuses) == [("abandoned", "long")]
    recorder.finished(call, None, start, time.time(), failed=False)
    assert recorder.courier.stop(10)
    assert database.rows(statuses) == [("success", "long")]
    assert database.rollup_differences() == 0


_KILLED = """
import os, sys, time
import footprint
hooks = footprint.callback
def call(n):
    return {"litellm_call_id": f"c{n}", "model": "gpt-4o", "custom_llm_provider": "openai"}
for n in range(20):
    hooks.log_pre_api_call("gpt-4o", [], call(n))
now = time.time()
for n in range(17):
    hooks.log_success_event(call(n), None, now - 1, now)
os.kill(os.getpid(), 9)
"""


def test_calls_that_ended_right_before_a_kill_count_once(
    real: Settings, folder: Path, database: Database
) -> None:
    assert real.supabase_url and real.supabase_publishable_key and real.ingest_key
    more: dict[str, Any] = {
        "SUPABASE_PUBLISHABLE_KEY": real.supabase_publishable_key,
        "FOOTPRINT_INGEST_KEY": real.ingest_key,
    }
    killed = start(_KILLED, folder, real.supabase_url, **more)
    killed.communicate()
    [journal] = folder.glob("*.open")
    # The moment that is meant: no end is on disk, all events are.
    assert b"\n-" not in journal.read_bytes()
    run("import footprint\nassert footprint.flush(20)", folder, real.supabase_url, **more)
    assert database.rows("select status, count(*) from request_logs group by 1 order by 1") == [
        ("abandoned", 3),
        ("success", 17),
    ]
    assert database.rollup_differences() == 0


def test_only_a_key_of_the_organisation_maps_sessions(real: Settings, database: Database) -> None:
    own = SessionMap(replace(real, ingest_key=database.make_key(user_id="ann")))
    with pytest.raises(AccessDenied, match="Only an ingest key of the whole organisation"):
        own.register("s", "ann")
    with pytest.raises(ConfigurationError):
        SessionMap(replace(real, ingest_key=None))
    with pytest.raises(ServiceUnavailable):
        SessionMap(replace(real, supabase_url="http://127.0.0.1:9")).register("s", "ann")


@pytest.fixture
def signed_in(api: Server, database: Database) -> Callable[[str], str]:
    def sign_in(person: str) -> str:
        database.execute(
            "insert into public.user_profiles (user_id, email) values (%s, %s)",
            [person, f"{person}@example.net"],
        )
        create_account(api, f"{person}@example.net", PASSWORD)
        answer = httpx.post(
            f"{api.api_url}/auth/v1/token?grant_type=password",
            json={"email": f"{person}@example.net", "password": PASSWORD},
            headers={"apikey": api.publishable_key},
        )
        return str(answer.json()["access_token"])

    return sign_in


PROGRAM = """
import sys, footprint
from datetime import date
token = sys.argv[1]
print(footprint.get_user_analytics(token)["tokens_used"])
[row] = footprint.get_user_request_history(token, limit=1)
print(row["model"], row["tokens_used"])
[row] = footprint.get_user_token_breakdown(token, start=date(2026, 10, 1), end=date(2026, 10, 31))
print(row["tokens_input_uncached"], row["tokens_cache_read"], row["tokens_output_text"])
print([m["month"] for m in footprint.get_user_monthly_usage(token, months=600)])
try:
    footprint.get_user_analytics(token, "somebody-else")
except footprint.errors.AccessDenied as error:
    print(error)
"""


def test_a_person_reads_what_was_recorded_by_hand(
    real: Settings, folder: Path, signed_in: Callable[[str], str], database: Database
) -> None:
    token = signed_in("ann")
    assert real.supabase_url and real.supabase_publishable_key and real.ingest_key
    env = environment(real.supabase_url, folder) | {
        "SUPABASE_PUBLISHABLE_KEY": real.supabase_publishable_key,
        "FOOTPRINT_INGEST_KEY": real.ingest_key,
    }
    record = """
import footprint
from datetime import UTC, datetime
for _ in range(2):
    footprint.log_request_to_supabase(
        model="gpt-4o", provider="openai", user_id="ann", tokens_input=100, tokens_cache_read=40,
        tokens_output=50, cost_usd="0.0007", started_at=datetime(2026, 10, 15, 10, tzinfo=UTC),
        call_id="the-same")
assert footprint.flush(20)
"""
    read = PROGRAM.replace("import sys, footprint", "import sys, footprint, footprint.errors")
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, token],
            env=env,
            capture_output=True,
            text=True,
            cwd=folder.parent,
        )
        for program in (record, read)
    ]
    assert outputs[1].stdout.splitlines() == [
        "150",
        "gpt-4o 150",
        "60 40 50",
        "['2026-10-01']",
        "People can look at their own requests only.",
    ], outputs[0].stderr + outputs[1].stderr
    assert database.one("select cost_usd from request_logs") == Decimal("0.0007")


def test_a_cost_by_hand_stays_in_its_currency(
    real: Settings, folder: Path, database: Database
) -> None:
    assert real.supabase_url and real.supabase_publishable_key and real.ingest_key
    env = environment(real.supabase_url, folder) | {
        "SUPABASE_PUBLISHABLE_KEY": real.supabase_publishable_key,
        "FOOTPRINT_INGEST_KEY": real.ingest_key,
    }
    database.one("select private.set_fx_rates('{\"2026-10-01\": 0.8}', 'test')")
    database.one("""select private.set_currency_rates('{"CNY": {"2026-10-01": 0.125}}', 'test')""")
    record = """
import footprint
from datetime import UTC, datetime
at = datetime(2026, 10, 15, 10, tzinfo=UTC)
for cost, currency in (("5.00", "EUR"), (36.6, "cny"), ("0.7", "USD")):
    footprint.log_request_to_supabase(model="m", cost=cost, currency=currency, started_at=at)
footprint.log_request_to_supabase(model="m", cost_usd=0.6, started_at=at)
for wrong in (
    {"cost": 1}, {"currency": "EUR"}, {"cost": 1, "cost_usd": 1, "currency": "USD"},
    {"cost": 1, "currency": "yuan"}, {"cost": 1, "currency": 5}, {"cost": "1,5", "currency": "EUR"},
    {"cost": -1, "currency": "EUR"}, {"cost": "NaN", "currency": "EUR"},
):
    try:
        footprint.log_request_to_supabase(model="m", **wrong)
    except footprint.errors.InputError as error:
        print(error)
assert footprint.flush(20)
"""
    record = record.replace("import footprint\n", "import footprint, footprint.errors\n", 1)
    done = subprocess.run(
        [sys.executable, "-c", record], env=env, capture_output=True, text=True, cwd=folder.parent
    )
    said = done.stdout.splitlines()
    assert len(said) == 8, done.stdout + done.stderr
    assert all(line.startswith("The request cannot be recorded: ") for line in said)
    assert "cost and currency go together" in said[0]
    assert "give one of them" in said[2]
    assert "currency must be a currency's three letters, such as EUR, not 'yuan'" in said[3]
    costs = (
        "select reported_cost, reported_currency, price_source, cost_eur, cost_usd"
        " from request_logs order by cost_eur"
    )
    assert database.rows(costs) == [
        (None, None, "caller", Decimal("0.48"), Decimal("0.6")),
        (None, None, "caller", Decimal("0.56"), Decimal("0.7")),
        (Decimal("36.6"), "CNY", "caller, in CNY", Decimal("4.575"), Decimal("5.71875")),
        (Decimal(5), "EUR", "caller, in EUR", Decimal(5), Decimal("6.25")),
    ]
