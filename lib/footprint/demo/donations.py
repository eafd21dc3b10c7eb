"""Invented donations for the demo's closed months, each with its invented receipt.

The organisations do not exist; the prices a m2 are like those that real ones ask.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

_NAMESPACE: Final = uuid.UUID("1c2f7a52-4c2e-5a57-9d55-8f0d0f6f0b1e")


@dataclass(frozen=True, slots=True)
class Donation:
    """One donation for one month; `verified` once finance compared it with its receipt."""

    month: date
    organisation: str
    project: str
    ecosystem: str
    claim_type: str
    country: str
    amount_eur: Decimal
    area_m2: Decimal
    verified: bool = True

    @property
    def donation_id(self) -> uuid.UUID:
        """The same donation has the same id in every load."""
        return uuid.uuid5(_NAMESPACE, f"{self.month}|{self.organisation}|{self.claim_type}")

    @property
    def donated_on(self) -> date:
        """The ninth day after the month."""
        return (self.month.replace(day=28) + timedelta(days=4)).replace(day=9)

    @property
    def receipt_number(self) -> str:
        """The number on the receipt."""
        return f"DEMO-{self.month:%Y%m}-{self.claim_type[:1].upper()}"

    @property
    def receipt(self) -> str:
        """The receipt's text, of which the database keeps the SHA-256."""
        return (
            f"Receipt {self.receipt_number} (demo, invented)\n"
            f"{self.organisation}: {self.project}, {self.country}\n"
            f"{self.claim_type}: {self.area_m2} m2 of {self.ecosystem} for EUR {self.amount_eur}\n"
        )

    @property
    def receipt_sha256(self) -> str:
        """SHA-256 of the receipt, hexadecimal."""
        return hashlib.sha256(self.receipt.encode()).hexdigest()


def donations_for(costs_eur: Mapping[date, Decimal]) -> list[Donation]:
    """Return the donations: one for every month, and a small one that waits for its check.

    The organisation pledges as much as its requests cost (setting ``pledge_share`` 1) and gives
    whole euros around that. Every fourth month trees are planted instead of land restored; in the
    middle of the year there is a protected area besides, which counts for no m2; in the last month
    somebody gave five euros more, which nobody has compared with the receipt yet.

    Args:
        costs_eur: first day of each closed month → what its requests cost, in EUR.
    """
    found: list[Donation] = []
    months = sorted(costs_eur)
    for number, month in enumerate(months):
        amount = max(1, math.ceil(costs_eur[month] * _GENEROSITY[number % len(_GENEROSITY)]))
        kind = _PLANTED if number % 4 == 3 else _RESTORED
        found.append(_donation(kind, month, Decimal(amount)))
        if number == 5:
            found.append(_donation(_PROTECTED, month, Decimal(15)))
    if months:
        found.append(_donation(_UNCHECKED, months[-1], Decimal(5), verified=False))
    return found


@dataclass(frozen=True, slots=True)
class _Kind:
    organisation: str
    project: str
    ecosystem: str
    claim_type: str
    country: str
    eur_per_m2: Decimal


_GENEROSITY: Final = (Decimal("1.05"), Decimal("0.9"), Decimal("1.1"), Decimal(1))
# Prices as projects ask for them: see docs/demo-data.md.
_RESTORED: Final = _Kind(
    *("Larkfield Peatland Fund (invented)", "Rewetting the Larkfield bog", "raised bog"),
    *("restored", "IRL", Decimal("1.20")),
)
_PLANTED: Final = _Kind(
    *("Alder & Ash Trust (invented)", "Riverside woods of the lower Meander", "alluvial forest"),
    *("planted", "FRA", Decimal("1.00")),
)
_PROTECTED: Final = _Kind(
    *("Alder & Ash Trust (invented)", "Guarding the old stands", "old-growth forest"),
    *("protected", "ROU", Decimal("0.03")),
)
_UNCHECKED: Final = _Kind(
    *("Meander Meadow Friends (invented)", "Wild flowers along the railway", "hay meadow"),
    *("planted", "FRA", Decimal("1.00")),
)


def _donation(kind: _Kind, month: date, amount_eur: Decimal, *, verified: bool = True) -> Donation:
    area_m2 = (amount_eur / kind.eur_per_m2).quantize(Decimal("0.1"))
    return Donation(
        *(month, kind.organisation, kind.project, kind.ecosystem, kind.claim_type, kind.country),
        *(amount_eur, area_m2, verified),
    )
