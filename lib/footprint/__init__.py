"""Footprint: what an organisation's LLM requests cost and weigh."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from footprint.impact.estimation import estimate

__all__ = ["estimate"]

# Name → module that has it: imported when first asked for, so that importing a part of the package
# never waits for the rest of it.
_LAZY = {
    "estimate": "footprint.impact.estimation",
}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value
