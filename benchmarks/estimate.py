"""What `from footprint import estimate` costs a chat front end: the import, the first and later calls.

Each import runs in a Python of its own. Usage: ``make bench`` or ``python -m benchmarks.estimate``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

IMPORT_GOAL_MS = 250
WARM_GOAL_US = 20

_IMPORT = """
import time; begin = time.perf_counter()
from footprint import estimate
imported = time.perf_counter()
estimate("openai", "gpt-4o", 1200, 300)
print(imported - begin, time.perf_counter() - imported)
"""
_WARM = """
import time
from footprint import estimate
estimate("openai", "gpt-4o", 1200, 300)
times = []
for _ in range(20):
    begin = time.perf_counter()
    for _ in range(1000):
        estimate("openai", "gpt-4o", 1200, 300, cached=200, zone="FRA")
    times.append((time.perf_counter() - begin) / 1000)
print(min(times), sorted(times)[10])
"""


def _run(script: str) -> list[float]:
    command = [sys.executable, "-c", script]
    return [float(v) for v in subprocess.check_output(command, text=True).split()]


def measure(rounds: int = 9) -> dict[str, float]:
    """Return seconds: median import, median first call, fastest and median warm call."""
    starts = [_run(_IMPORT) for _ in range(rounds)]
    fastest, median = _run(_WARM)
    return {
        "import_s": statistics.median(s[0] for s in starts),
        "first_call_s": statistics.median(s[1] for s in starts),
        "warm_call_s": fastest,
        "warm_call_median_s": median,
    }


def main() -> int:
    """Run and print; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure()
    if options.json:
        print(json.dumps(results, indent=1))
    import_ms = results["import_s"] * 1000
    print(f"import     {import_ms:6.0f} ms (goal: under {IMPORT_GOAL_MS})")
    print(f"first call {results['first_call_s'] * 1000:6.0f} ms (reads the factor set)")
    warm, median = results["warm_call_s"] * 1e6, results["warm_call_median_s"] * 1e6
    print(
        f"warm call  {warm:6.1f} µs at best, {median:.1f} µs in the median (goal: under {WARM_GOAL_US})"
    )
    return 0 if import_ms < IMPORT_GOAL_MS and median < WARM_GOAL_US else 1


if __name__ == "__main__":
    sys.exit(main())
