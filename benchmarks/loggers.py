"""A program that makes LLM calls with one logger after the other and prints what they took, as JSON.

`benchmarks.callback` runs it in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.litellm_logging import set_callbacks

from benchmarks.callback import LANGFUSE, MOCKED, NO_OP, NONE, OURS, SUPABASE, Figures

AT_ONCE: Final = 10
_WARM: Final = 3
# Loggers gather for up to half a second before they send.
_QUIET_S: Final = 0.7
_QUIET_SHARE: Final = 0.02
_KINDS: Final = (
    *("callbacks", "input_callback", "success_callback", "failure_callback"),
    *("_async_success_callback", "_async_failure_callback"),
)
_ASK: Final = [{"role": "user", "content": "hi"}]


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


def _callbacks(logger: CustomLogger) -> Callable[[], None]:
    def attach() -> None:
        litellm.callbacks = [logger]

    return attach


def _ours() -> Callable[[], None]:
    import footprint

    return _callbacks(footprint.callback)


def _supabase() -> Callable[[], None]:
    # LiteLLM connects the loggers that it knows by name once, with the first call.
    set_callbacks(callback_list=["supabase"])

    def attach() -> None:
        litellm.success_callback = ["supabase"]
        litellm.failure_callback = ["supabase"]

    return attach


MAKE: Final[dict[str, Callable[[], Callable[[], None]]]] = {
    NONE: lambda: lambda: None,
    NO_OP: lambda: _callbacks(CustomLogger()),
    OURS: _ours,
    SUPABASE: _supabase,
    LANGFUSE: lambda: _callbacks(Langfuse()),
}


def made() -> dict[str, Callable[[], None]]:
    """Return what attaches each logger that is installed."""
    found = {}
    for name, make in MAKE.items():
        with contextlib.suppress(ImportError):
            found[name] = make()
    return found


async def several(count: int, how: dict[str, Any]) -> None:
    """Make calls one after the other."""
    for _ in range(count):
        await litellm.acompletion(model="gpt-4o", messages=_ASK, **how)


async def at_once(count: int, how: dict[str, Any]) -> None:
    """Make calls, ten at a time."""
    await asyncio.gather(*[several(count // AT_ONCE, how) for _ in range(AT_ONCE)])


async def settled() -> None:
    """Wait until all that was logged is sent: the program hardly uses the processor any more."""
    used = 1.0
    while used > _QUIET_SHARE * _QUIET_S:
        before = time.process_time()
        await asyncio.sleep(_QUIET_S)
        used = time.process_time() - before


async def measure(count: int, how: dict[str, Any]) -> Figures:
    """Return median and p99 of a call by itself in µs, calls a second at once, and CPU a call."""
    await at_once(_WARM * AT_ONCE, how)
    await settled()
    times = []
    for _ in range(count // 2):
        begun = time.perf_counter_ns()
        await several(1, how)
        times.append((time.perf_counter_ns() - begun) / 1000)
    times.sort()
    await settled()
    begun, cpu = time.perf_counter_ns(), time.process_time_ns()
    await at_once(count, how)
    took = time.perf_counter_ns() - begun
    await settled()
    return {
        "median_us": times[len(times) // 2],
        "p99_us": times[int(len(times) * 0.99)],
        "calls_per_s": count / took * 1e9,
        "cpu_us": (time.process_time_ns() - cpu) / count / 1000,
    }


async def compare(count: int, rounds: int, how: dict[str, Any]) -> dict[str, list[Figures]]:
    """Measure each logger so many times, in turn; every other round backwards."""
    loggers = made()
    found: dict[str, list[Figures]] = {name: [] for name in loggers}
    for number in range(-1, rounds):
        for name in list(loggers)[:: 1 if number % 2 else -1]:
            for kind in _KINDS:
                setattr(litellm, kind, [])
            loggers[name]()
            figures = await measure(count, how)
            # The first round is not counted: what is imported late is imported then.
            if number >= 0:
                found[name].append(figures)
        # A pass over all that LiteLLM loaded takes 0.2 s and would fall into some runs, not others.
        gc.collect()
        gc.freeze()
    return found


def main() -> None:
    """Compare the loggers with the calls that the arguments name; print all figures."""
    calls, count, rounds, provider = sys.argv[1:]
    litellm.suppress_debug_info = True
    # Mocked, LiteLLM makes up the answer itself.
    sent = {"api_base": provider, "api_key": "k"}
    how = {"mock_response": "hello"} if calls == MOCKED else sent
    print(json.dumps(asyncio.run(compare(int(count), int(rounds), how))))


if __name__ == "__main__":
    main()
