"""A cost that a caller states in a currency → the fields of an event. Pure.

What was stated stays as it is; the database works out the other currencies, by its exchange rates.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, TypedDict

_CODE: Final = re.compile(r"[A-Za-z]{3}")


class BadCurrency(Exception):
    """A text is no currency; the text of the error goes on after the name of its field."""


class StatedCost(TypedDict, total=False):
    """The fields of a `UsageEvent` that say what it cost; none where that is unknown."""

    cost_usd: Decimal
    reported_cost: Decimal
    reported_currency: str
    price_source: str


def stated_cost(cost: Decimal, currency: str) -> StatedCost:
    """Return the fields of an event that say its cost.

    Args:
        cost: in units of the currency.
        currency: three letters as in ISO 4217, capital or small.

    Raises:
        BadCurrency: where it has another form.
    """
    if not _CODE.fullmatch(currency):
        raise BadCurrency(f"must be a currency's three letters, such as EUR, not {currency[:40]!r}")
    code = currency.upper()
    if code == "USD":
        return {"cost_usd": cost, "price_source": "caller"}
    return {
        "reported_cost": cost,
        "reported_currency": code,
        "price_source": f"caller, in {code}",
    }
