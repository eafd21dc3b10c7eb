"""What kind of request a call was, and the text of its answer whatever the kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.job_calls import CALL_TYPES
from footprint.ingest.routes import kind_of_route, route_of

MAX_ANSWER: Final = 400_000
_CALL_TYPES: Final = {
    "completion": "chat",
    "generate_content_stream": "generate_content",
    "retrieve_batch": "batch",
    "create_batch": "batch",
}
_PLAIN: Final = frozenset(
    {
        *("completion", "text_completion", "embedding", "responses", "image_generation"),
        *("image_edit", "image_variation", "moderation", "transcription", "speech", "rerank"),
        *("generate_content", "generate_content_stream", "retrieve_batch", "create_batch"),
        *("ocr", "search"),
    }
)
# What LiteLLM says, an asynchronous call with an `a` before it → what we say.
_KINDS: Final[dict[str, str]] = (
    {before + name: _CALL_TYPES.get(name, name) for name in sorted(_PLAIN) for before in ("", "a")}
    | _CALL_TYPES
    | CALL_TYPES
)
_PASS_THROUGH: Final = (
    ("/messages", "anthropic_messages"),
    ("generatecontent", "generate_content"),
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
    ("/embeddings", "embedding"),
)
TEXT: Final = frozenset(
    {"chat", "text_completion", "responses", "anthropic_messages", "generate_content"}
)
_ANSWER_PARTS: Final = (
    *("message", "delta", "content", "text", "reasoning_content", "tool_calls", "function"),
    "arguments",
)


def call_type_of(parts: Call) -> str:
    """Return the kind of request; synchronous and asynchronous ones have the same."""
    raw = loose.text(parts.payload.get("call_type")) or loose.text(parts.kwargs.get("call_type"))
    if raw is None:
        return "chat"
    if (kind := _KINDS.get(raw)) is not None:
        return kind
    if raw in ("pass_through_endpoint", "allm_passthrough_route", "llm_passthrough_route"):
        address = (loose.text(parts.payload.get("api_base"), 2000) or "").lower()
        return next((name for mark, name in _PASS_THROUGH if mark in address), "pass_through")
    if route := route_of(parts.kwargs, raw):
        return kind_of_route(route) or raw
    return raw


def answer_text(response: Mapping[str, Any]) -> str:
    """Return the text of an answer, of any API's form, for counting only."""
    found: list[str] = []
    size = 0
    left: list[Any] = [response.get("choices"), response.get("output"), response.get("content")]
    while left and size < MAX_ANSWER and len(found) < 1000:
        item = left.pop()
        if isinstance(item, str):
            found.append(item)
            size += len(item)
        elif isinstance(item, list):
            left.extend(item[:200])
        elif isinstance(item, dict):
            left.extend(item.get(name) for name in _ANSWER_PARTS if item.get(name))
    return "\n".join(found)
