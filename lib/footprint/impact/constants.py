"""Every constant of the impact method, with its unit and its source.

A change of any of them is a new method: raise `METHOD_VERSION`, build a new factor set, and say why
in the changelog. What is an assumption is called one.
"""

from __future__ import annotations

from typing import Final

METHOD_VERSION: Final = "1.0"
# Name of the set that is built from, and shipped with, this version of the package.
FACTOR_SET: Final = "2026.11"

# --- Energy of a generated token, J on the accelerators --------------------------------------
# E = 0.0113 * active^0.27 * total^0.69, parameters in billions. Least squares on 326 measured
# configurations of ML.ENERGY v3 (H100 and B200, 2025/2026), R2 0.92, taken at batch 90, half of
# them B200, half of them 8-bit. Leave one model out: 73 % within a factor of 2.
SIZE_COEFFICIENT_J: Final = 0.0113
SIZE_EXPONENT_ACTIVE: Final = 0.27
SIZE_EXPONENT_TOTAL: Final = 0.69
# The fit has no smaller models: below these sizes (billions of parameters) it is not extrapolated.
SIZE_MINIMUM_ACTIVE_B: Final = 1.0
SIZE_MINIMUM_TOTAL_B: Final = 8.0

# E = 0.345 * (USD per million output tokens)^0.757, for a model of unknown size. Least squares of
# the size formula above on price: the 149 models of EcoLogits 0.11.3's registry that LiteLLM
# 1.106.2 prices at their own provider, R2 0.73, one standard deviation x/÷ 2.2 (repeated by
# tests/impact/test_fits.py). Partly circular: most of those sizes are estimates that looked at the
# price. An earlier fit, 0.29 Wh per 1000 tokens * price^0.92, was on EcoLogits' whole energy of a
# request, servers and PUE included; multiplied by HOST_OVERHEAD and PUE once more it stood 4.5
# times above the size formula for the same models.
PRICE_COEFFICIENT_J: Final = 0.345
PRICE_EXPONENT: Final = 0.757

# --- Weights of the other token classes, as a share of a generated token ---------------------
# Nine InferenceMAX set-ups (8k in/1k out against 1k/8k, 2026): output to input energy 7.0 to 14.1,
# median 11.7.
WEIGHT_INPUT: Final = 0.085
# Assumption: reading a token from the provider's prompt cache takes a tenth of computing it.
WEIGHT_CACHED: Final = 0.0085

# --- Energy of a token that an embedding model reads, J on the accelerators -----------------------
# 2 operations a parameter at work (Kaplan et al. 2020, arXiv:2001.08361, section 2.1; the table of
# token embeddings does no work) at 5e11 operations a joule. Assumption: an H100 at 35 % of its
# 989 TFLOP/s (16-bit, dense) with 700 W (NVIDIA's data sheet of the H100 SXM). Nobody published a
# measurement; two bounds lie within the band: our own weight of an input token for a model of 7 B
# stands 4 times below, an A10G reading 230,000 tokens a second at its full 300 W (Snowflake's
# engineering blog on arctic-embed-m-v1.5, 2025) 4 times above.
EMBEDDING_OPERATIONS_PER_PARAMETER: Final = 2.0
EMBEDDING_OPERATIONS_PER_J: Final = 5e11
EMBEDDING_J_PER_B: Final = EMBEDDING_OPERATIONS_PER_PARAMETER * 1e9 / EMBEDDING_OPERATIONS_PER_J

# --- From the accelerators to the whole server ------------------------------------------------
# Google's published shares of a median Gemini Apps prompt (arXiv:2508.15734, table 1, August 2025):
# 58 % accelerators, 25 % host, 10 % idle capacity; (58 + 25 + 10) / 58 = 1.603.
HOST_OVERHEAD: Final = 1.6

J_PER_KWH: Final = 3.6e6

