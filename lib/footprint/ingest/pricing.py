"""Prices of requests, from the price map that LiteLLM ships: read as a file, litellm not imported.

The map holds list prices of the day LiteLLM was released, in USD a token. A price that it does not
know is `None`: LiteLLM writes 0 both for free and for unknown, so a model whose input and output
cost 0 counts as unknown. Off-peak discounts, service tiers and batch rates are not applied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from footprint.event import UsageEvent
from footprint.impact.prices import litellm_version, read_price_map

# What is billed by the token alone; images, audio, pages and searches are not.
_MODES: Final = frozenset({"chat", "completion", "responses", "embedding"})
_ABOVE: Final = re.compile(r"_above_(\d+)(k?)_tokens$")
# LiteLLM's `litellm_provider` where it differs from the `custom_llm_provider` of a request.
_FAMILIES: Final = {
    "bedrock_converse": "bedrock",
    "text-completion-openai": "openai",
    "azure_text": "azure",
}
# Fireworks bills cached input at half its input price unless it says otherwise; LiteLLM adds this
# in litellm/llms/fireworks_ai/cache_pricing.py (1.106.2), not in the map.
_FIREWORKS_CACHE_READ: Final = Decimal("0.5")
MAX_REMEMBERED: Final = 10_000
NOT_BILLED: Final = "not billed: failed before an answer"
GATEWAY_CACHE: Final = "not billed: gateway cache"


@dataclass(frozen=True, slots=True)
class Rates:
    """USD a token, for requests with more than `above` input tokens."""

    above: int
    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    output: Decimal
    reasoning: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: its rates, rising by input tokens; all tokens pay the same tier."""

    tiers: tuple[Rates, ...]
    output_billed: bool

    def cost_usd(self, event: UsageEvent, for_an_hour: int = 0) -> Decimal | None:
        """Return the cost in USD; None where a token class that must be known is not.

        ``Σ tokens of a class × rate of the class``, the rate being that of the tier of all input
        tokens. Cache and reasoning tokens that are unknown count as none.

        Args:
            event: the request.
            for_an_hour: tokens of its cache writes that are kept for an hour instead of minutes.
        """
        text, uncached = event.tokens_output_text, event.tokens_input_uncached
        if uncached is None or (text is None and self.output_billed):
            return None
        total = event.tokens_input
        rates = next((r for r in reversed(self.tiers) if total > r.above), self.tiers[0])
        return (
            uncached * rates.input
            + (event.tokens_cache_read or 0) * rates.cache_read
            + ((event.tokens_cache_write or 0) - for_an_hour) * rates.cache_write
            + for_an_hour * rates.cache_write_1h
            + (text or 0) * rates.output
            + (event.tokens_reasoning or 0) * rates.reasoning
        )


class PriceMap:
    """LiteLLM's price map.

    Args:
        source: names the map and its version; goes with every cost.
        entries: key (model, mostly with provider prefix) → what LiteLLM knows of the model.
    """

    def __init__(self, source: str, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self.source = source
        self.entries = entries
        self._providers = frozenset(_family(entry) for entry in entries.values())
        self._remembered: dict[tuple[str | None, str], Price | None] = {}

    def find(self, provider: str | None, model: str) -> Price | None:
        """Return a model's price; None where the map has none for it."""
        key = provider, model
        if key not in self._remembered:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = read_price(self._entry(provider, model) or {})
        return self._remembered[key]

    def cost(self, event: UsageEvent, for_an_hour: int = 0) -> tuple[Decimal | None, str | None]:
        """Return a request's cost in USD and its source; both None where unknown.

        What the gateway's own cache answered, and what failed without a token, is not billed.
        Arguments as of `Price.cost_usd`.
        """
        if event.cache_hit:
            return Decimal(0), GATEWAY_CACHE
        if event.status == "failure" and not (event.tokens_input or event.tokens_output):
            return Decimal(0), NOT_BILLED
        price = self.find(event.provider, event.model)
        cost = price.cost_usd(event, for_an_hour) if price else None
        return (None, None) if cost is None else (cost, self.source)

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
            return _family(entry), model
        return provider, model

    def _entry(self, provider: str | None, model: str) -> Mapping[str, Any] | None:
        if provider is None:
            return self.entries.get(model)
        prefixed = self.entries.get(f"{provider}/{model}")
        if prefixed is not None:
            return prefixed
        plain = self.entries.get(model)
        return plain if plain and _family(plain) == provider else None


def read_price(entry: Mapping[str, Any]) -> Price | None:
    """Read the price out of an entry of LiteLLM's map; None where it is not priced by the token."""
    if entry.get("mode", "chat") not in _MODES or "input_cost_per_request" in entry:
        return None
    tiers = entry.get("tiered_pricing")
    if tiers:
        stages = [{**t, "above": int(t["range"][0])} for t in tiers if len(t.get("range", ())) == 2]
    else:
        stages = [{**entry, "above": 0}, *_stages_above(entry)]
    rates = [rate for stage in stages if (rate := _rates(stage)) is not None]
    if not rates or not any(rate.input or rate.output for rate in rates):
        return None
    rates.sort(key=lambda rate: rate.above)
    return Price(tuple(rates), output_billed=entry.get("mode") != "embedding")


def _stages_above(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entry once more for each ``…_above_200k_tokens``, with those prices in place."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in entry.items():
        match = _ABOVE.search(key)
        if match and value is not None:
            above = int(match[1]) * (1000 if match[2] else 1)
            found.setdefault(above, {})[key[: match.start()]] = value
    # xAI bills the higher tier from the threshold on, the others beyond it.
    inclusive = entry.get("litellm_provider") == "xai"
    stages: list[dict[str, Any]] = []
    for above in sorted(found):
        below = stages[-1] if stages else entry
        stages.append({**below, **found[above], "above": above - inclusive})
    return stages


def _rates(prices: Mapping[str, Any]) -> Rates | None:
    given, output = prices.get("input_cost_per_token"), prices.get("output_cost_per_token")
    if given is None or (output is None and prices.get("mode") != "embedding"):
        return None

    def rate(name: str, otherwise: Any) -> Decimal:
        value = prices.get(name)
        # By way of its text: the map's 2.5e-06 means exactly that, not the nearest binary number.
        return Decimal(str(otherwise if value is None else value))

    rate_in, rate_out = Decimal(str(given)), Decimal(str(0 if output is None else output))
    write = rate("cache_creation_input_token_cost", rate_in)
    fireworks = str(prices.get("litellm_provider")) == "fireworks_ai"
    return Rates(
        above=int(prices["above"]),
        input=rate_in,
        # A provider that publishes no cache price bills cached tokens as ordinary input.
        cache_read=rate(
            "cache_read_input_token_cost",
            rate_in * _FIREWORKS_CACHE_READ if fireworks else rate_in,
        ),
        cache_write=write,
        cache_write_1h=rate("cache_creation_input_token_cost_above_1hr", write),
        output=rate_out,
        reasoning=rate("output_cost_per_reasoning_token", rate_out),
    )


def _family(entry: Mapping[str, Any]) -> str | None:
    name = entry.get("litellm_provider")
    if not isinstance(name, str):
        return None
    if name.startswith("vertex_ai-"):
        return "vertex_ai"
    return _FAMILIES.get(name, name)


@cache
def price_map() -> PriceMap:
    """Return the price map of the installed LiteLLM.

    Raises:
        ConfigurationError: where LiteLLM is not installed.
    """
    return PriceMap(f"litellm {litellm_version()}", read_price_map())
