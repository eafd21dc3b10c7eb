"""What the method is, in words and tables made from its constants, set and references. Pure.

The page Method and docs/methodology.md say the same because both are made here; no figure is typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from footprint.impact import constants as c
from footprint.impact.constants_listed import constants
from footprint.impact.factor_set import FactorSet
from footprint.impact.shipped import read_header, shipped
from footprint.impact.usual_zones import usual_zones
from footprint.impact.validation import compared, upper_scenario
from footprint.impact.validation_said import VALIDATION_HEAD, validation_rows, validation_text

FORMULA = f"""
```
e        J per generated token on the accelerators: measured for the model (ML.ENERGY v3), else
         {c.SIZE_COEFFICIENT_J} · max(active, {c.SIZE_MINIMUM_ACTIVE_B:g})^{c.SIZE_EXPONENT_ACTIVE} · max(total, {c.SIZE_MINIMUM_TOTAL_B:g})^{c.SIZE_EXPONENT_TOTAL}     parameters in billions, else
         {c.PRICE_COEFFICIENT_J} · (USD per million output tokens)^{c.PRICE_EXPONENT}, else unknown
e_read   J per token that an embedding model reads: {c.EMBEDDING_OPERATIONS_PER_PARAMETER:g} · parameters at work / {c.EMBEDDING_OPERATIONS_PER_J:g} per J
energy   e · (out + {c.WEIGHT_INPUT} · uncached input + {c.WEIGHT_CACHED} · cached input) · {c.HOST_OVERHEAD} · PUE / {c.J_PER_KWH:g}   [kWh]
         e_read · input · {c.HOST_OVERHEAD} · PUE / {c.J_PER_KWH:g} for embeddings
carbon   energy · grid [gCO2e/kWh] + embodied [gCO2e/token] · out (embeddings: · input)  [gCO2e]
water    energy / PUE · on-site [L/kWh] + energy · grid [L/kWh]                          [L]
```
"""

BOUNDARY = """
**In:** the accelerators, the host around them, idle capacity kept ready, cooling and power conversion (PUE), the grid's
carbon where the data centre stands (location-based), a share of making servers and accelerators, water on site and at
the power stations.

