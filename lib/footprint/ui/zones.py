"""Grid zones as a reader calls them: countries by name, beside the code that the factor set has."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

# Common English names of the ISO 3166-1 alpha-3 codes, and of the averages EEE and WOR.
_NAMES = Path(__file__).parent / "data" / "zone_names.csv"


@lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """Return the names of zones by their code."""
    with _NAMES.open(encoding="utf-8", newline="") as file:
        return {row["zone"]: row["name"] for row in csv.DictReader(file)}


def zone_name(code: str) -> str:
    """Return a zone as ``Germany (DEU)``; the code alone where it has no name."""
    name = zone_names().get(code)
    return f"{name} ({code})" if name else code


def by_name(codes: Iterable[str]) -> list[str]:
    """Return codes in the order of their names."""
    return sorted(codes, key=zone_name)
