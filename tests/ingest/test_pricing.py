"""Prices: against prices worked out by hand, and against LiteLLM's own calculator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from footprint.event import UsageEvent
from footprint.ingest.pricing import PriceMap, price_map
from footprint.ingest.rates import NO_PRICE, NO_TIER, NO_USAGE, read_price

M = Decimal(10) ** -6


def usage(**fields: Any) -> UsageEvent:
    given: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "started_at": datetime(2026, 10, 1, tzinfo=UTC),
        "model": "m",
    }
    return UsageEvent(**(given | fields))


def test_each_class_of_tokens_has_its_own_price() -> None:
    price = read_price(
        {
            "mode": "chat",
            "input_cost_per_token": 3 * M,
            "cache_read_input_token_cost": Decimal("0.3") * M,
            "cache_creation_input_token_cost": Decimal("3.75") * M,
            "output_cost_per_token": 15 * M,
            "output_cost_per_reasoning_token": 20 * M,
        }
    )
    assert price is not None
    event = usage(
        tokens_input_uncached=1000,
        tokens_cache_read=2000,
        tokens_cache_write=400,
        tokens_output_text=100,
        tokens_reasoning=50,
    )
    # 1000 × 3 + 2000 × 0.3 + 400 × 3.75 + 100 × 15 + 50 × 20 = 3000 + 600 + 1500 + 1500 + 1000
    assert price.of(event).cost_usd == 7600 * M


def test_where_a_class_has_no_price_of_its_own_it_costs_like_its_side() -> None:
    price = read_price({"input_cost_per_token": 2 * M, "output_cost_per_token": 10 * M})
    assert price is not None
    event = usage(
        tokens_input_uncached=1,
        tokens_cache_read=1,
        tokens_cache_write=1,
        tokens_output_text=1,
        tokens_reasoning=1,
    )
    assert price.of(event).cost_usd == 26 * M


@pytest.mark.parametrize(("provider", "last_cheap"), [("gemini", 200_000), ("xai", 199_999)])
def test_a_long_context_pays_the_higher_tier_for_all_its_tokens(
    provider: str, last_cheap: int
) -> None:
    price = read_price(
        {
            "litellm_provider": provider,
            "input_cost_per_token": 1 * M,
            "output_cost_per_token": 10 * M,
            "input_cost_per_token_above_200k_tokens": 2 * M,
            "output_cost_per_token_above_200k_tokens": 15 * M,
        }
    )
    assert price is not None
    cheap = usage(tokens_input_uncached=last_cheap, tokens_output_text=1)
    dear = usage(tokens_input_uncached=last_cheap, tokens_cache_read=1, tokens_output_text=1)
    assert price.of(cheap).cost_usd == (last_cheap + 10) * M
    assert price.of(dear).cost_usd == (2 * last_cheap + 1 * 2 + 15) * M


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"mode": "vector_store", "input_cost_per_token": M, "output_cost_per_token": M},
        {"mode": "chat", "input_cost_per_second": M},
        {"mode": "chat", "output_cost_per_token": M},
        {"input_cost_per_token": M, "output_cost_per_token": M, "input_cost_per_request": 5},
    ],
)
def test_what_is_not_priced_by_the_token_has_no_price(entry: dict[str, Any]) -> None:
    assert read_price(entry) is None


def test_a_price_of_0_that_the_map_states_is_a_price() -> None:
    price = read_price({"mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0})
    assert price is not None
    assert price.of(usage(tokens_input_uncached=5, tokens_output_text=5)).cost_usd == 0


def test_tokens_at_0_beside_a_price_by_the_image_are_not_free() -> None:
    price = read_price(
        {
            "mode": "chat",
            "input_cost_per_token": 0,
            "output_cost_per_token": 0,
            "output_cost_per_image": Decimal("0.04"),
        }
    )
    assert price is not None
    found = price.of(usage(tokens_input_uncached=5, tokens_output_text=5))
    assert (found.cost_usd, found.reason) == (None, NO_PRICE)


def test_audio_and_images_of_a_batch_cost_half_unless_they_have_a_price() -> None:
    entry = {
        "mode": "chat",
        "input_cost_per_token": 2 * M,
        "input_cost_per_audio_token": 10 * M,
        "output_cost_per_token": 8 * M,
        "output_cost_per_image_token": 40 * M,
    }
    event = usage(
        service_tier="batch",
        tokens_input_uncached=300,
        tokens_output_text=70,
        quantities={"audio_input_tokens": 100, "image_output_tokens": 50},
    )
    price, own = read_price(entry), read_price({**entry, "output_cost_per_image_token_batches": M})
    assert price is not None
    assert own is not None
    # 200 × 1 + 100 × 5 + 20 × 4 + 50 × 20; then 50 × 1.
    assert price.of(event).cost_usd == 1780 * M
    assert own.of(event).cost_usd == 830 * M


def test_a_batch_of_pages_costs_what_the_map_says_and_no_other_tier_does() -> None:
    price = read_price(
        {
            "mode": "ocr",
            "ocr_cost_per_page": Decimal("0.004"),
            "ocr_cost_per_page_batches": Decimal("0.002"),
        }
    )
    assert price is not None
    found = [
        price.of(usage(service_tier=tier, quantities={"pages": 12}))
        for tier in (None, "batch", "flex")
    ]
    assert [each.cost_usd for each in found] == [Decimal("0.048"), Decimal("0.024"), None]
    assert found[2].reason == NO_TIER


def test_unknown_tokens_have_no_known_cost() -> None:
    price = read_price({"input_cost_per_token": M, "output_cost_per_token": M})
    assert price is not None
    for known in ({"tokens_input_uncached": 5}, {"tokens_output_text": 5}):
        assert price.of(usage(**known))[:3:2] == (None, NO_USAGE)


def test_an_embedding_needs_no_output_tokens() -> None:
    price = read_price({"mode": "embedding", "input_cost_per_token": M, "output_cost_per_token": 0})
    assert price is not None
    assert price.of(usage(tokens_input_uncached=5)).cost_usd == 5 * M


def test_an_unknown_model_costs_null_and_never_zero() -> None:
    event = usage(
        provider="openai",
        model="gpt-of-another-world",
        tokens_input_uncached=5,
        tokens_output_text=5,
    )
    priced = price_map().priced(event)
    assert (priced.cost_usd, priced.price_source) == (None, NO_PRICE)


def test_the_source_names_the_version_of_the_map() -> None:
    event = usage(
        provider="openai", model="gpt-4o", tokens_input_uncached=1000, tokens_output_text=200
    )
    priced = price_map().priced(event)
    cost, source = priced.cost_usd, priced.price_source
    # https://openai.com/api/pricing (2026-09): gpt-4o USD 2.50 and 10.00 a million tokens.
    assert cost == Decimal("0.0045")
    assert source is not None
    assert source.startswith("litellm 1.")


def test_what_is_not_billed_costs_nothing_and_says_why() -> None:
    tokens = {"tokens_input_uncached": 5, "tokens_output_text": 5}
    cached = usage(provider="openai", model="gpt-4o", cache_hit=True, **tokens)
    failed = usage(provider="openai", model="gpt-4o", status="failure")
    cut_off = usage(provider="openai", model="gpt-4o", status="failure", **tokens)
    found = [price_map().priced(event) for event in (cached, failed, cut_off)]
    assert [(event.cost_usd, event.price_source) for event in found[:2]] == [
        (Decimal(0), "not billed: gateway cache"),
        (Decimal(0), "not billed: failed before an answer"),
    ]
    assert found[2].cost_usd == Decimal("0.0000625")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((None, "gpt-4o"), ("openai", "gpt-4o")),
        (("openai", "openai/gpt-4o"), ("openai", "gpt-4o")),
        ((None, "openai/gpt-4o"), ("openai", "gpt-4o")),
        ((None, "mistral/mistral-large-latest"), ("mistral", "mistral-large-latest")),
        (("azure", "gpt-4o"), ("azure", "gpt-4o")),
        ((None, "claude-sonnet-4-5"), ("anthropic", "claude-sonnet-4-5")),
        (
            ("openrouter", "openai/gpt-4o"),
            ("openrouter", "openai/gpt-4o"),
        ),
        ((None, "our-own-model"), (None, "our-own-model")),
        ((None, "somebody/our-own-model"), (None, "somebody/our-own-model")),
        ((None, "openai/"), (None, "openai/")),
    ],
)
def test_models_are_named_as_litellm_names_them(
    given: tuple[str | None, str], found: tuple[str | None, str]
) -> None:
    assert price_map().identify(*given) == found


def test_a_price_of_another_provider_is_not_used() -> None:
    entries = {
        "m": {"litellm_provider": "openai", "input_cost_per_token": M, "output_cost_per_token": M}
    }
    prices = PriceMap("test", entries)
    assert prices.find("openai", "m") is not None
    assert prices.find("groq", "m") is None


def test_reading_prices_does_not_import_litellm() -> None:
    code = (
        "import sys; from footprint.ingest.pricing import price_map; price_map();"
        "print(any(n.split('.')[0] == 'litellm' for n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


ORACLE = """
import json, os, sys
import litellm
from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token as cost
from litellm.types.utils import CompletionTokensDetailsWrapper as C, PromptTokensDetailsWrapper as P
from litellm.types.utils import Usage
cases = json.load(sys.stdin)
found = []
for key, (uncached, read, write, text, reasoning) in cases:
    entry = litellm.model_cost[key]
    usage = Usage(
        prompt_tokens=uncached + read + write,
        completion_tokens=text + reasoning,
        prompt_tokens_details=P(cached_tokens=read, cache_creation_tokens=write),
        completion_tokens_details=C(reasoning_tokens=reasoning),
    )
    provider = entry["litellm_provider"]
    found.append(sum(cost(model=key, usage=usage, custom_llm_provider=provider, model_info=entry)))
