"""The app as it is started, and LiteLLM's own callback that reports to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.test_reports import EVENT
from footprint.local.stack import Server
from house import Database
from web import running_app

CALLS = 40
# With a batch of one this callback was seen to lose nothing; it sends copies all the same.
PROGRAM = f"""
import asyncio, litellm
from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger

async def main():
    litellm.callbacks = [GenericAPILogger()]
    ask = [{{"role": "user", "content": "hi"}}]
    for n in range({CALLS}):
        await litellm.acompletion(model="gpt-4o", messages=ask, mock_response="hello", user=f"u{{n}}")
    await asyncio.sleep(8)

asyncio.run(main())
"""


@pytest.fixture
def app_environment(api: Server, tmp_path: Path) -> dict[str, str]:
    return {
        "SUPABASE_URL": api.api_url,
        "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
        "FOOTPRINT_SPOOL_DIR": str(tmp_path / "spool"),
    }


def test_the_started_app_takes_reports_and_litellms_own_callback_counts_once(
    app_environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    key = database.make_key()
    with running_app(app_environment) as address:
        answer = httpx.post(
            f"{address}/api/request-event", json=EVENT, headers={"x-ingest-key": key}, timeout=30
        )
        assert answer.status_code == 201, answer.text
        assert float(answer.json()["events"][0]["impact"]["energy_kwh"]) > 0
        assert httpx.post(f"{address}/api/request-event", json=EVENT).status_code == 401
        environment = {
            **os.environ,
            "GENERIC_LOGGER_ENDPOINT": f"{address}/api/litellm",
            "GENERIC_LOGGER_HEADERS": f"x-ingest-key={key}",
            "DEFAULT_BATCH_SIZE": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    query = (
        "select count(*), count(distinct end_user), min(status) from public.request_logs"
        " where model = 'gpt-4o' and end_user is not null"
    )
    assert database.rows(query) == [(CALLS, CALLS, "success")]
