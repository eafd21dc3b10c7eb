"""What a request to a language model weighs: energy, CO2e and water, always as a range.

``estimate`` answers for one request from the figures that the package ships, with the standard
library only. Method and sources: docs/methodology.md.
"""

from footprint.impact.engine import (
    Facility,
    Factor,
    Grid,
    Impact,
    Range,
    TokenCounts,
    derive,
)
from footprint.impact.estimation import Estimate, estimate

__all__ = [
    "Estimate",
    "Facility",
    "Factor",
    "Grid",
    "Impact",
    "Range",
    "TokenCounts",
    "derive",
    "estimate",
]
