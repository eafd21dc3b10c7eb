"""The examples run as they stand."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import environment
from ingest_callback.receiver import Receiver

EXAMPLES = Path(__file__).parents[2] / "examples"
# The proxy's own requirements are not ours: FOOTPRINT_PROXY_PYTHON names a Python that has them.
PROXY_PYTHON = os.environ.get("FOOTPRINT_PROXY_PYTHON") or sys.executable
HAS_PROXY = "FOOTPRINT_PROXY_PYTHON" in os.environ or all(
    importlib.util.find_spec(name) for name in ("fastapi", "backoff", "apscheduler")
)
KEY = {"authorization": "Bearer sk-test"}
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
def proxy(
    request: pytest.FixtureRequest, receiver: Receiver, folder: Path, tmp_path: Path
) -> Iterator[str]:
    """A started LiteLLM proxy with the example's config."""
    if not HAS_PROXY:
        pytest.skip("litellm[proxy] is not installed: set FOOTPRINT_PROXY_PYTHON.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("config.yaml", "custom_callbacks.py"):
        text = (EXAMPLES / "litellm_proxy" / name).read_text()
        (tmp_path / name).write_text(
            text.replace("callbacks: footprint.callback", f"callbacks: {request.param}")
        )
    env = environment(receiver.url, folder) | {
        "LITELLM_MASTER_KEY": "sk-test",
        "PYTHONPATH": str(EXAMPLES.parent / "lib"),
    }
    command = [PROXY_PYTHON, "-m", "litellm.proxy.proxy_cli", "--config", "config.yaml"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=env,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(address + "/health/liveliness", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.3)
        else:
            pytest.fail((tmp_path / "log").read_text()[-3000:])
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


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
