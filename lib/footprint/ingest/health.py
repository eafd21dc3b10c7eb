"""Counters of what became of requests, over all processes that share a spool.

Each process counts for itself and adds what is new to ``health.json`` every few seconds and at
exit; a process that is killed in between loses a few seconds of counts, never of requests.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from footprint.ingest.segments import replace_file

FILE: Final = "health.json"
_LOCK: Final = "health.lock"

# What is counted; `dropped: …` and `retried: …` carry their reason.
RECORDED: Final = "recorded"
DELIVERED: Final = "delivered"
DUPLICATES: Final = "duplicates"
DEAD: Final = "dead"
ABANDONED: Final = "abandoned"
DOUBLE_FIRED: Final = "double_fired"
UNREADABLE: Final = "unreadable"
# Calls that only administer, and those that ask after a job and learn nothing new.
NO_REQUEST: Final = "no_request"
HOOK_ERRORS: Final = "hook_errors"
# Prompts and answers that were wanted but could not be redacted; the request itself is recorded.
CONTENT_LEFT_OUT: Final = "content_left_out"
# Refused to whoever reported them over HTTP, with the reason.
REJECTED: Final = "rejected"
DROPPED: Final = "dropped: "
RETRIED: Final = "retried: "


class Health:
    """This process's counters and the state of its delivery."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._state: dict[str, Any] = {}

    def count(self, what: str, times: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[what] += times

    def said(self, **state: Any) -> None:
        """Remember the state of delivery: ``last_ok_at``, ``last_error``, ``misconfigured``."""
        with self._lock:
            self._state.update(state)

    def delivered(self) -> None:
        """Remember that a delivery worked just now."""
        self.said(last_ok_at=time.time(), last_error=None, misconfigured=None)

    @property
    def counts(self) -> Mapping[str, int]:
        """What this process counted since it started."""
        with self._lock:
            return dict(self._counts)

    @property
    def state(self) -> Mapping[str, Any]:
        """The state of this process's delivery."""
        with self._lock:
            return dict(self._state)

    def write(self, folder: Path) -> None:
        """Add what is new to the folder's counters.

        Raises:
            OSError: where the folder cannot be written; nothing is counted twice then.
        """
        with self._writing:
            with self._lock:
                new = self._counts - self._written
                state, counts = dict(self._state), Counter(self._counts)
            if not new and not state:
                return
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # Not flock: a process forked now would keep that one for as long as it lives.
                fcntl.lockf(lock, fcntl.LOCK_EX)
                total = read(folder)
                counted = Counter(total.get("counts", {})) + new
                body = {"counts": dict(sorted(counted.items())), "state": total["state"] | state}
                replace_file(folder / FILE, json.dumps(body).encode())
            finally:
                os.close(lock)
            with self._lock:
                self._written = counts

    def forget(self) -> None:
        """Start from nothing, as a child process does."""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._counts, self._written, self._state = Counter(), Counter(), {}


def read(folder: Path) -> dict[str, Any]:
    """Return the counters and state of all processes: ``{"counts": {...}, "state": {...}}``."""
    try:
        found = json.loads((folder / FILE).read_bytes())
        return {"counts": dict(found["counts"]), "state": dict(found["state"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"counts": {}, "state": {}}
