"""Dead letters: requests that can never be delivered as they are, kept with the reason.

``dead.jsonl`` holds one object a line: ``{"at", "reason", "event"}``, or ``"raw"`` for what is no
event at all. Every process appends whole lines.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = "dead.jsonl"
MAX_RAW: Final = 4000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One request with the reason why it cannot be delivered, and when that was found (UTC)."""

    reason: str
    at: float
    event: dict[str, Any] | None
    raw: str | None = None


def bury(folder: Path, lines: Iterable[tuple[bytes, str]]) -> None:
    """Append lines with their reasons.

    Raises:
        OSError: where the folder cannot be written.
    """
    body = b"".join(_letter(line, reason) for line, reason in lines)
    if not body:
        return
    fd = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, body)
    finally:
        os.close(fd)


def letters(folder: Path) -> Iterator[DeadLetter]:
    """Yield the dead letters, each event once (its last reason), oldest first."""
    yield from _read(sorted(folder.glob(FILE + "*")))


def take_all(folder: Path) -> tuple[list[DeadLetter], list[Path]]:
    """Move the dead letters aside and return them with the files they are in now.

    The caller deletes the files once it has put the letters elsewhere; until then they are listed.
    """
    taken = folder / f"{FILE}.{os.getpid()}-{time.monotonic_ns()}"
    with contextlib.suppress(FileNotFoundError):
        (folder / FILE).rename(taken)
    files = sorted(folder.glob(FILE + ".*"))
    return list(_read(files)), files


def _read(files: Iterable[Path]) -> Iterator[DeadLetter]:
    found: dict[str, DeadLetter] = {}
    for path in files:
        for number, line in enumerate(path.read_bytes().splitlines()):
            letter = _parse(line)
            key = str(letter.event["event_id"]) if _has_id(letter) and letter.event else None
            found[key or f"{path.name}#{number}"] = letter
    yield from found.values()


def _parse(line: bytes) -> DeadLetter:
    try:
        body = json.loads(line)
        return DeadLetter(
            str(body["reason"]), float(body["at"]), body.get("event"), body.get("raw")
        )
    except (ValueError, KeyError, TypeError):
        return DeadLetter("unreadable line of the dead-letter file", 0.0, None, None)


def _has_id(letter: DeadLetter) -> bool:
    return isinstance(letter.event, dict) and "event_id" in letter.event


def _letter(line: bytes, reason: str) -> bytes:
    body: dict[str, Any] = {"at": round(time.time(), 3), "reason": reason}
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if isinstance(event, dict):
        body["event"] = event
    else:
        body["raw"] = line[:MAX_RAW].decode("ascii", "backslashreplace")
    return json.dumps(body, separators=(",", ":")).encode("ascii") + b"\n"
