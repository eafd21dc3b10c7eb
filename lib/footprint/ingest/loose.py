"""Readings of untrusted values: each returns what was asked for or `None`, and never raises.

LiteLLM's payload is what providers, gateways and callers put into it; any field can be missing or
of another type. A value that cannot be read is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from footprint.event import MAX_COST_USD, MAX_SECONDS, MAX_TEXT, MAX_TOKENS, storable

_EMPTY: Final[Mapping[str, Any]] = {}
_REPLACEMENT: Final = "\ufffd"
_MAX_COST_USD: Final = float(MAX_COST_USD)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, a pydantic object as one, anything else as an empty one."""
    if type(value) is dict:
        return value
    if value is None:
        return _EMPTY
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return _EMPTY
    dump = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        dumped = dump()
        return dumped if isinstance(dumped, dict) else _EMPTY
    return value if isinstance(value, Mapping) else _EMPTY


def text(value: Any, limit: int = MAX_TEXT) -> str | None:
    """Return a text that the database can hold, at most `limit` characters; None when empty."""
    if value is None:
        return None
    if type(value) is str and len(value) <= limit and value.isprintable():
        # Nearly every text: nothing to cut, nothing to replace.
        return value.strip() or None
    if not isinstance(value, str):
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        if abs(value) > MAX_TOKENS:
            return None
        value = str(value)
    value = value[: limit + 100].strip()[:limit]
    if not value:
        return None
    return value if storable(value) else storable_text(value)


def storable_text(value: str) -> str:
    """Return a text with every character that PostgreSQL cannot hold replaced by U+FFFD."""
    return "".join(_REPLACEMENT if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)


def number(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def count(value: Any) -> int | None:
    """Return a count from 0 to 10^12; None for anything else, fractions included."""
    if value is None:
        return None
    if type(value) is int:
        return value if 0 <= value <= MAX_TOKENS else None
    found = number(value)
    if found is None or not 0 <= found <= MAX_TOKENS or found != int(found):
        return None
    return int(found)


def seconds(value: float | None) -> float | None:
    """Return a duration in seconds, a negative one as 0; None beyond what can be stored."""
    if value is None or value > MAX_SECONDS:
        return None
    return round(value, 6) if value > 0 else 0.0


def cost(value: Any) -> Decimal | None:
    """Return an amount in USD from 0 to 10^7, exactly as it is written; None for anything else."""
    if type(value) is float:
        return Decimal(repr(value)) if 0.0 <= value <= _MAX_COST_USD else None
    found = number(value)
    if found is None or found < 0 or found > _MAX_COST_USD:
        return None
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def instant(value: Any) -> float | None:
    """Return a time in seconds since 1970 from a number or a datetime; a naive one is local."""
    if isinstance(value, datetime):
        try:
            return value.timestamp()
        except (OverflowError, OSError, ValueError):
            return None
    return number(value)
