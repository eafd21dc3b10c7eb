"""What the restoration page draws: what was pledged, given and restored, and each donation."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from footprint.api.exports import receipt_address
from footprint.auth import Me
from footprint.charts.restoration import MONEY, NATURE, Pair, describe_pair, side_by_side
from footprint.data.deployment import Deployment
from footprint.data.restoration import CLAIMS, Contribution, Donation
from footprint.ui.cards import Card
from footprint.ui.charts import Drawing, chart_row
from footprint.ui.formats import AREA, Formats, month_name
from footprint.ui.tables import styled, table_height

STATES = {True: "Verified", False: "Pending"}


def contribution_cards(given: Contribution, deployment: Deployment, formats: Formats) -> list[Card]:
    """Return the four cards: pledged, donated, restored, and what a square metre cost."""
    months = given.months
    pledged, donated = months["pledged_eur"].sum(), months["donated_eur"].sum()
    verified, pending = months["verified_m2"].sum(), months["pending_m2"].sum()
    price = given.price_eur_per_m2
    return [
        Card(
            label="Pledged",
            icon=":material/volunteer_activism:",
            value=formats.money(pledged),
            change=None,
            notes=(f"{formats.share(deployment.pledge_share, 1)} of the cost of all requests",),
            source="The organisation's pledge, a share of what its requests cost, over all months.",
        ),
        Card(
            label="Donated",
            icon=":material/payments:",
            value=formats.money(donated),
            change=None,
            notes=(
                "by verified receipts",
                *((f"{formats.share(donated, pledged)} of what is pledged",) if pledged else ()),
            ),
            source="Donations that restored or planted, compared with their receipts by finance.",
        ),
        Card(
            label="Nature restored",
            icon=":material/forest:",
            value=formats.quantity(verified, AREA) if verified else "None yet",
            change=None,
            notes=(
                "with a receipt, in months that are over",
                f"{formats.quantity(pending, AREA)} pending: pledged, not yet receipted",
            ),
            source=(
                "A contribution, shown beside the footprint and never subtracted from it. Verified "
                "and pending square metres are never added up."
            ),
        ),
        Card(
            label="Cost per m²",
            icon=":material/square_foot:",
            value=formats.money(price if price else months["price_eur_per_m2"].iloc[-1]),
            change=None,
            notes=("euros ÷ m² of all receipts" if price else "by contract, until a receipt",),
            source="The sum of the receipts' euros by the sum of their m², not a mean of prices.",
        ),
    ]


def draw_months(given: Contribution, formats: Formats) -> None:
    """Draw pledge beside donation and verified beside pending m², by month."""
    chart_row(
        (4, _drawing("donated", MONEY, given.months, formats)),
        (4, _drawing("restored", NATURE, given.months, formats)),
    )


def draw_donations(given: Contribution, stored: frozenset[str], formats: Formats) -> None:
    """Draw every donation with its receipt."""
    with st.container(border=True):
        st.header("Donations", anchor=False)
        if not given.donations:
            st.write("No donation has been entered yet.")
            return
        writers = {
            "Amount": formats.money,
            "Area": lambda value: formats.quantity(value, AREA),
            "Cost per m²": formats.money,
        }
        st.dataframe(
            styled(donations_table(given.donations, stored, formats), writers),
            hide_index=True,
            placeholder="–",
            height=table_height(len(given.donations)),
            column_config={
                "For": st.column_config.Column(pinned=True, width=130),
                "Organisation": st.column_config.Column(width=225),
                "Claim": st.column_config.Column(width=115),
                "Receipt": st.column_config.LinkColumn(display_text="Open"),
                "Stored file": st.column_config.LinkColumn(display_text="Download"),
                "SHA-256 of the receipt": st.column_config.Column(width=180),
            },
            alt=f"{len(given.donations)} donations, newest first, with claim, amount and receipt",
        )
        st.caption(
            "Verified: somebody of finance compared the entry with its receipt. Only areas that "
            "were restored or planted count as m²; bought and protected land is shown, not counted."
        )


def donations_table(
    donations: list[Donation], stored: frozenset[str], formats: Formats
) -> pd.DataFrame:
    """Return the donations as the list shows them: one row each, figures still numbers.

    Args:
        donations: newest first.
        stored: the SHA-256 of every receipt that can be downloaded.
        formats: the reader's.
    """
    table = pd.DataFrame(
        {
            "For": month_name(donation.month),
            "Organisation": donation.organisation,
            "Amount": float(donation.amount_eur),
            "Area": donation.area_m2,
            "State": STATES[donation.is_verified],
            "Claim": CLAIMS.get(donation.claim_type, donation.claim_type),
            "Project": donation.project,
            "Paid": _as_paid(donation, formats),
            "Cost per m²": donation.price_eur_per_m2,
            "Country": donation.country,
            "Paid on": donation.donated_on,
            "Receipt": donation.receipt_url,
            "Receipt number": donation.receipt_number,
            "Stored file": _address(donation.receipt_sha256, stored),
            "SHA-256 of the receipt": donation.receipt_sha256,
        }
        for donation in donations
    )
    is_euro = all(donation.currency == "EUR" for donation in donations)
    unused = {"Stored file": not stored, "Paid": is_euro}
    return table.drop(columns=[name for name, is_unused in unused.items() if is_unused])


def _address(digest: str | None, stored: frozenset[str]) -> str | None:
    return receipt_address(digest) if digest is not None and digest in stored else None


def _as_paid(donation: Donation, formats: Formats) -> str:
    if donation.currency == "EUR":
        return "in euros"
    paid = formats.money(donation.amount, donation.currency)
    if donation.fx_eur_per_unit is None:
        return f"{paid}, euros as entered"
    return f"{paid} at {formats.number(donation.fx_eur_per_unit, 4)} € per $"


def nothing_given(me: Me) -> None:
    """Say that nothing is pledged or donated yet, and what will be here."""
    with st.container(border=True, gap="small"):
        st.header(":material/forest: Nothing pledged or donated yet", anchor=False)
        st.write(
            "With the first request that has a cost, the organisation's pledge begins to grow. "
            "Each donation is then listed here with its receipt."
        )
        if me.role == "member":
            st.caption("Donations are entered by the people of finance.")


def _drawing(key: str, pair: Pair, months: pd.DataFrame, formats: Formats) -> Drawing:
    return Drawing(
        key=key,
        title=pair.title,
        figure=lambda: side_by_side(months, pair, formats),
        alt=describe_pair(months, pair, formats),
        table=lambda: _months_table(months, pair, formats),
    )


def _months_table(months: pd.DataFrame, pair: Pair, formats: Formats) -> Any:
    newest = months.iloc[::-1]
    names = pair.names | ({} if pair.is_money else {"price_eur_per_m2": "Price per m²"})
    table = newest[list(names)].rename(columns=names).reset_index(drop=True)
    table.insert(0, "Month", [month_name(month) for month in newest["month"]])
    write = pair.text(formats)
    writers = dict.fromkeys(pair.names.values(), write) | {"Price per m²": formats.money}
    return styled(table, {name: writers[name] for name in names.values()})


def is_nothing(given: Contribution) -> bool:
    """Whether there is neither a donation nor a pledge."""
    return not given.donations and not given.months["pledged_eur"].sum()
