"""Recording a request by hand, for programs that do not call LiteLLM."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from footprint.errors import InputError
from footprint.event import KEPT, MAX_TAG, MAX_TAGS, Attribution, Status, UsageEvent, event_id
from footprint.ingest.currency import BadCurrency, StatedCost, stated_cost
from footprint.ingest.recorder import default_recorder


def log_request_to_supabase(
    *,
    model: str,
    provider: str | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    tokens_input: int | None = None,
    tokens_output: int | None = None,
    tokens_cache_read: int | None = None,
    tokens_reasoning: int | None = None,
    cost_usd: Decimal | float | str | None = None,
    cost: Decimal | float | str | None = None,
    currency: str | None = None,
    started_at: datetime | None = None,
    latency_s: float | None = None,
    status: Status = "success",
    call_id: str | None = None,
    tags: Sequence[str] = (),
) -> uuid.UUID:
    """Record one request: it is on disk when this returns, and in the database soon after.

    Args:
        model: without the provider's prefix.
        provider: as LiteLLM names it, such as ``openai``.
        user_id: who made it; a claim.
        session_id: chat session, see `register_session`.
        tokens_input: all input tokens, cached ones included.
        tokens_output: all output tokens, reasoning included.
        tokens_cache_read: those of `tokens_input` that the provider read from its cache.
        tokens_reasoning: those of `tokens_output` that were reasoning.
        cost_usd: in USD; None when no price is known.
        cost: the same in `currency`, in place of `cost_usd`; it stays as it is, and the database
            works out dollars and euros.
        currency: of `cost`, ISO 4217, such as ``EUR``.
        started_at: with a time zone; now by default.
        latency_s: seconds to the end of the answer.
        status: success, failure, cancelled or abandoned.
        call_id: the same one with the same `started_at` counts once; made up by default.
        tags: at most 20, of at most 100 characters.

    Returns:
        The event's id.

    Raises:
        InputError: where a value cannot be stored.
    """
    started_at = started_at or datetime.now(UTC)
    call_id = call_id or str(uuid.uuid4())
    attribution: Attribution = "declared" if user_id else "none"
    try:
        event = UsageEvent(
            event_id=event_id(call_id, status, started_at),
            started_at=started_at,
            model=model,
            provider=provider,
            status=status,
            litellm_call_id=call_id,
            session_id=session_id,
            source="api",
            user_id=user_id,
            attribution=attribution,
            tokens_input_uncached=_less(tokens_input, tokens_cache_read),
            tokens_cache_read=tokens_cache_read,
            tokens_output_text=_less(tokens_output, tokens_reasoning),
            tokens_reasoning=tokens_reasoning,
            latency_s=latency_s,
            tags=tuple(tags),
            **_cost(cost_usd, cost, currency),
        )
        problems = (*event.problems(), *_too_long(event))
    except (ArithmeticError, TypeError, ValueError) as error:
        raise InputError(f"The request cannot be recorded: {error}.") from error
    if problems:
        raise InputError(f"The request cannot be recorded: {'; '.join(problems)}.")
    default_recorder().record(event)
    return event.event_id


def flush(timeout_s: float = 10.0) -> bool:
    """Wait until everything recorded is stored; False where something is left on disk.

    Args:
        timeout_s: the longest wait, in seconds.
    """
    return default_recorder().courier.flush(timeout_s)


def _too_long(event: UsageEvent) -> Iterator[str]:
    """Yield what would be cut: whoever calls can be told, and nothing has to vanish."""
    for name in event.cuts():
        if name == "tags":
            yield f"tags are more than {MAX_TAGS}, or longer than {MAX_TAG} characters"
        else:
            yield f"{name} is longer than {KEPT[name]} characters"


def _less(total: int | None, part: int | None) -> int | None:
    # What is no whole number stays as it is, for the event to name.
    both_count = type(total) is int and type(part or 0) is int
    return total - (part or 0) if total is not None and both_count else total


def _cost(
    cost_usd: Decimal | float | str | None,
    cost: Decimal | float | str | None,
    currency: str | None,
) -> StatedCost:
    if (cost is None) != (currency is None):
        raise ValueError("cost and currency go together")
    if cost is None or currency is None:
        return {} if cost_usd is None else stated_cost(_amount("cost_usd", cost_usd), "USD")
    if cost_usd is not None:
        raise ValueError("cost_usd and cost are the same cost: give one of them")
    if not isinstance(currency, str):
        raise ValueError(f"currency must be a text, not {str(currency)[:40]}")
    try:
        return stated_cost(_amount("cost", cost), currency)
    except BadCurrency as error:
        raise ValueError(f"currency {error}") from error


def _amount(name: str, value: Decimal | float | str) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError as error:
        raise ValueError(f"{name} is not a number: {str(value)[:40]}") from error
