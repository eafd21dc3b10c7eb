"""What the page benchmarks share: databases of many requests, served as in a deployment.

The rows are made set-based in SQL. The rollups are worked out once, after the rows: what that costs
on the way in is measured elsewhere (``benchmarks/import_rate.py``).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg import conninfo

from footprint.database import migrate
from footprint.local.accounts import create_account
from footprint.local.stack import Server, Stack

PASSWORD = "correct horse battery staple"  # noqa: S105 - of a throw-away database
EMAIL = "bench@example.org"
# How many requests the larger database has: ``FOOTPRINT_BENCH_ROWS=10000000 make bench``.
LARGE = int(os.environ.get("FOOTPRINT_BENCH_ROWS", "1000000"))
SMALL = 100_000
# The last day with requests, whatever day it is today.
LAST_DAY = "2026-10-31"

# 200 people (the first makes 6 % of the requests), 5 teams, 12 models of 4 providers, 12 months; one
# request in a thousand has no price or no person, a session in its place.
_ROWS = """
insert into public.request_logs (event_id, started_at, user_profile_id, attribution, session_id, team,
  provider, model, source, status, tokens_input_uncached, tokens_output_text, cost_usd, cost_eur,
  fx_eur_per_usd, energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low,
  carbon_gco2e_high, water_l, water_l_low, water_l_high, factor_set, evidence, latency_s)
select gen_random_uuid(), timestamptz '2025-11-01' + interval '364 days' * ((g + random()) / %(total)s),
  case when g %% 1000 <> 7 then 'u' || p.u end, case when g %% 1000 <> 7 then 'declared' else 'none' end,
  case when g %% 1000 = 7 then 's' || g %% 50000 end, 'team ' || p.u %% 5, 'provider ' || m %% 4,
  'model ' || m, 'proxy', case when g %% 50 = 3 then 'failure' else 'success' end, 1000, 200,
  case when g %% 1000 <> 9 then 0.0045 end, case when g %% 1000 <> 9 then 0.00405 end, 0.9, 0.0004,
  0.0001, 0.0016, 0.15, 0.04, 0.6, 0.0015, 0.0004, 0.006, 'bench', 'closed', 0.5 + random() * 2
from generate_series(%(first)s::bigint, %(last)s::bigint) g,
  lateral (select case when g %% 16 = 0 then 0 else (g::bigint * 7919) %% 200 end as u,
    (g::bigint * 31) %% 12 as m) p
"""
_PEOPLE = (
    "insert into public.user_profiles (user_id, email, role, full_name) select 'u' || n,"
    f" case n when 0 then '{EMAIL}' end, case n when 0 then 'admin' else 'member' end, 'Person ' || n"
    " from generate_series(0, 199) n"
)


@dataclass(frozen=True)
class Filled:
    """A database with so many requests, and the Supabase that serves it."""

    rows: int
    url: str
    server: Server
    headers: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What the app is told about its surroundings."""
        return {
            "SUPABASE_URL": self.server.api_url,
            "SUPABASE_PUBLISHABLE_KEY": self.server.publishable_key,
        }


@contextmanager
def filled(sizes: Sequence[int]) -> Iterator[list[Filled]]:
    """Yield databases with so many requests each, on one PostgreSQL."""
    with ExitStack() as open_, tempfile.TemporaryDirectory(prefix="footprint bench ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        open_.callback(stack.down)
        made = []
        for rows in sizes:
            name = f"bench_{rows}"
            with psycopg.connect(info.database_url, autocommit=True) as connection:
                connection.execute(f"create database {name}")
            url = conninfo.make_conninfo(info.database_url, dbname=name)
            stack.serve(name).stop()
            migrate(url)
            print(f"{rows:>10,} requests loaded in {fill(url, rows):.0f} s", flush=True)
            server = open_.enter_context(stack.serve(name))
            made.append(Filled(rows, url, server, sign_in(server)))
        yield made


def fill(url: str, rows: int) -> float:
    """Insert ``rows`` requests and work the rollups out; return the seconds it took."""
    begin = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PEOPLE)
        connection.execute("set session_replication_role = replica")
        for first in range(0, rows, 250_000):
            last = min(first + 250_000, rows) - 1
            connection.execute(_ROWS, {"total": rows, "first": first, "last": last})
        connection.execute("set session_replication_role = origin")
        connection.execute("set work_mem = '256MB'")
        connection.execute("select private.rebuild_rollups()")
        connection.execute("vacuum analyze")
    return time.perf_counter() - begin


def sign_in(server: Server) -> dict[str, str]:
    """Return the headers of the benchmark's admin, who is also its heaviest user."""
    create_account(server, EMAIL, PASSWORD)
    answer = httpx.post(
        f"{server.api_url}/auth/v1/token?grant_type=password",
        headers={"apikey": server.publishable_key},
        json={"email": EMAIL, "password": PASSWORD},
    ).raise_for_status()
    token = answer.json()["access_token"]
    return {"apikey": server.publishable_key, "authorization": f"Bearer {token}"}
