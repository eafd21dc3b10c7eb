"""What the running month will come to at the present pace, for cost and CO₂e."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.charts.measures import CARBON_EMITTED, COST, ENERGY_USED, Measure
from footprint.data.footprint import Recent
from footprint.forecast import NOT_ENOUGH, WHY_NOT_ENOUGH, Outlook, month_end, pace_of
from footprint.shell.text import plain
from footprint.ui.cards import Card
from footprint.ui.formats import Formats, month_name

FORECAST_SOURCE = (
    "Each weekday as its mean over the last eight weeks, up to the end of the month; what there is "
    "already counts as it is. The true figure lies in the 90% interval nine times in ten, as long "
    "as habits stay. Of the known amounts only, whatever the period above."
)


def outlook_of(recent: Recent, measure: Measure) -> Outlook | None:
    """Return what this month will come to in a measure; None without enough history."""
    amounts = recent.days[measure.column]
    today = pd.Timestamp(recent.today)
    complete = amounts[amounts.index < today]
    pace = pace_of(list(complete), complete.index[-1].date())
    if pace is None:
        return None
    this_month = amounts[amounts.index >= today.replace(day=1)]
    return month_end(pace, float(this_month.sum()), float(amounts.get(today, 0.0)))


def outlook_card(recent: Recent, measure: Measure, formats: Formats) -> Card:
    """Return the card of a measure's forecast to the end of the month."""
    month = month_name(recent.today)
    found = outlook_of(recent, measure)
    if found is None:
        return Card(
            label=f"{measure.name}, {month}",
            icon=":material/trending_flat:",
            value=NOT_ENOUGH.capitalize(),
            change=None,
            notes=(WHY_NOT_ENOUGH,),
            source=FORECAST_SOURCE,
        )
    so_far = recent.days[measure.column][recent.days.index >= _first(recent)].sum()
    return Card(
        label=f"{measure.name}, {month}",
        icon=":material/trending_up:",
        value=f"≈ {measure.text(found.mid, formats)}",
        change=None,
        notes=(
            f"90% interval {_between(found, measure, formats)}",
            f"{measure.text(so_far, formats)} so far, today included",
        ),
        source=FORECAST_SOURCE,
    )


def draw_outlook(recent: Recent, formats: Formats) -> None:
    """Draw what the month will come to: cost, energy and CO₂e, each with its interval."""
    st.header(f"By the end of {month_name(recent.today)}", anchor=False)
    rows = []
    for measure in (COST, ENERGY_USED, CARBON_EMITTED):
        found = outlook_of(recent, measure)
        if found is None:
            st.write(f"{NOT_ENOUGH.capitalize()}.")
            st.caption(plain(WHY_NOT_ENOUGH))
            return
        so_far = recent.days[measure.column][recent.days.index >= _first(recent)].sum()
        rows.append(
            {
                "": measure.name,
                "So far": measure.text(so_far, formats),
                "Expected": measure.text(found.mid, formats),
                "90% interval": _between(found, measure, formats),
            }
        )
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt="So far this month, and expected by its end",
    )
    st.caption("At the pace of each weekday over the last eight weeks.", help=FORECAST_SOURCE)


def _first(recent: Recent) -> pd.Timestamp:
    return pd.Timestamp(recent.today.replace(day=1))


def _between(found: Outlook, measure: Measure, formats: Formats) -> str:
    if measure.quantity is not None:
        return formats.span(found.low, found.high, measure.quantity)
    return f"{formats.money(found.low)} – {formats.money(found.high)}"
