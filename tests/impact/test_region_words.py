"""Places as providers write them: regions, inference profiles, geographies, and words nobody knows."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from footprint.database import sql_directory
from footprint.impact.engine import Grid, Range, TokenCounts, derive
from footprint.impact.methodology import render_markdown
from footprint.impact.restating import Scope, restate
from footprint.impact.seeds import WORDS_FILE, render_words
from footprint.impact.shipped import shipped
from footprint.impact.sizes import read_rows
from footprint.impact.usual_zones import caveat_of, usual_zones
from footprint.ingest.region import region_of
from house import Database, event

WORDS = list(read_rows("region_words.csv"))
REGIONS = list(read_rows("region_zones.csv"))
# Places as public documents write them, with what a request of this provider must count with.
PUBLIC = list(
    csv.DictReader(
        (Path(__file__).parents[1] / "fixtures" / "region_words.csv").read_text().splitlines()
    )
)
FIGURES = (
    "energy_kwh::float8, energy_kwh_low::float8, energy_kwh_high::float8, carbon_gco2e::float8,"
    " carbon_gco2e_low::float8, carbon_gco2e_high::float8, water_l::float8, water_l_low::float8,"
    " water_l_high::float8"
)
PLACE_FLAGS = {"several_countries", "unknown_region"}


def know(database: Database, *names: tuple[str, str]) -> None:
    """Say that the models of these providers weigh what gpt-4o does."""
    with database.connect() as connection:
        connection.cursor().executemany(
            "insert into public.model_mappings (provider, model, target_provider, target_model,"
            " source) values (lower(%s), lower(%s), 'openai', 'gpt-4o', 'test')"
            " on conflict do nothing",
            names,
        )


def stored(database: Database, **fields: Any) -> tuple[Any, ...]:
    """Store a request; return its zone, flags and figures."""
    sent = event(**fields)
    know(database, (sent["provider"], sent["model"]))
    assert database.store(sent)["inserted"] == 1
    [row] = database.rows(
        f"select grid_zone, flags, {FIGURES} from public.request_logs where event_id = %s",
        [sent["event_id"]],
    )
    return tuple(row)


def test_every_word_has_a_place_with_a_known_mix_and_a_source() -> None:
    mixes = shipped().grids
    for row in WORDS:
        zones = row["zones"].split()
        assert row["zone"] in {*mixes, ""} and set(zones) <= set(mixes), row
        assert row["source"].startswith("https://") and row["place"]
        # A mean of countries is used for nothing but several of them, which are named.
        assert (len(zones) > 1) == (row["zone"] in ("EEE", "WOR", "")), row
        assert (row["zone"] == "") == (row["word"] == "*"), row
    assert len({(row["cloud"], row["word"]) for row in WORDS}) == len(WORDS) >= 290


def test_any_place_of_a_cloud_is_all_the_countries_that_its_words_name() -> None:
    named: dict[str, set[str]] = {}
    for row in [*REGIONS, *WORDS]:
        if row["cloud"] and not row.get("zones"):
            named.setdefault(row["cloud"], set()).add(row["zone"])
    anywhere = {row["cloud"]: set(row["zones"].split()) for row in WORDS if row["word"] == "*"}
    assert anywhere == named | {"": set().union(*named.values())}


def test_every_usual_zone_says_what_is_not_known_of_it() -> None:
    said = [provider for one in usual_zones() for provider in one.providers or ("",)]
    assert sorted(said) == sorted(shipped().facilities) and len(set(said)) == len(said)
    assert all(one.caveat.endswith(".") and one.source for one in usual_zones())
    assert "gas turbines" in caveat_of("Anthropic") and "gas turbines" in render_markdown()
    assert caveat_of("never-heard-of") == usual_zones()[-1].caveat


def test_the_committed_words_are_what_the_data_says() -> None:
    assert (sql_directory() / WORDS_FILE).read_text(encoding="utf-8") == render_words()


def test_every_public_word_counts_with_its_country(database: Database) -> None:
    assert len(PUBLIC) >= 250 and all(row["source"].startswith("https://") for row in PUBLIC)
    sent = [
        event(
            provider=row["provider"], region=row["region"] or None, model=row["model"] or "gpt-4o"
        )
        for row in PUBLIC
    ]
    know(database, *((one["provider"], one["model"]) for one in sent))
    assert database.store(*sent)["inserted"] == len(PUBLIC)
    found = {
        str(id): (zone, next(iter(PLACE_FLAGS & set(flags or ())), ""))
        for id, zone, flags in database.rows(
            "select event_id, grid_zone, flags from public.request_logs"
        )
    }
    wrong = [
        (row["provider"], row["region"], row["model"], row["zone"], row["flag"], found[id])
        for row, id in zip(PUBLIC, (one["event_id"] for one in sent), strict=True)
        if found[id] != (row["zone"], row["flag"])
    ]
    assert not wrong


def test_a_region_of_several_countries_widens_carbon_and_water_by_their_grids(
    database: Database,
) -> None:
    """Worked out by hand for Bedrock in the EU: Sweden's 35.26 to Germany's 329.65 g per kWh.

    Europe's mean is 282.68 g and 3.908 L; the least water is Ireland's 1.4769 L, the most Spain's
    6.2088 L. What making the hardware weighs is the same wherever it stands.
    """
    usual = stored(database, provider="bedrock", model="x", grid_zone="EEE")
    zone, flags, *figures = stored(database, provider="bedrock", model="eu.anthropic.claude-x")
    assert (zone, flags) == ("EEE", ["several_countries"])
    energy, carbon, water = figures[0:3], figures[3:6], figures[6:9]
    assert energy == list(usual[2:5]) and carbon[0] == usual[5] and water[0] == usual[8]
    band = energy[2] / energy[0]
    made = carbon[0] - energy[0] * 282.68
    least, most = energy[0] * 35.26 + made, energy[0] * 329.65 + made
    by_hand = Range.around_places(carbon[0], band, least, most)
    assert carbon[1:] == pytest.approx([by_hand.low, by_hand.high], rel=1e-6)
    assert carbon[0] / carbon[1] == pytest.approx(
        math.exp(math.sqrt(math.log(band) ** 2 + math.log(carbon[0] / least) ** 2)), rel=1e-6
    )
    on_site = water[0] - energy[0] * 3.908
    driest, wettest = energy[0] * 1.4769 + on_site, energy[0] * 6.2088 + on_site
    by_hand = Range.around_places(water[0], band, driest, wettest)
    assert water[1:] == pytest.approx([by_hand.low, by_hand.high], rel=1e-6)


@pytest.mark.parametrize(
    ("provider", "model", "region", "word"),
    [
        ("bedrock", "eu.anthropic.claude-x", None, ("aws", "eu")),
        ("bedrock", "apac.anthropic.claude-x", None, ("aws", "apac")),
        ("bedrock", "global.anthropic.claude-x", None, ("aws", "global")),
        ("azure", "gpt-4o", "atlantis", ("azure", "*")),
        ("some-host", "gpt-4o", "atlantis", ("", "*")),
        ("openai", "gpt-4o", "eu", ("openai", "eu")),
    ],
)
def test_sql_and_python_widen_alike(
    database: Database, provider: str, model: str, region: str | None, word: tuple[str, str]
) -> None:
    kept = shipped()
    [row] = [row for row in WORDS if (row["cloud"], row["word"]) == word]
    place = kept.facilities.get(provider, kept.facilities[""])
    grid = kept.grids[row["zone"] or place.default_zone]
    [factor] = [f for f in kept.factors if (f.provider, f.model) == ("openai", "gpt-4o")]
    possible = [kept.grids[zone] for zone in row["zones"].split()]
    impact = derive(factor, place, grid, TokenCounts(200, 1000, 0), possible)
    zone, _, *figures = stored(database, provider=provider, model=model, region=region)
    assert zone == grid.zone
    expected = [
        getattr(getattr(impact, amount), end)
        for amount in ("energy_kwh", "carbon_gco2e", "water_l")
        for end in ("mid", "low", "high")
    ]
    assert figures == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("least", "most"), [(100.0, 100.0), (50.0, 200.0), (0.0, 1e9), (150.0, 160.0), (20.0, 30.0)]
)
def test_a_wider_range_holds_the_one_that_it_widens(least: float, most: float) -> None:
    plain, wide = Range.around(100.0, 3.0), Range.around_places(100.0, 3.0, least, most)
    assert 0 < wide.low <= plain.low and wide.high >= plain.high and wide.mid == plain.mid
    if (least, most) == (100.0, 100.0):
        assert wide == plain


def test_places_without_carbon_or_water_do_not_break_the_formula(database: Database) -> None:
    query = (
        "select i.carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high, water_l_low, water_l_high from"
        " private.derive_impact(2, 0, 0, 3, 0.085, 0.0085, 1.6, 1.25, 0, %s, %s, %s, 0, 0,"
        " 0, 500, 0, 5) i"
    )
    for carbon, water, tokens in ((400, 3, 1000), (0, 0, 1000), (400, 3, 0)):
        [row] = database.rows(query, [carbon, water, tokens])
        assert all(value is not None and 0 <= value < 1e9 for value in row), row
        kept = shipped()
        possible = [Grid("A", 0, 0), Grid("C", 500, 5)]
        impact = derive(
            replace(kept.factors[0], embodied_gco2e_per_token_out=0),
            replace(kept.facilities[""], wue_l_per_kwh=0),
            Grid("B", carbon, water),
            TokenCounts(tokens),
            possible,
        )
        assert (impact.carbon_gco2e is None) == (tokens == 0)


HOSTILE = [
    "x" * 10_000,
    "eu-west-3" * 1_000,
    "(" * 5_000 + "a",
    ".*+?[](){}|^$\\",
    "%' or 1=1; drop table public.region_words; --",
    "*",
    "\U0001f30d",
    "{eu-west-3}",
    "a" + "-" * 9_000 + "1b",
    "arn:aws:bedrock:::",
]


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("provider", ["openai", "bedrock", "azure", "(", ""])
def test_a_word_that_nobody_knows_keeps_the_usual_zone_and_says_so(
    module_database: Database, word: str, provider: str
) -> None:
    zone, zones, flag = module_database.rows(
        "select * from private.zone_of(%s, 'gpt-4o', null, %s, null)", [provider, word]
    )[0]
    assert (zone, flag) == (None, "unknown_region") and len(zones) > 20


@pytest.mark.parametrize("word", HOSTILE)
def test_a_hostile_model_name_names_no_place(module_database: Database, word: str) -> None:
    for provider in ("bedrock", "azure", "vertex_ai"):
        for model in (word, f"{word}/gpt-4o", f"{word}.anthropic.claude", f"converse/{word}"):
            row = module_database.rows(
                "select zone, flag from private.zone_of(%s, %s, null, null, null)",
                [provider, model],
            )[0]
            assert row in ((None, None), (None, "unknown_region")), (provider, model[:40])


def test_an_unknown_region_is_stored_with_a_flag_that_data_quality_counts(
    database: Database,
) -> None:
    known = stored(database, provider="bedrock", model="y", region="us-east-1")
    zone, flags, *figures = stored(database, provider="bedrock", model="y", region="eu-east-9")
    assert (zone, flags) == ("USA", ["unknown_region"])
    assert figures[:4] == list(known[2:6])
    for low, high, of in ((4, 5, known[6:8]), (7, 8, known[9:11])):
        assert figures[low] < of[0] and figures[high] > of[1]
    stored(database, provider="bedrock", model="eu.amazon.nova-x")
    counted = database.rows("select flag, sum(count) from private.ingest_flags group by 1")
    assert counted == [("unknown_region", 1)]


@pytest.mark.parametrize("word", ["", " ", "-", "none", "null", "auto", "Default", "not_available"])
def test_a_word_that_says_nothing_is_as_good_as_none(database: Database, word: str) -> None:
    assert stored(database, region=word)[:2] == ("USA", None)


def test_a_hit_of_the_gateways_cache_ran_nowhere(database: Database) -> None:
    sent = event(region="atlantis", cache_hit=True)
    database.store(sent)
    assert database.rows("select grid_zone, flags from public.request_logs") == [(None, None)]


def test_who_knows_better_takes_the_doubt_away(database: Database) -> None:
    assert stored(database, region="eu", grid_zone="SWE")[:2] == ("SWE", None)
    call = "select public.set_zone_override('openai', %s, 'FRA', 'our contract')"
    database.one(call, ["eu"], actor="admin")
    assert stored(database, region="EU")[:2] == ("FRA", None)
    assert stored(database, region="atlantis")[:2] == ("USA", ["unknown_region"])
    database.one(call, ["atlantis"], actor="admin")
    assert stored(database, region="atlantis")[:2] == ("FRA", None)


def test_an_operators_own_rows_stay_and_count(database: Database) -> None:
    source = "https://example.org"
    database.execute(
        "insert into public.region_zones values ('eu', 'aws', 'IRL', 'All of it', %s)", [source]
    )
    database.execute(
        "insert into public.region_words values ('', 'basement', 'CHE', '{}', 'Ours', %s)", [source]
    )
    database.execute(
        "update public.region_words set zone = 'NOR' where cloud = 'oci' and word = 'eu-milan-1'"
    )
    migration = (sql_directory() / WORDS_FILE).read_text(encoding="utf-8")
    database.execute(migration[migration.index("insert into") :])
    assert stored(database, provider="bedrock", model="eu.meta.llama")[:2] == ("IRL", None)
    assert stored(database, provider="openai", region="Basement")[:2] == ("CHE", None)
    assert stored(database, provider="oci", model="z", region="eu-milan-1")[0] == "NOR"


def test_earlier_requests_change_when_they_are_restated_and_not_before(database: Database) -> None:
    sent = {"provider": "bedrock", "model": "eu.anthropic.claude-x"}
    now = stored(database, **sent)
    # As an earlier release stored it: the provider's usual zone and the factor's own range.
    before = stored(database, provider="bedrock", model="eu.anthropic.claude-x", grid_zone="USA")
    database.execute(
        "update public.request_logs set zone_hint = null, flags = '{tokens_from_total}'"
        " where grid_zone = 'USA'"
    )
    assert restate(database.url, Scope(), "the words of providers").rows_changed == 1
    rows = database.rows(f"select grid_zone, flags, {FIGURES} from public.request_logs order by 2")
    assert rows == [now, ("EEE", ["tokens_from_total", "several_countries"], *now[2:])]
    assert before[0] == "USA" and before[2:5] == now[2:5]
    assert database.rollup_differences() == 0
    assert restate(database.url, Scope(), "again").rows_changed == 0
    database.one(
        "select public.set_zone_override('bedrock', '', 'USA', 'our contract')", actor="admin"
    )
    assert restate(database.url, Scope(), "we know better").rows_changed == 2
    rows = database.rows(f"select grid_zone, flags, {FIGURES} from public.request_logs order by 2")
    assert rows == [("USA", ["tokens_from_total"], *before[2:]), before]


def test_the_deployments_seen_say_where_a_region_leaves_doubt(database: Database) -> None:
    now = datetime.now(UTC).isoformat()
    for word in ("eu", "atlantis", "eu-west-3"):
        database.store(event(started_at=now, region=word))
    seen = database.one("select public.deployments_seen(90)", actor="admin")
    assert {(row["region"], row["zone"], row["said_by"]) for row in seen} == {
        ("eu", "EEE", "several_countries"),
        ("atlantis", "USA", "unknown_region"),
        ("eu-west-3", "FRA", "region"),
    }


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse", "eu-west-1"),
        ("https://vpce-0a1-b.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", "us-east-1"),
        ("https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/e", "eu-west-1"),
        ("https://europe-west4-aiplatform.googleapis.com/v1/projects/p", "europe-west4"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "eu"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global/x", "global"),
        ("https://swedencentral.api.cognitive.microsoft.com/openai", "swedencentral"),
        ("https://Mistral-large.eastus2.models.ai.azure.com", "eastus2"),
        ("https://e.westeurope.inference.ml.azure.com/score", "westeurope"),
        ("https://inference.generativeai.us-chicago-1.oci.oraclecloud.com", "us-chicago-1"),
        ("https://eu-de.ml.cloud.ibm.com/ml/v1/text/chat", "eu-de"),
        ("https://eu.api.openai.com/v1", "eu"),
        ("https://eu-west-1.api.x.ai/v1", "eu-west-1"),
        ("https://api.tokenfactory.us-central1.nebius.com/v1", "us-central1"),
        ("https://eu.inference.heroku.com", "eu"),
        ("https://llama.endpoints.gra.ai.cloud.ovh.net", "gra"),
        ("https://xy12345.west-europe.azure.snowflakecomputing.com", "west-europe.azure"),
        ("https://api.ai.prod.eu-central-1.aws.ml.hana.ondemand.com/v2", "eu-central-1"),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "ap-southeast-1"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "cn-beijing"),
        ("https://api.scaleway.ai/v1", "fr-par"),
        ("https://api.openai.com/v1", None),
        ("https://resource.openai.azure.com", None),
        ("https://my-org.snowflakecomputing.com", None),
        ("https://evil.example/?amazonaws.com" + "bedrock" * 500, None),
        (None, None),
        (7, None),
    ],
)
def test_an_address_names_its_region(address: object, region: str | None) -> None:
    assert region_of(address) == region
    if region:
        assert re.fullmatch(r"[a-z0-9.-]+", region)
