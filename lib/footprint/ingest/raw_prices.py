"""LiteLLM's raw price map, as it stands in the host's process.

LiteLLM is read only where the host already imported it, and never asked: ``get_model_info`` makes
up a price of 0 where the map has none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_MADE_UP = ("input_cost_per_token", "output_cost_per_token")


def raw_prices(key: str) -> Mapping[str, Any] | None:
    """Return the raw entry of a key; None where there is none, or LiteLLM is not loaded."""
    litellm = sys.modules.get("litellm")
    entries = getattr(litellm, "model_cost", None)
    entry = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(entry, dict):
        return None
    if "key" in entry and not hasattr(
        sys.modules.get("litellm.utils"), "_get_builtin_model_info_for_registration"
    ):
        # An older LiteLLM that registers a model again writes what get_model_info made up into the
        # map: a whole 0, where prices are floats. Its catalogue has whole zeros too; those of its
        # free models that a Router registered are unknown rather than the made up ones known.
        return {
            name: value
            for name, value in entry.items()
            if name not in _MADE_UP or type(value) is not int or value != 0
        }
    return entry
