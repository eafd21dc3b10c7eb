"""What a request cost, and how that is known; a cost that LiteLLM does not know is `None`.

LiteLLM writes 0 both for free and for unknown. Unknown are: a model that its price map lacks
(``response_cost_failure_debug_info``), a request whose tokens nobody reported, and a request that
broke off so late that the provider may have billed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from footprint.event import Status
from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.pricing import GATEWAY_CACHE, NOT_BILLED
from footprint.ingest.tokens import UNKNOWN, TokenClasses

NO_PRICE: Final = "unknown: no price for this model"
NO_USAGE: Final = "unknown: no usage reported"
BROKE_OFF: Final = "unknown: broke off, may be billed"
NOT_SAID: Final = "unknown: cost not reported"

# The provider answered with an error; these three are given up on this side, so it may have worked.
_GAVE_UP: Final = frozenset({"408", "499", "504"})
# Kinds that are free or billed otherwise than by the token.
_WITHOUT_TOKENS: Final = frozenset(
    {"moderation", "transcription", "speech", "rerank", "image_generation", "image_edit"}
)


_PRICES: Final = ("input_cost_per_token", "output_cost_per_token")


class Charge(NamedTuple):
    """A cost in USD with its source, or None with the reason."""

    cost_usd: Decimal | None
    source: str

    def of_estimate(self, cost_usd: Decimal | None) -> Charge:
        """Return the charge for recounted tokens; what is not billed stays so."""
        if self.source in (GATEWAY_CACHE, NOT_BILLED) or (self.cost_usd or 0) > 0:
            return self
        if cost_usd is None:
            return Charge(None, NO_PRICE)
        return Charge(cost_usd, "estimated tokens at litellm's price")


def find_charge(
    parts: Call,
    status: Status,
    error_code: str | None,
    tokens: TokenClasses,
    call_type: str,
    price_source: str,
    cut: bool,
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
    if payload.get("response_cost_failure_debug_info") is not None:
        return Charge(None, NO_PRICE)
    if cost is None:
        return Charge(None, NOT_SAID)
    if cost:
        return Charge(cost, _source(parts, price_source))
    if tokens is UNKNOWN and call_type not in _WITHOUT_TOKENS:
        return Charge(None, NO_USAGE)
    known = _map_entry(parts)
    if payload.get("cost_breakdown") is None and not known:
        return Charge(None, NO_PRICE)
    if tokens.total and any(loose.number(known.get(name)) for name in _PRICES):
        # LiteLLM 1.80 writes 0 for streams of models whose price it knows.
        return Charge(None, NOT_SAID)
    return Charge(Decimal(0), _source(parts, price_source))


def _source(parts: Call, price_source: str) -> str:
    own = parts.litellm_params
    if own.get("input_cost_per_token") is not None or own.get("input_cost_per_second") is not None:
        return f"{price_source}, own price"
    return price_source


def _map_entry(parts: Call) -> Mapping[str, Any]:
    """Return what LiteLLM's price map says of the model."""
    found = loose.mapping(parts.payload.get("model_map_information"))
    return loose.mapping(found.get("model_map_value"))
