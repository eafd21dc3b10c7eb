"""Against published figures (data/impact_cases.csv): what holds, and the misses by name."""

from __future__ import annotations

import pytest

from footprint.impact import Range, estimate
from footprint.impact.engine import energy_from_size
from footprint.impact.sizes import read_rows

CASES = list(read_rows("impact_cases.csv"))


def case(source: str, model: str = "", tokens_in: str | None = None) -> dict[str, str]:
    return next(
        row
        for row in CASES
        if row["source"] == source
        and model in row["model"]
        and tokens_in in (None, row["tokens_in"])
    )


def ours(provider: str, model: str, row: dict[str, str]) -> Range:
    energy = estimate(provider, model, int(row["tokens_in"] or 0), int(row["tokens_out"]))
    assert energy.impact.energy_kwh is not None
    return energy.impact.energy_kwh


# What the method's own table says it should give, in Wh, and how near to it we come. The table was
# drawn up with the middle of a size range, its exponents with three digits, and an input weight of
# 0.09 in the row of 100 000 tokens; ours are as published: 0.27, 0.69 and 0.085.
SHOULD_GIVE = [
    ("Google2025", "", "gemini", "gemini-2.5-flash", 0.30, 0.03),
    ("OpenAI2025", "", "openai", "gpt-4o", 0.33, 0.03),
    ("EpochAI2025", "", "openai", "gpt-4o", 0.66, 0.03),
    ("EpochAI2025-100k", "", "openai", "gpt-4o", 12.5, 0.08),
    ("Jegham2025v6", "GPT-4o (Mar 25)", "openai", "gpt-4o", 0.41, 0.03),
]


@pytest.mark.parametrize(
    ("source", "name", "provider", "model", "wh", "tolerance"),
    SHOULD_GIVE,
    ids=[row[0] for row in SHOULD_GIVE],
)
def test_the_method_gives_what_its_table_says(
    source: str, name: str, provider: str, model: str, wh: float, tolerance: float
) -> None:
    energy = ours(provider, model, case(source, name))
    assert energy.mid * 1000 == pytest.approx(wh, rel=tolerance)
    assert energy.low * 1000 == pytest.approx(wh / 3.7, rel=tolerance)
    assert energy.high * 1000 == pytest.approx(wh * 3.7, rel=tolerance)


@pytest.mark.parametrize(
    ("source", "provider", "model"),
    [
        ("Google2025", "gemini", "gemini-2.5-flash"),
        ("OpenAI2025", "openai", "gpt-4o"),
        ("EpochAI2025", "openai", "gpt-4o"),
        ("EpochAI2025-10k", "openai", "gpt-4o"),
        ("EpochAI2025-100k", "openai", "gpt-4o"),
    ],
)
def test_first_party_figures_lie_within_our_90_percent_band(
    source: str, provider: str, model: str
) -> None:
    row = case(source)
    energy = ours(provider, model, row)
    assert energy.low <= float(row["kwh_mid"]) <= energy.high


@pytest.mark.parametrize(
    ("name", "active_b", "total_b"),
    [
        ("Llama 3.1 405B", 405.85, 405.85),
        ("Llama 3.1 70B", 70.55, 70.55),
        ("Llama 3.1 8B", 8.03, 8.03),
        ("GPT OSS 20B", 3.6, 21.0),
    ],
)
def test_measured_models_lie_within_a_factor_of_two_of_the_size_formula(
    name: str, active_b: float, total_b: float
) -> None:
    # Accelerators only, 1000 generated tokens; the formula alone, without the measurement itself.
    measured_wh = float(case("ML.ENERGYv3", name)["kwh_mid"]) * 1000
    assert 0.5 < energy_from_size(active_b, total_b) / 3.6 / measured_wh < 2


@pytest.mark.parametrize("tokens_in", ["8192", "1024"])
def test_a_benchmarked_server_lies_within_a_factor_of_two(tokens_in: str) -> None:
    row = case("InferenceMAX/muxup2026", tokens_in=tokens_in)
    energy = ours("deepinfra", "deepseek-ai/deepseek-r1", row)
    assert 0.5 < energy.mid / float(row["kwh_mid"]) < 2


def test_jegham_stands_above_us_and_is_reported_not_fitted() -> None:
    # Within our band for GPT-4o; 20 to 25 times above for the small models, where it is also far
    # above every measurement. Nothing is tuned to it.
    row = case("Jegham2025v6", "GPT-4o mini", "100")
    assert 15 < float(row["kwh_mid"]) / ours("openai", "gpt-4o-mini", row).mid < 30
