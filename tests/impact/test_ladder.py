"""Matching names: what a person who knows the models says, and what no name may be taken for."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.impact.ladder import Catalogue, Match, match
from footprint.impact.names import read_name
from footprint.impact.prices import TEXT_MODES, read_price_map, request_name, text_models
from footprint.impact.registry import read_registry
from footprint.impact.sizes import disclosed_sizes, retired_models

GOLDEN = [
    line.split()
    for line in (Path(__file__).parent / "fixtures" / "golden_names.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(read_registry().sizes, disclosed_sizes(), retired_models())


def ends(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def found(catalogue: Catalogue, provider: str, model: str, price: float | None = 1.0) -> Match:
    return match(provider, model, price, catalogue)


def test_the_golden_list_is_long_enough_to_mean_something() -> None:
    assert len(GOLDEN) >= 150
    assert len({tuple(line[:2]) for line in GOLDEN}) == len(GOLDEN)


@pytest.mark.parametrize(
    "trap",
    [
        *("gemini-3-pro", "non-reasoning", "claude-3-haiku", "grok-", "deepseek-", "ft:", "-maas"),
        *(" us\\.", " eu\\.", " apac\\.", " au\\.", " jp\\.", " ca\\.", " global\\.", " us-gov\\."),
        *(
            "anthropic\\.",
            "meta\\.",
            "mistral\\.",
            "-v\\d+:\\d",
            ":0 ",
            "@\\d{8}",
            "latest",
            "preview",
        ),
        *("^azure ", "^azure_text ", "^text-completion-openai ", "^gemini ", "^vertex_ai "),
        *("^mistral ", "^cohere_chat ", "^bedrock anthropic"),
    ],
)
def test_the_golden_list_has_every_trap_of_the_method(trap: str) -> None:
    """The providers, prefixes, suffixes and false friends that the ladder's rules are about."""
    assert any(re.search(trap, " ".join(line)) for line in GOLDEN)


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: f"{line[0]}/{line[1]}")
def test_a_name_is_taken_for_what_it_is(catalogue: Catalogue, line: list[str]) -> None:
    provider, model, rung, active, total = line
    result = found(catalogue, provider, model)
    assert result.rung == rung
    if active == "?":
        assert result.size is None
    else:
        assert result.size is not None
        assert (result.size.active_b, result.size.total_b) == (ends(active), ends(total))


@pytest.mark.parametrize(
    ("name", "is_really"),
    [
        ("gemini-3-pro", "gemini-3-pro-preview"),  # holds the letters of "mini"
        ("gemini-4-argon", None),
        ("claude-3-haiku", "claude-3-haiku-20240307"),  # not haiku-4-5
        ("claude-haiku", None),
        ("grok-4.20-non-reasoning", None),  # not its reasoning sister, and not in any table
        ("grok-4.5", None),  # EcoLogits' own matcher says gpt-4.1
        ("deepseek-r1-distill-llama", None),  # not deepseek-r1
        ("gpt-5.3-codex-spark", None),  # not gpt-5.3-codex
        ("gpt-4o-nano", None),
        ("gpt-4", "gpt-4"),
        ("o3", None),  # not o3-mini
        ("command-latest", None),  # not the `command` of 2023
        ("mistral-large-latest", None),  # at another host: another model at another time
        ("chat-latest", None),
        ("qwen3", None),
        ("llama-4-scout-17b-16e-instruct", "llama-4-scout"),  # 109 billion, not 17
    ],
)
def test_a_name_is_never_taken_for_its_neighbour(
    catalogue: Catalogue, name: str, is_really: str | None
) -> None:
    size = found(catalogue, "some-host", name).size
    assert (size.name if size else None) == is_really


def test_a_model_without_name_size_or_price_is_on_no_rung(catalogue: Catalogue) -> None:
    assert found(catalogue, "nobody", "mystery", None) == Match("none")
    assert found(catalogue, "nobody", "mystery", 0.0) == Match("none")


@pytest.mark.parametrize("name", ["", "/", ":", "🌍", "é" * 4096, "ft:", "7b" * 2000, "a" * 4096])
def test_a_strange_name_finds_nothing_and_breaks_nothing(catalogue: Catalogue, name: str) -> None:
    assert found(catalogue, "openai", name, None).rung == "none"


@given(st.text(max_size=60), st.sampled_from(["openai", "bedrock", "fireworks_ai", ""]))
def test_reading_a_name_twice_gives_the_same(name: str, provider: str) -> None:
    assert read_name(provider, name) == read_name(provider, name.lower())


@pytest.mark.parametrize(
    ("model", "region"),
    [("eu.anthropic.claude-opus-5", "eu"), ("us-gov.xai.grok-4.6", "us-gov"), ("gpt-4o", None)],
)
def test_a_region_before_the_name_is_kept_as_a_hint(model: str, region: str | None) -> None:
    assert read_name("bedrock", model).region == region


def test_the_ladder_covers_litellms_text_models(catalogue: Catalogue) -> None:
    entries = [
        (key, entry) for key, entry in read_price_map().items() if entry.get("mode") in TEXT_MODES
    ]
    rungs = [
        match(*request_name(key, entry), entry.get("output_cost_per_token"), catalogue).rung
        for key, entry in entries
    ]
    share = {rung: rungs.count(rung) / len(rungs) for rung in set(rungs)}
    assert len(entries) == 3235
    assert share["exact"] + share["alias"] >= 0.60
    assert share["exact"] + share["alias"] + share["parameters"] >= 0.80
    assert share["none"] <= 0.04


def test_every_name_of_a_request_is_lower_case_and_without_its_providers_prefix() -> None:
    models = {(model.provider, model.model) for model in text_models(read_price_map())}
    assert ("azure", "eu/gpt-4o") in models
    assert ("bedrock", "eu-west-3/mistral.mistral-7b-instruct-v0:2") in models
    assert ("bedrock", "us.anthropic.claude-opus-4-8") in models  # listed as bedrock_converse
    assert ("vertex_ai", "gemini-2.5-pro") in models  # listed as vertex_ai-language-models
    assert ("amazon_nova", "nova-pro-v1") in models  # listed as amazon-nova/nova-pro-v1
    assert ("openai", "gpt-3.5-turbo-instruct") in models  # listed as text-completion-openai
    assert all(name == name.lower() and name for pair in models for name in pair)


def test_the_middle_of_an_estimated_range_is_its_geometric_mean(catalogue: Catalogue) -> None:
    size = found(catalogue, "openai", "gpt-4o").size
    assert size is not None
    assert size.active_mid_b == math.sqrt(44 * 132)  # 76.21
    assert size.total_mid_b == 440
