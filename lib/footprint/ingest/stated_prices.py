"""Which prices somebody really stated for a call. Pure.

LiteLLM's ``get_model_info`` writes 0 where its price map has nothing, and its Router registers in
that map every model that it does not know: a cost of 0, a breakdown full of zeros and a price of 0
in the payload prove nothing. A price is stated where its key stands in the deployment's or the
call's own parameters, or in the raw entry of the price map.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.kinds import TEXT
from footprint.ingest.usage import TokenClasses

# Key of LiteLLM's price map → its raw entry, None where there is none.
RawPrices: TypeAlias = Callable[[str], "Mapping[str, Any] | None"]

INPUT: Final = "input_cost_per_token"
OUTPUT: Final = "output_cost_per_token"
_PRICE: Final = re.compile(
    r"(input|output|ocr|annotation)_(dbu_)?cost_per_\w+|cost_per_second|tiered_pricing"
)
# Prices of another tier of service, or of long requests only, say nothing of an ordinary one.
_OF_A_TIER: Final = re.compile(
    r"_(above_\w+|batches|priority|flex|balanced|decisions|ultrafast|cache_hit)$"
)


class Stated(NamedTuple):
    """The prices that were stated for a call.

    Args:
        prices: by LiteLLM's name of each, USD a unit; a price in tiers is no number.
        is_own: whether the call or its deployment stated some itself.
    """

    prices: Mapping[str, Any]
    is_own: bool

    def billed(self, call_type: str, tokens: TokenClasses) -> tuple[str, ...]:
        """Return which prices a call of this kind, with these tokens, is billed by.

        Those of tokens may be among them although nobody stated them.
        """
        by_token = INPUT in self.prices or OUTPUT in self.prices
        if call_type not in TEXT or not by_token or self.is_otherwise_billed:
            return tuple(self.prices)
        given = (tokens.input_uncached or 0) + (tokens.cache_read or 0) + (tokens.cache_write or 0)
        made = (tokens.output_text or 0) + (tokens.reasoning or 0)
        return (INPUT,) * (given > 0) + (OUTPUT,) * (made > 0)

    @property
    def is_otherwise_billed(self) -> bool:
        """Whether there are prices of something else than tokens, or prices in tiers."""
        return any("token" not in name for name in self.prices)


def find_stated(parts: Call, raw_prices: RawPrices | None) -> Stated:
    """Return the prices stated for a call.

    Args:
        parts: the call.
        raw_prices: looks a key up in the raw price map; None where there is none to look into.
    """
    own = own_prices(parts)
    payload = parts.payload
    found = loose.mapping(payload.get("model_map_information"))
    value = loose.mapping(found.get("model_map_value"))
    model_id = loose.text(loose.mapping(payload.get("hidden_params")).get("model_id"))
    if not own and model_id and value.get("key") == model_id:
        # LiteLLM took the deployment's own entry: it does so where that has a price.
        own = _shown(value)
    keys = [value.get("key"), found.get("model_map_key")]
    if model_id:
        keys = [model_id] if own else [model_id, *keys]
    for key in keys:
        listed = _listed(key, raw_prices)
        if listed:
            return Stated({**listed, **own}, bool(own) or key == model_id)
    if own:
        return Stated(own, True)
    shown = _shown(value)
    is_made_up = all(loose.number(price) == 0 for price in shown.values())
    return Stated({} if is_made_up else shown, False)


def is_own(parts: Call) -> bool:
    """Tell whether the call or its deployment stated prices itself."""
    hidden = parts.payload.get("hidden_params")
    model_id = hidden.get("model_id") if type(hidden) is dict else None
    if model_id:
        return find_stated(parts, None).is_own
    return bool(own_prices(parts))


def _listed(key: Any, raw_prices: RawPrices | None) -> dict[str, Any]:
    entry = raw_prices(key) if raw_prices is not None and isinstance(key, str) else None
    return stated_in(entry) if entry else {}


def _shown(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prices that a payload shows, without whole zeros: those may be made up."""
    return {
        name: price
        for name, price in stated_in(value).items()
        if name not in (INPUT, OUTPUT) or type(price) is not int or price != 0
    }


def own_prices(parts: Call) -> dict[str, Any]:
    """Return the prices that a call's or its deployment's own parameters state."""
    params = parts.litellm_params
    own = stated_in(params) if params else {}
    infos = [params, loose.mapping(params.get("metadata"))]
    infos.append(loose.mapping(params.get("litellm_metadata")))
    for holder in infos:
        info = holder.get("model_info")
        if info:
            own = {**stated_in(loose.mapping(info)), **own}
    return own


def stated_in(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return those prices of an entry that an ordinary request is billed by."""
    return {
        name: value
        for name, value in entry.items()
        if value is not None
        and ("cost_per_" in name or name == "tiered_pricing")
        and _is_price(name)
    }


@lru_cache(1024)
def _is_price(name: str) -> bool:
    return bool(_PRICE.fullmatch(name)) and not _OF_A_TIER.search(name)
