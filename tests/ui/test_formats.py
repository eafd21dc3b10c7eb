"""Figures as a reader writes them; every expected text is worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.ui.formats import (
    AREA,
    CARBON,
    ENERGY,
    TOKENS,
    WATER,
    Formats,
    Quantity,
    exact,
    month_name,
)

ENGLISH = Formats.of("en-GB")
GERMAN = Formats.of("de-DE")
FRENCH = Formats.of("fr-FR")
AMERICAN = Formats.of("en-US")


@pytest.mark.parametrize(
    ("value", "english", "german", "french"),
    [
        (Decimal("1234.565"), "€1,234.57", "1.234,57\u00a0€", "1\u202f234,57\u00a0€"),
        (1234567, "€1,234,567.00", "1.234.567,00\u00a0€", "1\u202f234\u202f567,00\u00a0€"),
        (0.005, "€0.01", "0,01\u00a0€", "0,01\u00a0€"),
        (Decimal("0.00499"), "<€0.01", "<0,01\u00a0€", "<0,01\u00a0€"),
        (-3.5, "−€3.50", "−3,50\u00a0€", "−3,50\u00a0€"),
        (0, "€0.00", "0,00\u00a0€", "0,00\u00a0€"),
        (None, "unknown", "unknown", "unknown"),
        (float("nan"), "unknown", "unknown", "unknown"),
    ],
)
def test_money_is_written_to_the_cent_in_the_readers_locale(
    value: float, english: str, german: str, french: str
) -> None:
    assert [f.money(value) for f in (ENGLISH, GERMAN, FRENCH)] == [english, german, french]


def test_money_names_its_currency() -> None:
    assert ENGLISH.money(1, "USD") == "$1.00"
    assert ENGLISH.money(1, "CHF") == "CHF\u00a01.00"
    assert GERMAN.money(1, "USD") == "1,00\u00a0$"


def test_half_a_cent_rounds_up_as_the_database_does() -> None:
    assert ENGLISH.money(Decimal("2.675")) == "€2.68"
    assert ENGLISH.money(Decimal("2.665")) == "€2.67"


@pytest.mark.parametrize(
    ("value", "quantity", "text"),
    [
        (12.345, ENERGY, "12.3 kWh"),
        (0.0123, ENERGY, "12.3 Wh"),
        (0.00000234, ENERGY, "2.34 mWh"),
        (0.9996, ENERGY, "1.00 kWh"),
        (0.99949, ENERGY, "999 Wh"),
        (1234.5, ENERGY, "1.23 MWh"),
        (0.000_000_001, ENERGY, "<0.01 mWh"),
        (1_234_567, CARBON, "1.23 t"),
        (48_200, CARBON, "48.2 kg"),
        (0.03, CARBON, "30 mg"),
        (0.000_012, CARBON, "12 µg"),
        (0.00026, WATER, "260 µL"),
        (0.0456, WATER, "45.6 mL"),
        (3.5, WATER, "3.50 L"),
        (12_000, WATER, "12 m³"),
        (20, AREA, "20 m²"),
        (0.5, AREA, "0.50 m²"),
        (0.034, AREA, "340 cm²"),
        (-0.034, AREA, "−340 cm²"),
        (845, TOKENS, "845"),
        (999_999, TOKENS, "1.00 M"),
        (12_345, TOKENS, "12.3 k"),
        (7_000_000_000, TOKENS, "7 B"),
        (0, ENERGY, "0 kWh"),
        (None, ENERGY, "unknown"),
        (float("inf"), ENERGY, "unknown"),
    ],
)
def test_a_quantity_is_written_in_a_fitting_unit(
    value: float | None, quantity: Quantity, text: str
) -> None:
    assert ENGLISH.quantity(value, quantity).replace("\u00a0", " ") == text


def test_a_quantity_uses_the_readers_decimal_mark() -> None:
    assert GERMAN.quantity(12.345, ENERGY) == "12,3\u00a0kWh"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (4.12, 37.4, "4.1–37 kWh"),
        (0.5, 0.5, "500 Wh"),
        (0.0001, 37, "<0.01–37 kWh"),
        (0.004, 3.7, "<0.01–3.7 kWh"),
        (0.0041, 0.037, "4.1–37 Wh"),
        (None, 3, "unknown"),
    ],
)
def test_a_range_is_written_in_one_unit(low: float | None, high: float, text: str) -> None:
    assert ENGLISH.span(low, high, ENERGY).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (97, 100, "97%"),
        (0, 100, "0%"),
        (100, 100, "100%"),
        (1, 1_000_000, "<0.1%"),
        (999_999, 1_000_000, ">99.9%"),
        (997, 1000, "99.7%"),
        (5, 1000, "0.5%"),
        (None, 10, "unknown"),
        (3, 0, "unknown"),
    ],
)
def test_a_share_is_whole_only_when_it_is(part: int | None, whole: int, text: str) -> None:
    assert ENGLISH.share(part, whole) == text


def test_a_share_is_spaced_as_the_locale_asks() -> None:
    assert GERMAN.share(1, 2) == "50\u00a0%"


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (112, 100, "+12%"),
        (97, 100, "-3%"),
        (100.2, 100, "0%"),
        (1400, 100, "×14"),
        (0, 100, "-100%"),
        (5, 0, None),
        (5, None, None),
        (None, 5, None),
    ],
)
def test_a_change_is_told_only_where_there_is_something_to_compare(
    now: float | None, before: float | None, text: str | None
) -> None:
    assert ENGLISH.change(now, before) == text


def test_days_are_as_short_as_they_are_clear() -> None:
    assert ENGLISH.days(date(2026, 10, 23), date(2026, 11, 21)) == "23 Oct – 21 Nov 2026"
    assert ENGLISH.days(date(2025, 12, 1), date(2026, 1, 5)) == "1 Dec 2025 – 5 Jan 2026"
    assert ENGLISH.days(date(2028, 2, 1), date(2028, 2, 29)) == "February 2028"
    assert ENGLISH.days(date(2026, 11, 3), date(2026, 11, 3)) == "3 Nov 2026"
    assert AMERICAN.days(date(2026, 10, 23), date(2026, 11, 21)) == "Oct 23 – Nov 21, 2026"
    assert month_name(date(2026, 11, 3)) == "November 2026"


@pytest.mark.parametrize("tag", [None, "", "xx-YY", "en", "tlh"])
def test_an_unknown_locale_reads_english(tag: str | None) -> None:
    assert Formats.of(tag).number(1234.5, 1) == "1,234.5"


def test_a_region_overrides_its_language() -> None:
    assert Formats.of("de-CH").number(1234.5, 1) == "1’234.5"
    assert Formats.of("de_AT").money(1) == "€\u00a01,00"


@given(st.floats(min_value=1e-30, max_value=1e15), st.sampled_from([ENERGY, CARBON, WATER, AREA]))
def test_what_is_not_nothing_never_reads_as_nothing(value: float, quantity: Quantity) -> None:
    text = ENGLISH.quantity(value, quantity)
    assert any(digit in text for digit in "123456789")


@given(st.floats(min_value=1e-4, max_value=1e9), st.sampled_from([ENERGY, CARBON, WATER]))
def test_a_quantity_reads_back_within_rounding(value: float, quantity: Quantity) -> None:
    figure, symbol = ENGLISH.quantity(value, quantity).split("\u00a0")
    unit = next(u for u in quantity.units if u.symbol == symbol)
    read = Decimal(figure.replace(",", "")) * unit.size
    assert abs(read / Decimal(str(value)) - 1) <= Decimal("0.006")


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_only_finite_numbers_are_known(value: Decimal) -> None:
    assert (exact(value) is None) == (not value.is_finite())
