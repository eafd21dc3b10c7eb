"""How well the models of a page are known: shares and bands, added up by hand."""

from __future__ import annotations

import math

import pandas as pd

from footprint.ui.method_note import evidence_table


def test_evidence_is_told_by_share_of_energy_with_the_widest_band() -> None:
    by_model = pd.DataFrame(
        {
            "provider": ["a", "a", "b", "c"],
            "model": ["one", "two", "one", "nobody knows"],
            "energy_kwh": [1.0, 2.0, 1.0, None],
        }
    )
    evidence = pd.DataFrame(
        {
            "provider": ["a", "a", "b"],
            "model": ["one", "two", "one"],
            "match": ["exact"] * 3,
            "evidence": ["closed", "closed", "measured"],
            "band": [3.7, 4.0, 2.5],
        }
    )

    rows = evidence_table(by_model, evidence).to_numpy().tolist()

    assert rows[0] == ["derived from an estimate of the model's size", 2, 0.75, 4.0]
    assert rows[1] == ["measured on the model itself", 1, 0.25, 2.5]
    assert rows[2][:2] == ["not known: left out of the estimates", 1]
    assert math.isnan(rows[2][2]) and math.isnan(rows[2][3])


def test_without_any_estimate_there_is_no_share() -> None:
    by_model = pd.DataFrame({"provider": ["a"], "model": ["x"], "energy_kwh": [None]})
    nothing = pd.DataFrame(columns=["provider", "model", "match", "evidence", "band"])
    (row,) = evidence_table(by_model.astype({"energy_kwh": "float64"}), nothing).to_numpy().tolist()
    assert row[1] == 1 and math.isnan(row[2])
