"""Restoration: what everybody reads, what finance and admins enter and verify; by role and state."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import streamlit as st

from footprint.auth.guard import identify
from footprint.data.receipts import sha256_of
from footprint.data.restoration import contribution, record_donation, verify_donation
from footprint.errors import AccessDenied, InputError
from screens import DOWN, buttons, charts, figures, open_page, words
from web import Web, cookies_of, session_for, sit_at_browser, tell_settings

RESTORATION = "pages/restoration.py"
RECEIPT = b"Receipt 7: 40 m2 restored for 50 euros\n"


@pytest.fixture
def given(empty: Web) -> Web:
    """January 2020: 50 € and 30 € restored 40 m² and 10 m² with receipts; 5 m² wait; a forest bought."""
    for area, amount, claim, is_verified in (
        (40, 50, "restored", True),
        (10, 30, "planted", True),
        (5, 6, "restored", False),
        (1000, 25, "protected", True),
    ):
        empty.database.execute(
            "insert into public.donations (month, donated_on, organisation, claim_type, amount,"
            " amount_eur, area_m2, receipt_url, receipt_sha256, verified_at)"
            " values ('2020-01-01', '2020-02-01', 'Heath *Trust*', %s, %s, %s, %s,"
            " 'https://example.org/r', %s, case when %s then now() end)",
            [claim, amount, amount, area, "a" * 64 if is_verified else None, is_verified],
        )
    return empty


@pytest.mark.parametrize("person", ["ann", "ada", "fin"])
def test_everybody_reads_what_was_given_and_only_receipted_areas_count(
    given: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, RESTORATION)

    shown = figures(at)
    assert shown["Donated"] == "€80.00"  # 50 + 30: what is protected or pending does not count
    assert shown["Nature restored"] == "50 m²"
    assert shown["Cost per m²"] == "€1.60"  # 80 € ÷ 50 m², not the mean of 1.25 and 3
    table = at.dataframe[0].value
    assert len(table) == 4 and list(table["State"]).count("Pending") == 1
    assert set(table["Claim"]) == {"Restored", "Planted", "Land protected"}
    assert len(charts(at)) == 2
    assert "verified 50 m²" in charts(at)[1].replace("\u00a0", " ")
    text = words(at).lower()
    assert "never subtracted" in text
    for claim in ("offset", "neutral", "net "):
        assert claim not in text


@pytest.mark.parametrize(("person", "writes"), [("ann", False), ("ada", True), ("fin", True)])
def test_finance_and_admins_may_write(
    given: Web, monkeypatch: pytest.MonkeyPatch, person: str, writes: bool
) -> None:
    at = open_page(monkeypatch, person, RESTORATION)
    assert ("Add a donation" in buttons(at)) is writes
    assert ("Verify a donation" in buttons(at)) is writes


@pytest.mark.parametrize("person", ["ann", "fin"])
def test_an_organisation_that_gave_nothing_is_told_so(
    empty: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, RESTORATION)
    assert "Nothing pledged or donated yet" in words(at)
    assert not at.metric and not at.dataframe
    assert ("Add a donation" in buttons(at)) is (person == "fin")


def test_a_pledge_without_a_receipt_is_pending(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "ann", RESTORATION)
    # All costs are 1.75 + 0.70 + 0.10 + 3.00 + 0.01 USD, or 2.78 €; 5 % are 13.9 cents.
    assert figures(at)["Pledged"] == "€0.14"
    assert figures(at)["Nature restored"] == "None yet"
    assert "by contract, until a receipt" in words(at)
    assert "0.12 m² pending" in words(at)  # 0.139 € at 1.20 € per m²


@pytest.mark.parametrize("person", ["ann", "ada", "fin"])
def test_a_database_that_went_down_is_a_sentence_and_a_button(
    full: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, RESTORATION)
    tell_settings(monkeypatch, {**full.environment, "SUPABASE_URL": DOWN})
    st.cache_data.clear()
    at.run()
    assert "does not answer right now" in words(at)
    assert "Try again" in buttons(at)


def test_a_donation_is_entered_and_then_verified_with_its_receipt(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_browser(monkeypatch, cookies_of(session_for("fin")))
    me = identify()
    assert me is not None
    entry: dict[str, Any] = {
        "month": "2020-01-01",
        "donated_on": "2020-02-01",
        "organisation": " ",
        "claim_type": "restored",
        "amount": "0",
        "amount_eur": "0",
        "area_m2": "40",
        "receipt_url": "http://example.org/receipt",
    }
    for mended, sentence in (
        ({"organisation": "Heath Trust"}, "Say which organisation received the donation."),
        ({"amount": "50", "amount_eur": "50"}, "The amount must be more than 0."),
        ({"receipt_url": "https://example.org/r"}, "The link to the receipt must begin with"),
    ):
        with pytest.raises(InputError, match=sentence):
            record_donation(me, entry)
        entry |= mended
    record_donation(me, entry)
    [donation] = contribution(me).donations
    assert not donation.is_verified and not donation.counts

    with pytest.raises(InputError, match="SHA-256 of the receipt"):
        verify_donation(me, donation, "not a digest")
    verify_donation(me, donation, sha256_of(RECEIPT))
    [donation] = contribution(me).donations
    assert donation.counts and donation.receipt_sha256 == hashlib.sha256(RECEIPT).hexdigest()
    assert donation.price_eur_per_m2 == 1.25
    actions = empty.database.rows("select action from public.audit_log where action ~ 'donation'")
    assert sorted(actions) == [("donation.record",), ("donation.verify",)]


def test_dollars_become_euros_by_the_rate_of_the_day_and_other_currencies_as_entered(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The payments are of Saturday, 1 February 2020: the rate of Friday holds.
    empty.database.execute(
        "insert into public.fx_rates values ('2020-01-30', 0.7, 'test'), ('2020-01-31', 0.9, 'test')"
    )
    sit_at_browser(monkeypatch, cookies_of(session_for("fin")))
    me = identify()
    assert me is not None
    paid: dict[str, Any] = {
        "month": "2020-01-01",
        "donated_on": "2020-02-01",
        "organisation": "Heath Trust",
        "claim_type": "restored",
        "area_m2": "40",
        "amount": "50.10",
        "currency": "USD",
    }
    record_donation(me, paid)
    for refused in ({"currency": "GBP"}, {"donated_on": "2020-02-20"}):
        with pytest.raises(InputError, match="No exchange rate is known for that day and curren"):
            record_donation(me, paid | refused)
    with pytest.raises(InputError, match="three capital letters"):
        record_donation(me, paid | {"currency": "euro"})
    record_donation(me, paid | {"currency": "GBP", "amount": "40", "amount_eur": "47.30"})
    # What the database works out cannot be brought along.
    brought = {"currency": "EUR", "amount": "7", "fx_eur_per_unit": "2", "fx_day": "2020-01-31"}
    record_donation(me, paid | brought)

    stored = {donation.currency: donation for donation in contribution(me).donations}
    dollars, pounds, euros = stored["USD"], stored["GBP"], stored["EUR"]
    assert (dollars.amount, dollars.amount_eur) == (Decimal("50.10"), Decimal("45.09"))
    assert (dollars.fx_eur_per_unit, dollars.fx_day) == (Decimal("0.9"), date(2020, 1, 31))
    assert (pounds.amount, pounds.amount_eur, pounds.fx_day) == (
        Decimal(40),
        Decimal("47.30"),
        None,
    )
    assert (euros.amount_eur, euros.fx_eur_per_unit) == (Decimal(7), None)

    at = open_page(monkeypatch, "ann", RESTORATION)
    table = at.dataframe[0].value
    shown = {row["Amount"]: row["Paid"].replace("\u00a0", " ") for _, row in table.iterrows()}
    assert shown[45.09] == "$50.10 at 0.9000 € per $"
    assert shown[47.3] == "£40.00, euros as entered"
    assert shown[7.0] == "in euros"


def test_a_member_can_neither_enter_nor_verify(given: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_at_browser(monkeypatch, cookies_of(session_for("ann")))
    me = identify()
    assert me is not None
    with pytest.raises(AccessDenied):
        record_donation(me, {})
    with pytest.raises(AccessDenied):
        verify_donation(me, contribution(me).donations[0], "a" * 64)
