"""The Unix socket of the embedded PostgreSQL: a short, private place, and its address."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from psycopg.pq import PGconn, Ping

from footprint.local.processes import alive

SUPERUSER = "postgres"
PORT = 5432  # Part of the socket's name only.
PREFIX = "footprint-"
# Linux takes 107 bytes for the whole address, macOS 103: a data folder can be deeper than that.
LIMIT_BYTES = 103
SHORT_TEMP = "/tmp"  # noqa: S108 (the folder made there is private and has an unguessable name)


class SocketFolder:
    """A private temporary folder for the socket.

    Args:
        note: a file that says where the folder is, for whoever has to clear up after a crash.
    """

    def __init__(self, note: Path) -> None:
        self._note = note

    def make(self) -> Path:
        """Make the folder, mode 700."""
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
        try:
            self._note.write_text(str(folder))
        except OSError:
            folder.rmdir()
            raise
        return folder

    def remove(self) -> None:
        """Delete the folder last made, if it is still there."""
        with suppress(FileNotFoundError):
            discard(Path(self._note.read_text()))
            self._note.unlink()


def discard(folder: Path) -> None:
    """Delete a folder that `SocketFolder` made; leave any other alone."""
    if folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def discard_left_by(data_folder: Path) -> None:
    """Delete the folders that dead servers of a data folder left, also where their note is gone.

    PostgreSQL writes its process id and its data folder into a lock file beside each socket.
    """
    for lock in Path(_parent()).glob(f"{PREFIX}*/.s.PGSQL.{PORT}.lock"):
        with suppress(OSError, ValueError, IndexError):
            lines = lock.read_text().splitlines()
            if lines[1] == str(data_folder) and not alive(int(lines[0])):
                discard(lock.parent)


def socket_url(folder: Path, database: str) -> str:
    """Return the address of a database in the form that libpq and psycopg understand."""
    host = quote(str(folder), safe="/")
    return f"postgresql:///{quote(database)}?host={host}&port={PORT}&user={SUPERUSER}"


def answers(folder: Path) -> bool:
    """Tell whether a server takes connections: one just killed has its papers still in order."""
    address = f"{socket_url(folder, SUPERUSER)}&connect_timeout=5"
    return PGconn.ping(address.encode()) == Ping.OK


def _parent() -> str:
    """Return a temporary folder with a path short enough for a socket's address."""
    room = len(f"/{PREFIX}12345678/.s.PGSQL.{PORT}")
    preferred = tempfile.gettempdir()
    return preferred if len(os.fsencode(preferred)) + room <= LIMIT_BYTES else SHORT_TEMP
