"""Zones by name: every zone that a factor set can hold is a place that a reader knows."""

from __future__ import annotations

import json

from footprint.impact.sizes import DATA
from footprint.ui.zones import by_name, zone_name


def test_every_zone_of_the_shipped_factor_sets_has_a_name_of_its_own() -> None:
    files = [file for file in DATA.iterdir() if file.name.endswith(".json")]
    assert files
    for file in files:
        codes = [grid["zone"] for grid in json.loads(file.read_text(encoding="utf-8"))["grids"]]
        names = {zone_name(code) for code in codes}
        assert len(names) == len(codes) > 200
        assert not names & set(codes)


def test_a_zone_is_called_by_its_country() -> None:
    assert zone_name("DEU") == "Germany (DEU)"
    assert zone_name("XYZ") == "XYZ"
    assert by_name(["USA", "DEU", "ZAF"]) == ["DEU", "ZAF", "USA"]
