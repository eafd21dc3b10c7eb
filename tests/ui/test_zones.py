"""Zones by name: every zone that a factor set can hold is a place that a reader knows."""

from __future__ import annotations

import json

import pytest

from footprint.impact.sizes import DATA
from footprint.ui.request_detail import zone_caveat
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


@pytest.mark.parametrize(
    ("provider", "region", "flags", "zone", "said"),
    [
        ("Anthropic", None, None, "USA", "gas turbines"),
        ("anthropic", "us", None, "USA", None),
        ("bedrock", "eu-east-9", ["unknown_region"], "USA", "for this provider"),
        ("bedrock", None, ["several_countries"], "EEE", None),
        ("mistral", None, None, "FRA", None),  # somebody said so
        ("never-heard-of", None, ["clock_ahead"], "WOR", "ten times off"),
    ],
)
def test_a_request_in_a_usual_zone_says_what_is_not_known_of_it(
    provider: str, region: str | None, flags: list[str] | None, zone: str, said: str | None
) -> None:
    request = {"provider": provider, "region": region, "flags": flags, "grid_zone": zone}
    found = zone_caveat(request)
    assert (found is None) == (said is None) and (said or "") in (found or "")
