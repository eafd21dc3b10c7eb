"""Text that others wrote, made safe to stand in markdown."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$:&.])")


def plain(text: str) -> str:
    """Return ``text`` so that markdown shows it letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
