"""The examples run as they stand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import environment
from ingest_callback.litellms import LOCKED, python_with
from ingest_callback.proxy import KEY, started
from ingest_callback.receiver import Receiver

EXAMPLES = Path(__file__).parents[2] / "examples"
WEBUI = {
    **KEY,
    "x-openwebui-user-id": "uuid-eve",
    "x-openwebui-user-email": "eve@example.org",
    "x-openwebui-chat-id": "chat-7",
}
LIBRECHAT = {**KEY, "x-librechat-user-id": "libby", "x-librechat-conversation-id": "talk-1"}


def test_the_sdk_example_stores_its_calls(api: Server, database: Database, folder: Path) -> None:
    env = environment(api.api_url, folder) | {
        "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
        "FOOTPRINT_INGEST_KEY": database.make_key(),
    }
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "litellm_sdk.py")],
        env=env,
        capture_output=True,
        text=True,
        cwd=folder.parent,
        timeout=120,
    )
    assert done.stdout.startswith("stored"), done.stdout + done.stderr
    assert (
        database.rows("select user_profile_id, attribution, model, status, tags from request_logs")
        == [("ann", "session", "gpt-4o", "success", ["example"])] * 3
    )


@pytest.fixture(params=["footprint.callback", "custom_callbacks.footprint"])
def proxy(request: pytest.FixtureRequest, receiver: Receiver, folder: Path) -> Iterator[str]:
    """A started LiteLLM proxy with the example's config."""
    example = EXAMPLES / "litellm_proxy"
    custom = (example / "custom_callbacks.py").read_text()
    (folder.parent / "custom_callbacks.py").write_text(custom)
    config = (example / "config.yaml").read_text()
    assert "callbacks: footprint.callback" in config
    config = config.replace("callbacks: footprint.callback", f"callbacks: {request.param}")
    with started(python_with(LOCKED), config, folder, receiver.url) as found:
        yield found.url


def test_the_proxy_example_stores_what_front_ends_send(proxy: str, receiver: Receiver) -> None:
    ask = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
    for headers, extra in (
        (KEY, {"user": "alice"}),
        (WEBUI, {}),
        (LIBRECHAT, {}),
        (KEY, {"stream": True, "user": "streamer"}),
    ):
        answer = httpx.post(
            proxy + "/v1/chat/completions", json={**ask, **extra}, headers=headers, timeout=30
        )
        assert answer.is_success, answer.text
    refused = httpx.post(proxy + "/v1/chat/completions", json={**ask, "model": "no"}, headers=KEY)
    assert refused.status_code == 400
    receiver.wait_for(5, 20)
    events = {e.get("user_id"): e for e in receiver.stored.values()}
    assert events.keys() == {"alice", "uuid-eve", "libby", "streamer", None}
    assert (events["uuid-eve"]["user_email"], events["uuid-eve"]["session_id"]) == (
        "eve@example.org",
        "chat-7",
    )
    assert events["libby"]["session_id"] == "talk-1"
    assert {e["source"] for e in events.values()} == {"proxy"}
    assert events[None]["status"] == "failure" and events["streamer"]["stream"] is True
    assert {e["attribution"] for user, e in events.items() if user} == {"declared"}
