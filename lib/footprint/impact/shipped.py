"""The factor set that the package ships: written by `footprint factors build`, read by `estimate`.

Two files beside each other: a header (JSON: versions, constants, citations, facilities, grids) and
the factors (CSV, one a line, so that a change of the set can be read as a diff). Reading them
takes the standard library only.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

from footprint.impact import constants as c
from footprint.impact.engine import EMBEDDING, Facility, Factor, Grid
from footprint.impact.factor_set import FactorSet

FOLDER: Final = Path(__file__).parent / "data"
# What the factors' file has beside the sources; weights, overhead and bands stand in the header.
_COLUMNS: Final = (
    "provider",
    "model",
    "match",
    "evidence",
    "energy_j_per_token_out",
    "embodied_gco2e_per_token_out",
    "parameters_active_b",
    "parameters_total_b",
    "kind",
    "embodied_gco2e_per_token_in",
)
_TEXT_SOURCES: Final = ("matched", "size", "energy", "price")
_NUMBER_SOURCES: Final = ("usd_per_m_out",)


def header_path(name: str, folder: Path = FOLDER) -> Path:
    """Return where the header of a set lies."""
    return folder / f"factor_set_{name}.json"


def factors_path(name: str, folder: Path = FOLDER) -> Path:
    """Return where the factors of a set lie."""
    return folder / f"factor_set_{name}.csv"


def render_header(built: FactorSet, built_at: str) -> str:
    """Return the header file of a set.

    Args:
        built: The set.
        built_at: When it was built, ISO 8601, UTC.
    """
    header = {
        "factor_set": built.name,
        "method_version": built.sources["constants"]["method_version"],
        "built_at": built_at,
        "sources": built.stored_sources,
        "facilities": [asdict(facility) for facility in built.facilities.values()],
        "grids": [asdict(grid) for grid in built.grids.values()],
    }
    return json.dumps(header, indent=1, ensure_ascii=False) + "\n"


def render_factors(built: FactorSet) -> str:
    """Return the factors' file of a set."""
    text = io.StringIO()
    names = (*_COLUMNS, *_TEXT_SOURCES, *_NUMBER_SOURCES)
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for factor in built.factors:
        writer.writerow({**asdict(factor), **factor.sources})
    return text.getvalue()


def read_header(name: str = c.FACTOR_SET, folder: Path = FOLDER) -> dict[str, Any]:
    """Return the header of a shipped set."""
    header: dict[str, Any] = json.loads(header_path(name, folder).read_text(encoding="utf-8"))
    return header


def read_shipped(name: str = c.FACTOR_SET, folder: Path = FOLDER) -> FactorSet:
    """Return a shipped set, whole."""
    header = read_header(name, folder)
    text = factors_path(name, folder).read_text(encoding="utf-8")
    return FactorSet(
        name=name,
        factors=tuple(_factors(name, header["sources"]["constants"], text.splitlines())),
        facilities={row["provider"]: Facility(**row) for row in header["facilities"]},
        grids={row["zone"]: Grid(**row) for row in header["grids"]},
        sources={k: value for k, value in header["sources"].items() if k != "fingerprint"},
    )


@cache
def shipped() -> FactorSet:
    """Return the shipped set of this version, read once a process."""
    return read_shipped()


def _factors(name: str, constants: dict[str, Any], lines: Iterable[str]) -> Iterable[Factor]:
    for row in csv.DictReader(lines):
        sources: dict[str, str | float] = {key: row[key] for key in _TEXT_SOURCES if row[key]}
        sources.update({key: float(row[key]) for key in _NUMBER_SOURCES if row[key]})
        reads = row["kind"] == EMBEDDING
        yield Factor(
            factor_set=name,
            provider=row["provider"],
            model=row["model"],
            match=row["match"],
            evidence=row["evidence"],
            energy_j_per_token_out=float(row["energy_j_per_token_out"]),
            embodied_gco2e_per_token_out=float(row["embodied_gco2e_per_token_out"]),
            band=constants["embedding_bands" if reads else "bands"][row["evidence"]],
            weight_input=1.0 if reads else constants["weight_input"],
            weight_cached=1.0 if reads else constants["weight_cached"],
            host_overhead=constants["host_overhead"],
            parameters_active_b=_number(row["parameters_active_b"]),
            parameters_total_b=_number(row["parameters_total_b"]),
            sources=sources,
            kind=row["kind"],
            embodied_gco2e_per_token_in=float(row["embodied_gco2e_per_token_in"]),
        )


def _number(text: str) -> float | None:
    return float(text) if text else None
