"""What a quantity compares to: a versioned table with sources, two at most at a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from footprint.impact.sizes import read_rows

# The table's version: a change of a number is a new file and a new version.
VERSION: Final = 1
AT_MOST: Final = 2
# Fewer than this say nothing to anybody: a smaller thing is chosen, or none.
_FEWEST: Final = 0.1
ANYWHERE: Final = "*"


@dataclass(frozen=True)
class Equivalence:
    """One thing that a quantity is compared to.

    Attributes:
        quantity: carbon (amounts in g) or water (amounts in L).
        amount: How much one of it is, in that unit.
        locales: Language tags (``en-US``, or ``fr`` for all of them) it is chosen for; ``*``: any.
    """

    key: str
    quantity: str
    amount: float
    singular: str
    plural: str
    locales: tuple[str, ...]
    source: str
    url: str
    date: str

    def count(self, value: float) -> float:
        """Return how many of it ``value`` (g or L) is."""
        return value / self.amount

    def name(self, count: float) -> str:
        """Return its name for so many."""
        return self.singular if count == 1 else self.plural

    def fits(self, locale: str) -> int:
        """Return how well it suits a reader: 2 their country, 1 their language or any, 0 not."""
        if locale in self.locales:
            return 2
        language = locale.partition("-")[0]
        return int(language in self.locales or ANYWHERE in self.locales)


@cache
def equivalences() -> tuple[Equivalence, ...]:
    """Return the whole table."""
    return tuple(
        Equivalence(
            key=row["key"],
            quantity=row["quantity"],
            amount=float(row["amount"]),
            singular=row["singular"],
            plural=row["plural"],
            locales=tuple(row["locales"].split()),
            source=row["source"],
            url=row["url"],
            date=row["date"],
        )
        for row in read_rows(f"equivalences_{VERSION}.csv")
    )


def equivalents(
    carbon_g: float | None, water_l: float | None, locale: str
) -> list[tuple[Equivalence, float]]:
    """Return what to compare carbon and water to: one each at most, so two in all.

    Args:
        carbon_g: gCO2e; None or nothing has no equivalent.
        water_l: Litres; likewise.
        locale: The reader's language tag (``de-DE``).

    Returns:
        The thing and how many of it; among those for the reader's country, then language, then
        anywhere, the largest thing of which there is at least a tenth.
    """
    found = (_best("carbon", carbon_g, locale), _best("water", water_l, locale))
    return [pair for pair in found if pair][:AT_MOST]


def _best(quantity: str, value: float | None, locale: str) -> tuple[Equivalence, float] | None:
    if not value or value <= 0:
        return None
    fitting = [
        (thing.fits(locale), thing.amount, thing)
        for thing in equivalences()
        if thing.quantity == quantity and thing.fits(locale) and thing.count(value) >= _FEWEST
    ]
    if not fitting:
        return None
    thing = max(fitting, key=lambda found: found[:2])[2]
    return thing, thing.count(value)
