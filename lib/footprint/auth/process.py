"""What must outlive Streamlit's hot reload: one object for the whole process.

When a source file changes, Streamlit evicts every local module and the next run imports new
copies, while the routes and the middleware keep the old ones. State that both sides share therefore
hangs on a module object that nobody evicts.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import TypeVar

_ANCHOR = "_footprint_process"
T = TypeVar("T")


def process_wide(name: str, make: Callable[[], T]) -> T:
    """Return this process's one object called ``name``; the first caller makes it."""
    anchor = sys.modules.setdefault(_ANCHOR, types.ModuleType(_ANCHOR))
    if name not in anchor.__dict__:
        anchor.__dict__.setdefault(name, make())
    kept: T = anchor.__dict__[name]
    return kept
