"""The files of ``sql/``: numbered migrations, what can be replaced, and how both are applied."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from footprint.errors import ConfigurationError

_MIGRATION: Final = re.compile(r"(\d{4})_[a-z0-9_]+(\.step)?")
# In a step: its one statement runs again and again, each time in a transaction of its own.
_REPEAT: Final = "-- repeat: until it changes nothing"


@dataclass(frozen=True)
class SqlFile:
    """One file: its name without folder and ending, and its text."""

    name: str
    text: str

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def number(self) -> int:
        """Its number, of a migration."""
        return int(self.name[:4])

    @property
    def is_step(self) -> bool:
        """Whether it follows the transaction that the migrations share."""
        return self.name.endswith(".step")

    @property
    def repeats(self) -> bool:
        """Whether, being a step, it runs until it changes nothing."""
        return _REPEAT in self.text.splitlines()


@dataclass(frozen=True)
class Baseline:
    """What 0.1.0 left in a database, to know one by.

    Args:
        files: name of each of its files → SHA-256, as its ledger has them.
        shape: a line for each column, constraint and index of its tables.
        objects: ``(kind, name, relation)`` of all that it made.
    """

    files: dict[str, str]
    shape: frozenset[str]
    objects: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class SqlFiles:
    """The files of one folder.

    Raises:
        ConfigurationError: where the folder is no complete copy of ``sql/``.
    """

    folder: Path

    @cached_property
    def migrations(self) -> tuple[SqlFile, ...]:
        """Tables, constraints, indexes and data: numbered files that are never edited."""
        files = _read(self.folder / "migrations", "*.sql")
        for file in files:
            if not _MIGRATION.fullmatch(file.name):
                raise ConfigurationError(
                    f"sql/migrations/{file.name}.sql is misnamed: a migration is called "
                    "0007_what_it_does.sql, a step 0008_what_it_does.step.sql."
                )
        numbers = [file.number for file in files]
        if len(set(numbers)) < len(numbers):
            double = next(n for n in numbers if numbers.count(n) > 1)
            raise ConfigurationError(f"Two files of sql/migrations have the number {double:04}.")
        return files

    @cached_property
    def replaceable(self) -> tuple[SqlFile, ...]:
        """Functions, views, policies, grants, triggers and comments, in the order they apply in."""
        return _read(self.folder, "[0-9]*.sql")

    @cached_property
    def replaceable_sha256(self) -> str:
        """SHA-256 over the replaceable files and the engine, which makes a difference too."""
        parts = [f"{f.name} {f.sha256}\n" for f in (*self.replaceable, *self.engine.values())]
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    @cached_property
    def engine(self) -> dict[str, SqlFile]:
        """How a run works: ``guard``, ``ledger``, ``lock``, ``clear`` and ``register``."""
        return {file.name[2:]: file for file in _read(self.folder / "engine", "[0-9]*.sql")}

    @cached_property
    def shape_query(self) -> str:
        """The query that answers a line for each column, constraint and index."""
        return (self.folder / "engine" / "shape.sql").read_text(encoding="utf-8")

    @cached_property
    def baseline(self) -> Baseline:
        """What to know a database of 0.1.0 by."""
        lines = {
            name: (self.folder / "baseline" / name).read_text(encoding="utf-8").splitlines()
            for name in ("files.txt", "shape.txt", "objects.txt")
        }
        sums = (line.split("  ", 1) for line in lines["files.txt"])
        objects = (line.split("\t") for line in lines["objects.txt"])
        return Baseline(
            files={name: sha256 for sha256, name in sums},
            shape=frozenset(lines["shape.txt"]),
            objects=tuple((kind, name, relation) for kind, name, relation in objects),
        )


def sql_directory() -> Path:
    """Return the folder of SQL files: inside the installed package, else in the source tree."""
    packaged = Path(__file__).parents[1] / "sql"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "sql"


def _read(folder: Path, pattern: str) -> tuple[SqlFile, ...]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise ConfigurationError(
            f"No SQL files in {folder}: reinstall llm-footprint, its package is incomplete."
        )
    return tuple(SqlFile(p.name.removesuffix(".sql"), p.read_text(encoding="utf-8")) for p in paths)
