"""What the captures cannot show: both token conventions, trust, lost payloads, broken-off calls."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.event import UsageEvent, event_id
from footprint.ingest.charge import BROKE_OFF, NO_PRICE, NO_USAGE, NOT_SAID, PART_PRICED
from footprint.ingest.normalise import LitellmCall, Recount, normalise
from footprint.ingest.pricing import GATEWAY_CACHE, NOT_BILLED
from footprint.ingest.stated_prices import RawPrices
from footprint.ingest.usage import UNKNOWN, TokenClasses, read_usage
from house import Database

FOLDER = Path(__file__).parents[1] / "fixtures/litellm_payloads"
START = 1_795_219_950.25


def capture(name: str) -> dict[str, Any]:
    payload = json.loads(next(FOLDER.glob(f"{name}__*")).read_bytes())
    assert isinstance(payload, dict)
    return payload


def read(
    payload: dict[str, Any],
    *,
    recount: Recount | None = None,
    raw_prices: RawPrices | None = None,
    **kwargs: Any,
) -> UsageEvent:
    call = LitellmCall({"standard_logging_object": payload, **kwargs})
    event = normalise(call, recount=recount, raw_prices=raw_prices)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # Anthropic's own form: input excludes the cache, there is no total.
        (
            {
                **{"input_tokens": 60, "cache_read_input_tokens": 30},
                **{"cache_creation_input_tokens": 10, "output_tokens": 50},
            },
            TokenClasses(60, 30, 10, 50, None),
        ),
        # The Responses API: input includes the cache, output includes reasoning.
        (
            {
                **{"input_tokens": 100, "output_tokens": 50, "total_tokens": 150},
                **{"input_tokens_details": {"cached_tokens": 40}},
                **{"output_tokens_details": {"reasoning_tokens": 12}},
            },
            TokenClasses(60, 40, None, 38, 12),
        ),
        # The total says that reasoning comes on top, as Gemini and xAI count it.
        (
            {
                **{"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 162},
                **{"completion_tokens_details": {"reasoning_tokens": 12}},
            },
            TokenClasses(100, None, None, 50, 12),
        ),
        # The total says that the cache comes on top of the prompt.
        (
            {
                **{"prompt_tokens": 60, "completion_tokens": 50, "total_tokens": 150},
                **{"cache_read_input_tokens": 30, "cache_creation_input_tokens": 10},
            },
            TokenClasses(60, 30, 10, 50, None),
        ),
        # More cached than there is input: the cache cannot be inside it.
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "cache_read_input_tokens": 2000},
            TokenClasses(5, 2000, None, 1, None),
        ),
        # More reasoning than output: it cannot be inside it.
        (
            {
                **{"prompt_tokens": 5, "completion_tokens": 1},
                **{"completion_tokens_details": {"reasoning_tokens": 7}},
            },
            TokenClasses(5, None, None, 1, 7),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, UNKNOWN),
        ({"prompt_tokens": "many", "completion_tokens": None}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_a_usage_is_read_in_either_convention(
    usage: dict[str, Any], expected: TokenClasses
) -> None:
    assert read_usage(usage).tokens == expected


TOKENS = st.integers(0, 10**6)


@given(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, st.booleans(), st.booleans())
def test_classes_add_up_to_the_stated_total_whatever_the_convention(
    uncached: int, read: int, write: int, text: int, reasoning: int, inside: bool, contains: bool
) -> None:
    total = uncached + read + write + text + reasoning
    usage = {
        "prompt_tokens": uncached + (read + write) * inside,
        "completion_tokens": text + reasoning * contains,
        "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": read},
        "cache_creation_input_tokens": write,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    found = read_usage(usage).tokens
    assert found.total == total
    assert min(found.input_uncached or 0, found.output_text or 0) >= 0


@pytest.mark.parametrize("word", ["\0", "\ud800x", " ", "", 7, ["flex"], {"type": 1}, "x" * 500])
def test_a_tier_that_is_no_word_costs_no_request(word: Any) -> None:
    for place in ("response", "usage"):
        payload = capture("async_http")
        if place == "response":
            payload["response"] = {"service_tier": word}
        else:
            payload["metadata"]["usage_object"] |= {"service_tier": word, "speed": word}
        event = read(payload)
        assert event.problems() == ()
        assert event.service_tier in (None, "\ufffd", "\ufffdx", "x" * 40)


def test_a_field_of_usage_that_cannot_be_written_is_named_all_the_same() -> None:
    payload = capture("async_http")
    payload["metadata"]["usage_object"] |= {"smell\0": 3, 7: 1, "\ud800": {"tokens": 2}}
    event = read(payload)
    assert event.problems() == ()
    assert {"unread: smell\ufffd", "unread: 7", "unread: \ufffd.tokens"} <= set(event.flags)


def test_counts_that_cannot_be_together_are_unknown() -> None:
    payload = capture("async_http")
    most = 10**12
    payload["metadata"]["usage_object"] = {
        **{"promptTokenCount": most, "toolUsePromptTokenCount": most, "candidatesTokenCount": 1}
    }
    event = read(payload)
    assert event.problems() == ()
    assert (event.tokens_input, "tokens_unread" in event.flags) == (0, True)


@pytest.mark.parametrize("models", [[["gpt-4o"], {}, "gpt-4o"], [7], "gpt-4o", {"a": 1}])
def test_a_batch_of_models_that_are_no_names_is_a_request(models: Any) -> None:
    payload = capture("async_http") | {"call_type": "aretrieve_batch"}
    payload["hidden_params"] = {
        **{"batch_models": models, "batch_successful_requests": 10**12},
        "batch_failed_requests": 10**12,
    }
    answer = {"id": "batch_1", "object": "batch", "status": "completed", "model": "gpt-4o"}
    event = read(payload | {"response": answer})
    assert event.problems() == ()
    assert (event.model, event.quantities["requests"]) == ("gpt-4o", 10**12)


@pytest.mark.parametrize("kind", [["web_search_call"], {"type": 1}, None, 7])
def test_a_tool_of_no_kind_is_none(kind: Any) -> None:
    payload = capture("async_http") | {"call_type": "aresponses"}
    payload["response"] = {"output": [{"type": kind}, {"type": "web_search_call"}]}
    assert read(payload).quantities == {"web_searches": 1}


def test_a_duration_of_any_number_can_be_stored(database: Database) -> None:
    for n, seconds in enumerate((10 / 3, 1e-300, 5e-324, 0.1 + 0.2, 9999999.123456789)):
        payload = capture("async_http") | {"call_type": "atranscription"}
        payload |= {"response": {"duration": seconds}, "litellm_call_id": f"sound {n}"}
        assert database.store(read(payload).to_json())["rejected"] == []


def test_the_key_is_made_of_call_status_and_start() -> None:
    payload = capture("async_http")
    expected = event_id(
        payload["litellm_call_id"], "success", datetime.fromtimestamp(payload["startTime"], UTC)
    )
    assert read(payload).event_id == expected
    assert read(payload | {"id": "another"}).event_id == expected


def test_an_older_litellm_names_the_call_only_in_its_arguments() -> None:
    payload = capture("async_http")
    call_id = payload.pop("litellm_call_id")
    assert read(payload, litellm_call_id=call_id).litellm_call_id == call_id


def test_a_client_that_disconnects_is_cancelled_with_what_was_generated() -> None:
    payload = capture("async_stream_http_include_usage")
    payload["error_information"] |= {"error_class": "ClientDisconnected", "error_code": "499"}
    event = read(payload)
    assert event.status == "cancelled"
    assert event.tokens_input + event.tokens_output == 150
    assert event.cost_usd == Decimal("0.0007")


def test_the_owner_of_a_virtual_key_is_verified() -> None:
    payload = capture("proxy_body_user")
    payload["metadata"] |= {
        **{"user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"},
        **{"user_api_key_user_id": "ann", "user_api_key_user_email": "ann@example.org"},
        **{"user_api_key_team_alias": "research"},
    }
    event = read(payload)
    assert (event.user_id, event.attribution) == ("ann", "verified")
    assert (event.user_email, event.team, event.end_user) == (
        "ann@example.org",
        "research",
        "alice",
    )


def test_an_owner_that_only_a_header_named_is_a_claim() -> None:
    payload = capture("proxy_owui_email")
    payload["metadata"]["user_api_key_hash"] = "a-virtual-keys-hash"
    assert read(payload).attribution == "declared"


@pytest.mark.parametrize("filler", ["default", "unknown", "default_user_id", "", "  "])
def test_a_filler_is_nobody(filler: str) -> None:
    payload = capture("async_http")
    payload["model_parameters"]["user"] = payload["end_user"] = filler
    event = read(payload)
    assert (event.user_id, event.attribution) == (None, "none")


def test_a_call_without_a_payload_still_makes_an_event() -> None:
    call = LitellmCall(
        {
            **{"litellm_call_id": "c-1", "model": "openai/gpt-4o", "user": "alice"},
            **{"custom_llm_provider": "openai", "call_type": "acompletion"},
            **{"response_cost": 0.0045, "litellm_params": {"metadata": {"session_id": "s-1"}}},
        },
        {"usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}},
        datetime.fromtimestamp(START),
        datetime.fromtimestamp(START + 2),
    )
    event = normalise(call)
    assert event is not None
    assert (event.model, event.provider, event.user_id) == ("gpt-4o", "openai", "alice")
    assert (event.tokens_input_uncached, event.tokens_output_text) == (1000, 200)
    assert (event.cost_usd, event.latency_s, event.session_id) == (Decimal("0.0045"), 2.0, "s-1")
    assert event.started_at == datetime.fromtimestamp(START, UTC)


def test_a_failure_without_a_payload_keeps_its_error() -> None:
    class RateLimitError(Exception):
        status_code = 429

    call = LitellmCall(
        {"litellm_call_id": "c-1", "model": "gpt-4o", "exception": RateLimitError("slow down")},
        *(None, START, START + 1, True),
    )
    event = normalise(call)
    assert event is not None
    assert (event.status, event.error_class, event.error_code) == (
        "failure",
        "RateLimitError",
        "429",
    )
    assert (event.cost_usd, event.price_source) == (Decimal(0), NOT_BILLED)


def test_a_call_without_id_or_start_makes_none() -> None:
    assert normalise(LitellmCall({"model": "gpt-4o"}, None, START)) is None
    assert normalise(LitellmCall({"litellm_call_id": "c"}, None, "yesterday")) is None


@pytest.mark.parametrize("code", ["408", "504", "", None])
def test_the_cost_of_a_call_that_may_have_been_answered_is_unknown(code: str | None) -> None:
    payload = capture("async_http_500")
    payload["error_information"]["error_code"] = code
    event = read(payload)
    assert (event.cost_usd, event.price_source) == (None, BROKE_OFF)


def test_the_cost_of_a_stream_cut_off_in_the_middle_is_unknown() -> None:
    payload = capture("async_stream_mock_error")
    payload["completionStartTime"] = payload["startTime"] + 0.001
    payload["endTime"] = payload["startTime"] + 2
    event = read(payload)
    assert (event.cost_usd, event.price_source) == (None, BROKE_OFF)
    assert event.time_to_first_token_s == pytest.approx(0.001, abs=2e-6)


FREE_PRICES = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
OWN = "d" * 64
PART = {"input_cost_per_token": 0.000001}


def free_call(prices: dict[str, Any], key: str = "gpt-4o", cost: float = 0.0) -> dict[str, Any]:
    payload = capture("async_http") | {"response_cost": cost}
    payload["model_map_information"] = {
        "model_map_key": "gpt-4o",
        "model_map_value": {"key": key, **prices},
    }
    payload["hidden_params"]["model_id"] = OWN
    # A side without a price costs 0 in it.
    payload["cost_breakdown"] = {"input_cost": cost, "output_cost": 0.0, "total_cost": cost}
    return payload


def test_a_cost_of_0_of_a_model_that_has_a_price_was_not_said() -> None:
    event = read(capture("async_http") | {"response_cost": 0.0})
    assert (event.cost_usd, event.price_source) == (None, NOT_SAID)


def test_a_price_of_0_in_a_payload_proves_nothing_unless_it_is_the_deployments() -> None:
    for prices in (FREE_PRICES, {"input_cost_per_token": 0, "output_cost_per_token": 0}, {}):
        event = read(free_call(prices))
        assert (event.cost_usd, event.price_source) == (None, NO_PRICE)
    event = read(free_call(FREE_PRICES, key=OWN))
    assert (event.cost_usd, event.price_source) == (Decimal(0), "litellm, own price, a price of 0")


@pytest.mark.parametrize(
    ("listed", "source"),
    [
        ({"gpt-4o": FREE_PRICES}, "litellm, a price of 0"),
        ({OWN: FREE_PRICES}, "litellm, own price, a price of 0"),
        ({OWN: {"input_cost_per_second": 0}}, "litellm, own price, a price of 0"),
        ({OWN: {}, "gpt-4o": {"mode": "chat", "max_tokens": 1}}, NO_PRICE),
        ({"gpt-4o": {"input_cost_per_token_batches": 0, "search_context_cost_per_query": 0}}, NO_PRICE),
        ({"gpt-4o": {"tiered_pricing": [{"range": [0, 9], "input_cost_per_token": 1}]}}, NOT_SAID),
        ({"gpt-4o": {"input_cost_per_token": 0.0}}, PART_PRICED),
        ({"gpt-4o": {"output_cost_per_token": 0.0}}, PART_PRICED),
    ],
)  # fmt: skip
def test_the_raw_price_map_tells_free_from_unknown(listed: dict[str, Any], source: str) -> None:
    made_up = {"input_cost_per_token": 0, "output_cost_per_token": 0}
    event = read(free_call(made_up), raw_prices=listed.get)
    assert event.price_source == source
    assert event.cost_usd == (None if source.startswith("unknown") else 0)


def test_a_price_of_one_side_only_makes_the_cost_unknown_whatever_it_says() -> None:
    for listed in (PART, {"output_cost_per_token": 0.000002}):
        event = read(free_call({}, cost=0.0001), raw_prices={OWN: listed}.get)
        assert (event.cost_usd, event.price_source) == (None, PART_PRICED)
    # As LiteLLM's payload alone shows it: 0 as a whole number is made up.
    event = read(free_call(PART | {"output_cost_per_token": 0}, key=OWN, cost=0.0001))
    assert event.price_source == PART_PRICED
    event = read(free_call(PART | {"output_cost_per_token": 0.0}, key=OWN, cost=0.0001))
    assert event.cost_usd == Decimal("0.0001")
    # The provider answers with no text: it needs no price.
    payload = free_call({}, cost=0.0001) | {"call_type": "aembedding"}
    assert read(payload, raw_prices={OWN: PART}.get).cost_usd == Decimal("0.0001")


def test_a_price_for_the_whole_call_needs_none_of_either_side() -> None:
    listed = {"input_cost_per_second": 0.0002, "input_cost_per_token": 0.0}
    event = read(free_call({}, cost=0.0001), raw_prices={OWN: listed}.get)
    assert event.cost_usd == Decimal("0.0001")


def test_what_is_all_margin_or_tools_says_nothing_of_the_tokens_price() -> None:
    for addition in ({"margin_total_amount": 0.01}, {"tool_usage_cost": 0.01}):
        payload = free_call({}, cost=0.01)
        payload["cost_breakdown"] = {"input_cost": 0.0, "output_cost": 0.0, **addition}
        assert read(payload).price_source == NO_PRICE
        event = read(payload, raw_prices={OWN: FREE_PRICES}.get)
        assert event.cost_usd == Decimal("0.01")


def test_a_discount_of_everything_is_a_known_0() -> None:
    payload = free_call({})
    payload["cost_breakdown"] = {"original_cost": 0.01, "discount_amount": 0.01}
    assert read(payload).price_source == "litellm, discounted to 0"


def test_what_tools_cost_stands_apart_and_is_never_more_than_all() -> None:
    payload = capture("async_http")
    assert read(payload).cost_tools_usd is None
    for said, kept in ((0.0005, "0.0005"), (7, "0.0007"), (0, None), ("much", None)):
        payload["cost_breakdown"] |= {"tool_usage_cost": said}
        event = read(payload)
        assert event.cost_tools_usd == (None if kept is None else Decimal(kept))
        assert event.problems() == ()


def test_an_estimate_of_0_is_known_only_where_the_price_is() -> None:
    def count(*_: Any) -> Any:
        return 8, 2, Decimal(0)

    stream = capture("async_stream_http")
    stream["model_map_information"] = {"model_map_key": "gpt-4o", "model_map_value": {}}
    prices = {"input_cost_per_token": 0.001, "output_cost_per_token": 0.01}
    for listed, cost, source in (
        ({}, None, NO_PRICE),
        ({"gpt-4o": FREE_PRICES}, 0, "estimated tokens at litellm's price, a price of 0"),
        ({"gpt-4o": PART}, None, PART_PRICED),
    ):
        event = read(stream, recount=count, raw_prices=listed.get)
        assert (event.cost_usd, event.price_source) == (cost, source)
    # 8 × 0.001 + 2 × 0.01: LiteLLM's count knows no deployment's own price.
    event = read(stream, recount=count, litellm_params={"metadata": {"model_info": prices}})
    assert event.cost_usd == Decimal("0.028")


def test_a_clock_set_back_gives_no_negative_time() -> None:
    payload = capture("async_http")
    payload["endTime"] = payload["startTime"] - 3600
    event = read(payload)
    assert (event.latency_s, event.problems()) == (0.0, ())


def test_a_stream_without_usage_is_recounted_and_flagged() -> None:
    seen: list[Any] = []

    def count(model: str, provider: str | None, messages: Any, answer: str) -> Any:
        seen.append((model, provider, messages, answer))
        return 8, 2, Decimal("0.00004")

    event = read(capture("async_stream_http"), recount=count)
    assert seen == [("gpt-4o", "openai", [{"role": "user", "content": "hi"}], "hello world")]
    assert (event.tokens_input_uncached, event.tokens_output_text) == (8, 2)
    assert event.tokens_estimated and event.cost_usd == Decimal("0.00004")
    assert read(capture("async_stream_http")).price_source == NO_USAGE


def test_a_recounted_answer_of_the_gateways_cache_stays_free() -> None:
    event = read(capture("cache_hit_sync_stream"), recount=lambda *_: (8, 2, Decimal(1)))
    assert (event.cost_usd, event.price_source) == (Decimal(0), GATEWAY_CACHE)
    assert event.tokens_estimated


def test_litellms_tokenizer_counts_only_where_the_host_loaded_litellm() -> None:
    # "hello world" is 2 tokens in OpenAI's o200k_base; LiteLLM's own count of this call is 8 and 2,
    # as in the capture async_stream_on_sync_sdk.
    program = """
