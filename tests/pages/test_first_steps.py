"""The first steps that an empty page teaches are taken here, letter by letter as they are shown."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from web import ROOT, Web, cookies_of, session_for, sit_at_browser


def shown_code(monkeypatch: pytest.MonkeyPatch, beginning: str) -> str:
    sit_at_browser(monkeypatch, cookies_of(session_for("ada")))
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30).run()
    at.switch_page("pages/organisation.py").run()
    return next(code.value for code in at.code if code.value.startswith(beginning))


def surroundings(web: Web) -> dict[str, str]:
    key = web.database.make_key("first steps")
    return {**os.environ, **web.environment, "FOOTPRINT_INGEST_KEY": key}


def stored(web: Web) -> list[tuple[object, ...]]:
    return web.database.rows(
        "select p.email, r.model, r.tokens_used from public.request_logs r"
        " join public.user_profiles p on p.user_id = r.user_profile_id"
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here.")
def test_the_command_that_sends_a_request_sends_it(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = shown_code(monkeypatch, "curl")
    done = subprocess.run(
        ["sh", "-c", command], env=surroundings(empty), capture_output=True, text=True, check=True
    )

    assert '"inserted":1' in done.stdout.replace(" ", ""), done.stdout
    assert stored(empty) == [("ada@example.net", "gpt-4o", 1500)]


def test_the_file_and_the_command_that_imports_it_belong_together(
    empty: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requests.csv").write_text(shown_code(monkeypatch, "started_at,"))
    program, *arguments = shlex.split(shown_code(monkeypatch, "footprint import"))
    assert program == "footprint"
    subprocess.run(
        [sys.executable, "-m", "footprint.cli", *arguments],
        env={**surroundings(empty), "FOOTPRINT_DATA_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )

    assert stored(empty) == [("ada@example.net", "gpt-4o", 1500)]
