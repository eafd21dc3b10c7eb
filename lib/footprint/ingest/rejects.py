"""The list of lines that were rejected or say something else than what is stored: a CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from footprint.errors import ConfigurationError, InputError

HEADER: Final = ["line", "reason"]


class Rejects:
    """The list, begun anew, or kept up to the line after which an interrupted import goes on.

    Args:
        path: where the list is written as soon as there is something to list.
        imported: the file that is imported, which must not be overwritten.
        after: the line up to which an earlier list is kept; 0 for none of it.

    Raises:
        InputError: where something else is there, which would be lost.
    """

    def __init__(self, path: Path, imported: Path, after: int) -> None:
        self._path = path
        try:
            if path.exists():
                if path.samefile(imported):
                    raise InputError("--rejects names the imported file: give another name.")
                self._keep(after)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, rejects: Sequence[tuple[int, str]]) -> None:
        """Add lines to the list.

        Raises:
            ConfigurationError: where it cannot be written.
        """
        if not rejects:
            return
        try:
            new = not self._path.exists()
            with self._path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                if new:
                    writer.writerow(HEADER)
                writer.writerows(rejects)
        except OSError as error:
            raise self._unwritable(error) from error

    def _keep(self, after: int) -> None:
        with self._path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.reader(file)
            if next(rows, None) != HEADER:
                raise InputError(
                    f"{self._path} exists and is no list of rejected lines: "
                    "give another name with --rejects."
                )
            kept = [row for row in rows if row and row[0].isdigit() and int(row[0]) <= after]
        self._path.unlink()
        self.write([(int(line), reason) for line, reason in kept])

    def _unwritable(self, error: OSError) -> ConfigurationError:
        reason = (error.strerror or str(error)).lower()
        return ConfigurationError(
            f"The list of rejected lines cannot be written to {self._path} ({reason}): "
            "choose a place with --rejects."
        )