import sys
from footprint.ingest.recount import recount
ask = "gpt-4o", "openai", [{"role": "user", "content": "hi"}], "hello world"
assert recount(*ask) is None and "litellm" not in sys.modules
import litellm
print(recount(*ask))
print(recount("my-own", "nobody", [{"role": "user", "content": "hi"}], "hello world")[2])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["(8, 2, Decimal('0.00004'))", "None"]


@pytest.mark.parametrize(
    ("kwargs", "payload", "region"),
    [
        ({"litellm_params": {"aws_region_name": "eu-central-1"}}, {}, "eu-central-1"),
        (
            {},
            {"api_base": "https://bedrock-runtime.eu-west-3.amazonaws.com/model/x/converse"},
            "eu-west-3",
        ),
        ({}, {"api_base": "https://europe-west9-aiplatform.googleapis.com/v1"}, "europe-west9"),
        (
            {},
            {
                "hidden_params": {
                    "additional_headers": {"llm_provider-x-ms-region": "Sweden Central"}
                }
            },
            "Sweden Central",
        ),
        ({}, {"api_base": "https://api.openai.com"}, None),
    ],
)
def test_the_region_is_taken_from_settings_addresses_and_headers(
    kwargs: dict[str, Any], payload: dict[str, Any], region: str | None
) -> None:
    assert read(capture("async_http") | payload, **kwargs).region == region


def test_the_payload_itself_is_not_kept() -> None:
    event = read(capture("async_http_401"))
    assert "AuthenticationError: OpenAIException" not in json.dumps(event.to_json())
