"""One demo a data folder: who runs it, and what a killed one left behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from footprint.errors import InputError
from footprint.local.files import explain
from footprint.local.processes import find, finish

LOCK: Final = "demo.lock"


@dataclass
class Run:
    """What the demo that holds the folder has started; kept in the lock file.

    A demo that ends by itself clears it. One that was killed leaves it, so that the next one
    stops the dashboard it finds and takes over the Supabase it finds.
    """

    path: Path
    port: int = 0
    pid: int = 0
    dashboard_pid: int = 0
    owns_stack: bool = False

    def save(self) -> None:
        """Write it down."""
        content = {name: value for name, value in asdict(self).items() if name != "path"}
        self.path.write_text(json.dumps(content), encoding="utf-8")


@contextmanager
def holding(data_dir: Path, port: int) -> Iterator[Run]:
    """Hold the folder against a second demo; stop the dashboard of one that was killed.

    Raises:
        InputError: where a demo runs in this folder.
        FootprintError: where the folder cannot be written.
    """
    path = data_dir / LOCK
    try:
        # Root's PostgreSQL runs as another account, which must be able to pass through.
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise explain(error, data_dir) from error
    try:
        before = _read(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"The demo already runs in {data_dir} (process {before.get('pid')}, "
                f"http://127.0.0.1:{before.get('port')}): stop that one first with Ctrl-C."
            ) from error
        stop_dashboard(int(before.get("dashboard_pid") or 0), int(before.get("port") or 0))
        run = Run(path, port, os.getpid(), owns_stack=bool(before.get("owns_stack")))
        run.save()
        yield run
    finally:
        os.close(descriptor)


def stop_dashboard(pid: int, port: int) -> None:
    """End the dashboard a demo started, if it still runs."""
    process = find(pid, "streamlit", "Home.py", str(port))
    if process:
        finish(process, (signal.SIGTERM, 8))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
