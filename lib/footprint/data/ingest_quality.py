"""What became of requests that were sent; for admins, never cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from footprint.auth import Me
from footprint.config import get_settings
from footprint.data.client import rpc
from footprint.ingest.spools import SpoolState, spool_states

_COUNTS: Final = ("requests", "duplicates", "rejected")


@dataclass(frozen=True)
class IngestQuality:
    """What became of requests, by whoever sent them.

    Attributes:
        sources: a row a source, the last heard of first. Columns: source, last_event_at (None where
            nothing usable came), last_received_at (UTC), requests, duplicates, rejected.
        days: the last 30 days of arrival. Columns: day, source, requests, duplicates, rejected.
        rejections: of the last 30 days, the newest first. Columns: at (UTC), source, reason, count,
            example.
        spools: what waits on this host's disk: the callback's, and one for each reporting key.
    """

    sources: pd.DataFrame
    days: pd.DataFrame
    rejections: pd.DataFrame
    spools: Sequence[SpoolState]


def ingest_quality(me: Me) -> IngestQuality:
    """Return what became of sent requests, and what waits on the disk of this host."""
    answer = rpc(me.session, "ingest_quality")
    sources = _frame(answer["sources"], "source", "last_event_at", "last_received_at", *_COUNTS)
    days = _frame(answer["days"], "day", "source", *_COUNTS)
    rejections = _frame(answer["rejections"], "at", "source", "reason", "count", "example")
    days["day"] = pd.to_datetime(days["day"]).dt.date
    return IngestQuality(sources, days, rejections, spool_states(get_settings()))


def _frame(rows: list[dict[str, Any]], *columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    for name in frame.columns.intersection([*_COUNTS, "count"]):
        frame[name] = frame[name].astype("int64")
    for name in (name for name in columns if name == "at" or name.endswith("_at")):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame
