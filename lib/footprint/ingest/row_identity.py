"""Which row of a file is which request, where the file gives it no id of its own.

A row is what it says and whose it is, and among equal rows the how-manieth it is: so a file may be
sorted otherwise, lose lines or have some corrected, or overlap another one, and nothing counts
twice; and the same rows for somebody else are other requests.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

# SQLite keeps this much in memory, and the rest in a file of its own that is gone with it.
_CACHE_KIB: Final = 16 * 1024
# A number that is longer is written as it was.
_MOST_DIGITS: Final = 40


class RowCounter:
    """Counts equal rows, however many rows there are. Close it after use."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("pragma journal_mode = off")
        self._seen.execute("pragma synchronous = off")
        self._seen.execute(f"pragma cache_size = -{_CACHE_KIB}")
        self._seen.execute("create table seen (row blob primary key, times integer) without rowid")
        self._seen.execute("begin")

    def identity(self, facts: Mapping[str, Any]) -> str:
        """Return the name of a row among all rows of its file, and of others.

        Args:
            facts: field → value, as read from the row and from what was said for all of them.
        """
        digest = hashlib.sha256(_canonical(facts)).digest()[:16]
        row = self._seen.execute(
            "insert into seen values (?, 1) on conflict do update set times = times + 1"
            " returning times",
            [digest],
        ).fetchone()
        return f"row|{digest.hex()}|{row[0]}"

    def close(self) -> None:
        """Forget everything."""
        self._seen.close()


def _canonical(facts: Mapping[str, Any]) -> bytes:
    said = {name: _plain(value) for name, value in facts.items()}
    return json.dumps(said, sort_keys=True, ensure_ascii=True).encode()


def _plain(value: Any) -> Any:
    """Return a value so that equals are written alike: 1.50 and 1.5, 12:00+02 and 10:00Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (Decimal, float)):
        number = Decimal(str(value))
        if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS:
            return f"{number.normalize():f}"
        return str(number)
    return value if isinstance(value, (int, bool)) or value is None else str(value)
