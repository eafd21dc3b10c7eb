"""Where a request was computed, as far as its address or its answer says."""

from __future__ import annotations

import re
from typing import Any, Final

from footprint.ingest import loose
from footprint.ingest.attribution import Call

# A mark that the address has, and where its region stands: most addresses have no mark at all.
_HOSTS: Final = (
    (
        "amazonaws.com",
        re.compile(
            r"(?:bedrock|sagemaker)[a-z-]*\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:vpce\.)?amazonaws\.com"
        ),
    ),
    (".api.aws", re.compile(r"//bedrock[a-z-]*\.([a-z]{2}(?:-[a-z]+)+-\d)\.api\.aws")),
    ("aiplatform", re.compile(r"//([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com")),
    ("aiplatform", re.compile(r"//aiplatform\.([a-z]{2})\.rep\.googleapis\.com")),
    ("aiplatform", re.compile(r"aiplatform\.googleapis\.com/.{0,200}?/locations/([a-z0-9-]+)")),
    (".api.cognitive.microsoft", re.compile(r"//([a-z0-9]+)\.api\.cognitive\.microsoft")),
    (".ai.azure.com", re.compile(r"\.([a-z0-9]+)\.models\.ai\.azure\.com")),
    (".inference.ml.azure", re.compile(r"\.([a-z0-9]+)\.inference\.ml\.azure\.com")),
    ("generativeai.", re.compile(r"generativeai\.([a-z]{2}(?:-[a-z]+)+-\d)\.oci\.")),
    (".ml.cloud.ibm.com", re.compile(r"//([a-z]{2}-[a-z]+\d?)\.ml\.cloud\.ibm\.com")),
    (".api.openai.com", re.compile(r"//(eu|us)\.api\.openai\.com")),
    (".api.x.ai", re.compile(r"//([a-z]{2}-[a-z]+-\d)\.api\.x\.ai")),
    (".nebius.com", re.compile(r"\.([a-z]{2}-[a-z]+\d)\.nebius\.com")),
    (".inference.heroku.com", re.compile(r"//(eu|us)\.inference\.heroku\.com")),
    (".ai.cloud.ovh.net", re.compile(r"\.([a-z]{3})\.ai\.cloud\.ovh\.net")),
    ("snowflakecomputing", re.compile(r"//[a-z0-9_-]+\.([a-z0-9.-]+)\.snowflakecomputing\.com")),
    ("ondemand.com", re.compile(r"\.([a-z]{2}-[a-z]+-\d)\.aws\.ml\.hana\.ondemand\.com")),
)
# Addresses that stand for one region without naming it, as their operators document.
_NAMELESS: Final = (
    ("//dashscope-intl.aliyuncs.com", "ap-southeast-1"),
    ("//dashscope-us.aliyuncs.com", "us-east-1"),
    ("//dashscope.aliyuncs.com", "cn-beijing"),
    ("//api.scaleway.ai", "fr-par"),
)
# Azure OpenAI names the region of its answer in this header.
_AZURE: Final = "llm_provider-x-ms-region"
_SETTINGS: Final = (
    *("aws_region_name", "vertex_location", "vertex_ai_location", "region_name"),
    *("watsonx_region_name", "oci_region"),
)


def find_region(parts: Call) -> str | None:
    """Return the cloud region of a call, as its provider writes it; None where nothing says."""
    optional = loose.mapping(parts.kwargs.get("optional_params"))
    for source in (parts.litellm_params, optional):
        if source:
            for name in _SETTINGS:
                if name in source and (found := loose.text(source[name], 100)):
                    return found
    # Anthropic's other word for it, global, is what it does unasked.
    if optional.get("inference_geo") == "us":
        return "us"
    payload = parts.payload
    hidden = loose.mapping(payload.get("hidden_params"))
    found = loose.text(loose.mapping(hidden.get("additional_headers")).get(_AZURE), 100)
    found = found or loose.text(
        loose.mapping(payload.get("cost_breakdown")).get("vertex_location"), 100
    )
    return found or region_of(payload.get("api_base") or parts.litellm_params.get("api_base"))


def region_of(address: Any) -> str | None:
    """Return the region that the address of a provider names or stands for; None without one."""
    if isinstance(address, str):
        address = address[:500].lower()
        for mark, pattern in _HOSTS:
            if mark in address and (match := pattern.search(address)):
                return match[1]
        for host, region in _NAMELESS:
            if host in address:
                return region
    return None
