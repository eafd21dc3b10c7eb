"""Writing a few hundred bytes without letting go of the interpreter.

`os.write` lets other threads run meanwhile. A write of one line into the page cache takes about a
microsecond; in a busy program, winning the interpreter back takes a hundred times as long, and LLM
calls would pay that for every line. Here the interpreter is kept.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

# Arguments without declared types pass in two thirds of the time. A length then goes as a C int,
# which is enough: the longest that is written here is a compacted journal of a few MiB.
_write: Final = ctypes.PyDLL(None, use_errno=True).write
_write.restype = ctypes.c_ssize_t


def write(fd: int, line: bytes) -> int:
    """Write to a file; return how many bytes it took.

    Raises:
        OSError: where it took none.
    """
    written: int = _write(fd, line, len(line))
    if written < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return written
