"""Mutated payloads: whatever LiteLLM may send, the hook does not raise and the event can be stored.

FOOTPRINT_LONG_TESTS=1 tries 100,000.
"""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footprint.event import UsageEvent
from footprint.ingest import health, loose
from footprint.ingest.normalise import LitellmCall, normalise
from footprint.ingest.recorder import Recorder, mark_of
from ingest_callback.conftest import LONG

FOLDER = Path(__file__).parents[1] / "fixtures/litellm_payloads"
PAYLOADS = [json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))]
for payload in PAYLOADS:
    payload.pop("model_map_information", None)
# What the captured calls did not use: tools, media, tiers, jobs, and usage of other forms.
CHAT = next(p for p in PAYLOADS if p.get("status") == "success" and p.get("prompt_tokens"))
PAYLOADS += [
    CHAT | {"call_type": kind, "response": answer, "metadata": {"usage_object": usage}}
    for kind, answer, usage in (
        (
            "aresponses",
            {
                **{"id": "resp_1", "status": "queued", "background": True, "service_tier": "flex"},
                "output": [
                    *({"type": "web_search_call"}, {"type": "file_search_call"}),
                    {"type": "code_interpreter_call", "container_id": "c"},
                ],
            },
            {"input_tokens": 5, "output_tokens": 3, "total_tokens": 9, "smell_tokens": 1},
        ),
        ("ocr", {"usage_info": {"pages_processed": 3}, "pages": [{}]}, {}),
        ("transcription", {"duration": 3.3333333333333335}, {"type": "duration", "seconds": 3.5}),
        ("image_generation", {"data": [{}, {}]}, {}),
        ("aretrieve_batch", {"id": "batch_1", "object": "batch", "status": "completed"}, {}),
        (
            "acompletion",
            {"service_tier": "priority"},
            {
                **{"input_tokens": 7, "output_tokens": 2, "cache_read_input_tokens": 5},
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
                "server_tool_use": {"web_search_requests": 2},
                **{"service_tier": "batch", "inference_geo": "us", "speed": "fast"},
                "iterations": [{"type": "message", "input_tokens": 7, "output_tokens": 2}],
            },
        ),
        (
            "agenerate_content",
            {},
            {
                **{"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
                **{"totalTokenCount": 12, "toolUsePromptTokenCount": 2, "trafficType": "FLEX"},
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
            },
        ),
    )
]
EXAMPLES = 50_000 if LONG else 1_000
NASTY = st.sampled_from(
    [
        *(None, "", "\0", "\ud800x", "x" * 5000, "é" * 400, "default_user_id", " ", "1e400"),
        *(-1, 0, 2**63, 10**30, -(10**30), True, False, math.nan, math.inf, -math.inf, 0.5, 1e308),
        *([], {}, [[]], {"a": {"b": {}}}, b"bytes", object(), float, ("a",), {"\0": "\ud800"}),
    ]
)
VALUES = st.one_of(
    NASTY,
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.recursive(
        NASTY,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside a payload."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:3]):
            found += places(inner, (*path, number))
    return found


PLACES = [places(payload) for payload in PAYLOADS]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    number = draw(st.integers(0, len(PAYLOADS) - 1))
    payload = copy.deepcopy(PAYLOADS[number])
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(PLACES[number]))
        inner: Any = payload
        try:
            for step in way:
                inner = inner[step]
            if draw(st.booleans()) and isinstance(inner, dict):
                inner.pop(last, None)
            else:
                inner[last] = draw(VALUES)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    return {"standard_logging_object": payload}


def check(event: UsageEvent | None) -> None:
    if event is not None:
        assert event.problems() == ()
        json.dumps(event.to_json(), allow_nan=False).encode("ascii")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated(), st.booleans())
def test_a_mutated_payload_makes_an_event_that_can_be_stored(
    kwargs: dict[str, Any], failed: bool
) -> None:
    check(normalise(LitellmCall(kwargs, failed=failed)))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                *("standard_logging_object", "litellm_params", "litellm_call_id", "model", "user"),
                *("stream", "exception", "response_cost", "optional_params", "messages"),
                *("completion_start_time", "custom_llm_provider", "call_type", "cache_hit"),
            ),
            VALUES,
        ),
    ),
    VALUES,
    VALUES,
    VALUES,
)
def test_arguments_of_any_kind_make_an_event_or_none(
    kwargs: dict[str, Any], response: Any, start: Any, end: Any
) -> None:
    check(normalise(LitellmCall(kwargs, response, start, end)))
    mark_of(kwargs)


@settings(max_examples=EXAMPLES // 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=12), st.integers(0, 10**9))
def test_damaged_bytes_in_a_payload_do_no_harm(junk: bytes, where: int) -> None:
    text = json.dumps(PAYLOADS[where % len(PAYLOADS)])
    at = where % len(text)
    try:
        payload = json.loads(text[:at] + junk.decode("latin-1") + text[at + len(junk) :])
    except ValueError:
        return
    check(normalise(LitellmCall(loose.mapping({"standard_logging_object": payload}))))


def test_a_hook_takes_anything_and_every_call_is_counted(recorder: Recorder) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    calls: list[Any] = [
        *(None, [], "text", {}, {"standard_logging_object": []}, {"litellm_call_id": 7}),
        {"litellm_call_id": "x", "standard_logging_object": {"metadata": deep, "response": deep}},
        {"litellm_call_id": "y", "messages": deep, "standard_logging_object": {"id": "\0" * 10**6}},
        {"standard_logging_object": {"request_tags": ["é" * 10**6] * 50, "model": "m" * 10**7}},
    ]
    for kwargs in calls:
        recorder.started(kwargs)
        recorder.finished(kwargs, deep, "never", deep, failed=False)
    counts = recorder.spool.health.counts
    assert counts[health.RECORDED] == len(calls)
    assert health.HOOK_ERRORS not in counts
