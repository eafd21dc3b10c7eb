"""Progress: a line that changes in a terminal, plain lines in a log, nothing for what is quick."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from footprint.ingest.progress import Progress


def test_a_terminal_gets_one_changing_line_that_is_wiped_in_the_end(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [f"2026-10-01T00:00:00Z,gpt-4o,{n},1" for n in range(40_000)]
    path = write("rows.csv", ["timestamp,model,prompt_tokens,completion_tokens", *rows])
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "footprint.cli", "import", str(path), "--dry-run"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 65536):
            seen += block
    except OSError:
        pass  # Linux says so at the end of a terminal.
    assert process.wait(60) == 0
    os.close(ours)
    text = seen.decode()
    assert "\rChecking: " in text
    assert " requests, " in text
    assert " left" in text
    assert text.endswith("\r")
    assert "\n" not in text


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_every_five_seconds_with_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    log = io.StringIO()
    progress = Progress("Importing", log)
    progress.show(1000, 0.1)  # An earlier run did these.
    for second in range(1, 11):
        clock.now = 100.0 + second
        progress.show(1000 + 300 * second, 0.1 + 0.03 * second)
    progress.finish()
    assert log.getvalue().splitlines() == [
        "Importing: 2,500 requests, 300 a second, about 25 s left",
        "Importing: 4,000 requests, 300 a second, about 20 s left",
    ]
