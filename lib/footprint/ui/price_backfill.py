"""Prices for requests that have none: which models, what they cost, first seen and then stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal

import pandas as pd
import streamlit as st

from footprint.data.data_quality import (
    Part,
    Priced,
    Prices,
    UnitPrice,
    Unpriced,
    apply_prices,
    preview_prices,
    unpriced_models,
    unpriced_parts,
)
from footprint.data.period import Period
from footprint.data.rates import rates_since
from footprint.impact.price_list import prices_path, token_prices
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.footprint_cards import rate_text
from footprint.ui.formats import TOKENS, Formats
from footprint.ui.page import View
from footprint.ui.price_parts import (
    part_label,
    parts_table,
    priced_unit,
    why_left,
)
from footprint.ui.tables import styled

_HOUR = "usd_per_m_cache_write_1h"
_CLASSES = {
    "usd_per_m_in": "Input",
    "usd_per_m_cache_read": "Read from a cache",
    "usd_per_m_cache_write": "Written to a cache",
    _HOUR: "Cached for an hour",
    "usd_per_m_out": "Output, reasoning included",
}
_SEEN = "prices_seen"
_LOST = "Say where the price is known from: a link or a document."


@dataclass(frozen=True)
class _Offer:
    """A price for one part of a model's requests, and where it is known from."""

    model: Unpriced
    tier: str | None
    prices: Prices | UnitPrice
    source: str


def draw_unpriced(view: View) -> bool:
    """Draw the models with unpriced requests and what prices them; return if all is well."""
    models = unpriced_models(view.me)
    if not models:
        st.success("Every billed request has a price.", icon=":material/check_circle:")
        return True
    st.dataframe(
        styled(
            unpriced_table(models, view.formats),
            {
                "Requests": view.formats.number,
                "Tokens": lambda value: view.formats.quantity(value, TOKENS),
            },
        ),
        hide_index=True,
        column_config={"Model": st.column_config.Column(pinned=True)},
        alt="Models with requests that have no price",
    )
    st.caption(
        "Their cost is unknown, not zero: totals leave it out. A price given here fills requests "
        "that have none and never changes one that is there. For requests to come, give the model "
        "a price in LiteLLM's configuration."
    )
    with st.expander("Price the requests of a model", icon=":material/sell:"):
        _choice(view, models)
    return False


def unpriced_table(models: list[Unpriced], formats: Formats) -> pd.DataFrame:
    """Return the models under their headings."""
    return pd.DataFrame(
        {
            "Model": [model.model for model in models],
            "Provider": [model.provider or "unknown" for model in models],
            "Requests": [model.requests for model in models],
            "Tokens": [model.tokens for model in models],
            "Days": [formats.days(model.first_day, model.last_day) for model in models],
        }
    )


def listed_prices(model: Unpriced) -> tuple[Prices, str]:
    """Return what the shipped price list says of a model, and its name; zeros and "" if nothing."""
    listed = token_prices().get((model.provider.lower(), model.model.lower()))
    if listed is None:
        return Prices(0, 0, 0, 0), ""
    fresh = listed.usd_per_m_in
    return (
        Prices(fresh, listed.usd_per_m_cached, fresh, listed.usd_per_m_out),
        f"LiteLLM's price list, {prices_path().stem.removeprefix('prices_')}",
    )


def _choice(view: View, models: list[Unpriced]) -> None:
    model = st.selectbox(
        "Model",
        models,
        format_func=lambda one: f"{one.provider or 'unknown provider'}: {one.model}",
        key="unpriced_model",
    )
    with st.spinner("Looking at its requests…"):
        parts, is_cut = unpriced_parts(view.me, model)
    st.dataframe(
        styled(parts_table(parts, view.formats), {"Requests": view.formats.number}),
        hide_index=True,
        alt="What the requests of the model are billed by",
    )
    if is_cut:
        st.caption("There are more requests than are looked at: this is a sample of them.")
    priceable = [part for part in parts if part.is_text or part.unit]
    if not priceable:
        st.info(
            "What these used has no single price that could be given here: their cost stays "
            "unknown.",
            icon=":material/help:",
        )
        return
    own = f"{model.provider}/{model.model}"
    part = st.selectbox("What to price", priceable, format_func=part_label, key=f"part_{own}")
    _form(view, model, part)


