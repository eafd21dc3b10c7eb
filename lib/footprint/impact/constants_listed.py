"""Every constant of the method with value, unit and source, as the methodology lists them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from footprint.impact import constants as c


@dataclass(frozen=True)
class Constant:
    """One constant of the method: what it is, its value, its unit, where it comes from."""

    name: str
    value: str
    unit: str
    source: str


def constants() -> list[Constant]:
    """Return the constants of the method with their units and sources."""
    return [*_energy(), *_hardware(), *_embeddings(), *_bands()]


def _energy() -> list[Constant]:
    size = "Least squares on 326 measured configurations of ML.ENERGY v3 (H100, B200), R² 0.92"
    price = "Least squares of the size formula on the prices of 149 models, R² 0.73"
    return [
        Constant("Size formula, coefficient", f"{c.SIZE_COEFFICIENT_J}", "J", size),
        Constant("Size formula, exponent of active", f"{c.SIZE_EXPONENT_ACTIVE}", "", size),
        Constant("Size formula, exponent of total", f"{c.SIZE_EXPONENT_TOTAL}", "", size),
        Constant(
            "Smallest size it is used for",
            f"{c.SIZE_MINIMUM_ACTIVE_B:g} active, {c.SIZE_MINIMUM_TOTAL_B:g} total",
            "billions of parameters",
            "The fit has no smaller models: not extrapolated",
        ),
        Constant("Price formula, coefficient", f"{c.PRICE_COEFFICIENT_J}", "J", price),
        Constant("Price formula, exponent", f"{c.PRICE_EXPONENT}", "", price),
        Constant(
            "Weight of an input token",
            f"{c.WEIGHT_INPUT}",
            "of a generated one",
            "InferenceMAX, nine set-ups: output to input energy 7.0 to 14.1, median 11.7",
        ),
        Constant(
            "Weight of a cached input token",
            f"{c.WEIGHT_CACHED}",
            "of a generated one",
            "Assumption: a tenth of an uncached one",
        ),
    ]


def _hardware() -> list[Constant]:
    ecologits = "EcoLogits 0.11.3, ecologits/impacts/llm.py"
    return [
        Constant(
            "Whole server per accelerators",
            f"{c.HOST_OVERHEAD}",
            "",
            "Google 2025 (arXiv:2508.15734): (58 + 25 + 10) / 58",
        ),
        Constant(
            "Making a server without accelerators",
            f"{c.SERVER_EMBODIED_KGCO2E:g}",
            "kgCO2e",
            ecologits,
        ),
        Constant(
            "Making an accelerator", f"{c.ACCELERATOR_EMBODIED_KGCO2E:g}", "kgCO2e", ecologits
        ),
        Constant(
            "Life of the hardware", f"{c.HARDWARE_LIFE_S / 365 / 86400:g}", "years", ecologits
        ),
        Constant("Requests at a time", f"{c.BATCH_SIZE}", "", ecologits),
        Constant(
            "Embodied per J, size unknown",
            f"{c.EMBODIED_GCO2E_PER_J}",
            "gCO2e/J",
            "Assumption: the median of the 175 models that EcoLogits lists by provider",
        ),
    ]


def _embeddings() -> list[Constant]:
    return [
        Constant(
            "Operations of an embedding",
            f"{c.EMBEDDING_OPERATIONS_PER_PARAMETER:g}",
            "per parameter and token",
            "Kaplan et al. 2020 (arXiv:2001.08361), section 2.1",
        ),
        Constant(
            "Operations per joule",
            f"{c.EMBEDDING_OPERATIONS_PER_J:g}",
            "",
            "Assumption: an H100 at 35 % of its 989 TFLOP/s (16-bit, dense) with 700 W",
        ),
    ]


def _bands() -> list[Constant]:
    bands = ", ".join(f"{name.replace('_', ' ')} ×/÷{band:g}" for name, band in c.BANDS.items())
    return [
        Constant("90 % bands", bands, "", "Scatter of the fits above"),
        Constant(
            "90 % bands of embeddings",
            ", ".join(f"{name} ×/÷{band:g}" for name, band in c.EMBEDDING_BANDS.items()),
            "",
            "Wide enough for the two bounds there are: our own weight of an input token (4 times "
            "below), an A10G at full power (Snowflake's engineering blog, 2025; 4 times above)",
        ),
    ]
