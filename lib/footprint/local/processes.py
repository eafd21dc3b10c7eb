"""Background processes: knowing ours from others, and ending them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil  # type: ignore[import-untyped]
from psutil import Process

__all__ = ["Process", "alive", "find", "finish", "memory_bytes", "search"]


def find(pid: int | None, *arguments: str) -> Process | None:
    """Return the running process `pid`, if its command line has all `arguments`.

    A process id is used again after a crash or a reboot: without looking at the command line, a
    stale one could make us end somebody else's process.
    """
    if not pid:
        return None
    try:
        process = Process(pid)
        line = process.cmdline()  # A zombie has none.
    except psutil.Error:
        return None
    return process if line and all(argument in line for argument in arguments) else None


def alive(pid: int) -> bool:
    """Tell whether a process we started still runs."""
    try:
        return bool(Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def search(matches: Callable[[list[str]], bool]) -> Iterator[Process]:
    """Yield every process whose command line matches."""
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] and matches(process.info["cmdline"]):
            yield process


def finish(process: Process, *steps: tuple[int, float]) -> None:
    """End a process: send each signal in turn, giving it its seconds, then kill it."""
    for signal_number, patience_s in [*steps, (signal.SIGKILL, 10.0)]:
        try:
            process.send_signal(signal_number)
        except psutil.NoSuchProcess:
            return
        if _ended(process, patience_s):
            return


def _ended(process: Process, patience_s: float) -> bool:
    """Wait until a process runs no more; one that init is slow to bury counts as ended."""
    deadline = time.monotonic() + patience_s
    while process.is_running() and alive(process.pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)  # Where it is our own child, bury it ourselves.
    return True


def memory_bytes(process: Process) -> int:
    """Return the resident memory of a process and its children, shared pages counted once."""
    private = shared = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            memory = member.memory_info()
        except psutil.Error:
            continue
        own_shared = getattr(memory, "shared", 0)
        private += memory.rss - own_shared
        shared = max(shared, own_shared)
    return private + shared
