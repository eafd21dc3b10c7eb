"""Where usage that callers report goes: into the database at once, else onto disk until it can.

The database checks every ingest key; this process holds none of its own. While the database does
not answer, requests of a key that it accepted before wait in a spool of that key's own, beside the
key itself, sealed with the app's cookie keys so that a restart goes on delivering.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from footprint.api.sealing import seal_key, unseal_key
from footprint.auth.process import process_wide
from footprint.config import Settings
from footprint.errors import (
    AccessDenied,
    ConfigurationError,
    FootprintError,
    InputError,
    ServiceUnavailable,
)
from footprint.ingest import health
from footprint.ingest.courier import Courier
from footprint.ingest.delivery import MAX_BYTES, MAX_ROWS, read_report
from footprint.ingest.http import INGEST, Gateway
from footprint.ingest.segments import replace_file
from footprint.ingest.spool import MAX_IN_MEMORY, Spool
from footprint.ingest.spools import mail_folder
from footprint.ingest.trouble import TooLarge, Transient

LOG: Final = logging.getLogger(__name__)
# Seconds. The caller waits, and on disk its requests are safe too.
ANSWER_TIMEOUT_S: Final = 5.0
COURIER_TIMEOUT_S: Final = 10.0
# After a failure the database is left alone for this long; requests go to disk at once.
AVOID_S: Final = 5.0
REMEMBERED: Final = 20_000
SEALED_KEY: Final = "key"


class KeyRefused(AccessDenied):
    """The database does not know the caller's ingest key."""


class BatchTooLarge(InputError):
    """The database takes no batch of this size."""


@dataclass
class Receipt:
    """What became of a batch.

    Args:
        inserted: stored now.
        duplicates: stored before.
        rejected: event id → why the database refused it.
        events: event id → cost and impact, as the database computed them.
        waiting: ids that are on disk and will be delivered.
        dropped: ids that neither the database nor the disk took; to be sent again.
    """

    inserted: int = 0
    duplicates: int = 0
    rejected: dict[str, str] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)


class Mailbox:
    """The way of one ingest key's requests."""

    def __init__(self, key: str, settings: Settings) -> None:
        url, publishable_key = settings.require_api()
        self.folder = mail_folder(settings) / name_of(key)
        self._key_file = self.folder / SEALED_KEY
        self._gateway = Gateway(url, publishable_key, key, ANSWER_TIMEOUT_S)
        self._spool = Spool(self.folder, settings.spool_max_bytes)
        self._courier = Courier(
            self._spool, lambda: Gateway(url, publishable_key, key, COURIER_TIMEOUT_S)
        )
        self._key, self._settings = key, settings
        self._avoid_until = 0.0
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, None] = OrderedDict()

    @property
    def known(self) -> bool:
        """Whether the database has accepted the key before."""
        return self._key_file.exists()

    def resume(self) -> None:
        """Go on delivering what waits."""
        self._courier.wake()

    def close(self, timeout_s: float) -> None:
        """Deliver within the deadline, in seconds; the rest stays on disk."""
        self._courier.stop(timeout_s)

    def store(self, ids: Sequence[str], lines: Sequence[bytes], *, impact: bool) -> Receipt:
        """Store a batch, or put it on disk.

        Raises:
            KeyRefused: where the database does not know the key.
            ServiceUnavailable: where neither the database nor the disk takes it.
            BatchTooLarge: where the database takes no batch of this size.
            InputError: where it refuses the batch as a whole for another reason.
        """
        receipt = Receipt()
        with self._lock:
            fresh = [n for n, one in enumerate(ids) if impact or one not in self._recent]
        receipt.duplicates += len(ids) - len(fresh)
        for part in _parts(fresh, lines):
            names, batch = [ids[n] for n in part], [lines[n] for n in part]
            answer = self._try(batch, impact)
            if answer is None:
                self._to_disk(names, batch, receipt)
            else:
                _add(receipt, answer)
        with self._lock:
            for n in fresh:
                if ids[n] not in receipt.dropped and ids[n] not in receipt.rejected:
                    self._recent[ids[n]] = None
            while len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        return receipt

    def _try(self, batch: Sequence[bytes], impact: bool) -> dict[str, Any] | None:
        """Return the database's answer; None where it cannot be had now."""
        if time.monotonic() < self._avoid_until:
            return None
        asked = b"true" if impact else b"false"
        body = b'{"p_events":[%b],"p_impact":%b}' % (b",".join(batch), asked)
        try:
            answer = self._gateway.call(INGEST, body)
            read_report(answer)
        except AccessDenied as error:
            if "FOOTPRINT_INGEST_KEY" not in str(error):
                self._out_of_order(str(error))
                return None
            self._key_file.unlink(missing_ok=True)
            raise KeyRefused("The ingest key is unknown, expired or revoked.") from error
        except TooLarge as error:
            raise BatchTooLarge("The database takes no batch as large: send less.") from error
        except InputError:
            raise
        except (Transient, FootprintError, KeyError, TypeError, ValueError) as error:
            self._out_of_order(str(error))
            return None
        self._remember_key()
        self._count(answer)
        found: dict[str, Any] = answer
        return found

    def _count(self, answer: dict[str, Any]) -> None:
        counters = self._spool.health
        refused = len(answer["rejected"])
        counters.count(health.RECORDED, int(answer["inserted"]) + int(answer["duplicates"]))
        counters.count(health.DELIVERED, int(answer["inserted"]))
        counters.count(health.DUPLICATES, int(answer["duplicates"]))
        if refused:
            counters.count(health.REJECTED, refused)
        counters.delivered()
        self._courier.wake()  # which writes the counters down

    def refused(self, items: int) -> None:
        """Count items of a body that could not be read; those never come here."""
        if items and self.known:
            self._spool.health.count(health.REJECTED, items)
            self._courier.wake()

    def _out_of_order(self, reason: str) -> None:
        self._avoid_until = time.monotonic() + AVOID_S
        self._spool.complain(f"reported requests go to disk: {reason}")

    def _remember_key(self) -> None:
        if not self.known:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sealed = seal_key(self._key, self._settings)
                replace_file(self._key_file, sealed)
            except (OSError, ConfigurationError) as error:
                self._spool.complain(f"an outage will not be bridged: {error}")

    def _to_disk(self, names: Sequence[str], batch: Sequence[bytes], receipt: Receipt) -> None:
        if not self.known:
            # Nobody can tell now whether the key is one of ours, so nothing may be promised.
            raise ServiceUnavailable("The database does not answer: send again later.")
        kept = {name for name, line in zip(names, batch, strict=True) if self._spool.append(line)}
        # What is in memory only would be lost with this process: it counts as not taken.
        for line in self._spool.memory(MAX_IN_MEMORY):
            self._spool.memory_delivered([line])
            kept -= {name for name, one in zip(names, batch, strict=True) if one is line}
        receipt.waiting |= kept
        receipt.dropped |= set(names) - kept
        self._courier.wake()


