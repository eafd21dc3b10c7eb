"""What the callback costs the program it runs in, and how fast requests reach the database.

    python -m benchmarks.callback            # the hook, whole calls, memory
    python -m benchmarks.callback delivery   # rows a second into an embedded Supabase

Every logger runs in a process of its own. "blocking insert" is the pattern of LiteLLM's own Supabase
logger: one synchronous HTTP request a call, here to a server on loopback that stores nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAYLOAD = ROOT / "tests/fixtures/litellm_payloads/async_http__async_log_success_event__0.json"
sys.path.insert(0, str(ROOT / "tests"))
LOGGERS = ("none", "no-op", "footprint", "blocking insert")

_CALLS = """
import asyncio, sys, time
import litellm
logger, count = sys.argv[1], int(sys.argv[2])
litellm.suppress_debug_info = True
if logger == "footprint":
    import footprint
    litellm.callbacks = [footprint.callback]
elif logger == "no-op":
    from litellm.integrations.custom_logger import CustomLogger
    litellm.callbacks = [CustomLogger()]
elif logger == "blocking insert":
    import os
    import httpx
    from litellm.integrations.custom_logger import CustomLogger
    client = httpx.Client(trust_env=False)
    address = os.environ["SUPABASE_URL"] + "/rest/v1/request_logs"
    class Blocking(CustomLogger):
        async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
            client.post(address, json={"p_events": [{"event_id": kwargs["litellm_call_id"]}]})
    litellm.callbacks = [Blocking()]
ask = [{"role": "user", "content": "hi"}]
async def calls(n):
    for _ in range(n):
        await litellm.acompletion(model="gpt-4o", messages=ask, mock_response="hello")
async def main():
    await asyncio.gather(*[calls(5) for _ in range(10)])
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[calls(count // 10) for _ in range(10)])
    print(count / (time.perf_counter() - started), (time.process_time() - cpu) / count * 1e6)
asyncio.run(main())
"""


def hook(count: int = 20_000) -> None:
    """Time the hook alone: the payload of a captured call, into a spool on this disk."""
    from footprint.config import Settings
    from footprint.ingest.recorder import open_recorder

    payload = json.loads(PAYLOAD.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        recorder = open_recorder(Settings(spool_dir=Path(folder) / "spool"))
        recorder.courier._stop.set()  # Not the courier but the hook is measured.
        marks: list[int] = []
        ends: list[int] = []
        cpu_marks = cpu_ends = 0
        for number in range(count):
            call_id = f"call-{number}"
            kwargs = {
                "standard_logging_object": payload | {"litellm_call_id": call_id},
                "litellm_call_id": call_id,
                "model": "gpt-4o",
                "litellm_params": {},
            }
            cpu, before = time.thread_time_ns(), time.perf_counter_ns()
            recorder.started(kwargs)
            cpu_middle, middle = time.thread_time_ns(), time.perf_counter_ns()
            recorder.finished(kwargs, None, None, None, failed=False)
            cpu_end, end = time.thread_time_ns(), time.perf_counter_ns()
            marks.append(middle - before)
            ends.append(end - middle)
            cpu_marks, cpu_ends = cpu_marks + cpu_middle - cpu, cpu_ends + cpu_end - cpu_middle
    for name, times, used in (
        ("before the call", marks, cpu_marks),
        ("after the call", ends, cpu_ends),
    ):
        times.sort()
        print(
            f"{name:<16} CPU mean {used / count / 1000:6.1f} µs   wall mean "
            f"{statistics.fmean(times) / 1000:6.1f}   median {times[count // 2] / 1000:6.1f}   "
            f"p99 {times[int(count * 0.99)] / 1000:6.1f}"
        )


def calls(count: int = 2000, rounds: int = 3) -> None:
    """Compare whole mocked calls, 10 at a time, with each logger; the best of some rounds."""
    from ingest_callback.receiver import Receiver, serving

    best = dict.fromkeys(LOGGERS, (0.0, 0.0))
    with serving(Receiver()) as receiver:
        for _ in range(rounds):
            for logger in LOGGERS:
                with tempfile.TemporaryDirectory() as folder:
                    env = {
                        **os.environ,
                        "SUPABASE_URL": receiver.url,
                        "SUPABASE_PUBLISHABLE_KEY": "p",
                        "FOOTPRINT_INGEST_KEY": "k",
                        "FOOTPRINT_SPOOL_DIR": folder + "/spool",
                        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                    }
                    out = subprocess.run(
                        [sys.executable, "-c", _CALLS, logger, str(count)],
                        env=env,
                        capture_output=True,
                        check=True,
                        cwd=folder,
                    )
                rate, cpu = map(float, out.stdout.split())
                best[logger] = max(best[logger], (rate, cpu))
    for logger, (rate, cpu) in best.items():
        share = rate / best["none"][0] - 1
        print(f"{logger:<16} {rate:6.0f} calls/s ({share:+.0%})   {cpu:6.0f} µs CPU a call")


def memory(count: int = 100_000) -> None:
    """Show that memory does not grow while the database is down."""
    from footprint.config import Settings
    from footprint.ingest.recorder import open_recorder

    payload = json.loads(PAYLOAD.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        recorder = open_recorder(Settings(spool_dir=Path(folder) / "spool"))
        readings = []
        for number in range(count):
            kwargs = {"standard_logging_object": payload | {"litellm_call_id": str(number)}}
            recorder.finished(kwargs, None, None, None, failed=False)
            if number in (count // 4, count - 1):
                readings.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(
            f"memory           {readings[0]:.0f} MiB after {count // 4}, {readings[1]:.0f} after {count}"
        )
        recorder.courier.stop(0)


def delivery(count: int = 5000) -> None:
    """Compare batches with one request a row, into Supabase Lite on this machine."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from footprint.database import migrate
    from footprint.event import UsageEvent
    from footprint.ingest.delivery import encode
    from footprint.ingest.http import Gateway
    from footprint.local.stack import Stack
    from house import Database

    def lines(number: int) -> list[bytes]:
        return [
            encode(
                UsageEvent(
                    event_id=uuid4(),
                    started_at=datetime.now(UTC),
                    model="gpt-4o",
                    provider="openai",
                    user_id=f"user-{n % 50}",
                    attribution="declared",
                    tokens_input_uncached=100,
                    tokens_output_text=50,
                )
            )
            for n in range(number)
        ]

    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up(prepare=migrate)
        try:
            key = Database(info.database_url).make_key()
            gateway = Gateway(info.api_url, info.publishable_key, key, 30.0)
            gateway.store(lines(10))
            one = lines(300)
            started = time.perf_counter()
            for line in one:
                gateway.store([line])
            single = len(one) / (time.perf_counter() - started)
            print(f"one by one       {single:8.0f} rows/s")
            many = lines(count)
            started = time.perf_counter()
            for start in range(0, count, 500):
                gateway.store(many[start : start + 500])
            bulk = count / (time.perf_counter() - started)
            print(f"batches of 500   {bulk:8.0f} rows/s")
            print(f"ratio            {bulk / single:8.0f}")
        finally:
            stack.down()


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "what", nargs="*", choices=["hook", "calls", "memory", "delivery", []], default=[]
    )
    chosen = parser.parse_args().what or ["hook", "calls", "memory"]
    for name in chosen:
        {"hook": hook, "calls": calls, "memory": memory, "delivery": delivery}[name]()


if __name__ == "__main__":
    main()
