"""What bills a request without a price, and why it is left without one, is told in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from footprint.data.data_quality import Part
from footprint.event import UNITS
from footprint.ui.formats import Formats
from footprint.ui.price_parts import amount, billed_by, part_label, priced_unit, why_left

ENGLISH = Formats.of("en")


def part(*billed: str, tier: str | None = None, of: str | None = None) -> Part:
    return Part(tier, billed, 1, 0, None if of is None else Decimal(of), 0)


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_every_unit_can_be_named_in_a_part_a_price_and_a_reason(unit: str) -> None:
    words, size = priced_unit(unit)
    said = (billed_by(part(unit)), words, why_left({unit: 1}, ENGLISH))
    assert not any("_" in each for each in said)
    assert (size == 1_000_000) == (unit == "characters" or unit.endswith("_tokens"))


def test_a_part_is_named_by_what_bills_it_and_its_tier() -> None:
    assert part_label(part("text tokens")) == "Text tokens"
    assert part_label(part("pages", "images", tier="batch")) == "Pages read + images (batch)"
    heard = part("text tokens", "audio_input_tokens")
    assert part_label(heard) == "Text tokens + audio heard"
    assert part_label(part()) == "Nothing that is known"
    assert part_label(part("moon_rocks")) == "Moon rocks"


def test_an_amount_has_the_digits_it_has_and_nothing_is_a_dash() -> None:
    assert amount(part("audio_seconds", of="12.5"), ENGLISH) == "12.5"
    assert amount(part(), ENGLISH) == "–"


def test_reasons_are_told_the_most_first() -> None:
    assert why_left({"another tier": 2, "web_searches": 12, "not ended": 1}, ENGLISH) == (
        "12 used web searches, whose price is not given; 2 had another tier of service; "
        "1 had not ended"
    )