class Mailroom:
    """The mailboxes of this process."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[str, Path], Mailbox] = {}
        self._lock = threading.Lock()

    def box(self, key: str, settings: Settings) -> Mailbox:
        """Return the mailbox of a key.

        Raises:
            ConfigurationError: where the app knows no Supabase, or no key looks like this.
        """
        name = name_of(f"{settings.supabase_url} {key}"), settings.spool_dir
        with self._lock:
            found = self._boxes.get(name)
            if found is None:
                found = self._boxes[name] = Mailbox(key, settings)
            return found

    def close(self, timeout_s: float = 0.0) -> None:
        """Give up every mailbox; what waits stays on disk."""
        with self._lock:
            boxes, self._boxes = list(self._boxes.values()), {}
        for box in boxes:
            box.close(timeout_s)

    def forget_strangers(self) -> None:
        """Drop the mailboxes of keys that the database has not accepted."""
        with self._lock:
            for name in [name for name, box in self._boxes.items() if not box.known]:
                del self._boxes[name]

    def resume(self, settings: Settings) -> int:
        """Go on delivering what earlier processes left; answers how many mailboxes there are."""
        count = 0
        for sealed in sorted(mail_folder(settings).glob(f"*/{SEALED_KEY}")):
            try:
                key = unseal_key(sealed.read_bytes(), settings)
                if key is not None:
                    self.box(key, settings).resume()
                    count += 1
            except (OSError, ValueError, FootprintError) as error:
                LOG.warning("%s: what waits here is not delivered now: %s", sealed.parent, error)
        return count


def mailroom() -> Mailroom:
    """Return the process's mailroom."""
    return process_wide("mailroom", _open_mailroom)


def _open_mailroom() -> Mailroom:
    room = Mailroom()
    atexit.register(room.close)
    return room


def is_known(key: str, settings: Settings) -> bool:
    """Tell whether the database has accepted a key before."""
    return (mail_folder(settings) / name_of(key) / SEALED_KEY).exists()


def name_of(key: str) -> str:
    """Return a name for a key that does not tell it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _parts(places: Sequence[int], lines: Sequence[bytes]) -> list[list[int]]:
    """Cut places into batches of at most 500 lines and 1 MiB."""
    parts: list[list[int]] = []
    size = 0
    for place in places:
        size += len(lines[place])
        if not parts or len(parts[-1]) == MAX_ROWS or size > MAX_BYTES:
            parts.append([])
            size = len(lines[place])
        parts[-1].append(place)
    return parts


def _add(receipt: Receipt, answer: dict[str, Any]) -> None:
    receipt.inserted += int(answer["inserted"])
    receipt.duplicates += int(answer["duplicates"])
    for rejection in answer["rejected"]:
        receipt.rejected[str(rejection["event_id"])] = str(rejection["reason"])
    for event in answer.get("events") or ():
        receipt.events[str(event["event_id"])] = event
