"""What a request cost, and how that is known; a cost that LiteLLM does not know is `None`.

LiteLLM writes 0 both for free and for unknown. It is free where somebody stated a price of 0
(`footprint.ingest.stated_prices`), or where nothing is billed: the gateway's own cache answered,
the provider refused. Unknown are: a model without a price, or with a price of one side only, a
request whose tokens nobody reported, and one that broke off so late that it may have been billed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from footprint.event import Status
from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.pricing import GATEWAY_CACHE, NOT_BILLED
from footprint.ingest.stated_prices import INPUT, OUTPUT, RawPrices, Stated, find_stated, is_own
from footprint.ingest.usage import UNKNOWN, TokenClasses

NO_PRICE: Final = "unknown: no price for this model"
NO_USAGE: Final = "unknown: no usage reported"
BROKE_OFF: Final = "unknown: broke off, may be billed"
NOT_SAID: Final = "unknown: cost not reported"
PART_PRICED: Final = "unknown: only the input or only the output has a price"
# How the source of a known 0 ends; sql/183_zero_prices.sql takes every other one for a candidate.
FREE: Final = ", a price of 0"
DISCOUNTED: Final = ", discounted to 0"
ESTIMATED: Final = "estimated tokens at litellm's price"

# The provider answered with an error; these three are given up on this side, so it may have worked.
_GAVE_UP: Final = frozenset({"408", "499", "504"})
# Kinds that are free or billed otherwise than by the token.
_WITHOUT_TOKENS: Final = frozenset(
    {
        *("moderation", "transcription", "speech", "rerank", "image_generation", "image_edit"),
        *("ocr", "search"),
    }
)

# LiteLLM adds binary numbers up.
_ROUNDING: Final = Decimal("0.000000001")


class Charge(NamedTuple):
    """A cost in USD with its source, or None with the reason.

    Args:
        tools_usd: the part of it that is for tools; None where LiteLLM names none.
    """

    cost_usd: Decimal | None
    source: str
    tools_usd: Decimal | None = None

    def of_estimate(
        self, cost_usd: Decimal | None, stated: Stated, call_type: str, tokens: TokenClasses
    ) -> Charge:
        """Return the charge for recounted tokens; what is not billed stays so.

        Args:
            cost_usd: what LiteLLM makes of the tokens; None where it has no price.
            stated: the prices that somebody stated for the call.
            call_type: kind of request.
            tokens: the recounted ones.
        """
        if self.source in (GATEWAY_CACHE, NOT_BILLED) or (self.cost_usd or 0) > 0:
            return self
        if _is_part_priced(stated, call_type, tokens):
            return Charge(None, PART_PRICED)
        if stated.is_own and not stated.is_otherwise_billed:
            # LiteLLM's own count knows list prices only.
            cost_usd = _at_own_prices(stated, tokens)
        if cost_usd:
            return Charge(cost_usd, ESTIMATED)
        if cost_usd is None or not stated.prices or _costs_something(stated, call_type, tokens):
            return Charge(None, NO_PRICE)
        return Charge(Decimal(0), ESTIMATED + FREE)


def find_charge(
    parts: Call,
    status: Status,
    error_code: str | None,
    tokens: TokenClasses,
    call_type: str,
    price_source: str,
    cut: bool,
    raw_prices: RawPrices | None = None,
) -> Charge:
    """Return what a call cost.

    Args:
        parts: the call.
        status: how it ended.
        error_code: HTTP status of a failure, as text.
        tokens: what it used.
        call_type: kind of request.
        price_source: names LiteLLM and its version.
        cut: whether a stream ended before its end.
        raw_prices: looks a key up in LiteLLM's raw price map; without it fewer zeros are known.
    """
    payload = parts.payload
    if payload.get("cache_hit") is True or parts.kwargs.get("cache_hit") is True:
        return Charge(Decimal(0), GATEWAY_CACHE)
    cost = loose.cost(payload.get("response_cost"))
    if cost is None and not payload:
        cost = loose.cost(parts.kwargs.get("response_cost"))
    if status == "failure" and not cost:
        refused = error_code is not None and error_code[:1] in "45" and error_code not in _GAVE_UP
        return Charge(Decimal(0), NOT_BILLED) if refused and not cut else Charge(None, BROKE_OFF)
    is_unmapped = payload.get("response_cost_failure_debug_info") is not None
    if cost is None and not is_unmapped:
        return Charge(None, NOT_SAID)
    if not (cost or is_unmapped) and tokens is UNKNOWN and call_type not in _WITHOUT_TOKENS:
        return Charge(None, NO_USAGE)
    if cost and not is_unmapped and _is_billed_on_both_sides(payload.get("cost_breakdown")):
        # Nearly every call: nothing of it can be a 0 that nobody stated.
        return Charge(cost, f"{price_source}, own price" if is_own(parts) else price_source)
    stated = find_stated(parts, raw_prices)
    if _is_part_priced(stated, call_type, tokens):
        return Charge(None, PART_PRICED)
    if cost is None or is_unmapped:
        return Charge(None, NO_PRICE)
    source = f"{price_source}, own price" if stated.is_own else price_source
    breakdown = loose.mapping(payload.get("cost_breakdown"))
    tools = loose.cost(breakdown.get("tool_usage_cost"))
    tools = min(tools, cost) if tools and cost else None
    if cost and not (tokens.total and _is_all_besides(cost, breakdown)):
        return Charge(cost, source, tools)
    if not cost and loose.cost(breakdown.get("discount_amount")):
        return Charge(cost, source + DISCOUNTED)
    if not stated.prices:
        return Charge(None, NO_PRICE)
    if _costs_something(stated, call_type, tokens):
        # LiteLLM 1.80 writes 0 for streams of models whose price it knows.
        return Charge(None, NOT_SAID)
    return Charge(cost, source if cost else source + FREE, tools)


def _is_billed_on_both_sides(breakdown: Any) -> bool:
    """Tell whether input and output cost something, and nothing else does."""
    if type(breakdown) is not dict:
        return False
    get = breakdown.get
    given, made = get("input_cost"), get("output_cost")
    if type(given) is not float or type(made) is not float or not (given > 0 and made > 0):
        return False
    return not (get("tool_usage_cost") or get("guardrail_cost") or get("additional_costs"))


def _is_part_priced(stated: Stated, call_type: str, tokens: TokenClasses) -> bool:
    """Tell whether the call used tokens of a side that nobody priced, LiteLLM taking 0 for it."""
    return any(name not in stated.prices for name in stated.billed(call_type, tokens))


def _costs_something(stated: Stated, call_type: str, tokens: TokenClasses) -> bool:
    """Tell whether a price that the call is billed by is other than 0, or no plain number."""
    return any(loose.number(stated.prices[name]) != 0 for name in stated.billed(call_type, tokens))


def _at_own_prices(stated: Stated, tokens: TokenClasses) -> Decimal | None:
    """Return what recounted tokens, of input and text, cost in USD at the caller's own prices."""
    rates = [loose.cost(stated.prices.get(name, 0)) for name in (INPUT, OUTPUT)]
    if rates[0] is None or rates[1] is None:
        return None
    return rates[0] * (tokens.input_uncached or 0) + rates[1] * (tokens.output_text or 0)


def _is_all_besides(cost: Decimal, breakdown: Mapping[str, Any]) -> bool:
    """Tell whether a cost is nothing but tools, margins and other additions to that of tokens."""
    names = ("tool_usage_cost", "guardrail_cost", "margin_total_amount")
    values = [breakdown.get(name) for name in names]
    values += loose.mapping(breakdown.get("additional_costs")).values()
    besides = sum((loose.cost(value) or Decimal(0) for value in values), Decimal(0))
    return abs(besides - cost) <= cost * _ROUNDING
