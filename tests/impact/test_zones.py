"""Where a request was computed: what an admin says, what the event says, its region, the usual zone."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

import psycopg
import pytest

from footprint.database import sql_directory
from footprint.impact.restating import Scope, restate
from footprint.impact.seeds import REGIONS_FILE, render_regions
from footprint.impact.shipped import shipped
from footprint.impact.sizes import DATA, read_rows
from house import Database, event

REGIONS = list(read_rows("region_zones.csv"))


def zone(database: Database, **fields: object) -> str:
    sent = event(**fields)
    database.store(sent)
    found = database.one(
        "select grid_zone from public.request_logs where event_id = %s", [sent["event_id"]]
    )
    assert isinstance(found, str)
    return found


def test_every_region_has_a_country_with_a_known_mix_and_a_source() -> None:
    mixes = shipped().grids
    for row in REGIONS:
        assert row["zone"] in mixes and row["source"].startswith("https://") and row["place"]
    assert {row["cloud"] for row in REGIONS} == {"aws", "azure", "gcp", "ovh", "scaleway"}
    assert len(REGIONS) >= 190


def test_no_two_clouds_write_one_region_the_same() -> None:
    assert len({row["region"] for row in REGIONS}) == len(REGIONS)


def test_the_committed_seed_is_what_the_data_says() -> None:
    assert (sql_directory() / REGIONS_FILE).read_text(encoding="utf-8") == render_regions()
    assert list(csv.DictReader((DATA / "region_zones.csv").read_text().splitlines())) == REGIONS


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"provider": "bedrock", "region": "eu-west-3"}, "FRA"),
        ({"provider": "azure", "region": "West Europe"}, "NLD"),
        ({"provider": "azure", "region": "swedencentral"}, "SWE"),
        ({"provider": "vertex_ai", "region": "europe-west9"}, "FRA"),
        ({"provider": "ovhcloud", "region": "GRA11"}, "FRA"),
        ({"provider": "scaleway", "region": "pl-waw"}, "POL"),
        ({"region": "nowhere-9"}, "USA"),  # the provider's usual zone
        ({"region": None}, "USA"),
        ({"region": "eu-west-3", "grid_zone": "SWE"}, "SWE"),  # what the event declares
        ({"provider": "azure", "model": "us/gpt-4o-2024-08-06"}, "USA"),
        ({"provider": "mistral", "model": "us/mistral-large-latest"}, "SWE"),  # not a region there
    ],
)
def test_the_zone_of_a_request(
    module_database: Database, fields: dict[str, str | None], expected: str
) -> None:
    provider = fields.get("provider", "openai")
    found = module_database.one(
        "select coalesce(z.zone, p.default_zone) from private.zone_of(%s, %s, null, %s, %s) z"
        " left join public.provider_facilities p on p.provider = %s and p.factor_set = '2026.11'",
        [
            provider,
            fields.get("model", "gpt-4o"),
            fields.get("region"),
            fields.get("grid_zone"),
            provider,
        ],
    )
    assert found == expected


def test_a_region_prefix_of_a_bedrock_name_says_the_country(module_database: Database) -> None:
    query = "select zone from private.zone_of('bedrock', %s, null, null, null)"
    for model, expected in {
        "jp.anthropic.claude-haiku-4-5-20251001-v1:0": "JPN",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0": "USA",
        "eu-west-3/anthropic.claude-v2": "FRA",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0": "EEE",  # anywhere in Europe
        "global.anthropic.claude-haiku-4-5-20251001-v1:0": "WOR",
        "anthropic.claude-v2": None,
    }.items():
        assert module_database.one(query, [model]) == expected, model


def test_a_stored_request_keeps_what_it_declared_beside_what_was_used(database: Database) -> None:
    assert zone(database, region="eu-west-3") == "FRA"
    assert zone(database, grid_zone="SWE") == "SWE"
    hints = database.rows("select zone_hint, grid_zone from public.request_logs order by 2")
    assert hints == [(None, "FRA"), ("SWE", "SWE")]


def test_an_admins_word_stands_above_event_and_region_and_is_audited(database: Database) -> None:
    call = "select public.set_zone_override(%s, %s, %s, %s)"
    database.one(call, ["OpenAI", "", "DEU", "all of it is in Frankfurt"], actor="admin")
    database.one(call, ["openai", "Team GPT", "NOR", "but this"], actor="admin")
    assert zone(database, grid_zone="SWE", region="eu-west-3") == "DEU"
    assert zone(database, model_group="team gpt") == "NOR"
    assert zone(database, provider="azure") == "USA"
    actions = database.rows("select action, target from public.audit_log order by audit_id")
    assert actions == [("zone.set", "openai/"), ("zone.set", "openai/team gpt")]


def test_a_zone_moves_carbon_and_water_and_never_energy(database: Database) -> None:
    """Poland's mix against Norway's, for new requests at once and for earlier ones restated."""
    figures = (
        "select energy_kwh, carbon_gco2e, water_l, grid_zone from public.request_logs"
        " order by created_at, event_id"
    )
    override = "select public.set_zone_override('openai', 'gpt-4o', %s, 'our contract')"
    database.store(event(grid_zone="POL"))
    [polish] = database.rows(figures)
    database.one(override, ["NOR"], actor="admin")
    database.store(event(grid_zone="POL"))
    [before, norwegian] = database.rows(figures)
    assert before == polish  # what was stored keeps its figures
    assert norwegian[3] == "NOR" and norwegian[0] == polish[0]
    grids, place = shipped().grids, shipped().facilities["openai"]
    carbon = grids["NOR"].carbon_gco2e_per_kwh - grids["POL"].carbon_gco2e_per_kwh
    assert float(norwegian[1] - polish[1]) == pytest.approx(float(polish[0]) * carbon, rel=1e-6)
    water = grids["NOR"].water_l_per_kwh - grids["POL"].water_l_per_kwh
    assert place.wue_l_per_kwh > 0  # what cools the place is the same in both
    assert float(norwegian[2] - polish[2]) == pytest.approx(float(polish[0]) * water, rel=1e-6)
    assert restate(database.url, Scope(), "we compute in Norway").rows_changed == 1
    assert {tuple(row) for row in database.rows(figures)} == {tuple(norwegian)}
    assert database.rollup_differences() == 0
    database.one(override, [""], actor="admin")
    assert database.one("select count(*) from public.zone_overrides") == 0
    assert restate(database.url, Scope(), "we do not").rows_changed == 2
    assert {tuple(row) for row in database.rows(figures)} == {tuple(polish)}
    actions = database.rows("select action, before ->> 'zone', after ->> 'zone' from public.audit_log"
                            " where action like 'zone.%' order by audit_id")  # fmt: skip
    assert actions == [("zone.set", None, "NOR"), ("zone.remove", "NOR", None)]


def test_the_deployments_seen_say_their_zone_and_who_says_so(database: Database) -> None:
    now = datetime.now(UTC).isoformat()
    database.one("select public.set_zone_override('openai', 'team', 'NOR', 'x')", actor="admin")
    database.store(
        *(event(started_at=now, region="eu-west-3", provider="bedrock") for _ in range(3)),
        event(started_at=now, model_group="Team"),
        event(started_at=now, grid_zone="SWE"),
        event(started_at=now, provider="mistral"),
        event(started_at=now, provider="never-heard-of"),
        event(started_at="2020-01-01T00:00:00+00:00", provider="long-ago"),
    )
    seen = database.one("select public.deployments_seen(90)", actor="admin")
    assert seen[0]["requests"] == 3
    assert {(row["provider"], row["zone"], row["said_by"]) for row in seen} == {
        ("bedrock", "FRA", "region"),
        ("openai", "NOR", "admin"),
        ("openai", "SWE", "request"),
        ("mistral", "SWE", "provider"),
        ("never-heard-of", "WOR", "unknown"),
    }


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["openai", "", "ATL", "x"], "ATL is not a zone with a known electricity mix"),
        (["", "", "FRA", "x"], "A provider and a source"),
        (["openai", "", "FRA", " "], "A provider and a source"),
    ],
)
def test_an_override_that_cannot_be_is_refused(
    module_database: Database, values: list[str], sentence: str
) -> None:
    with pytest.raises(psycopg.Error, match=sentence) as caught:
        module_database.one(
            "select public.set_zone_override(%s, %s, %s, %s)", values, actor="admin"
        )
    assert caught.value.sqlstate == "PT400"


def test_the_context_is_inlined_by_the_planner(any_database: Database) -> None:
    plan = any_database.rows(
        "explain (verbose, format json) select i.* from public.request_logs r"
        " cross join lateral private.zone_of(r.provider, r.model, r.model_group, r.region, r.zone_hint) z"
        " cross join lateral private.impact_of(r.provider, r.model, r.call_type, z.zone, r.cache_hit,"
        " '2026.11', 1, 2, 3) i"
    )[0][0]
    text = json.dumps(plan)
    assert "Function Scan" not in text and "impact_of" not in text and "zone_of" not in text
