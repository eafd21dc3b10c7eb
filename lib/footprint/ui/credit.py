"""What the credit page draws: the balance, how fast it goes, how long it lasts, its entries."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from footprint.data.credit import Credit
from footprint.forecast import HORIZON_DAYS, NOT_ENOUGH, WHY_NOT_ENOUGH, Pace, RunOut, pace_of
from footprint.ui.acts import NOTHING
from footprint.ui.cards import Card
from footprint.ui.formats import Formats, month_name
from footprint.ui.tables import styled, table_height

KINDS = {
    "topup": "Top-up",
    "refund": "Paid back",
    "spend": "Spent elsewhere",
    "adjustment": "Adjustment",
    "reversal": "Taken back",
    "usage": "Usage",
}
_WEEKS = 4
_SOURCE = "The ledger below: what was credited, less the known cost of all your requests."
_OUTLOOK = (
    "Each weekday as its mean over the last eight weeks, until the balance is used up. The day "
    "lies between the two others nine times in ten, as long as habits stay."
)


def credit_cards(credit: Credit, formats: Formats) -> list[Card]:
    """Return balance, pace and the day on which the credit runs out."""
    spent = sum(credit.days[-7 * _WEEKS :])
    return [
        Card(
            label="Balance",
            icon=":material/account_balance_wallet:",
            value=formats.money(credit.balance_eur),
            change=None,
            notes=(
                f"{formats.money(credit.credited_eur)} credited",
                f"{formats.money(credit.used_eur)} used",
            ),
            source=_SOURCE,
        ),
        Card(
            label="Used a week",
            icon=":material/speed:",
            value=formats.money(spent / _WEEKS),
            change=None,
            notes=(
                f"mean of the last {_WEEKS} weeks",
                f"{formats.money(credit.cost_today)} so far today",
            ),
            source="The known cost of your requests of the last 28 complete days, a quarter of it.",
        ),
        _runs_out(credit, formats),
    ]


def outlook(credit: Credit) -> RunOut | None:
    """Return when the balance is used up; None without enough history."""
    pace: Pace | None = pace_of(credit.days, credit.today - timedelta(days=1))
    if pace is None:
        return None
    return pace.runs_out(float(credit.balance_eur) + credit.cost_today)


def draw_entries(credit: Credit, formats: Formats) -> None:
    """Draw every entry of the ledger, and the usage of each month as one."""
    with st.container(border=True):
        st.header("Entries", anchor=False)
        if credit.entries.empty:
            st.write("Nothing yet: a top-up by finance is the first entry.")
            return
        entries = credit.entries
        table = pd.DataFrame(
            {
                "On": [
                    _when(at, kind, formats)
                    for at, kind in zip(entries["at"], entries["kind"], strict=True)
                ],
                "What": [KINDS[kind] for kind in entries["kind"]],
                "Euros": entries["amount_eur"].astype("float64"),
                "Note": [note or "" for note in entries["note"]],
            }
        )
        st.dataframe(
            styled(table, {"Euros": formats.money}),
            hide_index=True,
            placeholder=NOTHING,
            height=table_height(len(table)),
            column_config={"On": st.column_config.Column(pinned=True, width=140)},
            alt=f"{len(table)} entries, newest first, with what they changed in euros",
        )
        st.caption(
            f"In all {formats.money(sum(entries['amount_eur'], Decimal(0)))}, which is the "
            "balance. Usage is what your requests cost, a month in one entry."
        )


def not_prepaid() -> None:
    """Say that nobody spends from a balance here."""
    with st.container(border=True, gap="small"):
        st.header(":material/account_balance_wallet: Credit is not in use here", anchor=False)
        st.write("Your organisation pays for requests as they come: there is nothing to top up.")


def _when(at: date, kind: str, formats: Formats) -> str:
    return month_name(at) if kind == "usage" else formats.day(at)


def _runs_out(credit: Credit, formats: Formats) -> Card:
    value, notes = _in_words(credit, formats)
    return Card(
        label="Lasts until",
        icon=":material/event_upcoming:",
        value=value,
        change=None,
        notes=notes,
        source=_OUTLOOK,
    )


def _in_words(credit: Credit, formats: Formats) -> tuple[str, tuple[str, ...]]:
    if credit.balance_eur <= 0:
        return "Used up", ("finance can top it up",)
    found = outlook(credit)
    if found is None:
        return NOT_ENOUGH.capitalize(), (WHY_NOT_ENOUGH,)
    years = f"more than {HORIZON_DAYS // 365} years"
    if found.earliest is None:
        return years.capitalize(), ("at the pace of the last eight weeks",)
    latest = formats.day(found.latest) if found.latest else f"in {years}"
    value = f"≈ {formats.day(found.expected)}" if found.expected else years.capitalize()
    return value, (f"90% interval {formats.day(found.earliest)} – {latest}",)
