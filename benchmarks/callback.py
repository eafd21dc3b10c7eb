"""What the callback costs the program it runs in, beside other loggers.

    python -m benchmarks.callback [hook] [loggers] [memory] [start]

hook      the two hooks alone, with the payload of a captured call
loggers   whole calls with each logger in turn, in one program. Mocked: no more than LiteLLM's own
          work. Over HTTP: LiteLLM asks a provider on loopback. What is logged goes to loopback too.
          Langfuse's SDK takes part where it is installed (`pip install langfuse`)
memory    a million requests while nothing is delivered
start     `import footprint.callback` in a new process
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sink import sink

ROOT = Path(__file__).parents[1]
PAYLOAD = ROOT / "tests/fixtures/litellm_payloads/async_http__async_log_success_event__0.json"
HOOK_GOAL_US = 30.0
SHARE_GOAL = 0.90
START_GOAL_S = 0.15
NONE, NO_OP, OURS = "no logger", "a logger that does nothing", "footprint"
SUPABASE, LANGFUSE = "LiteLLM's Supabase logger", "Langfuse's SDK"
LOGGERS = (NONE, NO_OP, OURS, SUPABASE, LANGFUSE)
MOCKED, OVER_HTTP = "mocked", "over HTTP"
Figures = dict[str, float]

_MEMORY = """
import sys, tempfile
from pathlib import Path
from benchmarks.callback import record_many
record_many(int(sys.argv[1]))
"""


def hook(count: int = 2000, rounds: int = 15) -> bool:
    """Time the hooks alone.

    CPU is that of whole rounds less the empty loop: the median of the rounds, which the goal is
    about, and the fastest, which other programs on the machine disturbed least.
    """
    payload = json.loads(PAYLOAD.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        recorder = _undelivered(Path(folder))
        runs = {
            "before a call": recorder.started,
            "after a call": lambda kwargs: recorder.finished(
                kwargs, None, None, None, failed=False
            ),
        }
        cpu: dict[str, list[float]] = {name: [] for name in runs}
        wall: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(rounds):
            calls = [_arguments(payload, f"call {number}.{n}") for n in range(count)]
            for name, run in runs.items():
                empty_us, _ = _timed(calls, _nothing)
                used_us, times = _timed(calls, run)
                cpu[name].append(used_us - empty_us)
                wall[name] += times
        recorder.courier.stop(0)
    print(f"{'hook, µs a call':<28}{'CPU mean':>10}{'fastest':>10}{'median':>10}{'p99':>10}")
    for name, times in wall.items():
        times.sort()
        row = (statistics.median(cpu[name]), min(cpu[name]), times[len(times) // 2])
        print(f"{name:<28}" + "".join(f"{us:10.1f}" for us in (*row, times[-len(times) // 100])))
    total, fastest = sum(map(statistics.median, cpu.values())), sum(map(min, cpu.values()))
    print(f"{'together':<28}{total:10.1f}{fastest:10.1f}   (goal: under {HOOK_GOAL_US:.0f})")
    return total < HOOK_GOAL_US


def _nothing(kwargs: dict[str, Any]) -> None:
    return


def _timed(
    calls: list[dict[str, Any]], run: Callable[[dict[str, Any]], None]
) -> tuple[float, list[float]]:
    """Return the mean CPU of a call on this thread, and how long each took, in µs."""
    times = []
    begun = time.thread_time_ns()
    for kwargs in calls:
        before = time.perf_counter_ns()
        run(kwargs)
        times.append((time.perf_counter_ns() - before) / 1000)
    return (time.thread_time_ns() - begun) / len(calls) / 1000, times


def _arguments(payload: dict[str, Any], call_id: str) -> dict[str, Any]:
    return {
        "standard_logging_object": payload | {"litellm_call_id": call_id},
        "litellm_call_id": call_id,
        "model": "gpt-4o",
        "litellm_params": {},
    }


def _undelivered(folder: Path) -> Any:
    """Return a recorder whose courier does nothing: not it but the hooks are measured.

    To the hooks it looks as if it ran, as it does in a program from its second call on.
    """
    from footprint.config import Settings
    from footprint.ingest.recorder import open_recorder

    recorder = open_recorder(Settings(spool_dir=folder / "spool", spool_max_bytes=2**30))
    recorder.courier._thread = threading.Thread()
    return recorder


def loggers(count: int = 400, rounds: int = 15) -> bool:
    """Compare whole calls with each logger: one at a time, then ten at once.

    Ten at once keep a program at its limit, which is its processor; so it is CPU that says how many
    calls a second it makes. That of a call includes all that a logger does until what it logged is
    sent; "for a CPU" is how many calls it leaves of those that are made without a logger. Medians
    over the rounds, in each of which all loggers take their turn.
    """
    with sink() as url:
        reached = [_compare(calls, count, rounds, url) for calls in (MOCKED, OVER_HTTP)]
    return all(reached)


def _compare(calls: str, count: int, rounds: int, url: str) -> bool:
    found = _run_loggers(calls, count, rounds, url)
    heads = ("one call", "p99", "calls/s", "of none", "CPU µs", "for a CPU")
    print(f"{calls:<28}" + "".join(f"{head:>11}" for head in heads))
    for name in LOGGERS:
        if name not in found:
            print(f"{name:<28}not installed")
            continue
        one, p99, rate, cpu = (_middle(found[name], key) for key in _KEYS)
        print(
            f"{name:<28}{one:9.0f}µs{p99:9.0f}µs{rate:11.0f}"
            f"{_share(found, name, 'calls_per_s'):11.2f}{cpu:11.0f}"
            f"{1 / _share(found, name, 'cpu_us'):11.2f}"
        )
    share = 1 / _share(found, OURS, "cpu_us")
    print(
        f"footprint: {share:.2f} of the calls that the same CPU makes without (goal: {SHARE_GOAL})"
    )
    return share >= SHARE_GOAL


_KEYS = ("median_us", "p99_us", "calls_per_s", "cpu_us")


def _middle(figures: list[Figures], key: str) -> float:
    return statistics.median(one[key] for one in figures)


def _share(found: dict[str, list[Figures]], name: str, key: str) -> float:
    """Return a figure against that without a logger."""
    return _middle(found[name], key) / _middle(found[NONE], key)


def _run_loggers(calls: str, count: int, rounds: int, url: str) -> dict[str, list[Figures]]:
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
            "SUPABASE_URL": url,
            "SUPABASE_KEY": "k",
            "SUPABASE_PUBLISHABLE_KEY": "p",
            "FOOTPRINT_INGEST_KEY": "k",
            "LANGFUSE_BASE_URL": url,
            "LANGFUSE_PUBLIC_KEY": "p",
            "LANGFUSE_SECRET_KEY": "k",
            "FOOTPRINT_SPOOL_DIR": f"{folder}/spool",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        command = [sys.executable, "-m", "benchmarks.loggers", calls, str(count), str(rounds), url]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, cwd=folder, check=True)
    found: dict[str, list[Figures]] = json.loads(done.stdout.splitlines()[-1])
    return found


def memory(count: int = 1_000_000) -> bool:
    """Show that memory does not grow while requests wait on disk."""
    command = [sys.executable, "-c", _MEMORY, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, text=True)
    print(done.stdout, end="")
    return float(done.stdout.rsplit(maxsplit=1)[-1]) < 1.10


def record_many(count: int) -> None:
    """Record so many calls; print the memory after a tenth and after all, and their ratio last."""
    payload = json.loads(PAYLOAD.read_bytes())
    readings = []
    with tempfile.TemporaryDirectory() as folder:
        recorder = _undelivered(Path(folder))
        for number in range(1, count + 1):
            kwargs = _arguments(payload, f"call {number}")
            recorder.started(kwargs)
            recorder.finished(kwargs, None, None, None, failed=False)
            if number in (count // 10, count):
                readings.append(_resident_mib())
        recorded = recorder.spool.health.counts["recorded"]
        recorder.courier.stop(0)
    first, last = readings
    print(
        f"memory with {recorded:,} requests waiting on disk: {first:.0f} MiB after {count // 10:,}, "
    )
    print(f"{last:.0f} MiB after {count:,}, ratio {last / first:.2f}")


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def start(rounds: int = 7) -> bool:
    """Time the import of the callback in a new process, less Python's own start; the fastest.

    Other programs on the machine only ever add to it.
    """
    taken = {
        code: [_seconds(code) for _ in range(rounds)]
        for code in ("pass", "from footprint.ingest.callback import default_callback")
    }
    none, ours = map(min, taken.values())
    print(f"import footprint.callback: {ours - none:.3f} s (goal: under {START_GOAL_S} s)")
    return ours - none < START_GOAL_S


def _seconds(code: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


PARTS: dict[str, Callable[[], bool]] = {
    "hook": hook,
    "loggers": loggers,
    "memory": memory,
    "start": start,
}


def main() -> int:
    """Run what was asked for, or all; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", metavar="|".join(PARTS))
    chosen = parser.parse_args().parts or list(PARTS)
    if wrong := [name for name in chosen if name not in PARTS]:
        parser.error(f"there is no {wrong[0]}: choose among {', '.join(PARTS)}")
    reached = [PARTS[name]() for name in chosen]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
