"""Delivery over HTTP: batches go to ``ingest_request_logs`` with an ingest key."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from footprint.errors import InputError, ServiceUnavailable
from footprint.event import UsageEvent
from footprint.ingest.delivery import MAX_ROWS, DeliveryReport, pack
from footprint.ingest.http import Gateway
from footprint.ingest.trouble import Patience as Patience
from footprint.ingest.trouble import TooLarge, Transient

# Supabase ends an anonymous request after 3 s by default; the rest is for slow lines.
ANSWER_TIMEOUT_S: Final = 30.0


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
        self._gateway = Gateway(self.url, self.publishable_key, self.ingest_key, self.timeout_s)

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
            except Transient as trouble:
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
            return self._gateway.store(events)
        except TooLarge as error:
            if len(events) == 1:
                raise InputError(f"{self.url} refuses the batch: HTTP 413.") from error
        half = len(events) // 2
        return self.store(events[:half]) + self.store(events[half:]).after(half)

    def abandon(self) -> None:
        """Wait for nothing any more; a `store` that fails from now on is not tried again."""
        self._abandoned.set()

    def close(self) -> None:
        """Close the connection."""
        self._gateway.close()

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
    report, sent = DeliveryReport(), 0
    with ApiSender(url, publishable_key, ingest_key, patience or Patience()) as sender:
        for encoded in pack(events, rows=batch):
            report += sender.store(encoded).after(sent)
            sent += len(encoded)
    return report
