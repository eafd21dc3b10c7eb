"""The tables of sizes that this project keeps itself, each row with its source and date.

`data/disclosed_sizes.csv`: open weights, from their papers and model cards.
`data/embedding_sizes.csv`: open embedding models, likewise; at work for a token is what is left
without the table of token embeddings, where that is published, else all.
`data/retired_models.csv`: models that EcoLogits (MPL-2.0) listed once and dropped since; each row
names the last release that had it.

For names that the shipped set lacks, read by `resolution` only (the set stays as it was built):
`data/registry_models.csv`: the models of EcoLogits (MPL-2.0) that the set was built with.
`data/later_sizes.csv`: sizes of open weights that were added after it.
`data/ollama_tags.csv`: what Ollama's registry gives for a family without a tag, and tags whose
number is not the model's size.
`data/hosted_names.csv`: names that mean a certain model at one host.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from typing import Final

from footprint.impact.ladder import Size
from footprint.impact.ollama import Tagged

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


def later_sizes() -> list[Size]:
    """Return sizes of open weights that the shipped set was built without (billions)."""
    return _open_sizes("later_sizes.csv", "later")


def ollama_tags() -> list[Tagged]:
    """Return the tags of Ollama's library that say another size than their number, and defaults."""
    return [
        Tagged(
            family=row["family"],
            tag=row["tag"],
            default=row["default"] == "yes",
            size=Size(
                provider="ollama",
                name=f"{row['family']}:{row['tag']}",
                active_b=(float(row["active_b"]),) * 2,
                total_b=(float(row["total_b"]),) * 2,
                disclosed=True,
                source=f"ollama:{row['family']}",
            ),
        )
        for row in read_rows("ollama_tags.csv")
    ]


def hosted_names() -> dict[tuple[str, str], str]:
    """Return the names that mean a certain model at one host: (provider, name) to the model's."""
    return {(row["provider"], row["model"]): row["means"] for row in read_rows("hosted_names.csv")}


def _open_sizes(table: str, key: str = "size") -> list[Size]:
    return [
        Size(
            provider="",
            name=row["name"],
            active_b=(float(row["active_b"]),) * 2,
            total_b=(float(row["total_b"]),) * 2,
            disclosed=True,
            source=f"{key}:{row['name']}",
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


def later_citations() -> dict[str, dict[str, str]]:
    """Return the source of each row of `later_sizes` and each family of `ollama_tags`, by key."""
    later = {
        f"later:{row['name']}": {"title": row["title"], "url": row["url"], "date": row["date"]}
        for row in read_rows("later_sizes.csv")
    }
    tags = {
        f"ollama:{row['family']}": {
            "title": f"Ollama's library: {row['family']}",
            "url": row["url"],
            "date": "2026-06",
        }
        for row in read_rows("ollama_tags.csv")
    }
    return later | tags


def registry_models() -> list[Size]:
    """Return the models of the registry that the shipped set was built with (billions)."""
    return _registry_sizes("registry_models.csv")


def retired_models() -> list[Size]:
    """Return the models of earlier registries (parameters in billions)."""
    return _registry_sizes("retired_models.csv")


def _registry_sizes(table: str) -> list[Size]:
    return [
        Size(
            provider=row["provider"],
            name=row["name"],
            active_b=(float(row["active_low_b"]), float(row["active_high_b"])),
            total_b=(float(row["total_low_b"]), float(row["total_high_b"])),
            disclosed=row["disclosed"] == "yes",
            source=row["source"],
            tokens_per_s=_number(row.get("tokens_per_s")),
            first_token_s=_number(row.get("first_token_s")),
        )
        for row in read_rows(table)
    ]


def _number(text: str | None) -> float | None:
    return float(text) if text else None
