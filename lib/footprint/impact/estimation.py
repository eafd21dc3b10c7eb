"""The impact of a request from the factor set that the package ships: no network, no database."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, lru_cache

from footprint.errors import InputError
from footprint.impact.engine import (
    KIND_OF_CALL,
    NO_FACTOR,
    NOT_MODELLED,
    TEXT,
    Facility,
    Factor,
    Grid,
    Impact,
    TokenCounts,
    derive,
)
from footprint.impact.shipped import shipped


@dataclass(frozen=True)
class Estimate:
    """What a request weighs, with everything the figure was derived from.

    Attributes:
        provider: Provider, lower case.
        model: Model without the provider's prefix, lower case.
        tokens: What was read and generated.
        impact: Low, mid and high of energy (kWh), carbon (gCO2e) and water (L), or a reason.
        factor: The model's factor; None where the model is unknown. One that the set lacks and the
            ladder finds by the name has the day of that as ``resolved`` among its sources.
        facility: The data centres assumed.
        grid: The electricity mix used.
        factor_set: Name of the set.
    """

    provider: str
    model: str
    tokens: TokenCounts
    impact: Impact
    factor: Factor | None
    facility: Facility
    grid: Grid
    factor_set: str

    @property
    def citations(self) -> dict[str, dict[str, str]]:
        """Sources of the factor, the facility and the grid, by key."""
        known = shipped().sources["citations"]
        if self.factor and "resolved" in self.factor.sources:
            known = known | _later_citations()
        keys = {str(value) for value in self.factor.sources.values()} if self.factor else set()
        keys |= {self.facility.source, self.grid.source}
        return {key: known[key] for key in sorted(keys) if key in known}


def estimate(
    provider: str,
    model: str,
    tokens_in: int | None,
    tokens_out: int | None,
    cached: int = 0,
    zone: str | None = None,
    call_type: str | None = None,
) -> Estimate:
    """Estimate the impact of one request.

    Args:
        provider: Provider as LiteLLM names it (``openai``, ``bedrock``, ...).
        model: Model as LiteLLM names it, without the provider's prefix.
        tokens_in: All tokens of the prompt, those read from the provider's cache included; None
            where nobody counted them.
        tokens_out: All generated tokens, reasoning included; None likewise.
        cached: How many of ``tokens_in`` were read from the provider's prompt cache.
        zone: ISO 3166-1 alpha-3 country of the data centre, or WOR; None: the provider's usual one.
        call_type: What was asked (``chat``, ``embedding``, ``rerank``, ...); None: what the model
            is for. A factor is used for its own kind only.

    Returns:
        The estimate; its figures are None with a reason where the model has no factor.
        The first call of a process reads the set (some 20 ms), the first one of a name that the
        set lacks the tables of sizes (some 30 ms); later ones take microseconds.

    Raises:
        InputError: where a number of tokens, or the zone, cannot be.
    """
    for name, value in (("provider", provider), ("model", model)):
        if not isinstance(value, str):
            raise InputError(f"{value!r} is no {name}: give its name as a text.")
    if zone is not None and not isinstance(zone, str):
        raise InputError(f"{zone!r} is not a zone: give three letters, for example FRA.")
    if call_type is not None and not isinstance(call_type, str):
        raise InputError(f"{call_type!r} is no kind of call: give a text such as chat.")
    counts = TokenCounts(tokens_out, tokens_in, cached)
    if tokens_in is not None and cached > tokens_in:
        raise InputError(
            f"{cached} cached tokens are more than the {tokens_in} of the prompt: "
            "count the cached ones among them."
        )
    provider, model = provider.strip().lower(), model.strip().lower()
    figures = shipped()
    facility = figures.facilities.get(provider) or figures.facilities[""]
    grid = figures.grids.get((zone or facility.default_zone).strip().upper())
    if grid is None:
        raise InputError(
            f"{zone!r} is not a zone with a known electricity mix: give the three letters of a "
            "country (ISO 3166-1, for example FRA), or WOR for the world."
        )
    factor = _index().get((provider, model)) or _by_ladder(provider, model)
    kind = KIND_OF_CALL.get(call_type) if call_type is not None else factor and factor.kind
    if factor and factor.kind != kind:
        factor = None
    uncached = None if tokens_in is None else tokens_in - cached
    tokens = TokenCounts(counts.out, uncached, cached)
    impact = derive(factor, facility, grid, tokens)
    if call_type is not None and kind != TEXT and impact.reason == NO_FACTOR:
        impact = replace(impact, reason=NOT_MODELLED)
    return Estimate(provider, model, tokens, impact, factor, facility, grid, figures.name)


def providers_of(model: str) -> list[str]:
    """Return the providers of whom the shipped set knows a model of this name."""
    name = model.strip().lower()
    return sorted(provider for provider, known in _index() if known == name)


def _by_ladder(provider: str, model: str) -> Factor | None:
    return _dated(provider, model, int(time.time() // 86_400))


@lru_cache(maxsize=4096)
def _dated(provider: str, model: str, days_since_1970: int) -> Factor | None:
    # Not needed for the names of the set: importing footprint stays fast.
    from footprint.impact.resolution import resolved

    factor = resolved(shipped().name, provider, model)
    if factor is None:
        return None
    day = date(1970, 1, 1) + timedelta(days_since_1970)
    return replace(factor, sources={**factor.sources, "resolved": day.isoformat()})


def _later_citations() -> dict[str, dict[str, str]]:
    from footprint.impact.sizes import disclosed_citations, later_citations

    return disclosed_citations() | later_citations()


@cache
def _index() -> dict[tuple[str, str], Factor]:
    return {(factor.provider, factor.model): factor for factor in shipped().factors}
