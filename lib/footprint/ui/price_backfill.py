"""Prices for requests that have none: which models, what they cost, first seen and then stored."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.data.data_quality import (
    Priced,
    Prices,
    Unpriced,
    apply_prices,
    preview_prices,
    unpriced_models,
)
from footprint.data.period import Period
from footprint.data.rates import rates_since
from footprint.impact.price_list import prices_path, token_prices
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.footprint_cards import rate_text
from footprint.ui.formats import TOKENS, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled

_CLASSES = {
    "usd_per_m_in": "Input",
    "usd_per_m_cache_read": "Read from a cache",
    "usd_per_m_cache_write": "Written to a cache",
    "usd_per_m_out": "Output, reasoning included",
}
_SEEN = "prices_seen"


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
    by_token = [model for model in models if model.tokens]
    if by_token:
        with st.expander("Price the requests of a model", icon=":material/sell:"):
            _form(view, by_token)
    if len(by_token) < len(models):
        st.caption(
            "Models without tokens are billed by something else, such as images, seconds or pages: "
            "LiteLLM's configuration can give them their price; here a price is for tokens."
        )
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


def _form(view: View, models: list[Unpriced]) -> None:
    model = st.selectbox(
        "Model",
        models,
        format_func=lambda one: f"{one.provider or 'unknown provider'}: {one.model}",
        key="unpriced_model",
    )
    listed, source_of_list = listed_prices(model)
    # Other fields for another model: each begins with what is listed for it.
    own = f"{model.provider}/{model.model}"
    with st.form("prices", border=False):
        st.write("USD for a million tokens")
        given = {}
        with st.grid(4, min_column_width=150):
            for name, label in _CLASSES.items():
                given[name] = st.number_input(
                    label,
                    *(0.0, 100_000.0, float(getattr(listed, name))),
                    format="%g",
                    key=f"{name}_{own}",
                )
        source = st.text_input(
            "Source", source_of_list, max_chars=250, placeholder="https://…", key=f"source_{own}"
        )
        sent = st.form_submit_button("See what that makes", icon=":material/preview:")
    prices = Prices(**given)
    if sent and not source.strip():
        st.error(
            "Say where the price is known from: a link or a document.", icon=":material/error:"
        )
    elif sent:
        st.session_state[_SEEN] = (model, prices, source)
    if st.session_state.get(_SEEN) == (model, prices, source):
        _preview(view, model, prices, source)


def _preview(view: View, model: Unpriced, prices: Prices, source: str) -> None:
    with st.spinner("Working out what it makes…"):
        found = preview_prices(view.me, model, prices, source)
    days = Period(model.first_day, model.last_day)
    rate = rate_text(days, rates_since(view.me.session), view.formats)
    st.info(plain(previewed(found, rate, view.formats)), icon=":material/preview:")
    if found.requests and st.button("Store these prices", type="primary", icon=":material/sell:"):
        act(lambda: _apply(view, model, prices, source))


def previewed(found: Priced, rate: str, formats: Formats) -> str:
    """Return what a price would make, in a sentence or two; ``rate`` as ``rate_text`` has it."""
    if not found.requests:
        return "That prices no request: the tokens of all of them are unknown in part."
    text = (
        f"{formats.counted(found.requests, 'request')} would cost "
        f"{formats.money(found.cost_usd, 'USD')} ({formats.money(found.cost_eur)} {rate}). "
        "Nothing is stored yet."
    )
    if found.left:
        text += f" Left without, for tokens unknown in part: {formats.number(found.left)}."
    return text


def _apply(view: View, model: Unpriced, prices: Prices, source: str) -> str:
    done = 0
    bar = st.progress(0.0, "Storing prices…")
    for done in apply_prices(view.me, model, prices, source):
        bar.progress(min(1.0, done / max(1, model.requests)), f"{done:,} requests priced")
    bar.empty()
    st.session_state.pop(_SEEN, None)
    st.cache_data.clear()  # the figures of every page rest on prices
    return f"{view.formats.counted(done, 'request')} of {model.model} got a price."
