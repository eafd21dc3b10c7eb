"""Our page's data against what one would write instead: select the rows, group them in pandas.

Three ways to the same four figures by model over twelve months: our rollups (`organisation_footprint`
through the API, with everything else that page needs), a page that reads the rows straight from
PostgreSQL, and one that reads them through the API a thousand rows at a time, as a page with
supabase-py must (by key, the fastest way; by offset it would be quadratic). They take turns in one run.
The goal: at least 50 times faster than that page at a million requests.

Usage: ``make bench``, or ``python -m benchmarks.naive [--large 1000000]``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import httpx
import pandas as pd
import psycopg

from benchmarks.common import report
from benchmarks.filling import SMALL, Filled, filled

LEAST_RATIO = 50.0
TWELVE_MONTHS = (pd.Timestamp("2025-11-01", tz="UTC"), pd.Timestamp("2026-11-01", tz="UTC"))
COLUMNS = [
    "started_at",
    "provider",
    "model",
    "tokens_used",
    "cost_eur",
    "energy_kwh",
    "carbon_gco2e",
]
FIGURES = ["tokens_used", "cost_eur", "energy_kwh", "carbon_gco2e"]


def ours(of: Filled) -> pd.DataFrame:
    """Ask as the page Organisation does."""
    answer = httpx.post(
        f"{of.server.api_url}/rest/v1/rpc/organisation_footprint",
        headers=of.headers,
        json={"p_from": "2025-11-01", "p_to": "2026-10-31"},
        timeout=60,
    ).raise_for_status()
    return pd.DataFrame(answer.json()["by_model"]).set_index("model")[FIGURES].astype(float)


def by_sql(of: Filled) -> pd.DataFrame:
    """Select the rows from PostgreSQL and group them."""
    with psycopg.connect(of.url) as connection:
        rows = connection.execute(
            f"select {', '.join(COLUMNS)} from public.request_logs"
        ).fetchall()
    return _grouped(pd.DataFrame(rows, columns=COLUMNS))


def by_api(of: Filled) -> pd.DataFrame:
    """Select the rows through the API, which answers a thousand at a time, and group them."""
    rows: list[dict[str, object]] = []
    after = "00000000-0000-0000-0000-000000000000"
    headers = {"apikey": of.server.secret_key}
    with httpx.Client(timeout=60) as client:
        while True:
            answer = client.get(
                f"{of.server.api_url}/rest/v1/request_logs",
                headers=headers,
                params={
                    "select": ",".join(("event_id", *COLUMNS)),
                    "order": "event_id",
                    "event_id": f"gt.{after}",
                    "limit": 1000,
                },
            ).raise_for_status()
            page = answer.json()
            rows += page
            if len(page) < 1000:
                return _grouped(pd.DataFrame(rows, columns=COLUMNS))
            after = page[-1]["event_id"]


def _grouped(rows: pd.DataFrame) -> pd.DataFrame:
    day = pd.to_datetime(rows["started_at"], utc=True)
    chosen = rows[day.between(*TWELVE_MONTHS, inclusive="left")]
    return (
        chosen.assign(**{name: chosen[name].astype(float) for name in FIGURES})
        .groupby("model")[FIGURES]
        .sum()
    )


def timed(way: Callable[[Filled], pd.DataFrame], of: Filled) -> tuple[float, pd.DataFrame]:
    """Return the seconds that a way takes, and what it found."""
    begin = time.perf_counter()
    found = way(of)
    return time.perf_counter() - begin, found


def main() -> int:
    """Run and print a table; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with filled((options.small, options.large)) as databases:
        for of in databases:
            ways = {"ours": ours, "rows by SQL": by_sql, "rows by API": by_api}
            times: dict[str, list[float]] = {name: [] for name in ways}
            ours(of)
            for _ in range(options.rounds):
                found = {}
                for name, way in ways.items():
                    took, found[name] = timed(way, of)
                    times[name].append(took)
                for name in ways:
                    pd.testing.assert_frame_equal(
                        found[name].sort_index(), found["ours"].sort_index(), rtol=1e-9
                    )
            for name, taken in times.items():
                figures[f"{name} at {of.rows}"] = statistics.median(taken)
                ratio = statistics.median(taken) / statistics.median(times["ours"])
                print(f"{of.rows:>10,}  {name:12} {statistics.median(taken):9.3f} s   ×{ratio:.0f}")
    ratio = figures[f"rows by API at {options.large}"] / figures[f"ours at {options.large}"]
    print(report("naive", seconds=figures, ratio=ratio))
    if options.large >= 1_000_000 and ratio < LEAST_RATIO:
        print(f"Missed: ×{ratio:.0f}, not ×{LEAST_RATIO:.0f}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
