"""The interface in words that programs read: ``GET /api/openapi.json`` (OpenAPI 3.1)."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from footprint.api.problems import MEDIA_TYPE

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_AMOUNT: Final = {"type": "number", "minimum": 0, "maximum": 10_000_000}
_MAYBE: Final = {"type": ["number", "null"]}
_ITEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["model"],
    "additionalProperties": False,
    "properties": {
        "id": {**_TEXT, "description": "The same id with the same ts counts once."},
        "userId": {**_TEXT, "description": "Who made the request: a claim."},
        "sessionId": {**_TEXT, "description": "Chat session, which may be mapped to a person."},
        "ts": {**_TEXT, "description": "ISO 8601 (UTC without an offset); now by default."},
        "model": {**_TEXT, "description": "As LiteLLM names it, without the provider."},
        "provider": {**_TEXT, "description": "As LiteLLM names it, such as openai."},
        "tokens_in": {**_COUNT, "description": "All tokens of the prompt."},
        "tokens_out": {**_COUNT, "description": "All generated tokens, reasoning included."},
        "usage": {
            "type": "object",
            "description": "The provider's own usage object, in place of tokens_in and tokens_out:"
            " caches, reasoning, audio, images and tools are read from it.",
        },
        "call_type": {**_TEXT, "description": "chat by default; embedding, rerank, ocr, speech …"},
        "service_tier": {**_TEXT, "description": "Such as flex, priority or batch."},
        "costEUR": {**_AMOUNT, "description": "In euros; absent where the cost is unknown."},
        "cost": {**_AMOUNT, "description": "In currency, in place of costEUR; it stays so."},
        "currency": {
            **_TEXT,
            "pattern": "^[A-Za-z]{3}$",
            "description": "Of cost, ISO 4217; refused where no exchange rate is known.",
        },
    },
    "dependentRequired": {"cost": ["currency"], "currency": ["cost"]},
    "not": {"required": ["costEUR", "cost"]},
}
_IMPACT: Final[dict[str, Any]] = {
    "type": ["object", "null"],
    "description": "Null while the request waits on disk. A figure is null where it is unknown.",
    "properties": dict.fromkeys(
        (
            *("cost_eur", "energy_kwh", "energy_kwh_low", "energy_kwh_high"),
            *("carbon_gco2e", "carbon_gco2e_low", "carbon_gco2e_high"),
            *("water_l", "water_l_low", "water_l_high", "restored_m2"),
        ),
        _MAYBE,
    )
    | {
        name: {"type": ["string", "null"]}
        for name in ("impact_reason", "match", "evidence", "factor_set")
    },
}
_REJECTED: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "reason"],
        "properties": {"index": _COUNT, "reason": _TEXT},
    },
}
_HEALTH: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "supabase", "ingest"],
    "properties": {
        "status": {"const": "ok"},
        "supabase": {"enum": ["reachable", "unreachable", "not configured"]},
        "ingest": {
            "type": "object",
            "description": "Over the spools of this host, since they were made.",
            "required": ["healthy", "lag_s"],
            "properties": {
                "healthy": {"type": "boolean"},
                "accepted": {**_COUNT, "description": "Taken: recorded, or reported over HTTP."},
                "delivered": {**_COUNT, "description": "Stored by this host."},
                "duplicates": {**_COUNT, "description": "Were there already."},
                "rejected": {**_COUNT, "description": "Can never be stored."},
                "dropped": {**_COUNT, "description": "Lost: disk and memory were full."},
                "waiting": {**_COUNT, "description": "On disk, not delivered yet."},
                "lag_s": {"type": "number", "description": "Age of what waits longest, seconds."},
            },
        },
    },
}
_SCHEMAS: Final[dict[str, Any]] = {
    "RequestEvent": _ITEM,
    "Impact": _IMPACT,
    "Health": _HEALTH,
    "Taken": {
        "type": "object",
        "required": ["accepted", "duplicates", "rejected"],
        "properties": {
            "accepted": {**_COUNT, "description": "In the database or on disk."},
            "duplicates": {**_COUNT, "description": "Of these, stored before."},
            "rejected": _REJECTED,
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "event_id", "impact"],
                    "properties": {
                        "index": {**_COUNT, "description": "Place in the body, from 0."},
                        "event_id": {**_TEXT, "format": "uuid"},
                        "impact": {"$ref": "#/components/schemas/Impact"},
                    },
                },
            },
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "errors": _REJECTED,
        },
    },
}
_PROBLEMS: Final = {
    "400": "The body is no JSON.",
    "401": "The ingest key is missing, unknown, expired or revoked.",
    "408": "The body took more than a minute to arrive.",
    "413": "Too much in one request.",
    "415": "The body is compressed.",
    "422": "None of the items can be used.",
    "429": "Too many requests; Retry-After says when to come again.",
    "503": "Neither database nor disk can take it now; Retry-After likewise.",
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Footprint",
            "version": importlib.metadata.version("llm-footprint"),
            "description": "Report LLM requests; learn what they cost and weigh.",
        },
        "security": [{"ingestKey": []}, {"bearer": []}],
        "paths": {
            "/api/request-event": {"post": _report_event()},
            "/api/litellm": {"post": _report_litellm()},
            "/api/health": {"get": _health()},
            "/api/openapi.json": {"get": _open_get("This document.")},
            "/api/metrics": {"get": _metrics()},
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "ingestKey": {"type": "apiKey", "in": "header", "name": "x-ingest-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


async def openapi(_: Request) -> JSONResponse:
    """Return the document; anybody may read it."""
    return JSONResponse(document())


def _report_event() -> dict[str, Any]:
    one = {"$ref": "#/components/schemas/RequestEvent"}
    many = {"type": "array", "items": one, "maxItems": 1000}
    return {
        "summary": "Report one request or a list of up to 1,000 (5 MiB).",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": _TEXT,
                "description": "Names items without an id: the same body sent again counts once.",
            }
        ],
        "requestBody": _json({"oneOf": [one, many]}),
        "responses": _responses(),
    }


def _report_litellm() -> dict[str, Any]:
    payload = {"type": "object", "description": "LiteLLM's StandardLoggingPayload."}
    batch = {"type": "array", "items": {"oneOf": [payload, {"type": "null"}]}, "maxItems": 5000}
    return {
        "summary": "Take what LiteLLM's generic_api callback sends, in any of its formats: 32 MiB.",
        "requestBody": _json({"oneOf": [payload, batch]}),
        "responses": _responses(),
    }


def _responses() -> dict[str, Any]:
    taken = {"$ref": "#/components/schemas/Taken"}
    return {
        "201": {"description": "Stored.", **_content(taken)},
        "202": {"description": "On disk; delivered when the database answers.", **_content(taken)},
        **{status: _problem(text) for status, text in _PROBLEMS.items()},
    }


def _metrics() -> dict[str, Any]:
    return {
        "summary": "Counters of ingest as Prometheus text.",
        "security": [{"bearer": []}],
        "responses": {
            "200": {"description": "The metrics.", "content": {"text/plain": {"schema": _TEXT}}},
            "401": _problem("The token is missing or wrong."),
            "404": _problem("FOOTPRINT_METRICS_TOKEN is not set."),
        },
    }


def _health() -> dict[str, Any]:
    text = "Whether the app and its database answer, and what became of requests on this host."
    return _open_get(text, {"$ref": "#/components/schemas/Health"})


def _open_get(summary: str, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    answer = {"description": summary, **_content(dict(schema or {"type": "object"}))}
    return {"summary": summary, "security": [], "responses": {"200": answer}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, **_content(schema)}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}
