"""What a proxy's route asks for, of calls that the proxy refused itself. Pure.

A wrong key, a spent budget or a file of the wrong form is refused before LiteLLM knows what the
call is. It is named by its route, not at all, or by what its body looks like; so are calls that ask
for no work, such as asking after a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from footprint.ingest import loose

# What LiteLLM says where nothing names a call, and that a call went to no provider.
_UNNAMED: Final = "IGNORE_THIS"
_WENT_NOWHERE: Final = "litellm_no_upstream_llm_call"
# How routes end that ask for work → kind of request; the first that fits.
_ENDS: Final = (
    *(("/chat/completions", "chat"), ("/completions", "text_completion")),
    *(("/messages", "anthropic_messages"), ("/responses", "responses")),
    *(("/embeddings", "embedding"), ("/moderations", "moderation"), ("/rerank", "rerank")),
    *(("/images/generations", "image_generation"), ("/images/edits", "image_edit")),
    *(("/images/variations", "image_variation"), ("/audio/speech", "speech")),
    *(("/audio/transcriptions", "transcription"), ("/ocr", "ocr"), ("/search", "search")),
    *(("/realtime", "realtime"), ("/batches", "batch"), ("/interactions", "interaction")),
    *((end, "pass_through") for end in ("/converse", "/converse-stream", "/invoke", "/predict")),
    ("/invoke-with-response-stream", "pass_through"),
)


def route_of(kwargs: Mapping[str, Any], name: str) -> str | None:
    """Return the route of a call that the proxy refused; None of any other.

    Args:
        kwargs: LiteLLM's ``model_call_details``.
        name: what LiteLLM calls it.
    """
    if name[:1] == "/":
        return name
    return _said(kwargs) if name == _UNNAMED or _WENT_NOWHERE in kwargs else None


def kind_of_route(route: str) -> str | None:
    """Return the kind of request that a route asks for; None where it asks for no work."""
    route = route.rstrip("/").lower()
    if "generatecontent" in route:
        return "generate_content"
    if "/threads/" in route:
        return None
    return next((kind for end, kind in _ENDS if route.endswith(end)), None)


def _said(kwargs: Mapping[str, Any]) -> str | None:
    params = loose.mapping(kwargs.get("litellm_params"))
    payload = loose.mapping(kwargs.get("standard_logging_object"))
    for holder in (params.get("metadata"), params.get("litellm_metadata"), payload.get("metadata")):
        route = loose.text(loose.mapping(holder).get("user_api_key_request_route"), 2000)
        if route:
            return route
    return None
