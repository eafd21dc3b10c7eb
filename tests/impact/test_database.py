"""The same figures in SQL: parity over the whole set, protection, and loading further sets."""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg
import pytest

from footprint.cli import main
from footprint.config import get_settings
from footprint.database import sql_directory
from footprint.errors import ConfigurationError
from footprint.impact import TokenCounts, derive, estimate, seeds
from footprint.impact.factors import build_factor_set
from footprint.impact.loading import add_factors, load, stored_sets
from footprint.impact.resolving import match_names
from footprint.impact.shipped import shipped
from footprint.local.stack import Stack, StackInfo
from house import Database

TABLES = ["factor_sets", "grid_factors", "provider_facilities", "impact_factors"]
AMOUNTS = ["energy_kwh", "carbon_gco2e", "water_l"]
TOKENS = [(300, 1000, 200), (1, 0, 0), (0, 1, 0), (0, 0, 1), (10**12, 10**12, 10**12)]


def test_sql_and_python_agree_over_the_whole_set(module_database: Database) -> None:
    kept = shipped()
    rows = module_database.rows(
        "select f.provider, f.model, t.n, i.* from public.impact_factors f"
        " join public.provider_facilities p on p.factor_set = f.factor_set and p.provider ="
        "   case when exists (select 1 from public.provider_facilities x"
        "     where x.factor_set = f.factor_set and x.provider = f.provider)"
        "   then f.provider else '' end"
        " join public.grid_factors g on g.factor_set = f.factor_set and g.zone = p.default_zone"
        " cross join unnest(%s::bigint[], %s::bigint[], %s::bigint[]) with ordinality"
        "   as t (tokens_out, uncached, cached, n)"
        " cross join lateral private.derive_impact(f.energy_j_per_token_out::float8,"
        "   f.embodied_gco2e_per_token_out::float8, f.embodied_gco2e_per_token_in::float8,"
        "   f.band::float8, f.weight_input::float8, f.weight_cached::float8, f.host_overhead::float8, p.pue::float8, p.wue_l_per_kwh::float8,"
        "   g.carbon_gco2e_per_kwh::float8, g.water_l_per_kwh::float8,"
        "   t.tokens_out, t.uncached, t.cached) as i"
        " where f.factor_set = %s",
        [*map(list, zip(*TOKENS, strict=True)), kept.name],
    )
    assert len(rows) == len(kept.factors) * len(TOKENS)
    factors = {(f.provider, f.model): f for f in kept.factors}
    for provider, model, n, *figures in rows:
        place = kept.facilities.get(provider, kept.facilities[""])
        tokens = TokenCounts(*TOKENS[n - 1])
        impact = derive(factors[provider, model], place, kept.grids[place.default_zone], tokens)
        for name, mid, low, high in zip(
            AMOUNTS, figures[0::3], figures[1::3], figures[2::3], strict=True
        ):
            ours = getattr(impact, name)
            assert (low, mid, high) == pytest.approx((ours.low, ours.mid, ours.high), rel=1e-9)


@pytest.mark.parametrize(
    ("provider", "model", "zone"),
    [
        ("openai", "gpt-4o", None),
        ("openai", "gpt-4o", "FRA"),
        ("bedrock", "eu.anthropic.claude-opus-5", None),
        ("some-host", "a-model-nobody-knows", None),
        ("xai", "grok-4.5", "DEU"),
        ("groq", "openai/gpt-oss-20b", None),
    ],
)
def test_an_estimate_is_what_ingest_derives(
    module_database: Database, provider: str, model: str, zone: str | None
) -> None:
    found = estimate(provider, model, 1200, 300, cached=200, zone=zone)
    row = module_database.rows(
        "select energy_kwh, carbon_gco2e, water_l, factor_id, match, evidence, impact_reason"
        " from private.impact_of(%s, %s, 'chat', %s, false, %s, 300, 1000, 200)",
        [provider, model, zone, found.factor_set],
    )[0]
    if found.factor is None:
        assert row == (None, None, None, None, None, None, found.impact.reason)
        return
    amounts = [getattr(found.impact, name).mid for name in AMOUNTS]
    assert row[:3] == pytest.approx(amounts, rel=1e-9)
    assert row[3:] == (found.factor.factor_id, found.factor.match, found.factor.evidence, None)


