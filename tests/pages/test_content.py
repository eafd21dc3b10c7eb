"""Prompts and answers from LiteLLM to the page of the person who asked, and to nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from footprint.ui.request_content import CONTENT_TITLE
from screens import open_page, words
from web import ROOT, Web, email

ACTIVITY = "pages/activity.py"
PROGRAM = """
import sys, litellm, footprint
litellm.callbacks = [footprint.callback]
ask = [{"role": "user", "content": "Is **PROMPTWORD** of anna@example.org right?"}]
list(litellm.completion(model="gpt-4o", messages=ask, mock_response="ANSWERWORD <b>yes</b>",
                        user=sys.argv[1], stream=True))
litellm.completion(model="gpt-4o", messages=ask, mock_response="ANSWERWORD")
"""


def call_litellm(web: Web, folder: Path, **more: str) -> str:
    """Have a program ask for Ann and for nobody; return the first request's id."""
    key = web.database.make_key()
    ann = web.database.one(
        "select user_id from public.user_profiles where email = %s", [email("ann")]
    )
    subprocess.run(
        [sys.executable, "-c", PROGRAM, ann],
        env={
            **web.environment,
            "PYTHONPATH": str(ROOT / "lib"),
            "FOOTPRINT_INGEST_KEY": key,
            "FOOTPRINT_SPOOL_DIR": str(folder / "spool"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "FOOTPRINT_EXIT_TIMEOUT": "30",
            **more,
        },
        cwd=folder,
        check=True,
        timeout=120,
    )
    return str(
        web.database.one(
            "select event_id from public.request_logs where user_profile_id = %s"
            " order by started_at desc limit 1",
            [ann],
        )
    )


def allow(web: Web) -> None:
    web.database.execute(
        "insert into public.settings (key, value) values ('store_payloads', 'true')"
        " on conflict (key) do update set value = excluded.value"
    )


def everything_stored(web: Web) -> str:
    """Return every row of every table of ours, as text."""
    tables = web.database.rows(
        "select format('select coalesce(string_agg(t::text, E''\\n''), '''') from %I.%I t',"
        " schemaname, tablename) from pg_tables where schemaname in ('public', 'private')"
    )
    return "\n".join(str(web.database.one(query)) for (query,) in tables)


def test_a_person_reads_their_own_prompt_and_answer_redacted_and_nobody_else_does(
    empty: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(empty)
    request = call_litellm(empty, tmp_path, FOOTPRINT_SEND_CONTENT="1")

    at = open_page(monkeypatch, "ann", ACTIVITY, {"request": request})
    assert CONTENT_TITLE in [box.label for box in at.expander]
    texts = [text.value for text in at.text]
    assert texts[:2] == ["Is **PROMPTWORD** of [e-mail] right?", "ANSWERWORD <b>yes</b>"]
    assert "Only you can read this." in words(at)

    for person in ("bob", "ada", "fin"):
        at = open_page(monkeypatch, person, ACTIVITY, {"request": request})
        assert "PROMPTWORD" not in words(at) and "ANSWERWORD" not in words(at)
    stored = everything_stored(empty)
    # The request of nobody left its content behind: there is nobody to read it.
    assert stored.count("PROMPTWORD") == 1
    assert "anna@example.org" not in stored


def test_the_settings_say_when_content_was_last_erased(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", "pages/settings.py")
    assert "None have been erased so far" in words(at)
    empty.database.execute(
        "insert into public.audit_log (occurred_at, actor_role, action, target, after)"
        " values ('2026-11-20 03:15+00', 'operator', 'content.purge', 'expired', '{\"payloads\": 7}')"
    )
    at = open_page(monkeypatch, "ada", "pages/settings.py")
    assert "Last erased on 20 Nov 2026 at 03:15, of 7 requests." in words(at)


@pytest.mark.parametrize("setting", [{}, {"FOOTPRINT_SEND_CONTENT": "0"}])
def test_switched_off_in_the_callback_nothing_of_it_reaches_the_database(
    empty: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: dict[str, Any]
) -> None:
    allow(empty)
    request = call_litellm(empty, tmp_path, **setting)
    assert "WORD" not in everything_stored(empty)
    at = open_page(monkeypatch, "ann", ACTIVITY, {"request": request})
    assert CONTENT_TITLE not in [box.label for box in at.expander]


def test_switched_off_in_the_settings_the_database_keeps_nothing(
    empty: Web, tmp_path: Path
) -> None:
    call_litellm(empty, tmp_path, FOOTPRINT_SEND_CONTENT="1")
    assert "WORD" not in everything_stored(empty)
