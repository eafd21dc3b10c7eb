"""What one request of a model would cost and weigh, and how that comes about."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from footprint.data.factors import Places, factor_of, known_models, places
from footprint.data.rates import Rates
from footprint.errors import InputError
from footprint.impact.derivation import derivation
from footprint.impact.engine import EMBEDDING, Factor, Grid, Range, TokenCounts, derive
from footprint.impact.equivalences import equivalents
from footprint.impact.price_list import token_prices
from footprint.impact.second_opinion import opinion_on
from footprint.shell.text import plain
from footprint.ui.formats import AREA, CARBON, ENERGY, UNKNOWN, WATER, Formats, Quantity
from footprint.ui.page import View
from footprint.ui.zones import by_name, zone_name

USUAL_ZONE = "The provider's usual one"
MOST_TOKENS = 10_000_000


@dataclass(frozen=True)
class Asked:
    """What the reader asks about: a model, its tokens, where it is computed."""

    factor: Factor
    tokens: TokenCounts
    grid: Grid
    places: Places


def draw_calculator(view: View, factor_set: str, today_rates: Rates) -> None:
    """Draw the form, the figures with their ranges, and every step behind them."""
    asked = _form(view, factor_set)
    if asked is None:
        return
    _figures(view.formats, asked, today_rates)
    _steps(asked)


def _form(view: View, factor_set: str) -> Asked | None:
    models = known_models(view.me, factor_set)
    if not models:
        st.info("This deployment has no factor set yet: an operator runs `footprint factors sync`.")
        return None
    usual = "openai/gpt-4o"
    name = st.selectbox(
        "Model",
        models,
        index=models.index(usual) if usual in models else 0,
        key="model",
        bind="query-params",
        help="As LiteLLM names it: provider/model. Type to search.",
    )
    where = places(view.me, factor_set)
    factor = factor_of(view.me, factor_set, name)
    reads_only = factor is not None and factor.kind == EMBEDDING
    with st.grid(4, min_column_width=150):
        tokens_in = st.number_input("Tokens in", 0, MOST_TOKENS, 1000, 100, key="in")
        cached = st.number_input(
            "of these, cached",
            0,
            MOST_TOKENS,
            0,
            100,
            key="cached",
            help="Read from the prompt cache",
        )
        tokens_out = st.number_input(
            "Tokens out",
            *(0, MOST_TOKENS, 300, 50),
            key="out",
            disabled=reads_only,
            help="An embedding model generates none." if reads_only else None,
        )
        zone = st.selectbox(
            "Zone", [USUAL_ZONE, *by_name(where.grids)], format_func=zone_name, key="zone"
        )
    if cached > tokens_in:
        raise InputError("More tokens are cached than were read: count the cached ones among them.")
    if factor is None:
        st.info("This model has no factor: its impact is unknown, not zero.")
        return None
    usual_zone = where.of(factor.provider).default_zone
    grid = where.grids[usual_zone if zone == USUAL_ZONE else zone]
    generated = 0 if reads_only else tokens_out
    return Asked(factor, TokenCounts(generated, tokens_in - cached, cached), grid, where)


def _figures(formats: Formats, asked: Asked, today_rates: Rates) -> None:
    facility = asked.places.of(asked.factor.provider)
    impact = derive(asked.factor, facility, asked.grid, asked.tokens)
    if impact.energy_kwh is None or impact.carbon_gco2e is None or impact.water_l is None:
        st.info("No tokens, no impact to estimate.")
        return
    cost = _cost_usd(asked)
    eur = cost * today_rates.eur_per_usd if cost is not None and today_rates.eur_per_usd else None
    area = eur * today_rates.pending_m2_per_eur if eur and today_rates.pending_m2_per_eur else None
    with st.grid(5, min_column_width=150):
        _tile("Cost", formats.money(eur), f"{_usd(formats, cost)} by list price")
        _range_tile("Energy", impact.energy_kwh, ENERGY, formats)
        _range_tile("CO₂e", impact.carbon_gco2e, CARBON, formats)
        _range_tile("Water", impact.water_l, WATER, formats)
        _tile(
            "Nature restored", formats.quantity(area, AREA), "pending: pledged, not yet receipted"
        )
    st.caption(plain(_beside(asked, impact.carbon_gco2e.mid, impact.water_l.mid, formats)))


def _beside(asked: Asked, carbon_g: float, water_l: float, formats: Formats) -> str:
    """Return the second opinion and, for a thousand such requests, what that compares to."""
    said = []
    facility = asked.places.of(asked.factor.provider)
    if facility.market_gco2e_per_kwh is not None:
        market = formats.number(facility.market_gco2e_per_kwh)
        grid = formats.number(asked.grid.carbon_gco2e_per_kwh)
        said.append(
            f"Market-based, by the electricity that the provider says it buys: {market} g CO₂e per "
            f"kWh instead of {grid} on the grid; not used here."
        )
    opinion = opinion_on(asked.factor)
    if opinion and asked.tokens.out:
        low, high = opinion.energy_kwh(asked.tokens.out, facility.pue)
        said.append(f"EcoLogits' formula gives {formats.span(low, high, ENERGY)}.")
    compared = [
        f"{formats.number(count, 1 if count < 10 else 0)} {thing.name(count)} ({thing.source})"
        for thing, count in equivalents(carbon_g * 1000, water_l * 1000, st.context.locale or "")
    ]
    if compared:
        said.append(f"A thousand such requests: about {' and '.join(compared)}.")
    return " ".join(said)


def _steps(asked: Asked) -> None:
    st.subheader("Step by step", anchor=False)
    facility = asked.places.of(asked.factor.provider)
    rows = [
        {"Step": plain(step.what), "How": plain(step.how), "Result": plain(step.result)}
        for step in derivation(asked.factor, facility, asked.grid, asked.tokens)
    ]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt="How the figures come about"
    )


def _cost_usd(asked: Asked) -> float | None:
    price = token_prices().get((asked.factor.provider, asked.factor.model))
    tokens = asked.tokens
    if price is None:
        return None
    return price.cost_usd(tokens.in_uncached or 0, tokens.cached or 0, tokens.out or 0)


def _usd(formats: Formats, cost: float | None) -> str:
    return UNKNOWN if cost is None else formats.money(cost, "USD")


def _range_tile(label: str, found: Range, quantity: Quantity, formats: Formats) -> None:
    span = formats.span(found.low, found.high, quantity)
    _tile(label, formats.quantity(found.mid, quantity), f"90% range {span}")


def _tile(label: str, value: str, note: str) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, value)
        st.caption(plain(note))
