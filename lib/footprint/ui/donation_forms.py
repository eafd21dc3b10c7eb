"""The two forms of the restoration page: a donation is entered, and compared with its receipt."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from footprint.auth import Me
from footprint.data.receipts import TYPES, sha256_of, store_receipt, stored_receipts
from footprint.data.restoration import (
    CLAIMS,
    Contribution,
    Donation,
    record_donation,
    verify_donation,
)
from footprint.errors import InputError
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.filters import months_between
from footprint.ui.formats import AREA, Formats, month_name
from footprint.ui.page import View

WRITERS = ("finance", "admin")
_NOT_STORED = (
    "The file itself is not stored. Its SHA-256 is computed here and kept: it shows later whether "
    "a file is the very one that was compared."
)
_IN_EUROS = (
    "What the bank statement says. Left empty, dollars become euros by the last exchange rate of "
    "the week before the payment; of other currencies no rate is kept."
)
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "DKK", "NOK", "PLN", "CZK", "RON")
_STORED = (
    "The file is stored, and everybody who is signed in can open it: black out what is not for "
    "them. Its SHA-256 is kept beside it."
)
# Months back that a donation can be for.
_MONTHS = 36


def donation_buttons(view: View, given: Contribution, today: date) -> None:
    """Draw the buttons beside the title, for those who may enter and verify donations."""
    if view.me.role not in WRITERS:
        return
    pending = [donation for donation in given.donations if not donation.is_verified]
    with view.controls:
        if st.button("Add a donation", icon=":material/add:", type="primary"):
            _add(view.me, today)
        if pending and st.button("Verify a donation", icon=":material/fact_check:"):
            _verify(view.me, pending, view.formats)


@st.dialog("Add a donation", width="medium")
def _add(me: Me, today: date) -> None:
    months = months_between(today.replace(year=today.year - _MONTHS // 12, day=1), today)
    with st.form("add_donation", border=False):
        entry: dict[str, Any] = {
            "organisation": st.text_input("Organisation", max_chars=200).strip(),
            "project": st.text_input("Project", max_chars=200).strip() or None,
        }
        with st.grid(2, min_column_width=180):
            month = st.selectbox("For the requests of", months, index=1, format_func=month_name)
            paid = st.date_input("Paid on", today, format="YYYY-MM-DD")
            claim = st.selectbox("Claim", list(CLAIMS), format_func=CLAIMS.__getitem__)
            country = st.text_input("Country", placeholder="ROU", max_chars=3)
            amount = st.number_input("Amount", min_value=0.0, step=1.0)
            currency = st.selectbox(
                "Currency", CURRENCIES, accept_new_options=True, help="Three letters, ISO 4217."
            )
            euros = st.number_input(
                "In euros, if in another currency",
                value=None,
                min_value=0.0,
                step=1.0,
                placeholder="Dollars: by the rate of the day",
                help=_IN_EUROS,
            )
            area = st.number_input("Area, m²", min_value=0.0, step=1.0)
            url = st.text_input("Link to the receipt", placeholder="https://", max_chars=2000)
            number = st.text_input("Receipt number", max_chars=200)
        file = _receipt_field(me, "Receipt")
        sent = st.form_submit_button("Add, unverified", type="primary")
    if sent:
        entry |= {
            "month": month.isoformat(),
            "donated_on": paid.isoformat(),
            "claim_type": claim,
            "country": country.strip().upper() or None,
            "amount": f"{amount:.2f}",
            "currency": currency.strip().upper(),
            "amount_eur": None if euros is None else f"{euros:.2f}",
            "area_m2": f"{area:.4f}",
            "receipt_url": url.strip() or None,
            "receipt_number": number.strip() or None,
        }
        act(lambda: _added(me, entry, file))


@st.dialog("Verify a donation", width="medium")
def _verify(me: Me, pending: list[Donation], formats: Formats) -> None:
    by_id = {donation.donation_id: donation for donation in pending}
    chosen = st.selectbox(
        "Donation", list(by_id), format_func=lambda key: _title(by_id[key], formats)
    )
    donation = by_id[chosen]
    st.write(
        plain(
            f"{CLAIMS[donation.claim_type]}: {formats.quantity(donation.area_m2, AREA)} for "
            f"{paid_in_words(donation, formats)}, paid on {formats.day(donation.donated_on)}"
        )
    )
    if donation.receipt_url:
        st.link_button("Open the receipt", donation.receipt_url, icon=":material/open_in_new:")
    file = _receipt_field(me, "Receipt that you compared")
    digest = sha256_of(file.getvalue()) if file else None
    if digest and donation.receipt_sha256 not in (None, digest):
        st.warning(
            "This is another file than the one the donation was entered with: verify only if "
            "this one is right. Both are kept in the audit log.",
            icon=":material/warning:",
        )
    agreed = st.checkbox("Organisation, amount and area are as the receipt says")
    if st.button("Verify", type="primary", icon=":material/fact_check:"):
        act(lambda: _verified(me, donation, file, agreed))


def paid_in_words(donation: Donation, formats: Formats) -> str:
    """Return the euros of a donation, with what was paid where that was another currency."""
    euros = formats.money(donation.amount_eur)
    if donation.currency == "EUR":
        return euros
    paid = formats.money(donation.amount, donation.currency)
    if donation.fx_eur_per_unit is None or donation.fx_day is None:
        return f"{euros} ({paid}, the euros as entered)"
    rate = formats.number(donation.fx_eur_per_unit, 4)
    return f"{euros} ({paid} at {rate}, the rate of {formats.day(donation.fx_day)})"


def _receipt_field(me: Me, label: str) -> UploadedFile | None:
    is_stored = stored_receipts(me) is not None
    said = _STORED if is_stored else _NOT_STORED
    file = st.file_uploader(label, type=sorted(TYPES.values()) if is_stored else None, help=said)
    st.caption(said)
    return file


def _kept(me: Me, file: UploadedFile) -> str:
    """Store a receipt where there is somewhere to, and return its SHA-256."""
    content = file.getvalue()
    if stored_receipts(me) is None:
        return sha256_of(content)
    return store_receipt(me, content, file.type)


def _added(me: Me, entry: dict[str, Any], file: UploadedFile | None) -> str:
    record_donation(me, entry | {"receipt_sha256": _kept(me, file) if file else None})
    return f"The donation to {entry['organisation']} is entered; it is pending until verified."


def _verified(me: Me, donation: Donation, file: UploadedFile | None, agreed: bool) -> str:
    if file is None:
        raise InputError("Choose the receipt that you compared: its SHA-256 is kept.")
    if not agreed:
        raise InputError("Confirm that organisation, amount and area are as the receipt says.")
    verify_donation(me, donation, _kept(me, file))
    return f"The donation to {donation.organisation} is verified."


def _title(donation: Donation, formats: Formats) -> str:
    return (
        f"{donation.organisation}, {month_name(donation.month)}, "
        f"{formats.money(donation.amount_eur)}"
    )
