"""LiteLLM's price map: which text models there are, and what a million output tokens costs.

The file is read as it lies in the installed package. LiteLLM itself is not imported: that takes
seconds, and its import asks the network for a newer map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from footprint.errors import ConfigurationError

MAP_NAME = "model_prices_and_context_window_backup.json"
TEXT_MODES = {"chat", "completion", "responses"}
EMBEDDING_MODES = {"embedding"}
# Providers that callers and importers write under their short name as well.
_ALSO_KNOWN_AS = {
    "azure_text": "azure",
    "cohere_chat": "cohere",
    "text-completion-codestral": "codestral",
    "text-completion-inception": "inception",
    "text-completion-openai": "openai",
}


@dataclass(frozen=True)
class PricedModel:
    """One model of the price map.

    Attributes:
        provider: custom_llm_provider, lower case.
        model: Model without the provider's prefix, lower case.
        key: Its key in the map.
        usd_per_m_out: USD per million output tokens; None where the map has no price per token.
    """

    provider: str
    model: str
    key: str
    usd_per_m_out: float | None


def litellm_version() -> str:
    """Return the version of the installed LiteLLM.

    Raises:
        ConfigurationError: where it is not installed.
    """
    # Not needed to read a map that was read before: importing footprint stays fast.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("litellm")
    except PackageNotFoundError as error:
        raise ConfigurationError(
            "LiteLLM is not installed: install it with `pip install llm-footprint[operator]`."
        ) from error


@cache
def read_price_map() -> dict[str, dict[str, Any]]:
    """Return LiteLLM's price map, without its sample entry.

    Raises:
        ConfigurationError: where LiteLLM is not installed.
    """
    from importlib.util import find_spec

    litellm_version()
    spec = find_spec("litellm")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("LiteLLM is installed without its files: install it anew.")
    text = (Path(spec.submodule_search_locations[0]) / MAP_NAME).read_text(encoding="utf-8")
    return {key: entry for key, entry in json.loads(text).items() if key != "sample_spec"}


def text_models(price_map: dict[str, dict[str, Any]]) -> list[PricedModel]:
    """Return every text model, as `models_of`."""
    return models_of(price_map, TEXT_MODES)


def embedding_models(price_map: dict[str, dict[str, Any]]) -> list[PricedModel]:
    """Return every embedding model, as `models_of`; their price of generated tokens is None."""
    return models_of(price_map, EMBEDDING_MODES)


def models_of(price_map: dict[str, dict[str, Any]], modes: Set[str]) -> list[PricedModel]:
    """Return every model of some modes under every name by which a request can name it, sorted.

    A model that the map has twice under one name is taken once, from the entry with a price.
    """
    found: dict[tuple[str, str], PricedModel] = {}
    for key, entry in sorted(price_map.items()):
        if entry.get("mode") not in modes:
            continue
        provider, model = request_name(key, entry)
        price = float(entry.get("output_cost_per_token") or 0) * 1e6 or None
        for owner in filter(None, (provider, _ALSO_KNOWN_AS.get(provider))):
            known = found.get((owner, model))
            if known is None or (known.usd_per_m_out is None and price is not None):
                found[owner, model] = PricedModel(owner, model, key, price)
    return [found[name] for name in sorted(found)]


def request_name(key: str, entry: dict[str, Any]) -> tuple[str, str]:
    """Return (provider, model) as a request would name an entry of the map, both lower case."""
    listed = str(entry.get("litellm_provider", "")).lower()
    provider = re.sub(r"^(vertex_ai)-.*|^(bedrock)_converse$|^(fireworks_ai)-.*", r"\1\2\3", listed)
    first, slash, rest = key.lower().partition("/")
    if slash and first.replace("-", "_") in {listed.replace("-", "_"), provider.replace("-", "_")}:
        return provider, rest
    return provider, key.lower()
