"""EcoLogits' formula beside ours: our port is theirs to the ninth digit, on every model they list."""

from __future__ import annotations

import math
from typing import Any

import pytest

from footprint.impact.engine import TEXT
from footprint.impact.factors import build_opinions
from footprint.impact.ladder import Size
from footprint.impact.registry import read_registry
from footprint.impact.second_opinion import (
    machine,
    opinion_on,
    opinions,
    opinions_path,
    render_opinions,
    second_opinion,
)
from footprint.impact.shipped import shipped

SIZES = read_registry().sizes
OUT = 777


def ends(value: Any) -> tuple[float, float]:
    return float(getattr(value, "min", value)), float(getattr(value, "max", value))


def ours(size: Size) -> dict[str, tuple[float, float]]:
    """Energy (kWh), carbon (kg) and water (L) of 777 tokens at EcoLogits' own facility and mix."""
    from ecologits.electricity_mix_repository import electricity_mixes
    from ecologits.tracers.utils import PROVIDER_CONFIG_MAP

    place = PROVIDER_CONFIG_MAP[size.provider]
    mix = electricity_mixes.find_electricity_mix(place.datacenter_location or "WOR")
    assert mix is not None
    pue, wue = ends(place.datacenter_pue), ends(place.datacenter_wue)
    opinion = second_opinion(size)
    result: dict[str, list[float]] = {"energy": [], "gwp": [], "wcf": []}
    for end in (0, 1):
        equipment = opinion.it_kwh[end] * OUT + opinion.it_kwh_per_request[end]
        server = machine(size.active_b[end], size.total_b[end], size.tokens_per_s)
        making = server.embodied_gco2e(server.seconds * OUT + (size.first_token_s or 0))
        result["energy"].append(equipment * pue[end])
        result["gwp"].append(equipment * pue[end] * mix.gwp + making / 1000)
        result["wcf"].append(equipment * (wue[end] + pue[end] * mix.wue))
    return {name: (low, high) for name, (low, high) in result.items()}


def test_the_port_is_ecologits_on_every_model_of_its_registry() -> None:
    from ecologits.tracers.utils import llm_impacts

    assert len(SIZES) == 351
    for size in SIZES:
        theirs = llm_impacts(size.provider, size.name, OUT, math.inf)
        for name, figures in ours(size).items():
            found = getattr(theirs, name)
            assert found is not None
            assert figures == pytest.approx(ends(found.value), rel=1e-9), (size.name, name)


def test_what_is_shipped_is_what_the_installed_packages_give() -> None:
    assert opinions_path().read_text(encoding="utf-8") == render_opinions(build_opinions())


def test_every_factor_with_a_size_has_a_second_opinion_and_no_other() -> None:
    for factor in shipped().factors:
        has_one = factor.evidence != "price_class" and factor.kind == TEXT  # it counts output only
        assert (opinion_on(factor) is not None) == has_one


def test_a_request_of_no_tokens_costs_the_wait_for_the_first_one() -> None:
    opinion = opinions()["openai/gpt-4o"]
    low, high = opinion.energy_kwh(0, 1.2)
    assert (low, high) == pytest.approx([1.2 * once for once in opinion.it_kwh_per_request])
    assert opinion.energy_kwh(1000, 1.2) > (low, high)
