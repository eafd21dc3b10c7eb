"""The formula: values worked out by hand from IMPACT's published constants, and laws that hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from footprint.errors import InputError
from footprint.impact import Facility, Factor, Grid, Impact, Range, TokenCounts, derive
from footprint.impact.engine import embodied_from_size, energy_from_price, energy_from_size

# Chosen so that every step can be followed with pencil and paper.
FACTOR = Factor("t", "p", "m", "exact", "open", 2.0, 1e-4, band=3.0)
FACILITY = Facility("p", pue=1.25, wue_l_per_kwh=0.5, default_zone="AAA")
GRID = Grid("AAA", carbon_gco2e_per_kwh=400.0, water_l_per_kwh=3.0)

counts = st.integers(0, 10**9)
tokens = st.builds(TokenCounts, counts, counts, counts)


def mids(impact: Impact) -> tuple[float, float, float]:
    assert impact.energy_kwh and impact.carbon_gco2e and impact.water_l
    return impact.energy_kwh.mid, impact.carbon_gco2e.mid, impact.water_l.mid


def test_a_request_worked_out_by_hand() -> None:
    # weighted = 900 + 0.085 * 1000 + 0.0085 * 2000 = 900 + 85 + 17 = 1002 tokens
    # energy   = 2 J * 1002 * 1.6 * 1.25 / 3.6e6 = 4008 / 3.6e6 = 0.00111333... kWh
    # carbon   = 0.00111333 * 400 + 1e-4 * 900 = 0.445333 + 0.09 = 0.535333 g
    # water    = 0.00111333 / 1.25 * 0.5 + 0.00111333 * 3 = 0.000445333 + 0.00334 = 0.003785333 L
    impact = derive(FACTOR, FACILITY, GRID, TokenCounts(900, 1000, 2000))
    assert impact.reason is None
    assert impact.energy_kwh is not None
    assert impact.energy_kwh.mid == pytest.approx(4008 / 3.6e6)
    assert impact.energy_kwh.low == pytest.approx(4008 / 3.6e6 / 3)
    assert impact.energy_kwh.high == pytest.approx(4008 / 3.6e6 * 3)
    assert mids(impact)[1:] == pytest.approx((0.535333333, 0.003785333333))


def test_energy_from_size_worked_out_by_hand() -> None:
    # Llama 3.1 405B, dense: 0.0113 * 405^(0.27 + 0.69) = 0.0113 * e^(0.96 * ln 405)
    #   ln 405 = 6.003887; * 0.96 = 5.763732; e^ = 318.53; * 0.0113 = 3.5994 J = 1.00 Wh per 1000
    assert energy_from_size(405, 405) == pytest.approx(3.5994, rel=1e-4)
    # GPT-4o as estimated: active sqrt(44 * 132) = 76.210, total 440
    #   ln 76.210 = 4.333493 * 0.27 = 1.170043; ln 440 = 6.086775 * 0.69 = 4.199875
    #   e^5.369918 = 214.845; * 0.0113 = 2.42775 J
    assert energy_from_size(math.sqrt(44 * 132), 440) == pytest.approx(2.42775, rel=1e-4)


def test_energy_from_size_is_not_extrapolated_below_the_measured_models() -> None:
    # 0.0113 * 1^0.27 * 8^0.69 = 0.0113 * 4.198867 = 0.0474472 J
    assert energy_from_size(0.1, 0.5) == energy_from_size(1, 8) == pytest.approx(0.0474472)
    assert energy_from_size(1, 8.1) > energy_from_size(1, 8)


def test_energy_from_price_worked_out_by_hand() -> None:
    # 10 USD per million: 0.345 * 10^0.757 = 0.345 * 5.71479 = 1.97160 J
    assert energy_from_price(10) == pytest.approx(1.97160, rel=1e-4)
    assert energy_from_price(1) == pytest.approx(0.345)


def test_making_the_hardware_worked_out_by_hand() -> None:
    # GPT-4o: 1.2 * 440 * 2 = 1056 GB / 80 = 13.2 → 14 → 16 accelerators
    #   16 / 8 * 5700 + 16 * 273 = 15768 kg; a token takes 1/74 s; life 94 608 000 s, 64 at a time
    #   15768000 g / 74 / (94608000 * 64) = 3.51914e-5 g
    assert embodied_from_size(76.21, 440, 74) == pytest.approx(3.51914e-5, rel=1e-5)
    # Without a speed, 8 billion: 6.785088e-4 * 8 + 3.11931e-4 * 64 + 0.01947372 = 0.04486537 s
    #   19.2 GB → 1 accelerator: 5700 / 8 + 273 = 985.5 kg
    #   0.04486537 * 985500 / (94608000 * 64) = 44214.82 / 6054912000 = 7.30231e-6 g
    assert embodied_from_size(8, 8) == pytest.approx(7.30231e-6, rel=1e-5)


@given(tokens)
def test_low_is_at_most_mid_is_at_most_high(count: TokenCounts) -> None:
    impact = derive(FACTOR, FACILITY, GRID, count)
    for amount in (impact.energy_kwh, impact.carbon_gco2e, impact.water_l):
        assert amount is None or 0 <= amount.low <= amount.mid <= amount.high


@given(tokens, st.sampled_from(["out", "in_uncached", "cached"]), st.integers(1, 10**6))
def test_another_token_of_any_class_weighs_more(count: TokenCounts, name: str, more: int) -> None:
    assume(count.out or count.in_uncached or count.cached)
    larger = TokenCounts(**{**vars(count), name: getattr(count, name) + more})
    before, after = (mids(derive(FACTOR, FACILITY, GRID, c)) for c in (count, larger))
    assert all(b <= a for b, a in zip(before, after, strict=True))
    if count.out is not None and count.out < 10**6:
        assert before[0] < after[0]


@given(tokens, tokens)
def test_two_requests_weigh_what_one_of_their_tokens_together_weighs(
    one: TokenCounts, two: TokenCounts
) -> None:
    both = TokenCounts(
        *(getattr(one, n) + getattr(two, n) for n in ("out", "in_uncached", "cached"))
    )
    parts = [derive(FACTOR, FACILITY, GRID, count) for count in (one, two)]
    together = derive(FACTOR, FACILITY, GRID, both)
    for name in ("energy_kwh", "carbon_gco2e", "water_l"):
        amounts = [a for part in parts if (a := getattr(part, name))]
        total = sum(amounts[1:], amounts[0]) if amounts else None
        whole = getattr(together, name)
        assert (total is None) == (whole is None)
        if total and whole:
            assert (whole.low, whole.mid, whole.high) == pytest.approx(
                (total.low, total.mid, total.high), rel=1e-9
            )


@given(counts, st.integers(0, 10**6))
def test_a_cached_prompt_never_weighs_more_than_a_computed_one(prompt: int, out: int) -> None:
    assume(prompt + out > 0)
    computed = mids(derive(FACTOR, FACILITY, GRID, TokenCounts(out, prompt, 0)))
    cached = mids(derive(FACTOR, FACILITY, GRID, TokenCounts(out, 0, prompt)))
    assert all(a <= b for a, b in zip(cached, computed, strict=True))


@given(tokens, st.floats(0, 2000), st.floats(0, 50))
def test_another_zone_changes_carbon_and_water_but_never_energy(
    count: TokenCounts, carbon: float, water: float
) -> None:
    elsewhere = derive(FACTOR, FACILITY, Grid("BBB", carbon, water), count)
    assert elsewhere.energy_kwh == derive(FACTOR, FACILITY, GRID, count).energy_kwh


def test_units_agree_from_end_to_end() -> None:
    # A thousand tokens of a frontier model take of the order of a watt-hour, weigh of the order of
    # half a gram on a fossil grid, and take millilitres: a slip of 1000 would leave these windows.
    factor = Factor("t", "p", "m", "exact", "closed", 2.43, 3.5e-5, band=3.7)
    energy_kwh, carbon_g, water_l = mids(derive(factor, FACILITY, GRID, TokenCounts(1000)))
    assert 0.0005 < energy_kwh < 0.005
    assert 0.2 < carbon_g < 2
    assert 0.001 < water_l < 0.02


@pytest.mark.parametrize("name", ["out", "in_uncached", "cached"])
def test_an_unknown_number_of_tokens_gives_no_figure_and_a_reason(name: str) -> None:
    count = TokenCounts(**{"out": 10, "in_uncached": 10, "cached": 10, name: None})
    assert derive(FACTOR, FACILITY, GRID, count) == Impact(None, None, None, "no_tokens")


def test_no_tokens_give_no_figure_and_a_reason_never_zero() -> None:
    assert derive(FACTOR, FACILITY, GRID, TokenCounts(0)) == Impact(None, None, None, "no_tokens")


def test_an_unknown_model_gives_no_figure_and_a_reason_never_zero() -> None:
    assert derive(None, FACILITY, GRID, TokenCounts(9)) == Impact(None, None, None, "no_factor")


@pytest.mark.parametrize(
    "bad", [-1, 10**12 + 1, math.nan, math.inf, 1.5, 3.0, True, "12"], ids=repr
)
@pytest.mark.parametrize("name", ["out", "in_uncached", "cached"])
def test_what_cannot_be_a_number_of_tokens_is_refused_in_a_sentence(name: str, bad: object) -> None:
    values: dict[str, object] = {"out": 1, name: bad}
    with pytest.raises(InputError, match="whole number from 0 to 10\\^12"):
        TokenCounts(**values)  # type: ignore[arg-type]


def test_as_many_tokens_as_are_allowed_still_give_a_finite_figure() -> None:
    assert math.isfinite(max(mids(derive(FACTOR, FACILITY, GRID, TokenCounts(*[10**12] * 3)))))


def test_ranges_add_lows_to_lows_and_highs_to_highs() -> None:
    assert Range(1, 2, 4) + Range(10, 20, 40) == Range(11, 22, 44)
    assert Range.around(6.0, 3.0) == Range(2.0, 6.0, 18.0)
