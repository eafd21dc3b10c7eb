"""What LiteLLM itself says: reads cases from standard input, writes payloads and costs.

A case is ``{key, provider, mode, by, usage, tier, at}``. Run with LITELLM_LOCAL_MODEL_COST_MAP=True.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import litellm
from litellm._internal_context import pinned_billing_time
from litellm.cost_calculator import batch_cost_calculator, completion_cost
from litellm.litellm_core_utils.litellm_logging import (
    Logging,
    get_standard_logging_object_payload,
)
from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
from litellm.llms.perplexity.chat.transformation import PerplexityChatConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
from litellm.llms.xai.chat.transformation import XAIChatConfig
from litellm.llms.xai.cost_calculator import apply_server_side_tool_usage_details_to_usage
from litellm.responses.utils import ResponseAPILoggingUtils
from litellm.types.utils import ModelResponse, Usage

CALLS = {
    "embedding": "aembedding",
    "audio_transcription": "atranscription",
    "audio_speech": "aspeech",
    "image_generation": "aimage_generation",
    "image_edit": "aimage_edit",
    "responses": "aresponses",
}


def openai(usage: dict[str, Any]) -> Usage:
    return Usage(**usage)


def responses(usage: dict[str, Any]) -> Usage:
    return ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(usage)


def anthropic(usage: dict[str, Any]) -> Usage:
    return AnthropicConfig().calculate_usage(usage_object=usage, reasoning_content=None)


def gemini(usage: dict[str, Any]) -> Usage:
    answer: Any = {"usageMetadata": usage}
    return VertexGeminiConfig._calculate_usage(completion_response=answer)


def converse(usage: dict[str, Any]) -> Usage:
    said: Any = usage
    return AmazonConverseConfig().transform_usage(said)


def xai(usage: dict[str, Any]) -> Usage:
    details = usage.pop("server_side_tool_usage_details", None)
    found = Usage(**usage)
    XAIChatConfig.fold_reasoning_tokens_into_completion(found)
    XAIChatConfig.normalize_openai_compatible_usage_totals(found)
    apply_server_side_tool_usage_details_to_usage(found, details)
    return found


def perplexity(usage: dict[str, Any]) -> Usage:
    response = ModelResponse(usage=Usage(**usage))
    PerplexityChatConfig()._enhance_usage_with_perplexity_fields(response, {"usage": usage})
    found: Usage = response.usage  # type: ignore[attr-defined]
    return found


READ: dict[str, Callable[[dict[str, Any]], Usage]] = {
    "openai": openai,
    "responses": responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "converse": converse,
    "xai": xai,
    "perplexity": perplexity,
}


def cost_of(case: dict[str, Any], usage: Usage, response: ModelResponse) -> float:
    key, provider, mode, tier = case["key"], case["provider"], case["mode"], case["tier"]
    if tier == "batch":
        return sum(batch_cost_calculator(usage=usage, model=key, custom_llm_provider=provider))
    if mode in ("audio_transcription", "audio_speech", "image_generation", "image_edit"):
        return sum(
            generic_cost_per_token(
                model=key, usage=usage, custom_llm_provider=provider, service_tier=tier
            )
        )
    return completion_cost(
        completion_response=response,
        model=key,
        custom_llm_provider=provider,
        call_type="embedding" if mode == "embedding" else "completion",
        service_tier=tier,
    )


def payload_of(
    case: dict[str, Any], response: ModelResponse, cost: float | None, number: int
) -> Any:
    start = datetime.fromisoformat(case["at"])
    call_type = "aretrieve_batch" if case["tier"] == "batch" else CALLS.get(case["mode"])
    logging = Logging(
        model=case["key"],
        messages=[],
        stream=False,
        call_type=call_type or "acompletion",
        start_time=start,
        litellm_call_id=str(number),
        function_id="1",
    )
    kwargs = {
        "model": case["key"],
        "custom_llm_provider": case["provider"],
        "call_type": call_type or "acompletion",
        "litellm_call_id": str(number),
        "litellm_params": {"metadata": {}},
        "response_cost": cost,
        "messages": [],
    }
    end = start + timedelta(seconds=1)
    return get_standard_logging_object_payload(kwargs, response, start, end, logging, "success")


def main() -> None:
    litellm.suppress_debug_info = True
    found = []
    for number, case in enumerate(json.load(sys.stdin)):
        usage = READ[case["by"]](case["usage"])
        response = ModelResponse(id=str(number), model=case["key"], usage=usage)
        if case["tier"] not in (None, "batch"):
            response.service_tier = case["tier"]  # type: ignore[attr-defined]
        with pinned_billing_time(datetime.fromisoformat(case["at"]).astimezone(UTC)):
            try:
                cost, error = cost_of(case, usage, response), None
            except Exception as problem:
                cost, error = None, f"{type(problem).__name__}: {problem}"[:200]
            payload = payload_of(case, response, cost, number)
        found.append({"cost": cost, "error": error, "payload": payload})
    json.dump(found, sys.stdout, default=str)


if __name__ == "__main__":
    main()
