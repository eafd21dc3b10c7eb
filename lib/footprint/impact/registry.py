"""What is taken from EcoLogits (MPL-2.0): model registry, electricity mixes, data centres.

Only at build time, and only through the few modules that load neither LiteLLM nor a provider's
SDK; its tracers and its fuzzy matcher are never used. What was taken is snapshotted in the set.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from footprint.errors import ConfigurationError
from footprint.impact import constants as c
from footprint.impact.engine import Facility, Grid
from footprint.impact.ladder import Size
from footprint.impact.names import REGISTRY_PROVIDERS

# azure_ai serves everybody's models, so that OpenAI's names mean nothing there, where azure does.
FACILITY_PROVIDERS = {**REGISTRY_PROVIDERS, "azure_ai": REGISTRY_PROVIDERS["azure"]}


@dataclass(frozen=True)
class Registry:
    """EcoLogits' data: its version, model sizes, grids by zone, facilities by LiteLLM provider."""

    version: str
    sizes: tuple[Size, ...]
    grids: dict[str, Grid]
    facilities: dict[str, Facility]


def read_registry() -> Registry:
    """Read the installed EcoLogits.

    Raises:
        ConfigurationError: where it is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        from ecologits.electricity_mix_repository import electricity_mixes
        from ecologits.model_repository import models
        from ecologits.tracers.utils import PROVIDER_CONFIG_MAP

        installed = version("ecologits")
    except (ImportError, PackageNotFoundError) as error:
        raise ConfigurationError(
            "EcoLogits is not installed: install it with `pip install llm-footprint[operator]`."
        ) from error
    # Not before the import: its own logger class would be passed over.
    logging.getLogger("ecologits").setLevel(logging.ERROR)
    source = f"ecologits-{installed}"
    sizes = tuple(_size(model, source) for model in models.list_models())
    grids = {
        mix.zone: Grid(mix.zone, significant(mix.gwp * 1000), significant(mix.wue), source)
        for mix in electricity_mixes.list_electricity_mixes()
    }
    return Registry(
        installed, sizes, dict(sorted(grids.items())), _facilities(PROVIDER_CONFIG_MAP, source)
    )


def significant(value: float, digits: int = 6) -> float:
    """Round to so many significant digits, so that a set is the same on every machine."""
    return float(f"{value:.{digits}g}")


def _size(model: Any, source: str) -> Size:
    parameters = model.architecture.parameters
    active, total = (
        getattr(parameters, "active", parameters),
        getattr(parameters, "total", parameters),
    )
    warnings = {warning.code for warning in model.warnings}
    return Size(
        provider=model.provider.value,
        name=model.name,
        active_b=_ends(active),
        total_b=_ends(total),
        disclosed="model-arch-not-released" not in warnings,
        source=source,
        tokens_per_s=model.deployment.tps if model.deployment else None,
        first_token_s=model.deployment.ttft if model.deployment else None,
    )


def _ends(value: Any) -> tuple[float, float]:
    return (float(getattr(value, "min", value)), float(getattr(value, "max", value)))


def _middle(value: Any) -> float:
    low, high = _ends(value)
    return significant((low + high) / 2)


def _facilities(config: Any, source: str) -> dict[str, Facility]:
    facilities = {
        "": Facility("", c.DEFAULT_PUE, c.DEFAULT_WUE_L_PER_KWH, c.DEFAULT_ZONE, "default")
    }
    for provider, name in FACILITY_PROVIDERS.items():
        centre = config[name]
        pue, wue = _middle(centre.datacenter_pue), _middle(centre.datacenter_wue)
        facilities[provider] = Facility(provider, pue, wue, centre.datacenter_location, source)
    for provider in c.GOOGLE_PROVIDERS:
        facilities[provider] = replace(
            facilities[provider],
            market_gco2e_per_kwh=c.GOOGLE_MARKET_GCO2E_PER_KWH,
            market_source="google-2025",
        )
    for provider in c.AWS_PROVIDERS:
        facilities[provider] = Facility(provider, c.AWS_PUE, c.AWS_WUE_L_PER_KWH, c.AWS_ZONE, "aws")
    return dict(sorted(facilities.items()))
