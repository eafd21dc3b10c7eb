"""What LiteLLM hands to a callback → one `UsageEvent`. Pure: no I/O, no clock, no LiteLLM.

Everything is read with suspicion (`loose`): a field that is missing or wrong is unknown, and where
the whole ``standard_logging_object`` is missing the call's keyword arguments still make an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from footprint.event import (
    EARLIEST,
    MAX_MODEL,
    MAX_TAG,
    MAX_TAGS,
    Status,
    UsageEvent,
    event_key,
    plain_quantities,
)
from footprint.ingest import loose
from footprint.ingest.answered import LOOKED_AT, answered
from footprint.ingest.attribution import Call, find_person
from footprint.ingest.charge import find_charge
from footprint.ingest.job_calls import deed_of
from footprint.ingest.jobs import Deployed, as_job
from footprint.ingest.kinds import TEXT, answer_text, call_type_of
from footprint.ingest.region import find_region
from footprint.ingest.stated_prices import RawPrices, find_stated
from footprint.ingest.usage import (
    UNKNOWN,
    TokenClasses,
    Usage,
    read_usage,
    tier_of,
    usage_in_stream,
)

# (model, provider, messages, answer) → input tokens, output tokens, cost in USD (None: no price).
Recount: TypeAlias = Callable[[str, str | None, Any, str], "tuple[int, int, Decimal | None] | None"]

_PROVIDERS: Final = {"text-completion-openai": "openai", "azure_text": "azure"}
_PASS_THROUGH_PROVIDERS: Final = frozenset({"anthropic", "gemini", "vertex_ai", "openai", "azure"})
_CLIENT_GONE: Final = frozenset({"ClientDisconnected", "CancelledError"})
_READ_TAGS: Final = 200
_TOTALS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")
_EARLIEST_S: Final = EARLIEST.timestamp()
_LATEST_S: Final = 2.0**33  # The year 2242: beyond it a number is no time in seconds.


class LitellmCall(NamedTuple):
    """What a hook is called with.

    Args:
        kwargs: LiteLLM's ``model_call_details``.
        response: the answer, an exception's, or None.
        start: when the call started; datetime or seconds since 1970.
        end: when it ended.
        failed: whether LiteLLM called a failure hook.
    """

    kwargs: Mapping[str, Any]
    response: Any = None
    start: Any = None
    end: Any = None
    failed: bool = False


def normalise(
    call: LitellmCall,
    *,
    price_source: str = "litellm",
    recount: Recount | None = None,
    raw_prices: RawPrices | None = None,
) -> UsageEvent | None:
    """Return the event of a finished call; arguments and None as in `event_body`."""
    body = event_body(call, price_source=price_source, recount=recount, raw_prices=raw_prices)
    return None if body is None else UsageEvent.from_json(body)


def event_body(
    call: LitellmCall,
    *,
    price_source: str = "litellm",
    recount: Recount | None = None,
    raw_prices: RawPrices | None = None,
    deployed: Deployed | None = None,
) -> dict[str, Any] | None:
    """Return the event of a finished call, in the form in which it is stored and delivered.

    That is `UsageEvent.to_json`; the callback has no use for the object in between.

    Args:
        call: what the hook got.
        price_source: names LiteLLM and its version; goes with every cost it computed.
        recount: counts the tokens of streams that came without usage; None leaves them unknown.
        raw_prices: looks a key up in LiteLLM's raw price map, which tells free from unknown.
        deployed: which model a deployment of the host's proxy leads to.

    Returns:
        None where not even the call's start or its id is known.
    """
    kwargs = call.kwargs
    payload = loose.mapping(kwargs.get("standard_logging_object"))
    params = loose.mapping(kwargs.get("litellm_params"))
    own = loose.mapping(params.get("metadata")) or loose.mapping(params.get("litellm_metadata"))
    parts = Call(kwargs, payload, loose.mapping(payload.get("metadata")) or own, params, own)
    start = _instant(payload.get("startTime"), call.start)
    call_id = loose.text(payload.get("litellm_call_id")) or loose.text(
        kwargs.get("litellm_call_id")
    )
    call_id = call_id or loose.text(payload.get("id"))
    if start is None or call_id is None:
        return None
    provider, model = _model(parts)
    call_type = call_type_of(parts)
    stream = _stream(parts)
    status, error_class, error_code = _outcome(parts, call)
    answer = loose.mapping(payload.get("response"))
    usage = _usage(parts, call, answer)
    tokens = usage.tokens
    latency, first = _times(parts, call, start, stream is True)
    cut = status != "success" and first is not None
    charge = find_charge(
        parts, status, error_code, tokens, call_type, price_source, cut, raw_prices
    )
    estimated = False
    if tokens is UNKNOWN and recount and status != "failure" and call_type in TEXT:
        counted = _recounted(parts, call, model, provider, recount)
        if counted is not None:
            tokens, cost = counted
            stated = find_stated(parts, raw_prices)
            charge, estimated = charge.of_estimate(cost, stated, call_type, tokens), True
    started_at = datetime.fromtimestamp(start, UTC)
    who = find_person(parts)
    tags, flags = _tags(parts)
    flags += who.cut + usage.flags
    quantities = usage.quantities
    if call_type in LOOKED_AT:
        quantities = {**answered(call_type, parts, answer), **quantities}
    body = {
        "event_id": event_key(call_id, status, started_at),
        "started_at": started_at.isoformat(),
        "model": model,
        "provider": provider,
        "model_group": loose.text(payload.get("model_group")) or loose.text(own.get("model_group")),
        "call_type": call_type,
        "stream": stream,
        "status": status,
        "error_class": error_class,
        "error_code": error_code,
        "litellm_call_id": call_id,
        "trace_id": loose.text(payload.get("trace_id"))
        or loose.text(kwargs.get("litellm_trace_id")),
        "session_id": who.session_id,
        "source": "proxy" if _is_proxy(parts) else "sdk",
        "user_id": who.user_id,
        "attribution": who.attribution,
        "end_user": who.end_user,
        "user_email": who.email,
        "user_name": who.name,
        "team": who.team,
        "tokens_input_uncached": tokens.input_uncached,
        "tokens_cache_read": tokens.cache_read,
        "tokens_cache_write": tokens.cache_write,
        "tokens_output_text": tokens.output_text,
        "tokens_reasoning": tokens.reasoning,
        "tokens_estimated": estimated,
        "service_tier": usage.service_tier or _tier(answer),
        "quantities": plain_quantities(quantities) if quantities else None,
        "cache_hit": _cache_hit(parts),
        "price_source": charge.source,
        "cost_usd": None if charge.cost_usd is None else str(charge.cost_usd),
        "cost_tools_usd": None if charge.tools_usd is None else str(charge.tools_usd),
        "latency_s": latency,
        "time_to_first_token_s": first,
        "region": find_region(parts),
        "tags": tags,
        "flags": list(flags) or None,
    }
    found = {name: value for name, value in body.items() if value is not None}
    if deed_of(kwargs) is None:
        return found
    return as_job(parts, call.response, found, price_source, deployed)


def _instant(*values: Any) -> float | None:
    for value in values:
        found = value if type(value) is float else loose.instant(value)
        if found is not None and _EARLIEST_S <= found < _LATEST_S:
            return found
    return None


def _model(parts: Call) -> tuple[str | None, str]:
    """Return provider and model, the provider's prefix taken off the model."""
    payload, kwargs, params = parts.payload, parts.kwargs, parts.litellm_params
    provider = (
        loose.text(payload.get("custom_llm_provider"))
        or loose.text(kwargs.get("custom_llm_provider"))
        or loose.text(params.get("custom_llm_provider"))
        or _route_provider(parts)
    )
    model = (
        loose.text(payload.get("model"), MAX_MODEL)
        or loose.text(kwargs.get("model"), MAX_MODEL)
        or loose.text(payload.get("model_group"), MAX_MODEL)
        or "unknown"
    )
    if provider:
        head, slash, rest = model.partition("/")
        if slash and rest and head == provider:
            model = rest
        provider = _PROVIDERS.get(provider, provider)
    return provider, model


