"""What the data quality page draws: how much is known, and each gap with its remedy."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from footprint.data.deployment import Deployment
from footprint.data.organisation import organisation_footprint
from footprint.data.period import Period
from footprint.data.unknown_models import unknown_models
from footprint.data.usage import Usage
from footprint.shell.text import plain
from footprint.ui.arrivals import draw_arrivals
from footprint.ui.cards import Card, draw_cards
from footprint.ui.formats import TOKENS, Formats
from footprint.ui.meanings import meanings
from footprint.ui.page import View
from footprint.ui.parts import part
from footprint.ui.price_backfill import draw_unpriced
from footprint.ui.rollup_check import draw_rollup_check
from footprint.ui.session_mapping import draw_unattributed
from footprint.ui.zero_prices import draw_zeros


def draw_coverage(view: View, period: Period) -> None:
    """Draw which shares of requests, tokens and cost have a price, an impact and a person."""
    totals = organisation_footprint(view.me, period).totals
    if not totals.requests:
        st.info("Nothing was recorded in these days.", icon=":material/event_busy:")
        return
    draw_cards(coverage_cards(totals, view.formats), 3)


def coverage_cards(totals: Usage, formats: Formats) -> list[Card]:
    """Return priced, measured and attributed, each as a share of requests, tokens and cost."""
    share = formats.share
    return [
        Card(
            label="Priced",
            icon=":material/sell:",
            value=share(totals.priced, totals.billable),
            change=None,
            notes=(
                f"of {formats.number(totals.billable)} billable requests",
                f"{share(totals.tokens_priced, totals.tokens_used)} of tokens",
                "no cost is left out"
                if totals.priced == totals.billable
                else "how much cost is left out, nobody knows",
            ),
            source=meanings("priced", "billable"),
        ),
        Card(
            label="Measured",
            icon=":material/bolt:",
            value=share(totals.measured, totals.measurable),
            change=None,
            notes=(
                f"of {formats.number(totals.measurable)} measurable requests",
                f"{share(totals.tokens_measured, totals.tokens_used)} of tokens",
                f"{share(totals.cost_eur_measured, totals.cost_eur)} of known cost",
            ),
            source=meanings("measured", "measurable"),
        ),
        Card(
            label="Attributed",
            icon=":material/person_check:",
            value=share(totals.attributed, totals.requests),
            change=None,
            notes=(
                f"of {formats.number(totals.requests)} requests",
                f"{share(totals.tokens_attributed, totals.tokens_used)} of tokens",
                f"{share(totals.cost_eur_attributed, totals.cost_eur)} of known cost",
            ),
            source=meanings("attributed"),
        ),
    ]


def draw_findings(view: View, deployment: Deployment) -> None:
    """Draw every kind of gap with its remedy, and above them whether all is good."""
    zone = deployment.reporting_timezone
    kinds: dict[str, Callable[[], bool]] = {
        "Models without a factor": lambda: _draw_unknown(view),
        "Requests without a price": lambda: draw_unpriced(view),
        "Costs of 0": lambda: draw_zeros(view),
        "Requests without a person": lambda: draw_unattributed(view, zone),
        "What arrives": lambda: draw_arrivals(view, zone),
        "Sums against requests": lambda: draw_rollup_check(view, deployment.today, zone),
    }
    top = st.container()
    well = 0
    for title, draw in kinds.items():
        st.header(title, anchor=False)
        with part(title):
            well += draw()
    if well == len(kinds):
        top.success(
            "All good: everything has a price, an impact and a person.",
            icon=":material/verified:",
        )


def _draw_unknown(view: View) -> bool:
    queue = unknown_models(view.me)
    if queue.empty:
        st.success("Every model has a factor.", icon=":material/check_circle:")
        return True
    formats = view.formats
    requests, tokens = queue["requests"].sum(), queue["tokens_used"].sum()
    names = ", ".join(str(name) for name in queue["model"].head(3))
    more = f" and {len(queue) - 3} more" if len(queue) > 3 else ""
    st.warning(
        f"The impact of {formats.counted(int(requests), 'request')} "
        f"({formats.quantity(int(tokens), TOKENS)} tokens) is unknown: {plain(names)}{more}.",
        icon=":material/help:",
    )
    st.page_link(
        "pages/model_mapping.py", label="Say what these models are", icon=":material/link:"
    )
    return False
