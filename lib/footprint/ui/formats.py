"""Figures as a reader writes them: money, quantities in fitting units, shares, dates. Pure.

Unknown is "unknown", what is too small to print is "<0.01 …", and only a true zero reads 0.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from footprint.ui.locales import NO_BREAK_SPACE, Locale, locale_of

Amount = float | int | Decimal | None

UNKNOWN: Final = "unknown"
_SMALLEST: Final = Decimal("0.01")
# English whatever the server's own locale is, as every word of the app.
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}


@dataclass(frozen=True)
class Unit:
    """A unit and its size in the quantity's base unit."""

    symbol: str
    size: Decimal


@dataclass(frozen=True)
class Quantity:
    """A physical quantity: its units, smallest first."""

    name: str
    units: tuple[Unit, ...]

    def unit_for(self, value: Amount) -> Unit:
        """Return the unit in which ``value`` (in the base unit) reads between 1 and 1,000."""
        size = abs(exact(value) or Decimal(0))
        if size == 0:
            return next(unit for unit in self.units if unit.size == 1)
        fitting = (unit for unit in self.units if _significant(size / unit.size, 3) < 1000)
        return next(fitting, self.units[-1])


def _ladder(name: str, *units: tuple[str, str]) -> Quantity:
    return Quantity(name, tuple(Unit(symbol, Decimal(size)) for symbol, size in units))


# Base units: kWh, g, L, m², one token: the units of the columns they come from.
ENERGY = _ladder(
    "energy", ("mWh", "1e-6"), ("Wh", "1e-3"), ("kWh", "1"), ("MWh", "1e3"), ("GWh", "1e6")
)
CARBON = _ladder(
    "carbon", ("µg", "1e-6"), ("mg", "1e-3"), ("g", "1"), ("kg", "1e3"), ("t", "1e6"), ("kt", "1e9")
)
WATER = _ladder("water", ("µL", "1e-6"), ("mL", "1e-3"), ("L", "1"), ("m³", "1e3"))
AREA = _ladder("area", ("mm²", "1e-6"), ("cm²", "1e-4"), ("m²", "1"), ("ha", "1e4"))
TOKENS = _ladder("tokens", ("", "1"), ("k", "1e3"), ("M", "1e6"), ("B", "1e9"), ("T", "1e12"))


def exact(value: Amount) -> Decimal | None:
    """Return ``value`` as the decimal it prints as; ``None`` for unknown (None, NaN, infinite)."""
    if value is None:
        return None
    decimal = value if isinstance(value, Decimal) else Decimal(str(value))
    return decimal if decimal.is_finite() else None


