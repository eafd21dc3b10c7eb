"""How long the embedded Supabase takes to start, schema included: the first time and later.

    python benchmarks/startup.py [--runs 3] [--json startup.json]

Prints a table, and the same as one line of JSON. The installation of the Node packages, which
happens once an environment, is not counted. Goals on two cores: first start under 20 s, later
ones under 8 s; exits with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from footprint.database import migrate
from footprint.local.npm import ensure_server
from footprint.local.stack import Stack

GOALS_S = {"first start": 20.0, "later start": 8.0, "start after a crash": 8.0}


def measure(runs: int) -> dict[str, list[float]]:
    """Return the seconds of every start, by kind."""
    seconds: dict[str, list[float]] = {name: [] for name in GOALS_S}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="footprint benchmark ") as folder:
            stack = Stack(Path(folder) / "data")
            try:
                seconds["first start"].append(timed(stack))
                stack.down()
                seconds["later start"].append(timed(stack))
                crash(stack)
                seconds["start after a crash"].append(timed(stack))
            finally:
                stack.down()
    return seconds


def timed(stack: Stack) -> float:
    """Return how long a start takes, in seconds."""
    begun = time.perf_counter()
    stack.up(migrate)
    return time.perf_counter() - begun


def crash(stack: Stack) -> None:
    """Kill PostgreSQL and Supabase Lite."""
    info = stack.info()
    os.kill(info.lite_pid, 9)
    os.kill(info.postgres_pid, 9)


def main() -> int:
    """Measure, print, and tell whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the JSON to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ensure_server(Path(folder), lambda message: print(f"{message} …", file=sys.stderr))

    seconds = measure(options.runs)

    print(f"{'':<22}{'median':>9}{'slowest':>9}{'goal':>9}")
    for name, values in seconds.items():
        middle, slowest = statistics.median(values), max(values)
        print(f"{name:<22}{middle:>7.2f} s{slowest:>7.2f} s{GOALS_S[name]:>7.0f} s")
    machine = {"cores": os.cpu_count(), "system": platform.platform(terse=True)}
    report = json.dumps({"benchmark": "startup", "machine": machine, "seconds": seconds})
    print(report)
    if options.json:
        options.json.write_text(f"{report}\n")
    return int(any(max(values) > GOALS_S[name] for name, values in seconds.items()))


if __name__ == "__main__":
    sys.exit(main())
