"""LiteLLM itself, in every mode, against a provider on loopback: one event a call, the right one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingest_callback.conftest import HERE, run
from ingest_callback.litellms import LOCKED, VERSIONS, python_with, version_of
from ingest_callback.provider import providing
from ingest_callback.receiver import Receiver, serving

Event = dict[str, Any]
CLASSES = ("input_uncached", "cache_read", "cache_write", "output_text", "reasoning")
GPT = (60, 40, None, 38, 12)
CLAUDE = (60, 30, 10, 50)


def stored_by(name: str, python: Path, folder: Path) -> list[Event]:
    """Run a program of this folder under a Python; return what was stored."""
    program = (Path(__file__).parent / name).read_text()
    with serving(Receiver()) as receiver, providing() as address:
        run(
            program, folder / "spool", receiver.url, address, python=python,
            FOOTPRINT_EXIT_TIMEOUT="20",
        )  # fmt: skip
        return list(receiver.stored.values())


@pytest.fixture(scope="module", params=VERSIONS)
def python(request: pytest.FixtureRequest) -> Path:
    """A Python with LiteLLM: the project's own, and one for each further version."""
    return HERE if request.param == LOCKED else python_with(request.param)


@pytest.fixture(scope="module")
def version(python: Path) -> tuple[int, ...]:
    return version_of(python)


@pytest.fixture(scope="module")
def events(python: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    return stored_by("modes.py", python, tmp_path_factory.mktemp("modes"))


@pytest.fixture(scope="module", params=VERSIONS)
def more_events(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Event]:
    folder = tmp_path_factory.mktemp("more")
    return stored_by("more_modes.py", python_with(request.param), folder)


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
def test_tokens_and_cost_are_the_providers(
    events: list[Event], user: str, version: tuple[int, ...]
) -> None:
    event = of(events, user)[-1]
    assert tokens(event) == GPT
    # 60 × 2.50 + 40 × 1.25 + 50 × 10 USD a million.
    assert float(event["cost_usd"]) == pytest.approx(0.0007)
    assert event["price_source"] == f"litellm {'.'.join(map(str, version))}"
    assert (event["model"], event["provider"], event["status"]) == ("gpt-4o", "openai", "success")


@pytest.mark.parametrize("user", ["anthropic", "anthropic messages"])
def test_anthropics_cache_is_counted_once(
    events: list[Event], user: str, version: tuple[int, ...]
) -> None:
    [event] = of(events, user)
    assert tokens(event)[:4] == CLAUDE
    if user == "anthropic messages" and version < (1, 81):
        assert "cost_usd" not in event  # LiteLLM 1.80 reports none
    else:
        # 60 × 3 + 30 × 0.30 + 10 × 3.75 + 50 × 15 USD a million.
        assert float(event["cost_usd"]) == pytest.approx(0.0009765)


@pytest.mark.parametrize("user", ["sync stream", "async stream"])
def test_streams_without_usage_are_recounted(
    events: list[Event], user: str, version: tuple[int, ...]
) -> None:
    # "hi" asked and "hello world" answered: 8 and 2 by OpenAI's tokenizer, 8 × 2.50 + 2 × 10.
    [event] = of(events, user)
    assert (event["tokens_input_uncached"], event["tokens_output_text"]) == (8, 2)
    # LiteLLM before and after 1.106 counts in our place, and does not say so.
    assert event["tokens_estimated"] == (version[:2] == (1, 106))
    assert float(event["cost_usd"]) == pytest.approx(0.00004)
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


def mode(events: list[Event], name: str) -> Event:
    [event] = [e for e in events if e.get("tags") == [name] or e.get("user_id") == name]
    return event


TOKENS_AND_COST = {
    "responses": ("responses", "gpt-4o", (100, 50), 0.0007),
    "responses stream": ("responses", "gpt-4o", (100, 50), 0.0007),
    "async responses": ("responses", "gpt-4o", (100, 50), 0.0007),
    "async responses stream": ("responses", "gpt-4o", (100, 50), 0.0007),
    "async messages stream": ("anthropic_messages", "claude-sonnet-4-5", (100, 50), 0.0009765),
    "image": ("image_generation", "gpt-image-1", (40, 1060), None),
    "async image": ("image_generation", "dall-e-3", (0, 0), None),
    # Five characters at 15 USD a million; 3.2 seconds at 0.0001; one search at 0.002.
    "speech": ("speech", "tts-1", (0, 0), 0.000075),
    "async speech": ("speech", "tts-1", (0, 0), 0.000075),
    "transcription": ("transcription", "whisper-1", (0, 0), 0.00032),
    "async transcription": ("transcription", "whisper-1", (0, 0), 0.00032),
    "rerank": ("rerank", "rerank-v3.5", (0, 0), 0.002),
    "async batch": ("batch", "unknown", (0, 0), None),
}


def test_what_is_no_chat_is_one_event_each_and_no_other(more_events: list[Event]) -> None:
    names = [(e.get("tags") or [e.get("user_id")])[0] for e in more_events]
    assert Counter(names) == dict.fromkeys(TOKENS_AND_COST, 1)
    assert {e["status"] for e in more_events} == {"success"}


@pytest.mark.parametrize("name", TOKENS_AND_COST)
def test_what_is_no_chat_has_the_providers_tokens_and_cost(
    more_events: list[Event], name: str
) -> None:
    call_type, model, used, cost = TOKENS_AND_COST[name]
    event = mode(more_events, name)
    classes = tokens(event)
    assert (event["call_type"], event["model"]) == (call_type, model)
    assert (sum(n or 0 for n in classes[:3]), sum(n or 0 for n in classes[3:])) == used
    if cost is not None:
        assert float(event["cost_usd"]) == pytest.approx(cost)


def test_a_batch_that_has_not_run_costs_nothing_known(more_events: list[Event]) -> None:
    event = mode(more_events, "async batch")
    assert "cost_usd" not in event and event["price_source"].startswith("unknown: ")
