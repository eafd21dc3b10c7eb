"""Where a request was computed, as far as its address or its answer says."""

from __future__ import annotations

import re
from typing import Any, Final

from footprint.ingest import loose
from footprint.ingest.attribution import Call

_HOSTS: Final = (
    ("bedrock", re.compile(r"//bedrock[a-z-]*\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")),
    ("aiplatform", re.compile(r"//([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com")),
)
# Azure OpenAI names the region of its answer in this header.
_AZURE: Final = "llm_provider-x-ms-region"
_SETTINGS: Final = ("aws_region_name", "vertex_location", "region_name", "watsonx_region_name")


def find_region(parts: Call) -> str | None:
    """Return the cloud region of a call, as its provider writes it; None where nothing says."""
    optional = loose.mapping(parts.kwargs.get("optional_params"))
    for source in (parts.litellm_params, optional):
        if source:
            for name in _SETTINGS:
                if name in source and (found := loose.text(source[name], 100)):
                    return found
    payload = parts.payload
    hidden = loose.mapping(payload.get("hidden_params"))
    found = loose.text(loose.mapping(hidden.get("additional_headers")).get(_AZURE), 100)
    found = found or loose.text(
        loose.mapping(payload.get("cost_breakdown")).get("vertex_location"), 100
    )
    return found or _from_address(payload.get("api_base") or parts.litellm_params.get("api_base"))


def _from_address(address: Any) -> str | None:
    if isinstance(address, str):
        for mark, pattern in _HOSTS:
            if mark in address and (match := pattern.search(address[:500])):
                return match[1]
    return None
