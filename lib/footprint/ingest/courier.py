"""The courier: a daemon thread that takes requests from the spool to the database.

It starts with the first request, posts batches, two at once where many wait, and keeps everything
until it is stored: failures
that pass are tried again for ever, wrong settings keep everything and are said aloud, and only what
can never be stored becomes a dead letter, one by one.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from footprint.errors import FootprintError, InputError
from footprint.ingest import health
from footprint.ingest.delivery import DeliveryReport
from footprint.ingest.segments import Batch, Segment
from footprint.ingest.spool import Memory, Spool
from footprint.ingest.trouble import Patience, TooLarge, Transient

if TYPE_CHECKING:
    from footprint.ingest.http import Gateway

GATHER_S: Final = 0.5
TICK_S: Final = 5.0
ADOPT_S: Final = 10.0
MISCONFIGURED_WAIT_S: Final = 5.0
# How many requests a round may spend on finding the events that make a batch fail.
POISON_BUDGET: Final = 256
# An error 500 that comes back this often for one batch, while an empty one works, is the batch's.
STUBBORN: Final = 3
_PATIENCE: Final = Patience()


class Source(Protocol):
    """Something that gives batches in order and forgets them when they are delivered."""

    def read(self, after: int | None = None) -> Batch:
        """Return what comes next, or what comes after a batch that ends there."""

    def acknowledge(self, end: int) -> None:
        """Forget everything before `end`."""


class Ahead:
    """A batch that goes on a connection of its own while the one before it is on its way.

    Where the way is long this halves the time a backlog takes. Whatever goes wrong with it is
    nobody's concern: it is delivered again in its turn, and what was stored counts once.
    """

    def __init__(self, gateway: Gateway, batch: Batch, timeout_s: float) -> None:
        self.batch = batch
        self._report: DeliveryReport | None = None
        self._thread = threading.Thread(
            target=self._store, args=(gateway, timeout_s), name="footprint ahead", daemon=True
        )
        self._thread.start()

    def _store(self, gateway: Gateway, timeout_s: float) -> None:
        # Even a fault of our own: in its turn it is met by the courier, which says so.
        with contextlib.suppress(Exception):
            self._report = gateway.store(self.batch.lines, timeout_s)

    def wait(self) -> DeliveryReport | None:
        """Return what became of it; None where it has to be delivered in its turn."""
        self._thread.join()
        return self._report


class Courier:
    """Delivers one spool. `wake` after each append; `flush` to wait for delivery.

    Args:
        spool: what to deliver.
        connect: opens the way to the database when there is something to deliver.

    `connect` raises FootprintError where settings are missing; that is told and tried again.
    """

    def __init__(self, spool: Spool, connect: Callable[[], Gateway]) -> None:
        self._spool = spool
        self._connect = connect
        self._reset()
        _alive.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        # One batch at a time, by the thread or by whoever flushes.
        self._working = threading.Lock()
        self._awake = threading.Event()
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._gateway: Gateway | None = None
        self._adopted: list[Segment] = []
        self._adopt_at = 0.0
        self._failures = 0
        self._stubborn = 0
        # How many lines of the batch in hand are stored or buried: they are its first ones.
        self._settled = 0
        self._budget = POISON_BUDGET
        # Whether the last batch of this round was taken, so that two may go at once.
        self._flowing = False

    def wake(self) -> None:
        """Say that there is something to deliver; starts the thread the first time."""
        if self._thread is None or self._pid != os.getpid():
            self._start()
        if not self._awake.is_set():
            self._awake.set()

    def flush(self, timeout_s: float) -> bool:
        """Deliver now; True where nothing is left that this process may deliver.

        Args:
            timeout_s: give up after this many seconds; what is left stays on disk.
        """
        deadline = time.monotonic() + timeout_s
        self._hurry.set()
        try:
            if not self._working.acquire(timeout=timeout_s):
                return self._is_empty()
            try:
                self._failures = 0
                wait = self._round(deadline)
                while wait is not None and time.monotonic() + wait < deadline:
                    time.sleep(wait)
                    wait = self._round(deadline)
            finally:
                self._working.release()
        finally:
            self._hurry.clear()
        return self._is_empty()

    def stop(self, timeout_s: float) -> bool:
        """Flush, end the thread and release the files; True where nothing is left."""
        self._stop.set()
        self._awake.set()
        # The program ends here: nothing that is still open will be heard of again.
        self._spool.abandon_overdue(age_s=0.0)
        empty = self.flush(timeout_s)
        if self._working.acquire(timeout=0.2):
            try:
                for segment in self._adopted:
                    segment.release()
                self._adopted = []
                self._spool.close()
                if self._gateway is not None:
                    self._gateway.close()
                self._gateway = None
            finally:
                self._working.release()
        self._thread, self._stop = None, threading.Event()
        return empty

    def after_fork(self) -> None:
        """Start anew in a child process: no thread, no connection, no file of the parent."""
        for segment in self._adopted:
            with contextlib.suppress(OSError):
                os.close(segment.fd)
        self._reset()

    def _start(self) -> None:
        with self._start_lock:
            if self._pid != os.getpid():
                self.after_fork()
            if self._thread is None and not self._stop.is_set():
                thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="footprint courier", daemon=True
                )
                # Python refuses new threads while it ends; `stop` delivers then.
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            woken = self._awake.wait(TICK_S)
            if woken and not stop.is_set():
                self._hurry.wait(GATHER_S)
            self._awake.clear()
            with self._working:
                if stop.is_set():
                    return
                wait = self._safe_round()
            if wait is not None:
                self._awake.set()
                self._hurry.wait(wait)

    def _safe_round(self) -> float | None:
        try:
            return self._round(None)
        except Exception as error:  # The thread must outlive a fault of its own: nothing is lost.
            self._spool.health.said(last_error=f"{type(error).__name__}: {error}")
            self._spool.complain(f"delivery failed for a reason of its own: {error!r}")
            return MISCONFIGURED_WAIT_S

    def _round(self, deadline: float | None) -> float | None:
        """Deliver what there is; return how long to wait after a failure, None when done."""
        self._spool.abandon_overdue()
        self._budget = POISON_BUDGET
        self._flowing = False
        try:
            for source in self._sources(deadline is not None):
                while not self._deliver_next(source, deadline):
                    if deadline is not None and time.monotonic() >= deadline:
                        return MISCONFIGURED_WAIT_S
        except Transient as trouble:
            return self._trouble(trouble)
        except FootprintError as error:
            self._spool.health.said(misconfigured=str(error), last_error=str(error))
            self._spool.complain(f"requests wait on disk: {str(error).rstrip('.')}")
            return MISCONFIGURED_WAIT_S
        except OSError as error:
            self._spool.health.said(last_error=f"{self._spool.folder}: {error}")
            return MISCONFIGURED_WAIT_S
        finally:
            self._finish_adopted()
            self._spool.tidy()
        self._failures = 0
        return None

    def _trouble(self, trouble: Transient) -> float:
        reason = str(trouble)
        self._spool.health.count(
            health.RETRIED + (f"HTTP {trouble.status}" if trouble.status else "no answer")
        )
        self._spool.health.said(last_error=reason)
        wait = _PATIENCE.wait_s(self._failures, trouble.retry_after_s)
        self._failures += 1
        return wait

    def _sources(self, adopt_now: bool) -> Iterator[Source]:
        yield Memory(self._spool)
        yield from self._spool.sources()
        if adopt_now or time.monotonic() >= self._adopt_at:
            self._adopt_at = time.monotonic() + ADOPT_S
            self._adopted += self._spool.adopt()
            # An adopted journal may have put abandoned calls into a segment of our own.
            yield from self._spool.sources()
        yield from list(self._adopted)

    def _deliver_next(self, source: Source, deadline: float | None) -> bool:
        """Deliver a batch of a source, or two at once; True where it has no more.

        Without a deadline, what came since the batch was read waits for the next round: busy
        programs would otherwise send a few requests at a time, without a pause.
        """
        batch = source.read()
        if not batch.lines and not batch.damaged:
            return True
        ahead = self._send_ahead(source, batch.end, deadline) if self._flowing else None
        try:
            self._deliver_batch(source, batch, deadline)
        finally:
            report = None if ahead is None else ahead.wait()
        if ahead is not None and report is not None:
            self._take_note(ahead.batch.lines, report)
            self._finish(source, ahead.batch, ahead.batch.end)
            batch = ahead.batch
        self._flowing = ahead is None or report is not None
        return deadline is None and not batch.more

    def _send_ahead(self, source: Source, after: int, deadline: float | None) -> Ahead | None:
        batch = source.read(after)
        if self._gateway is None or not batch.lines or batch.damaged:
            return None
        # Python refuses new threads while it ends; one batch at a time then.
        with contextlib.suppress(RuntimeError):
            return Ahead(self._gateway, batch, _limit_s(self._gateway, deadline))
        return None

    def _deliver_batch(self, source: Source, batch: Batch, deadline: float | None) -> None:
        self._settled = 0
        try:
            if batch.lines:
                self._deliver(batch.lines, deadline)
        except Exception:
            # The beginning of a divided batch may be settled: only the rest is tried again.
            if self._settled:
                self._finish(source, batch, batch.ends[self._settled - 1])
            raise
        self._finish(source, batch, batch.end)

    def _finish(self, source: Source, batch: Batch, end: int) -> None:
        """Bury what is damaged before `end` and forget everything before it."""
        damaged = zip(batch.damaged, batch.damaged_ends, strict=True)
        if gone := [line for line, at in damaged if at <= end]:
            self._spool.bury(gone)
        source.acknowledge(end)
        self._stubborn = 0

    def _deliver(self, lines: list[bytes], deadline: float | None) -> None:
        """Store lines; what can never be stored is buried. Raises where trying later may work."""
        gateway = self._gateway = self._gateway or self._connect()
        limit = _limit_s(gateway, deadline)
        try:
            report = gateway.store(lines, limit)
        except TooLarge:
            self._split(lines, "larger than the server takes", deadline)
            return
        except InputError as error:
            self._split(lines, str(error), deadline)
            return
        except Transient as trouble:
            if not self._is_poison(trouble, gateway, limit):
                raise
            self._split(lines, str(trouble), deadline)
            return
        self._take_note(lines, report)

    def _is_poison(self, trouble: Transient, gateway: Gateway, limit: float) -> bool:
        """Tell whether an error 500 comes from the batch: it stays, and an empty batch works."""
        if trouble.status != 500:
            return False
        self._stubborn += 1
        if self._stubborn < STUBBORN:
            return False
        try:
            gateway.store([], limit)
        except (Transient, TooLarge, FootprintError):
            return False
        return True

    def _split(self, lines: list[bytes], reason: str, deadline: float | None) -> None:
        """Deliver the halves of a batch that fails as a whole; bury what fails alone."""
        if len(lines) == 1:
            self._spool.bury([(lines[0], reason)])
            self._settled += 1
            return
        self._budget -= 1
        if self._budget < 0:
            raise Transient("too many requests that cannot be stored; the rest waits")
        half = len(lines) // 2
        self._deliver(lines[:half], deadline)
        self._deliver(lines[half:], deadline)

    def _take_note(self, lines: list[bytes], report: DeliveryReport) -> None:
        # By place: a damaged event may have no id, or that of another one.
        refused = [(lines[rejection.index], rejection.reason) for rejection in report.rejected]
        if refused:
            self._spool.bury(refused)
        self._settled += len(lines)
        self._failures = 0
        self._spool.health.count(health.DELIVERED, report.inserted)
        self._spool.health.count(health.DUPLICATES, report.duplicates)
        self._spool.health.delivered()

    def _finish_adopted(self) -> None:
        for segment in [s for s in self._adopted if s.done]:
            self._adopted.remove(segment)
            segment.release()

    def _is_empty(self) -> bool:
        pending = any(True for _ in self._spool.sources()) or bool(self._spool.memory(1))
        return not pending and all(segment.done for segment in self._adopted)


def _limit_s(gateway: Gateway, deadline: float | None) -> float:
    """Return how long an answer may take, in seconds."""
    if deadline is None:
        return gateway.timeout_s
    return min(gateway.timeout_s, max(0.1, deadline - time.monotonic()))


_alive: weakref.WeakSet[Courier] = weakref.WeakSet()


def _after_fork() -> None:
    for courier in list(_alive):
        courier.after_fork()


os.register_at_fork(after_in_child=_after_fork)