def test_an_estimate_of_a_name_the_set_lacks_is_what_ingest_derives_once_it_is_resolved(
    database: Database,
) -> None:
    found = estimate("some-host", "gpt-4o", 1200, 300, cached=200)
    assert found.factor is not None and "resolved" in found.factor.sources
    query = (
        "select energy_kwh, carbon_gco2e, water_l, match, evidence, impact_reason"
        " from private.impact_of('some-host', 'gpt-4o', 'chat', null, false, %s, 300, 1000, 200)"
    )
    assert database.rows(query, [found.factor_set]) == [(None, None, None, None, None, "no_factor")]
    add_factors(database.url, match_names(found.factor_set, [("some-host", "gpt-4o")]))
    row = database.rows(query, [found.factor_set])[0]
    amounts = [getattr(found.impact, name).mid for name in AMOUNTS]
    assert row[:3] == pytest.approx(amounts, rel=1e-9)
    assert row[3:] == (found.factor.match, found.factor.evidence, None)


def test_the_seeded_numbers_are_those_of_the_shipped_files(module_database: Database) -> None:
    kept = shipped()
    stored = {
        (provider, model): figures
        for provider, model, *figures in module_database.rows(
            "select provider, model, factor_id, match, evidence, energy_j_per_token_out::float8,"
            " embodied_gco2e_per_token_out::float8, band::float8, weight_input::float8,"
            " weight_cached::float8, host_overhead::float8, parameters_active_b::float8,"
            " parameters_total_b::float8, sources, kind, embodied_gco2e_per_token_in::float8"
            " from public.impact_factors"
        )
    }
    assert len(stored) == len(kept.factors)
    for f in kept.factors:
        assert stored[f.provider, f.model] == [
            f.factor_id,
            f.match,
            f.evidence,
            f.energy_j_per_token_out,
            f.embodied_gco2e_per_token_out,
            f.band,
            f.weight_input,
            f.weight_cached,
            f.host_overhead,
            f.parameters_active_b,
            f.parameters_total_b,
            dict(f.sources),
            f.kind,
            f.embodied_gco2e_per_token_in,
        ]
    grids = module_database.rows(
        "select zone, carbon_gco2e_per_kwh::float8, water_l_per_kwh::float8 from public.grid_factors"
    )
    assert {zone: (carbon, water) for zone, carbon, water in grids} == {
        g.zone: (g.carbon_gco2e_per_kwh, g.water_l_per_kwh) for g in kept.grids.values()
    }
    fingerprint = "select sources ->> 'fingerprint' from public.factor_sets"
    assert module_database.one(fingerprint) == kept.fingerprint


def test_every_postgresql_holds_the_set_and_the_formula(any_database: Database) -> None:
    assert any_database.one("select count(*) from public.impact_factors") == len(shipped().factors)
    row = any_database.rows(
        "select * from private.derive_impact(2, 1e-4, 0, 3, 0.085, 0.0085, 1.6, 1.25, 0.5, 400, 3,"
        " 900, 1000, 2000)"
    )[0]
    # The request worked out by hand in test_engine.py.
    assert row[0::3] == pytest.approx((4008 / 3.6e6, 0.535333333, 0.003785333333))


def test_the_formula_is_inlined_by_the_planner(any_database: Database) -> None:
    plan = any_database.rows(
        "explain (verbose) select f.factor_id, i.* from public.impact_factors f"
        " cross join lateral private.derive_impact(f.energy_j_per_token_out::float8, 1, 0, 2, 0.1, 0.01,"
        "   1.6, 1.2, 0.5, 400, 3, 100::bigint, 100::bigint, 100::bigint) as i"
    )
    text = "\n".join(line for (line,) in plan)
    assert "Function Scan" not in text and "derive_impact" not in text


