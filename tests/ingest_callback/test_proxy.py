"""A really started LiteLLM proxy: every mode one event, whatever ends the proxy."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from footprint.ingest.pricing import NOT_BILLED
from ingest_callback.conftest import LONG, ROOT, footprint
from ingest_callback.litellms import LOCKED, VERSIONS, python_with, version_of
from ingest_callback.provider import providing
from ingest_callback.proxy import KEY, Proxy, config_of, started
from ingest_callback.receiver import Fault, Receiver, serving

Event = dict[str, Any]
ASK = [{"role": "user", "content": "hi"}]
CALLS = 400 if LONG else 60


def chat(model: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/chat/completions", {"model": model, "messages": ASK, **more}


def messages(path: str, model: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return path, {"model": model, "messages": ASK, "max_tokens": 50, **more}


PASS_THROUGH = "/anthropic/v1/messages"
SONNET = "claude-sonnet-4-5"
GPT = ("gpt-4o", "success", 100, 50)
CLAUDE = (SONNET, "success", 100, 50)
# Request → its events: kind, model, status, tokens in and out as the provider says them.
TABLE: dict[str, tuple[tuple[str, dict[str, Any]], list[tuple[Any, ...]]]] = {
    "chat": (chat("gpt-4o"), [("chat", *GPT)]),
    "stream": (
        chat("gpt-4o", stream=True, stream_options={"include_usage": True}),
        [("chat", *GPT)],
    ),
    "429": (chat("gpt-4o-err429"), [("chat", "gpt-4o-err429", "failure", 0, 0)]),
    "500": (chat("gpt-4o-err500"), [("chat", "gpt-4o-err500", "failure", 0, 0)]),
    "fallback": (chat("bad"), [("chat", "gpt-4o-err500", "failure", 0, 0), ("chat", *GPT)]),
    "unknown model": (chat("none of these"), [("chat", "none of these", "failure", 0, 0)]),
    "text completion": (
        ("/v1/completions", {"model": "gpt-4o", "prompt": "hi"}),
        [("text_completion", *GPT)],
    ),
    "embedding": (
        ("/v1/embeddings", {"model": "embed", "input": ["hi"]}),
        [("embedding", "text-embedding-3-small", "success", 7, 0)],
    ),
    "responses": (("/v1/responses", {"model": "gpt-4o", "input": "hi"}), [("responses", *GPT)]),
    "responses stream": (
        ("/v1/responses", {"model": "gpt-4o", "input": "hi", "stream": True}),
        [("responses", *GPT)],
    ),
    "messages": (messages("/v1/messages", "claude"), [("anthropic_messages", *CLAUDE)]),
    "messages stream": (
        messages("/v1/messages", "claude", stream=True),
        [("anthropic_messages", *CLAUDE)],
    ),
    "pass-through": (messages(PASS_THROUGH, SONNET), [("anthropic_messages", *CLAUDE)]),
    "image": (
        ("/v1/images/generations", {"model": "image", "prompt": "hi"}),
        [("image_generation", "gpt-image-1", "success", 40, 1060)],
    ),
    "speech": (
        ("/v1/audio/speech", {"model": "speech", "input": "hello", "voice": "alloy"}),
        [("speech", "tts-1", "success", 0, 0)],
    ),
    "moderation": (
        ("/v1/moderations", {"model": "moderate", "input": "hi"}),
        [("moderation", "omni-moderation-latest", "success", 0, 0)],
    ),
    "rerank": (
        ("/rerank", {"model": "rerank", "query": "q", "documents": ["a", "b"]}),
        [("rerank", "rerank-v3.5", "success", 0, 0)],
    ),
}


@pytest.fixture(scope="module", params=VERSIONS)
def python(request: pytest.FixtureRequest) -> Path:
    return python_with(request.param)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with providing() as address:
        yield address


@pytest.fixture(scope="module")
def served(
    python: Path, provider: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Proxy, Receiver]]:
    """A proxy for the table; its pass-through leads to the provider on loopback too."""
    folder = tmp_path_factory.mktemp("proxy") / "spool"
    # LiteLLM 1.80 takes callbacks from a file beside the configuration only, newer ones from both.
    shutil.copy(ROOT / "examples/litellm_proxy/custom_callbacks.py", folder.parent)
    config = config_of(provider, "custom_callbacks.footprint")
    anthropic = {"ANTHROPIC_API_BASE": provider, "ANTHROPIC_API_KEY": "k"}
    with (
        serving(Receiver()) as receiver,
        started(python, config, folder, receiver.url, **anthropic) as proxy,
    ):
        yield proxy, receiver


def short(event: Event) -> tuple[Any, ...]:
    classes = {name: event.get(f"tokens_{name}") or 0 for name in (
        "input_uncached", "cache_read", "cache_write", "output_text", "reasoning")}  # fmt: skip
    used_in = classes["input_uncached"] + classes["cache_read"] + classes["cache_write"]
    return (
        *(event["call_type"], event["model"], event["status"]),
        *(used_in, classes["output_text"] + classes["reasoning"]),
    )


def new_events(receiver: Receiver, before: set[str], count: int) -> list[Event]:
    receiver.wait_for(len(before) + count, 30)
    fresh = [event for name, event in receiver.stored.items() if name not in before]
    return sorted(fresh, key=lambda event: str(event["started_at"]))


@pytest.mark.parametrize("name", TABLE)
def test_each_request_is_the_events_it_should_be(served: tuple[Proxy, Receiver], name: str) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    (path, body), expected = TABLE[name]
    proxy.post(path, body)
    assert [short(event) for event in new_events(receiver, before, len(expected))] == expected


def test_a_recording_is_one_event(served: tuple[Proxy, Receiver]) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    httpx.post(
        proxy.url + "/v1/audio/transcriptions",
        files={"file": ("a.wav", b"RIFF", "audio/wav")},
        data={"model": "whisper"},
        headers=KEY,
        timeout=60,
    )
    [event] = new_events(receiver, before, 1)
    assert short(event) == ("transcription", "whisper-1", "success", 0, 0)


def test_a_client_that_leaves_is_one_event_that_did_not_succeed(
    served: tuple[Proxy, Receiver], python: Path
) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    path, body = chat("gpt-4o-slow", stream=True)
    with (
        httpx.Client(timeout=60) as client,
        client.stream("POST", proxy.url + path, json=body, headers=KEY) as answer,
    ):
        next(answer.iter_lines())
    [event] = new_events(receiver, before, 1)
    # LiteLLM 1.80 does not tell a client that left from one that stayed.
    told = version_of(python) >= (1, 81)
    assert event["status"] == ("cancelled" if told else "success")
    assert event["tokens_output_text"] > 0


def test_the_usage_of_a_stream_is_asked_for_where_the_client_does_not(
    served: tuple[Proxy, Receiver], python: Path
) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    proxy.post(*chat("gpt-4o", stream=True))
    [event] = new_events(receiver, before, 1)
    # `always_include_stream_usage` is unknown to LiteLLM 1.80, which counts for itself.
    used = (100, 50) if version_of(python) >= (1, 81) else (8, 2)
    assert short(event) == ("chat", "gpt-4o", "success", *used)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "/v1/responses/resp_1"), ("POST", "/v1/responses/resp_1/cancel")),
        *(("GET", "/v1/batches/batch_1"), ("GET", "/v1/videos/video_1"), ("GET", "/v1/models")),
        ("POST", "/v1/messages/count_tokens"),
    ],
)
def test_what_the_proxy_refuses_is_no_request_where_it_asks_for_no_work(
    served: tuple[Proxy, Receiver], method: str, path: str
) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    wrong = {"authorization": "Bearer sk-wrong"}
    body = {"model": "claude", "messages": ASK} if "messages" in path else None
    answer = httpx.request(method, proxy.url + path, json=body, headers=wrong, timeout=60)
    assert answer.status_code in (400, 401)
    proxy.post("/rerank", {"model": "rerank", "query": "q", "documents": ["a"]}, headers=wrong)
    [event] = new_events(receiver, before, 1)
    assert (event["call_type"], event["status"]) == ("rerank", "failure")
    assert (event["cost_usd"], event["price_source"]) == ("0", NOT_BILLED)


def test_a_file_that_the_proxy_refuses_is_no_request(served: tuple[Proxy, Receiver]) -> None:
    proxy, receiver = served
    before = set(receiver.stored)
    httpx.post(
        proxy.url + "/v1/files",
        files={"file": ("a.jsonl", b"no lines of a batch")},
        data={"purpose": "batch"},
        headers=KEY,
        timeout=60,
    )
    proxy.post(*chat("gpt-4o"))
    [event] = new_events(receiver, before, 1)
    assert short(event) == ("chat", *GPT)


def test_a_wrong_key_and_the_whole_table_leave_nothing_double(
    served: tuple[Proxy, Receiver],
) -> None:
    """The last of the module: no event came late, and none came twice."""
    proxy, receiver = served
    time.sleep(2)
    before = set(receiver.stored)
    refused = proxy.post(*chat("gpt-4o"), headers={"authorization": "Bearer sk-wrong"})
    assert refused.status_code in (400, 401)
    time.sleep(2)
    assert [e["status"] for n, e in receiver.stored.items() if n not in before] in ([], ["failure"])
    calls = [e["litellm_call_id"] for e in receiver.stored.values() if e["status"] == "success"]
    assert len(calls) == len(set(calls))
    assert receiver.duplicates == 0


def ask_until(
    proxy: Proxy, count: int, stop: threading.Event | None = None, **more: Any
) -> list[str]:
    """Send chats, eight at a time; return the call ids of those that were answered with 200."""

    def one(number: int) -> str | None:
        if stop is not None and stop.is_set():
            return None
        try:
            answer = proxy.post(*chat("echo", user=f"u{number}", **more))
        except httpx.HTTPError:
            return None
        return answer.headers["x-litellm-call-id"] if answer.status_code == 200 else None

    with ThreadPoolExecutor(8) as pool:
        return [found for found in pool.map(one, range(count)) if found]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_with_a_queue_loses_nothing(
    receiver: Receiver, folder: Path, provider: str, workers: str
) -> None:
    receiver.rule = lambda events: Fault(503)
    config = config_of(provider)
    with started(
        python_with(LOCKED), config, folder, receiver.url, "--num_workers", workers,
        FOOTPRINT_EXIT_TIMEOUT="2",
    ) as proxy:  # fmt: skip
        answered = ask_until(proxy, CALLS)
        proxy.end(signal.SIGTERM)
    assert len(answered) == CALLS and not receiver.stored
    receiver.rule = lambda events: None
    done = footprint(folder, receiver.url, "spool", "flush")
    assert done.returncode == 0, done.stdout + done.stderr
    stored = [event["litellm_call_id"] for event in receiver.stored.values()]
    assert sorted(stored) == sorted(answered)
    assert {event["status"] for event in receiver.stored.values()} == {"success"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_kill_9_leaves_no_answered_call_without_an_event(
    receiver: Receiver, folder: Path, provider: str, workers: str
) -> None:
    stop = threading.Event()
    config = config_of(provider)
    with started(
        python_with(LOCKED), config, folder, receiver.url, "--num_workers", workers
    ) as proxy:

        def kill_later() -> None:
            while len(receiver.stored) < CALLS // 3:
                time.sleep(0.01)
            stop.set()
            proxy.end(signal.SIGKILL)

        killer = threading.Thread(target=kill_later)
        killer.start()
        answered = ask_until(proxy, 100 * CALLS, stop)
        killer.join()
    assert len(answered) >= CALLS // 3
    footprint(folder, receiver.url, "spool", "flush")
    stored = [event["litellm_call_id"] for event in receiver.stored.values()]
    assert set(answered) <= set(stored)
    assert len(stored) == len(set(stored))
    assert {e["status"] for e in receiver.stored.values()} <= {"success", "abandoned"}
