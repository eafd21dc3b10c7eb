"""What a request used beside tokens is told in words that a reader knows."""

from __future__ import annotations

from decimal import Decimal

from footprint.event import UNITS
from footprint.ui.formats import Formats
from footprint.ui.quantities import WORDS, quantity_facts


def test_every_unit_has_words_of_its_own() -> None:
    assert set(WORDS) == UNITS
    assert len(set(WORDS.values())) == len(WORDS)
    assert all("_" not in words and words[0].isupper() for words in WORDS.values())


def test_amounts_are_written_whole_or_with_the_digits_they_have() -> None:
    found = quantity_facts(
        {"pages": 1200, "audio_seconds": 12.5, "gpu_seconds": Decimal("0.1234567"), "images": 2.0},
        Formats.of("en"),
    )
    assert found == [
        ("Pages read", "1,200"),
        ("Images", "2"),
        ("Audio, seconds", "12.5"),
        ("Time on a GPU, seconds", "0.123457"),
    ]


def test_a_unit_that_is_not_known_goes_by_its_name_and_nothing_is_nothing() -> None:
    assert quantity_facts({"moon_rocks": 3}, Formats.of("en")) == [("Moon rocks", "3")]
    assert quantity_facts(None, Formats.of("en")) == quantity_facts({}, Formats.of("en")) == []
