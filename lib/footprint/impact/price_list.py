"""What a request costs by LiteLLM's price list, snapshotted with the factor set. Pure.

For the calculator only: what a request really cost is recorded with it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from footprint.impact import constants as c
from footprint.impact.prices import EMBEDDING_MODES, TEXT_MODES, request_name
from footprint.impact.shipped import FOLDER

_COLUMNS = ("provider", "model", "usd_per_m_in", "usd_per_m_cached", "usd_per_m_out")


@dataclass(frozen=True)
class TokenPrice:
    """USD per million tokens of each class."""

    usd_per_m_in: float
    usd_per_m_cached: float
    usd_per_m_out: float

    def cost_usd(self, uncached: int, cached: int, out: int) -> float:
        """Return the cost of a request, USD."""
        return (
            uncached * self.usd_per_m_in + cached * self.usd_per_m_cached + out * self.usd_per_m_out
        ) / 1e6


def prices_path(name: str = c.FACTOR_SET, folder: Path = FOLDER) -> Path:
    """Return where the price list of a set lies."""
    return folder / f"prices_{name}.csv"


def render_prices(price_map: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the price list of text and embedding models that have a price per token, sorted."""
    rows: dict[tuple[str, str], TokenPrice] = {}
    for key, entry in sorted(price_map.items()):
        out = float(entry.get("output_cost_per_token") or 0) * 1e6
        fresh = float(entry.get("input_cost_per_token") or 0) * 1e6
        embeds = entry.get("mode") in EMBEDDING_MODES and fresh
        if not embeds and (entry.get("mode") not in TEXT_MODES or not out):
            continue
        cached = float(entry.get("cache_read_input_token_cost") or 0) * 1e6 or fresh
        rows.setdefault(request_name(key, dict(entry)), TokenPrice(fresh, cached, out))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for (provider, model), price in sorted(rows.items()):
        values = (price.usd_per_m_in, price.usd_per_m_cached, price.usd_per_m_out)
        writer.writerow([provider, model, *(f"{value:.6g}" for value in values)])
    return text.getvalue()


@cache
def token_prices() -> dict[tuple[str, str], TokenPrice]:
    """Return the shipped prices by provider and model."""
    lines = prices_path().read_text(encoding="utf-8").splitlines()
    return {
        (row["provider"], row["model"]): TokenPrice(
            float(row["usd_per_m_in"]), float(row["usd_per_m_cached"]), float(row["usd_per_m_out"])
        )
        for row in csv.DictReader(lines)
    }