@dataclass(frozen=True)
class Formats:
    """Writes figures in one reader's locale."""

    locale: Locale

    @classmethod
    def of(cls, tag: str | None) -> Formats:
        """Return the formats for a browser's language tag (``de-DE``); English where unknown."""
        return cls(locale_of(tag))

    def number(self, value: Amount, decimals: int = 0) -> str:
        """Write a number with grouped thousands, rounded half up to ``decimals`` places."""
        known = exact(value)
        if known is None:
            return UNKNOWN
        rounded = known.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        text = f"{abs(rounded):,f}".replace(",", "\0").replace(".", self.locale.decimal)
        sign = "−" if rounded < 0 else ""
        return sign + text.replace("\0", self.locale.group)

    def counted(self, count: int, noun: str) -> str:
        """Write how many of something there are: ``1 request``, ``1,200 requests``."""
        return f"{self.number(count)} {noun}{'' if count == 1 else 's'}"

    def money(self, value: Amount, currency: str = "EUR") -> str:
        """Write money to the cent; less than half a cent that is not nothing is ``<€0.01``."""
        known = exact(value)
        if known is None:
            return UNKNOWN
        if 0 < abs(known) < _SMALLEST / 2:
            text = self._currency(self.number(_SMALLEST, 2), currency)
            return f"<{text}" if known > 0 else f">−{text}"
        text = self._currency(self.number(abs(known), 2), currency)
        return f"−{text}" if known < 0 else text

    def fine_money(self, value: Amount, currency: str = "EUR") -> str:
        """Write what one request cost: to the cent, below a cent with two significant digits."""
        known = exact(value)
        if known is None or known == 0 or abs(known) >= _SMALLEST:
            return self.money(value, currency)
        before, after = self.around_money(currency)
        return f"{before}{self.number(known, min(1 - known.adjusted(), 12))}{after}"

    def stated_money(self, value: Amount, currency: str) -> str:
        """Write money with every digit that it was stated with, to the cent at least: 5.00 EUR."""
        known = exact(value)
        if known is None:
            return UNKNOWN
        exponent = known.normalize().as_tuple().exponent
        decimals = max(2, -exponent) if isinstance(exponent, int) else 2
        return f"{self.number(known, decimals)}{NO_BREAK_SPACE}{currency}"

    def seconds(self, value: Amount) -> str:
        """Write a time given in seconds, below one second in milliseconds."""
        known = exact(value)
        if known is None:
            return UNKNOWN
        if abs(known) < 1:
            return f"{self.number(known * 1000)}{NO_BREAK_SPACE}ms"
        return f"{self.number(known, 1)}{NO_BREAK_SPACE}s"

    def around_money(self, currency: str = "EUR") -> tuple[str, str]:
        """Return what stands before and after an amount of money, for axes."""
        before, after = self._currency("\0", currency).split("\0")
        return before, after

    def quantity(self, value: Amount, quantity: Quantity) -> str:
        """Write a quantity given in its base unit: three significant digits, a fitting unit."""
        known = exact(value)
        if known is None:
            return UNKNOWN
        unit = quantity.unit_for(known)
        return _with_unit(self._digits(known / unit.size, 3), unit)

    def span(self, low: Amount, high: Amount, quantity: Quantity) -> str:
        """Write a range in one unit with two significant digits: ``4.1–37 kWh``."""
        least, most = exact(low), exact(high)
        if least is None or most is None:
            return UNKNOWN
        unit = quantity.unit_for(most)
        first, last = (self._digits(end / unit.size, 2) for end in (least, most))
        return _with_unit(first if first == last else f"{first}–{last}", unit)

    def in_unit(self, value: Amount, unit: Unit) -> str:
        """Write a base-unit value in a given unit, for tables and charts that share one unit."""
        known = exact(value)
        return UNKNOWN if known is None else _with_unit(self._digits(known / unit.size, 3), unit)

    def share(self, part: Amount, whole: Amount) -> str:
        """Write part ÷ whole in percent; 100 only where it is all, 0 only where it is nothing."""
        some, all_of_it = exact(part), exact(whole)
        if some is None or not all_of_it:
            return UNKNOWN
        percent = some / all_of_it * 100
        gap = self.locale.percent_gap
        if 0 < percent < Decimal("0.05"):
            return f"<{self.number(Decimal('0.1'), 1)}{gap}%"
        if Decimal("99.95") <= percent < 100:
            return f">{self.number(Decimal('99.9'), 1)}{gap}%"
        fine = 0 < percent < 1 or Decimal("99.5") <= percent < 100
        return f"{self.number(percent, 1 if fine else 0)}{gap}%"

    def change(self, now: Amount, before: Amount) -> str | None:
        """Write the change from ``before`` to ``now``: ``+12%``, ``-3%``, ``×14``, ``0%``.

        A fall begins with an ASCII minus, by which Streamlit knows it. ``None`` where there is
        nothing to compare with.
        """
        current, previous = exact(now), exact(before)
        if current is None or not previous:
            return None
        ratio = current / previous
        if ratio >= 10:
            return f"×{self.number(ratio, 0)}"
        percent = ((ratio - 1) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        sign = "+" if percent > 0 else "-" if percent < 0 else ""
        return f"{sign}{self.number(abs(percent), 0)}{self.locale.percent_gap}%"

    def day(self, day: date) -> str:
        """Write a day: ``3 Nov 2026`` (``Nov 3, 2026`` in the United States)."""
        return f"{self._day_month(day)}{' ' if self.locale.day_first else ', '}{day.year}"

    def days(self, first: date, last: date) -> str:
        """Write a span of days, as short as it is clear; a whole month by its name."""
        if first == last:
            return self.day(first)
        if first.day == 1 and last == _last_of_month(first):
            return month_name(first)
        if first.year != last.year:
            return f"{self.day(first)} – {self.day(last)}"
        return f"{self._day_month(first)} – {self.day(last)}"

    def _day_month(self, day: date) -> str:
        month = _MONTHS[day.month - 1][:3]
        return f"{day.day} {month}" if self.locale.day_first else f"{month} {day.day}"

    def _currency(self, figure: str, currency: str) -> str:
        symbol = _SYMBOLS.get(currency, currency)
        gap = self.locale.currency_gap or ("" if currency in _SYMBOLS else NO_BREAK_SPACE)
        return f"{symbol}{gap}{figure}" if self.locale.currency_first else f"{figure}{gap}{symbol}"

    def _digits(self, value: Decimal, significant: int) -> str:
        """Write a value with so many significant digits, two decimals at most."""
        if value == 0:
            return "0"
        if abs(value) < _SMALLEST / 2:
            text = self.number(_SMALLEST, 2)
            return f"<{text}" if value > 0 else f">−{text}"
        rounded = _significant(value, significant)
        whole_digits = max(rounded.adjusted() + 1, 1)
        is_whole = value == value.to_integral_value()
        return self.number(rounded, 0 if is_whole else min(2, max(0, significant - whole_digits)))


def month_name(day: date) -> str:
    """Write the month of a day: ``November 2026``."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _last_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _significant(value: Decimal, digits: int) -> Decimal:
    """Round half up to significant digits, but never coarser than to ones."""
    if value == 0:
        return value
    place = min(0, value.adjusted() - digits + 1)
    return value.quantize(Decimal(1).scaleb(place), rounding=ROUND_HALF_UP)


def _with_unit(text: str, unit: Unit) -> str:
    return f"{text}{NO_BREAK_SPACE}{unit.symbol}" if unit.symbol else text