def _form(view: View, model: Unpriced, part: Part) -> None:
    # The list knows the usual tier alone.
    usual = part.is_text and part.tier is None
    listed, source_of_list = listed_prices(model) if usual else (Prices(0, 0, 0, 0), "")
    # Other fields for another model or part: each begins with what is listed for it.
    own = f"{model.provider}/{model.model}/{part_label(part)}"
    with st.form("prices", border=False):
        prices = _unit_field(part.unit, own) if part.unit else _token_fields(part, listed, own)
        source = st.text_input(
            "Source", source_of_list, max_chars=250, placeholder="https://…", key=f"source_{own}"
        )
        sent = st.form_submit_button("See what that makes", icon=":material/preview:")
    offer = _Offer(model, part.tier, prices, source)
    if sent and not source.strip():
        st.error(_LOST, icon=":material/error:")
    elif sent:
        st.session_state[_SEEN] = offer
    if st.session_state.get(_SEEN) == offer:
        _preview(view, offer)


def _token_fields(part: Part, listed: Prices, own: str) -> Prices:
    st.write("USD for a million tokens")
    begin = asdict(listed) | {_HOUR: listed.usd_per_m_cache_write}
    names = [name for name in _CLASSES if name != _HOUR or part.tokens_cache_write_1h]
    given = {}
    with st.grid(len(names), min_column_width=150):
        for name in names:
            given[name] = st.number_input(
                _CLASSES[name],
                *(0.0, 100_000.0, float(begin[name])),
                format="%g",
                key=f"{name}_{own}",
            )
    return Prices(**given)


def _unit_field(unit: str, own: str) -> UnitPrice:
    words, size = priced_unit(unit)
    most = 100_000.0 * size
    usd = st.number_input(f"USD per {words}", 0.0, most, 0.0, format="%g", key=f"usd_{own}")
    return UnitPrice(unit, Decimal(str(usd)) / size)


def _preview(view: View, offer: _Offer) -> None:
    model = offer.model
    with st.spinner("Working out what it makes…"):
        found = preview_prices(view.me, model, offer.prices, offer.source, offer.tier)
    days = Period(model.first_day, model.last_day)
    rate = rate_text(days, rates_since(view.me.session), view.formats)
    st.info(plain(previewed(found, rate, view.formats)), icon=":material/preview:")
    if found.requests and st.button("Store these prices", type="primary", icon=":material/sell:"):
        act(lambda: _apply(view, offer))


def previewed(found: Priced, rate: str, formats: Formats) -> str:
    """Return what a price would make, in a sentence or two; ``rate`` as ``rate_text`` has it."""
    left = f" Left without a price: {formats.number(found.left)}." if found.left else ""
    if found.reasons:
        left += f" Of these, {why_left(found.reasons, formats)}."
    if not found.requests:
        return f"That prices no request.{left}"
    return (
        f"{formats.counted(found.requests, 'request')} would cost "
        f"{formats.money(found.cost_usd, 'USD')} ({formats.money(found.cost_eur)} {rate}). "
        f"Nothing is stored yet.{left}"
    )


def _apply(view: View, offer: _Offer) -> str:
    model = offer.model
    done = 0
    bar = st.progress(0.0, "Storing prices…")
    for done in apply_prices(view.me, model, offer.prices, offer.source, offer.tier):
        share = min(1.0, done / max(1, model.requests))
        bar.progress(share, f"{view.formats.number(done)} requests priced")
    bar.empty()
    st.session_state.pop(_SEEN, None)
    st.cache_data.clear()  # the figures of every page rest on prices
    return f"{view.formats.counted(done, 'request')} of {model.model} got a price."
