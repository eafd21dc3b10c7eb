"""Prompts and answers: off unless wanted, their person's alone, gone in time, and never in a figure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footprint import cli
from footprint.config import get_settings
from house import Database, event

TALK = {"messages": [{"role": "user", "content": "private"}], "response": {"text": "answer"}}


def send(database: Database, *events: dict[str, Any], **scope: Any) -> dict[str, Any]:
    key = database.make_key("sender", **scope)
    with database.acting("anonymous", {"x-ingest-key": key}) as connection:
        row = connection.execute(
            "select public.ingest_request_logs(%s)", [json.dumps(events)]
        ).fetchone()
    assert row is not None
    answer = row[0]
    assert isinstance(answer, dict)
    return answer


def switch_on(database: Database, days: int = 30) -> None:
    database.execute("update public.settings set value = 'true' where key = 'store_payloads'")
    database.execute(
        "update public.settings set value = %s::text::jsonb where key = 'payload_retention_days'",
        [str(days)],
    )


def stored(database: Database, actor: str = "owner") -> list[Any]:
    return database.rows(
        "select user_profile_id, messages, response from public.request_payloads", actor=actor
    )


def test_nothing_is_kept_of_what_was_said_unless_it_was_switched_on(database: Database) -> None:
    assert send(database, event(**TALK))["inserted"] == 1
    assert stored(database) == []
    switch_on(database, days=0)
    send(database, event(**TALK))
    assert stored(database) == []
    dump = database.one("select string_agg(r::text, '') from public.request_logs r")
    assert "private" not in dump


def test_switched_on_the_person_reads_their_own_and_nobody_else_does(
    any_database: Database,
) -> None:
    database = any_database
    switch_on(database)
    send(database, event(**TALK), event(), event(user_id=None, **TALK))
    mine = [("user-of-member", TALK["messages"], TALK["response"])]
    assert stored(database, "member") == mine
    for actor in ("other", "admin", "finance"):
        assert stored(database, actor) == []
    assert len(stored(database)) == 1  # of nobody, nobody could read it


def test_no_words_are_put_to_somebody_elses_request(database: Database) -> None:
    switch_on(database)
    genuine = event()
    send(database, genuine)
    forged = {**genuine, **TALK}
    assert send(database, forged, user_id="user-of-other")["duplicates"] == 1
    assert send(database, forged)["duplicates"] == 1
    assert stored(database) == []


@pytest.mark.parametrize("bad", ["x", None, 7, "'; drop table public.request_logs; --"])
def test_a_bad_event_with_content_costs_the_good_ones_nothing(
    database: Database, bad: object
) -> None:
    switch_on(database)
    answer = send(database, event(event_id=bad, **TALK), event(**TALK), "not an object")  # type: ignore[arg-type]
    assert answer["inserted"] == 1
    assert len(stored(database)) == 1


def test_content_above_a_million_characters_is_left_out_and_the_request_counts(
    database: Database,
) -> None:
    switch_on(database)
    answer = send(database, event(messages=["x" * 1_000_001]))
    assert (answer["inserted"], stored(database)) == (1, [])


def test_content_follows_its_request_to_whom_the_session_is_mapped(database: Database) -> None:
    switch_on(database)
    send(database, event(session_id="s1", **TALK))
    database.one("select private.map_session('s1', 'user-of-other')")
    assert stored(database, "member") == []
    assert len(stored(database, "other")) == 1


def test_a_purge_erases_what_is_due_and_changes_no_figure(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    switch_on(database)
    send(database, event(**TALK), event(**TALK))
    database.execute(
        "update public.request_payloads set expires_at = now() where event_id = "
        "(select min(event_id::text)::uuid from public.request_payloads)"
    )
    assert len(stored(database, "member")) == 1, "What is due is gone before it is erased."
    before = database.rows("select u::text from public.usage_user_daily u")
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    try:
        assert cli.main(["purge"]) == 0
        assert "of 1 request;" in capsys.readouterr().out
        assert len(stored(database)) == 1
        assert cli.main(["purge", "--all"]) == 0
        assert cli.main(["purge", "--all"]) == 0
        assert "of 0 requests;" in capsys.readouterr().out
    finally:
        get_settings.cache_clear()
    assert stored(database) == []
    assert database.rows("select u::text from public.usage_user_daily u") == before
    assert database.rollup_differences() == 0
    purges = "select count(*) from public.audit_log where action = 'content.purge'"
    assert database.one(purges) == 2


def test_a_timer_purges_what_falls_due_until_it_is_stopped(
    database: Database, tmp_path: Path
) -> None:
    switch_on(database)
    send(database, event(**TALK), event(**TALK))
    out = tmp_path / "out"
    with out.open("wb") as file:
        timer = subprocess.Popen(
            [sys.executable, "-m", "footprint.cli", "purge", "--every", "1s"],
            env={**os.environ, "SUPABASE_DB_URL": database.url},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: "of 0 requests;" in out.read_text())
            database.execute(
                "update public.request_payloads set expires_at = now() where event_id = "
                "(select min(event_id::text)::uuid from public.request_payloads)"
            )
            wait_until(lambda: len(stored(database)) == 1)
        finally:
            timer.send_signal(signal.SIGINT)
            assert timer.wait(20) == 0
    assert "of 1 request;" in out.read_text()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_erasing_everything_is_done_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["purge", "--all", "--every", "1d"]) != 0
    assert "leave out --every" in capsys.readouterr().err


def test_a_shorter_retention_counts_for_what_is_already_stored(database: Database) -> None:
    switch_on(database, days=30)
    send(database, event(**TALK))
    database.execute("update public.request_payloads set created_at = now() - interval '8 days'")
    preview = "select public.preview_setting('payload_retention_days', '7')"
    assert database.one(preview, actor="admin")["after"] == {"erased": 1}
    database.one("select public.set_setting('payload_retention_days', '7')", actor="admin")
    assert database.one("select private.purge_payloads(false)") == 1
