"""``estimate`` and the commands: what a person sees, and what they are told when it cannot be."""

from __future__ import annotations

import json

import pytest

from footprint.cli import main
from footprint.errors import InputError
from footprint.impact import estimate


def test_an_estimate_worked_out_by_hand() -> None:
    # GPT-4o: 2.42775 J; 300 out, 1000 of the prompt computed, 200 read from the cache:
    #   300 + 85 + 1.7 = 386.7; * 2.42775 * 1.6 * 1.2 / 3.6e6 = 5.00700e-4 kWh
    # France: * 41.44 + 300 * 3.51914e-5 = 0.0207490 + 0.0105574 = 0.0313064 g
    # water: 5.007e-4 / 1.2 * 0.569 + 5.007e-4 * 3.6737 = 2.37415e-4 + 1.83942e-3 = 2.07684e-3 L
    found = estimate("openai", "gpt-4o", 1200, 300, cached=200, zone="FRA")
    impact = found.impact
    assert impact.energy_kwh and impact.carbon_gco2e and impact.water_l
    assert impact.energy_kwh.mid == pytest.approx(5.00700e-4, rel=1e-4)
    assert impact.carbon_gco2e.mid == pytest.approx(0.0313064, rel=1e-4)
    assert impact.water_l.mid == pytest.approx(2.07684e-3, rel=1e-4)
    assert impact.energy_kwh.high == pytest.approx(3.7 * impact.energy_kwh.mid)
    assert found.factor and found.factor.factor_id == "2026.11/openai/gpt-4o"
    assert (found.factor.match, found.factor.evidence) == ("exact", "closed")


def test_spelling_of_provider_model_and_zone_does_not_matter() -> None:
    assert estimate("OpenAI", " GPT-4o ", 9, 9, zone="fra") == estimate(
        "openai", "gpt-4o", 9, 9, zone="FRA"
    )


def test_without_a_zone_the_providers_usual_one_counts() -> None:
    assert estimate("mistral", "mistral-large-latest", 9, 9).grid.zone == "SWE"
    assert estimate("openai", "gpt-4o", 9, 9).grid.zone == "USA"
    assert estimate("some-host", "x", 9, 9).grid.zone == "WOR"


def test_an_unknown_model_is_unknown_and_not_zero() -> None:
    found = estimate("openai", "gpt-99", 9, 9)
    assert found.impact.reason == "no_factor"
    assert found.impact.energy_kwh is None and found.factor is None


@pytest.mark.parametrize("name", ["", "🌍", "é" * 4096, "'; drop table x; --"])
def test_a_strange_name_is_an_unknown_model(name: str) -> None:
    assert estimate("openai", name, 9, 9).impact.reason == "no_factor"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((-1, 9, 0, None), "not a number of tokens"),
        ((9, 10**13, 0, None), "not a number of tokens"),
        ((9, 9, 10, None), "count the cached ones among them"),
        ((9, 9, 0, "Atlantis"), "not a zone with a known electricity mix"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    values: tuple[int, int, int, str | None], sentence: str
) -> None:
    tokens_in, tokens_out, cached, zone = values
    with pytest.raises(InputError, match=sentence):
        estimate("openai", "gpt-4o", tokens_in, tokens_out, cached, zone)


def test_an_estimate_names_its_sources() -> None:
    citations = estimate("openai", "gpt-4o", 9, 9).citations
    assert {"ecologits-0.11.3", "size-fit"} <= set(citations)
    price = estimate("xai", "grok-4.5", 9, 9)
    assert set(price.citations) >= {"price-fit", "litellm"}
    assert price.factor and price.factor.sources["usd_per_m_out"] == 6.0


def test_the_command_prints_a_range_its_evidence_and_its_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["estimate", "openai/gpt-4o", "--in", "1200", "--out", "300", "--zone", "FRA"]) == 0
    shown = capsys.readouterr().out
    for part in ("low", "mid", "high", "Wh", "gCO2e", "mL", "closed", "exact", "EcoLogits", "FRA"):
        assert part in shown


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "bedrock/eu.anthropic.claude-opus-5", "--out", "10", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["energy_kwh"]["low"] < shown["energy_kwh"]["mid"] < shown["energy_kwh"]["high"]
    assert shown["match"] == "alias" and shown["facility"]["pue"] == 1.14


def test_the_command_says_that_a_model_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "openai/gpt-99", "--out", "10"]) == 0
    assert "its impact is unknown, not zero" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gpt-4o", "--out", "1"], "For example: azure/gpt-4o"),
        (["mystery", "--out", "1"], "provider/model"),
        (["openai/gpt-4o", "--out", "-5"], "-5 is not a number of tokens"),
        (["openai/gpt-4o", "--out", "1", "--zone", "ZZZ"], "'ZZZ' is not a zone"),
        (["openai/gpt-4o", "--out", "1", "--in", "1", "--cached", "2"], "count the cached ones"),
    ],
)
def test_the_command_ends_in_one_sentence_where_it_cannot_answer(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", *arguments]) == 2
    shown = capsys.readouterr().err
    assert sentence in shown and shown.count("\n") == 1
