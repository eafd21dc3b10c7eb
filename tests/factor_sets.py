"""A second factor set for tests: the active one with every energy times a number."""

from __future__ import annotations

from house import Database

_TABLES = {
    "grid_factors": "zone, carbon_gco2e_per_kwh, water_l_per_kwh, source",
    "provider_facilities": "provider, pue, wue_l_per_kwh, default_zone, source, market_gco2e_per_kwh,"
    " market_source",
}
_FACTOR = (
    "provider, model, match, evidence, embodied_gco2e_per_token_out, band, weight_input,"
    " weight_cached, host_overhead, parameters_active_b, parameters_total_b, sources, kind,"
    " embodied_gco2e_per_token_in"
)


def add_set(database: Database, name: str, times: float, *, but: str = "nothing") -> str:
    """Add a set in which a token takes ``times`` the energy, and a model has no factor (``but``)."""
    with database.connect() as connection, connection.transaction():
        connection.execute(
            "insert into public.factor_sets select %s, method_version, now(), sources"
            " from public.factor_sets where factor_set = '2026.11'",
            [name],
        )
        for table, columns in _TABLES.items():
            connection.execute(
                f"insert into public.{table} (factor_set, {columns}) select %s, {columns}"
                f" from public.{table} where factor_set = '2026.11'",
                [name],
            )
        connection.execute(
            f"insert into public.impact_factors (factor_id, factor_set, energy_j_per_token_out,"
            f" {_FACTOR}) select %(name)s || '/' || provider || '/' || model, %(name)s,"
            f" energy_j_per_token_out * %(times)s, {_FACTOR} from public.impact_factors"
            " where factor_set = '2026.11' and model <> %(but)s",
            {"name": name, "times": times, "but": but},
        )
    return name


def activate(database: Database, name: str) -> None:
    """Make a set the active one, as an operator does."""
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'active_factor_set'",
        [name],
    )
