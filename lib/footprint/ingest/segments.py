"""Segments: append-only files of one JSON event a line, each owned by whoever holds its lock.

``<name>.events.jsonl`` begins with a header line; ``….ack`` beside it holds the offset up to which
all is delivered. The lock (flock) dies with its process, so a segment whose lock is free has no
owner and may be adopted.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from footprint.ingest.delivery import MAX_BYTES, MAX_ROWS
from footprint.ingest.disk import write

VERSION: Final = 1
HEADER: Final = b'{"footprint_spool":%d}\n' % VERSION
SUFFIX: Final = ".events.jsonl"
ACK: Final = ".ack"
NEW: Final = ".new"
_PRIVATE: Final = 0o600
_numbers = itertools.count(1)

TORN: Final = "torn: the process or the machine stopped while it was written"
UNREADABLE: Final = "not JSON: the file is damaged"


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines to deliver, lines that cannot be, and where in their source each of them ends.

    Args:
        lines: events, in order.
        damaged: what is no event, with the reason.
        end: where the batch ends.
        ends: where each of `lines` ends.
        damaged_ends: where each of `damaged` ends.
        more: whether its source held more when it was read.
    """

    lines: list[bytes]
    damaged: list[tuple[bytes, str]]
    end: int
    ends: list[int]
    damaged_ends: list[int]
    more: bool = False


class Segment:
    """One segment that this process owns, being written or only delivered.

    Args:
        path: the file.
        fd: open for reading and appending, locked.
        size: bytes that are completely written.
        acked: bytes that are delivered.
        adopted: whether another process wrote it; then its lines are checked one by one.
    """

    def __init__(self, path: Path, fd: int, size: int, acked: int, *, adopted: bool) -> None:
        self.path = path
        self.fd = fd
        self.size = size
        self.acked = acked
        self.adopted = adopted

    @property
    def done(self) -> bool:
        """Whether everything in it is delivered."""
        return self.acked >= self.size

    def append(self, line: bytes) -> None:
        """Write one line, whole or not at all.

        Raises:
            OSError: where the disk does not take it.
        """
        written = write(self.fd, line)
        if written != len(line):
            os.ftruncate(self.fd, self.size)
            raise OSError(f"only {written} of {len(line)} bytes were written")
        self.size += written

    def read(
        self, after: int | None = None, rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
    ) -> Batch:
        """Return the next lines that are not delivered.

        Args:
            after: where another batch ends that is on its way; None where none is.
        """
        start = self.acked if after is None else after
        data = os.pread(self.fd, min(max_bytes, self.size - start), start)
        whole, found, _ = data.rpartition(b"\n")
        lines = whole.split(b"\n")[:rows] if found else []
        if not found and data:
            # The last line of a dead process has no end; only a damaged one is as long as a batch.
            end = start + len(data)
            reason = TORN if end == self.size else UNREADABLE
            return Batch([], [(data, reason)], end, [], [end], more=end < self.size)
        ends = list(itertools.accumulate((len(line) + 1 for line in lines), initial=start))
        batch = Batch([], [], ends[-1], [], [], more=ends[-1] < self.size)
        for line, end in zip(lines, ends[1:], strict=True):
            if not self.adopted or _is_object(line):
                batch.lines.append(line)
                batch.ends.append(end)
            else:
                batch.damaged.append((line, UNREADABLE))
                batch.damaged_ends.append(end)
        return batch

    def acknowledge(self, end: int) -> None:
        """Remember, on disk too, that everything before `end` is delivered."""
        replace_file(self.path.with_name(self.path.name + ACK), b"%d\n" % end)
        self.acked = end

    def release(self) -> None:
        """Give up ownership; delete the files where everything is delivered."""
        if self.done:
            for path in (self.path, self.path.with_name(self.path.name + ACK)):
                path.unlink(missing_ok=True)
        os.close(self.fd)


def create(folder: Path) -> Segment:
    """Create a segment of this process.

    Raises:
        OSError: where the folder cannot be written.
    """
    name = unique_name(SUFFIX)
    # Locked before it has the name by which others look for orphans.
    fd = create_locked(folder / name)
    try:
        os.write(fd, HEADER)
    except OSError:
        os.close(fd)
        (folder / name).unlink(missing_ok=True)
        raise
    return Segment(folder / name, fd, len(HEADER), len(HEADER), adopted=False)


def adopt(path: Path) -> Segment | None:
    """Take over a segment whose owner is gone; None where it is in use, gone or too new to read."""
    fd = open_locked(path)
    if fd is None:
        return None
    size = os.fstat(fd).st_size
    version, start = read_header(os.pread(fd, 200, 0))
    if version > VERSION:
        os.close(fd)
        return None
    try:
        acked = int(path.with_name(path.name + ACK).read_bytes())
    except (OSError, ValueError):
        acked = start
    return Segment(path, fd, size, max(start, min(acked, size)), adopted=True)


def read_header(beginning: bytes) -> tuple[int, int]:
    """Return a segment's version and where its events begin; version 0 has no header."""
    line, end, _ = beginning.partition(b"\n")
    if not line.startswith(HEADER[:18]):
        return 0, 0
    try:
        return int(json.loads(line)["footprint_spool"]), len(line) + 1
    except (ValueError, TypeError):
        # A header that was cut off: nothing can follow it.
        return VERSION, len(line) + len(end)


def orphans(folder: Path, suffix: str = SUFFIX) -> Iterator[Path]:
    """Yield the files of a folder that may have lost their owner, oldest name first."""
    with contextlib.suppress(OSError):
        yield from sorted(p for p in folder.iterdir() if p.name.endswith(suffix))


def unique_name(suffix: str) -> str:
    """Return a file name that nobody else uses; names sort by age, as well as the clock goes."""
    return f"{time.time_ns():020d}-{next(_numbers):06d}-{os.getpid()}-{os.urandom(4).hex()}{suffix}"


def create_locked(path: Path) -> int:
    """Create a file that is locked before anybody can find it; return its descriptor."""
    temporary = path.with_name(path.name + NEW)
    fd = os.open(temporary, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.rename(path)
    except OSError:
        os.close(fd)
        temporary.unlink(missing_ok=True)
        raise
    return fd


def open_locked(path: Path) -> int | None:
    """Open and lock a file that nobody owns; None where somebody does or it is gone."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return fd
    except OSError:
        pass
    os.close(fd)
    return None


def replace_file(path: Path, content: bytes) -> None:
    """Write a small file so that a reader sees the old or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}{NEW}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)
    temporary.replace(path)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
