"""Unknown is not zero: what fills a gap, and what waits for an admin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from factor_sets import activate, add_set
from footprint.cli import main
from footprint.config import get_settings
from footprint.impact.engine import embodied_from_size, energy_from_size
from footprint.impact.resolving import match_names, resolve
from footprint.impact.restating import Scope, restate
from house import Database, event

MAP = "select public.map_model(p_provider => %s, p_model => %s, p_source => %s, "


def gaps(database: Database) -> list[Any]:
    return database.rows(
        "select model, match, impact_reason, energy_kwh is null from public.request_logs order by 1"
    )


def test_names_that_the_ladder_matches_get_their_factor_and_others_stay_unknown() -> None:
    names = [
        ("acme", "Qwen/Qwen3-30B-A3B-Instruct"),
        ("acme", "house-llama-3.3-70b-tuned"),
        ("acme", "mystery"),
        ("", "gpt-4o"),
    ]
    found = {f.model: f for f in match_names("2026.11", [(p, m.lower()) for p, m in names])}
    assert "mystery" not in found
    tuned = found["house-llama-3.3-70b-tuned"]
    assert (tuned.match, tuned.parameters_total_b) == ("parameters", 70)
    assert found["gpt-4o"].match == "alias"
    assert all("resolved" in f.sources for f in found.values())


def test_resolving_fills_the_gaps_and_nothing_else(database: Database) -> None:
    database.store(
        event(provider="acme", model="Llama-3.3-70B-Tuned", tags=["t"]),
        event(provider="acme", model="mystery"),
        event(),
    )
    before = database.one("select energy_kwh from public.request_logs where model = 'gpt-4o'")
    done = resolve(database.url)
    assert [f.model for f in done.matched] == ["llama-3.3-70b-tuned"]
    assert done.rows_filled == 1
    assert done.unknown == (("acme", "mystery", 1),)
    assert gaps(database) == [
        ("Llama-3.3-70B-Tuned", "parameters", None, False),
        ("gpt-4o", "exact", None, False),
        ("mystery", None, "no_factor", True),
    ]
    assert before == database.one(
        "select energy_kwh from public.request_logs where model = 'gpt-4o'"
    )
    assert database.rollup_differences() == 0
    assert resolve(database.url).rows_filled == 0


def test_a_new_set_gets_the_names_that_were_resolved_before(database: Database) -> None:
    database.store(event(provider="acme", model="tuned-70b"))
    resolve(database.url)
    add_set(database, "2099.01", 1, but="tuned-70b")
    assert [f.model for f in resolve(database.url, "2099.01").matched] == ["tuned-70b"]
    assert restate(database.url, Scope("2099.01"), "x").rows_changed == 1
    assert gaps(database) == [("tuned-70b", "parameters", None, False)]


def test_the_command_restates_without_losing_what_was_resolved_for_the_set_before(
    operator: Database,
) -> None:
    operator.store(event(provider="acme", model="tuned-70b"))
    resolve(operator.url)
    add_set(operator, "2099.01", 1, but="tuned-70b")
    assert main(["restate", "--to", "2099.01", "--reason", "a new set"]) == 0
    assert gaps(operator) == [("tuned-70b", "parameters", None, False)]
    assert operator.one("select factor_set from public.request_logs") == "2099.01"


def test_activating_a_set_resolves_by_itself(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store(
        event(provider="acme", model="tuned-70b"), event(provider="acme", model="riddle")
    )
    add_set(operator, "2099.01", 2)
    assert main(["factors", "activate", "2099.01"]) == 0
    assert "1 names of requests have a factor that had none, 1 requests an impact" in (
        capsys.readouterr().out
    )
    assert gaps(operator) == [
        ("riddle", None, "no_factor", True),
        ("tuned-70b", "parameters", None, False),
    ]
    assert operator.rollup_differences() == 0


def test_loading_a_set_resolves_by_itself(operator: Database) -> None:
    operator.store(event(provider="acme", model="tuned-70b"))
    assert main(["factors", "sync"]) == 0
    assert gaps(operator) == [("tuned-70b", "parameters", None, False)]


def test_a_timer_resolves_what_arrives_later_until_it_is_stopped(
    operator: Database, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb") as out:
        timer = subprocess.Popen(
            [sys.executable, "-m", "footprint.cli", "resolve", "--every", "1s"],
            env={**os.environ, "SUPABASE_DB_URL": operator.url},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _await(lambda: "0 requests have an impact" in (tmp_path / "out").read_text())
            operator.store(event(provider="acme", model="tuned-70b"))
            _await(lambda: gaps(operator) == [("tuned-70b", "parameters", None, False)])
        finally:
            timer.send_signal(signal.SIGINT)
            assert timer.wait(20) == 0


@pytest.mark.parametrize("every", ["0m", "soon", "-1s", "10"])
def test_a_timer_needs_a_time(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["resolve", f"--every={every}"])
    assert "is not a time such as 30s" in capsys.readouterr().err


def _await(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.3)


def test_the_queue_says_what_is_unknown_and_what_it_used(database: Database) -> None:
    database.store(
        *(event(provider="acme", model="mystery", cost_usd="1") for _ in range(2)),
        event(provider="acme", model="riddle", cost_usd=None),
        event(),
    )
    queue = database.one("select public.unknown_models()", actor="admin")
    assert [(q["model"], q["requests"], q["tokens_used"]) for q in queue] == [
        ("mystery", 2, 2400),
        ("riddle", 1, 1200),
    ]
    assert queue[0]["cost_eur"] > 0 and queue[1]["cost_eur"] is None
    assert queue[0]["first_seen"].startswith("2026-10-15")


def test_an_admin_says_that_a_model_is_like_a_known_one(any_database: Database) -> None:
    database = any_database
    database.store(event(provider="acme", model="Mystery"), event(provider="acme", model="other"))
    call = MAP + "p_target_provider => 'openai', p_target_model => 'gpt-4o')"
    answer = database.one(call, ["acme", "Mystery", "its card"], actor="admin")
    assert answer == {"filled": 1, "left": 0, "target": "openai/gpt-4o"}
    assert gaps(database) == [
        ("Mystery", "admin", None, False),
        ("other", None, "no_factor", True),
    ]
    entry = database.rows("select action, target, after ->> 'source' from public.audit_log")
    assert entry == [("model.map", "acme/mystery", "its card")]
    database.store(event(provider="acme", model="mystery"))
    assert ("mystery", "admin", None, False) in gaps(database)
    assert database.rollup_differences() == 0


@pytest.mark.parametrize(
    ("active_b", "total_b", "disclosed", "evidence"),
    [(37.0, 671.0, True, "open"), (None, 70.0, False, "closed"), (0.3, 0.6, True, "open")],
)
def test_an_admin_enters_a_size_and_sql_makes_of_it_what_python_would(
    database: Database, active_b: float | None, total_b: float, disclosed: bool, evidence: str
) -> None:
    database.store(event(provider="acme", model="mystery"))
    call = MAP + "p_active_b => %s, p_total_b => %s, p_disclosed => %s)"
    values = ["acme", "mystery", "https://example.org/card", active_b, total_b, disclosed]
    assert database.one(call, values, actor="admin")["filled"] == 1
    row = database.rows(
        "select match, evidence, energy_j_per_token_out::float8, embodied_gco2e_per_token_out::float8"
        " from public.impact_factors where model = 'mystery@admin-1'"
    )[0]
    assert row[:2] == ("admin", evidence)
    active = active_b or total_b
    assert row[2] == pytest.approx(energy_from_size(active, total_b), rel=1e-9)
    assert row[3] == pytest.approx(embodied_from_size(active, total_b), rel=1e-9)


def test_a_size_entered_again_is_another_factor_and_both_stay(database: Database) -> None:
    database.store(event(provider="acme", model="mystery"))
    call = MAP + "p_total_b => %s)"
    database.one(call, ["acme", "mystery", "a guess", 70], actor="admin")
    database.one(call, ["acme", "mystery", "its card", 35], actor="admin")
    models = "select model from public.impact_factors where provider = 'acme' order by 1"
    assert database.rows(models) == [("mystery@admin-1",), ("mystery@admin-2",)]
    # The request keeps what it said until it is restated.
    used = "select factor_id from public.request_logs"
    assert database.one(used) == "2026.11/acme/mystery@admin-1"
    assert restate(database.url, Scope(), "its size is known now").rows_changed == 1
    assert database.one(used) == "2026.11/acme/mystery@admin-2"


def test_a_size_that_an_admin_entered_follows_into_the_next_set(database: Database) -> None:
    database.store(event(provider="acme", model="mystery"))
    database.one(MAP + "p_total_b => %s)", ["acme", "mystery", "its card", 70], actor="admin")
    add_set(database, "2099.01", 1, but="mystery@admin-1")
    activate(database, "2099.01")
    database.store(event(provider="acme", model="mystery"))
    ids = database.rows("select factor_id from public.request_logs order by 1")
    assert ids == [("2026.11/acme/mystery@admin-1",), ("2099.01/acme/mystery@admin-1",)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"p_model": ""}, "Say which model"),
        ({"p_source": " "}, "a source is needed"),
        ({}, "either a known model or a size"),
        (
            {"p_target_provider": "openai", "p_target_model": "gpt-99"},
            "openai/gpt-99 has no factor",
        ),
        ({"p_total_b": -1}, "billions of parameters"),
        ({"p_total_b": "NaN"}, "billions of parameters"),
        ({"p_total_b": 7, "p_active_b": 8}, "billions of parameters"),
        ({"p_total_b": 1e9}, "billions of parameters"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_in_a_sentence(
    module_database: Database, fields: dict[str, Any], sentence: str
) -> None:
    given = {"p_provider": "acme", "p_model": "mystery", "p_source": "its card"} | fields
    call = f"select public.map_model({', '.join(f'{name} => %s' for name in given)})"
    with pytest.raises(psycopg.Error, match=sentence) as caught:
        module_database.one(call, list(given.values()), actor="admin")
    assert caught.value.sqlstate in ("PT400", "PT404")


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    yield database
    get_settings.cache_clear()


def test_the_command_names_what_it_matched_and_what_stays_unknown(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store(
        event(provider="acme", model="tuned-70b"), event(provider="acme", model="mystery")
    )
    assert main(["resolve"]) == 0
    shown = capsys.readouterr().out
    assert "matched  acme/tuned-70b: parameters" in shown
    assert "1 requests have an impact now" in shown
    assert "unknown  acme/mystery: 1 requests" in shown
