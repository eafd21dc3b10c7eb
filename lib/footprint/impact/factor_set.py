"""A factor set: every figure that impacts are derived with, under one name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from footprint.impact.engine import Facility, Factor, Grid


@dataclass(frozen=True)
class FactorSet:
    """A version of the figures: immutable once it was loaded anywhere.

    Attributes:
        name: year.month, and a number where it was built anew within the month.
        factors: One a model, sorted by provider and model.
        facilities: By LiteLLM provider; '' for unknown ones.
        grids: By zone.
        sources: Versions, constants, citations, coverage, notice.
    """

    name: str
    factors: tuple[Factor, ...]
    facilities: Mapping[str, Facility]
    grids: Mapping[str, Grid]
    sources: Mapping[str, Any]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, whatever its name: two sets with one fingerprint are alike."""
        content = {
            "factors": [{**asdict(factor), "factor_set": ""} for factor in self.factors],
            "facilities": [asdict(facility) for facility in self.facilities.values()],
            "grids": [asdict(grid) for grid in self.grids.values()],
            "constants": self.sources["constants"],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def stored_sources(self) -> dict[str, Any]:
        """What the database keeps as factor_sets.sources."""
        return {**self.sources, "fingerprint": self.fingerprint}

    def renamed(self, name: str) -> FactorSet:
        """Return the same figures under another name."""
        factors = tuple(replace(factor, factor_set=name) for factor in self.factors)
        return replace(self, name=name, factors=factors)
