"""Building a factor set: a factor for every text and embedding model of LiteLLM, by the ladder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from footprint.impact import constants as c
from footprint.impact.engine import (
    EMBEDDING,
    TEXT,
    Factor,
    embedding_energy_from_size,
    embodied_from_size,
    energy_from_price,
    energy_from_size,
)
from footprint.impact.factor_set import FactorSet
from footprint.impact.ladder import Catalogue, Match, Size, match, match_embedding
from footprint.impact.names import read_name
from footprint.impact.prices import (
    PricedModel,
    embedding_models,
    litellm_version,
    read_price_map,
    text_models,
)
from footprint.impact.registry import Registry, read_registry, significant
from footprint.impact.second_opinion import SecondOpinion, second_opinion
from footprint.impact.sizes import (
    disclosed_citations,
    disclosed_sizes,
    embedding_sizes,
    retired_models,
)

ECOLOGITS_LICENCE = "MPL-2.0"
ECOLOGITS_URL = "https://github.com/genai-impact/ecologits"
NOTICE = (
    "Model sizes, electricity mixes and data centre figures are taken from EcoLogits "
    "(GenAI Impact, https://ecologits.ai), Mozilla Public License 2.0; cite "
    "https://doi.org/10.21105/joss.07471."
)


def build_factor_set(name: str = c.FACTOR_SET) -> FactorSet:
    """Build a set from the installed LiteLLM and EcoLogits and from the tables kept here.

    Args:
        name: Name of the set.

    Raises:
        ConfigurationError: where LiteLLM or EcoLogits is not installed.
    """
    registry = read_registry()
    priced, embeds = text_models(read_price_map()), embedding_models(read_price_map())
    catalogue = Catalogue(registry.sizes, disclosed_sizes(), retired_models())
    found = [f for model in priced if (f := build_factor(name, model, catalogue))]
    read_only = Catalogue((), embedding_sizes(), ())
    taken = {(factor.provider, factor.model) for factor in found}
    found += [
        factor
        for model in embeds
        if (model.provider, model.model) not in taken
        and (factor := build_embedding_factor(name, model.provider, model.model, read_only))
    ]
    factors = sorted(found, key=lambda factor: (factor.provider, factor.model))
    return FactorSet(
        name=name,
        factors=tuple(factors),
        facilities=registry.facilities,
        grids=registry.grids,
        sources=_sources(registry, factors, (len(priced), len(embeds))),
    )


def build_opinions() -> dict[str, SecondOpinion]:
    """Return what EcoLogits' formula says of every size that a factor was matched to, by name."""
    catalogue = Catalogue(read_registry().sizes, disclosed_sizes(), retired_models())
    opinions: dict[str, SecondOpinion] = {}
    for priced in text_models(read_price_map()):
        size = match(priced.provider, priced.model, priced.usd_per_m_out, catalogue).size
        if size is not None:
            opinions.setdefault(matched_name(size), second_opinion(size))
    return dict(sorted(opinions.items()))


def matched_name(size: Size) -> str:
    """Return how the sources of a factor name the model that it was matched to."""
    return f"{size.provider}/{size.name}" if size.provider else size.name


def build_factor(name: str, priced: PricedModel, catalogue: Catalogue) -> Factor | None:
    """Return the factor of one model; None where not even its price is known."""
    found = match(priced.provider, priced.model, priced.usd_per_m_out, catalogue)
    if found.rung == "none":
        return None
    if found.size is None:
        return price_factor(name, priced)
    measured = catalogue.measured(read_name(priced.provider, priced.model))
    return size_factor(name, priced.provider, priced.model, found, measured)


def size_factor(
    name: str, provider: str, model: str, found: Match, measured: Size | None
) -> Factor | None:
    """Return the factor of a text model of known size; None where the match has no size.

    Args:
        name: Name of the set.
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix, lower case.
        found: What the ladder says.
        measured: The model's own measurement; None where there is none.
    """
    if found.size is None:
        return None
    size = found.size
    energy = energy_from_size(size.active_mid_b, size.total_mid_b)
    evidence = "open" if size.disclosed else "closed"
    if measured and measured.measured_j:
        energy, evidence = measured.measured_j, "measured"
    embodied = embodied_from_size(size.active_mid_b, size.total_mid_b, size.tokens_per_s)
    return Factor(
        factor_set=name,
        provider=provider,
        model=model,
        match=found.rung,
        evidence=evidence,
        energy_j_per_token_out=significant(energy),
        embodied_gco2e_per_token_out=significant(embodied),
        band=c.BANDS[evidence],
        parameters_active_b=significant(size.active_mid_b),
        parameters_total_b=significant(size.total_mid_b),
        sources=_size_sources(size, measured),
    )


def build_embedding_factor(
    name: str, provider: str, model: str, catalogue: Catalogue
) -> Factor | None:
    """Return the factor of an embedding model, which counts what it reads; None without a size."""
    return embedding_factor(name, provider, model, match_embedding(provider, model, catalogue))


