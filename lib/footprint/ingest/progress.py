"""How far a long step is, on stderr: one line that changes, or now and then a line in a log."""

from __future__ import annotations

import sys
import time
from typing import Final, TextIO

_TTY_EVERY_S: Final = 0.2
_LOG_EVERY_S: Final = 5.0


class Progress:
    """Counts requests and guesses what is left.

    Args:
        what: what is being done, for example "Importing".
        stream: where to tell it; stderr by default.
    """

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._began = time.monotonic()
        self._told = self._began
        self._width = 0
        self._done_at_start: int | None = None
        self._fraction_at_start = 0.0

    def show(self, done: int, fraction: float) -> None:
        """Tell how many requests are done and how much of the whole that is (0 to 1).

        The first call sets where the rate is counted from: what an earlier run did is not ours.
        """
        now = time.monotonic()
        if self._done_at_start is None:
            self._done_at_start, self._fraction_at_start = done, fraction
        if now - self._told < (_TTY_EVERY_S if self._live else _LOG_EVERY_S):
            return
        self._told = now
        elapsed = now - self._began
        rate = (done - self._done_at_start) / elapsed
        line = f"{self._what}: {done:,} requests, {rate:,.0f} a second"
        gained = fraction - self._fraction_at_start
        if gained > 0.001:
            line += f", about {_duration(elapsed * (1 - fraction) / gained)} left"
        self._write(line)

    def finish(self) -> None:
        """End the changing line, so that what follows begins on its own."""
        if self._live and self._width:
            self._stream.write(f"\r{' ' * self._width}\r")
            self._stream.flush()
            self._width = 0

    def _write(self, line: str) -> None:
        if self._live:
            self._stream.write(f"\r{line.ljust(self._width)}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
