"""The measures of a group of requests, as every question answers them: one record or a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """What a group of requests used, cost and weighed.

    Counts are of requests or tokens. An amount is ``None`` where nothing in the group is known;
    ``_low`` and ``_high`` are the ends of its 90 % range. ``billable`` and ``measurable`` are the
    requests of which ``priced`` and ``measured`` are shares: what can have a cost, whatever it is
    billed by, and what can have an impact.
    """

    requests: int
    failures: int
    cache_hits: int
    billed: int
    billable: int
    measurable: int
    priced: int
    measured: int
    attributed: int
    tokens_input_uncached: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_output_text: int | None
    tokens_reasoning: int | None
    tokens_used: int | None
    cost_usd: Decimal | None
    cost_eur: Decimal | None
    energy_kwh: float | None
    energy_kwh_low: float | None
    energy_kwh_high: float | None
    carbon_gco2e: float | None
    carbon_gco2e_low: float | None
    carbon_gco2e_high: float | None
    water_l: float | None
    water_l_low: float | None
    water_l_high: float | None
    restored_m2_verified: float | None
    restored_m2_pending: float | None
    # Of ``tokens_used`` and ``cost_eur``, the part with a price, an impact, a person.
    tokens_priced: int | None
    tokens_measured: int | None
    tokens_attributed: int | None
    cost_eur_measured: Decimal | None
    cost_eur_attributed: Decimal | None
    # Of ``measured``, the requests whose provider published what the electricity it buys emits.
    market_measured: int
    carbon_market_gco2e: float | None
    carbon_market_gco2e_low: float | None
    carbon_market_gco2e_high: float | None


COUNTS = tuple(f.name for f in fields(Usage) if f.type == "int")
MONEY = ("cost_usd", "cost_eur")
_TOKEN_PARTS = ("tokens_priced", "tokens_measured", "tokens_attributed")
_MONEY_PARTS = ("cost_eur_measured", "cost_eur_attributed")
_MARKET = tuple(f.name for f in fields(Usage) if f.name.startswith("carbon_market_"))
TOKENS = tuple(
    f.name for f in fields(Usage) if f.name.startswith("tokens_") and f.name not in _TOKEN_PARTS
)
ESTIMATES = tuple(
    f.name
    for f in fields(Usage)
    if f.name not in {*COUNTS, *TOKENS, *MONEY, *_TOKEN_PARTS, *_MONEY_PARTS, *_MARKET}
)


def money(value: object) -> Decimal | None:
    """Read an exact amount of money from a JSON number or decimal string."""
    if value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not an amount of money") from error


def number(value: Any) -> float | None:
    """Read a figure from a JSON number or from the string a numeric may arrive as."""
    return None if value is None else float(value)


def count(value: Any) -> int | None:
    """Read a whole number from a JSON number or string."""
    return None if value is None else int(value)


def usage(record: Record) -> Usage:
    """Read one group's measures; a field the answer leaves out is unknown (a count: none)."""
    amounts: dict[str, Any] = {name: count(record.get(name)) or 0 for name in COUNTS}
    amounts |= {name: count(record.get(name)) for name in (*TOKENS, *_TOKEN_PARTS)}
    amounts |= {name: money(record.get(name)) for name in (*MONEY, *_MONEY_PARTS)}
    amounts |= {name: number(record.get(name)) for name in (*ESTIMATES, *_MARKET)}
    return Usage(**amounts)


def usage_table(records: Iterable[Record], *keys: str) -> pd.DataFrame:
    """Read groups into a table: the ``keys`` that name a group, then every field of ``Usage``.

    Money stays exact (Python decimals); other amounts are floats, NaN where unknown.
    """
    rows = list(records)
    columns: dict[str, pd.Series[Any]] = {}
    for name in keys:
        columns[name] = pd.Series([row.get(name) for row in rows], dtype="object")
    for name in COUNTS:
        columns[name] = pd.Series([count(row.get(name)) or 0 for row in rows], dtype="int64")
    for name in (*TOKENS, *_TOKEN_PARTS):
        columns[name] = pd.Series([count(row.get(name)) for row in rows], dtype="Int64")
    for name in (*MONEY, *_MONEY_PARTS):
        columns[name] = pd.Series([money(row.get(name)) for row in rows], dtype="object")
    for name in (*ESTIMATES, *_MARKET):
        columns[name] = pd.Series([number(row.get(name)) for row in rows], dtype="float64")
    return pd.DataFrame(columns)
