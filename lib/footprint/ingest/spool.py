"""The spool: where requests wait on disk until they are delivered. The file is the queue.

A request is on disk when `Spool.append` returns, so it survives the death of its process. Every
process writes segments of its own; what dead processes left is adopted by any other. Nothing here
waits for a network, and nothing raises into the program whose calls are recorded.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from footprint.errors import ConfigurationError
from footprint.event import UsageEvent
from footprint.ingest import dead, health, journal, segments
from footprint.ingest.delivery import MAX_ROWS, encode
from footprint.ingest.health import Health
from footprint.ingest.host import claim
from footprint.ingest.journal import Journal
from footprint.ingest.segments import Batch, Segment

LOG: Final = logging.getLogger("footprint.ingest")
SEGMENT_BYTES: Final = 8 * 1024 * 1024
DISK_FLOOR_BYTES: Final = 64 * 1024 * 1024
MAX_IN_MEMORY: Final = 10_000
_RETRY_DISK_S: Final = 5.0
_COMPLAIN_S: Final = 60.0
_MEASURE_S: Final = 1.0

FULL: Final = "the spool is full"
NO_DISK: Final = "the spool cannot be written and memory is full"


class Spool:
    """One process's part of a spool folder.

    Args:
        folder: on a local disk, for one host.
        max_bytes: what all files in it may take; beyond it the newest requests are dropped.
    """

    def __init__(self, folder: Path, max_bytes: int, counters: Health | None = None) -> None:
        self.folder = folder
        self.health = counters or Health()
        self._max_bytes = max_bytes
        self._segment_bytes = max(4096, min(SEGMENT_BYTES, max_bytes // 8))
        self._reset()
        _alive.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._own: list[Segment] = []
        self._journal = Journal(self.folder)
        self._memory: deque[bytes] = deque()
        self._room = 0
        self._no_disk_until = 0.0
        self._full_until = 0.0
        self._claimed = False
        self._complained: dict[str, float] = {}

    def append(self, line: bytes, ends: str | None = None) -> bool:
        """Put one encoded event on disk; False where it had to be dropped (it is counted then).

        Args:
            ends: the call in flight that ended with it.
        """
        with self._lock:
            self._mine()
            kept = self._append(line)
            if ends is not None:
                # After the event: a kill in between leaves an abandoned call too, in whose place
                # the database puts the event.
                self._end_call(ends)
            return kept

    def _append(self, line: bytes) -> bool:
        self._room -= len(line) + 1
        if self._room < 0 and not self._find_room():
            self._dropped(FULL)
            return False
        self.health.count(health.RECORDED)
        if (self._memory and not self._memory_to_disk()) or not self._to_disk(line + b"\n"):
            self._remember(line)
        return True

    def start_call(self, call_id: str, mark: dict[str, Any]) -> None:
        """Remember that a call is in flight."""
        with self._lock:
            self._mine()
            try:
                if not self._claimed:
                    self._prepare()
                self._journal.start(call_id, mark)
            except (OSError, ConfigurationError) as error:
                self._disk_failed(error)

    def end_call(self, call_id: str) -> None:
        """Remember that a call ended."""
        with self._lock:
            self._mine()
            self._end_call(call_id)

    def _end_call(self, call_id: str) -> None:
        try:
            self._journal.end(call_id)
        except OSError as error:
            self.complain(f"a call that ended will be taken for abandoned too: {error}")

    def abandon_overdue(self, age_s: float = journal.TTL_S) -> None:
        """Turn calls that are open for longer than `age_s` into abandoned events."""
        with self._lock:
            self._mine()
            self._abandon(self._journal.overdue(age_s))

    def sources(self) -> Iterator[Segment]:
        """Yield this process's segments that have something to deliver, oldest first."""
        with self._lock:
            self._mine()
            own = list(self._own)
        for segment in own:
            if not segment.done:
                yield segment

    def memory(self, rows: int) -> list[bytes]:
        """Return the first lines that the disk did not take."""
        with self._lock:
            return [self._memory[n] for n in range(min(rows, len(self._memory)))]

    def memory_delivered(self, lines: list[bytes]) -> None:
        """Forget lines that were delivered from memory, unless they went to disk meanwhile."""
        with self._lock:
            for line in lines:
                if self._memory and self._memory[0] is line:
                    self._memory.popleft()

    def tidy(self) -> None:
        """Drop segments that are delivered, measure the folder, write counters.

        Files are looked at without the lock: the hooks of a busy program would wait for it.
        """
        with self._lock:
            self._mine()
            with contextlib.suppress(OSError):
                self._journal.settle()
            done = [s for s in self._own if s.done and self._is_worth_dropping(s)]
            self._own = [s for s in self._own if s not in done]
            self._memory_to_disk()
            claimed, outgrown = self._claimed, self._journal.outgrown
        for segment in done:
            segment.release()
        if outgrown:
            self._renew_journal()
        if not claimed:
            return
        room = self._measure()
        with self._lock:
            self._take(room)
        with contextlib.suppress(OSError, ConfigurationError):
            claim(self.folder)
            self.health.write(self.folder)

    def _renew_journal(self) -> None:
        with contextlib.suppress(OSError):
            new = journal.new_journal(self.folder)
            with self._lock:
                self._mine()
                old = self._journal.move(*new)
            journal.drop_journal(*old)

    def _is_worth_dropping(self, segment: Segment) -> bool:
        return segment is not self._own[-1] or segment.size > self._segment_bytes // 2

    def adopt(self) -> list[Segment]:
        """Take over the segments and open calls of processes that are gone."""
        with self._lock:
            self._mine()
            with contextlib.suppress(OSError, ConfigurationError):
                self._prepare()
            if not self._claimed:
                return []
        for path in segments.orphans(self.folder, journal.SUFFIX):
            self._adopt_journal(path)
        found = map(segments.adopt, segments.orphans(self.folder))
        return [segment for segment in found if segment is not None]

    def bury(self, lines: list[tuple[bytes, str]]) -> None:
        """Put lines into the dead-letter file.

        Raises:
            OSError: where it cannot be written; the lines stay where they are.
        """
        dead.bury(self.folder, lines)
        self.health.count(health.DEAD, len(lines))
        self.complain(f"{len(lines)} requests cannot be delivered: see `footprint spool dead list`")

    def close(self) -> None:
        """Release every segment: what is delivered is deleted, the rest stays for others."""
        with self._lock:
            self._mine()
            self._abandon(self._journal.overdue(0.0))
            self._memory_to_disk()
            self._journal.close()
            for segment in self._own:
                segment.release()
            self._own = []
        with contextlib.suppress(OSError):
            if self._claimed:
                self.health.write(self.folder)

    def complain(self, sentence: str) -> None:
        """Log a warning, each at most once a minute."""
        now = time.monotonic()
        if now - self._complained.get(sentence, -_COMPLAIN_S) >= _COMPLAIN_S:
            self._complained[sentence] = now
            LOG.warning("footprint: %s.", sentence)

    def after_fork(self) -> None:
        """Start anew in a child process; the files belong to the parent."""
        for segment in self._own:
            with contextlib.suppress(OSError):
                os.close(segment.fd)
        self._journal.leave()
        self.health.forget()
        self._reset()

    def _mine(self) -> None:
        if self._pid != os.getpid():
            self.after_fork()

    def _prepare(self) -> None:
        if not self._claimed:
            if time.monotonic() < self._no_disk_until:
                raise OSError("the spool could not be written a moment ago")
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            claim(self.folder)
            self._claimed = True

    def _to_disk(self, line: bytes) -> bool:
        if self._no_disk_until and time.monotonic() < self._no_disk_until:
            return False
        try:
            if not self._claimed:
                self._prepare()
            segment = self._own[-1] if self._own else None
            if segment is None or segment.size + len(line) > self._segment_bytes:
                segment = segments.create(self.folder)
                self._own.append(segment)
            segment.append(line)
        except (OSError, ConfigurationError) as error:
            self._disk_failed(error)
            return False
        return True

    def _memory_to_disk(self) -> bool:
        while self._memory:
            if not self._to_disk(self._memory[0] + b"\n"):
                return False
            self._memory.popleft()
        return True

    def _remember(self, line: bytes) -> None:
        if len(self._memory) >= MAX_IN_MEMORY:
            self._memory.popleft()
            self._dropped(NO_DISK)
        self._memory.append(line)

    def _dropped(self, reason: str) -> None:
        self.health.count(health.DROPPED + reason)
        self.complain(f"a request was not recorded: {reason}")

    def _disk_failed(self, error: Exception) -> None:
        self._no_disk_until = time.monotonic() + _RETRY_DISK_S
        self.health.said(last_error=f"{self.folder}: {error}")
        self.complain(f"requests wait in memory: {error}")

    def _find_room(self) -> bool:
        """Measure the folder and its disk; tell whether there is room for more."""
        if time.monotonic() < self._full_until:
            return False
        return self._take(self._measure())

    def _measure(self) -> int:
        """Return the bytes that may still be written."""
        room = self._max_bytes - folder_bytes(self.folder)
        with contextlib.suppress(OSError):
            room = min(room, shutil.disk_usage(self.folder).free - DISK_FLOOR_BYTES)
        return room

    def _take(self, room: int) -> bool:
        # Measured again after a sixteenth of the limit, because others write here too.
        self._room = min(room, max(4096, self._max_bytes // 16))
        if room <= 0:
            self._full_until = time.monotonic() + _MEASURE_S
        return room > 0

    def _abandon(self, events: list[UsageEvent]) -> None:
        for event in events:
            if self.append(encode(event)):
                self.health.count(health.ABANDONED)

    def _adopt_journal(self, path: Path) -> None:
        adopted = journal.adopt_journal(path)
        if adopted is not None:
            self._abandon(adopted[0])
            journal.drop_journal(path, adopted[1])


class Memory:
    """What the disk of a spool did not take, as something to deliver from."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lines: list[bytes] = []

    def read(self, after: int | None = None) -> Batch:
        """Return the first lines; nothing after a batch that is on its way."""
        if after is not None:
            return Batch([], [], after, [], [])
        self._lines = self._spool.memory(MAX_ROWS)
        count = len(self._lines)
        return Batch(list(self._lines), [], count, list(range(1, count + 1)), [], count == MAX_ROWS)

    def acknowledge(self, end: int) -> None:
        """Forget the first `end` of the lines read last."""
        self._spool.memory_delivered(self._lines[:end])


def folder_bytes(folder: Path) -> int:
    """Return what the files of a folder take; 0 where there is none."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


_alive: weakref.WeakSet[Spool] = weakref.WeakSet()


def _after_fork() -> None:
    for spool in list(_alive):
        spool.after_fork()


os.register_at_fork(after_in_child=_after_fork)
