"""Memory and speed of a month's export at 10 thousand and at 1 million lines.

Each file is written in a process of its own, from the database through Supabase Lite as the app
does it, page by page. The peak memory must not grow with the number of lines.
Usage: ``make bench`` or ``python -m benchmarks.exports [--large 100000]``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import httpx
import psycopg

from benchmarks.common import databases, report
from footprint.local.accounts import create_account
from footprint.local.stack import Server

PASSWORD = "correct horse battery staple"  # noqa: S105 - of a throw-away database
# How much more memory the large file may take than the small one.
GOAL = 1.3

# A month of requests of 200 people and 12 models.
_ROWS = """
insert into public.request_logs (event_id, started_at, created_at, user_profile_id, attribution, team, provider, model,
  status, tokens_input_uncached, tokens_output_text, cost_usd, cost_eur, fx_eur_per_usd,
  energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high,
  water_l, water_l_low, water_l_high, factor_set, evidence, latency_s)
select gen_random_uuid(), timestamptz '2026-10-01' + interval '31 days' * (g / %(total)s::float8), '2026-11-01',
  'u' || g %% 200, 'declared', 'team ' || g %% 5, 'provider ' || g %% 4, 'model ' || g %% 12, 'success',
  1000, 200, 0.0045, 0.00405, 0.9, 0.0004, 0.0001, 0.0016, 0.15, 0.04, 0.6, 0.0015, 0.0004, 0.006,
  'bench', 'closed', 1.5
from generate_series(%(first)s::integer, %(last)s::integer) g
"""


class Token:
    """A session that is only a token."""

    def __init__(self, token: str) -> None:
        self.access_token = token

    def renewed(self, _: str | None) -> str:
        """Return the same one."""
        return self.access_token


def write(token: str) -> dict[str, float]:
    """Write the file to nowhere; return its rows, bytes, seconds and this process's peak memory."""
    import resource
    from datetime import date

    from footprint.data.exports import begin_export, check_export, export_pages
    from footprint.finance.dialects import PLAIN
    from footprint.finance.files import write_file

    session = Token(token)
    begin = time.perf_counter()
    export = begin_export(session, "requests", date(2026, 10, 1))
    parts = write_file(
        export, export_pages(session, export), PLAIN, lambda: check_export(session, export)
    )
    size = sum(len(part) for part in parts)
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": export.rows, "mb": size / 1e6, "seconds": took, "peak_mb": peak}


def fill(url: str, rows: int) -> None:
    """Insert ``rows`` requests of October 2026."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into public.user_profiles (user_id, email, role) select 'u' || n, "
            "case n when 0 then 'bench@example.org' end, case n when 0 then 'finance' else 'member' end "
            "from generate_series(0, 199) n"
        )
        for first in range(0, rows, 50_000):
            last = min(first + 50_000, rows) - 1
            connection.execute(_ROWS, {"total": rows, "first": first, "last": last})
        connection.execute("vacuum analyze")


def sign_in(server: Server) -> str:
    """Return the token of the benchmark's finance person."""
    create_account(server, "bench@example.org", PASSWORD)
    answer = httpx.post(
        f"{server.api_url}/auth/v1/token?grant_type=password",
        headers={"apikey": server.publishable_key},
        json={"email": "bench@example.org", "password": PASSWORD},
    ).raise_for_status()
    return str(answer.json()["access_token"])


def in_a_process(server: Server) -> dict[str, Any]:
    """Return what a process of its own says of writing the file."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.exports", "--write"],
        input=sign_in(server),
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "SUPABASE_URL": server.api_url,
            "SUPABASE_PUBLISHABLE_KEY": server.publishable_key,
        },
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> int:
    """Run, print a table, and fail where the memory grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        print(json.dumps(write(sys.stdin.read())))
        return 0
    results = []
    with databases() as home:
        for rows in (options.small, options.large):
            with home.fresh() as (name, url):
                fill(url, rows)
                with home.stack.serve(name) as server:
                    results.append(in_a_process(server))
    for done in results:
        rate = done["rows"] / done["seconds"]
        print(
            f"{done['rows']:>10,} lines  {done['mb']:>8.1f} MB  {done['seconds']:>7.1f} s"
            f"  {rate:>8,.0f} lines/s  {done['peak_mb']:>6.0f} MB peak"
        )
    ratio = results[1]["peak_mb"] / results[0]["peak_mb"]
    print(f"memory ×{ratio:.2f} (goal: at most ×{GOAL})")
    print(report("exports", results=results, memory_ratio=ratio))
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
