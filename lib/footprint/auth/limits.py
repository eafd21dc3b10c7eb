"""How often somebody may guess: failures are counted by browser and by e-mail address."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_S = 15 * 60.0
FAILURES_PER_EMAIL = 10
FAILURES_PER_BROWSER = 20
# E-mails that one admin may have sent in a window.
INVITATIONS_PER_ADMIN = 50
# Names watched at most; the ones quiet for longest are forgotten first.
CAPACITY = 20_000


class Limiter:
    """A sliding window of failed attempts per name, bounded in memory; names are kept as digests.

    An attempt is counted before it is made and given back if it was no failure, so that a hundred
    attempts at the same moment are a hundred attempts.
    """

    def __init__(
        self, allowed: int, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._clock = clock
        self._attempts: OrderedDict[bytes, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> int:
        """Count one attempt and return 0, or return the seconds to wait, rounded up."""
        with self._lock:
            key, now = _digest(name), self._clock()
            times = self._attempts.setdefault(key, deque(maxlen=self._allowed))
            self._attempts.move_to_end(key)
            while times and times[0] <= now - self._window_s:
                times.popleft()
            if len(times) == self._allowed:
                return max(1, math.ceil(times[0] + self._window_s - now))
            times.append(now)
            while len(self._attempts) > CAPACITY:
                self._attempts.popitem(last=False)
            return 0

    def give_back(self, name: str) -> None:
        """Uncount the latest attempt of ``name``: it was no failure."""
        with self._lock:
            times = self._attempts.get(_digest(name))
            if times:
                times.pop()

    def forget(self, name: str) -> None:
        """Uncount every attempt of ``name``: its owner has shown who they are."""
        with self._lock:
            self._attempts.pop(_digest(name), None)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
