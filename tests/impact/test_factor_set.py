"""The shipped set: what it holds, and that files, SQL and a rebuild are one and the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from footprint.impact import constants as c
from footprint.impact import seeds, shipped
from footprint.impact.engine import EMBEDDING
from footprint.impact.factors import build_factor_set

SQL = Path(__file__).parents[2] / "sql"


@pytest.fixture(scope="module")
def header() -> dict[str, object]:
    return shipped.read_header()


def test_a_rebuild_from_the_installed_versions_gives_the_shipped_set() -> None:
    built, kept = build_factor_set(), shipped.shipped()
    assert built.factors == kept.factors
    assert dict(built.facilities) == dict(kept.facilities)
    assert dict(built.grids) == dict(kept.grids)
    assert built.fingerprint == kept.fingerprint


def test_the_seed_files_are_what_the_shipped_set_renders(header: dict[str, object]) -> None:
    kept, at = shipped.shipped(), str(header["built_at"])
    assert (SQL / seeds.FACILITIES_FILE).read_text() == seeds.render_facilities(kept, at)
    assert (SQL / seeds.FACTORS_FILE).read_text() == seeds.render_factors(kept)
    assert shipped.header_path(kept.name).read_text() == shipped.render_header(kept, at)
    assert shipped.factors_path(kept.name).read_text() == shipped.render_factors(kept)


def test_the_fingerprint_follows_the_figures_and_not_the_name() -> None:
    kept = shipped.shipped()
    assert kept.renamed("2026.12").fingerprint == kept.fingerprint
    fewer = shipped.read_shipped()
    object.__setattr__(fewer, "factors", fewer.factors[1:])
    assert fewer.fingerprint != kept.fingerprint


def test_every_factor_says_where_it_comes_from() -> None:
    kept = shipped.shipped()
    citations = kept.sources["citations"]
    for factor in kept.factors:
        assert factor.sources["energy"] in citations
        origin = factor.sources.get("size") or factor.sources["price"]
        assert origin in citations
        assert ("usd_per_m_out" in factor.sources) == (factor.match == "price_class")
    mixes = citations[next(iter(kept.grids.values())).source]
    assert mixes["date"] and "Our World in Data" in mixes["title"]
    sources = {place.source for place in kept.facilities.values()}
    assert sources | {grid.source for grid in kept.grids.values()} <= set(citations)
    assert all(citation["title"] for citation in citations.values())


def test_every_factor_is_within_what_the_database_accepts() -> None:
    kept = shipped.shipped()
    assert len({(f.provider, f.model) for f in kept.factors}) == len(kept.factors) > 3000
    for factor in kept.factors:
        assert 0 < factor.energy_j_per_token_out < 100
        made = factor.embodied_gco2e_per_token_out + factor.embodied_gco2e_per_token_in
        assert 0 < made < 0.1
        bands = c.EMBEDDING_BANDS if factor.kind == EMBEDDING else c.BANDS
        assert factor.band == bands[factor.evidence]
        assert (factor.parameters_active_b is None) == (factor.match == "price_class")
        if factor.parameters_active_b and factor.parameters_total_b:
            assert factor.parameters_active_b <= factor.parameters_total_b


def test_measured_factors_are_the_published_measurements() -> None:
    # ML.ENERGY v3, Wh per 1000 tokens * 3.6: 0.85624, 0.22146, 0.032939 and 0.028429.
    expected = {3.08246, 0.797256, 0.11858, 0.102344}
    measured = [f for f in shipped.shipped().factors if f.evidence == "measured"]
    assert {f.energy_j_per_token_out for f in measured} == expected
    assert {f.model.split("/")[-1] for f in measured if f.provider == "bedrock"} >= {
        "meta.llama3-1-8b-instruct-v1:0",
        "openai.gpt-oss-20b-1:0",
    }
    assert not [f.model for f in measured if "safeguard" in f.model or "turbo" in f.model]


def test_facilities_are_those_of_the_sources() -> None:
    facilities = shipped.shipped().facilities
    assert (facilities[""].pue, facilities[""].wue_l_per_kwh) == (1.2, 0.569)
    assert facilities[""].default_zone == "WOR"
    # EcoLogits gives Anthropic 1.09-1.14 and 0.13-0.999: the middles.
    assert (facilities["anthropic"].pue, facilities["anthropic"].wue_l_per_kwh) == (1.115, 0.5645)
    assert facilities["mistral"].default_zone == "SWE"
    assert facilities["azure"].pue == facilities["openai"].pue == 1.2


def test_grids_are_those_of_the_source_in_grams() -> None:
    grids = shipped.shipped().grids
    assert len(grids) == 215
    # EcoLogits 0.11.3: 0.04144 kg and 3.6737 L for France, 0.3844 kg for the United States.
    assert (grids["FRA"].carbon_gco2e_per_kwh, grids["FRA"].water_l_per_kwh) == (41.44, 3.6737)
    assert grids["USA"].carbon_gco2e_per_kwh == 384.4


def test_the_licence_of_what_was_taken_is_named() -> None:
    notice = (SQL.parent / "NOTICE").read_text()
    kept = shipped.shipped()
    assert "Mozilla Public License 2.0" in notice
    assert "10.21105/joss.07471" in notice and "10.21105/joss.07471" in kept.sources["notice"]
    releases = {key for key in kept.sources["citations"] if key.startswith("ecologits-")}
    assert all(release.removeprefix("ecologits-") in notice for release in releases)
    assert "MPL-2.0" in (SQL / seeds.FACTORS_FILE).read_text()[:1000]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("from footprint.impact import estimate; estimate('openai', 'gpt-4o', 9, 9)", "ecologits"),
        ("from footprint.impact import estimate; estimate('openai', 'gpt-4o', 9, 9)", "litellm"),
        ("from footprint.impact import estimate; estimate('openai', 'gpt-4o', 9, 9)", "psycopg"),
        ("from footprint.impact.factors import build_factor_set as b; b()", "litellm"),
        ("from footprint.impact.factors import build_factor_set as b; b()", "openai"),
    ],
)
def test_what_is_not_needed_is_not_imported(code: str, absent: str) -> None:
    program = f"import sys; {code}; print({absent!r} in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
    assert run.stderr == ""


def test_an_estimate_needs_only_the_standard_library_and_comes_at_once() -> None:
    program = (
        "import sys, time; start = time.perf_counter();"
        "from footprint.impact import estimate; imported = time.perf_counter() - start;"
        "estimate('openai', 'gpt-4o', 9, 9);"
        "third = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names);"
        "import json; print(json.dumps([imported, sorted(third)]))"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(SQL.parent / 'lib')!r}); {program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, third = json.loads(run.stdout)
    assert set(third) <= {"footprint", "__main__"}
    assert seconds < 1
