"""What lies in a spool folder, seen from outside: nothing is locked for longer than a look."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from footprint.ingest import health
from footprint.ingest.segments import ACK, SUFFIX, VERSION, open_locked, orphans, read_header
from footprint.ingest.spool import folder_bytes

LATE_S: Final = 300.0


@dataclass(frozen=True)
class Survey:
    """What waits: requests, bytes of all files, age of the oldest in seconds."""

    segments: int
    in_use: int
    waiting: int
    bytes: int
    damaged: int
    too_new: int
    oldest_s: float | None

    def problems(self, counted: Mapping[str, Any], now: float) -> list[str]:
        """Return why the spool is not healthy, in words; empty when it is.

        Args:
            counted: what `health.read` returned.
            now: seconds since 1970.
        """
        counts, state = counted["counts"], counted["state"]
        found = []
        if self.oldest_s is not None and self.oldest_s > LATE_S:
            found.append(f"requests have been waiting for {self.oldest_s:.0f} s")
        if state.get("misconfigured"):
            found.append(str(state["misconfigured"]).rstrip("."))
        lost = sum(n for name, n in counts.items() if name.startswith(health.DROPPED))
        if lost:
            found.append(f"{lost} requests were dropped")
        if state.get("content_problem"):
            found.append(str(state["content_problem"]))
        if self.too_new:
            found.append(f"{self.too_new} files were written by a newer Footprint")
        if self.damaged:
            found.append(f"{self.damaged} lines are damaged")
        return found


def survey(folder: Path, *, read_lines: bool = False) -> Survey:
    """Look at a spool folder.

    Args:
        folder: the spool.
        read_lines: also parse every waiting line.
    """
    segments = in_use = waiting = damaged = too_new = 0
    oldest: float | None = None
    for path in orphans(folder, SUFFIX):
        with contextlib.suppress(OSError):
            data = path.read_bytes()
            segments += 1
            in_use += _is_in_use(path)
            version, start = read_header(data[:200])
            if version > VERSION:
                too_new += 1
                continue
            lines = list(_waiting(path, data, start))
            waiting += len(lines)
            if lines:
                age = max(0.0, time.time() - path.stat().st_mtime)
                oldest = age if oldest is None else max(oldest, age)
            damaged += sum(not _is_json(line) for line in lines) if read_lines else 0
    return Survey(segments, in_use, waiting, folder_bytes(folder), damaged, too_new, oldest)


def _waiting(path: Path, data: bytes, start: int) -> Iterator[bytes]:
    acked = start
    with contextlib.suppress(OSError, ValueError):
        acked = max(start, int(path.with_name(path.name + ACK).read_bytes()))
    for line in data[acked:].split(b"\n"):
        if line:
            yield line


def _is_in_use(path: Path) -> bool:
    fd = open_locked(path)
    if fd is None:
        return path.exists()
    os.close(fd)
    return False


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
