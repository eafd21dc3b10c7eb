"""What the same tokens would have cost and weighed otherwise; every expected value by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from footprint.impact.alternatives import (
    Instead,
    ModelUse,
    Saving,
    cache_saving,
    on_another_model,
)
from footprint.impact.engine import Facility, Factor, Grid, Range
from footprint.impact.price_list import TokenPrice

ALL = Fraction(1)
# 3.6 J a token and a server as light as its accelerators: 1,000 tokens are 1 Wh.
SMALL = Instead(
    Factor("t", "p", "small", "exact", "open", 3.6, 0.0, 2.0, 0.1, 0.01, 1.0),
    Facility("p", 1.0, 0.0, "WOR", "test"),
    Grid("WOR", 500.0, 2.0, "test"),
    TokenPrice(1.0, 0.1, 4.0),
)
BIG = ModelUse(
    "p", "big", 2_000_000, 1_000_000, 500_000, ALL, ALL,
    10.0, Range(2, 4, 8), Range(1000, 2000, 4000), Range(4, 8, 16),
)  # fmt: skip


def test_the_same_tokens_on_another_model_are_its_price_and_its_factor() -> None:
    found = on_another_model([BIG], SMALL, 0.5)

    # 2 M at 1 $, 1 M cached at 0.1 $, 0.5 M out at 4 $ are 4.1 $, at half a euro each.
    assert found.cost_eur == pytest.approx((10.0, 2.05))
    # 500,000 + 0.1 · 2,000,000 + 0.01 · 1,000,000 = 710,000 tokens: 0.71 kWh, ×/÷ 2.
    assert found.energy_kwh is not None and found.carbon_gco2e is not None
    assert found.energy_kwh[0] == Range(2, 4, 8)
    then = found.energy_kwh[1]
    assert (then.low, then.mid, then.high) == pytest.approx((0.355, 0.71, 1.42))
    assert found.carbon_gco2e[1].mid == pytest.approx(355)
    assert found.water_l is not None and found.water_l[1].mid == pytest.approx(1.42)
    assert (found.priced_share, found.measured_share) == (1, 1)


def test_only_what_is_known_of_both_is_compared() -> None:
    half = replace(BIG, priced_share=Fraction(1, 2), measured_share=Fraction(1, 4))
    unknown = replace(
        BIG, model="mystery", cost_eur=None, energy_kwh=None, carbon_gco2e=None, water_l=None,
        priced_share=Fraction(0), measured_share=Fraction(0),
    )  # fmt: skip
    found = on_another_model([half, unknown], SMALL, 0.5)

    assert found.cost_eur == pytest.approx((10.0, 2.05 / 2))
    assert found.energy_kwh is not None
    assert found.energy_kwh[1].mid == pytest.approx(0.71 / 4)
    # Of seven million tokens in all.
    assert found.priced_share == pytest.approx(0.25)
    assert found.measured_share == pytest.approx(0.125)


def test_without_a_price_a_rate_or_tokens_there_is_no_comparison_and_no_zero() -> None:
    assert on_another_model([BIG], replace(SMALL, price=None), 0.5).cost_eur is None
    assert on_another_model([BIG], SMALL, None).cost_eur is None
    nothing = on_another_model([], SMALL, 0.5)
    assert (nothing.cost_eur, nothing.energy_kwh, nothing.water_l) == (None, None, None)
    assert (nothing.priced_share, nothing.measured_share) == (0, 0)


def test_a_cache_saves_the_difference_of_the_list_prices() -> None:
    # LiteLLM lists gpt-4o at 2.5 $ for a million input tokens and 1.25 $ cached.
    gpt = replace(BIG, provider="openai", model="GPT-4o", cached=2_000_000)
    assert cache_saving([gpt]) == Saving(2.5, 1.0)
    unknown = replace(BIG, provider="nobody", model="knows", cached=6_000_000)
    assert cache_saving([gpt, unknown]) == Saving(2.5, 0.25)


def test_where_nothing_was_cached_or_nothing_is_listed_no_saving_is_told() -> None:
    assert cache_saving([replace(BIG, provider="openai", model="gpt-4o", cached=0)]) is None
    assert cache_saving([replace(BIG, provider="nobody", model="knows")]) is None
