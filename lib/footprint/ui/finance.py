"""What the finance page draws: the month's cards, its lines, and the file to take away."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from footprint.data.finance import FinanceMonth
from footprint.finance.statement_csv import file_name, statement_csv
from footprint.ui.cards import Card
from footprint.ui.filters import months_between
from footprint.ui.formats import AREA, TOKENS, UNKNOWN, Formats
from footprint.ui.page import View
from footprint.ui.tables import every_measure_table

LINE_HEADINGS = {
    "person": "Person",
    "team": "Team",
    "provider": "Provider",
    "model": "Model",
}


def finance_cards(statement: FinanceMonth, formats: Formats) -> list[Card]:
    """Return the month's four cards: cost, use, pledge, and what came of it."""
    totals, restoration = statement.totals, statement.restoration
    share = formats.share(restoration.pledge_share, 1)
    price = formats.money(restoration.price_eur_per_m2)
    return [
        Card(
            label="Cost",
            icon=":material/payments:",
            value=formats.money(totals.cost_eur),
            change=None,
            notes=(
                f"{formats.money(totals.cost_usd, 'USD')}, {_rates(statement, formats)}",
                f"{formats.share(totals.priced, totals.billed)} of requests priced",
            ),
            source="The sum of the lines below, exact to the last digit and rounded once.",
        ),
        Card(
            label="Requests",
            icon=":material/forum:",
            value=formats.number(totals.requests),
            change=None,
            notes=(
                f"{formats.quantity(totals.tokens_used, TOKENS)} tokens",
                f"{formats.share(totals.attributed, totals.requests)} have a person",
            ),
            source="Every request recorded in the month, failed ones and cache answers included.",
        ),
        Card(
            label="Pledged to nature",
            icon=":material/volunteer_activism:",
            value=formats.money(restoration.pledged_eur),
            change=None,
            notes=(
                f"{share} of the cost",
                f"{formats.money(restoration.donated_eur)} donated, by receipts",
            ),
            source="The organisation's pledge for the month, and the donations with a receipt.",
        ),
        _restored(statement, formats, price),
    ]


def download(view: View, statement: FinanceMonth) -> None:
    """Draw the button beside the title that downloads the month."""
    view.controls.download_button(
        "Download CSV",
        lambda: statement_csv(statement),
        file_name=file_name(statement),
        mime="text/csv",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        help="UTF-8, comma, decimal point; exact amounts; states month, time zone and method.",
    )


def draw_lines(statement: FinanceMonth, formats: Formats) -> None:
    """Draw the month's lines and their total."""
    with st.container(border=True):
        st.header("By person and model", anchor=False)
        st.dataframe(
            every_measure_table(with_person(statement.lines), LINE_HEADINGS, formats, True),
            hide_index=True,
            placeholder=UNKNOWN,
            height=520,
            column_config={
                "Person": st.column_config.Column(pinned=True, width=130),
                "Team": st.column_config.Column(width=150),
                "Model": st.column_config.Column(width=170),
            },
            alt="The month by person and model, with every measure",
        )
        st.caption(
            f"{formats.number(len(statement.lines))} lines · in all "
            f"{formats.money(statement.totals.cost_eur)} · days in {statement.timezone} · "
            f"factor set {statement.factor_set or 'none'}"
        )


def with_person(lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines with a column ``person``: the name, else the e-mail, else the id, else none."""
    return lines.assign(person=lines["full_name"].fillna(lines["email"]).fillna(lines["user_id"]))


def offered_months(newest: FinanceMonth, today: date) -> list[date]:
    """Return the months to pick from, newest first: from the oldest request to today's month."""
    return months_between(newest.first_month or today, max(newest.last_month or today, today))


def _restored(statement: FinanceMonth, formats: Formats, price: str) -> Card:
    restoration, totals = statement.restoration, statement.totals
    is_verified = restoration.status == "verified"
    pending = f"{formats.quantity(totals.restored_m2_pending, AREA)} pending, at {price}/m²"
    return Card(
        label="Nature restored",
        icon=":material/forest:",
        value=formats.quantity(restoration.area_m2, AREA) if is_verified else "None yet",
        change=None,
        notes=("with a receipt",) if is_verified else ("no receipt yet", pending),
        source="A contribution: it counts once a receipt is there, and is never subtracted.",
    )


def _rates(statement: FinanceMonth, formats: Formats) -> str:
    lowest, highest = statement.fx.get("lowest"), statement.fx.get("highest")
    if lowest is None:
        planning = formats.number(statement.fx.get("planning_rate_eur_per_usd"), 2)
        return f"at {planning} € per $ (planning rate)"
    if lowest == highest:
        return f"at {formats.number(lowest, 4)} € per $"
    return f"at {formats.number(lowest, 4)}–{formats.number(highest, 4)} € per $"