json.dump(found, sys.stdout)
"""
SHAPES = [
    (1000, 0, 0, 300, 0),
    (150_000, 60_000, 1000, 200, 100),
    (300_000, 100, 7, 20, 10),
    (128_000, 0, 0, 5, 0),
    (200, 0, 0, 0, 0),
]


def test_every_text_model_of_the_map_costs_what_litellm_itself_says() -> None:
    prices = price_map()
    cases = [
        (key, shape)
        for key, entry in prices.entries.items()
        # Off-peak discounts depend on the hour of the run; the rest of the map does not.
        # Providers whose own calculator differs are held against it in test_differential.
        if entry.get("litellm_provider") not in ("xai", "perplexity")
        and entry.get("mode") in ("chat", "responses", "completion", "embedding")
        and not entry.get("off_peak_pricing")
        and prices.find(None, key)
        for shape in SHAPES
    ]
    assert len(cases) > 10_000
    done = subprocess.run(
        [sys.executable, "-c", ORACLE],
        input=json.dumps(cases),
        env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        check=True,
    )
    names = (
        "tokens_input_uncached",
        "tokens_cache_read",
        "tokens_cache_write",
        "tokens_output_text",
        "tokens_reasoning",
    )
    different = []
    for (key, shape), theirs in zip(cases, json.loads(done.stdout), strict=True):
        price = prices.find(None, key)
        assert price is not None
        ours = price.of(usage(**dict(zip(names, shape, strict=True)))).cost_usd
        if ours is None and not theirs and prices.entries[key].get("output_cost_per_image"):
            continue  # Billed by the image: LiteLLM makes 0 of its tokens.
        if ours is None or abs(float(ours) - theirs) > 1e-12 + 1e-9 * theirs:
            different.append((key, shape, ours, theirs))
    assert different == []
