"""What if the same tokens had gone to another model: cost, energy, CO₂e and water."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from footprint.data.factors import factor_of, known_models, places
from footprint.data.footprint import Footprint
from footprint.impact.alternatives import Comparison, Instead, ModelUse, on_another_model
from footprint.impact.engine import Range
from footprint.impact.price_list import token_prices
from footprint.shell.text import plain
from footprint.ui.formats import CARBON, ENERGY, UNKNOWN, WATER, Formats, Quantity
from footprint.ui.page import View
from footprint.ui.tables import styled
from footprint.ui.uses import uses_of

INSTEAD_KEY = "instead"
_A_SMALL_ONE = "openai/gpt-4o-mini"


def draw_what_if(view: View, footprint: Footprint, factor_set: str) -> None:
    """Draw the choice of another model, and what the period would have been on it."""
    with st.container(border=True):
        st.header("What if", anchor=False)
        uses = uses_of(footprint.by_model)
        offered = offered_models(known_models(view.me, factor_set))
        if not offered or not any(use.tokens for use in uses):
            st.caption("There are no tokens to compare, or no models to compare them with.")
            return
        usual = usual_model(uses, offered)
        name = st.selectbox(
            "The same tokens on",
            offered,
            index=offered.index(usual) if usual else 0,
            key=INSTEAD_KEY,
            bind="query-params",
            help="Any model with a factor and a list price. Type to search.",
        )
        factor = factor_of(view.me, factor_set, name)
        if factor is None:
            st.caption("This model has no factor: what it would weigh is unknown.")
            return
        where = places(view.me, factor_set)
        facility = where.of(factor.provider)
        price = token_prices().get((factor.provider, factor.model))
        instead = Instead(factor, facility, where.grids[facility.default_zone], price)
        found = on_another_model(uses, instead, eur_per_usd(footprint))
        st.table(
            styled(what_if_table(found, name, view.formats), {}),
            border="horizontal",
            hide_index=True,
            alt=f"This period beside the same tokens on {name}",
        )
        st.caption(plain(_words(found, view.formats)))


def offered_models(known: Sequence[str]) -> list[str]:
    """Return the models that write text and have a list price, of those with a factor."""
    prices = token_prices()
    return [
        name
        for name in known
        if (price := prices.get((name.partition("/")[0], name.partition("/")[2])))
        and price.usd_per_m_out
    ]


def usual_model(uses: Sequence[ModelUse], offered: Sequence[str]) -> str | None:
    """Return what to compare with at first: the model in use that costs least a token.

    Where only one is in use, a small model that most people know.
    """
    prices = token_prices()
    in_use = {f"{use.provider}/{use.model}".lower() for use in uses if use.tokens} & set(offered)
    if len(in_use) > 1:
        return min(
            sorted(in_use),
            key=lambda name: prices[name.partition("/")[0], name.partition("/")[2]].usd_per_m_out,
        )
    return _A_SMALL_ONE if _A_SMALL_ONE in offered else None


def eur_per_usd(footprint: Footprint) -> float | None:
    """Return the rate at which the period's dollars became euros; None where nothing is priced."""
    euros, dollars = footprint.totals.cost_eur, footprint.totals.cost_usd
    return float(euros / dollars) if euros and dollars else None


def what_if_table(found: Comparison, name: str, formats: Formats) -> pd.DataFrame:
    """Return a row for each measure: as it was, on the other model, and the difference."""
    headings = ("", "As it was", plain(f"On {name.partition('/')[2]}"), "Difference")
    cost = (UNKNOWN, UNKNOWN, UNKNOWN)
    if found.cost_eur is not None:
        now, then = found.cost_eur
        cost = (formats.money(now), formats.money(then), _change(now, then, formats))
    rows = [("Cost", *cost)]
    for label, pair, quantity in (
        ("Energy", found.energy_kwh, ENERGY),
        ("CO₂e", found.carbon_gco2e, CARBON),
        ("Water", found.water_l, WATER),
    ):
        rows.append((label, *_estimates(pair, quantity, formats)))
    return pd.DataFrame(rows, columns=pd.Index(headings))


def _estimates(
    pair: tuple[Range, Range] | None, quantity: Quantity, formats: Formats
) -> tuple[str, str, str]:
    if pair is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    now, then = (
        f"{formats.quantity(found.mid, quantity)} ({formats.span(found.low, found.high, quantity)})"
        for found in pair
    )
    return now, then, _change(pair[0].mid, pair[1].mid, formats)


def _change(now: float, then: float, formats: Formats) -> str:
    return (formats.change(then, now) or UNKNOWN).replace("-", "−")


def _words(found: Comparison, formats: Formats) -> str:
    return (
        "In brackets the 90% range. The other model at LiteLLM's list price and in its provider's "
        f"usual place. Compared are {formats.share(found.priced_share, 1)} of the tokens for the "
        f"cost, {formats.share(found.measured_share, 1)} for the estimates. Another model may need "
        "more tokens or answer less well: this says what the same ones would weigh."
    )
