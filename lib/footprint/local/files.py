"""The data folder: private files, one lock, and a mark that says the folder is ours."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from footprint.errors import (
    ConfigurationError,
    FootprintError,
    InputError,
    ServiceUnavailable,
)

Progress = Callable[[str], None]

MARK = ".footprint-stack"
LOCK = "stack.lock"
STATE = "stack.json"
SOCKET_NOTE = "socket-folder"
# Everything the stack itself puts into its data folder, and so all that `reset` may remove.
OWNED = ("postgres", "logs", "node", "outbox.jsonl", SOCKET_NOTE, STATE)
LOCK_WAIT_S = 180
LOG_LIMIT_BYTES = 5_000_000


def silent(message: str) -> None:
    """Report progress to nobody."""


def explain(error: OSError, folder: Path) -> FootprintError:
    """Say in one sentence why the data folder cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ServiceUnavailable(
            f"The disk that holds {folder} is full: free some space and try again."
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ConfigurationError(
            f"{folder} cannot be written: give a folder of your own with --data-dir or "
            "FOOTPRINT_DATA_DIR."
        )
    return ConfigurationError(
        f"{folder} cannot be used as a data folder: {error.strerror or error}."
    )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Put what the system says of the data folder into a sentence.

    Raises:
        FootprintError: for any OSError.
    """
    try:
        yield
    except OSError as error:
        raise explain(error, folder) from error


def write_private(path: Path, value: Any) -> None:
    """Write JSON that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_private(path: Path) -> dict[str, Any] | None:
    """Read what `write_private` wrote; None where there is none.

    Raises:
        ConfigurationError: where the file was damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain(error, path.parent) from error
    except ValueError as error:
        raise ConfigurationError(
            f"{path} is damaged: begin anew with `footprint reset`, which deletes the local data."
        ) from error
    return value if isinstance(value, dict) else None


def claim(folder: Path, mode: int) -> None:
    """Make the data folder ours, or find that it is.

    Raises:
        InputError: where the folder holds files that look like ours and are not.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=mode)
    if not (folder / MARK).exists():
        strangers = [name for name in OWNED if (folder / name).exists()]
        if strangers:
            raise InputError(
                f"{folder} already holds a {strangers[0]!r} that Footprint did not make: choose "
                "another folder with --data-dir."
            )
        (folder / MARK).write_text("Made by `footprint up`; `footprint reset` removes it.\n")
    (folder / "logs").mkdir(exist_ok=True, mode=0o700)


def remove(folder: Path) -> None:
    """Delete what the stack made, and the folder itself where nothing else is in it."""
    for name in OWNED:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (folder / MARK).unlink(missing_ok=True)
    (folder / LOCK).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (
            errno.ENOTEMPTY,
            errno.EEXIST,
            errno.EBUSY,
            errno.EACCES,
        ):
            raise


@contextmanager
def locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that a killed process cannot leave behind.

    Raises:
        ServiceUnavailable: where another process holds it for longer than `LOCK_WAIT_S`.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    told = False
    while True:
        with explained(path.parent):
            descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # `reset` deletes the file with the lock held: a lock on a deleted file guards nothing.
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                break
        except BlockingIOError:
            if not told:
                progress("Waiting for another footprint command on the same folder")
                told = True
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"Another footprint command has been busy with {path.parent} for {LOCK_WAIT_S} s: "
                "wait for it, or stop it, and try again."
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(descriptor)


def open_log(path: Path) -> int:
    """Open a private log for appending; a large one is set aside first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def last_line(path: Path) -> str:
    """Return the last line of a log that says anything, for an error message."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[-4000:]
    except OSError:
        return "nothing was logged"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was logged"
