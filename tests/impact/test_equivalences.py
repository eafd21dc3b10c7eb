"""Equivalences: sourced, chosen by locale, never more than two."""

from __future__ import annotations

import pytest

from footprint.impact.equivalences import equivalences, equivalents


def test_every_equivalence_has_a_source_and_a_year() -> None:
    for thing in equivalences():
        assert thing.source and thing.date.isdigit() and thing.amount > 0
        assert thing.quantity in ("carbon", "water")


@pytest.mark.parametrize(
    ("locale", "keys"),
    [
        ("en-US", ["us_car", "shower"]),
        ("fr-FR", ["eu_car", "shower"]),
        ("de-DE", ["eu_car", "shower"]),
        ("", ["eu_car", "shower"]),
    ],
)
def test_a_reader_sees_what_they_know(locale: str, keys: list[str]) -> None:
    assert [thing.key for thing, _ in equivalents(5000, 500, locale)] == keys


def test_small_amounts_are_compared_with_small_things_and_tiny_ones_with_none() -> None:
    assert [t.key for t, _ in equivalents(5, 0.5, "fr-FR")] == ["tgv", "glass"]
    assert [t.key for t, _ in equivalents(5, 0.5, "en-US")] == ["phone", "glass"]
    assert equivalents(0.001, 0.001, "en-US") == []


def test_what_is_unknown_or_nothing_is_compared_with_nothing() -> None:
    assert equivalents(None, None, "en-US") == equivalents(0, 0, "en-US") == []


def test_a_comparison_worked_out_by_hand() -> None:
    # 2.44 kg in an average US car at 244 g a km: 10 km; 119.6 L at 59.8 L a shower: 2 showers
    (car, km), (shower, showers) = equivalents(2440, 119.6, "en-US")
    assert (km, showers) == pytest.approx((10, 2))
    assert car.name(km) == "km in an average US car" and shower.name(showers) == "showers"


def test_never_more_than_two() -> None:
    for locale in ("en-US", "fr-FR", "de-DE", "ja-JP", "x"):
        for amount in (0.01, 1, 100, 1e9):
            assert len(equivalents(amount, amount, locale)) <= 2
