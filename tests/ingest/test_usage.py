"""Usage of every form: each count is read, named as not understood, or said to be known.

Who includes what (`usage_forms` has the documentation of each form):

    OpenAI, Azure, Groq, Together, Mistral, vLLM, OpenRouter, OTel gen_ai, OpenInference, LangChain,
    Vercel AI SDK, Codex: input with the cache, output with reasoning
    DeepSeek: likewise; hit + miss is the prompt
    Anthropic, Bedrock, Claude Code, Cursor: input without the cache, output with thinking
    Gemini, Gemini CLI: input with the cache, output without thoughts, the total with them
    xAI: likewise, reasoning beside the completion
    Langfuse, opencode: every count is a part
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.event import MAX_TOKENS, UNITS
from footprint.ingest.usage import (
    MAX_UNREAD,
    NOTHING,
    TOKENS_UNREAD,
    TOTAL_ONLY,
    UNKNOWN,
    UNREAD,
    TokenClasses,
    Usage,
    is_read_whole,
    read_usage,
)
from usage_forms import FORMS, Used

FULL = Used(
    text_in=600, audio_in=70, image_in=50, video_in=30, read=400, read_audio=20,
    write_5m=120, write_1h=80, text_out=90, audio_out=15, image_out=25, reasoning=60, searches=3,
)  # fmt: skip
NO_COUNT = {"no_output", "geo"}


def told(form: str) -> Used:
    """Return as much of `FULL` as a form has a place for."""
    says = (FORMS[form].says - NO_COUNT) | {"text_in"}
    if "no_output" not in FORMS[form].says:
        says |= {"text_out"}
    return Used(**{name: getattr(FULL, name) for name in says})


def counts(usage: Usage) -> tuple[int, ...]:
    return tuple(n or 0 for n in usage.tokens)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_as_its_documentation_says(form: str) -> None:
    used = told(form)
    found = read_usage(
        FORMS[form].write(used),
        model="claude-sonnet-4-5" if FORMS[form].model == "claude" else "some-model",
        disjoint=form == "langfuse",
    )
    assert counts(found) == tuple(used.tokens)
    assert found.quantities == used.quantities
    assert found.flags == ()
    assert is_read_whole(found.flags)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_may_lie_in_its_holder_or_stand_in_camel_case(form: str) -> None:
    used, shape = told(form), FORMS[form]
    model = shape.model or "some-model"
    holder = shape.holder or "usage"
    plain = read_usage(shape.write(used), model=model, disjoint=form == "langfuse")
    held = read_usage({holder: shape.write(used)}, model=model, disjoint=form == "langfuse")
    assert held == plain


@pytest.mark.parametrize("form", FORMS)
def test_the_order_of_the_fields_says_nothing(form: str) -> None:
    usage = FORMS[form].write(told(form))
    shuffled = list(usage.items())
    random.Random(form).shuffle(shuffled)
    model = FORMS[form].model or "some-model"
    assert read_usage(dict(shuffled), model=model) == read_usage(usage, model=model)


# What one source says twice, and in two ways.
TWICE: dict[str, dict[str, Any]] = {
    # https://docs.openwebui.com: both spellings of one call.
    "both of OpenAI's": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "input_tokens": 100,
        "output_tokens": 20,
        "total_tokens": 120,
    },
    # LiteLLM's Usage after Anthropic: the cache at the top and in the details.
    "LiteLLM's, of Anthropic": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_creation_tokens": 10},
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 10,
    },
    # Legacy spans of Vercel's AI SDK hold two vocabularies for the same tokens.
    "Vercel's spans": {
        "ai.usage.promptTokens": 100,
        "ai.usage.completionTokens": 20,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
    },
    # https://docs.mistral.ai/api
    "Mistral's cache": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "num_cached_tokens": 60,
        "prompt_tokens_details": {"cached_tokens": 60},
        "prompt_token_details": {"cached_tokens": 60},
    },
}


@pytest.mark.parametrize("name", TWICE)
def test_what_is_said_twice_is_never_added_up(name: str) -> None:
    found = read_usage(TWICE[name])
    assert found.tokens.total == 120
    assert found.flags == ()


@pytest.mark.parametrize(
    ("model", "usage", "tokens", "flags"),
    [
        # Gemini through a trace that knows no thoughts: what is in the total alone was thought.
        ("gemini-2.5-flash", {"input": 1000, "output": 200, "total": 1500}, (1000, 200, 300), ()),
        ("grok-4", {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 20}, (10, 2, 8), ()),
        # Claude writes its thinking into the output: what is missing is of the cache, of which kind
        # nobody says.
        (
            "claude-sonnet-4-5",
            {"input_tokens": 10, "output_tokens": 2, "total_tokens": 20},
            (18, 2, 0),
            (TOKENS_UNREAD,),
        ),
        # Embeddings read and write nothing.
        ("text-embedding-3-small", {"total_tokens": 8}, (8, 0, 0), ()),
        ("text-embedding-3-small", {"prompt_tokens": 8, "total_tokens": 8}, (8, 0, 0), None),
        # A total without sides is of neither: it is counted, and nothing is made of it.
        ("gpt-4o", {"total_tokens": 8}, (8, 0, 0), (TOKENS_UNREAD,)),
    ],
)  # fmt: skip
def test_tokens_that_stand_in_the_total_alone_are_concluded_and_flagged(
    model: str,
    usage: Mapping[str, Any],
    tokens: tuple[int, int, int],
    flags: tuple[str, ...] | None,
) -> None:
    found = read_usage(usage, model=model, disjoint="input" in usage)
    classes = found.tokens
    assert (classes.input_uncached, classes.output_text or 0, classes.reasoning or 0) == tokens
    assert found.flags == (() if flags is None else (TOTAL_ONLY, *flags))


@pytest.mark.parametrize(
    ("usage", "flags"),
    [
        # A total that fits vouches for the tokens: what is not understood lies within.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 2,
                "total_tokens": 12,
                "prompt_tokens_details": {"smell_tokens": 5},
            },
            (f"{UNREAD}prompt_tokens_details.smell_tokens",),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "smell_tokens": 5},
            (TOKENS_UNREAD, f"{UNREAD}smell_tokens"),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 2, "robots": 1}, (f"{UNREAD}robots",)),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "parts": [{"kind": "x", "n": 3}]},
            (f"{UNREAD}parts",),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 2, "robots": 0, "names": ["a"]}, ()),
        # Times, rates and names are billed by nobody.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 2,
                "queue_time": 0.03,
                "total_duration": 5191566416,
                "tokens_per_second": 99.5,
                "created_at": 1795000000,
            },
            (),
        ),
    ],
)
def test_what_is_counted_and_not_understood_is_named(
    usage: Mapping[str, Any], flags: tuple[str, ...]
) -> None:
    found = read_usage(usage)
    assert counts(found) == (10, 0, 0, 2, 0)
    assert found.flags == flags
    assert is_read_whole(found.flags) == (not flags)


NAN, INFINITY = float("nan"), float("inf")
DEEP: dict[str, Any] = {}
for _ in range(500):
    DEEP = {"usage": DEEP}
HOSTILE: dict[str, Any] = {
    "not a number": {"prompt_tokens": NAN, "completion_tokens": INFINITY, "total_tokens": -INFINITY},
    "negative": {"prompt_tokens": -5, "completion_tokens": -1, "total_tokens": -6},
    "strings": {"prompt_tokens": "100", "completion_tokens": "many", "total_tokens": ""},
    "booleans": {"prompt_tokens": True, "completion_tokens": False, "total_tokens": True},
    "lists": {"prompt_tokens": [1, 2], "completion_tokens": [[]], "iterations": [None, 1, "x", {}]},
    "nothing": {"prompt_tokens": None, "prompt_tokens_details": None},
    "fractions": {"prompt_tokens": 1.5, "completion_tokens": Decimal("0.1")},
    "huge": {"prompt_tokens": 10**400, "completion_tokens": MAX_TOKENS + 1, "total_tokens": 1e300},
    "deep": DEEP,
    "empty": {},
    "odd details": {"prompt_tokens_details": 5, "completion_tokens_details": "x", "usage": []},
    "odd modalities": {"promptTokensDetails": [{"modality": None, "tokenCount": NAN}, 7, None]},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_count_counts_nothing_and_breaks_nothing(name: str) -> None:
    found = read_usage(HOSTILE[name], model="m")
    assert found.tokens is UNKNOWN
    assert found.tokens.total == 0
    assert not found.quantities


def test_a_good_count_is_read_whatever_lies_around_it() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": NAN, "audio_tokens": -5, "text_tokens": "x"},
        "completion_tokens_details": {"reasoning_tokens": True},
        "deep": DEEP,
        "\u202eтокены\x00": "x",
        "": "",
    }
    assert counts(read_usage(usage)) == (10, 0, 0, 2, 0)


def test_ten_thousand_names_are_read_in_a_bounded_way() -> None:
    usage = {f"strange_{n}_tokens": n for n in range(1, 10_001)}
    found = read_usage({"prompt_tokens": 10, "completion_tokens": 2, **usage})
    assert counts(found) == (10, 0, 0, 2, 0)
    assert len(found.flags) == MAX_UNREAD + 1
    assert all(len(flag) <= 100 for flag in found.flags)


@pytest.mark.parametrize(
    "name", ["gen_ai.usage.input_tokens", "genAi.Usage.inputTokens", "usage.input-tokens"]
)
def test_names_with_dots_and_other_spellings_mean_the_same(name: str) -> None:
    assert read_usage({name: 7, "usage.output_tokens": 3}).tokens.input_uncached == 7


@pytest.mark.parametrize(
    ("usage", "tier", "geo"),
    [
        ({"service_tier": "flex"}, "flex", None),
        ({"service_tier": {"type": "priority"}}, "priority", None),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority", None),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned", None),
        ({"service_tier": "standard", "inference_geo": "us"}, None, "us"),
        ({"service_tier": "default", "inference_geo": "global"}, None, None),
        ({"speed": "fast"}, "fast", None),
    ],
)
def test_the_tier_and_the_place_are_kept_where_they_are_not_the_usual(
    usage: Mapping[str, Any], tier: str | None, geo: str | None
) -> None:
    found = read_usage({"prompt_tokens": 10, "completion_tokens": 2, **usage})
    assert (found.service_tier, found.geo) == (tier, geo)
    assert found.flags == ()


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        # https://docs.x.ai: 10^10 ticks are a dollar.
        ({"cost_in_usd_ticks": 71_500_000}, Decimal("0.00715")),
        # https://docs.perplexity.ai
        ({"cost": {"total_cost": 0.005314, "request_cost": 0.005}}, Decimal("0.005314")),
        # https://openrouter.ai
        ({"cost": 0.00225, "cost_details": {"upstream_inference_cost": 0.002}}, Decimal("0.00225")),
        # A gateway's 0 is free, or unknown.
        ({"cost": 0}, None),
    ],
)
def test_what_the_usage_itself_says_to_have_cost_is_kept(
    usage: Mapping[str, Any], cost: Decimal | None
) -> None:
    found = read_usage({"prompt_tokens": 10, "completion_tokens": 2, **usage})
    assert found.cost_usd == cost
    assert found.flags == ()


@pytest.mark.parametrize(
    ("usage", "quantities"),
    [
        ({"pages_processed": 12, "doc_size_bytes": 4711}, {"pages": 12}),
        ({"type": "duration", "seconds": 61.5}, {"audio_seconds": Decimal("61.5")}),
        ({"billed_units": {"search_units": 2}}, {"search_units": 2}),
        ({"server_tool_use": {"web_search_requests": 3}}, {"web_searches": 3}),
        ({"server_tool_use": {"web_fetch_requests": 2}}, {"web_fetches": 2}),
        ({"server_side_tool_usage_details": {"code_interpreter_calls": 1}}, {"code_sessions": 1}),
    ],
)
def test_what_is_billed_by_other_units_is_a_fact_without_tokens(
    usage: Mapping[str, Any], quantities: Mapping[str, Any]
) -> None:
    found = read_usage(usage)
    assert found.tokens is UNKNOWN
    assert found.quantities == quantities
    assert not found.is_nothing


def test_usage_of_nothing_is_nothing() -> None:
    assert read_usage({}) is NOTHING
    assert read_usage({"prompt_tokens": 0, "completion_tokens": 0}) is NOTHING


def test_anthropics_rounds_are_summed_because_its_top_leaves_out_those_of_compaction() -> None:
    one = {"input_tokens": 10, "output_tokens": 4, "cache_read_input_tokens": 5}
    usage = {**one, "iterations": [{"type": "message", **one}, {"type": "compaction", **one}]}
    assert counts(read_usage(usage, model="claude-sonnet-4-5")) == (20, 10, 0, 8, 0)


@st.composite
def used(draw: st.DrawFn) -> tuple[str, Used]:
    """Draw a form and counts it has a place for."""
    form = draw(st.sampled_from(sorted(FORMS)))
    says = (FORMS[form].says - NO_COUNT - {"read_audio"}) | {"text_in", "text_out"}
    drawn: dict[str, Any] = {name: draw(st.integers(0, 10**7)) for name in sorted(says)}
    if "no_output" in FORMS[form].says:
        drawn["text_out"] = 0
    return form, Used(**drawn)


@given(used())
def test_the_classes_are_as_many_as_a_total_that_is_stated(drawn: tuple[str, Used]) -> None:
    form, what = drawn
    usage = FORMS[form].write(what)
    total = next((usage[name] for name in TOTALS if name in usage), None)
    found = read_usage(usage, model=FORMS[form].model or None, disjoint=form == "langfuse")
    if total is not None:
        assert found.tokens.total == total == what.total
        assert TOTAL_ONLY not in found.flags
    for unit, amount in found.quantities.items():
        assert unit in UNITS
        assert amount > 0


TOTALS = ("total_tokens", "totalTokenCount", "total_token_count", "totalTokens", "total")

names = st.one_of(
    st.sampled_from(["prompt_tokens", "input_tokens", "cost", "usage", "iterations", "seconds"]),
    st.text(max_size=20),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(names, values, max_size=8))
def test_whatever_arrives_is_read_without_an_error(usage: dict[str, Any]) -> None:
    found = read_usage(usage, model="m")
    assert all(n is None or 0 <= n <= 10 * MAX_TOKENS for n in found.tokens)
    assert all(amount > 0 for amount in found.quantities.values())
    assert found.cost_usd is None or found.cost_usd > 0
    json.dumps(found.flags)


def test_the_short_way_of_the_usual_form_finds_the_same_as_the_long_one() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    # Another field, of no meaning, takes the long way.
    assert read_usage(usage) == read_usage({**usage, "queue_time": 1.5})
    assert read_usage(usage).tokens == TokenClasses(40, 60, None, 15, 5)