# --- Making the hardware, gCO2e ---------------------------------------------------------------
# EcoLogits 0.11.3 (ecologits/impacts/llm.py): a server without accelerators, and one accelerator of
# 80 GB; eight accelerators a server, three years of life, 64 requests at a time, 16-bit weights
# with 20 % of room beside them.
SERVER_EMBODIED_KGCO2E: Final = 5700.0
ACCELERATOR_EMBODIED_KGCO2E: Final = 273.0
ACCELERATORS_PER_SERVER: Final = 8
ACCELERATOR_MEMORY_GB: Final = 80.0
HARDWARE_LIFE_S: Final = 3 * 365 * 24 * 3600
BATCH_SIZE: Final = 64
WEIGHT_BYTES: Final = 2.0
MEMORY_MARGIN: Final = 1.2
# Seconds per generated token where no speed is known: a * active + b * batch + c (EcoLogits).
LATENCY_ACTIVE_S: Final = 6.785088094353663e-4
LATENCY_BATCH_S: Final = 3.119310311688259e-4
LATENCY_CONSTANT_S: Final = 0.019473717579473387
# Assumption for a model of unknown size: embodied gCO2e per J of the size formula, the median of
# the 175 models that EcoLogits 0.11.3 lists by provider (repeated by tests/impact/test_fits.py).
EMBODIED_GCO2E_PER_J: Final = 3.1e-5

# --- 90 % bands, a ratio around the mid ---------------------------------------------------------
# From the scatter of the fits above; price_class adds the scatter of price to that of size.
BANDS: Final[dict[str, float]] = {"measured": 2.5, "open": 3.2, "closed": 3.7, "price_class": 7.0}
# Embeddings: wide enough for the two bounds above; wider by the ratio of closed to open where
# the size is an estimate.
EMBEDDING_BANDS: Final[dict[str, float]] = {"open": 5.0, "closed": 5.8}

# --- Facilities -----------------------------------------------------------------------------------
# Default for a provider whose data centres nobody published: EcoLogits' row for OpenAI.
DEFAULT_PUE: Final = 1.2
DEFAULT_WUE_L_PER_KWH: Final = 0.569
DEFAULT_ZONE: Final = "WOR"
# Amazon's data centres, for Bedrock and SageMaker, whoever made the model: PUE 1.14 and 0.18 L per
# kWh on site, as used by Jegham et al. 2025 (arXiv:2505.09598v6) for AWS.
AWS_PROVIDERS: Final = ("amazon_nova", "bedrock", "bedrock_mantle", "sagemaker")
AWS_PUE: Final = 1.14
AWS_WUE_L_PER_KWH: Final = 0.18
AWS_ZONE: Final = "USA"

# Market-based gCO2e per kWh of Google's purchased electricity: 0.023 g of scope 2 (market-based) in
# 0.24 Wh, the median Gemini Apps prompt of May 2025 (arXiv:2508.15734). No other provider publishes
# figures that give one. Kept beside the location-based figures, never mixed with them.
GOOGLE_PROVIDERS: Final = ("gemini", "vertex_ai")
GOOGLE_MARKET_GCO2E_PER_KWH: Final = 96.0

# More tokens than this in one request are a mistake of the sender's; ingest refuses them too.
MAXIMUM_TOKENS: Final = 10**12


def snapshot() -> dict[str, object]:
    """Return the constants that a factor set is built with, as the set keeps them."""
    return {
        "method_version": METHOD_VERSION,
        "size_coefficient_j": SIZE_COEFFICIENT_J,
        "size_exponent_active": SIZE_EXPONENT_ACTIVE,
        "size_exponent_total": SIZE_EXPONENT_TOTAL,
        "size_minimum_active_b": SIZE_MINIMUM_ACTIVE_B,
        "size_minimum_total_b": SIZE_MINIMUM_TOTAL_B,
        "price_coefficient_j": PRICE_COEFFICIENT_J,
        "price_exponent": PRICE_EXPONENT,
        "weight_input": WEIGHT_INPUT,
        "weight_cached": WEIGHT_CACHED,
        "host_overhead": HOST_OVERHEAD,
        "embodied_gco2e_per_j": EMBODIED_GCO2E_PER_J,
        "server_embodied_kgco2e": SERVER_EMBODIED_KGCO2E,
        "accelerator_embodied_kgco2e": ACCELERATOR_EMBODIED_KGCO2E,
        "accelerators_per_server": ACCELERATORS_PER_SERVER,
        "accelerator_memory_gb": ACCELERATOR_MEMORY_GB,
        "hardware_life_s": HARDWARE_LIFE_S,
        "batch_size": BATCH_SIZE,
        "weight_bytes": WEIGHT_BYTES,
        "memory_margin": MEMORY_MARGIN,
        "latency_active_s": LATENCY_ACTIVE_S,
        "latency_batch_s": LATENCY_BATCH_S,
        "latency_constant_s": LATENCY_CONSTANT_S,
        "embedding_j_per_b": EMBEDDING_J_PER_B,
        "bands": dict(BANDS),
        "embedding_bands": dict(EMBEDDING_BANDS),
    }
