"""The five measures a chart can show: where each stands in a table and how it is written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from footprint.ui.formats import (
    CARBON,
    ENERGY,
    TOKENS,
    WATER,
    Amount,
    Formats,
    Quantity,
    Unit,
)
from footprint.ui.locales import NO_BREAK_SPACE


@dataclass(frozen=True)
class Measure:
    """One measure of a group of requests."""

    name: str
    column: str
    # None for money, which is written to the cent in its currency.
    quantity: Quantity | None
    # Whether the table has the ends of its range, `<stem>_low` and `<stem>_high`.
    is_estimate: bool = False

    @property
    def low(self) -> str:
        """The column of the low end of the range."""
        return f"{self.column}_low"

    @property
    def high(self) -> str:
        """The column of the high end of the range."""
        return f"{self.column}_high"

    def unit_for(self, largest: Amount) -> Unit:
        """Return the unit in which the largest figure of a chart reads well."""
        return Unit("€", Decimal(1)) if self.quantity is None else self.quantity.unit_for(largest)

    def axis(self, unit: Unit, formats: Formats) -> dict[str, str]:
        """Return how an axis writes its figures, each with its unit, for Plotly."""
        if self.quantity is None:
            before, after = formats.around_money()
            return {"tickprefix": before, "ticksuffix": after}
        return {"ticksuffix": f"{NO_BREAK_SPACE}{unit.symbol}"}

    def text(self, value: Amount, formats: Formats) -> str:
        """Write one figure of this measure with its unit."""
        if self.quantity is None:
            return formats.money(value)
        return formats.quantity(value, self.quantity)


COST: Final = Measure("Cost", "cost_eur", None)
TOKENS_USED: Final = Measure("Tokens", "tokens_used", TOKENS)
ENERGY_USED: Final = Measure("Energy", "energy_kwh", ENERGY, is_estimate=True)
CARBON_EMITTED: Final = Measure("CO₂e", "carbon_gco2e", CARBON, is_estimate=True)
WATER_USED: Final = Measure("Water", "water_l", WATER, is_estimate=True)

MEASURES: Final = (COST, TOKENS_USED, ENERGY_USED, CARBON_EMITTED, WATER_USED)
