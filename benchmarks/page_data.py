"""Time of each page's data, and of a page's whole run, at 100 thousand requests and at many more.

Both databases stand on the same PostgreSQL, are asked through Supabase Lite as the pages ask, and
take turns, so that what else the machine does touches both alike. The goal: data within 1.3 times,
a whole run on the server under 300 ms, median.

Usage: ``make bench``, or ``FOOTPRINT_BENCH_ROWS=10000000 python -m benchmarks.page_data``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import httpx

from benchmarks.common import report
from benchmarks.filling import LARGE, LAST_DAY, SMALL, Filled, filled
from benchmarks.visitors import Visitor, running, sign_in

MOST_RATIO, MOST_RUN_MS = 1.3, 300.0
YEAR: dict[str, Any] = {"p_from": "2025-11-01", "p_to": LAST_DAY}
MONTH: dict[str, Any] = {"p_from": "2026-10-02", "p_to": LAST_DAY}
# Home, and the pages that read the most; each click asks for other days.
PAGES = ("", "activity", "organisation", "finance", "data_quality")
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "my_footprint (12 months)": ("my_footprint", YEAR),
    "my_footprint (30 days)": ("my_footprint", MONTH),
    "my_requests (a page)": ("my_requests", MONTH),
    "my_request_days (12 months)": ("my_request_days", YEAR),
    "organisation_footprint (12 months)": ("organisation_footprint", YEAR),
    "organisation_footprint (30 days)": ("organisation_footprint", MONTH),
    "latency_spread (30 days)": ("latency_spread", MONTH),
    "people_movers (30 days)": ("people_movers", MONTH),
    "usage_choices": ("usage_choices", {"p_organisation": True}),
    "attention": ("attention", {}),
    "finance_month": ("finance_month", {"p_month": "2026-10-01"}),
    "unpriced_models": ("unpriced_models", {}),
    "unattributed_requests": ("unattributed_requests", {}),
}


def ask(client: httpx.Client, question: str, of: Filled) -> float:
    """Return the milliseconds of one answer."""
    name, body = QUESTIONS[question]
    begin = time.perf_counter()
    url = f"{of.server.api_url}/rest/v1/rpc/{name}"
    client.post(url, headers=of.headers, json=body).raise_for_status()
    return (time.perf_counter() - begin) * 1000


def take_turns(
    databases: Sequence[Filled], act: Callable[[Filled], float], rounds: int
) -> list[float]:
    """Return the median milliseconds of an act on each database, by turns, after three to warm up."""
    times: list[list[float]] = [[] for _ in databases]
    for turn in range(rounds + 3):
        for n, database in enumerate(databases):
            took = act(database)
            if turn >= 3:
                times[n].append(took)
    return [statistics.median(taken) for taken in times]


def measure_questions(databases: Sequence[Filled], rounds: int) -> dict[str, list[float]]:
    """Return the median milliseconds of each question on each database."""
    with httpx.Client(timeout=60) as client:
        figures = {}
        for question in QUESTIONS:
            figures[question] = taken = take_turns(
                databases, partial(ask, client, question), rounds
            )
            small, large = taken
            line = f"{question:38} {small:7.1f} ms {large:7.1f} ms   ×{large / small:.2f}"
            print(line, flush=True)
    return figures


def measure_pages(databases: Sequence[Filled], rounds: int) -> dict[str, list[float]]:
    """Return the median milliseconds of a whole run of each page on each database."""
    with ExitStack() as open_:
        apps = {of.rows: open_.enter_context(running(of.environment)) for of in databases}
        cookies = {of.rows: sign_in(apps[of.rows], of.environment) for of in databases}
        figures = {}
        for page in PAGES:
            sitting = {of: Visitor(apps[of], cookies[of], page) for of in apps}
            title = f"page {page or 'home'}, whole run"
            figures[title] = taken = take_turns(databases, partial(_click, sitting), rounds)
            print(f"{title:38} {taken[0]:7.1f} ms {taken[1]:7.1f} ms", flush=True)
            for visitor in sitting.values():
                visitor.leave()
    return figures


def _click(sitting: Mapping[int, Visitor], of: Filled) -> float:
    return sitting[of.rows].click() * 1000


def main() -> int:
    """Run and print a table; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--large", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with filled((options.small, options.large)) as databases:
        data = measure_questions(databases, options.rounds)
        pages = measure_pages(databases, options.rounds)
    print(report("page_data", rows=options.large, data_ms=data, pages_ms=pages))
    slow = [name for name, (small, large) in data.items() if large > small * MOST_RATIO]
    slow += [name for name, (_, large) in pages.items() if large > MOST_RUN_MS]
    if slow:
        print(f"Missed: {'; '.join(slow)}.", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
