"""What the ingest benchmarks share: throw-away databases with the schema, and how to report."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from footprint.database import migrate
from footprint.local.stack import Stack

TEMPLATE = "bench_template"


@dataclass
class Databases:
    """One PostgreSQL on which databases with the schema are made and dropped."""

    stack: Stack
    url: str
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def fresh(self, template: str = TEMPLATE) -> Iterator[tuple[str, str]]:
        """Make a database; yield its name and address, and drop it in the end."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}")
            try:
                yield name, conninfo.make_conninfo(self.url, dbname=name)
            finally:
                connection.execute(f"drop database {name} with (force)")


@contextmanager
def databases() -> Iterator[Databases]:
    """Start an embedded Supabase in a temporary folder, with the schema in a template database."""
    with tempfile.TemporaryDirectory(prefix="footprint bench ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        try:
            with psycopg.connect(info.database_url, autocommit=True) as connection:
                connection.execute(f"create database {TEMPLATE}")
            stack.serve(TEMPLATE).stop()
            migrate(conninfo.make_conninfo(info.database_url, dbname=TEMPLATE))
            yield Databases(stack, info.database_url, Path(folder))
        finally:
            stack.down()


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    return {"cores": os.cpu_count(), "system": platform.platform(terse=True)}


def rates_table(rates: Mapping[str, Sequence[float]], base: str) -> str:
    """Return rows a second: median, slowest, and the median as a share of that of `base`."""
    reference = statistics.median(rates[base])
    lines = [f"{'':<46}{'rows/s':>9}{'slowest':>9}{'ratio':>8}"]
    for name, values in rates.items():
        middle = statistics.median(values)
        lines.append(f"{name:<46}{middle:>9,.0f}{min(values):>9,.0f}{middle / reference:>8.2f}")
    return "\n".join(lines)


def report(benchmark: str, **figures: Any) -> str:
    """Return the figures as one line of JSON."""
    return json.dumps({"benchmark": benchmark, "machine": machine(), **figures})
