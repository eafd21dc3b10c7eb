"""How long it takes to restate a million requests with another factor set, and that no sum is off after it.

Goal: under 60 s on two cores. The machine's load is printed beside the figure. Usage: ``make bench``
or ``python -m benchmarks.restate [--rows 1000000] [--skip-check]``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import conninfo

from footprint.database import migrate
from footprint.local.stack import Stack

RATE_GOAL = 1_000_000 / 60

# 200 people (the first makes 6 % of the requests), 5 teams, 8 models, 12 months, a tag on each tenth.
_ROWS = """
insert into public.request_logs (event_id, started_at, user_profile_id, attribution, team, tags, provider, model,
  status, tokens_input_uncached, tokens_output_text, cost_usd, cost_eur, fx_eur_per_usd,
  energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high,
  water_l, water_l_low, water_l_high, factor_id, factor_set, match, evidence, grid_zone, impact_reason, latency_s)
select gen_random_uuid(), timestamptz '2025-11-01' + interval '364 days' * ((g + random()) / %(total)s),
  'u' || p.u, 'declared', 'team ' || p.u %% 5, case when g %% 10 = 0 then array['tag'] end, m.provider, m.model,
  'success', 1000, 200, 0.0045, 0.00405, 0.9,
  i.energy_kwh, i.energy_kwh_low, i.energy_kwh_high, i.carbon_gco2e, i.carbon_gco2e_low, i.carbon_gco2e_high,
  i.water_l, i.water_l_low, i.water_l_high, i.factor_id, i.factor_set, i.match, i.evidence, i.grid_zone, i.impact_reason, 1.5
from generate_series(%(first)s, %(last)s) g
cross join lateral (select case when g %% 16 = 0 then 0 else (g::bigint * 7919) %% 200 end as u, (g::bigint * 31) %% 8 as m) p
join (values (0, 'openai', 'gpt-4o'), (1, 'openai', 'gpt-4o-mini'), (2, 'anthropic', 'claude-sonnet-4-5'),
  (3, 'bedrock', 'anthropic.claude-haiku-4-5-20251001-v1:0'), (4, 'mistral', 'mistral-large-latest'),
  (5, 'gemini', 'gemini-2.5-flash'), (6, 'groq', 'openai/gpt-oss-120b'), (7, 'acme', 'a-model-nobody-knows')
  ) as m (n, provider, model) on m.n = p.m
cross join lateral private.impact_of(m.provider, m.model, 'chat', null, false,
  private.setting('active_factor_set') #>> '{}', 200, 1000, 0) as i
"""
_OTHER_SET = """
insert into public.factor_sets select '2099.01', method_version, now(), sources from public.factor_sets where factor_set = %(old)s;
insert into public.grid_factors select '2099.01', zone, carbon_gco2e_per_kwh, water_l_per_kwh, source
  from public.grid_factors where factor_set = %(old)s;
insert into public.provider_facilities (factor_set, provider, pue, wue_l_per_kwh, default_zone, source)
  select '2099.01', provider, pue, wue_l_per_kwh, default_zone, source from public.provider_facilities where factor_set = %(old)s;
insert into public.impact_factors select '2099.01/' || provider || '/' || model, '2099.01', provider, model, match, evidence,
  energy_j_per_token_out * 1.1, embodied_gco2e_per_token_out, band, weight_input, weight_cached, host_overhead,
  parameters_active_b, parameters_total_b, sources from public.impact_factors where factor_set = %(old)s
"""


def fill(url: str, rows: int) -> None:
    """Insert ``rows`` requests with the impacts of the active set, and a second set."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into public.user_profiles (user_id) select 'u' || n from generate_series(0, 199) n"
        )
        for first in range(0, rows, 50_000):
            last = min(first + 50_000, rows) - 1
            connection.execute(_ROWS, {"total": rows, "first": first, "last": last})
        row = connection.execute("select private.setting('active_factor_set') #>> '{}'").fetchone()
        assert row
        for statement in _OTHER_SET.split(";"):
            connection.execute(statement, {"old": row[0]})
        connection.execute("vacuum analyze")


def restate(url: str) -> tuple[float, int]:
    """Restate everything with the second set; return the seconds and how many rows changed."""
    begin = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        call = "select private.begin_restatement('2099.01', null, null, 'benchmark')"
        row = connection.execute(call).fetchone()
        assert row
        while True:
            step = connection.execute("select private.restate_next(%s)", row).fetchone()
            assert step
            if step[0]["finished"]:
                return time.perf_counter() - begin, int(step[0]["rows_changed"])


def measure(rows: int, *, check: bool = True) -> dict[str, float]:
    """Return seconds, rows and rollup differences."""
    with tempfile.TemporaryDirectory(prefix="footprint bench ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        try:
            with psycopg.connect(info.database_url, autocommit=True) as connection:
                connection.execute("create database bench")
            url = conninfo.make_conninfo(info.database_url, dbname="bench")
            stack.serve("bench").stop()
            migrate(url)
            fill(url, rows)
            load = os.getloadavg()[0]
            seconds, changed = restate(url)
            result = {"rows": rows, "changed": changed, "seconds": seconds, "load_before": load}
            if check:
                with psycopg.connect(url) as connection:
                    found = connection.execute(
                        "select sum(differences) from private.check_rollups()"
                    ).fetchone()
                    assert found
                    result["rollup_differences"] = float(found[0])
            return result
        finally:
            stack.down()


def main() -> int:
    """Run and print; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--skip-check", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.rows, check=not options.skip_check)
    if options.json:
        print(json.dumps(result, indent=1))
    rate = result["changed"] / result["seconds"]
    print(
        f"{result['changed']:,.0f} of {result['rows']:,.0f} requests restated in "
        f"{result['seconds']:.1f} s ({rate:,.0f} a second; goal: {RATE_GOAL:,.0f}), "
        f"load before {result['load_before']:.1f}"
    )
    if "rollup_differences" in result:
        print(f"rollup rows that differ from a recomputation: {result['rollup_differences']:.0f}")
    sound = result.get("rollup_differences", 0) == 0
    return 0 if sound and rate >= RATE_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
