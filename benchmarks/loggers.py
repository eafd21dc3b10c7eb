"""A program that makes mocked LLM calls with one logger and prints what a call took, as JSON.

`benchmarks.callback` runs it once for each logger and round, in a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger

from benchmarks.callback import LANGFUSE, NO_OP, NONE, OURS, SUPABASE

AT_ONCE = 10
_ASK = [{"role": "user", "content": "hi"}]


class Langfuse(CustomLogger):
    """Records each call as a generation, as Langfuse's documentation has it, without texts."""

    def __init__(self) -> None:
        super().__init__()
        # The rest is in the environment.
        self._client = import_module("langfuse").Langfuse(flush_interval=0.5)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record an answered call."""
        payload = kwargs["standard_logging_object"]
        self._client.start_observation(
            name="litellm",
            as_type="generation",
            model=payload["model"],
            metadata={"litellm_call_id": payload["litellm_call_id"]},
            usage_details={
                "input": payload["prompt_tokens"],
                "output": payload["completion_tokens"],
            },
            cost_details={"total": payload["response_cost"]},
        ).end()


def _ours() -> None:
    import footprint

    litellm.callbacks = [footprint.callback]


def _supabase() -> None:
    litellm.success_callback = ["supabase"]
    litellm.failure_callback = ["supabase"]


def _langfuse() -> None:
    litellm.callbacks = [Langfuse()]


def _no_op() -> None:
    litellm.callbacks = [CustomLogger()]


ATTACH: dict[str, Callable[[], None]] = {
    NONE: lambda: None,
    NO_OP: _no_op,
    OURS: _ours,
    SUPABASE: _supabase,
    LANGFUSE: _langfuse,
}


async def call() -> None:
    """Make one call; no network, LiteLLM makes up the answer."""
    await litellm.acompletion(model="gpt-4o", messages=_ASK, mock_response="hello")


async def several(count: int) -> None:
    """Make calls one after the other."""
    for _ in range(count):
        await call()


async def measure(count: int) -> dict[str, float]:
    """Return the median and p99 of single calls in µs, calls a second, and CPU a call in µs."""
    await asyncio.gather(*[several(20) for _ in range(AT_ONCE)])
    await asyncio.sleep(1.0)  # What a logger imports late, it has imported now.
    # A pass over all that LiteLLM loaded takes 0.2 s, and would fall into some runs and not others.
    gc.collect()
    gc.freeze()
    times = []
    for _ in range(count // 2):
        begun = time.perf_counter_ns()
        await call()
        times.append((time.perf_counter_ns() - begun) / 1000)
    times.sort()
    begun, cpu = time.perf_counter_ns(), time.process_time_ns()
    await asyncio.gather(*[several(count // AT_ONCE) for _ in range(AT_ONCE)])
    took, used = time.perf_counter_ns() - begun, time.process_time_ns() - cpu
    return {
        "median_us": times[len(times) // 2],
        "p99_us": times[int(len(times) * 0.99)],
        "calls_per_s": count / took * 1e9,
        "cpu_us": used / count / 1000,
    }


def main() -> None:
    """Attach the logger that the arguments name, make as many calls, print."""
    litellm.suppress_debug_info = True
    try:
        ATTACH[sys.argv[1]]()
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    print(json.dumps(asyncio.run(measure(int(sys.argv[2])))))


if __name__ == "__main__":
    main()
