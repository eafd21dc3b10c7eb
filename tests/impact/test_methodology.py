"""The methodology: made from constants, set and references; committed as it is made; misses included."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from footprint.impact import constants as c
from footprint.impact.constants_listed import constants
from footprint.impact.methodology import render_markdown
from footprint.impact.sizes import read_rows
from footprint.impact.validation import compared, comparisons, summary, upper_scenario
from footprint.impact.validation_said import validation_rows, verdict

DOCS = Path(__file__).parents[2] / "docs" / "methodology.md"


def test_the_committed_document_is_what_is_made_today() -> None:
    assert DOCS.read_text(encoding="utf-8") == render_markdown(), "run `footprint factors build`"


def test_every_reference_case_is_shown_and_no_miss_is_left_out() -> None:
    text = render_markdown()
    assert len(comparisons()) == len(list(read_rows("impact_cases.csv"))) == 51
    assert len(compared()) + len(upper_scenario()) == 51
    misses = [row for row in comparisons() if not row.is_inside]
    assert misses and text.count("| miss: ") == len(misses)
    for row in validation_rows(comparisons()):
        assert "| " + " | ".join(row) + " |" in text


def test_a_constant_that_changes_changes_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "HOST_OVERHEAD", 1.7)
    assert "1.7" in {k.value for k in constants()}


def test_every_constant_has_a_source() -> None:
    assert all(k.name and k.value and k.source for k in constants())


def test_first_and_third_party_figures_lie_in_our_band_and_measured_ones_within_two() -> None:
    for row in compared():
        assert row.is_inside, (row.source, row.ratio)
        if row.kind == "measured":
            assert 0.5 < row.ratio < 2, (row.model, row.ratio)


def test_ours_stand_nearer_to_the_references_than_the_second_opinion() -> None:
    ours = summary(row.ratio for row in compared())
    theirs = summary(row.their_ratio for row in compared())
    assert 0.8 < ours.geometric_mean < 1.25
    assert ours.spread < 2 < theirs.spread
    assert ours.cases == theirs.cases == 12


def test_a_summary_worked_out_by_hand() -> None:
    # ratios 1/2, 2 and 4: logs -1, 1, 2 (base 2), mean 2/3, sample variance 7/3
    found = summary([0.5, 2.0, None, 4.0])
    assert found.geometric_mean == pytest.approx(2 ** (2 / 3))
    assert found.spread == pytest.approx(2 ** math.sqrt(7 / 3))
    assert (found.cases, found.within_two) == (3, 2)


def test_a_verdict_says_how_far_off_a_miss_is() -> None:
    worst = min(upper_scenario(), key=lambda row: row.ratio)
    assert verdict(worst).startswith("miss: 0.0")
