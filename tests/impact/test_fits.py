"""The fits behind two constants, repeated from the installed EcoLogits and LiteLLM."""

from __future__ import annotations

import math
import statistics

import pytest

from footprint.impact import constants as c
from footprint.impact.engine import embodied_from_size, energy_from_size
from footprint.impact.prices import read_price_map, text_models
from footprint.impact.registry import read_registry

# EcoLogits' provider → LiteLLM's, where the model is sold by its own maker.
OWN = {
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "google_genai": ("gemini", "vertex_ai"),
    "mistralai": ("mistral",),
    "cohere": ("cohere_chat", "cohere"),
}


def test_the_price_constants_are_a_least_squares_fit_of_the_size_formula() -> None:
    prices = {(m.provider, m.model): m.usd_per_m_out for m in text_models(read_price_map())}
    points = []
    for size in read_registry().sizes:
        listed = [prices.get((p, size.name.lower())) for p in OWN.get(size.provider, ())]
        price = next((found for found in listed if found), None)
        if price:
            energy = energy_from_size(size.active_mid_b, size.total_mid_b)
            points.append((math.log(price), math.log(energy)))
    x, y = [p[0] for p in points], [p[1] for p in points]
    slope, intercept = statistics.linear_regression(x, y)
    assert len(points) == 149
    assert slope == pytest.approx(c.PRICE_EXPONENT, abs=0.0005)
    assert math.exp(intercept) == pytest.approx(c.PRICE_COEFFICIENT_J, abs=0.0005)
    assert statistics.correlation(x, y) ** 2 == pytest.approx(0.73, abs=0.01)


def test_the_embodied_share_of_unknown_models_is_the_median_of_the_known_ones() -> None:
    ratios = [
        embodied_from_size(size.active_mid_b, size.total_mid_b, size.tokens_per_s)
        / energy_from_size(size.active_mid_b, size.total_mid_b)
        for size in read_registry().sizes
        if size.provider != "huggingface_hub"
    ]
    assert len(ratios) == 175
    assert statistics.median(ratios) == pytest.approx(c.EMBODIED_GCO2E_PER_J, rel=0.02)


def test_our_embodied_term_is_ecologits_own() -> None:
    from ecologits.tracers.utils import llm_impacts

    # Models of one size without a known speed: the others add the time to the first token.
    sizes = {(s.provider, s.name): s for s in read_registry().sizes}
    checked = 0
    for (provider, name), size in sizes.items():
        if size.tokens_per_s or size.active_b[0] != size.active_b[1] or checked == 40:
            continue
        embodied = llm_impacts(provider, name, 1000, math.inf).embodied
        assert embodied is not None
        theirs = embodied.gwp.value
        ours = embodied_from_size(size.active_mid_b, size.total_mid_b)
        assert ours == pytest.approx(theirs, rel=1e-9)  # g a token = kg a thousand tokens
        checked += 1
    assert checked == 40
