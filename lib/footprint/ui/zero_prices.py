"""Costs of 0 that nobody set: which models, and whether they are free; first seen, then stored."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.data.zero_prices import (
    Decided,
    ZeroPriced,
    call_free,
    make_unknown,
    preview_zeros,
    zero_priced_models,
)
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.formats import TOKENS, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled


def draw_zeros(view: View) -> bool:
    """Draw the models whose zeros nobody set, and what decides; return if there are none."""
    models = zero_priced_models(view.me)
    if not models:
        st.success("Every cost of 0 is one that somebody set.", icon=":material/check_circle:")
        return True
    st.dataframe(
        styled(
            zeros_table(models, view.formats),
            {
                "Requests at 0": view.formats.number,
                "Tokens": lambda value: view.formats.quantity(value, TOKENS),
            },
        ),
        hide_index=True,
        column_config={"Model": st.column_config.Column(pinned=True)},
        alt="Models with requests that cost 0 though nobody set that price",
    )
    st.caption(
        "LiteLLM writes 0 for a free model, and also for one that it has no price for; records of "
        "earlier callbacks do not tell which. You may know: what runs on machines of your own may "
        "well be free, what a provider runs seldom is."
    )
    with st.expander("Say whether a model is free", icon=":material/money_off:"):
        _choice(view, models)
    return False


def zeros_table(models: list[ZeroPriced], formats: Formats) -> pd.DataFrame:
    """Return the models under their headings."""
    return pd.DataFrame(
        {
            "Model": [model.model for model in models],
            "Provider": [model.provider or "unknown" for model in models],
            "Requests at 0": [model.requests for model in models],
            "Tokens": [model.tokens for model in models],
            "Days": [formats.days(model.first_day, model.last_day) for model in models],
            "Price from": [", ".join(model.sources) or "not recorded" for model in models],
        }
    )


def _choice(view: View, models: list[ZeroPriced]) -> None:
    model = st.selectbox(
        "Model",
        models,
        format_func=lambda one: f"{one.provider or 'unknown provider'}: {one.model}",
        key="zero_priced_model",
    )
    with st.spinner("Looking at its requests…"):
        found = preview_zeros(view.me, model)
    st.info(plain(previewed(model, found, view.formats)), icon=":material/preview:")
    with st.container(horizontal=True):
        is_free = st.button("It is free: 0 is right", icon=":material/check:", key="zero_is_free")
        is_not = st.button(
            "It is not: the cost is unknown", icon=":material/help:", key="zero_is_unknown"
        )
    if is_free:
        act(lambda: _keep(view, model))
    if is_not:
        act(lambda: _forget(view, model))


def previewed(model: ZeroPriced, found: Decided, formats: Formats) -> str:
    """Return what either answer makes, in words."""
    if not found.requests or found.first_day is None or found.last_day is None:
        return f"No request of {model.model} costs 0 any more."
    when = formats.days(found.first_day, found.last_day)
    amount = f"{formats.counted(found.requests, 'request')}"
    tokens = f" with {formats.quantity(found.tokens, TOKENS)} tokens" if found.tokens else ""
    return (
        f"{amount}{tokens}, on {formats.counted(found.days, 'day')} ({when}). If {model.model} is "
        "free, nothing changes and it is not asked about again. If not, their cost becomes "
        "unknown: they count as requests without a price and can be priced above. No sum of costs "
        "changes, only the share that is priced, and what was booked stays as it is."
    )


def _keep(view: View, model: ZeroPriced) -> str:
    kept = call_free(view.me, model)
    stays = "stays" if kept == 1 else "stay"
    return f"{model.model} is free: {view.formats.counted(kept, 'request')} {stays} at 0."


def _forget(view: View, model: ZeroPriced) -> str:
    done = 0
    bar = st.progress(0.0, "Making the cost unknown…")
    for done in make_unknown(view.me, model):
        share = min(1.0, done / max(1, model.requests))
        bar.progress(share, f"{view.formats.number(done)} requests done")
    bar.empty()
    st.cache_data.clear()  # the figures of every page rest on prices
    asked = view.formats.counted(done, "request")
    return f"The cost of {asked} of {model.model} is unknown now."
