"""Loading a factor set into the database: in bulk, once, never over another one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from footprint.database import connect
from footprint.errors import ConfigurationError, FootprintError
from footprint.impact.engine import Factor
from footprint.impact.factor_set import FactorSet

if TYPE_CHECKING:
    import psycopg

# Any two processes that load a set take turns on this advisory lock.
_LOCK = 0x_F007_FAC7
_FACTOR_COLUMNS = (
    "factor_id, factor_set, provider, model, match, evidence, energy_j_per_token_out,"
    " embodied_gco2e_per_token_out, band, weight_input, weight_cached, host_overhead,"
    " parameters_active_b, parameters_total_b, sources, kind, embodied_gco2e_per_token_in"
)


@dataclass(frozen=True)
class Loaded:
    """What became of a set: its name in the database, and whether it was there already."""

    name: str
    inserted: bool


@dataclass(frozen=True)
class StoredSet:
    """A set in the database: how many factors it has, when it was built, whether it is active."""

    name: str
    built_at: datetime
    factors: int
    active: bool


def load(database_url: str, built: FactorSet, *, activate: bool = False) -> Loaded:
    """Load a set, unless the database has its like under this name or a later one.

    Args:
        database_url: Direct address of the database.
        built: The set; where its name is taken by other figures, the next free suffix is used.
        activate: Whether new requests are to be derived with it from now on.

    Raises:
        ConfigurationError: where the database has not the schema.
        ServiceUnavailable: where it does not answer.
    """
    import psycopg

    try:
        with connect(database_url, autocommit=False) as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            name, inserted = _place(connection, built)
            if inserted:
                _insert(connection, built.renamed(name))
            if activate:
                _activate(connection, name)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise ConfigurationError(
            "The database has no tables for factors yet: run `footprint migrate` first."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise FootprintError(
            "This account may not load factors: use the database's owner in SUPABASE_DB_URL."
        ) from error
    return Loaded(name, inserted)


def add_factors(database_url: str, factors: Iterable[Factor]) -> None:
    """Add factors to the set they name; those that it has already stay as they are.

    Args:
        database_url: Direct address of the database.
        factors: Of one set, which is in the database.
    """
    with connect(database_url, autocommit=False) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute(
            "create temp table added (like public.impact_factors including defaults) on commit drop"
        )
        statement = f"copy added ({_FACTOR_COLUMNS}) from stdin"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for factor in factors:
                copy.write_row(_factor_row(factor))
        connection.execute(
            "insert into public.impact_factors select * from added on conflict do nothing"
        )


def stored_sets(database_url: str) -> list[StoredSet]:
    """Return the sets in the database, oldest first.

    Raises:
        ConfigurationError: where the database has not the schema.
        ServiceUnavailable: where it does not answer.
    """
    import psycopg

    try:
        with connect(database_url) as connection:
            rows = connection.execute(
                "select s.factor_set, s.built_at, count(f.factor_id),"
                " s.factor_set = (select value #>> '{}' from public.settings"
                "                  where key = 'active_factor_set')"
                " from public.factor_sets s left join public.impact_factors f using (factor_set)"
                " group by s.factor_set order by s.built_at, s.factor_set"
            ).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise ConfigurationError(
            "The database has no tables for factors yet: run `footprint migrate` first."
        ) from error
    return [StoredSet(name, at, count, bool(active)) for name, at, count, active in rows]


def _place(connection: psycopg.Connection, built: FactorSet) -> tuple[str, bool]:
    """Return the name for a set, and whether it is still to be inserted."""
    rows = connection.execute(
        "select factor_set, sources ->> 'fingerprint' from public.factor_sets"
        " where factor_set = %(name)s or factor_set like %(name)s || '.%%'",
        {"name": built.name},
    ).fetchall()
    for name, fingerprint in rows:
        if fingerprint == built.fingerprint:
            return str(name), False
    taken = {str(name) for name, _ in rows}
    if built.name not in taken:
        return built.name, True
    number = 1
    while f"{built.name}.{number}" in taken:
        number += 1
    return f"{built.name}.{number}", True


def _insert(connection: psycopg.Connection, built: FactorSet) -> None:
    connection.execute(
        "insert into public.factor_sets (factor_set, method_version, built_at, sources)"
        " values (%s, %s, %s, %s)",
        [
            built.name,
            built.sources["constants"]["method_version"],
            datetime.now(UTC),
            json.dumps(built.stored_sources),
        ],
    )
    _copy(
        connection,
        "grid_factors (factor_set, zone, carbon_gco2e_per_kwh, water_l_per_kwh, source)",
        (
            (built.name, g.zone, g.carbon_gco2e_per_kwh, g.water_l_per_kwh, g.source)
            for g in built.grids.values()
        ),
    )
    _copy(
        connection,
        "provider_facilities (factor_set, provider, pue, wue_l_per_kwh, default_zone, source,"
        " market_gco2e_per_kwh, market_source)",
        ((built.name, *astuple(f)) for f in built.facilities.values()),
    )
    _copy(connection, f"impact_factors ({_FACTOR_COLUMNS})", map(_factor_row, built.factors))


def _copy(connection: psycopg.Connection, target: str, rows: Iterator[tuple[Any, ...]]) -> None:
    statement = f"copy public.{target} from stdin"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _factor_row(factor: Factor) -> tuple[Any, ...]:
    return (
        factor.factor_id,
        factor.factor_set,
        factor.provider,
        factor.model,
        factor.match,
        factor.evidence,
        factor.energy_j_per_token_out,
        factor.embodied_gco2e_per_token_out,
        factor.band,
        factor.weight_input,
        factor.weight_cached,
        factor.host_overhead,
        factor.parameters_active_b,
        factor.parameters_total_b,
        json.dumps(dict(factor.sources)),
        factor.kind,
        factor.embodied_gco2e_per_token_in,
    )


def _activate(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        "insert into public.settings (key, value, description)"
        " values ('active_factor_set', %s,"
        " 'The factor set that the impact of new requests is derived with.')"
        " on conflict (key) do update set value = excluded.value, updated_by = null",
        [json.dumps(name)],
    )
