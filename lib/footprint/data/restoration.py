"""What the organisation gave to restoring nature: donations, receipts and months. Never cached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from footprint.auth import Me
from footprint.data.client import fetch_all, rpc
from footprint.data.usage import money, number

# What finance may claim of an area; only the first two count as m².
CLAIMS = {
    "restored": "Restored",
    "planted": "Planted",
    "purchased": "Land purchased",
    "protected": "Land protected",
}
COUNTING = ("restored", "planted")


@dataclass(frozen=True)
class Donation:
    """One contribution, as it was entered; verified once compared with its receipt."""

    donation_id: str
    # First day of the month whose requests it is for.
    month: date
    donated_on: date
    organisation: str
    project: str | None
    claim_type: str
    country: str | None
    # As it was paid, and what that was in euros.
    amount: Decimal
    currency: str
    amount_eur: Decimal
    # EUR for one unit of the currency, and of which day; None where the euros were entered.
    fx_eur_per_unit: Decimal | None
    fx_day: date | None
    area_m2: float
    receipt_url: str | None
    receipt_sha256: str | None
    receipt_number: str | None
    is_verified: bool

    @property
    def counts(self) -> bool:
        """Whether its area is shown as m² restored."""
        return self.is_verified and self.claim_type in COUNTING

    @property
    def price_eur_per_m2(self) -> float | None:
        """What a square metre cost."""
        return float(self.amount_eur) / self.area_m2 if self.area_m2 else None


@dataclass(frozen=True)
class Contribution:
    """All months and donations of the organisation.

    ``months`` has the columns ``month``, ``pledged_eur``, ``donated_eur`` (by verified receipts of
    what counts), ``verified_m2``, ``pending_m2`` and ``price_eur_per_m2``, oldest first.
    """

    months: pd.DataFrame
    # Newest first.
    donations: list[Donation]

    @property
    def price_eur_per_m2(self) -> float | None:
        """EUR of all counting receipts ÷ their m²; None before the first one."""
        counting = [donation for donation in self.donations if donation.counts]
        area = sum(donation.area_m2 for donation in counting)
        return float(sum(donation.amount_eur for donation in counting)) / area if area else None


def contribution(me: Me) -> Contribution:
    """Return what was pledged, donated and restored, by month and donation."""
    order = "month.desc,donated_on.desc,donation_id"
    donations = [_donation(row) for row in fetch_all(me.session, "donations", order)]
    rates = _rates(me, None, None)
    known = [row["month"][:10] for row in rates]
    given = [donation.month.isoformat() for donation in donations]
    if given and (min(given) < known[0] or max(given) > known[-1]):
        rates = _rates(me, min(given + known), max(given + known))
    return Contribution(_months(rates), donations)


def record_donation(me: Me, donation: dict[str, Any]) -> None:
    """Enter a donation, unverified (finance and admin only).

    Args:
        me: who enters it.
        donation: the columns of ``donations`` by name; dates as ISO 8601, money as text.

    Raises:
        InputError: where something is missing or cannot be, in a sentence.
    """
    rpc(me.session, "record_donation", {"p_donation": donation})


def verify_donation(me: Me, donation: Donation, receipt_sha256: str) -> None:
    """Mark a donation as compared with its receipt (finance and admin only)."""
    call = {"p_donation_id": donation.donation_id, "p_receipt_sha256": receipt_sha256}
    rpc(me.session, "verify_donation", call)


def _rates(me: Me, first: str | None, last: str | None) -> list[dict[str, Any]]:
    return list(rpc(me.session, "restoration_rates", {"p_from": first, "p_to": last}))


def _months(rates: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            "month": pd.Timestamp(row["month"][:10]),
            "pledged_eur": number(row["pledged_eur"]),
            "donated_eur": number(row["donated_eur"]),
            "verified_m2": number(row["area_m2"]) if row["status"] == "verified" else 0.0,
            "pending_m2": float(row["cost_eur"]) * float(row["pending_m2_per_eur"]),
            "price_eur_per_m2": number(row["price_eur_per_m2"]),
        }
        for row in rates
    ]
    return pd.DataFrame(rows)


def _donation(row: dict[str, Any]) -> Donation:
    return Donation(
        donation_id=row["donation_id"],
        month=date.fromisoformat(row["month"][:10]),
        donated_on=date.fromisoformat(row["donated_on"][:10]),
        organisation=row["organisation"],
        project=row["project"],
        claim_type=row["claim_type"],
        country=row["country"],
        amount=money(row["amount"]) or Decimal(0),
        currency=row["currency"],
        amount_eur=money(row["amount_eur"]) or Decimal(0),
        fx_eur_per_unit=money(row["fx_eur_per_unit"]),
        fx_day=date.fromisoformat(row["fx_day"][:10]) if row["fx_day"] else None,
        area_m2=float(row["area_m2"]),
        receipt_url=row["receipt_url"],
        receipt_sha256=row["receipt_sha256"],
        receipt_number=row["receipt_number"],
        is_verified=row["verified_at"] is not None,
    )
