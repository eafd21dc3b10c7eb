"""What the stack's tests look at: the processes of a data folder, and whether a server answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]

Run = Callable[..., "subprocess.Popen[str]"]


def processes_of(folder: Path) -> list[str]:
    """Return every process with `folder` on its command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line and process.pid != os.getpid():
            found.append(f"{process.pid} {line}")
    return found


def gone(folder: Path, patience_s: float = 10) -> bool:
    """Tell whether all processes of `folder` end soon."""
    return soon(lambda: not processes_of(folder), patience_s)


def soon(condition: Callable[[], bool], patience_s: float = 10) -> bool:
    """Tell whether `condition` comes true within `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def healthy(api_url: str) -> bool:
    """Tell whether a server answers."""
    try:
        return httpx.get(f"{api_url}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