**Not in:** training, networks, your own devices, making of buildings, end of life. Offsets and certificates are never
subtracted; where a provider publishes a market-based figure it stands beside ours. Nature restored is a contribution,
counted apart in square metres. For the greenhouse gas inventory of a user of APIs this is Scope 3, category 1; the
wording follows the Software Carbon Intensity specification for AI (consumer boundary) and Directive (EU) 2024/825
(estimates are called estimates; no claim of neutrality). This is not legal advice.
"""

CHANGES = (
    (
        "1.0",
        "2026-11",
        "First version. The price formula was fitted anew on the size formula: an earlier fit on the whole energy of "
        "a request counted servers and PUE twice and stood 4.5 times above the size formula for the same models.",
    ),
)

GAPS = (
    "Batch size, quantisation and hardware of a provider are not known: the size formula stands for a middle "
    "of them (batch 90, half H100 and half B200, half 8-bit).",
    "Sizes of closed models are estimates of others (EcoLogits). A price is a weaker sign still, and partly "
    "circular: many of those estimates looked at it.",
    "Very long prompts cost more per token than short ones; one weight for all input tokens understates them "
    "(see Epoch AI's row of 100,000 tokens).",
    "Electricity mixes are yearly averages of a country, not of the hour or the data centre.",
    "Input tokens carry no share of making the hardware, embeddings excepted.",
    "Nobody published what embeddings take: their energy is worked out from the operations of open models. "
    "Sizes of closed ones (OpenAI, Cohere, Voyage, Titan, Gemini) are not known and a price says nothing: the same "
    "open model costs ten times more at one host than at another. They are not modelled unless an admin enters a size.",
    "Images, audio, video, realtime, reranking and moderation have no factor: their impact is unknown, not zero.",
)


@dataclass(frozen=True)
class Section:
    """A heading and its text, Markdown."""

    title: str
    text: str


def set_text(kept: FactorSet, built_at: str) -> str:
    """Return in Markdown what a set is made of."""
    coverage = kept.sources["coverage"]
    rungs = ", ".join(f"{k.replace('_', ' ')} {n:,}" for k, n in coverage["by_match"].items())
    evidence = ", ".join(f"{k.replace('_', ' ')} {n:,}" for k, n in coverage["by_evidence"].items())
    matched = sum(n for rung, n in coverage["by_match"].items() if rung != "price_class")
    texts = sum(coverage["by_match"].values())
    return (
        f"Factor set **{kept.name}**, built {built_at[:10]}: {texts:,} factors for the "
        f"{coverage['models']:,} text models of LiteLLM {kept.sources['litellm']}, with the yearly "
        f"mixes of {len(kept.grids)} zones (Our World in Data; water: World Resources Institute) and the data centres of EcoLogits {kept.sources['ecologits']}. "
        f"{matched / coverage['models']:.1%} are matched to a model of known or estimated size, "
        f"{texts / coverage['models']:.1%} with the price class. Of {coverage['embedding_models']} embedding "
        f"models, the {coverage['embedding_factors']} with open weights have a factor.\n\n"
        f"By rung: {rungs}. By evidence: {evidence}.\n\n{kept.sources['notice']}"
    )


def ladder_text() -> str:
    """Return in Markdown how a name finds its factor."""
    return (
        "A name is matched by rules, never by likeness, on the first rung that holds: **exact** (the "
        "name as listed), **alias** (the same model under another spelling, or a retired one), "
        "**parameters** (the size written in the name), **price class** (nothing but the price), none. "
        "An admin's mapping stands above all of them. The rung and the evidence are kept with every "
        "request: **measured** (on the model itself), **open** (published size), **closed** (estimated "
        "size), **price class**. A factor is used for its own kind of request: one for embeddings never "
        "stands in for a chat, nor the other way round.\n\nA name that the set lacks is read by the same rules when it "
        "is met, by `estimate` and by `footprint resolve` alike, and its factor is marked *resolved*: routes, regions and ARNs, "
        "`:free` and `@date`, fine-tunings and ways of storing weights are set aside; at Ollama a family without a tag is what "
        "Ollama's registry gives for it (`deepseek-r1` is the 8B); what makes or judges something else than text (pictures, "
        "sound, speech, OCR, moderation, prompt guards, rerankers) has no factor. A size alone in an id that its owner chose "
        "(`sagemaker/my-endpoint-70b-prod`) is a **weak** match and counts only where an operator asks for it "
        "(`footprint resolve --weak`); a size without its active part is not taken for a dense model where nobody serves one so large. "
        "A public list of names holds this (`tests/fixtures/golden_names.csv`): no name outside the set may be wrong.\n\nA model's error is common to all its requests: lows are added to "
        "lows and highs to highs, and more requests do not narrow the range."
    )


def places_text() -> str:
    """Return in Markdown where a request counts as computed, and how sure that is."""
    facilities = shipped().facilities
    usual = [
        f"- **{', '.join(one.providers) or 'all others'}**: "
        f"{facilities[one.providers[0] if one.providers else ''].default_zone}. "
        f"{one.caveat} Source: {one.source}."
        for one in usual_zones()
    ]
    return (
        "The zone decides on carbon and water, never on energy. It is what an administrator decided for the "
        "deployment, else what the request declares, else what its region says, else the provider's usual zone. "
        "Regions are read in the words of their provider: of clouds, in any spelling; inference profiles, ARNs and "
        "paths in the name of a model; the provider's own address. The words and their sources are in "
        "`region_zones` and `region_words`.\n\n"
        "**A region of several countries** (`eu`, `apac`, `global`, a data zone) is no place with a grid of its own: the "
        "mean of Europe (EEE) or the world (WOR) counts, as nobody says how a provider shares its traffic out. **A "
        "region that nobody knows** leaves the provider's usual zone. Both are said on the request (`several_countries`, "
        "`unknown_region`), and widen its 90 % range of carbon and water by the grids of all countries that it may have "
        "been, from the least to the most:\n\n"
        "```\n"
        "low    mid / exp(√(ln²(band) + ln²(mid / mid on the least grid)))\n"
        "high   mid · exp(√(ln²(band) + ln²(mid on the most grid / mid)))\n"
        "```\n\n"
        "What a model takes says nothing of where it ran: the two errors are independent, so their squares add up. "
        "Example: a band of 3.7 for a profile of the EU, 283 g/kWh on average and 35 to 330 by country, becomes about ÷11.7 "
        "and ×3.7. Across requests lows are still added to lows and highs to highs. Energy keeps its range, and so does "
        "market-based carbon, which is the provider's as a whole.\n\n"
        "**Usual zones, and what is not known of them:**\n\n" + "\n".join(usual)
    )


def market_text(kept: FactorSet) -> str:
    """Return in Markdown what market-based carbon is here, and whose figures there are."""
    said: dict[tuple[float, str, str], list[str]] = {}
    for place in kept.facilities.values():
        if place.market_gco2e_per_kwh is not None:
            key = (place.market_gco2e_per_kwh, place.default_zone, place.market_source)
            said.setdefault(key, []).append(place.provider)
    cited = kept.sources["citations"]
    known = [
        f"- **{', '.join(providers)}**: {bought:g} gCO2e/kWh bought; the usual grid ({zone}) weighs "
        f"{kept.grids[zone].carbon_gco2e_per_kwh:g}. Source: [{cited[source]['title']}]({cited[source]['url']})."
        for (bought, zone, source), providers in said.items()
    ]
    return (
        "Carbon is **location-based**: what the grid weighs where the data centre stands. Where a provider "
        "published what the electricity that it *buys* weighs (contracts and certificates counted), a "
        "**market-based** figure stands beside it: energy · the provider's gCO2e/kWh + making of the hardware, with "
        "the same range. The GHG Protocol asks for both, side by side; neither is added to or subtracted from the "
        "other. Where a provider published nothing the market-based figure is unknown, and a total says how many "
        "requests it covers.\n\n" + "\n".join(known)
    )


def citation_text(built_at: str) -> str:
    """Return how to cite the figures."""
    return (
        f"Footprint, impact method {c.METHOD_VERSION}, factor set {c.FACTOR_SET} ({built_at[:10]}). "
        "With: EcoLogits, https://doi.org/10.21105/joss.07471; ML.ENERGY, https://ml.energy/leaderboard."
    )


def sections() -> list[Section]:
    """Return the whole methodology in order."""
    built_at = str(read_header()["built_at"])
    rows = [[k.name, k.value, k.unit, k.source] for k in constants()]
    return [
        Section("The formula", FORMULA),
        Section("Constants", table(("Constant", "Value", "Unit", "Source"), rows)),
        Section("The factor set", set_text(shipped(), built_at)),
        Section("How a model finds its factor", ladder_text()),
        Section("Where it is computed", places_text()),
        Section("What is in, and what is not", BOUNDARY),
        Section("Market-based carbon", market_text(shipped())),
        Section("Against published figures", validation_text()),
        Section("Every comparison", table(VALIDATION_HEAD, validation_rows(compared()))),
        Section("The upper scenario", table(VALIDATION_HEAD, validation_rows(upper_scenario()))),
        Section("Known gaps", "\n".join(f"- {gap}" for gap in GAPS)),
        Section(
            "Changes of the method",
            "\n".join(f"- **{version}** ({month}): {what}" for version, month, what in CHANGES),
        ),
        Section("How to cite", citation_text(built_at)),
    ]


def render_markdown() -> str:
    """Return docs/methodology.md."""
    parts = [
        "# Methodology",
        "<!-- Generated by `footprint factors build` from the constants, the factor set and the reference "
        "cases. -->",
        f"Version {c.METHOD_VERSION} of the method. Energy, CO2e and water of a request are estimates with a "
        "90 % range; what is unknown stays unknown.",
    ]
    parts += [f"## {section.title}\n\n{section.text.strip()}" for section in sections()]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