def test_nothing_in_gives_nothing_out(module_database: Database) -> None:
    row = module_database.rows(
        "select * from private.derive_impact(null, 1, 0, 2, 0.1, 0.01, 1.6, 1.2, 0.5, 400, 3, 1, 1, 1)"
    )[0]
    assert set(row) == {None}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["update {} set factor_set = '2026.11'", "delete from {}"])
def test_a_loaded_set_cannot_be_changed_even_by_the_owner(
    module_database: Database, table: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never change once loaded"):
        module_database.execute(statement.format(f"public.{table}"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never change once loaded"):
        module_database.execute(f"truncate public.{table} cascade")


@pytest.mark.parametrize("table", [*TABLES, "model_mappings"])
@pytest.mark.parametrize("actor", ["member", "admin", "finance", "service"])
def test_everyone_signed_in_reads_the_figures_and_nobody_writes_them(
    module_database: Database, table: str, actor: str
) -> None:
    module_database.rows(f"select * from public.{table} limit 1", actor=actor)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        module_database.execute(f"insert into public.{table} default values", actor=actor)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        module_database.execute(f"delete from public.{table}", actor=actor)


@pytest.mark.parametrize("table", [*TABLES, "model_mappings"])
def test_strangers_see_no_figures(module_database: Database, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        module_database.rows(f"select * from public.{table}", actor="anonymous")


def test_an_admins_mapping_stands_above_the_ladder(database: Database) -> None:
    database.execute(
        "insert into public.model_mappings (provider, model, target_provider, target_model, source)"
        " values ('', 'house-model', 'openai', 'gpt-4o', 'its release notes')"
    )
    mapped = database.rows(
        "select factor_id, match from private.impact_of('', 'House-Model', 'chat', null, false,"
        " '2026.11', 10, 0, 0)"
    )
    assert mapped == [("2026.11/openai/gpt-4o", "admin")]


def test_sync_says_that_nothing_changed_where_the_set_is_there(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    try:
        assert main(["factors", "sync"]) == 0
        assert "unchanged: the database has these figures as 2026.11." in capsys.readouterr().out
        assert main(["factors", "list"]) == 0
        shown = capsys.readouterr().out
        assert "shipped   2026.11: 3103 factors" in shown and shown.rstrip().endswith("active")
    finally:
        get_settings.cache_clear()


def test_other_figures_under_a_taken_name_get_the_next_suffix(database: Database) -> None:
    built = build_factor_set()
    other = replace(built, factors=tuple(replace(f, band=9.0) for f in built.factors))
    first = load(database.url, other)
    assert (first.name, first.inserted) == ("2026.11.1", True)
    again = load(database.url, other)
    assert (again.name, again.inserted) == ("2026.11.1", False)
    third = replace(built, factors=built.factors[:10])
    assert load(database.url, third, activate=True).name == "2026.11.2"
    assert database.one("select private.setting('active_factor_set')") == "2026.11.2"
    assert [(s.name, s.factors, s.active) for s in stored_sets(database.url)] == [
        ("2026.11", 3133, False),
        ("2026.11.1", 3133, False),
        ("2026.11.2", 10, True),
    ]
    assert (
        database.one("select min(band) from public.impact_factors where factor_set = '2026.11.1'")
        == 9
    )


def test_seeding_again_leaves_a_set_of_other_figures_alone(database: Database) -> None:
    # As if an earlier build had been loaded under the shipped name.
    with database.connect() as connection:
        connection.execute("alter table public.factor_sets disable trigger user")
        connection.execute(
            "update public.factor_sets set sources = sources || %s",
            [json.dumps({"fingerprint": "x"})],
        )
        connection.execute("alter table public.impact_factors disable trigger user")
        connection.execute("delete from public.impact_factors")
        for name in (seeds.FACILITIES_FILE, seeds.FACTORS_FILE):
            connection.execute((sql_directory() / name).read_bytes())
    assert database.one("select count(*) from public.impact_factors") == 0


def test_loading_into_a_database_without_the_schema_says_what_to_do(
    stack_and_info: tuple[Stack, StackInfo],
) -> None:
    info = stack_and_info[1]
    with pytest.raises(ConfigurationError, match="footprint migrate"):
        load(info.database_url, shipped())
