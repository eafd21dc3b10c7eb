"""Text that others wrote, made safe to stand in markdown."""

from __future__ import annotations

import re

# No-break spaces stay: they hold a figure and its unit together.
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$:&.])")


def plain(text: str) -> str:
    """Return ``text`` so that markdown shows it letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", _SPACES.sub(" ", text).strip())
