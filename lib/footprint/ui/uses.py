"""A table of models as the uses that alternatives are worked out from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from footprint.charts.measures import CARBON_EMITTED, ENERGY_USED, WATER_USED, Measure
from footprint.impact.alternatives import ModelUse
from footprint.impact.engine import Range


def uses_of(by_model: pd.DataFrame) -> list[ModelUse]:
    """Return each row of a table of models as what that model was used for.

    Args:
        by_model: columns ``provider``, ``model`` and those of ``Usage``.
    """
    return [_use(row) for row in by_model.to_dict("records")]


def _use(row: dict[Any, Any]) -> ModelUse:
    tokens = _whole(row["tokens_used"])
    return ModelUse(
        provider=row["provider"],
        model=row["model"],
        uncached=_whole(row["tokens_input_uncached"]) + _whole(row["tokens_cache_write"]),
        cached=_whole(row["tokens_cache_read"]),
        out=_whole(row["tokens_output_text"]) + _whole(row["tokens_reasoning"]),
        priced_share=Fraction(_whole(row["tokens_priced"]), tokens or 1),
        measured_share=Fraction(_whole(row["tokens_measured"]), tokens or 1),
        cost_eur=None if row["cost_eur"] is None else float(row["cost_eur"]),
        energy_kwh=_range(row, ENERGY_USED),
        carbon_gco2e=_range(row, CARBON_EMITTED),
        water_l=_range(row, WATER_USED),
    )


def _whole(value: Any) -> int:
    return 0 if pd.isna(value) else int(value)


def _range(row: dict[Any, Any], measure: Measure) -> Range | None:
    low, mid, high = (row[name] for name in (measure.low, measure.column, measure.high))
    return None if pd.isna(mid) else Range(low, mid, high)
