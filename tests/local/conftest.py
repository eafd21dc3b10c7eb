"""A data folder of one's own for every test, and nothing left running after it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from footprint.local.stack import Stack
from local.watching import Run


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty place whose path has a space; whatever a test starts there is ended."""
    with tempfile.TemporaryDirectory(prefix="footprint local ") as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "data"
        yield place
        if place.exists():
            Stack(place).down()


@pytest.fixture
def run(data_dir: Path) -> Iterator[Run]:
    """Start Python with a script and arguments in a child, optionally as another account."""
    children: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object, account: str | None = None) -> subprocess.Popen[str]:
        entry = pwd.getpwnam(account) if account else None
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=[] if entry else None,
            env={**os.environ, "HOME": "/nonexistent"} if entry else None,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user owns (`nobody`, where the tests run as root)."""
    folder = Path(tempfile.mkdtemp(prefix="footprint ordinary "))
    if os.geteuid() == 0:
        entry = pwd.getpwnam("nobody")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
