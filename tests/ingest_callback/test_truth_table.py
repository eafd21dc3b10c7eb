"""Every payload that was captured from LiteLLM, and the event that it must become.

The figures come from what the provider said (see the fixtures' README) and its list prices, by hand:
gpt-4o 2.50 / 1.25 cached / 10 USD and claude-sonnet-4-5 3 / 0.30 cache read / 3.75 cache write / 15 USD
a million tokens, so 60 × 2.5 + 40 × 1.25 + 50 × 10 = 700 millionths and
60 × 3 + 30 × 0.3 + 10 × 3.75 + 50 × 15 = 976.5 millionths.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from footprint.event import UsageEvent
from footprint.impact.prices import read_price_map
from footprint.ingest.normalise import LitellmCall, normalise

FOLDER = Path(__file__).parents[1] / "fixtures/litellm_payloads"
FILES = sorted(FOLDER.glob("*.json"))
SOURCE = "litellm 1.106.2"


class Truth(NamedTuple):
    """Tokens: uncached input, cache read, cache write, text output, reasoning; cost in 10^-6 USD."""

    tokens: tuple[int | None, int | None, int | None, int | None, int | None]
    cost: str | None
    model: str
    provider: str | None
    call_type: str = "chat"


NOTHING = (None, None, None, None, None)
GPT = Truth((60, 40, None, 38, 12), "700", "gpt-4o", "openai")
CLAUDE = Truth((60, 30, 10, 50, 0), "976.5", "claude-sonnet-4-5", "anthropic")
# LiteLLM's mock_response answers 10 and 20 tokens: 10 × 2.5 + 20 × 10 = 225.
MOCK = Truth((10, None, None, 20, None), "225", "gpt-4o", "openai")
STREAM_WITHOUT_USAGE = Truth(NOTHING, None, "gpt-4o", "openai")
REFUSED_500 = Truth(NOTHING, "0", "gpt-4o-err500", "openai")
REFUSED_429 = Truth(NOTHING, "0", "gpt-4o-err429", "openai")
# text-embedding-3-small: 0.02 USD a million tokens.
EMBEDDING = Truth((7, None, None, 0, None), "0.14", "text-embedding-3-small", "openai", "embedding")
RESPONSES = GPT._replace(call_type="responses")
MESSAGES = CLAUDE._replace(call_type="anthropic_messages")
GPT_MESSAGES = GPT._replace(call_type="anthropic_messages")
# rerank-v3.5: 2 USD a thousand searches. whisper-1: 0.0001 USD a second, 3.2 s.
RERANK = Truth(NOTHING, "2000", "rerank-v3.5", "cohere", "rerank")
WHISPER = Truth(NOTHING, "320", "whisper-1", "openai", "transcription")
# LiteLLM's mock of the Responses API answers 36 and 87 tokens; its price is not gpt-4o's list price
# of 960 but what LiteLLM computed there.
RESPONSES_MOCK = Truth((36, 0, None, 87, None), "768", "gpt-4o", None, "responses")

TRUTHS: dict[str, Truth] = {
    **dict.fromkeys(
        (
            *("async_http", "async_mock_modelresponse_cached", "async_stream_http_include_usage"),
            *("cache_miss_async", "own_call_id", "proxy_body_litellm_session", "proxy_body_user"),
            *("proxy_callid_hdr_again", "proxy_hdr_customer", "proxy_hdr_enduser"),
            *("proxy_meta_user_id", "proxy_owui_email", "proxy_plain", "proxy_session_hdr"),
            *("proxy_traceparent", "proxy_x_session_id", "reg_success_callback_sync"),
            *("router_mock_testing_fallbacks", "router_ok_async", "router_ok_sync", "session_kw"),
            *("session_kw_correlation", "session_meta_correlation", "sync_http"),
            *("sync_mock_modelresponse_cached", "sync_stream_http_include_usage"),
        ),
        GPT,
    ),
    **dict.fromkeys(
        ("cache_hit_async", "cache_hit_async_2", "cache_hit_sync"), GPT._replace(cost="0")
    ),
    **dict.fromkeys(("anthropic_chat_async_stream", "anthropic_chat_sync"), CLAUDE),
    **dict.fromkeys(
        (
            *("anthropic_messages_async_stream", "proxy_messages", "proxy_messages_stream"),
            "proxy_pt_anthropic",
        ),
        MESSAGES,
    ),
    **dict.fromkeys(
        ("anthropic_messages_openai", "proxy_messages_openai", "proxy_messages_openai_stream"),
        GPT_MESSAGES,
    ),
    **dict.fromkeys(
        (
            *("proxy_responses", "proxy_responses_stream", "responses_http_async"),
            *("responses_http_sync", "responses_stream_async", "responses_stream_sync"),
        ),
        RESPONSES,
    ),
    **dict.fromkeys(("responses_mock_async", "responses_mock_sync"), RESPONSES_MOCK),
    **dict.fromkeys(("async_mock", "sync_mock", "proxy_mock"), MOCK),
    **dict.fromkeys(
        ("async_stream_http", "cache_hit_async_stream", "sync_stream_http"), STREAM_WITHOUT_USAGE
    ),
    "cache_hit_sync_stream": STREAM_WITHOUT_USAGE._replace(cost="0"),
    **dict.fromkeys(("aembedding_http", "cache_embed_miss", "embedding_http"), EMBEDDING),
    # 10 × 0.02; LiteLLM's own total says 0 here.
    "embedding_mock": EMBEDDING._replace(tokens=(10, None, None, 0, None), cost="0.2"),
    **dict.fromkeys(("rerank_http", "proxy_rerank"), RERANK),
    **dict.fromkeys(("transcription_http", "atranscription_http"), WHISPER),
    # 8 × 2.5 + 4 × 10, and 8 × 2.5 + 2 × 10.
    "async_stream_mock_include_usage": Truth((8, None, None, 4, 0), "60", "gpt-4o", "openai"),
    "async_stream_on_sync_sdk": Truth((8, None, None, 2, 0), "40", "gpt-4o", "openai"),
    # gpt-image-1: 5 and 40 USD a million tokens: 40 × 5 + 1060 × 40.
    "aimage_http_gptimage": Truth(
        (40, 0, None, 1060, None), "42600", "gpt-image-1", "openai", "image_generation"
    ),
    "image_http": Truth(NOTHING, None, "dall-e-3", "openai", "image_generation"),
    "moderation_http": Truth(NOTHING, "0", "omni-moderation-latest", "openai", "moderation"),
    # Priced by the caller: 0.001 and 0.002 USD a token.
    "custom_pricing": GPT._replace(cost="200000", model="my-private-model"),
    "proxy_completions": GPT._replace(call_type="text_completion"),
    # A pass-through stream that LiteLLM cannot read: the counts stand in the text of its answer.
    "proxy_pts2": Truth(
        (60, 30, 10, 50, None), None, "claude-sonnet-4-5", "anthropic", "anthropic_messages"
    ),
    **dict.fromkeys(("async_http_429", "sync_http_429", "proxy_e429"), REFUSED_429),
    **dict.fromkeys(
        ("async_http_500", "async_http_500_num_retries2", "router_all_fail"), REFUSED_500
    ),
    "responses_http_async_500": REFUSED_500._replace(call_type="responses"),
    "async_http_401": REFUSED_429._replace(model="gpt-4o-err401"),
    **dict.fromkeys(
        ("async_mock_ratelimit", "async_stream_mock_error", "sync_mock_exc", "proxy_none"),
        REFUSED_500._replace(model="gpt-4o"),
    ),
    "async_badprovider": Truth(NOTHING, "0", "nosuchprovider/x", None),
    "proxy_nomodel": Truth(NOTHING, "0", "nope", None),
}
# Scenarios with a failed and a successful attempt: (success, failure).
TWO_SIDED = {
    "proxy_fallback": (GPT, REFUSED_500),
    "router_fallback_async": (GPT, REFUSED_500),
    "router_fallback_sync": (GPT, REFUSED_500),
    "router_fallback_async_stream": (STREAM_WITHOUT_USAGE, REFUSED_500),
}
NOBODY = {
    *("anthropic_messages_async_stream", "async_badprovider", "atranscription_http"),
    *("cache_hit_async", "cache_hit_async_2", "cache_hit_sync", "cache_hit_sync_stream"),
    *("moderation_http", "own_call_id", "proxy_body_litellm_session", "proxy_callid_hdr_again"),
    *("proxy_messages_openai", "proxy_messages_openai_stream", "proxy_messages_stream"),
    *("proxy_none", "proxy_plain", "proxy_pt_anthropic", "proxy_pts2", "proxy_rerank"),
    *("proxy_session_hdr", "proxy_traceparent", "proxy_x_session_id", "rerank_http"),
    *("responses_mock_async", "responses_mock_sync", "transcription_http"),
}
PEOPLE = {
    "anthropic_messages_openai": "meta-user",
    "proxy_hdr_customer": "carl",
    "proxy_hdr_enduser": "bob",
    "proxy_messages": "user_abc_account",
    "proxy_meta_user_id": "meta-u",
    "proxy_owui_email": "uuid-eve",
}
SESSIONS = {
    "proxy_body_litellm_session": "body-sess-1",
    "proxy_messages": "11111111-2222-3333-4444-555555555555",
    "proxy_meta_user_id": "s-body-123",
    "proxy_owui_email": "chat-1",
    "proxy_session_hdr": "sess-hdr-1",
    "proxy_traceparent": "bag-123",
    "proxy_x_session_id": "abcdefgh-1",
    "session_kw": "SESS-1",
    "session_kw_correlation": "SESS-1",
}


def scenario(path: Path) -> str:
    return path.name.split("__")[0]


def payload_of(path: Path) -> dict[str, Any]:
    payload = json.loads(path.read_bytes())
    assert isinstance(payload, dict)
    return payload


def event_of(path: Path) -> UsageEvent:
    call = LitellmCall({"standard_logging_object": payload_of(path)})
    event = normalise(call, price_source=SOURCE, raw_prices=read_price_map().get)
    assert event is not None
    return event


def test_every_capture_has_a_truth_and_every_truth_a_capture() -> None:
    assert {scenario(path) for path in FILES} == TRUTHS.keys() | TWO_SIDED.keys()
    assert len(FILES) == 96


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_captured_payload_becomes_the_event_that_the_provider_billed(path: Path) -> None:
    name, event = scenario(path), event_of(path)
    failed = "failure_event" in path.name
    truth = TWO_SIDED[name][failed] if name in TWO_SIDED else TRUTHS[name]
    tokens = (
        *(event.tokens_input_uncached, event.tokens_cache_read, event.tokens_cache_write),
        *(event.tokens_output_text, event.tokens_reasoning),
    )
    assert tokens == truth.tokens
    assert (event.model, event.provider, event.call_type) == truth[2:]
    if truth.cost is None:
        assert event.cost_usd is None
        assert event.price_source and event.price_source.startswith("unknown: ")
    else:
        assert event.cost_usd is not None
        assert round(event.cost_usd * 10**6, 6) == Decimal(truth.cost)
        assert event.price_source and not event.price_source.startswith("unknown")
    assert event.status == ("failure" if failed else "success")
    assert (event.error_class is not None) == failed
    assert event.cache_hit == name.startswith("cache_hit") - (name == "cache_hit_async_stream")
    assert event.user_id == (None if name in NOBODY else PEOPLE.get(name, "alice"))
    assert event.attribution == ("none" if name in NOBODY else "declared")
    assert event.source == ("proxy" if name.startswith("proxy_") else "sdk")
    assert event.problems() == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_classes_of_a_captured_payload_add_up_to_the_providers_total(path: Path) -> None:
    payload = payload_of(path)
    event = event_of(path)
    answer = payload.get("response")
    usage = (answer.get("usage") if isinstance(answer, dict) else None) or {}
    given = usage.get("prompt_tokens", usage.get("input_tokens", 0))
    made = usage.get("completion_tokens", usage.get("output_tokens", 0))
    if scenario(path) != "proxy_pts2":
        assert event.tokens_input + event.tokens_output == given + made


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_session_of_a_captured_payload_is_found(path: Path) -> None:
    name = scenario(path)
    expected = SESSIONS.get(name)
    if expected is None and payload_of(path)["trace_id"] == "sess-meta":
        expected = "sess-meta"
    assert event_of(path).session_id == expected


def test_latency_and_time_to_first_token_are_told_apart() -> None:
    event = event_of(FOLDER / "sync_stream_http__log_success_event__0.json")
    # startTime, completionStartTime and endTime of the file.
    payload = payload_of(FOLDER / "sync_stream_http__log_success_event__0.json")
    assert event.latency_s == pytest.approx(payload["endTime"] - payload["startTime"], abs=1e-6)
    first = payload["completionStartTime"] - payload["startTime"]
    assert event.time_to_first_token_s == pytest.approx(first, abs=1e-6)
    assert event.latency_s is not None and event.time_to_first_token_s is not None
    assert event.time_to_first_token_s < event.latency_s
    plain = event_of(FOLDER / "async_http__async_log_success_event__0.json")
    assert plain.time_to_first_token_s is None and plain.latency_s is not None


def test_both_attempts_of_a_fallback_are_events_tied_by_their_trace() -> None:
    failed = event_of(FOLDER / "proxy_fallback__async_log_failure_event__17.json")
    answered = event_of(FOLDER / "proxy_fallback__async_log_success_event__18.json")
    assert failed.litellm_call_id == answered.litellm_call_id
    assert failed.trace_id == answered.trace_id
    assert failed.event_id != answered.event_id


def test_both_hooks_of_one_call_make_the_same_event() -> None:
    for name in ("responses_stream_sync", "async_badprovider", "proxy_nomodel"):
        ids = {event_of(path).event_id for path in FILES if scenario(path) == name}
        assert len(ids) == 1


def test_clients_own_email_and_name_come_from_open_webuis_headers() -> None:
    event = event_of(FOLDER / "proxy_owui_email__async_log_success_event__5.json")
    assert (event.user_email, event.user_name, event.end_user) == ("eve@x.io", "Eve", "eve@x.io")


def test_tags_are_the_callers_own() -> None:
    event = event_of(FOLDER / "proxy_meta_user_id__async_log_success_event__7.json")
    assert event.tags == ("t",)
