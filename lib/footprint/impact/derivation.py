"""How one figure came about, step by step, with the numbers that were used. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from footprint.impact import constants as c
from footprint.impact.engine import EMBEDDING, Facility, Factor, Grid, TokenCounts, derive

RUNGS = {
    "exact": "listed under exactly this name",
    "alias": "the same model under another spelling, or a retired name",
    "parameters": "its size is written in its name",
    "price_class": "nothing but its price is known",
    "admin": "an admin of this deployment said so",
}


@dataclass(frozen=True)
class Step:
    """One step: what is worked out, how, and what comes of it."""

    what: str
    how: str
    result: str


def derivation(factor: Factor, facility: Facility, grid: Grid, tokens: TokenCounts) -> list[Step]:
    """Return the steps from a model's name to the energy, carbon and water of a request."""
    impact = derive(factor, facility, grid, tokens)
    steps = [_match(factor), _energy_per_token(factor)]
    if impact.energy_kwh is None or impact.carbon_gco2e is None or impact.water_l is None:
        return steps
    out, uncached, cached = tokens.out or 0, tokens.in_uncached or 0, tokens.cached or 0
    weighted = out + factor.weight_input * uncached + factor.weight_cached * cached
    wh = impact.energy_kwh.mid * 1000
    band = factor.band
    makes, makers = factor.embodied_gco2e_per_token_out, out
    if factor.kind == EMBEDDING:
        makes, makers = factor.embodied_gco2e_per_token_in, uncached + cached
    return [
        *steps,
        Step(
            "Tokens, weighted",
            f"{out:,} + {factor.weight_input:g} · {uncached:,} + {factor.weight_cached:g} · {cached:,}",
            f"{weighted:,.1f}",
        ),
        Step(
            "Energy",
            f"{factor.energy_j_per_token_out:.3g} J · {weighted:,.1f} · {factor.host_overhead:g} (server) · "
            f"{facility.pue:g} (PUE) / 3600",
            f"{wh:.3g} Wh",
        ),
        Step(
            "Carbon",
            f"{wh:.3g} Wh · {grid.carbon_gco2e_per_kwh:g} g/kWh ({grid.zone}) / 1000 + "
            f"{makes:.2e} g · {makers:,} (making the hardware)",
            f"{impact.carbon_gco2e.mid:.3g} g CO₂e",
        ),
        Step(
            "Water",
            f"{wh:.3g} Wh / {facility.pue:g} · {facility.wue_l_per_kwh:g} L/kWh on site + "
            f"{wh:.3g} Wh · {grid.water_l_per_kwh:g} L/kWh at the power stations",
            f"{impact.water_l.mid * 1000:.3g} mL",
        ),
        Step(
            "90 % range",
            f"÷ {band:g} and × {band:g}, for {factor.evidence.replace('_', ' ')} evidence",
            f"{wh / band:.3g} to {wh * band:.3g} Wh",
        ),
    ]


def _match(factor: Factor) -> Step:
    matched = str(factor.sources.get("matched", ""))
    return Step(
        "Match",
        RUNGS.get(factor.match, factor.match),
        matched or f"{factor.sources.get('usd_per_m_out')} USD per million output tokens",
    )


def _energy_per_token(factor: Factor) -> Step:
    active, total = factor.parameters_active_b, factor.parameters_total_b
    if factor.kind == EMBEDDING:
        size = "published" if factor.evidence == "open" else "estimated"
        return Step(
            "Energy of a token read",
            f"{c.EMBEDDING_OPERATIONS_PER_PARAMETER:g} · {active:.4g}e9 operations / "
            f"{c.EMBEDDING_OPERATIONS_PER_J:g} per joule ({size} size, billions of parameters: "
            f"{active:.4g} at work of {total:.4g})",
            f"{factor.energy_j_per_token_out:.3g} J on the accelerators",
        )
    if factor.evidence == "measured":
        how = "measured on the model itself (ML.ENERGY v3)"
    elif active and total:
        size = "published" if factor.evidence == "open" else "estimated"
        how = (
            f"{c.SIZE_COEFFICIENT_J} · {max(active, c.SIZE_MINIMUM_ACTIVE_B):.4g}^{c.SIZE_EXPONENT_ACTIVE} · "
            f"{max(total, c.SIZE_MINIMUM_TOTAL_B):.4g}^{c.SIZE_EXPONENT_TOTAL} "
            f"({size} size, billions of parameters: {active:.4g} active of {total:.4g})"
        )
    else:
        price = factor.sources.get("usd_per_m_out")
        how = f"{c.PRICE_COEFFICIENT_J} · {price}^{c.PRICE_EXPONENT} (price of a million output tokens)"
    return Step(
        "Energy of a generated token",
        how,
        f"{factor.energy_j_per_token_out:.3g} J on the accelerators",
    )
