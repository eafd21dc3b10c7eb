"""Prices of requests, from the price map that LiteLLM ships: read as a file, litellm not imported.

The map holds list prices of the day LiteLLM was released, in USD. A price that it does not know is
`None`, and so is the cost of what it has no price for: unknown, with the reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from footprint.event import UsageEvent
from footprint.impact.prices import litellm_version, read_price_map
from footprint.ingest.rates import NO_PRICE, UNREAD, Price, family, read_price
from footprint.ingest.usage import is_read_whole

MAX_REMEMBERED: Final = 10_000
NOT_BILLED: Final = "not billed: failed before an answer"
GATEWAY_CACHE: Final = "not billed: gateway cache"


class PriceMap:
    """LiteLLM's price map.

    Args:
        source: names the map and its version; goes with every cost.
        entries: key (model, mostly with provider prefix) → what LiteLLM knows of the model.
    """

    def __init__(self, source: str, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self.source = source
        self.entries = entries
        self._providers = frozenset(family(entry) for entry in entries.values())
        self._remembered: dict[tuple[str | None, str], Price | None] = {}

    def find(self, provider: str | None, model: str) -> Price | None:
        """Return a model's price; None where the map has none for it."""
        key = provider, model
        if key not in self._remembered:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = self._read(self._entry(provider, model))
        return self._remembered[key]

    def priced(self, event: UsageEvent) -> UsageEvent:
        """Return a request with its cost; unknown, with the reason, where that is so.

        What the gateway's own cache answered, and what failed without a token, is not billed.
        """
        if event.cache_hit:
            return dataclasses.replace(event, cost_usd=Decimal(0), price_source=GATEWAY_CACHE)
        used = event.tokens_input or event.tokens_output or event.quantities
        if event.status == "failure" and not used:
            return dataclasses.replace(event, cost_usd=Decimal(0), price_source=NOT_BILLED)
        if not is_read_whole(event.flags):
            return dataclasses.replace(event, price_source=UNREAD)
        price = self.find(event.provider, event.model)
        if price is None:
            return dataclasses.replace(event, price_source=NO_PRICE)
        found = price.of(event)
        return dataclasses.replace(
            event,
            cost_usd=found.cost_usd,
            cost_tools_usd=found.tools_usd,
            price_source=found.reason or self.source,
        )

    def identify(self, provider: str | None, model: str) -> tuple[str | None, str]:
        """Return provider and model as LiteLLM names them, the prefix taken off the model.

        Args:
            provider: None where the source does not say.
            model: with or without a provider prefix.
        """
        first, slash, rest = model.partition("/")
        if slash and rest and first == provider:
            return provider, rest
        if provider is None and slash and rest and first in self._providers:
            return first, rest
        if provider is None and (entry := self.entries.get(model)):
            return family(entry), model
        return provider, model

    def _read(self, entry: Mapping[str, Any] | None) -> Price | None:
        if entry is None:
            return None
        container = self.entries.get(f"{family(entry)}/container", {})
        session = container.get("code_interpreter_cost_per_session")
        return read_price(entry, None if session is None else Decimal(str(session)))

    def _entry(self, provider: str | None, model: str) -> Mapping[str, Any] | None:
        if provider is None:
            return self.entries.get(model)
        prefixed = self.entries.get(f"{provider}/{model}")
        if prefixed is not None:
            return prefixed
        plain = self.entries.get(model)
        return plain if plain and family(plain) == provider else None


@cache
def price_map() -> PriceMap:
    """Return the price map of the installed LiteLLM.

    Raises:
        ConfigurationError: where LiteLLM is not installed.
    """
    return PriceMap(f"litellm {litellm_version()}", read_price_map())
