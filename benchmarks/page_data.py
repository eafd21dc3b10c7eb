"""Time of each page's data at 100 thousand and at 1 million requests: the ratio should be near 1.

Both databases stand on the same PostgreSQL, are asked through Supabase Lite as the pages ask, and
take turns, so that what else the machine does touches both alike. Usage: ``make bench`` or
``python -m benchmarks.page_data [--large 10000000]``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import psycopg
from psycopg import conninfo

from footprint.database import migrate
from footprint.local.accounts import create_account
from footprint.local.stack import Server, Stack

PASSWORD = "correct horse battery staple"  # noqa: S105 - of a throw-away database
QUESTIONS = {
    "my_footprint (12 months)": ("my_footprint", {"p_from": "2025-11-01", "p_to": "2026-10-31"}),
    "my_footprint (30 days)": ("my_footprint", {"p_from": "2026-10-02", "p_to": "2026-10-31"}),
    "organisation_footprint (12 months)": (
        "organisation_footprint",
        {"p_from": "2025-11-01", "p_to": "2026-10-31"},
    ),
    "organisation_footprint (30 days)": (
        "organisation_footprint",
        {"p_from": "2026-10-02", "p_to": "2026-10-31"},
    ),
    "finance_month": ("finance_month", {"p_month": "2026-10-01"}),
}

# 200 people (the first makes 6 % of the requests), 5 teams, 12 models of 4 providers, 12 months.
_ROWS = """
insert into public.request_logs (event_id, started_at, user_profile_id, attribution, team, provider, model,
  status, tokens_input_uncached, tokens_output_text, cost_usd, cost_eur, fx_eur_per_usd,
  energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high,
  water_l, water_l_low, water_l_high, factor_set, evidence, latency_s)
select gen_random_uuid(), timestamptz '2025-11-01' + interval '364 days' * ((g + random()) / %(total)s),
  'u' || p.u, 'declared', 'team ' || p.u %% 5, 'provider ' || m %% 4, 'model ' || m, 'success',
  1000, 200, 0.0045, 0.00405, 0.9, 0.0004, 0.0001, 0.0016, 0.15, 0.04, 0.6, 0.0015, 0.0004, 0.006,
  'bench', 'closed', 1.5
from generate_series(%(first)s, %(last)s) g,
  lateral (select case when g %% 16 = 0 then 0 else (g::bigint * 7919) %% 200 end as u, (g::bigint * 31) %% 12 as m) p
"""


def fill(url: str, rows: int) -> float:
    """Insert ``rows`` requests; return the seconds it took."""
    begin = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into public.user_profiles (user_id, email, role) select 'u' || n, "
            "case n when 0 then 'bench@example.org' end, case n when 0 then 'admin' else 'member' end "
            "from generate_series(0, 199) n"
        )
        for first in range(0, rows, 50_000):
            last = min(first + 50_000, rows) - 1
            connection.execute(_ROWS, {"total": rows, "first": first, "last": last})
        connection.execute("vacuum analyze")
    return time.perf_counter() - begin


def sign_in(server: Server) -> dict[str, str]:
    """Return the headers of the benchmark's admin, who is also its heaviest user."""
    create_account(server, "bench@example.org", PASSWORD)
    answer = httpx.post(
        f"{server.api_url}/auth/v1/token?grant_type=password",
        headers={"apikey": server.publishable_key},
        json={"email": "bench@example.org", "password": PASSWORD},
    ).raise_for_status()
    token = answer.json()["access_token"]
    return {"apikey": server.publishable_key, "authorization": f"Bearer {token}"}


def ask(client: httpx.Client, server: Server, headers: dict[str, str], question: str) -> float:
    """Return the milliseconds of one answer."""
    name, body = QUESTIONS[question]
    begin = time.perf_counter()
    client.post(
        f"{server.api_url}/rest/v1/rpc/{name}", headers=headers, json=body
    ).raise_for_status()
    return (time.perf_counter() - begin) * 1000


def measure(small: int, large: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median milliseconds of each question at both sizes, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="footprint bench ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        try:
            servers: list[Server] = []
            for rows in (small, large):
                name = f"bench_{rows}"
                with psycopg.connect(info.database_url, autocommit=True) as connection:
                    connection.execute(f"create database {name}")
                url = conninfo.make_conninfo(info.database_url, dbname=name)
                stack.serve(name).stop()
                migrate(url)
                print(f"{rows:>10,} requests loaded in {fill(url, rows):.0f} s", flush=True)
                servers.append(stack.serve(name))
            return _take_turns(servers, rounds)
        finally:
            stack.down()


def _take_turns(servers: list[Server], rounds: int) -> dict[str, dict[str, float]]:
    results = {}
    with httpx.Client(timeout=60) as client:
        headers = [sign_in(server) for server in servers]
        for question in QUESTIONS:
            times: list[list[float]] = [[], []]
            for turn in range(rounds + 3):
                for n, server in enumerate(servers):
                    took = ask(client, server, headers[n], question)
                    if turn >= 3:
                        times[n].append(took)
            small, large = (statistics.median(t) for t in times)
            results[question] = {"small_ms": small, "large_ms": large, "ratio": large / small}
    for server in servers:
        server.stop()
    return results


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure(options.small, options.large, options.rounds)
    if options.json:
        print(json.dumps(results, indent=1))
    for question, r in results.items():
        print(f"{question:38} {r['small_ms']:7.1f} ms {r['large_ms']:7.1f} ms   ×{r['ratio']:.2f}")


if __name__ == "__main__":
    main()
