"""The methodology on screen: the content of docs/methodology.md, and what concerns the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from footprint.charts.text import named
from footprint.data.factors import factor_of, places, restated_months
from footprint.data.footprint import Footprint
from footprint.impact import methodology
from footprint.impact.constants_listed import constants
from footprint.impact.second_opinion import opinion_on
from footprint.impact.validation import Comparison, compared, upper_scenario
from footprint.impact.validation_said import VALIDATION_HEAD, validation_rows
from footprint.shell.text import plain
from footprint.ui.formats import CARBON, ENERGY, UNKNOWN, WATER, Formats
from footprint.ui.page import View

# Models of one's own in the comparison with EcoLogits.
MOST_MODELS = 8
# What a restatement changes: its column and quantity.
RESTATED = {
    "Energy": ("energy_kwh", ENERGY),
    "CO₂e": ("carbon_gco2e", CARBON),
    "Water": ("water_l", WATER),
}
# Columns of the comparisons, the verdict first: the others are a scroll away on a small screen.
_ON_SCREEN = (0, 5, 7, 8, 1, 2, 3, 4, 6)


def draw_words(titles: Sequence[str]) -> None:
    """Draw sections of the methodology by their titles."""
    by_title = {section.title: section for section in methodology.sections()}
    for title in titles:
        st.subheader(title, anchor=False)
        st.markdown(by_title[title].text)


def draw_constants() -> None:
    """Draw every constant of the method with its unit and source."""
    rows = [
        {"Constant": k.name, "Value": f"{k.value} {k.unit}".strip(), "Source": k.source}
        for k in constants()
    ]
    st.table(
        pd.DataFrame(rows).map(plain),
        border="horizontal",
        hide_index=True,
        alt="Constants of the method with their sources",
    )


def draw_validation() -> None:
    """Draw how both methods stand against published figures, misses included."""
    draw_words(["Against published figures"])
    _comparisons("Every comparison", compared())
    with st.expander("The upper scenario (Jegham et al. 2025): reported, not fitted"):
        _comparisons("", upper_scenario())


def _comparisons(title: str, found: Sequence[Comparison]) -> None:
    if title:
        st.subheader(title, anchor=False)
    head = VALIDATION_HEAD
    table = pd.DataFrame(validation_rows(found), columns=pd.Index(head))
    st.dataframe(
        table[[head[n] for n in _ON_SCREEN]],
        hide_index=True,
        height="content" if len(table) < 20 else 400,
        column_config={head[0]: st.column_config.Column(pinned=True)},
        alt="Published figures beside ours and EcoLogits'",
    )


def draw_own_models(view: View, footprint: Footprint, factor_set: str) -> None:
    """Draw the reader's own top models with our figure and EcoLogits' for the same requests."""
    rows = own_models(view, footprint, factor_set)
    if not rows:
        st.caption("None of your requests of this period has a figure to compare.")
        return
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt="Energy of your top models by our method and by EcoLogits' formula",
    )
    st.caption(
        "Energy of the same requests. EcoLogits' formula counts generated tokens only, and its "
        "range is that of the model's size alone."
    )


def own_models(view: View, footprint: Footprint, factor_set: str) -> list[dict[str, str]]:
    """Return a row for each of the reader's models with the most energy."""
    where = places(view.me, factor_set)
    known = footprint.by_model.dropna(subset=["energy_kwh"])
    rows = []
    for _, usage in known.nlargest(MOST_MODELS, "energy_kwh").iterrows():
        provider, model = str(usage["provider"]), str(usage["model"])
        factor = factor_of(view.me, factor_set, f"{provider}/{model}".lower())
        opinion = opinion_on(factor) if factor else None
        theirs = UNKNOWN
        if opinion:
            out = int(usage["tokens_output_text"] or 0) + int(usage["tokens_reasoning"] or 0)
            pue = where.of(provider.lower()).pue
            low, high = opinion.energy_kwh(out, pue)
            theirs = view.formats.span(low, high, ENERGY)
        rows.append(
            {
                "Model": plain(named(model, "model")),
                "Ours": view.formats.quantity(usage["energy_kwh"], ENERGY),
                "90% range": view.formats.span(
                    usage["energy_kwh_low"], usage["energy_kwh_high"], ENERGY
                ),
                "EcoLogits": theirs,
            }
        )
    return rows


def draw_restatements(log: Sequence[dict[str, Any]], formats: Formats) -> None:
    """Draw when earlier figures were derived anew, and why."""
    if not log:
        st.caption("No figure of this deployment was ever restated.")
        return
    rows = [
        {
            "When": str(entry["started_at"])[:10],
            "Set": entry["factor_set"],
            "Why": plain(entry["reason"]),
            "Requests": formats.number(entry["rows_changed"]),
            "CO₂e before → after": _before_and_after(entry.get("totals"), formats),
            "State": "done" if entry["finished_at"] else "under way",
        }
        for entry in log
    ]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Restatements")


def draw_restated_months(view: View, log: Sequence[dict[str, Any]]) -> None:
    """Draw what one restatement changed by month and model, for those who may see everybody's."""
    changed = {entry["restatement_id"]: entry for entry in log if entry.get("totals")}
    if not changed:
        return
    with st.expander("What a restatement changed, by month and model"):
        chosen = st.selectbox(
            "Restatement",
            list(changed),
            format_func=lambda number: (
                f"{str(changed[number]['started_at'])[:10]}: {changed[number]['reason']}"
            ),
        )
        measure = st.segmented_control(
            "Of", list(RESTATED), default="CO₂e", required=True, key="restated"
        )
        st.dataframe(
            restated_table(restated_months(view.me, chosen), measure or "CO₂e", view.formats),
            hide_index=True,
            column_config={"Model": st.column_config.Column(pinned=True)},
            alt=f"{measure} before and after the restatement, by month and model",
        )
        st.caption("The ranges stand beside each figure; unknown before means it had no factor.")


def restated_table(months: pd.DataFrame, measure: str, formats: Formats) -> pd.DataFrame:
    """Return what a restatement changed of one measure, under headings, the newest month first."""
    column, quantity = RESTATED[measure]

    def mid(when: str) -> list[str]:
        return [formats.quantity(_known(value), quantity) for value in months[f"{when}_{column}"]]

    def span(when: str) -> list[str]:
        ends = zip(months[f"{when}_{column}_low"], months[f"{when}_{column}_high"], strict=True)
        return [
            UNKNOWN if pd.isna(low) else formats.span(low, high, quantity) for low, high in ends
        ]

    table = pd.DataFrame(
        {
            "Month": [f"{month:%Y-%m}" for month in months["month"]],
            "Model": months["model"],
            "Before": mid("old"),
            "After": mid("new"),
            "Range before": span("old"),
            "Range after": span("new"),
            "Requests": [formats.number(count) for count in months["requests"]],
            "Provider": months["provider"].replace("", "unknown"),
            "Set before": months["old_factor_set"].replace("", "none"),
        }
    )
    return table.sort_values(["Month", "Model"], ascending=[False, True])


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _before_and_after(totals: dict[str, Any] | None, formats: Formats) -> str:
    if not totals:
        return ""
    before, after = (
        formats.quantity(_number(totals[f"{when}_carbon_gco2e"]), CARBON) for when in ("old", "new")
    )
    return f"{before} → {after}"


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