def _route_provider(parts: Call) -> str | None:
    """Return the provider that a pass-through route names: ``/anthropic/v1/messages``."""
    route = loose.text(parts.metadata.get("user_api_key_request_route"))
    if route is None or parts.payload.get("call_type") != "pass_through_endpoint":
        return None
    name = route.strip("/").partition("/")[0]
    return name if name in _PASS_THROUGH_PROVIDERS else None


def _stream(parts: Call) -> bool | None:
    value = parts.payload.get("stream")
    if not isinstance(value, bool):
        value = parts.kwargs.get("stream")
    if not isinstance(value, bool):
        value = loose.mapping(parts.payload.get("model_parameters")).get("stream")
    return value if isinstance(value, bool) else None


def _outcome(parts: Call, call: LitellmCall) -> tuple[Status, str | None, str | None]:
    error = loose.mapping(parts.payload.get("error_information"))
    error_class = loose.text(error.get("error_class"), 100)
    code = loose.text(error.get("error_code"), 100)
    exception = parts.kwargs.get("exception")
    status = parts.payload.get("status")
    if status == "success" and error_class is None and code is None and exception is None:
        return "success", None, None
    if error_class is None and isinstance(exception, BaseException):
        error_class = type(exception).__name__
        code = code or loose.text(getattr(exception, "status_code", None), 100)
    if code is None:
        # So LiteLLM's proxy calls the status with which it refuses; older ones say it here only.
        said = loose.text(getattr(exception, "code", None), 100)
        code = said if said and said.isdigit() else None
    if error_class in _CLIENT_GONE or code == "499":
        return "cancelled", error_class, code
    failed = status == "failure" or (status != "success" and (call.failed or exception is not None))
    return ("failure" if failed else "success"), error_class, code


