"""The three tables of sizes that this project keeps itself, each row with its source and date.

`data/disclosed_sizes.csv`: open weights, from their papers and model cards.
`data/embedding_sizes.csv`: open embedding models, likewise; at work for a token is what is left
without the table of token embeddings, where that is published, else all.
`data/retired_models.csv`: models that EcoLogits (MPL-2.0) listed once and dropped since; each row
names the last release that had it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from typing import Final

from footprint.impact.ladder import Size

DATA: Final = resources.files("footprint.impact") / "data"


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file of the package."""
    yield from csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines())


def disclosed_sizes() -> list[Size]:
    """Return the sizes that makers of open weights published (parameters in billions)."""
    return _open_sizes("disclosed_sizes.csv")


def embedding_sizes() -> list[Size]:
    """Return the sizes of open embedding models (parameters in billions)."""
    return _open_sizes("embedding_sizes.csv")


def _open_sizes(table: str) -> list[Size]:
    return [
        Size(
            provider="",
            name=row["name"],
            active_b=(float(row["active_b"]),) * 2,
            total_b=(float(row["total_b"]),) * 2,
            disclosed=True,
            source=f"size:{row['name']}",
            measured_j=float(row["measured_j"]) if row.get("measured_j") else None,
            aliases=tuple(filter(None, row["aliases"].split(";"))),
        )
        for row in read_rows(table)
    ]


def disclosed_citations() -> dict[str, dict[str, str]]:
    """Return the source of each row of `disclosed_sizes` and `embedding_sizes`, by key."""
    return {
        f"size:{row['name']}": {"title": row["title"], "url": row["url"], "date": row["date"]}
        for table in ("disclosed_sizes.csv", "embedding_sizes.csv")
        for row in read_rows(table)
    }


def retired_models() -> list[Size]:
    """Return the models of earlier registries (parameters in billions)."""
    return [
        Size(
            provider=row["provider"],
            name=row["name"],
            active_b=(float(row["active_low_b"]), float(row["active_high_b"])),
            total_b=(float(row["total_low_b"]), float(row["total_high_b"])),
            disclosed=row["disclosed"] == "yes",
            source=row["source"],
        )
        for row in read_rows("retired_models.csv")
    ]
