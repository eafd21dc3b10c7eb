"""``estimate`` and the commands: what a person sees, and what they are told when it cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import footprint
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


def test_a_chat_front_end_imports_it_from_the_top_without_any_package_but_the_base() -> None:
    script = (
        "import sys, time; begin = time.perf_counter()\n"
        "from footprint import estimate\n"
        "took = time.perf_counter() - begin\n"
        "print(estimate('openai', 'gpt-4o', 1200, 300).impact.energy_kwh.mid)\n"
        "print(took)\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ("ecologits", "litellm", "pandas", "streamlit", "httpx", "dotenv", "psycopg")
    done = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, text=True, check=True
    )
    energy, took, loaded = done.stdout.splitlines()
    assert float(energy) == pytest.approx(5.2e-4, rel=0.1)
    assert loaded == "[]"
    assert float(took) < 1  # benchmarks/estimate.py holds it to 0.25 s on a quiet machine


def test_the_top_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'estimates'"):
        footprint.estimates  # noqa: B018


@pytest.mark.parametrize("tokens", [float("nan"), 1.5, "12", True])
def test_what_is_not_a_whole_number_is_refused_with_a_sentence(tokens: Any) -> None:
    for counts in ((tokens, 9, 0), (9, tokens, 0), (9, 9, tokens)):
        with pytest.raises(InputError, match="give a whole number from 0 to 10"):
            estimate("openai", "gpt-4o", *counts)


def test_tokens_that_nobody_counted_make_an_impact_nobody_knows() -> None:
    assert estimate("openai", "gpt-4o", None, 9).impact.reason == "no_tokens"
    assert estimate("openai", "gpt-4o", 9, None).impact.reason == "no_tokens"
    assert estimate("openai", "gpt-4o", 0, 0).impact.reason == "no_tokens"


def test_a_trillion_tokens_are_a_number_like_any_other() -> None:
    most, one = (estimate("openai", "gpt-4o", 0, n).impact.energy_kwh for n in (10**12, 1))
    assert most and one
    assert most.mid == pytest.approx(one.mid * 1e12)
