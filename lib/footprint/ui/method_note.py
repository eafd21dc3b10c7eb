"""How the figures of a page are made, and how much is known about the models behind them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.charts.measures import ENERGY_USED
from footprint.data.deployment import Deployment
from footprint.data.footprint import Footprint
from footprint.data.method import model_evidence
from footprint.ui.formats import UNKNOWN, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled

EVIDENCE = {
    "measured": "measured on the model itself",
    "open": "derived from the model's published size",
    "closed": "derived from an estimate of the model's size",
    "price_class": "derived from the model's price",
}

_METHOD = """
**Cost** is what each request cost, in euros at the rate of its day. **Tokens** are counted by the
providers.

**Energy, CO₂e and water are estimates.** Energy is the model's energy per output token × the tokens
(one that is read weighs a fraction of one that is written, a cached one a tenth of that) × the
overhead of the server and of its data centre. CO₂e is energy × the carbon of the local grid
(location-based), plus a share of making the hardware. Water is what cools the data centre and what
generates its electricity. Training, networks and your own devices are not included.

The **90% range** says how far off an estimate may be. The error of a model is the same in all its
requests, so lows are added to lows and highs to highs: more requests do not make it smaller.

**What is unknown stays unknown**: a request without a price, without tokens or with a model that
nobody has figures for is left out, and every card says how much of the whole it covers.

**Nature restored** is a contribution. It counts once a receipt is there and is never subtracted
from energy, CO₂e or water.
"""


def method_note(view: View, deployment: Deployment, footprint: Footprint) -> None:
    """Draw the note under a page's figures, folded, with the evidence for the models shown."""
    note = st.expander(
        "How these figures are made",
        icon=":material/science:",
        on_change="rerun",
        key="method_note",
    )
    if not note.open:
        return
    with note:
        st.markdown(_METHOD)
        evidence = model_evidence(view.me, deployment.factor_set, footprint.by_model)
        table = evidence_table(footprint.by_model, evidence)
        if not table.empty:
            st.subheader("How well the models here are known", anchor=False)
            writers = {
                "Share of energy": lambda share: view.formats.share(share, 1),
                "90% range": lambda band: UNKNOWN if pd.isna(band) else _band(band, view.formats),
            }
            st.table(
                styled(table, writers),
                border="horizontal",
                hide_index=True,
                alt="Share of the energy by how its model is known",
            )
        st.caption(
            f"Factor set {deployment.factor_set or 'none'} · "
            f"days in {deployment.reporting_timezone}"
        )


def evidence_table(by_model: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Return how the estimates of a page are known, the largest share of energy first.

    Args:
        by_model: columns ``provider``, ``model``, ``energy_kwh``.
        evidence: as ``model_evidence`` answers.

    Returns:
        Columns "Energy per token", "Models", "Share of energy" (0–1) and "90% range" (×/÷, the
        widest of its models). Models without an estimate have a row with neither.
    """
    merged = by_model[["provider", "model", ENERGY_USED.column]].merge(
        evidence, on=["provider", "model"], how="left"
    )
    merged["how"] = merged["evidence"].map(EVIDENCE).fillna("not known: left out of the estimates")
    groups = merged.groupby("how").agg(
        models=("model", "size"),
        energy=(ENERGY_USED.column, lambda values: values.sum(min_count=1)),
        band=("band", "max"),
    )
    total = groups["energy"].sum()
    table = groups.assign(energy=groups["energy"] / total if total else float("nan"))
    ordered = table.sort_values("energy", ascending=False, na_position="last").reset_index()
    return ordered.set_axis(
        ["Energy per token", "Models", "Share of energy", "90% range"], axis="columns"
    )


def _band(band: float, formats: Formats) -> str:
    return f"×/÷ {formats.number(band, 1)}"
