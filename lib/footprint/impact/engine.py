"""The impact of one request, from its token counts: pure, no I/O, no framework.

The same formula stands in sql/030_impact.sql as ``private.derive_impact``; a test proves the two
equal over every factor. Where a number comes from: `footprint.impact.constants`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from footprint.errors import InputError
from footprint.impact import constants as c

# Why there is no figure; the same codes stand in request_logs.impact_reason.
NO_FACTOR = "no_factor"
NO_TOKENS = "no_tokens"
NOT_MODELLED = "not_modelled"

# What a request does decides which factors are for it; as private.kind_of_call in sql/030.
TEXT = "text"
EMBEDDING = "embedding"
KIND_OF_CALL: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("chat", "completion", "text_completion", "responses", "messages"),
            *("anthropic_messages", "generate_content", "batch"),
        ),
        TEXT,
    ),
    "embedding": EMBEDDING,
}


@dataclass(frozen=True)
class Range:
    """An estimate: the middle and the two ends of its 90 % band, in one unit."""

    low: float
    mid: float
    high: float

    @classmethod
    def around(cls, mid: float, band: float) -> Range:
        """Return the band of ratio ``band`` (>= 1) around ``mid``: mid / band to mid * band."""
        return cls(mid / band, mid, mid * band)

    @classmethod
    def around_places(cls, mid: float, band: float, least: float, most: float) -> Range:
        """Return the band of ratio ``band`` around ``mid``, which may be ``least`` to ``most``.

        What a model takes says nothing of where it ran: the two errors are independent, so the
        squares of their logarithms add up. A least of nothing counts as a thousandth of ``mid``.
        """
        low, high = band, band
        least = max(least, mid / 1000)
        if least < mid:
            low = math.exp(math.hypot(math.log(band), math.log(mid / least)))
        if 0 < mid < most:
            high = math.exp(math.hypot(math.log(band), math.log(most / mid)))
        return cls(mid / low, mid, mid * high)

    def __add__(self, other: Range) -> Range:
        """Add lows to lows, highs to highs: a model's error is common to all its requests."""
        return Range(self.low + other.low, self.mid + other.mid, self.high + other.high)


@dataclass(frozen=True)
class Factor:
    """What a token of one model weighs, before facility and grid.

    Attributes:
        match: Rung of the ladder: exact, alias, parameters or price_class.
        evidence: measured, open (disclosed size), closed (estimated size) or price_class.
        energy_j_per_token_out: Accelerator energy of a generated token, J; of a token read where
            it is for embeddings, which generate none (their weight_input is 1).
        embodied_gco2e_per_token_out: Making of the hardware, gCO2e per generated token.
        band: Ratio of the 90 % band, >= 1.
        weight_input: Energy of an uncached input token as a share of a generated one, 0-1.
        weight_cached: Energy of a cached input token as a share of a generated one, 0-1.
        host_overhead: Energy of the whole server per energy of its accelerators, >= 1.
        parameters_active_b: Parameters at work for a token, billions; None where unknown.
        parameters_total_b: All parameters, billions; None where unknown.
        sources: What it was matched to, and keys of citations.
        kind: Which requests it is for: text or embedding.
        embodied_gco2e_per_token_in: Making of the hardware, gCO2e per token read; 0 where the
            generated ones carry it.
    """

    factor_set: str
    provider: str
    model: str
    match: str
    evidence: str
    energy_j_per_token_out: float
    embodied_gco2e_per_token_out: float
    band: float
    weight_input: float = c.WEIGHT_INPUT
    weight_cached: float = c.WEIGHT_CACHED
    host_overhead: float = c.HOST_OVERHEAD
    parameters_active_b: float | None = None
    parameters_total_b: float | None = None
    sources: Mapping[str, str | float] = field(default_factory=dict)
    kind: str = TEXT
    embodied_gco2e_per_token_in: float = 0.0

    @property
    def factor_id(self) -> str:
        """Set, provider and model in one text, as request_logs keeps it."""
        return f"{self.factor_set}/{self.provider}/{self.model}"


@dataclass(frozen=True)
class Facility:
    """A provider's data centres.

    Attributes:
        pue: Energy of the facility per energy of its IT equipment, ratio, >= 1.
        wue_l_per_kwh: On-site water, L per kWh of the IT equipment.
        default_zone: Electricity mix assumed where a request does not say its zone.
        market_gco2e_per_kwh: What the provider says of the electricity it buys, gCO2e per kWh,
            market-based; None where it publishes nothing. Never mixed with the grid's.
    """

    provider: str
    pue: float
    wue_l_per_kwh: float
    default_zone: str
    source: str = ""
    market_gco2e_per_kwh: float | None = None
    market_source: str = ""


@dataclass(frozen=True)
class Grid:
    """A zone's electricity: gCO2e per kWh (location-based) and litres per kWh (off-site)."""

    zone: str
    carbon_gco2e_per_kwh: float
    water_l_per_kwh: float
    source: str = ""


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of one request, in disjoint classes; None where unknown.

    Attributes:
        out: All generated tokens, reasoning included.
        in_uncached: Input tokens that were computed, writes to the prompt cache included.
        cached: Input tokens read from the provider's prompt cache.

    Raises:
        InputError: where a count is negative, not a whole number, or above 10^12.
    """

    out: int | None
    in_uncached: int | None = 0
    cached: int | None = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be a count of tokens."""
        for name in ("out", "in_uncached", "cached"):
            value = getattr(self, name)
            if value is None:
                continue
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 0 <= value <= c.MAXIMUM_TOKENS:
                raise InputError(
                    f"{value!r} is not a number of tokens ({name}): "
                    "give a whole number from 0 to 10^12."
                )


