"""Calls in flight: what was sent to a provider and has not ended, so that none is lost from sight.

LiteLLM calls no hook at all for a stream that its reader closes early, for a task that is cancelled
and for a process that is killed. A mark is written when a call starts and another after it ended; a
start without an end becomes an event with status ``abandoned``: when its process is gone, when it
is older than `TTL_S`, or when the program ends.

The mark of an end is written with the next start, or when the courier tidies up: a write less for
every call. Who is killed before that leaves an abandoned event too many, in whose place the
database puts the one that says how the call ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from footprint.event import UsageEvent, event_id
from footprint.ingest.delivery import encode_body
from footprint.ingest.disk import write
from footprint.ingest.segments import create_locked, open_locked, unique_name

SUFFIX: Final = ".open"
TTL_S: Final = 600.0
MAX_OPEN: Final = 50_000
# The courier renews a journal that is longer than its open calls need by so much; a hook does it
# only where no courier came for long, because making and dropping files takes milliseconds.
_SPARE_BYTES: Final = 64 * 1024
_LONGEST_BYTES: Final = 1024 * 1024
_MARK_BYTES: Final = 1000
_MAX_UNWRITTEN: Final = 4096
_ENDED: Final = b"-"


class Journal:
    """The calls that this process has in flight. The spool locks around it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd: int | None = None
        self._path: Path | None = None
        self._size = 0
        self._open: dict[str, tuple[float, dict[str, Any]]] = {}
        # Marks of ends that are not on disk yet.
        self._ended = b""

    def start(self, call_id: str, mark: dict[str, Any]) -> bool:
        """Remember a call; False where too many are open already.

        Args:
            call_id: LiteLLM's id of the call.
            mark: fields of the `UsageEvent` it would become; ``started_at`` in seconds since 1970.
        """
        if len(self._open) >= MAX_OPEN and call_id not in self._open:
            return False
        self._open[call_id] = time.monotonic(), mark
        self._write(self._ended + encode_body(mark) + b"\n")
        self._ended = b""
        return True

    def end(self, call_id: str) -> None:
        """Forget a call that ended."""
        if self._open.pop(call_id, None) is None:
            return
        self._ended += _ENDED + call_id.encode("utf-8", "replace") + b"\n"
        if len(self._ended) > _MAX_UNWRITTEN:
            self.settle()

    def settle(self) -> None:
        """Write the marks of ends that are not on disk yet.

        Raises:
            OSError: where the disk does not take them; they are kept.
        """
        if self._ended:
            self._write(self._ended)
            self._ended = b""

    def overdue(self, age_s: float = TTL_S) -> list[UsageEvent]:
        """Return, and forget, the calls that started longer ago than `age_s`."""
        now = time.monotonic()
        late = [key for key, (since, _) in self._open.items() if now - since >= age_s]
        marks = [self._open[key][1] for key in late]
        for key in late:
            with contextlib.suppress(OSError):
                self.end(key)
        return [event for event in map(abandoned, marks) if event is not None]

    @property
    def outgrown(self) -> bool:
        """Whether the file is much longer than the calls that are open need."""
        return self._size > _SPARE_BYTES + _MARK_BYTES * len(self._open)

    def move(self, path: Path, fd: int) -> tuple[Path, int]:
        """Go on in a new file with the calls that are open; return the old one, to be dropped.

        Raises:
            OSError: where the disk does not take it; the old file stays, the new one is dropped.
        """
        old_path, old_fd = self._path, self._fd
        marks = b"".join(encode_body(mark) + b"\n" for _, mark in self._open.values())
        written = -1
        with contextlib.suppress(OSError):
            written = write(fd, marks) if marks else 0
        if old_path is None or old_fd is None or written != len(marks):
            drop_journal(path, fd)
            raise OSError("the calls in flight could not be written into a new file")
        self._path, self._fd, self._size, self._ended = path, fd, written, b""
        return old_path, old_fd

    def close(self) -> None:
        """Delete the file; the calls still open are forgotten."""
        if self._fd is not None and self._path is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
        self._forget()

    def leave(self) -> None:
        """Let go of the file, which belongs to the parent process."""
        if self._fd is not None:
            os.close(self._fd)
        self._forget()

    def _forget(self) -> None:
        self._fd, self._open, self._size, self._ended = None, {}, 0, b""

    def _write(self, lines: bytes) -> None:
        if self._fd is None:
            self._path, self._fd = new_journal(self._folder)
            self._size = 0
        written = write(self._fd, lines)
        if written != len(lines):
            os.ftruncate(self._fd, self._size)
            raise OSError(f"only {written} of {len(lines)} bytes were written")
        self._size += written
        if self._size > _LONGEST_BYTES + _MARK_BYTES * len(self._open):
            drop_journal(*self.move(*new_journal(self._folder)))


def new_journal(folder: Path) -> tuple[Path, int]:
    """Make an empty journal and lock it; return it with its descriptor."""
    path = folder / unique_name(SUFFIX)
    return path, create_locked(path)


def adopt_journal(path: Path) -> tuple[list[UsageEvent], int] | None:
    """Return the calls that a dead process left open; None where the journal is in use.

    The caller deletes the file with `drop_journal` once it has stored them.
    """
    fd = open_locked(path)
    if fd is None:
        return None
    marks: dict[str, dict[str, Any]] = {}
    for line in _lines(fd):
        if line.startswith(_ENDED):
            marks.pop(line[1:].decode("utf-8", "replace"), None)
            continue
        try:
            mark = json.loads(line)
            marks[str(mark["litellm_call_id"])] = mark
        except (ValueError, KeyError, TypeError):
            continue
    return [event for event in map(abandoned, marks.values()) if event is not None], fd


def drop_journal(path: Path, fd: int) -> None:
    """Delete a journal that is not needed any more."""
    path.unlink(missing_ok=True)
    os.close(fd)


def abandoned(mark: dict[str, Any]) -> UsageEvent | None:
    """Return the event of a call that nobody saw the end of; None where its mark is damaged."""
    try:
        fields = dict(mark)
        started_at = datetime.fromtimestamp(float(fields.pop("started_at")), UTC)
        key = event_id(str(fields["litellm_call_id"]), "abandoned", started_at)
        fields["flags"] = tuple(fields.get("flags", ()))
        return UsageEvent(event_id=key, started_at=started_at, status="abandoned", **fields)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _lines(fd: int) -> Iterator[bytes]:
    with os.fdopen(os.dup(fd), "rb") as file:
        file.seek(0)
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]
