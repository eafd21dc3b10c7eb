"""LiteLLM itself, in every mode, against a provider on loopback: one event a call, the right one."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest_callback.conftest import run
from ingest_callback.provider import providing
from ingest_callback.receiver import Receiver, serving

Event = dict[str, Any]
CLASSES = ("input_uncached", "cache_read", "cache_write", "output_text", "reasoning")
GPT = (60, 40, None, 38, 12)
CLAUDE = (60, 30, 10, 50)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Event]]:
    folder = tmp_path_factory.mktemp("modes") / "spool"
    program = (Path(__file__).parent / "modes.py").read_text()
    with serving(Receiver()) as receiver, providing() as address:
        run(program, folder, receiver.url, address, FOOTPRINT_EXIT_TIMEOUT="20")
        yield list(receiver.stored.values())


def of(events: list[Event], user: str) -> list[Event]:
    return sorted((e for e in events if e.get("user_id") == user), key=lambda e: e["started_at"])


def tokens(event: Event) -> tuple[int | None, ...]:
    return tuple(event.get(f"tokens_{name}") for name in CLASSES)


def test_every_call_is_one_event_and_no_other(events: list[Event]) -> None:
    once = [
        *("sync", "sync stream", "sync stream usage", "sync mock", "sync 401", "sync 429"),
        *("sync 500", "sync closed early", "sync cut", "text completion", "embedding"),
        *("anthropic", "async", "async stream", "async 429", "async closed early", "cancelled"),
        "anthropic messages",
    ]
    # Moderation takes no user; two unknown providers and a timeout fail before it is read.
    expected: dict[str | None, int] = {**dict.fromkeys(once, 1), "router fallback": 2, None: 4}
    assert Counter(e.get("user_id") for e in events) == expected


@pytest.mark.parametrize(
    "user", ["sync", "sync stream usage", "async", "text completion", "router fallback"]
)
def test_tokens_and_cost_are_the_providers(events: list[Event], user: str) -> None:
    event = of(events, user)[-1]
    assert tokens(event) == GPT
    # 60 × 2.50 + 40 × 1.25 + 50 × 10 USD a million.
    assert float(event["cost_usd"]) == pytest.approx(0.0007)
    assert event["price_source"] == f"litellm {importlib.metadata.version('litellm')}"
    assert (event["model"], event["provider"], event["status"]) == ("gpt-4o", "openai", "success")


@pytest.mark.parametrize("user", ["anthropic", "anthropic messages"])
def test_anthropics_cache_is_counted_once(events: list[Event], user: str) -> None:
    [event] = of(events, user)
    assert tokens(event)[:4] == CLAUDE
    assert float(event["cost_usd"]) == pytest.approx(0.0009765)


@pytest.mark.parametrize("user", ["sync stream", "async stream"])
def test_streams_without_usage_are_recounted(events: list[Event], user: str) -> None:
    # "hi" asked and "hello world" answered: 8 and 2 by OpenAI's tokenizer, 8 × 2.50 + 2 × 10.
    [event] = of(events, user)
    assert (event["tokens_input_uncached"], event["tokens_output_text"]) == (8, 2)
    assert event["tokens_estimated"] and float(event["cost_usd"]) == pytest.approx(0.00004)
    assert 0 < event["time_to_first_token_s"] <= event["latency_s"]


@pytest.mark.parametrize("user", ["sync closed early", "async closed early", "cancelled"])
def test_calls_that_litellm_loses_sight_of_are_abandoned(events: list[Event], user: str) -> None:
    [event] = of(events, user)
    assert (event["status"], event["model"]) == ("abandoned", "gpt-4o-slow")
    assert set(tokens(event)) == {None} and "cost_usd" not in event


@pytest.mark.parametrize(
    ("user", "code", "cost"),
    [
        *[("sync 401", "401", "0"), ("sync 429", "429", "0"), ("async 429", "429", "0")],
        ("sync 500", "500", "0"),
    ],
)
def test_failures_say_what_they_are(
    events: list[Event], user: str, code: str, cost: str | None
) -> None:
    [event] = of(events, user)
    assert (event["status"], event["error_code"]) == ("failure", code)
    assert event.get("cost_usd") == cost and event["error_class"]


def test_failures_before_the_provider_fire_two_hooks_and_count_once(events: list[Event]) -> None:
    nobodys = [e for e in events if "user_id" not in e and e["status"] == "failure"]
    assert sorted((e["model"], e["error_code"], e.get("cost_usd")) for e in nobodys) == [
        ("gpt-4o", "408", None),
        ("nosuchprovider/x", "400", "0"),
        ("nosuchprovider/x", "400", "0"),
    ]


def test_both_attempts_of_a_fallback_share_their_trace(events: list[Event]) -> None:
    failed, answered = of(events, "router fallback")
    assert (failed["status"], answered["status"]) == ("failure", "success")
    assert failed["trace_id"] == answered["trace_id"]
    assert (failed["model_group"], answered["model_group"]) == ("bad", "good")


def test_sessions_and_tags_come_along(events: list[Event]) -> None:
    [event] = of(events, "sync")
    assert (event["session_id"], event["tags"]) == ("s-1", ["t"])


def test_no_prompt_and_no_answer_leaves(events: list[Event]) -> None:
    assert not any("hello world" in str(event) or "'hi'" in str(event) for event in events)
