"""Shares have one denominator and one sentence, in the documentation and on the pages."""

from __future__ import annotations

from pathlib import Path

from footprint.data.usage import usage
from footprint.ui.data_quality import coverage_cards
from footprint.ui.formats import Formats
from footprint.ui.meanings import MEANINGS, meanings

FINANCE = Path(__file__).parents[2] / "docs/finance.md"


def test_the_documentation_has_every_sentence_with_what_it_is_a_share_of() -> None:
    text = FINANCE.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    told = {row[2].removesuffix(" |"): (row[0], row[1]) for row in rows if len(row) == 3}
    assert set(MEANINGS.values()) <= set(told)
    assert told[MEANINGS["priced"]] == ("| `priced`", "`billable`")
    assert told[MEANINGS["measured"]] == ("| `measured`", "`measurable`")
    assert told[MEANINGS["attributed"]] == ("| `attributed`", "`requests`")
    assert told[MEANINGS["latency"]] == ("| `latency_s_mean`", "`latency_count`")


def test_the_cards_of_coverage_quote_them_and_count_what_they_say() -> None:
    counts = {"requests": 10, "billable": 8, "priced": 4, "measurable": 5, "measured": 1}
    cards = coverage_cards(usage({**counts, "attributed": 9}), Formats.of("en"))
    assert {card.label: (card.value, card.source) for card in cards} == {
        "Priced": ("50%", meanings("priced", "billable")),
        "Measured": ("20%", meanings("measured", "measurable")),
        "Attributed": ("90%", meanings("attributed")),
    }
