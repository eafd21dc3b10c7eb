"""Our figures and EcoLogits' against published ones: `data/impact_cases.csv`, misses included."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from footprint.impact import constants as c
from footprint.impact.engine import Factor, Range, energy_from_size
from footprint.impact.estimation import estimate
from footprint.impact.second_opinion import opinion_on
from footprint.impact.sizes import read_rows

# Reported, not compared with in the summary: a scenario of its own, above every measured source.
UPPER = "upper scenario"
ACCELERATORS = "accelerators"


@dataclass(frozen=True)
class Comparison:
    """One published figure beside ours and EcoLogits', Wh a request.

    Attributes:
        source: Key of the publication.
        model: The model as the publication names it.
        stands_for: provider/model of ours that it is compared with.
        kind: first party, third party, measured or upper scenario.
        boundary: facility (all of the data centre) or accelerators (these alone).
        reference_wh: Its figure.
        ours: Our range, by the size formula where the boundary is the accelerators: a model that
            was measured there would otherwise be compared with its own measurement.
        theirs: EcoLogits' range; None where its formula has no size.
    """

    source: str
    model: str
    stands_for: str
    kind: str
    boundary: str
    tokens_in: int
    tokens_out: int
    conditions: str
    citation: str
    reference_wh: float
    ours: Range
    theirs: tuple[float, float] | None

    @property
    def ratio(self) -> float:
        """Ours divided by the published figure."""
        return self.ours.mid / self.reference_wh

    @property
    def their_ratio(self) -> float | None:
        """EcoLogits' (geometric middle of its range) divided by the published figure."""
        return (
            math.sqrt(self.theirs[0] * self.theirs[1]) / self.reference_wh if self.theirs else None
        )

    @property
    def is_inside(self) -> bool:
        """Whether the published figure lies within our 90 % band."""
        return self.ours.low <= self.reference_wh <= self.ours.high


@dataclass(frozen=True)
class Summary:
    """How far a method stands from a group of published figures.

    Attributes:
        cases: How many.
        geometric_mean: Of the ratios; 1 is no bias.
        spread: Geometric standard deviation of the ratios (x/÷); 1 is none.
        within_two: How many lie within a factor of two.
    """

    cases: int
    geometric_mean: float
    spread: float
    within_two: int


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return every published figure beside ours and EcoLogits', in the order of the file."""
    models = {(row["source"], row["model"]): row for row in read_rows("case_models.csv")}
    return tuple(
        _compare(row, models[row["source"], row["model"]]) for row in read_rows("impact_cases.csv")
    )


def summary(ratios: Iterable[float | None]) -> Summary:
    """Return the geometric mean and spread of the ratios that are known."""
    logs = [math.log(ratio) for ratio in ratios if ratio]
    return Summary(
        cases=len(logs),
        geometric_mean=math.exp(statistics.fmean(logs)),
        spread=math.exp(statistics.stdev(logs)) if len(logs) > 1 else 1.0,
        within_two=sum(abs(log) <= math.log(2) for log in logs),
    )


def compared() -> list[Comparison]:
    """Return the comparisons that the summary is about: all but the upper scenario."""
    return [found for found in comparisons() if found.kind != UPPER]


def upper_scenario() -> list[Comparison]:
    """Return the comparisons with the upper scenario."""
    return [found for found in comparisons() if found.kind == UPPER]


def _compare(case: dict[str, str], stands_for: dict[str, str]) -> Comparison:
    tokens_in, tokens_out = int(case["tokens_in"] or 0), int(case["tokens_out"])
    provider, name = stands_for["provider"], stands_for["name"]
    found = estimate(provider, name, tokens_in, tokens_out)
    if found.factor is None or found.impact.energy_kwh is None:
        raise LookupError(f"{provider}/{name}, for a reference case, has no factor")
    alone = stands_for["boundary"] == ACCELERATORS
    opinion = opinion_on(found.factor)
    theirs = None
    if opinion and alone:
        low, high = opinion.accelerators_kwh
        theirs = (low * tokens_out * 1000, high * tokens_out * 1000)
    elif opinion:
        low, high = opinion.energy_kwh(tokens_out, found.facility.pue)
        theirs = (low * 1000, high * 1000)
    whole = found.impact.energy_kwh
    return Comparison(
        source=case["source"],
        model=case["model"],
        stands_for=f"{provider}/{name}",
        kind=stands_for["kind"],
        boundary=stands_for["boundary"],
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        conditions=case["conditions"],
        citation=case["citation"],
        reference_wh=float(case["kwh_mid"]) * 1000,
        ours=(
            _accelerators_wh(found.factor, tokens_in, tokens_out)
            if alone
            else Range(whole.low * 1000, whole.mid * 1000, whole.high * 1000)
        ),
        theirs=theirs,
    )


def _accelerators_wh(factor: Factor, tokens_in: int, tokens_out: int) -> Range:
    """Return the energy of the accelerators by the size formula, whatever was measured, in Wh."""
    joule, band = factor.energy_j_per_token_out, factor.band
    if factor.evidence == "measured" and factor.parameters_active_b and factor.parameters_total_b:
        joule = energy_from_size(factor.parameters_active_b, factor.parameters_total_b)
        band = c.BANDS["open"]
    weighted = tokens_out + factor.weight_input * tokens_in
    return Range.around(joule * weighted / 3600, band)
