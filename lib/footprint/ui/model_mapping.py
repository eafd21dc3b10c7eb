"""What the model mapping page draws: the models nobody has figures for, and what to say of one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.data.factors import known_models
from footprint.data.unknown_models import (
    Mapped,
    Unknown,
    map_to_known,
    map_to_size,
    unknown_models,
)
from footprint.ui.acts import act
from footprint.ui.formats import TOKENS, UNKNOWN, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled

KNOWN, SIZE = "It is like a known model", "I know its size"
ASKED_FOR = {"text": "text", "embedding": "embeddings"}


def draw_unknown_models(view: View, factor_set: str) -> None:
    """Draw the queue and the form that takes one model off it."""
    queue = unknown_models(view.me)
    if queue.empty:
        st.success(
            "Every model has a factor: there is nothing to map.", icon=":material/check_circle:"
        )
        return
    table = queue_table(queue, view.formats)
    st.dataframe(
        styled(
            table,
            {
                "Requests": view.formats.number,
                "Tokens": lambda value: view.formats.quantity(value, TOKENS),
                "Known cost": view.formats.money,
            },
        ),
        hide_index=True,
        placeholder=UNKNOWN,
        column_config={"Model": st.column_config.Column(pinned=True)},
        alt="Models without a factor",
    )
    st.caption(
        "What you say counts for new requests and fills those without an impact. Other requests "
        "keep their figures until an operator restates them."
    )
    names = queue[["provider", "model", "kind"]].astype(str).itertuples(index=False)
    _form(view, factor_set, [Unknown(*name) for name in names])


def queue_table(queue: pd.DataFrame, formats: Formats) -> pd.DataFrame:
    """Return the queue under its headings; days in UTC."""
    return pd.DataFrame(
        {
            "Model": queue["model"],
            "Provider": queue["provider"].replace("", "unknown"),
            "Asked for": queue["kind"].map(ASKED_FOR),
            "Requests": queue["requests"],
            "Tokens": queue["tokens_used"],
            "Known cost": queue["cost_eur"],
            "First seen": [formats.day(at.date()) for at in queue["first_seen"]],
            "Last seen": [formats.day(at.date()) for at in queue["last_seen"]],
        }
    )


def _form(view: View, factor_set: str, models: list[Unknown]) -> None:
    with st.container(border=True):
        st.header("Say what a model is", anchor=False)
        unknown = st.selectbox("Model", models, format_func=named)
        how = st.radio("What is known", [KNOWN, SIZE], horizontal=True)
        with st.form("map_model", border=False):
            target, active, total, disclosed = None, 0.0, 0.0, False
            if how == KNOWN:
                target = st.selectbox(
                    "Known model",
                    known_models(view.me, factor_set, unknown.kind),
                    index=None,
                    placeholder="Type to search: provider/model",
                )
            else:
                with st.grid(2, min_column_width=200):
                    total = st.number_input(
                        "Parameters in all, billions", 0.0, 99_999.0, 0.0, 1.0, format="%g"
                    )
                    active = st.number_input(
                        "Active for a token, billions (0: all)",
                        *(0.0, 99_999.0, 0.0, 1.0),
                        format="%g",
                    )
                disclosed = st.checkbox("Its maker publishes this size (otherwise: an estimate)")
            source = st.text_input("Source", max_chars=1000, placeholder="https://…")
            sent = st.form_submit_button("Use this", type="primary", icon=":material/link:")
    if not sent:
        return
    if not source.strip():
        st.error("Say where it is known from: a link or a document.", icon=":material/error:")
    elif how == KNOWN and target is None:
        st.error("Choose the known model that it is like.", icon=":material/error:")
    elif how == SIZE and not total:
        st.error("Enter the number of parameters in billions.", icon=":material/error:")
    elif target is not None:
        like = target
        act(lambda: said(unknown.model, map_to_known(view.me, unknown, like, source)))
    else:
        size = (active or total, total)
        act(lambda: said(unknown.model, map_to_size(view.me, unknown, size, disclosed, source)))


def named(unknown: Unknown) -> str:
    """Return a model as the form lists it."""
    use = " (embeddings)" if unknown.kind == "embedding" else ""
    return f"{unknown.provider or 'unknown provider'}: {unknown.model}{use}"


def said(model: str, mapped: Mapped) -> str:
    """Return what a mapping did, in a sentence or two."""
    st.cache_data.clear()  # estimates on every page rest on it
    text = f"{model} is known now: {mapped.filled:,} requests have an impact that had none."
    if mapped.left:
        text += f" {mapped.left:,} more are filled by `footprint resolve`."
    return text
