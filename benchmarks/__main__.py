"""Every benchmark, one after the other: ``make bench``. Each also runs alone, with options."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = {"__init__", "__main__", "common", "filling", "loggers", "sink", "visitors"}


def main() -> int:
    """Run all; return 1 where one fails."""
    print(f"{platform.platform()}, Python {platform.python_version()}")
    failed = []
    for path in sorted(FOLDER.glob("*.py")):
        if path.stem in LIBRARY:
            continue
        print(f"\n== {path.stem}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=False)
        if done.returncode:
            failed.append(path.stem)
    if failed:
        print(f"\nFailed or missed its goal: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
