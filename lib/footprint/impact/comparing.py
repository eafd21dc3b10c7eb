"""What changed from one factor set to another: models, energy, match, evidence, places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from footprint.database import call, connect
from footprint.errors import InputError
from footprint.impact.restating import rows_on_other_sets

Name = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A factor as far as two sets are compared: J per token, gCO2e per token, rung, evidence."""

    energy_j: float
    embodied_g: float
    match: str
    evidence: str


@dataclass(frozen=True)
class Change:
    """A model whose figures differ between two sets."""

    provider: str
    model: str
    before: Row
    after: Row

    @property
    def ratio(self) -> float:
        """Energy of a token after, as a multiple of what it was."""
        return self.after.energy_j / self.before.energy_j


@dataclass(frozen=True)
class Difference:
    """What one set has and another has not, and what both have and say differently.

    Attributes:
        changes: The largest change of energy first.
        places: Zones and providers whose mix or data centre differs.
    """

    added: tuple[Name, ...]
    removed: tuple[Name, ...]
    changes: tuple[Change, ...]
    places: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two sets say the same."""
        return not (self.added or self.removed or self.changes or self.places)


def compare(before: Mapping[Name, Row], after: Mapping[Name, Row]) -> Difference:
    """Return the difference of two sets' factors. Pure."""
    changes = [
        Change(*name, before[name], after[name])
        for name in before.keys() & after.keys()
        if before[name] != after[name]
    ]
    changes.sort(key=lambda c: (-max(c.ratio, 1 / c.ratio), c.provider, c.model))
    return Difference(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changes=tuple(changes),
        places=(),
    )


def diff(database_url: str, before: str, after: str) -> Difference:
    """Return what changed from one set of the database to another.

    Raises:
        InputError: where either is not there.
    """
    found = compare(_factors(database_url, before), _factors(database_url, after))
    places_before, places_after = _places(database_url, before), _places(database_url, after)
    names = sorted(places_before.keys() | places_after.keys())
    moved = tuple(n for n in names if places_before.get(n) != places_after.get(n))
    return Difference(found.added, found.removed, found.changes, moved)


def activate(database_url: str, factor_set: str) -> dict[str, int]:
    """Derive new requests with a set from now on; stored ones keep theirs.

    Returns:
        How many requests stand on each other set.

    Raises:
        InputError: where the set is not there.
    """
    call(database_url, "private.activate_factor_set", factor_set)
    return rows_on_other_sets(database_url, factor_set)


def _factors(database_url: str, factor_set: str) -> dict[Name, Row]:
    with connect(database_url) as connection:
        rows = connection.execute(
            "select provider, model, energy_j_per_token_out::float8,"
            " embodied_gco2e_per_token_out::float8, match, evidence"
            " from public.impact_factors where factor_set = %s",
            [factor_set],
        ).fetchall()
    if not rows:
        raise InputError(
            f"There is no factor set {factor_set} in the database: `footprint factors list` shows "
            "them."
        )
    return {
        (p, m): Row(float(e), float(g), match, evidence) for p, m, e, g, match, evidence in rows
    }


def _places(database_url: str, factor_set: str) -> dict[str, str]:
    with connect(database_url) as connection:
        rows = connection.execute(
            "select 'zone ' || zone, to_jsonb(g) - array['factor_set', 'source']"
            "  from public.grid_factors g where factor_set = %(set)s"
            " union all select 'provider ' || provider, to_jsonb(p) - array['factor_set', 'source']"
            "  from public.provider_facilities p where factor_set = %(set)s",
            {"set": factor_set},
        ).fetchall()
    return {str(name): json.dumps(value, sort_keys=True) for name, value in rows}
