"""What every way of delivering shares: how events are packed, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import orjson

from footprint.event import UsageEvent

# The ingest function takes 1,000 events; 500 of about 700 bytes fill a request well.
MAX_ROWS: Final = 500
MAX_BYTES: Final = 1024 * 1024
_ENVELOPE: Final = b'{"p_events":[%b]}'


@dataclass(frozen=True)
class Rejection:
    """An event that the database refused, and why.

    Args:
        event_id: None where it had none.
        reason: in words.
        index: its place in the batch, from 0.
    """

    event_id: str | None
    reason: str
    index: int


@dataclass(frozen=True)
class DeliveryReport:
    """What became of events: stored, already there, or refused one by one.

    Args:
        changed: places in the batch, from 0, of those among the duplicates that say something else
            than the request stored under their id, which stays as it is. Empty also where the
            database is too old to compare.
    """

    inserted: int = 0
    duplicates: int = 0
    rejected: tuple[Rejection, ...] = ()
    unknown_models: frozenset[str] = frozenset()
    changed: tuple[int, ...] = ()

    def __add__(self, other: DeliveryReport) -> DeliveryReport:
        return DeliveryReport(
            self.inserted + other.inserted,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            self.unknown_models | other.unknown_models,
            self.changed + other.changed,
        )

    def after(self, count: int) -> DeliveryReport:
        """Return the same report of events that come after `count` others."""
        return replace(
            self,
            rejected=tuple(replace(r, index=r.index + count) for r in self.rejected),
            changed=tuple(index + count for index in self.changed),
        )


def read_report(answer: Mapping[str, Any]) -> DeliveryReport:
    """Turn the ingest function's answer into a report.

    Raises:
        KeyError, TypeError, ValueError: where it is not such an answer.
    """
    return DeliveryReport(
        inserted=int(answer["inserted"]),
        duplicates=int(answer["duplicates"]),
        rejected=tuple(
            Rejection(r["event_id"], str(r["reason"]), int(r["index"])) for r in answer["rejected"]
        ),
        unknown_models=frozenset(map(str, answer["unknown_models"])),
        changed=tuple(int(c["index"]) for c in answer.get("changed", ())),
    )


class Destination(Protocol):
    """Somewhere that stores batches of events, each event once however often it is sent."""

    @property
    def name(self) -> str:
        """Where it is, for people and for telling two destinations apart; holds no secret."""

    def store(self, events: Sequence[bytes]) -> DeliveryReport:
        """Store one batch of encoded events."""

    def abandon(self) -> None:
        """Make a `store` that another thread waits for end soon, stored or not."""


def encode(event: UsageEvent) -> bytes:
    """Return one event as JSON on one line."""
    return encode_body(event.to_json())


def encode_body(body: dict[str, Any]) -> bytes:
    """Return the body of one event as JSON on one line."""
    try:
        return orjson.dumps(body)
    except TypeError:
        # What no UTF-8 can hold (half a surrogate pair) is escaped: the database says what it is.
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def envelope(events: Sequence[bytes]) -> bytes:
    """Return the body of a call of ``ingest_request_logs``."""
    return _ENVELOPE % b",".join(events)


def pack(
    events: Iterable[UsageEvent], *, rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
) -> Iterator[list[bytes]]:
    """Yield batches of encoded events, in order, each of at most `rows` and `max_bytes`.

    An event that is larger than `max_bytes` by itself goes alone.
    """
    batch: list[bytes] = []
    size = len(_ENVELOPE)
    for event in events:
        encoded = encode(event)
        if batch and (len(batch) == rows or size + len(encoded) > max_bytes):
            yield batch
            batch, size = [], len(_ENVELOPE)
        batch.append(encoded)
        size += len(encoded) + 1
    if batch:
        yield batch
