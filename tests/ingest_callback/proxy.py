"""LiteLLM's proxy in processes of its own, over the provider on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml  # type: ignore[import-untyped]

from ingest_callback.conftest import environment

START_S = 120.0
KEY = {"authorization": "Bearer sk-test"}
CHATS = ("gpt-4o", "gpt-4o-slow", "gpt-4o-err429", "gpt-4o-err500")


@dataclass
class Proxy:
    """A started proxy: where it is, and the group of its processes."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def post(self, path: str, body: object, **more: object) -> httpx.Response:
        headers = {**KEY, **more.pop("headers", {})}  # type: ignore[dict-item]
        return httpx.post(self.url + path, json=body, headers=headers, timeout=60, **more)  # type: ignore[arg-type]

    def end(self, how: signal.Signals) -> None:
        """Send a signal to the proxy (SIGKILL: to each of its processes) and wait."""
        with suppress(ProcessLookupError):
            if how == signal.SIGKILL:
                os.killpg(self.process.pid, how)
            else:
                self.process.send_signal(how)
        self.process.wait(timeout=60)


def config_of(provider: str, callbacks: str = "footprint.callback") -> str:
    """Return a configuration whose models answer from the provider on loopback."""
    openai = {"api_base": provider + "/v1", "api_key": "k", "max_retries": 0}

    def model(name: str, target: str, **more: object) -> dict[str, object]:
        return {"model_name": name, "litellm_params": {"model": target, **openai, **more}}

    models = [model(name, f"openai/{name}") for name in CHATS]
    models += [
        model("echo", "openai/gpt-4o", mock_response="hello"),
        model("bad", "openai/gpt-4o-err500"),
        model("claude", "anthropic/claude-sonnet-4-5", api_base=provider),
        model("embed", "openai/text-embedding-3-small"),
        model("image", "openai/gpt-image-1"),
        model("speech", "openai/tts-1"),
        model("whisper", "openai/whisper-1"),
        model("moderate", "openai/omni-moderation-latest"),
        model("rerank", "cohere/rerank-v3.5", api_base=provider + "/v1/rerank"),
    ]
    config = {
        "model_list": models,
        "router_settings": {"num_retries": 0, "fallbacks": [{"bad": ["gpt-4o"]}]},
        "litellm_settings": {"callbacks": callbacks},
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "always_include_stream_usage": True,
        },
    }
    return str(yaml.safe_dump(config))


@contextmanager
def started(
    python: Path, config: str, folder: Path, url: str, *arguments: str, **more: str
) -> Iterator[Proxy]:
    """Yield a proxy that delivers from `folder` to `url`; ends it if it still runs.

    Args:
        config: text of the configuration file; custom_callbacks.py may lie beside it already.
        more: environment.
    """
    home = folder.parent
    (home / "config.yaml").write_text(config)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "proxy.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [
                *(str(python), "-m", "litellm.proxy.proxy_cli", "--config", "config.yaml"),
                *("--host", "127.0.0.1", "--port", str(port), *arguments),
            ],
            env=environment(url, folder, LITELLM_MASTER_KEY="sk-test", **more),
            cwd=home,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    proxy = Proxy(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_for(proxy)
        yield proxy
    finally:
        if process.poll() is None:
            proxy.end(signal.SIGTERM)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(proxy: Proxy) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and proxy.process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(proxy.url + "/health/liveliness", timeout=5).is_success:
                return
        time.sleep(0.3)
    raise AssertionError(proxy.log.read_text(errors="replace")[-3000:])
