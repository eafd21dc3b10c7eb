"""What can go wrong with one attempt to deliver, and how long to wait before the next."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

LONGEST_RETRY_AFTER_S: Final = 300.0


class Transient(Exception):
    """Something that may be over by the next try.

    Args:
        reason: in a few words.
        retry_after_s: what the server asked to wait, in seconds.
        status: HTTP status; None where there was no answer.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0, status: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.status = status


class TooLarge(Exception):
    """The batch is larger than the server takes."""


@dataclass(frozen=True)
class Patience:
    """How often a batch is tried, and how long is waited between tries, in seconds."""

    tries: int = 8
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait_s(self, attempt: int, retry_after_s: float) -> float:
        """Return the seconds to wait after a failed attempt (the first is 0): full jitter.

        ``U(0, min(longest, first × 2^attempt))``, and at least what Retry-After asks for.
        """
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempt, 30))
        return max(random.uniform(0, longest), min(retry_after_s, LONGEST_RETRY_AFTER_S))
