"""What the same tokens would have cost and weighed on another model, or without a cache. Pure.

Prices are list prices (`price_list`), energy, carbon and water the engine's: both are sums over
token classes, so that they may be worked out from totals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from footprint.impact.engine import Facility, Factor, Grid, Range, TokenCounts, derive
from footprint.impact.price_list import TokenPrice, token_prices


@dataclass(frozen=True)
class ModelUse:
    """What one model was used for in a period, and what that cost and weighed; None: unknown.

    Attributes:
        uncached: input tokens read anew or written to the cache.
        cached: input tokens read from the provider's cache.
        out: generated tokens, reasoning included.
        priced_share: of the tokens, those of requests with a known cost, 0–1.
        measured_share: of the tokens, those of requests with an estimated impact, 0–1.
    """

    provider: str
    model: str
    uncached: int
    cached: int
    out: int
    priced_share: Fraction
    measured_share: Fraction
    cost_eur: float | None
    energy_kwh: Range | None
    carbon_gco2e: Range | None
    water_l: Range | None

    @property
    def tokens(self) -> int:
        """All tokens of the model."""
        return self.uncached + self.cached + self.out

    def part(self, share: Fraction) -> TokenCounts:
        """Return a share of the tokens, evenly of every class."""
        return TokenCounts(
            out=round(self.out * share),
            in_uncached=round(self.uncached * share),
            cached=round(self.cached * share),
        )


@dataclass(frozen=True)
class Comparison:
    """What requests cost and weighed, and what their tokens would have on another model.

    Only requests whose own figure is known are compared: the tokens behind the cost and behind the
    impact may differ. ``None`` where nothing can be compared.
    """

    cost_eur: tuple[float, float] | None
    energy_kwh: tuple[Range, Range] | None
    carbon_gco2e: tuple[Range, Range] | None
    water_l: tuple[Range, Range] | None
    # Of all tokens, those behind the cost and behind the impact, 0–1.
    priced_share: float
    measured_share: float


@dataclass(frozen=True)
class Instead:
    """The model asked about: its factor with its place, and its price where one is listed."""

    factor: Factor
    facility: Facility
    grid: Grid
    price: TokenPrice | None


def on_another_model(
    uses: Iterable[ModelUse], instead: Instead, eur_per_usd: float | None
) -> Comparison:
    """Return what the tokens of all uses would have cost and weighed on one other model.

    Args:
        uses: what was used, by model.
        instead: the other model.
        eur_per_usd: the rate at which dollars of the period became euros.
    """
    known = [use for use in uses if use.tokens]
    priced = [use for use in known if use.cost_eur is not None and use.priced_share]
    measured = [use for use in known if use.energy_kwh is not None and use.measured_share]
    tokens = sum(use.tokens for use in known) or 1
    cost = None
    if priced and instead.price is not None and eur_per_usd is not None:
        dollars = sum(_list_price(use.part(use.priced_share), instead.price) for use in priced)
        cost = (sum(use.cost_eur or 0 for use in priced), dollars * eur_per_usd)
    then = derive(
        instead.factor,
        instead.facility,
        instead.grid,
        _total(use.part(use.measured_share) for use in measured),
    )
    return Comparison(
        cost,
        _pair((use.energy_kwh for use in measured), then.energy_kwh),
        _pair((use.carbon_gco2e for use in measured), then.carbon_gco2e),
        _pair((use.water_l for use in measured), then.water_l),
        float(sum(use.tokens * use.priced_share for use in priced) / tokens),
        float(sum(use.tokens * use.measured_share for use in measured) / tokens),
    )


@dataclass(frozen=True)
class Saving:
    """What reading input from a provider's cache saved, at list price."""

    saved_usd: float
    # Of the tokens read from a cache, those whose model has a list price, 0–1.
    known_share: float


def cache_saving(uses: Iterable[ModelUse]) -> Saving | None:
    """Return what cached input saved: its tokens × (price of new input − price of cached input).

    None where nothing was read from a cache, or no model of it has a list price.
    """
    cached = [(use.cached, _price_of(use)) for use in uses if use.cached]
    known = [(tokens, price) for tokens, price in cached if price is not None]
    if not known:
        return None
    saved = sum(
        tokens * (price.usd_per_m_in - price.usd_per_m_cached) / 1e6 for tokens, price in known
    )
    return Saving(saved, sum(tokens for tokens, _ in known) / sum(tokens for tokens, _ in cached))


def _price_of(use: ModelUse) -> TokenPrice | None:
    return token_prices().get((use.provider.lower(), use.model.lower()))


def _list_price(tokens: TokenCounts, price: TokenPrice) -> float:
    return price.cost_usd(tokens.in_uncached or 0, tokens.cached or 0, tokens.out or 0)


def _total(parts: Iterable[TokenCounts]) -> TokenCounts:
    every = list(parts)
    return TokenCounts(
        out=sum(part.out or 0 for part in every),
        in_uncached=sum(part.in_uncached or 0 for part in every),
        cached=sum(part.cached or 0 for part in every),
    )


def _pair(now: Iterable[Range | None], then: Range | None) -> tuple[Range, Range] | None:
    known = [figure for figure in now if figure is not None]
    if not known or then is None:
        return None
    total = known[0]
    for figure in known[1:]:
        total += figure
    return total, then
