"""Delivery over HTTP: batches go to ``ingest_request_logs`` with an ingest key."""

from __future__ import annotations

import email.utils
import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx

from footprint.errors import (
    AccessDenied,
    ConfigurationError,
    FootprintError,
    InputError,
    ServiceUnavailable,
)
from footprint.event import UsageEvent
from footprint.ingest.delivery import MAX_ROWS, DeliveryReport, envelope, pack, read_report

PATH: Final = "/rest/v1/rpc/ingest_request_logs"
CONNECT_TIMEOUT_S: Final = 5.0
# Supabase ends an anonymous request after 3 s by default; the rest is for slow lines.
ANSWER_TIMEOUT_S: Final = 30.0
LONGEST_RETRY_AFTER_S: Final = 300.0
_TRANSIENT: Final = frozenset({408, 425, 429})
# A proxy named in the environment is for the world outside; an embedded Supabase is not outside.
_LOOPBACK: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")


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


class _Transient(Exception):
    """Something that may be over by the next try."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass
class ApiSender:
    """A destination behind Supabase's API. One connection, kept open; close it after use."""

    url: str
    publishable_key: str = field(repr=False)
    ingest_key: str = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    timeout_s: float = ANSWER_TIMEOUT_S

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        self._abandoned = threading.Event()
        for name, key in (
            ("SUPABASE_PUBLISHABLE_KEY", self.publishable_key),
            ("FOOTPRINT_INGEST_KEY", self.ingest_key),
        ):
            if not (key.isascii() and key.isprintable()):
                raise ConfigurationError(f"{name} holds a character that no key has: copy it anew.")
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.timeout_s, connect=CONNECT_TIMEOUT_S),
            mounts=dict.fromkeys(_LOOPBACK),
            headers={
                "apikey": self.publishable_key,
                "x-ingest-key": self.ingest_key,
                "content-type": "application/json",
            },
        )

    @property
    def name(self) -> str:
        """The address of the Supabase project."""
        return self.url

    def store(self, events: Sequence[bytes]) -> DeliveryReport:
        """Deliver one batch, trying again after failures that pass.

        Raises:
            ServiceUnavailable: where the last try failed too; sending again later loses nothing.
            AccessDenied: where the ingest key or the publishable key is refused.
            ConfigurationError: where the address leads to no Footprint database.
            InputError: where the batch is refused as a whole.
        """
        for attempt in range(self.patience.tries):
            try:
                return self._try(events)
            except _Transient as trouble:
                failure = trouble
            if attempt + 1 < self.patience.tries and self._abandoned.wait(
                self.patience.wait_s(attempt, failure.retry_after_s)
            ):
                break
        raise ServiceUnavailable(
            f"{self.url} did not take the requests in {attempt + 1} tries ({failure}): "
            "nothing is lost, try again later."
        )

    def _try(self, events: Sequence[bytes]) -> DeliveryReport:
        try:
            answer = self._client.post(self.url + PATH, content=envelope(events))
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"SUPABASE_URL is no address: {self.url}.") from error
        except httpx.UnsupportedProtocol as error:
            raise ConfigurationError(
                f"SUPABASE_URL must begin with https:// or http://, unlike {self.url}."
            ) from error
        except httpx.TransportError as error:
            raise _Transient(_first_line(error)) from error
        if answer.status_code == 413 and len(events) > 1:
            half = len(events) // 2
            return self.store(events[:half]) + self.store(events[half:])
        if answer.is_success:
            try:
                return read_report(answer.json())
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    f"{self.url} answers, but not as Footprint's Supabase does: check SUPABASE_URL."
                ) from error
        if answer.status_code in _TRANSIENT or answer.status_code >= 500:
            said = str(_body(answer).get("message") or "").rstrip(".")
            reason = f"HTTP {answer.status_code}{said and f': {said}'}"
            raise _Transient(reason, _retry_after_s(answer))
        raise _refusal(self.url, answer)

    def abandon(self) -> None:
        """Wait for nothing any more; a `store` that fails from now on is not tried again."""
        self._abandoned.set()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def deliver(
    events: Iterable[UsageEvent],
    *,
    url: str,
    publishable_key: str,
    ingest_key: str,
    batch: int = MAX_ROWS,
    patience: Patience | None = None,
) -> DeliveryReport:
    """Deliver events to Supabase in batches of at most `batch` rows and 1 MiB.

    Sending the same events again changes nothing: they come back as duplicates.

    Raises:
        FootprintError: as `ApiSender.store`; batches before the failing one are stored.
    """
    report = DeliveryReport()
    with ApiSender(url, publishable_key, ingest_key, patience or Patience()) as sender:
        for encoded in pack(events, rows=batch):
            report += sender.store(encoded)
    return report


def _refusal(url: str, answer: httpx.Response) -> FootprintError:
    said = _body(answer)
    code, message = said.get("code"), str(said.get("message") or "").rstrip(".")
    if code == "PT401":
        return AccessDenied(
            f"{message}: make one with `footprint keys create` and put it into "
            "FOOTPRINT_INGEST_KEY."
        )
    if answer.status_code == 401:
        return AccessDenied(
            f"{url} refuses the publishable key: check SUPABASE_PUBLISHABLE_KEY (HTTP 401)."
        )
    if answer.status_code == 403:
        return AccessDenied(f"{url} refuses the delivery: {message or 'HTTP 403'}.")
    if answer.status_code == 404 or 300 <= answer.status_code < 400:
        return ConfigurationError(
            f"{url} has no ingest_request_logs (HTTP {answer.status_code}): check SUPABASE_URL, "
            "and run `footprint migrate` once on a new database."
        )
    return InputError(f"{url} refuses the batch: {message or f'HTTP {answer.status_code}'}.")


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after_s(answer: httpx.Response) -> float:
    """Return the seconds asked for in Retry-After, given as a number or as a date; 0 if none."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
