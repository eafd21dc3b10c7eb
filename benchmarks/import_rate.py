"""How many requests a second come in: by import, by RPC, and by direct COPY for comparison.

    python benchmarks/import_rate.py [--rows 20000] [--rounds 3] [--json import_rate.json]

Every way ends in the same tables with the same triggers and exactly the same rows: COPY is given
what the RPC stored, derived columns included, so it shows what the tables themselves cost. The
ways take turns, each time on a fresh database. Ratios are against COPY in one statement.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from benchmarks.common import Databases, databases, rates_table, report
from footprint.demo.organisation import requests_before
from footprint.demo.trace import NAME
from footprint.event import UsageEvent
from footprint.ingest.database import database_sender
from footprint.ingest.delivery import pack
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.pricing import price_map
from footprint.ingest.sender import ApiSender

KEY = "fpk_bench"
COPY_ONE = "COPY, one statement"
COPY_BATCHES = "COPY, statements of 500 rows"
_COLUMNS = (
    "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute"
    " where attrelid = 'public.request_logs'::regclass and attnum > 0 and not attisdropped"
    " and attgenerated = ''"
)


@dataclass(frozen=True)
class Stored:
    """What the ingest function made of the requests, as COPY takes it."""

    columns: str
    rows: list[bytes]


def copied(url: str, people: list[tuple[str]], stored: Stored, size: int) -> float:
    """COPY the rows, so many a statement; return the seconds."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany("insert into public.user_profiles (user_id) values (%s)", people)
        begun = time.perf_counter()
        for first in range(0, len(stored.rows), size):
            statement = f"copy public.request_logs ({stored.columns}) from stdin"
            with cursor.copy(statement.encode()) as copy:
                copy.write(b"".join(stored.rows[first : first + size]))
        return time.perf_counter() - begun


def by_sql(url: str, events: list[UsageEvent]) -> float:
    """Store through the SQL function over a direct line, 1,000 a call; return the seconds."""
    batches = list(pack(events, rows=1000, max_bytes=2**23))
    with database_sender(url) as sender:
        begun = time.perf_counter()
        for batch in batches:
            sender.store(batch)
        return time.perf_counter() - begun


def by_rpc(place: Databases, name: str, url: str, events: list[UsageEvent], rows: int) -> float:
    """Deliver over HTTP to Supabase Lite, so many a request; return the seconds."""
    make_key(url)
    batches = list(pack(events, rows=rows))
    with place.stack.serve(name) as server:
        sender = ApiSender(server.api_url, server.publishable_key, KEY)
        begun = time.perf_counter()
        for batch in batches:
            sender.store(batch)
        seconds = time.perf_counter() - begun
        sender.close()
        return seconds


def imported(place: Databases, name: str, url: str, trace: Path, *, api: bool) -> float:
    """Import the trace as `footprint import` does; return the seconds."""
    instructions = Instructions(constants={"model": "gpt-4o", "provider": "openai", "user_id": "u"})
    job = ImportJob(trace, instructions, place.folder / "rejects.csv", place.folder / name)
    prices = price_map()
    if not api:
        with database_sender(url) as sender:
            begun = time.perf_counter()
            import_file(job, prices, sender)
            return time.perf_counter() - begun
    make_key(url)
    with (
        place.stack.serve(name) as server,
        ApiSender(server.api_url, server.publishable_key, KEY) as by_api,
    ):
        begun = time.perf_counter()
        import_file(job, prices, by_api)
        return time.perf_counter() - begun


def make_key(url: str) -> None:
    """Make an ingest key that the benchmark knows."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select private.create_ingest_key(%s, 'bench', null, null, null)",
            [hashlib.sha256(KEY.encode()).digest()],
        )


def stored_rows(place: Databases, events: list[UsageEvent]) -> Stored:
    """Store the requests once, and take the finished rows out again."""
    with place.fresh() as (_, url):
        by_sql(url, events)
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            row = cursor.execute(_COLUMNS).fetchone()
            assert row is not None
            query = f"copy (select {row[0]} from public.request_logs order by event_id) to stdout"
            with cursor.copy(query.encode()) as copy:
                text = b"".join(bytes(block) for block in copy)
    return Stored(row[0], text.splitlines(keepends=True))


def trace_file(folder: Path, rows: int) -> Path:
    """Write the first so many requests of the real trace, repeated a day apart where need be."""
    packed = Path(__file__).parents[1] / "lib/footprint/demo/data" / NAME
    header, *lines = list(csv.reader(gzip.decompress(packed.read_bytes()).decode().splitlines()))
    path = folder / "trace.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(rows):
            day, line = divmod(number, len(lines))
            stamp, context, generated = lines[line]
            writer.writerow((stamp.replace("-16 ", f"-{16 + day:02} "), context, generated))
    return path


def measure(rows: int, rounds: int) -> dict[str, list[float]]:
    """Return the rows a second of every way and round."""
    events = list(itertools.islice(requests_before(date(2026, 11, 1), price_map()), rows))
    people = [(user,) for user in sorted({e.user_id for e in events if e.user_id})]
    with databases() as place:
        stored, trace = stored_rows(place, events), trace_file(place.folder, rows)
        ways: dict[str, Callable[[str, str], float]] = {
            COPY_ONE: lambda name, url: copied(url, people, stored, rows),
            COPY_BATCHES: lambda name, url: copied(url, people, stored, 500),
            "store_events over SQL, 1,000 a call": lambda name, url: by_sql(url, events),
            "RPC over HTTP, 500 a request": lambda name, url: by_rpc(place, name, url, events, 500),
            "RPC over HTTP, 1 a request (a tenth of the rows)": lambda name, url: (
                10 * by_rpc(place, name, url, events[: rows // 10], 1)
            ),
            "footprint import --via database": lambda name, url: imported(
                place, name, url, trace, api=False
            ),
            "footprint import (API)": lambda name, url: imported(place, name, url, trace, api=True),
        }
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds):
            for way, run in ways.items():
                with place.fresh() as (name, url):
                    rates[way].append(rows / run(name, url))
                print(f"round {number + 1}: {way}: {rates[way][-1]:,.0f}/s", file=sys.stderr)
        return rates


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the JSON to this file")
    options = parser.parse_args()
    rates = measure(options.rows, options.rounds)
    print(rates_table(rates, COPY_ONE))
    line = report("import_rate", rows=options.rows, rows_per_second=rates)
    print(line)
    if options.json:
        options.json.write_text(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
