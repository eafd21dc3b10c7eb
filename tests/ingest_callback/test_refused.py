"""What a proxy refuses is told by its route: a request where it asks for work, none elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from footprint.ingest.job_calls import deed_of
from footprint.ingest.normalise import LitellmCall, event_body
from footprint.ingest.pricing import NOT_BILLED
from footprint.ingest.routes import kind_of_route

REQUESTS = {
    "/v1/chat/completions": "chat",
    "/openai/deployments/gpt-4o/chat/completions": "chat",
    "/completions": "text_completion",
    "/anthropic/v1/messages": "anthropic_messages",
    "/v1/responses": "responses",
    "/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent": "generate_content",
    "/v2/rerank": "rerank",
    "/v1/ocr": "ocr",
    "/v1/vector_stores/vs_1/search": "search",
    "/bedrock/model/claude/converse-stream": "pass_through",
}
NO_REQUESTS = [
    *("/v1/files", "/v1/files/file-1/content", "/v1/models", "/model/info", "/v1/batches/batch_1"),
    *("/v1/responses/{response_id}", "/v1/responses/resp_1/cancel", "/v1/videos/video_1"),
    *("/v1/messages/count_tokens", "/v1/threads/thread_1/messages", "/", ""),
]


def refused(call_type: str, route: str, **more: Any) -> dict[str, Any]:
    """Return what LiteLLM hands over of a call that its proxy refused."""
    payload: dict[str, Any] = {
        **{"call_type": call_type, "litellm_call_id": "c", "status": "failure"},
        **{"startTime": 1_790_000_000.0, "response_cost": 0.0},
    }
    return {
        **{"call_type": call_type, "standard_logging_object": payload},
        "litellm_params": {"metadata": {"user_api_key_request_route": route}},
        **more,
    }


@pytest.mark.parametrize("route", REQUESTS)
def test_a_route_that_asks_for_work_names_the_kind_of_request(route: str) -> None:
    assert kind_of_route(route) == kind_of_route(route + "/") == REQUESTS[route]
    body = event_body(LitellmCall(refused(route, route), failed=True))
    assert body is not None and body["call_type"] == REQUESTS[route]


@pytest.mark.parametrize("route", NO_REQUESTS)
def test_a_route_that_asks_for_no_work_is_no_request_whatever_its_call_is_called(
    route: str,
) -> None:
    assert kind_of_route(route) is None
    if route:
        assert deed_of(refused("IGNORE_THIS", route)) == ("", "none")
        for name in ("aresponses", "acompletion"):
            assert deed_of(refused(name, route, litellm_no_upstream_llm_call=True)) == ("", "none")


def test_a_call_that_went_to_a_provider_is_told_by_its_own_name() -> None:
    assert deed_of(refused("acompletion", "/v1/responses/resp_1")) is None
    assert deed_of(refused("aresponses", "/v1/responses/resp_1")) == ("response", "create")


class Refusal(Exception):
    """As LiteLLM's proxy raises it: the status is its code, as text."""

    code = "401"


def test_a_refusal_whose_status_only_the_exception_says_is_not_billed() -> None:
    call = refused("acompletion", "/v1/chat/completions", exception=Refusal())
    body = event_body(LitellmCall(call, failed=True))
    assert body is not None
    assert (body["error_code"], body["price_source"], body["cost_usd"]) == ("401", NOT_BILLED, "0")


@pytest.mark.parametrize("name", ["ocr", "aocr", "search", "asearch"])
def test_pages_and_searches_are_called_the_same_whether_waited_for_or_not(name: str) -> None:
    call = refused(name, "", standard_logging_object=None)
    body = event_body(LitellmCall(call | {"litellm_call_id": "c"}, start=1_790_000_000.0))
    assert body is not None and body["call_type"] == name.removeprefix("a")