def embedding_factor(name: str, provider: str, model: str, found: Match) -> Factor | None:
    """Return the factor of an embedding model of known size; None where the match has none."""
    if found.size is None:
        return None
    size = found.size
    energy = embedding_energy_from_size(size.active_mid_b)
    return Factor(
        factor_set=name,
        provider=provider,
        model=model,
        match=found.rung,
        evidence="open",
        energy_j_per_token_out=significant(energy),
        embodied_gco2e_per_token_out=0.0,
        band=c.EMBEDDING_BANDS["open"],
        weight_input=1.0,
        weight_cached=1.0,
        parameters_active_b=significant(size.active_mid_b),
        parameters_total_b=significant(size.total_mid_b),
        sources={"matched": matched_name(size), "size": size.source, "energy": "embedding-work"},
        kind=EMBEDDING,
        embodied_gco2e_per_token_in=significant(energy * c.EMBODIED_GCO2E_PER_J),
    )


def price_factor(name: str, priced: PricedModel) -> Factor:
    """Return the factor of a model of which nothing but a price is known."""
    price = significant(priced.usd_per_m_out or 0)
    energy = energy_from_price(price)
    return Factor(
        factor_set=name,
        provider=priced.provider,
        model=priced.model,
        match="price_class",
        evidence="price_class",
        energy_j_per_token_out=significant(energy),
        embodied_gco2e_per_token_out=significant(energy * c.EMBODIED_GCO2E_PER_J),
        band=c.BANDS["price_class"],
        sources={"energy": "price-fit", "price": "litellm", "usd_per_m_out": price},
    )


def _size_sources(size: Size, measured: Size | None) -> dict[str, str | float]:
    energy = measured.source if measured else "size-fit"
    return {"matched": matched_name(size), "size": size.source, "energy": energy}


def _sources(
    registry: Registry, factors: Iterable[Factor], models: tuple[int, int]
) -> dict[str, Any]:
    factors = list(factors)
    generate = [factor for factor in factors if factor.kind == TEXT]
    litellm = litellm_version()
    cited = {str(value) for factor in factors for value in factor.sources.values()}
    known = _citations(registry.version, litellm)
    return {
        "litellm": litellm,
        "ecologits": registry.version,
        "constants": c.snapshot(),
        "coverage": {
            "models": models[0],
            "by_match": dict(sorted(Counter(f.match for f in generate).items())),
            "by_evidence": dict(sorted(Counter(f.evidence for f in generate).items())),
            "embedding_models": models[1],
            "embedding_factors": len(factors) - len(generate),
        },
        "citations": {
            key: citation
            for key, citation in known.items()
            if not key.startswith("size:") or key in cited
        },
        "notice": NOTICE,
    }


def _citations(ecologits: str, litellm: str) -> dict[str, dict[str, str]]:
    releases = sorted({size.source for size in retired_models()} | {f"ecologits-{ecologits}"})
    return {
        **{
            release: {
                "title": f"EcoLogits {release.removeprefix('ecologits-')}: registry and figures",
                "url": ECOLOGITS_URL,
                "licence": ECOLOGITS_LICENCE,
            }
            for release in releases
        },
        f"ecologits-{ecologits}": {
            "title": f"EcoLogits {ecologits}: registry, data centres and electricity mixes (yearly"
            " averages of countries: carbon from Our World in Data, off-site water from the World"
            " Resources Institute), as of this release",
            "url": "https://ecologits.ai/latest/methodology/llm_inference/",
            "date": "2026-11",
            "licence": ECOLOGITS_LICENCE,
        },
        "litellm": {
            "title": f"LiteLLM {litellm}: model_prices_and_context_window_backup.json",
            "url": "https://github.com/BerriAI/litellm",
            "licence": "MIT",
        },
        "size-fit": {
            "title": "Fit of accelerator energy on model size, 326 configurations of ML.ENERGY v3",
            "url": "https://ml.energy/leaderboard",
            "date": "2026-11",
        },
        "price-fit": {
            "title": "Fit of the size formula on the price of output tokens, 149 models",
            "date": "2026-11",
        },
        "embedding-work": {
            "title": "Two operations a parameter (Kaplan et al. 2020, arXiv:2001.08361) at 5e11"
            " operations a joule (assumption: an H100 at 35 % of its 16-bit peak)",
            "url": "https://arxiv.org/abs/2001.08361",
            "date": "2026-11",
        },
        "name": {"title": "The number of parameters in the model's own name"},
        "default": {"title": "Assumed for providers that publish nothing: EcoLogits' OpenAI row"},
        "aws": {
            "title": "Amazon's PUE and WUE as used by Jegham et al. 2025 (arXiv:2505.09598v6)",
            "url": "https://arxiv.org/abs/2505.09598",
            "date": "2025-11",
        },
        "google-2025": {
            "title": "Google 2025, Measuring the environmental impact of delivering AI at Google"
            " scale (arXiv:2508.15734): 0.023 g scope 2, market-based, per 0.24 Wh",
            "url": "https://arxiv.org/abs/2508.15734",
            "date": "2025-08",
        },
        **disclosed_citations(),
    }