@dataclass(frozen=True)
class Impact:
    """What a request weighs, or why that is not known (then every figure is None, never 0).

    Attributes:
        energy_kwh: Electricity of the data centre, kWh.
        carbon_gco2e: gCO2e, location-based, making of the hardware included.
        water_l: Litres consumed, on site and at the power stations.
        reason: no_factor, no_tokens or not_modelled; None where there are figures.
    """

    energy_kwh: Range | None
    carbon_gco2e: Range | None
    water_l: Range | None
    reason: str | None = None


def derive(
    factor: Factor | None,
    facility: Facility,
    grid: Grid,
    tokens: TokenCounts,
    possible: Sequence[Grid] = (),
) -> Impact:
    """Return the impact of a request.

    ``energy = e * (out + w_in * in_uncached + w_cached * cached) * host_overhead * PUE / 3.6e6``
    ``carbon = energy * mix + embodied_out * out + embodied_in * (in_uncached + cached)``
    ``water = energy / PUE * WUE_site + energy * WUE_mix``

    Args:
        factor: The model's factor; None where the model is unknown.
        facility: The provider's data centres.
        grid: Electricity of the zone where the request was answered.
        tokens: What was read and generated.
        possible: Electricity of the zones where it may have been answered instead, where that is
            not known: from the least of them to the most, carbon and water may be. Energy is not.

    Returns:
        Low, mid and high of energy, carbon and water, or None for each with a reason.
    """
    out, uncached, cached = tokens.out, tokens.in_uncached, tokens.cached
    if out is None or uncached is None or cached is None or out + uncached + cached == 0:
        return Impact(None, None, None, NO_TOKENS)
    if factor is None:
        return Impact(None, None, None, NO_FACTOR)
    weighted = out + factor.weight_input * uncached + factor.weight_cached * cached
    accelerators_j = factor.energy_j_per_token_out * weighted
    energy = accelerators_j * factor.host_overhead * facility.pue / c.J_PER_KWH
    embodied = factor.embodied_gco2e_per_token_out * out
    embodied += factor.embodied_gco2e_per_token_in * (uncached + cached)
    carbon = energy * grid.carbon_gco2e_per_kwh + embodied
    water = energy / facility.pue * facility.wue_l_per_kwh + energy * grid.water_l_per_kwh
    band = factor.band
    if not possible:
        return Impact(
            Range.around(energy, band), Range.around(carbon, band), Range.around(water, band)
        )
    carbons = [energy * (g.carbon_gco2e_per_kwh - grid.carbon_gco2e_per_kwh) for g in possible]
    waters = [energy * (g.water_l_per_kwh - grid.water_l_per_kwh) for g in possible]
    return Impact(
        Range.around(energy, band),
        Range.around_places(carbon, band, carbon + min(carbons), carbon + max(carbons)),
        Range.around_places(water, band, water + min(waters), water + max(waters)),
    )


def energy_from_size(active_b: float, total_b: float) -> float:
    """Return accelerator J per generated token of a model of known or estimated size.

    Args:
        active_b: Parameters at work for a token, billions, > 0.
        total_b: All parameters, billions, > 0.

    Source: fit on ML.ENERGY v3, see `constants`.
    """
    active = max(active_b, c.SIZE_MINIMUM_ACTIVE_B)
    total = max(total_b, c.SIZE_MINIMUM_TOTAL_B)
    return (
        c.SIZE_COEFFICIENT_J
        * math.pow(active, c.SIZE_EXPONENT_ACTIVE)
        * math.pow(total, c.SIZE_EXPONENT_TOTAL)
    )


def embedding_energy_from_size(active_b: float) -> float:
    """Return accelerator J per token that an embedding model reads.

    Args:
        active_b: Parameters at work for a token, without the table of token embeddings, billions.

    Source: operations per parameter and per joule, see `constants`.
    """
    return c.EMBEDDING_J_PER_B * active_b


def energy_from_price(usd_per_million_out: float) -> float:
    """Return accelerator J per generated token, from nothing but the price of a million of them.

    Args:
        usd_per_million_out: USD per million output tokens, > 0.
    """
    return c.PRICE_COEFFICIENT_J * math.pow(usd_per_million_out, c.PRICE_EXPONENT)


def embodied_from_size(active_b: float, total_b: float, tokens_per_s: float | None = None) -> float:
    """Return gCO2e of making the hardware, per generated token (EcoLogits' term).

    Args:
        active_b: Parameters at work for a token, billions.
        total_b: All parameters, billions: they decide how many accelerators hold the model.
        tokens_per_s: Speed of generation for one request; None: from the size.
    """
    memory_gb = c.MEMORY_MARGIN * total_b * c.WEIGHT_BYTES
    accelerators = 1 << math.ceil(math.log2(math.ceil(memory_gb / c.ACCELERATOR_MEMORY_GB)))
    hardware_kg = (
        accelerators / c.ACCELERATORS_PER_SERVER * c.SERVER_EMBODIED_KGCO2E
        + accelerators * c.ACCELERATOR_EMBODIED_KGCO2E
    )
    seconds = (
        1 / tokens_per_s
        if tokens_per_s
        else c.LATENCY_ACTIVE_S * active_b + c.LATENCY_BATCH_S * c.BATCH_SIZE + c.LATENCY_CONSTANT_S
    )
    return seconds * hardware_kg * 1000 / (c.HARDWARE_LIFE_S * c.BATCH_SIZE)
