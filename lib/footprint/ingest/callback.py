"""The LiteLLM callback: ``litellm.callbacks = [footprint.callback]``.

Every hook does its work at once and returns: LiteLLM runs the asynchronous ones on the host's event
loop, and cancels at exit whatever still waits there. The stream hooks are left alone, because
LiteLLM submits one for every chunk.
"""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from footprint.config import get_settings
from footprint.ingest.recorder import Recorder, default_recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

# Running what LiteLLM still holds when the program ends is no network, only time: 10,000 take 2 s.
DRAIN_S: Final = 30.0
_WORKER: Final = "litellm.litellm_core_utils.logging_worker"


class Hooks:
    """LiteLLM's hooks; names of methods and arguments are LiteLLM's.

    Args:
        recorder: where calls go.
        exit_timeout_s: how long the end of the program may wait for delivery, in seconds.
    """

    def __init__(self, recorder: Recorder, exit_timeout_s: float) -> None:
        super().__init__()
        self.recorder = recorder
        self._exit_timeout_s = exit_timeout_s

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """Take note of a call that goes to a provider."""
        self.recorder.started(kwargs)

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record an answered call."""
        self.recorder.finished(kwargs, response_obj, start_time, end_time, failed=False)

    def log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record a failed call."""
        self.recorder.finished(kwargs, response_obj, start_time, end_time, failed=True)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record an answered call; holds no await, so that it is never cancelled half-way."""
        self.recorder.finished(kwargs, response_obj, start_time, end_time, failed=False)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record a failed call; holds no await, so that it is never cancelled half-way."""
        self.recorder.finished(kwargs, response_obj, start_time, end_time, failed=True)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything recorded is stored; False where something is left on disk.

        Args:
            timeout_s: the longest wait, in seconds.
        """
        return self.recorder.courier.flush(timeout_s)

    async def aflush(self, timeout_s: float = 10.0) -> bool:
        """Do as `flush` without stopping the event loop; waits for LiteLLM's own queue first."""
        # Imported late: whoever awaits has it already, whoever does not need not wait for it.
        import asyncio

        worker = _litellm_worker()
        if worker is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(worker.flush(), timeout_s)
        return await asyncio.to_thread(self.flush, timeout_s)

    def status(self) -> Mapping[str, int]:
        """Return what this process counted: recorded, delivered, dropped and so on."""
        return self.recorder.spool.health.counts

    def close(self) -> bool:
        """Run what LiteLLM still holds, deliver within the deadline, leave the rest on disk."""
        drain_litellm(DRAIN_S)
        return self.recorder.courier.stop(self._exit_timeout_s)


def make_callback(recorder: Recorder, exit_timeout_s: float) -> Hooks:
    """Return a callback; a LiteLLM CustomLogger where LiteLLM is installed.

    Args:
        recorder: where calls go.
        exit_timeout_s: how long the end of the program may wait for delivery, in seconds.
    """
    try:
        from litellm.integrations.custom_logger import CustomLogger
    except ImportError:
        kind: type[Hooks] = Hooks
    else:
        kind = type("FootprintCallback", (Hooks, CustomLogger), {"__doc__": Hooks.__doc__})
    callback = kind(recorder, exit_timeout_s)
    # Registered after LiteLLM's own handler and the recorder's, so it runs before them.
    atexit.register(callback.close)
    return callback


_default: Hooks | None = None
_default_lock = threading.Lock()


def default_callback() -> Hooks:
    """Return this process's callback, with the settings of the environment and ``.env``."""
    global _default
    with _default_lock:
        if _default is None:
            _default = make_callback(default_recorder(), get_settings().exit_timeout_s)
        return _default


def drain_litellm(timeout_s: float) -> None:
    """Run the hooks that LiteLLM still holds: left to itself it runs 500 of 10,000 at exit."""
    worker = _litellm_worker()
    drain = getattr(worker, "_flush_on_exit", None)
    deadline = time.monotonic() + timeout_s
    left = _held(worker)
    while drain is not None and left and time.monotonic() < deadline:
        try:
            drain()
        except Exception:  # LiteLLM's own code, at the end of a program: nothing more can be done.
            return
        before, left = left, _held(worker)
        if left >= before:
            return


def _litellm_worker() -> Any:
    return getattr(sys.modules.get(_WORKER), "GLOBAL_LOGGING_WORKER", None)


def _held(worker: Any) -> int:
    queue = getattr(worker, "_queue", None)
    held = queue.qsize() if queue is not None else 0
    return held + len(getattr(worker, "_dequeued_tasks", ()))
