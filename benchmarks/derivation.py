"""Deriving impacts in SQL against calling EcoLogits once a row: microseconds a row, in one run.

Goal: SQL at least 50 times faster. Usage: ``make bench`` or ``python -m benchmarks.derivation``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import conninfo

from footprint.database import migrate
from footprint.local.stack import Stack

TIMES_GOAL = 50

_ROWS = """
create temp table facts as
select m.provider, m.model, (g * 7919) %% 2000 as tokens_in, 1 + (g * 31) %% 800 as tokens_out
from generate_series(1, %(rows)s::bigint) g
join (values (0, 'openai', 'gpt-4o'), (1, 'openai', 'gpt-4o-mini'), (2, 'anthropic', 'claude-sonnet-4-5'),
  (3, 'mistral', 'mistral-large-latest'), (4, 'gemini', 'gemini-2.5-flash')) as m (n, provider, model) on m.n = g %% 5
"""
_DERIVE = """
with contexts as materialized (
  select k.*, x.* from (select distinct provider as p, model as m from facts) k
  cross join lateral private.impact_context(k.p, k.m, 'chat', null, private.setting('active_factor_set') #>> '{}') x)
select sum(i.energy_kwh), sum(i.carbon_gco2e), sum(i.water_l), count(*) from facts f
join contexts c on c.p = f.provider and c.m = f.model
cross join lateral private.derive_impact(c.energy_j_per_token_out, c.embodied_gco2e_per_token_out, c.embodied_gco2e_per_token_in, c.band, c.weight_input,
  c.weight_cached, c.host_overhead, c.pue, c.wue_l_per_kwh, c.carbon_gco2e_per_kwh, c.water_l_per_kwh,
  f.tokens_out, f.tokens_in, 0::bigint) i
"""
_NAMES = {"gemini": "google_genai", "mistral": "mistralai"}


def in_sql(url: str, rows: int) -> float:
    """Return the seconds a row of deriving ``rows`` requests in one statement, best of three."""
    with psycopg.connect(url) as connection:
        connection.execute(_ROWS, {"rows": rows})
        connection.execute("analyze facts")
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            found = connection.execute(_DERIVE).fetchone()
            times.append(time.perf_counter() - begin)
            assert found and found[3] == rows and found[0] > 0
    return min(times) / rows


def in_ecologits(rows: int) -> float:
    """Return the seconds a row of calling EcoLogits for each request, best of three."""
    from ecologits.tracers.utils import llm_impacts

    models = [("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5")]
    models += [("mistral", "mistral-large-latest"), ("gemini", "gemini-2.5-flash")]
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        for n in range(rows):
            provider, model = models[n % 5]
            llm_impacts(_NAMES.get(provider, provider), model, 1 + n * 31 % 800, math.inf)
        times.append(time.perf_counter() - begin)
    return min(times) / rows


def measure(rows: int) -> dict[str, float]:
    """Return microseconds a row of both, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="footprint bench ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        try:
            with psycopg.connect(info.database_url, autocommit=True) as connection:
                connection.execute("create database bench")
            url = conninfo.make_conninfo(info.database_url, dbname="bench")
            stack.serve("bench").stop()
            migrate(url)
            sql = in_sql(url, rows)
        finally:
            stack.down()
    theirs = in_ecologits(2000)
    return {"sql_us": sql * 1e6, "ecologits_us": theirs * 1e6, "times_faster": theirs / sql}


def main() -> int:
    """Run and print; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.rows)
    if options.json:
        print(json.dumps(result, indent=1))
    print(
        f"SQL {result['sql_us']:.2f} µs a row, EcoLogits {result['ecologits_us']:.0f} µs a call: "
        f"{result['times_faster']:.0f} times faster (goal: {TIMES_GOAL})"
    )
    return 0 if result["times_faster"] >= TIMES_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
