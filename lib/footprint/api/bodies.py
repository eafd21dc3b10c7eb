"""Bodies of requests that report usage → encoded events. Pure.

Whatever a body says about people is a claim: nobody is *verified* by it.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from footprint.errors import ConfigurationError
from footprint.event import MAX_AHEAD, MAX_COST_USD, UsageEvent, event_id
from footprint.impact.prices import read_price_map
from footprint.ingest import values
from footprint.ingest.currency import BadCurrency, StatedCost, stated_cost
from footprint.ingest.delivery import encode
from footprint.ingest.normalise import LitellmCall, normalise
from footprint.ingest.pricing import price_map
from footprint.ingest.usage import TokenClasses, Usage, read_usage, tier_of
from footprint.ingest.values import BadValue, Parser

IN_USAGE: Final = "caller, in its usage"


class BadBody(Exception):
    """A body is nothing that can be read; the text says why, in one sentence."""


class BadItem(Exception):
    """One item of a body cannot be an event; the text says why, beginning with the field."""


@dataclass
class Reading:
    """What a body holds.

    Args:
        lines: encoded events, in order.
        indexes: place in the body of each of `lines`, from 0.
        ids: event id of each of `lines`.
        rejected: place and reason of what cannot be an event.
    """

    lines: list[bytes] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)


def items_of(body: bytes) -> list[Any]:
    """Return the items of a body: a JSON array's, one object, or one a line.

    Raises:
        BadBody: where it is none of these.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBody("The body is not UTF-8 text.") from error
    try:
        found = _parsed(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise BadBody(f"The body is no JSON: {str(error).splitlines()[0]}.") from error
        try:
            return [_parsed(line) for line in lines]
        except ValueError:
            raise BadBody(f"The body is no JSON: {str(error).splitlines()[0]}.") from error
    return found if isinstance(found, list) else [found]


def read(items: list[Any], encoded: Callable[[Any], tuple[str, bytes] | None]) -> Reading:
    """Encode items one by one; a bad one costs no other, and None leaves one out."""
    reading = Reading()
    for index, item in enumerate(items):
        try:
            found = encoded(item)
        except BadItem as error:
            reading.rejected.append((index, str(error)))
            continue
        if found is not None:
            reading.ids.append(found[0])
            reading.lines.append(found[1])
            reading.indexes.append(index)
    return reading


def litellm_event(item: Any) -> tuple[str, bytes] | None:
    """Encode one StandardLoggingPayload as LiteLLM's ``generic_api`` sends it; null is nothing."""
    if item is None:
        return None
    if not isinstance(item, dict):
        raise BadItem("the item is no JSON object")
    event = normalise(LitellmCall({"standard_logging_object": item}), raw_prices=_listed_prices)
    if event is None:
        raise BadItem("startTime and litellm_call_id are missing: it is no logging payload")
    if event.attribution in ("verified", "signed"):
        event = dataclasses.replace(event, attribution="declared")
    return _checked(event)


def _listed_prices(key: str) -> Mapping[str, Any] | None:
    """Return an entry of the price map that comes with LiteLLM; None where there is none.

    Of the process that sent a payload nobody can ask what its own map holds.
    """
    try:
        return read_price_map().get(key)
    except ConfigurationError:
        return None


def usage_events(sender: str, call_ids: str | None) -> Callable[[Any], tuple[str, bytes]]:
    """Return an encoder of request events.

    Args:
        sender: names the caller, so that two callers' ids never mean one request.
        call_ids: the caller's Idempotency-Key, which names items that have no `id`; None: items
            without an `id` count anew each time they are sent.
    """
    number = 0

    def encoded(item: Any) -> tuple[str, bytes]:
        nonlocal number
        number += 1
        call_id = f"{call_ids}|{number}" if call_ids else str(uuid.uuid4())
        return _usage_event(item, sender, call_id)

    return encoded


# Field → how it is read. Whatever else a body has is refused, so that no misspelling goes unseen.
FIELDS: Final[dict[str, Parser]] = {
    "id": values.text,
    "userId": values.text,
    "sessionId": values.text,
    "ts": values.moment,
    "model": values.text,
    "provider": values.text,
    "tokens_in": values.count,
    "tokens_out": values.count,
    "usage": values.an_object,
    "call_type": values.text,
    "service_tier": values.text,
    "costEUR": values.amount,
    "cost": values.amount,
    "currency": values.text,
}


def _usage_event(item: Any, sender: str, call_id: str) -> tuple[str, bytes]:
    found = _fields(item)
    model = found.get("model")
    if not model:
        raise BadItem("model is missing")
    now = datetime.now(UTC)
    ts = found.get("ts", now)
    if ts > now + MAX_AHEAD:
        raise BadItem("ts lies more than a day ahead")
    cost = _cost(found)
    usage = _usage(found, model)
    provider = found.get("provider")
    provider = provider.lower() if provider else None
    if provider and model.startswith(f"{provider}/") and model != f"{provider}/":
        model = model[len(provider) + 1 :]
    call_id = found.get("id") or call_id
    # An event sent again must have the same id, so its time counts only where it is stated.
    started_at = ts if "ts" in found else datetime(2000, 1, 1, tzinfo=UTC)
    event = UsageEvent(
        event_id=event_id(f"{sender}|{call_id}", "success", started_at),
        started_at=ts,
        model=model,
        provider=provider,
        litellm_call_id=call_id,
        session_id=found.get("sessionId"),
        source="api",
        user_id=found.get("userId"),
        attribution="declared" if found.get("userId") else "none",
        call_type=found.get("call_type", "chat"),
        tokens_input_uncached=usage.tokens.input_uncached,
        tokens_cache_read=usage.tokens.cache_read,
        tokens_cache_write=usage.tokens.cache_write,
        tokens_output_text=usage.tokens.output_text,
        tokens_reasoning=usage.tokens.reasoning,
        quantities=usage.quantities,
        service_tier=usage.service_tier,
        region=usage.geo,
        flags=usage.flags,
        **cost,
    )
    return _checked(event if cost else _priced(event, usage))


def _usage(found: Mapping[str, Any], model: str) -> Usage:
    """Return what a request used: a provider's usage object, or two counts."""
    counts = [name for name in ("tokens_in", "tokens_out") if name in found]
    if "usage" in found:
        if counts:
            raise BadItem(f"{counts[0]} cannot stand beside usage: report one of them")
        usage = read_usage(found["usage"], model=model)
    else:
        usage = Usage(TokenClasses(found.get("tokens_in"), None, None, found.get("tokens_out")))
    if "service_tier" in found:
        usage = usage._replace(service_tier=tier_of(found["service_tier"]))
    return usage


def _priced(event: UsageEvent, usage: Usage) -> UsageEvent:
    """Return a request without a stated cost as its usage, else LiteLLM's price map, prices it."""
    if usage.cost_usd is not None:
        return dataclasses.replace(event, cost_usd=usage.cost_usd, price_source=IN_USAGE)
    try:
        return price_map().priced(event)
    except ConfigurationError:
        return event


def _cost(found: Mapping[str, Any]) -> StatedCost:
    """Return what a request cost, in the currency that it was reported in."""
    for name in ("costEUR", "cost"):
        if name in found and not 0 <= found[name] <= MAX_COST_USD:
            raise BadItem(f"{name} must be from 0 to 10^7")
    if "costEUR" in found:
        if "cost" in found or "currency" in found:
            raise BadItem("costEUR cannot stand beside cost and currency: report one of them")
        return stated_cost(found["costEUR"], "EUR")
    if "cost" in found and "currency" not in found:
        raise BadItem("cost has no currency beside it: say which, such as USD")
    if "currency" not in found:
        return {}
    if "cost" not in found:
        raise BadItem("currency has no cost beside it")
    try:
        return stated_cost(found["cost"], found["currency"])
    except BadCurrency as error:
        raise BadItem(f"currency {error}") from error


def _fields(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise BadItem("the item is no JSON object")
    unknown = [name for name in item if name not in FIELDS]
    if unknown:
        raise BadItem(
            f"{values.shown(unknown[0])} is no field; the fields are: {', '.join(FIELDS)}"
        )
    found: dict[str, Any] = {}
    for name, parser in FIELDS.items():
        if values.is_nothing(item.get(name)):
            continue
        try:
            found[name] = parser(item[name])
        except BadValue as error:
            raise BadItem(f"{name} {error}") from error
    return found


def _checked(event: UsageEvent) -> tuple[str, bytes]:
    problems = event.problems()
    if problems:
        raise BadItem("; ".join(problems))
    return str(event.event_id), encode(event)


def _parsed(text: str) -> Any:
    try:
        # NaN and Infinity are no JSON, but arrive: as what they are, so that a field refuses them.
        return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