def _usage(parts: Call, call: LitellmCall, answer: Mapping[str, Any]) -> Usage:
    payload = parts.payload
    found = read_usage(loose.mapping(parts.metadata.get("usage_object")))
    if not found.is_nothing:
        return found
    found = read_usage(loose.mapping(answer.get("usage")))
    if not found.is_nothing:
        return found
    if not payload:
        attribute = getattr(call.response, "usage", None)
        source = attribute if attribute is not None else loose.mapping(call.response).get("usage")
        return read_usage(loose.mapping(source))
    found = read_usage({name: payload.get(name) for name in _TOTALS})
    if not found.is_nothing:
        return found
    return read_usage(usage_in_stream(answer.get("response")))


def _tier(answer: Mapping[str, Any]) -> str | None:
    tier = answer.get("service_tier")
    return tier_of(tier) if type(tier) is str else None


def _times(
    parts: Call, call: LitellmCall, start: float, stream: bool
) -> tuple[float | None, float | None]:
    """Return latency and, of a stream, time to first token, in seconds.

    A clock set back gives 0. LiteLLM writes the end where no token ever came: that is no first
    token.
    """
    end = _instant(parts.payload.get("endTime"), call.end)
    latency = None if end is None else loose.seconds(end - start)
    if not stream:
        return latency, None
    first = _instant(
        parts.payload.get("completionStartTime"), parts.kwargs.get("completion_start_time")
    )
    if first is None or (end is not None and first > end):
        return latency, None
    if first == end and parts.payload.get("status") == "failure":
        return latency, None
    return latency, loose.seconds(first - start)


def _recounted(
    parts: Call,
    call: LitellmCall,
    model: str,
    provider: str | None,
    recount: Recount,
) -> tuple[TokenClasses, Decimal | None] | None:
    """Return estimated tokens where the provider sent none, and what LiteLLM makes of them."""
    answer = answer_text(
        loose.mapping(parts.payload.get("response")) or loose.mapping(call.response)
    )
    messages = parts.payload.get("messages") or parts.kwargs.get("messages")
    found = recount(model, provider, messages, answer) if answer or messages else None
    if found is None:
        return None
    given, made, cost = found
    return TokenClasses(input_uncached=given, output_text=made), cost


def _cache_hit(parts: Call) -> bool:
    return parts.payload.get("cache_hit") is True or parts.kwargs.get("cache_hit") is True


def _is_proxy(parts: Call) -> bool:
    return bool(
        parts.metadata.get("user_api_key_hash") or parts.litellm_params.get("proxy_server_request")
    )


def _tags(parts: Call) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return the tags that are kept, None for none, and the flag that says where some were cut."""
    raw = parts.payload.get("request_tags") or parts.own_metadata.get("tags")
    if not raw or not isinstance(raw, list):
        return None, ()
    kept: list[str] = []
    is_cut = len(raw) > _READ_TAGS
    for tag in raw[:_READ_TAGS]:
        found = loose.text(tag)
        if found and not found.startswith("User-Agent:"):
            if len(found) > MAX_TAG:
                found, is_cut = found[:MAX_TAG], True
            if found not in kept:
                kept.append(found)
    if is_cut or len(kept) > MAX_TAGS:
        return kept[:MAX_TAGS] or None, ("cut: tags",)
    return kept or None, ()
