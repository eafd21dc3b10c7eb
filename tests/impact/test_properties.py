"""Laws that hold for every model, every zone and every number of tokens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footprint.impact.engine import Factor, Grid, Impact, Range, TokenCounts, derive
from footprint.impact.shipped import shipped

SET = shipped()
FACTORS = st.sampled_from(SET.factors)
GRIDS = st.sampled_from(sorted(SET.grids.values(), key=lambda g: g.zone))
COUNTS = st.integers(0, 10**7)
FEW = settings(max_examples=150, deadline=None)


def weigh(factor: Factor, grid: Grid, out: int, uncached: int = 0, cached: int = 0) -> Impact:
    place = SET.facilities.get(factor.provider, SET.facilities[""])
    return derive(factor, place, grid, TokenCounts(out, uncached, cached))


def amounts(impact: Impact) -> tuple[Range, Range, Range]:
    assert impact.energy_kwh and impact.carbon_gco2e and impact.water_l
    return impact.energy_kwh, impact.carbon_gco2e, impact.water_l


@FEW
@given(FACTORS, GRIDS, st.integers(1, 10**7), COUNTS, COUNTS)
def test_low_mid_and_high_stand_in_order_and_above_nothing(
    factor: Factor, grid: Grid, out: int, uncached: int, cached: int
) -> None:
    for found in amounts(weigh(factor, grid, out, uncached, cached)):
        assert 0 < found.low <= found.mid <= found.high < math.inf


@FEW
@given(FACTORS, GRIDS, st.integers(1, 10**7), COUNTS, COUNTS, st.sampled_from([0, 1, 2]))
def test_one_more_token_of_any_class_never_weighs_less(
    factor: Factor, grid: Grid, out: int, uncached: int, cached: int, which: int
) -> None:
    counts = [out, uncached, cached]
    before = amounts(weigh(factor, grid, *counts))
    counts[which] += 1000
    for less, more in zip(before, amounts(weigh(factor, grid, *counts)), strict=True):
        assert more.mid > less.mid or (which and more.mid == pytest.approx(less.mid))


@FEW
@given(FACTORS, GRIDS, st.tuples(COUNTS, COUNTS, COUNTS), st.tuples(COUNTS, COUNTS, COUNTS))
def test_two_requests_weigh_what_they_weigh_together(
    factor: Factor, grid: Grid, a: tuple[int, int, int], b: tuple[int, int, int]
) -> None:
    if not sum(a) or not sum(b):
        return
    both = weigh(factor, grid, *(x + y for x, y in zip(a, b, strict=True)))
    for one, two, together in zip(
        amounts(weigh(factor, grid, *a)),
        amounts(weigh(factor, grid, *b)),
        amounts(both),
        strict=True,
    ):
        added = one + two
        for end in ("low", "mid", "high"):
            assert getattr(added, end) == pytest.approx(getattr(together, end), rel=1e-9)


@FEW
@given(FACTORS, GRIDS, GRIDS, st.integers(1, 10**6), COUNTS)
def test_another_zone_changes_carbon_and_water_and_never_energy(
    factor: Factor, here: Grid, there: Grid, out: int, uncached: int
) -> None:
    first, second = (amounts(weigh(factor, grid, out, uncached)) for grid in (here, there))
    assert first[0] == second[0]
    dirtier = here.carbon_gco2e_per_kwh > there.carbon_gco2e_per_kwh
    assert (first[1].mid > second[1].mid) == dirtier
    assert (first[2].mid > second[2].mid) == (here.water_l_per_kwh > there.water_l_per_kwh)


@FEW
@given(FACTORS, GRIDS, COUNTS, st.integers(1, 10**7))
def test_a_token_from_the_cache_never_weighs_more_than_one_read_anew(
    factor: Factor, grid: Grid, out: int, tokens: int
) -> None:
    cached = amounts(weigh(factor, grid, out, 0, tokens))
    anew = amounts(weigh(factor, grid, out, tokens, 0))
    assert all(less.mid <= more.mid for less, more in zip(cached, anew, strict=True))


def test_units_are_consistent_from_end_to_end() -> None:
    # GPT-4o, 500 tokens out in the USA. Whoever published a figure for such a request says 0.3 to
    # 0.7 Wh; a typical American grid is 300 to 500 g/kWh and takes 1 to 6 L/kWh. Each bound is
    # wider than that by 5, and any unit that is off by 1000 is far outside.
    factor = next(f for f in SET.factors if f.factor_id == "2026.11/openai/gpt-4o")
    energy, carbon, water = amounts(weigh(factor, SET.grids["USA"], 500))
    assert 0.3e-3 / 5 < energy.mid < 0.7e-3 * 5  # kWh
    assert 0.3e-3 * 300 / 5 < carbon.mid < 0.7e-3 * 500 * 5  # g
    assert 0.3e-3 * 1 / 5 < water.mid < 0.7e-3 * 6 * 5  # L
    for wrong in (1000, 1 / 1000):
        assert not 0.3e-3 / 5 < energy.mid * wrong < 0.7e-3 * 5
        assert not 0.3e-3 * 300 / 5 < carbon.mid * wrong < 0.7e-3 * 500 * 5
        assert not 0.3e-3 / 5 < water.mid * wrong < 0.7e-3 * 6 * 5
