"""The spools of one host, and what became of the requests in each: for people and for probes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from footprint.config import Settings
from footprint.ingest import health
from footprint.ingest.survey import survey

# Below the callback's spool: one folder for each key that reports to the app over HTTP.
API_FOLDER: Final = "api"
CALLBACK: Final = "callback"


@dataclass(frozen=True)
class SpoolState:
    """One spool: what waits in it now, and what it has counted since it was made.

    Attributes:
        label: ``callback``, or ``api/…`` with the beginning of the key's digest.
        accepted: requests that were taken: recorded by the callback, or reported by the key.
        delivered: stored in the database by this host.
        duplicates: were there already.
        rejected: can never be stored: dead letters, and items refused to who reported them.
        dropped: lost, because disk and memory were full.
        waiting: on disk.
        bytes: size of the files.
        lag_s: how long the oldest of those has been waiting, in seconds; 0 where none waits.
        last_ok_at: last delivery (UTC); None where none is known.
        problems: why it is not healthy, in words; empty when it is.
    """

    label: str
    accepted: int
    delivered: int
    duplicates: int
    rejected: int
    dropped: int
    waiting: int
    bytes: int
    lag_s: float
    last_ok_at: datetime | None
    problems: tuple[str, ...]


def mail_folder(settings: Settings) -> Path:
    """Return where the spools of reporting keys are."""
    return settings.spool_dir.absolute() / API_FOLDER


def spools(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield this host's spools with a label: the callback's, and one for each reporting key."""
    yield CALLBACK, settings.spool_dir.absolute()
    folder = mail_folder(settings)
    if folder.is_dir():
        for box in sorted(path for path in folder.iterdir() if path.is_dir()):
            yield f"{API_FOLDER}/{box.name[:8]}", box


def spool_states(settings: Settings) -> list[SpoolState]:
    """Return the state of each of this host's spools."""
    return [spool_state(label, folder) for label, folder in spools(settings)]


def spool_state(label: str, folder: Path) -> SpoolState:
    """Return the state of a spool; one that was never used is empty and healthy."""
    counted, seen = health.read(folder), survey(folder)
    counts: Mapping[str, Any] = counted["counts"]
    last = counted["state"].get("last_ok_at")
    return SpoolState(
        label=label,
        accepted=int(counts.get(health.RECORDED, 0)),
        delivered=int(counts.get(health.DELIVERED, 0)),
        duplicates=int(counts.get(health.DUPLICATES, 0)),
        rejected=int(counts.get(health.DEAD, 0)) + int(counts.get(health.REJECTED, 0)),
        dropped=sum(n for name, n in counts.items() if name.startswith(health.DROPPED)),
        waiting=seen.waiting,
        bytes=seen.bytes,
        lag_s=round(seen.oldest_s or 0.0, 1),
        last_ok_at=datetime.fromtimestamp(last, UTC) if isinstance(last, (int, float)) else None,
        problems=tuple(seen.problems(counted, time.time())),
    )
